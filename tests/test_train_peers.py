"""The benchmark of whole commands: what is run, in which order, and what is made of the times."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

import train_peers
from genzoo.zoo.catalog import find_entry


def test_commands_alternate_and_ratios_are_of_pairs(monkeypatch: pytest.MonkeyPatch) -> None:
    ran: list[list[str]] = []

    def timed(command: list[str]) -> dict[str, float]:
        ran.append(command)
        return {"seconds": [30.0, 10.0, 28.0, 20.0][len(ran) - 1], "processor_seconds": 5.0}

    monkeypatch.setattr(train_peers, "seconds_of", timed)
    found = train_peers.compare(find_entry("vae-mnist-z20-l3"), Path("data"), 2, None, "another-python")
    assert [command[0] for command in ran] == ["another-python", sys.executable] * 2
    assert ran[0][ran[0].index("--peer-images") + 1] == str(found["images"]) == "60000"
    assert ran[1][1:6] == ["-m", "genzoo", "train", "vae-mnist-z20-l3", "--data-dir"]
    assert ran[1][-4:-1] == ["--epochs", "1", "--out"]
    assert len({command[-1] for command in ran}) == 4
    assert (found["ratios"], found["ratio"]) == ([3.0, 1.4], 2.2)
    assert (found["peer_seconds"], found["genzoo_seconds"], found["processor_ratio"]) == (29.0, 15.0, 1.0)
    report = {"machine": "two cores", "torch": "2.14.0+cpu", "pythae": "0.1.2", "results": [found]}
    assert train_peers.table(report).splitlines()[2] == (
        "| `vae-mnist-z20-l3` | 60,000 | pythae 0.1.2 | 29 | 15 | 2.20 |"
    )
    ran.clear()
    train_peers.compare(find_entry("dcgan-mnist-z100-l3"), Path("data"), 1, 50, "another-python")
    assert [command[0] for command in ran] == [sys.executable] * 2
    assert ran[0][ran[0].index("--peer-images") + 1] == str(50 * find_entry("dcgan-mnist-z100-l3").recipe.batch_size)


def test_a_command_is_timed() -> None:
    found = train_peers.seconds_of([sys.executable, "-c", "sum(range(10**6))"])
    assert set(found) == {"seconds", "processor_seconds"}
    assert found["processor_seconds"] > 0
