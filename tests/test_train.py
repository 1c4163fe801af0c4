"""Training runs in real processes: killed, stopped, resumed, broken and refused."""

from __future__ import annotations

import dataclasses
import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

import genzoo
from genzoo.accel.processes import Processes
from genzoo.checkpoint.checksums import read_sums
from genzoo.checkpoint.tensors import read_tensors
from genzoo.data import ImageData
from genzoo.errors import GenzooError, StoppedError, TrainingError
from genzoo.images.pixels import to_pixels
from genzoo.train import Status, steps_of, train
from genzoo.train.draws import Source, StepDraw
from genzoo.train.finish import averaged_nets, write_weights
from genzoo.train.loop import Hooks, Loop
from genzoo.train.state import STATE, Average
from genzoo.train.trainer import Trainer
from genzoo.zoo.catalog import ENTRIES
from genzoo.zoo.spec import Entry
from genzoo.zoo.variants import with_recipe

from .conftest import noise_images, plan
from .peak import on_linux

pytestmark = pytest.mark.numeric

CPU = torch.device("cpu")


def trainer(name: str, out: Path, **changes: Any) -> Trainer:
    entry = ENTRIES[name]
    return Trainer(plan(name, out, **changes), noise_images(entry.dataset, 300), Processes(CPU))


@pytest.mark.parametrize(
    "name",
    [
        "dcgan-mnist-z10-l3", "dcgan-cifar10-z100-l4-r1", "wgan-cifar10-z10-l3", "wgangp-mnist-z100-l3",
        "lstmgan-mnist-z100-l2", "vae-mnist-z10-l3",
    ],
)  # fmt: skip
@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_a_step_changes_every_weight(name: str, precision: str, tmp_path: Path) -> None:
    run = trainer(name, tmp_path, precision=precision)
    before = {key: value.clone() for key, value in run.state.nets.state_dict().items()}
    losses = run.step()
    assert all(value.isfinite() for value in losses.values())
    after = run.state.nets.state_dict()
    if ENTRIES[name].recipe.objective in ("wgan", "wgangp"):  # a constant added to all scores cancels out of the loss
        before.popitem()
    still = {key for key in before if before[key].is_floating_point() and torch.equal(before[key], after[key])}
    held = set()
    if not ENTRIES[name].recipe.norm_bias:
        norms = (key for key, m in run.state.nets["discriminator"].named_modules() if isinstance(m, nn.BatchNorm2d))
        held = {f"discriminator.{key}.bias" for key in norms}
    assert still == held


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_a_mixture_is_fitted_in_the_precision_of_the_run(precision: str, tmp_path: Path) -> None:
    run = trainer("mlpvae-mnist-z2-l1-bn", tmp_path, precision=precision)
    run.step()
    seen: set[tuple[bool, torch.dtype]] = set()
    first = next(layer for layer in run.averaged["encoder"].modules() if isinstance(layer, nn.Linear))
    first.register_forward_hook(lambda layer, _, output: seen.add((layer.training, output.dtype)))
    write_weights(run)
    # The statistics of batch norm, which are estimated in training mode, stay those of float32.
    assert seen == {(True, torch.float32), (False, torch.bfloat16 if precision == "bf16" else torch.float32)}


def test_wgan_weights_stay_clipped(tmp_path: Path) -> None:
    run = trainer("wgan-mnist-z100-l4", tmp_path)
    run.step()
    assert max(float(p.detach().abs().max()) for p in run.state.nets["discriminator"].parameters()) <= 0.01
    assert max(float(p.detach().abs().max()) for p in run.state.nets["generator"].parameters()) > 0.01


@pytest.mark.parametrize("trained", [True, False])
def test_biases_of_a_discriminator_batch_norm_are_trained_where_the_recipe_says(trained: bool, tmp_path: Path) -> None:
    base = plan("wgan-mnist-z10-l3", tmp_path)
    entry = with_recipe(base.entry, {"norm_bias": str(trained).lower()})
    run = Trainer(dataclasses.replace(base, entry=entry), noise_images(entry.dataset, 100), Processes(CPU))
    run.step()
    norms = {name: [m for m in net.modules() if isinstance(m, nn.BatchNorm2d)] for name, net in run.state.nets.items()}
    assert all(bool(m.bias.detach().any()) == trained for m in norms["discriminator"])
    assert all(m.bias.detach().any() for m in norms["generator"])
    assert all((m.weight.detach() != 1).all() for m in norms["discriminator"])


