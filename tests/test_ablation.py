"""Each piece of genzoo.accel can be left out, and what is written of its gain is what was measured."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from torch import Tensor

import ablation
import limits
from ablation import PIECES, Piece
from genzoo.accel import fastconv
from genzoo.accel.processes import Processes
from genzoo.train.trainer import Trainer
from genzoo.zoo.catalog import ENTRIES

from .conftest import noise_images, plan

ROOT = Path(__file__).parents[1]
CPU, GPU = torch.device("cpu"), torch.device("cuda")


def losses(name: str, out: Path) -> dict[str, float]:
    """Those of a first step, in bfloat16."""
    data = noise_images(ENTRIES[name].dataset, 300)
    run = Trainer(plan(name, out, precision="bf16"), data, Processes(CPU))
    return {key: float(value) for key, value in run.step().items()}


@pytest.mark.numeric
@pytest.mark.parametrize("piece", PIECES, ids=[piece.name for piece in PIECES])
def test_a_step_without_a_piece_is_the_same_but_for_rounding(
    piece: Piece, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = losses("dcgan-mnist-z10-l3", tmp_path)
    monkeypatch.setattr(ablation, "_replace", monkeypatch.setattr)
    piece.switch_off()
    assert losses("dcgan-mnist-z10-l3", tmp_path) == pytest.approx(whole, rel=0.05)


def test_what_is_switched_off_is_not_called(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    called: list[str] = []

    def counted(name: str) -> None:
        own = getattr(fastconv, name)

        def operation(x: Tensor, w: Tensor, at: fastconv.Geometry) -> Tensor:
            called.append(name)
            return own(x, w, at)

        monkeypatch.setattr(fastconv, name, operation)

    counted("convolve")
    counted("transpose")
    losses("dcgan-mnist-z10-l3", tmp_path)
    assert set(called) == {"convolve", "transpose"}
    called.clear()
    monkeypatch.setattr(ablation, "_replace", monkeypatch.setattr)
    next(piece for piece in PIECES if piece.name == "fast convolutions").switch_off()
    losses("dcgan-mnist-z10-l3", tmp_path)
    assert not called


def test_pieces_are_measured_where_they_are_at_work() -> None:
    def at_work(name: str, device: torch.device) -> set[str]:
        return {piece.name for piece in PIECES if not piece.bfloat16 and piece.here(ENTRIES[name], device)}

    everywhere = {"fused optimizers"}
    settings = {"freed memory is kept", "smallest numbers are flushed"}
    assert at_work("mlpvae-mnist-z2-l1", CPU) == everywhere | settings
    assert at_work("dcgan-mnist-z10-l3", CPU) == everywhere | settings | {"channels-last", "fast convolutions"}
    assert at_work("dcgan-mnist-z10-l3", GPU) == everywhere | {"channels-last", "side streams", "CUDA graphs"}
    assert at_work("lstmgan-mnist-z100-l2", GPU) == everywhere | {"side streams"}
    assert not everywhere & at_work("wgan-mnist-z10-l3", CPU)
    assert all("fast convolutions" in at_work("wgangp-cifar10-z100-l4", device) for device in (CPU, GPU))


def test_the_gains_in_the_docs_are_those_measured() -> None:
    page = (ROOT / "docs" / "experiments.md").read_text()
    results = ROOT / "benchmarks" / "results"
    for benchmark in (ablation, limits):
        reports = list(results.glob(f"{benchmark.__name__}-*.json"))
        assert reports
        for path in reports:
            assert benchmark.table(json.loads(path.read_text())) in page
