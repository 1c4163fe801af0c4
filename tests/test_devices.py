"""What a processor has in bfloat16 is found out by asking it, and what it lacks is done without."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from torch import nn

from genzoo.accel import devices
from genzoo.accel.devices import has_bfloat16, has_fast_bfloat16, runs_under_autocast
from genzoo.errors import UsageError
from genzoo.nets import build
from genzoo.train import choose_precision
from genzoo.zoo.catalog import ENTRIES

CPU = torch.device("cpu")
ROOT = Path(__file__).parents[1]
LSTM = ENTRIES["lstmgan-mnist-z100-l2"]

# Every kind of net, trained for a step in bfloat16 and run in both of the types that have half of float32's bytes.
LESSER = """
import dataclasses, json, torch
from pathlib import Path
from genzoo.zoo.catalog import ENTRIES
from genzoo.nets import build
from genzoo.accel.processes import Processes
from genzoo.train import choose_precision
from genzoo.train.trainer import Trainer
from genzoo.zoo.variants import with_recipe
from tests.conftest import noise_images, plan

cpu = torch.device("cpu")
seen = {"auto": choose_precision("auto", cpu), "bf16": choose_precision("bf16", cpu)}
for name in ("mlpgan-mnist-z100-l2", "vae-mnist-z10-l3", "convgan-mnist-z100-l2-pool", "lstmgan-mnist-z100-l2"):
    entry = with_recipe(ENTRIES[name], {"batch_size": "4"})
    one = dataclasses.replace(plan(name, Path("nowhere"), precision="bf16"), entry=entry)
    run = Trainer(one, noise_images(entry.dataset, 8), Processes(cpu))
    seen[f"{name} trains"] = all(bool(loss.isfinite()) for loss in run.step().values())
    for dtype in (torch.float16, torch.bfloat16):
        nets = build(entry).to(dtype).eval().requires_grad_(False)
        z = torch.zeros(2, entry.latent_size, dtype=dtype, requires_grad=True)
        images = nets["generator"](z).sigmoid()
        (slopes,) = torch.autograd.grad(images.float().sum(), z)
        scores = nets["encoder" if entry.is_vae else "discriminator"](images)
        seen[f"{name} {dtype}"] = bool(scores.isfinite().all() and slopes.isfinite().all())
print(json.dumps(seen))
"""


def test_a_processor_of_fewer_instructions_does_all_that_others_do() -> None:
    """Asked of this machine, kept from the instructions that an older one lacks."""
    caps = {"ONEDNN_MAX_CPU_ISA": "AVX2", "ATEN_CPU_CAPABILITY": "avx2"}
    env = os.environ | caps | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, "-W", "error", "-c", LESSER], env=env, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-3000:]
    seen = json.loads(done.stdout)
    assert (seen.pop("auto"), seen.pop("bf16")) == ("fp32", "bf16")
    assert len(seen) == 3 * len({type(entry.arch) for entry in ENTRIES.values()})
    assert [what for what, fine in seen.items() if not fine] == []


def test_asking_leaves_the_random_generator_and_the_settings_alone() -> None:
    runs_under_autocast.cache_clear()
    before = torch.get_rng_state()
    with torch.inference_mode(), torch.device("meta"):
        assert runs_under_autocast(nn.Linear)
        assert torch.is_inference_mode_enabled()
    assert torch.equal(torch.get_rng_state(), before)
    assert not torch.is_autocast_enabled("cpu")


@pytest.mark.parametrize("net", ["generator", "discriminator"])
def test_an_lstm_that_bfloat16_lacks_is_left_in_float32(monkeypatch: pytest.MonkeyPatch, net: str) -> None:
    monkeypatch.setattr("genzoo.nets.lstm.runs_under_autocast", lambda *_: False)
    built = build(LSTM)[net].eval()
    x = torch.rand(3, *((LSTM.latent_size,) if net == "generator" else LSTM.dataset.shape))
    kinds = set()
    built.lstm.register_forward_hook(lambda _, given, found: kinds.update({given[0].dtype, found[0].dtype}))  # type: ignore[union-attr]
    with torch.autocast("cpu", torch.bfloat16):
        lower = built(x)
    lower.float().sum().backward()
    assert kinds == {torch.float32}
    assert lower.dtype == torch.bfloat16  # of the linear layer that follows
    assert all(weight.grad is not None and bool(weight.grad.any()) for weight in built.parameters())
    torch.testing.assert_close(lower.float(), built(x), rtol=0.02, atol=0.02)


def test_bfloat16_is_refused_where_a_processor_has_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(devices, "runs_under_autocast", lambda kind: kind is not nn.ConvTranspose2d)
    assert not has_bfloat16(CPU)
    with pytest.raises(UsageError, match="cpu has no bfloat16: train with --precision fp32"):
        choose_precision("bf16", CPU)
    with pytest.raises(UsageError, match="mps has no bfloat16"):
        choose_precision("bf16", torch.device("mps"))
    assert choose_precision("fp32", CPU) == "fp32"
    assert choose_precision("auto", torch.device("mps")) == "fp32"


@pytest.mark.parametrize(
    ("cap", "fast"), [("", True), ("ALL", True), ("avx512_core_bf16", True), ("AVX512_CORE", False)]
)
def test_auto_goes_by_what_onednn_may_use(monkeypatch: pytest.MonkeyPatch, cap: str, fast: bool) -> None:
    monkeypatch.setattr(torch.cpu, "_is_avx512_bf16_supported", lambda: True)
    monkeypatch.setattr(torch.ops.mkldnn, "_is_mkldnn_bf16_supported", lambda: True)
    monkeypatch.setenv("ONEDNN_MAX_CPU_ISA", cap)
    assert has_fast_bfloat16(CPU) is fast
    assert choose_precision("auto", CPU) == ("bf16" if fast else "fp32")
    monkeypatch.setattr(torch.ops.mkldnn, "_is_mkldnn_bf16_supported", lambda: False)  # what a cap of AVX2 makes of it
    assert not has_fast_bfloat16(CPU)