def decaying(name: str) -> Entry:
    entry = ENTRIES[name]
    return dataclasses.replace(entry, recipe=dataclasses.replace(entry.recipe, lr_schedule="linear"))


def test_learning_rates_fall_to_zero(tmp_path: Path) -> None:
    entry = decaying("wgan-mnist-z10-l3")
    assert entry.recipe.discriminator_lr
    whole = dataclasses.replace(plan(entry.name, tmp_path, steps=4), entry=entry)
    run = Trainer(whole, noise_images(entry.dataset, 100), Processes(CPU))
    for left in (1.0, 0.75, 0.5, 0.25):
        run.step()
        rates = [run.state.optimizers[phase].param_groups[0]["lr"] for phase in ("discriminator", "generator")]
        assert rates == pytest.approx([entry.recipe.discriminator_lr * left, entry.recipe.lr * left])
        run.state.record.step += 1


def test_rates_that_fell_to_zero_are_not_raised_again(tmp_path: Path) -> None:
    entry, data = decaying("mlpvae-mnist-z2-l1"), noise_images(ENTRIES["mlpvae-mnist-z2-l1"].dataset, 100)
    whole = dataclasses.replace(plan(entry.name, tmp_path / "run", steps=2), entry=entry)
    train(whole, data)
    with pytest.raises(TrainingError, match="schedule_steps is 2 there and 4 here"):
        train(dataclasses.replace(whole, steps=4), data, resume=True)


def test_a_generator_step_leaves_the_discriminator_alone(tmp_path: Path) -> None:
    run = trainer("dcgan-mnist-z10-l3", tmp_path)
    discriminator_phase, generator_phase = run.phases
    run.draw.begin(0)
    run._update(discriminator_phase, discriminator_phase.losses(run.draw))
    before = {key: value.clone() for key, value in run.state.nets["discriminator"].named_parameters()}
    run._update(generator_phase, generator_phase.losses(run.draw))
    for key, value in run.state.nets["discriminator"].named_parameters():
        assert torch.equal(value, before[key])


def test_gradient_norm_is_clipped_where_the_recipe_says(tmp_path: Path) -> None:
    entry = ENTRIES["convgan-mnist-z100-l2-s1"]
    assert entry.recipe.max_grad_norm == 5
    norms = {}
    for bound in ("0", "0.01"):
        other = with_recipe(entry, {"max_grad_norm": bound})
        todo = dataclasses.replace(plan(entry.name, tmp_path / bound), entry=other)
        run = Trainer(todo, noise_images(entry.dataset, 300), Processes(CPU))
        run.step()
        norms[bound] = [
            float(torch.stack([p.grad.norm() for p in parameters if p.grad is not None]).norm())
            for parameters in run.parameters.values()
        ]
    assert min(norms["0"]) > 0.02
    assert norms["0.01"] == pytest.approx([0.01] * len(norms["0"]), rel=1e-3)
    assert ENTRIES["mlpgan-mnist-z100-l2"].recipe.max_grad_norm == 0


def test_warm_average_by_hand() -> None:
    net = nn.Linear(1, 1, bias=False)
    nn.init.constant_(net.weight, 7.0)
    average = Average(nn.ModuleDict({"generator": net}), 0.5)
    nn.init.constant_(net.weight, 1.0)
    expected = 1.0
    average.update(0)  # the first update copies
    for count in range(1, 30):
        nn.init.constant_(net.weight, float(count))
        average.update(count)
        decay = min(0.5, (1 + count) / (10 + count))
        expected = decay * expected + (1 - decay) * count
    assert float(average.nets.get_parameter("generator.weight")) == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("name", ["dcgan-mnist-z10-l3", "vae-mnist-z10-l3"])
