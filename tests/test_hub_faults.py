"""What goes wrong on the way to a file: mended where it can be, or told in a sentence."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from genzoo.checkpoint.manifest import weights_home

from .hub_process import environment, fetch
from .hub_server import HubServer

CONFIG = (weights_home() / "vae-mnist-z20-l3" / "config.json").read_bytes()


def weights_of(name: str) -> bytes:
    """What is fetched, and not opened here, tells the repositories apart on the second origin."""
    return name.encode() * 20_000


def files_of(name: str) -> dict[str, bytes]:
    return {"config.json": CONFIG, "model.safetensors": weights_of(name)}


def blob(name: str) -> str:
    return f"/lfs/{hashlib.sha256(weights_of(name)).hexdigest()}"


def config(name: str) -> str:
    return f"{name}/resolve/main/config.json"


PASSING: dict[str, Callable[[HubServer, str], object]] = {
    "reset-before": lambda hub, name: hub.fault(config(name), times=2, reset=True),
    "reset-in-the-middle": lambda hub, name: hub.fault(blob(name), times=2, after=1000, reset=True),
    "unavailable-before": lambda hub, name: hub.fault(config(name), times=2, status=503),
    "unavailable-cdn": lambda hub, name: hub.fault(blob(name), times=2, status=503),
    "unavailable-in-the-middle": lambda hub, name: (
        hub.fault(blob(name), times=2, status=503),
        hub.fault(blob(name), times=1, after=1000),
    ),
    "truncated": lambda hub, name: hub.fault(blob(name), times=2, after=1000),
    "truncated-without-ranges": lambda hub, name: (
        hub.fault(blob(name), times=1, ignore_range=True),
        hub.fault(blob(name), times=1, after=1000),
    ),
    "busy": lambda hub, name: hub.fault(config(name), times=1, status=429, headers={"Retry-After": "1"}),
    "flipped": lambda hub, name: hub.fault(blob(name), times=1, flip=500),
}
LASTING: dict[str, tuple[Callable[[HubServer, str], object], str]] = {
    "reset": (lambda hub, name: hub.fault(config(name), reset=True), r"connection reset|connection broke"),
    "cut-off": (lambda hub, name: hub.fault(blob(name), after=1000), r"could not be fetched from 127\.0\.0\.1:\d+ \("),
    "unavailable": (lambda hub, name: hub.fault(config(name), status=503), r"answered 503: try again later; a folder"),
    "no-cdn": (lambda hub, name: hub.fault(blob(name), status=503), r"answered 503: try again later\.$"),
    "too-busy": (
        lambda hub, name: hub.fault(config(name), status=429, headers={"Retry-After": "3600"}),
        r"too many requests: try again in 3600 seconds; a folder user/too-busy is not here either\.$",
    ),
    "forbidden": (lambda hub, name: hub.fault(config(name), status=403), r"forbids access to user/forbidden \(403\)"),
    "bad-copy": (
        lambda hub, name: hub.fault(blob(name), flip=500),
        rf"its SHA-256 is [0-9a-f]{{64}}, the Hub's is {hashlib.sha256(weights_of('user/bad-copy')).hexdigest()}",
    ),
    "gated": (lambda hub, name: hub.repo(name, files_of(name), gated=True), r"is gated: ask for access.*HF_TOKEN"),
    "private": (lambda hub, name: hub.repo(name, files_of(name), private=True), r"no repository .*HF_TOKEN"),
    "nothing": (lambda hub, name: hub.repos.pop(name), r"no repository user/nothing on .*; a folder user/nothing is"),
    "no-revision": (lambda *_: None, r"user/no-revision on .* has no revision 'v9': name a branch, a tag"),
    "no-config": (lambda hub, name: hub.repo(name, {"README.md": b"x"}), r"config\.json of .* is not there"),
    "no-weights": (lambda hub, name: hub.repo(name, {"config.json": CONFIG}), r"model\.safetensors of .* is not there"),
    "pickle": (
        lambda hub, name: hub.repo(name, {"config.json": b'{"model_type": "bert"}', "pytorch_model.bin": b"x"}),
        r"pytorch_model\.bin.*a pickle can run any program",
    ),
    "pickled-weights": (
        lambda hub, name: hub.repo(name, {"config.json": CONFIG, "model.pt": b"x"}),
        r"model\.pt.*a pickle can run any program",
    ),
    "not-genzoos": (lambda hub, name: hub.repo(name, {**files_of(name), "config.json": b"{}"}), r"json is refused"),
    "too-large": (
        lambda hub, name: hub.fault(
            f"{name}/resolve/.*/model", method="HEAD", status=200,
            headers={"X-Repo-Commit": "0" * 40, "ETag": '"x"', "X-Linked-Size": "99999999999"},
        ),
        r"it has 99,999,999,999 bytes, genzoo's limit is 300,000,000",
    ),
    "large-config": (
        lambda hub, name: hub.fault(
            config(name), method="HEAD", status=200,
            headers={"X-Repo-Commit": "0" * 40, "ETag": '"x"', "X-Linked-Size": "1000001"},
        ),
        r"config\.json of .* it has 1,000,001 bytes, genzoo's limit is 1,000,000",
    ),
    "not-a-hub": (lambda hub, name: hub.fault(config(name), status=200), r"does not answer as the Hub does"),
}  # fmt: skip
SOURCES = {"no-revision": "user/no-revision@v9"}
"""What is loaded, where it is not the repository's main branch."""


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Any], HubServer]:
    """What one process gets that loads a repository for each fault."""
    faults = {**PASSING, **{name: fault for name, (fault, _) in LASTING.items()}}
    home = tmp_path_factory.mktemp("hub")
    with HubServer() as hub:
        for case, fault in faults.items():
            hub.repo(f"user/{case}", files_of(f"user/{case}"))
            fault(hub, f"user/{case}")
        found = fetch(*(SOURCES.get(case, f"user/{case}") for case in faults), env=environment(hub, home))
    return dict(zip(faults, found, strict=True)), hub


@pytest.mark.parametrize("case", PASSING)
def test_what_passes_is_waited_for(outcomes: tuple[dict[str, Any], HubServer], case: str) -> None:
    found = outcomes[0][case]
    assert "error" not in found, found["text"]
    assert Path(found["paths"][0]).read_bytes() == weights_of(f"user/{case}")


@pytest.mark.parametrize("case", LASTING)
def test_what_lasts_is_told_in_a_sentence(outcomes: tuple[dict[str, Any], HubServer], case: str) -> None:
    found, hub = outcomes[0][case], outcomes[1]
    assert "error" in found, found
    assert re.search(LASTING[case][1], found["text"]), found["text"]
    assert "\n" not in found["text"]
    assert case in found["text"] or case == "not-a-hub"
    # Nothing of the client's shows in a traceback, and nobody is asked without end.
    assert "During handling" not in found["trace"]
    assert "direct cause" not in found["trace"]
    assert len(hub.requests(f"user/{case}/resolve/main/config.json")) < 40


def test_a_lasting_refusal_is_asked_for_once(outcomes: tuple[dict[str, Any], HubServer]) -> None:
    for case in ("gated", "private", "nothing", "forbidden", "no-config"):
        assert len(outcomes[1].requests(f"user/{case}/resolve/main/config.json")) == 1, case
