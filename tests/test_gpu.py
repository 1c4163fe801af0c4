"""Training on an NVIDIA GPU: `pytest -m gpu` where there is one."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from genzoo.accel.casts import Run
from genzoo.accel.graph import WARM_UP, CudaGraph
from genzoo.accel.processes import Processes
from genzoo.accel.streams import Aside
from genzoo.nets import build
from genzoo.train import phases
from genzoo.train.losses import gradient_penalty
from genzoo.train.state import STATE
from genzoo.train.trainer import Trainer
from genzoo.zoo.catalog import ENTRIES

from .conftest import noise_images, plan

pytestmark = pytest.mark.gpu
CUDA = torch.device("cuda")
NAMES = (
    "mlpgan-mnist-z100-l3",  # dropout
    "mlpvae-mnist-z2-l1-bn",
    "convgan-mnist-z100-l2-pool",  # rates that fall, gradients clipped by their norm
    "dcgan-mnist-z10-l3",
    "dcgan-cifar10-z100-l4-r1",
    "wgan-cifar10-z100-l5",  # RMSprop, clipped weights
    "wgangp-mnist-z100-l4",
    "vae-mnist-z20-l3-binary",
)


def trainer(name: str, out: Path) -> Trainer:
    return Trainer(plan(name, out, steps=12, device=CUDA), noise_images(ENTRIES[name].dataset, 600), Processes(CUDA))


def losses_of_a_step(run: Trainer) -> dict[str, float]:
    losses = {name: float(value) for name, value in run.step().items()}
    run.state.record.step += 1
    return losses


@pytest.mark.parametrize("name", NAMES)
def test_a_recorded_step_does_what_one_in_place_does(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recorded = trainer(name, tmp_path)
    monkeypatch.setattr(phases, "Aside", lambda _: Aside())
    monkeypatch.setattr(phases, "Cast", Run)
    in_place = trainer(name, tmp_path)
    assert isinstance(recorded._run_phases, CudaGraph)
    in_place._run_phases = in_place._run_each_phase
    for step in range(1, 9):
        # From the same state each time: what rounding makes of a step, an optimizer soon makes much of.
        recorded.state.save(tmp_path / STATE)
        in_place.state.load(tmp_path / STATE)
        one, other = losses_of_a_step(recorded), losses_of_a_step(in_place)
        assert (recorded._run_phases._recorded is not None) == (step > WARM_UP)
        assert one == pytest.approx(other, rel=0.02, abs=0.002), step


def test_an_lstm_is_trained_in_place(tmp_path: Path) -> None:
    run = trainer("lstmgan-mnist-z100-l2", tmp_path)
    assert not isinstance(run._run_phases, CudaGraph)
    before = losses_of_a_step(run)
    for _ in range(WARM_UP + 1):
        after = losses_of_a_step(run)
    assert after != before


def test_a_penalty_has_the_gradients_of_the_processor() -> None:
    torch.manual_seed(0)
    discriminator = build(ENTRIES["wgangp-cifar10-z100-l4"])["discriminator"]
    real, fake, share = torch.rand(8, 3, 32, 32), torch.rand(8, 3, 32, 32), torch.rand(8)
    found = []
    for device in ("cpu", "cuda"):
        discriminator = discriminator.to(device).to(memory_format=torch.channels_last)
        discriminator.zero_grad()
        gradient_penalty(discriminator, real.to(device), fake.to(device), share.to(device)).backward()
        found.append([p.grad.cpu().clone() for p in discriminator.parameters() if p.grad is not None and p.grad.any()])
    assert len(found[0]) == len(found[1]) >= 5  # the weights; biases do not matter
    for expected, got in zip(*found, strict=True):
        assert (got - expected).norm() < 0.03 * expected.norm()  # the tensor cores round to 10 bits