def test_averaged_nets_have_batch_norm_statistics_of_their_own(name: str, tmp_path: Path) -> None:
    run = trainer(name, tmp_path)
    for _ in range(4):
        run.step()
        run.state.record.step += 1
    nets = averaged_nets(run, batches=20)
    for key, value in run.averaged.named_parameters():
        assert torch.equal(value, nets.get_parameter(key))
    norm = next(m for m in nets["generator"].modules() if isinstance(m, nn.BatchNorm2d))
    copied = next(m for m in run.averaged["generator"].modules() if isinstance(m, nn.BatchNorm2d))
    seen: list[torch.Tensor] = []
    norm.register_forward_hook(lambda _, inputs, __: seen.append(inputs[0]))
    z = torch.randn(4000, 10) if name.startswith("dcgan") else None
    if z is None:
        images = run.source.data.batch(torch.arange(300))
        mean, log_variance = nets["encoder"](images).chunk(2, 1)
        z = mean + (log_variance / 2).exp() * torch.randn_like(mean)
    with torch.no_grad():
        nets["generator"](z)
    activations = seen[0].mean((0, 2, 3))
    assert norm.running_mean is not None
    assert copied.running_mean is not None
    own = (norm.running_mean - activations).abs().mean()
    assert own < 0.5 * (copied.running_mean - activations).abs().mean()


def test_batches_are_a_shuffled_pass() -> None:
    data = noise_images(ENTRIES["vae-mnist-z10-l3"].dataset, 100)
    source = Source(data, 10, seed=1)
    first = torch.cat([source.indices(turn) for turn in range(10)])
    second = torch.cat([source.indices(turn) for turn in range(10, 20)])
    assert sorted(first.tolist()) == sorted(second.tolist()) == list(range(100))
    assert first.tolist() != second.tolist() != list(range(100))
    assert torch.equal(Source(data, 10, seed=1).indices(13), second[30:40])
    assert not torch.equal(Source(data, 10, seed=2).indices(0), first[:10])


def test_processes_take_shares_of_one_batch() -> None:
    data = noise_images(ENTRIES["dcgan-cifar10-z10-l3"].dataset, 100)
    whole = StepDraw(Source(data, 10, seed=1), 2)
    shares = [StepDraw(Source(data, 10, seed=1), 2, rank, 2) for rank in range(2)]
    for each in (whole, *shares):
        each.begin(3)
    for draw in ("images", "normal", "uniform"):
        args = (4,) if draw == "normal" else ()
        together = torch.cat([getattr(share, draw)(*args) for share in shares])
        assert torch.equal(together, getattr(whole, draw)(*args)), draw


def test_a_step_draws_batch_after_batch_and_the_same_again() -> None:
    data = noise_images(ENTRIES["dcgan-mnist-z10-l3"].dataset, 100)
    source, drawn = Source(data, 10, seed=1), []
    draw = StepDraw(source, 2)
    for step in (4, 3, 4):
        draw.begin(step)
        drawn.append((draw.images(), draw.normal(3), draw.images(), draw.normal(3)))
    one, normal, other, more = drawn[0]
    assert torch.equal(one, data.batch(source.indices(8)))
    assert torch.equal(other, data.batch(source.indices(9)))
    assert not torch.equal(normal, more)
    assert not torch.equal(normal, drawn[1][1])
    assert all(torch.equal(a, b) for a, b in zip(drawn[0], drawn[2], strict=True))


def test_flips_only_where_the_dataset_has_them() -> None:
    for name, flips in (("dcgan-cifar10-z10-l3", True), ("dcgan-mnist-z10-l3", False)):
        data = noise_images(ENTRIES[name].dataset, 64)
        source = Source(data, 64, seed=0)
        plain = data.batch(source.indices(0))
        draw = StepDraw(source)
        draw.begin(0)
        drawn = draw.images()
        same = (drawn == plain).flatten(1).all(1)
        mirrored = (drawn == plain.flip(3)).flatten(1).all(1)
        assert bool((same | mirrored).all())
        assert (0 < int(mirrored.sum()) < 64) == flips


def test_the_result_is_a_checkpoint_folder(tmp_path: Path) -> None:
    seen: list[Status] = []
    entry = ENTRIES["dcgan-mnist-z10-l3"]
    out = train(plan(entry.name, tmp_path / "run", steps=5), noise_images(entry.dataset, 300), report=seen.append)
    names = {path.name for path in out.iterdir()}
    assert names == {
        "config.json", "model.safetensors", "discriminator.safetensors", "golden.safetensors", "state.safetensors",
        "generator.onnx", "discriminator.onnx",
        "history.jsonl", "samples.png", "progress.png", "losses.png", "SHA256SUMS",
    }  # fmt: skip
    assert set(read_sums(out)) == names - {"state.safetensors", "SHA256SUMS"}
    rows = [json.loads(line) for line in (out / "history.jsonl").read_text().splitlines()]
    assert [row["step"] for row in rows] == [1, 2, 3, 4, 5]
    assert set(rows[0]) == {"step", "discriminator", "generator", "real_score", "fake_score"}
    with Image.open(out / "progress.png") as picture:
        assert picture.size == (20 * 30 - 2, 5 * 30 - 2)
    config = json.loads((out / "config.json").read_text())
    assert config["training"]["steps"] == 5
    assert config["versions"] == {"genzoo": genzoo.__version__, "torch": torch.__version__}
    assert seen[-1].step == 5
    model = genzoo.load(out)
    assert {tensor.dtype for name, tensor in read_tensors(out / "model.safetensors").items()} == {
        torch.float16,
        torch.int64,
    }
    with Image.open(out / "samples.png") as picture:
        expected = np.asarray(genzoo.make_grid(model.sample(100, seed=0)))
        assert np.abs(np.asarray(picture).astype(int) - expected).max() <= 1


def test_history_is_thinned(tmp_path: Path) -> None:
    assert plan("dcgan-mnist-z10-l3", tmp_path, steps=100_000).log_every == 50
    assert plan("dcgan-mnist-z10-l3", tmp_path, steps=2000).log_every == 1


def test_steps_count_the_discriminator_images() -> None:
    entry = ENTRIES["wgan-mnist-z10-l3"]
    assert steps_of(entry, 60_000, epochs=10) == 10 * (60_000 // 64) // 2
    assert steps_of(ENTRIES["vae-mnist-z10-l3"], 60_000, epochs=3) == 1800
    with pytest.raises(TrainingError, match="larger than the data"):
        steps_of(entry, 63)


PROGRAM = """
import sys
from pathlib import Path
import torch
from genzoo.train import train
from tests.conftest import noise_images, plan
from genzoo.zoo.catalog import ENTRIES

torch.set_num_threads(1)
name, out, steps, resume = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]), sys.argv[4] == "resume"
run = plan(name, out, steps=steps, save_minutes=0.3 / 60)
train(run, noise_images(ENTRIES[name].dataset, 700), resume=resume)
"""


def start(name: str, out: Path, steps: int, how: str = "anew") -> subprocess.Popen[str]:
    root = Path(__file__).parents[1]
    env = os.environ | {"PYTHONPATH": str(root)}
    args = [sys.executable, "-c", PROGRAM, name, str(out), str(steps), how]
    return subprocess.Popen(args, cwd=root, env=env, stderr=subprocess.PIPE, text=True)


def end(process: subprocess.Popen[str]) -> None:
    _, talk = process.communicate(timeout=200)
    assert process.returncode == 0, talk


def same_weights(one: Path, other: Path) -> None:
    for name in ("model.safetensors", "state.safetensors"):
        left, right = read_tensors(one / name), read_tensors(other / name)
        left.pop("json", None), right.pop("json", None)
        assert left.keys() == right.keys()
        assert [key for key in left if not torch.equal(left[key], right[key])] == []
    assert (one / "history.jsonl").read_text() == (other / "history.jsonl").read_text()


@pytest.mark.slow  # as fast a check is `test_a_state_goes_on_bit_for_bit`, in one process
@pytest.mark.parametrize(("name", "steps"), [("mlpgan-mnist-z100-l2", 40), ("wgan-mnist-z10-l3", 8)])
def test_a_killed_run_resumes_bit_for_bit(name: str, steps: int, tmp_path: Path) -> None:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # as the process that is killed
    try:
        train(plan(name, tmp_path / "whole", steps=steps), noise_images(ENTRIES[name].dataset, 700))
    finally:
        torch.set_num_threads(threads)
    killed = tmp_path / "killed"
    process = start(name, killed, steps)
    while not (killed / STATE).exists():
        assert process.poll() is None
        time.sleep(0.02)
    with pytest.raises(TrainingError, match="Another process is training in"):
        train(plan(name, killed, steps=steps), noise_images(ENTRIES[name].dataset, 700), resume=True)
    time.sleep(random.uniform(0, 0.5))
    process.kill()
    process.communicate()
    end(start(name, killed, steps, "resume"))
    same_weights(tmp_path / "whole", killed)


@pytest.mark.parametrize("name", {entry.family.name: name for name, entry in ENTRIES.items()}.values())
def test_a_state_goes_on_bit_for_bit(name: str, tmp_path: Path) -> None:
    small = with_recipe(ENTRIES[name], {"batch_size": "8"})
    run = dataclasses.replace(plan(name, tmp_path), entry=small)
    data = noise_images(small.dataset, 40)

    def stepped(trainer: Trainer, steps: int) -> Trainer:
        for _ in range(steps):
            trainer.step()
            trainer.state.record.step += 1
        return trainer

    whole = stepped(Trainer(run, data, Processes(run.device)), 4)
    stepped(Trainer(run, data, Processes(run.device)), 2).state.save(tmp_path / STATE)
    second = Trainer(run, data, Processes(run.device))
    second.state.load(tmp_path / STATE)
    stepped(second, 2)
    for kind in ("nets", "average"):
        one, other = (t.state.nets if kind == "nets" else t.averaged for t in (whole, second))
        assert [k for k, tensor in one.state_dict().items() if not torch.equal(tensor, other.state_dict()[k])] == []


def test_a_run_made_longer_shows_the_rows_of_one_that_was(tmp_path: Path) -> None:
    name = "mlpvae-mnist-z2-l1"
    data = noise_images(ENTRIES[name].dataset, 300)
    whole, longer = tmp_path / "whole", tmp_path / "longer"
    train(plan(name, whole, steps=10), data)
    train(plan(name, longer, steps=5), data)
    before = (longer / "progress.png").read_bytes()
    train(plan(name, longer, steps=10), data, resume=True)
    assert (longer / "progress.png").read_bytes() == (whole / "progress.png").read_bytes() != before


def test_a_run_that_the_clock_ends_has_all_rows_of_progress(tmp_path: Path) -> None:
    name = "mlpvae-mnist-z2-l1"
    data = noise_images(ENTRIES[name].dataset, 300)
    whole, ended = tmp_path / "whole", tmp_path / "ended"
    train(plan(name, whole, steps=10), data)
    train(plan(name, ended, steps=10, minutes=1e-9), data)
    with Image.open(ended / "progress.png") as picture:
        assert picture.size == (20 * 30 - 2, 5 * 30 - 2)
    train(plan(name, ended, steps=10), data, resume=True)
    assert (ended / "progress.png").read_bytes() == (whole / "progress.png").read_bytes()


def test_a_binarised_vae_sees_no_grey(tmp_path: Path) -> None:
    run, seen = trainer("vae-mnist-z20-l3-binary", tmp_path), []
    run.averaged["encoder"].register_forward_pre_hook(lambda _, images: seen.append(images[0]))
    averaged_nets(run, batches=2)
    assert len(seen) == 2
    assert {float(value) for images in seen for value in images.unique()} == {0.0, 1.0}


def test_a_signal_saves_the_state_and_shows_it(tmp_path: Path) -> None:
    name, out = "mlpvae-mnist-z2-l1", tmp_path / "run"
    entry, steps = ENTRIES[name], 0

    def stop(status: Status) -> None:
        nonlocal steps
        steps = status.step
        os.kill(os.getpid(), signal.SIGTERM)

    data = noise_images(entry.dataset, 700)
    with pytest.raises(StoppedError, match="--resume"):
        train(plan(name, out, steps=2000), data, report=stop)
    assert (out / STATE).exists()
    saved = json.loads(read_tensors(out / STATE)["json"].numpy().tobytes())
    assert saved["step"] == steps
    shown = [json.loads(row) for row in (out / "history.jsonl").read_text().splitlines()]
    assert shown == saved["history"]
    assert shown[-1]["step"] == steps
    assert (out / "samples.png").exists()
    with pytest.raises(GenzooError, match="it holds a run that has not ended: go on with it"):
        genzoo.load(out)
    assert train(plan(name, out, steps=steps + 1), data, resume=True) == out


def test_a_run_under_other_settings_is_refused_with_a_diff(tmp_path: Path) -> None:
    name, out = "mlpvae-mnist-z2-l1", tmp_path / "run"
    data = noise_images(ENTRIES[name].dataset, 300)
    run = plan(name, out)
    train(run, data)
    before = {path.name: path.read_bytes() for path in out.iterdir()}
    faster = dataclasses.replace(run, seed=7, entry=with_recipe(run.entry, {"lr": "0.01"}))
    with pytest.raises(
        TrainingError, match=r"entry\.recipe\.lr is 0\.001 there and 0\.01 here; seed is 0 there and 7 here"
    ):
        train(faster, data, resume=True)
    other = ImageData(data.dataset, 255 - data.pixels)
    with pytest.raises(TrainingError, match=r"data\.sha256"):
        train(run, other, resume=True)
    with pytest.raises(TrainingError, match="holds a run already"):
        train(run, data)
    assert {path.name: path.read_bytes() for path in out.iterdir()} == before
    # Longer is not otherwise.
    train(dataclasses.replace(run, steps=4, entry=with_recipe(run.entry, {"epochs": "777"})), data, resume=True)
    config = json.loads((out / "config.json").read_text())
    assert (config["training"]["steps"], config["entry"]["recipe"]["epochs"]) == (4, 777)


def test_a_folder_of_something_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    name = "mlpvae-mnist-z2-l1"
    for resume in (False, True):
        with pytest.raises(TrainingError, match="holds other things than a run"):
            train(plan(name, tmp_path), noise_images(ENTRIES[name].dataset, 300), resume=resume)
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


@pytest.mark.parametrize("out", ["/proc/run", "file/run"])
def test_an_out_that_cannot_be(tmp_path: Path, out: str) -> None:
    (tmp_path / "file").touch()
    name = "mlpvae-mnist-z2-l1"
    with pytest.raises(GenzooError, match="could not be written"):
        train(plan(name, tmp_path / out), noise_images(ENTRIES[name].dataset, 300))


def test_not_a_number_stops_the_run_and_keeps_the_state(tmp_path: Path) -> None:
    name, out = "mlpvae-mnist-z2-l1", tmp_path / "run"
    run, data = plan(name, out, steps=3), noise_images(ENTRIES[name].dataset, 300)
    train(run, data)
    good = (out / STATE).read_bytes()
    broken = Trainer(dataclasses.replace(run, steps=6), data, Processes(CPU))
    broken.state.load(out / STATE)
    generator: Any = broken.state.nets["generator"]
    with torch.no_grad():
        generator[0].bias[0] = float("nan")
    hooks = Hooks(row=lambda _: torch.zeros(20, 28, 28, 1, dtype=torch.uint8))
    with pytest.raises(TrainingError, match=r"nets\.generator\.0\.bias is not finite at step 3"):
        Loop(broken, hooks).save()
    with pytest.raises(TrainingError, match="loss negative_elbo is not finite at step 4"):
        Loop(broken, hooks).run()
    assert (out / STATE).read_bytes() == good


def test_an_optimizer_that_broke_down_is_not_saved(tmp_path: Path) -> None:
    name, out = "mlpvae-mnist-z2-l1", tmp_path / "run"
    run, data = plan(name, out, steps=3), noise_images(ENTRIES[name].dataset, 300)
    train(run, data)
    good = (out / STATE).read_bytes()
    longer = dataclasses.replace(run, steps=6)
    broken = Trainer(longer, data, Processes(CPU))
    broken.state.load(out / STATE)
    optimizer = broken.state.optimizers["vae"]
    optimizer.state[optimizer.param_groups[0]["params"][0]]["exp_avg_sq"][0] = float("inf")
    with pytest.raises(TrainingError, match=r"optimizer\.vae\.0\.exp_avg_sq is not finite at step 3"):
        Loop(broken, Hooks(row=lambda _: torch.zeros(1, dtype=torch.uint8))).save()
    assert (out / STATE).read_bytes() == good
    assert train(longer, data, resume=True) == out


def test_an_end_that_was_interrupted_is_made_up_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    name, out = "mlpvae-mnist-z2-l1", tmp_path / "run"
    run, data = plan(name, out, steps=2), noise_images(ENTRIES[name].dataset, 300)
    train(run, data)
    longer = dataclasses.replace(run, steps=8)

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("genzoo.train.run.write_proofs", interrupted)
        with pytest.raises(KeyboardInterrupt):
            train(longer, data, resume=True)
    with pytest.raises(GenzooError, match="has no SHA256SUMS: it holds a run that has not ended: go on with it"):
        genzoo.load(out)
    train(longer, data, resume=True)
    genzoo.load(out).check()


def test_a_finished_run_without_its_state_does_not_begin_anew(tmp_path: Path) -> None:
    name, out = "mlpvae-mnist-z2-l1", tmp_path / "run"
    run, data = plan(name, out), noise_images(ENTRIES[name].dataset, 300)
    train(run, data)
    (out / STATE).unlink()
    before = {path.name: path.read_bytes() for path in out.iterdir()}
    with pytest.raises(TrainingError, match=r"a finished run without its state\.safetensors"):
        train(dataclasses.replace(run, steps=4), data, resume=True)
    assert {path.name: path.read_bytes() for path in out.iterdir()} == before


def test_a_run_made_longer_keeps_true_loss_curves(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    name = "mlpvae-mnist-z2-l1"
    data = noise_images(ENTRIES[name].dataset, 300)

    def history(folder: Path) -> list[dict[str, float]]:
        return [json.loads(line) for line in (folder / "history.jsonl").read_text().splitlines()]

    each = history(train(plan(name, tmp_path / "whole", steps=31), data))
    assert len(each) == 31
    monkeypatch.setattr("genzoo.train.plan.HISTORY_POINTS", 10)
    train(plan(name, tmp_path / "longer", steps=11), data)
    rows = history(train(plan(name, tmp_path / "longer", steps=31), data, resume=True))
    steps = [int(row["step"]) for row in rows]
    assert steps == [2, 4, 6, 8, 10, 12, 16, 20, 24, 28]
    for first, row in zip([0, *steps], rows, strict=False):
        losses = [one["negative_elbo"] for one in each[first : int(row["step"])]]
        assert row["negative_elbo"] == pytest.approx(sum(losses) / len(losses), rel=1e-4)


def test_a_disk_that_fills_while_saving(tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    command = f'mount -t tmpfs -o size=12m tmpfs {disk} && "$@"; end=$?; ls -A {disk}/run; exit $end'
    name, root = "mlpvae-mnist-z2-l1", Path(__file__).parents[1]
    program = (
        PROGRAM + "\ntrain(plan(name, out, steps=steps + 1), noise_images(ENTRIES[name].dataset, 700), resume=True)"
    )
    fill = program.replace(
        "train(run", "import os; open(out.parent / 'ballast', 'wb').write(bytes(4_000_000)); train(run", 1
    )
    args = ["unshare", "-rm", "sh", "-c", command, "sh", sys.executable, "-c", fill, name, f"{disk}/run", "2", "anew"]
    done = subprocess.run(
        args, cwd=root, env=os.environ | {"PYTHONPATH": str(root)}, capture_output=True, text=True, check=False
    )
    assert "no space left on device" in done.stderr.lower().splitlines()[-1]
    assert done.stdout.split() == ["config.json"]


def test_a_damaged_state_is_refused(tmp_path: Path) -> None:
    name, out = "mlpvae-mnist-z2-l1", tmp_path / "run"
    data = noise_images(ENTRIES[name].dataset, 300)
    train(plan(name, out), data)
    (out / STATE).write_bytes((out / STATE).read_bytes()[:5000])
    with pytest.raises(GenzooError, match=r"state\.safetensors is damaged"):
        train(plan(name, out, steps=3), data, resume=True)


def test_training_leaves_the_callers_generator_alone(tmp_path: Path) -> None:
    name = "mlpvae-mnist-z2-l1"
    torch.manual_seed(5)
    train(plan(name, tmp_path / "run"), noise_images(ENTRIES[name].dataset, 300))
    drawn = torch.rand(3)
    torch.manual_seed(5)
    assert torch.equal(drawn, torch.rand(3))


@pytest.mark.slow
def test_training_learns_a_simple_set(tmp_path: Path) -> None:
    """Squares at two places: the VAE's samples must come near to one of them."""
    entry = with_recipe(ENTRIES["mlpvae-mnist-z2-l1"], {"batch_size": "50"})
    pixels = torch.zeros(200, 1, 28, 28, dtype=torch.uint8)
    pixels[:100, :, 4:12, 4:12] = 255
    pixels[100:, :, 16:24, 16:24] = 255
    data = ImageData(entry.dataset, pixels)
    out = train(dataclasses.replace(plan(entry.name, tmp_path / "run", steps=600), entry=entry), data)
    model = genzoo.load(out)
    images = model.sample(100, seed=0)
    kinds = pixels[[0, 100]].float() / 255
    distances = (images.unsqueeze(1) - kinds.unsqueeze(0)).square().flatten(2).mean(2)
    assert float(distances.min(1).values.mean()) < 0.02
    assert 20 < int(distances.argmin(1).sum()) < 80
    assert to_pixels(torch.zeros(1), "sigmoid") == 0.5


MEMORY = """
import sys
from pathlib import Path
from genzoo.zoo.catalog import ENTRIES
from genzoo.train import train
from tests.conftest import noise_images, plan
from tests.peak import peak_memory
name = "dcgan-cifar10-z100-l4"
train(plan(name, Path(sys.argv[1]), steps=10), noise_images(ENTRIES[name].dataset, 50_000))
print(peak_memory())
"""


@on_linux
@pytest.mark.slow
def test_memory_of_training_on_cifar10(tmp_path: Path) -> None:
    root = Path(__file__).parents[1]
    args = [sys.executable, "-c", MEMORY, str(tmp_path / "run")]
    done = subprocess.run(args, cwd=root, capture_output=True, text=True, check=True)
    assert int(done.stdout) < 1_500_000_000


SHORT_OF_MEMORY = """
import dataclasses, resource, sys
from pathlib import Path
from genzoo.zoo.catalog import ENTRIES
from genzoo.errors import TrainingError
from genzoo.accel.processes import Processes
from genzoo.train.trainer import Trainer
from genzoo.zoo.variants import with_recipe
from tests.conftest import noise_images, plan
entry = with_recipe(ENTRIES["dcgan-cifar10-z100-l4"], {"batch_size": "8192"})
settings = dataclasses.replace(plan(entry.name, Path("unused")), entry=entry)
trainer = Trainer(settings, noise_images(entry.dataset, 10_000), Processes(settings.device))
mapped = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (mapped + 2**26, mapped + 2**26))
try:
    trainer.step()
except TrainingError as error:
    print(error)
"""


@on_linux
def test_a_batch_that_memory_is_too_small_for_is_one_sentence() -> None:
    args = [sys.executable, "-c", SHORT_OF_MEMORY]
    done = subprocess.run(args, cwd=Path(__file__).parents[1], capture_output=True, text=True, check=True)
    assert done.stdout == "Batches of 8,192 take more memory than cpu has left: train with a smaller --batch-size.\n"
