"""Which state ships, and which run is taken into the zoo."""

from __future__ import annotations

import dataclasses
import json
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

from genzoo.checkpoint.files import sha256
from genzoo.checkpoint.folder import sign
from genzoo.checkpoint.layout import SNAPSHOTS
from genzoo.checkpoint.tensors import read_tensors
from genzoo.cli.several import expand
from genzoo.errors import GenzooError, TrainingError, UnknownNameError
from genzoo.evaluate import Settings
from genzoo.release.adopt import adopt
from genzoo.sampling.model import load
from genzoo.train import measured, schedule, train
from genzoo.train.mixture import fit_mixture
from genzoo.train.selection import SelectionMeasure, best_of
from genzoo.train.state import STATE
from genzoo.zoo.catalog import ENTRIES

from .conftest import digit_sheet, noise_images, plan

pytestmark = pytest.mark.numeric

GAN, VAE = ENTRIES["mlpgan-mnist-z100-l2"], ENTRIES["mlpvae-mnist-z2-l1"]
FACES = ENTRIES["vae-olivetti-z32-l4"]
FEW = Settings(n=200, seeds=(0,))
CPU = torch.device("cpu")
FEW_IMAGES = 500
"""As many samples as tell noise from digits."""


def training(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / "config.json").read_text())["training"]
    return found


def test_what_is_better() -> None:
    rows = [
        {"step": 1, "frechet_distance": 3.0, "elbo": -90.0},
        {"step": 2, "frechet_distance": 2.0, "elbo": -95.0},
        {"step": 3, "frechet_distance": 2.0, "elbo": -80.0},
    ]
    assert best_of(GAN, rows)["step"] == 2
    assert best_of(VAE, rows)["step"] == 3
    assert measured(GAN)
    assert measured(FACES)
    assert not measured(dataclasses.replace(GAN, dataset=dataclasses.replace(GAN.dataset, name="doodles")))


def test_a_judge_tells_nets_apart_and_repeats_itself() -> None:
    data = noise_images(GAN.dataset, 400)
    judge = SelectionMeasure(GAN, data, CPU)
    bad, good = (load(name) for name in ("mlpvae-mnist-z2-l1", "dcgan-mnist-z100-l3"))
    entry = dataclasses.replace(GAN, latent_size=2, output_activation="sigmoid")
    seen = judge.measure({"generator": good.generator}, FEW_IMAGES)
    assert seen == judge.measure({"generator": good.generator}, FEW_IMAGES)
    assert set(seen) == {"frechet_distance", "coverage"}
    digits = SelectionMeasure(entry, noise_images(GAN.dataset, 400), CPU).measure(
        {"generator": bad.generator}, FEW_IMAGES
    )
    assert digits["frechet_distance"] != seen["frechet_distance"]
    nets = {"generator": bad.generator, "encoder": bad.encoder}
    assert SelectionMeasure(VAE, data, CPU).measure(nets, FEW_IMAGES)["elbo"] == pytest.approx(
        float(bad.elbo(data.batch(torch.arange(400))).mean()), rel=0.01
    )


@pytest.fixture(scope="module", autouse=True)
def few_samples() -> Iterator[None]:
    """A look in full takes as many as tell noise from digits."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(schedule, "FULL_IMAGES", FEW_IMAGES)
        yield


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("runs") / "gan"
    return train(plan(GAN.name, out, steps=8, evaluations=4), noise_images(GAN.dataset, 600))


def test_the_best_state_ships(run: Path) -> None:
    found = training(run)
    assert [row["step"] for row in found["evaluations"]] == [2, 4, 6, 8]
    assert found["step"] == best_of(GAN, found["evaluations"])["step"]
    state = read_tensors(run / STATE)
    for file in ("model", "discriminator"):
        for name, tensor in read_tensors(run / f"{file}.safetensors").items():
            assert torch.equal(tensor, state["best." + name.replace("critic.", "discriminator.")])
    again = SelectionMeasure(GAN, noise_images(GAN.dataset, 600), CPU).measure(
        {"generator": load(run).generator}, FEW_IMAGES
    )
    kept = best_of(GAN, found["evaluations"])
    assert again["frechet_distance"] == pytest.approx(kept["frechet_distance"], rel=1e-2)  # float16's rounding


def test_a_run_that_goes_on_keeps_its_best(run: Path, tmp_path: Path) -> None:
    data, folder = noise_images(GAN.dataset, 600), tmp_path / "run"
    train(plan(GAN.name, folder, steps=4, evaluations=2), data)
    train(plan(GAN.name, folder, steps=8, evaluations=4), data, resume=True)
    assert training(folder)["evaluations"] == training(run)["evaluations"]
    for file in ("model.safetensors", "discriminator.safetensors"):
        assert (folder / file).read_bytes() == (run / file).read_bytes()
    written = (folder / STATE).stat().st_mtime_ns
    train(plan(GAN.name, folder, steps=8, evaluations=4), data, resume=True)
    assert (folder / STATE).stat().st_mtime_ns == written, "a finished run is left alone"


def test_with_no_more_evaluations_the_last_state_ships(tmp_path: Path) -> None:
    data, folder = noise_images(VAE.dataset, 300), tmp_path / "run"
    train(plan(VAE.name, folder, steps=4, evaluations=2), data)
    train(plan(VAE.name, folder, steps=8, evaluations=0), data, resume=True)
    assert (training(folder)["step"], training(folder)["evaluations"]) == (8, [])
    once = train(plan(VAE.name, tmp_path / "once", steps=8), data)
    assert (folder / "model.safetensors").read_bytes() == (once / "model.safetensors").read_bytes()


def test_a_state_whose_measures_are_not_finite_is_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data, folder = noise_images(VAE.dataset, 300), tmp_path / "run"
    measure, calls = SelectionMeasure.measure, iter(range(9))

    def spiked(judge: SelectionMeasure, nets: Any, images: int) -> dict[str, float]:
        return measure(judge, nets, images) | ({"elbo": float("-inf")} if next(calls) == 0 else {})

    monkeypatch.setattr(SelectionMeasure, "measure", spiked)
    train(plan(VAE.name, folder, steps=4, evaluations=2), data)
    train(plan(VAE.name, folder, steps=6, evaluations=3), data, resume=True)
    assert [row["step"] for row in training(folder)["evaluations"]] == [4, 6]
    load(folder).check()


def test_latents_that_are_not_finite_have_no_mixture() -> None:
    encoder = load(VAE.name).encoder
    with torch.no_grad():
        next(reversed(list(encoder.parameters())))[-1] = 1e4  # a log-variance whose exponential overflows
    with pytest.raises(TrainingError, match="latents that are not finite"):
        fit_mixture(encoder, noise_images(VAE.dataset, 100), VAE, seed=0)


def taken(name: str, folder: Path, home: Path) -> dict[str, Any]:
    manifest: dict[str, Any] = json.loads((home / "manifest.json").read_text())["entries"]
    assert set(manifest[name]) == {path.name for path in folder.iterdir()}
    assert STATE not in manifest[name]
    metrics: dict[str, Any] = json.loads((folder / "metrics.json").read_text())
    return metrics


@pytest.mark.usefixtures("small_reference")
def test_adopt_measures_and_takes_whole_runs_of_entries_alone(run: Path, tmp_path: Path) -> None:
    home = tmp_path / "weights"
    home.mkdir()
    (run / SNAPSHOTS).mkdir()
    folder = adopt(run, home, settings=FEW)
    assert folder == home / GAN.name
    metrics = taken(GAN.name, folder, home)
    assert metrics["step"] == training(run)["step"]
    assert metrics["n"] == 200
    assert (home / "cards" / f"{GAN.name}.md").is_file()
    kept = {path.name for path in run.iterdir()} - {STATE, SNAPSHOTS}
    assert {"losses.png", "evaluations.jsonl", "SHA256SUMS"} < kept
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == {
        name: (run / name).read_bytes() for name in kept
    }
    altered = Path(shutil.copytree(run, tmp_path / "altered"))
    other = train(plan(GAN.name, tmp_path / "other", seed=1), noise_images(GAN.dataset, 300))
    shutil.copy(other / "model.safetensors", altered)
    with pytest.raises(GenzooError, match=r"model\.safetensors is damaged or altered: its SHA-256 is"):
        adopt(altered, home)
    sign(altered)
    with pytest.raises(GenzooError, match="golden images"):
        adopt(altered, home)
    (altered / "progress.png").unlink()
    with pytest.raises(GenzooError, match=r"lacks progress\.png"):
        adopt(altered, home)


@pytest.mark.usefixtures("small_reference")
def test_a_run_called_as_an_entry_is_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)  # where the shipped weights of this name are not meant
    out = train(plan(GAN.name, Path(GAN.name), evaluations=1), noise_images(GAN.dataset, 300))
    own = load(out)
    own.check()
    assert own.folder.path == Path(GAN.name)
    assert not torch.equal(own.sample(1, seed=0), load(GAN.name).sample(1, seed=0))
    metrics = json.loads((adopt(out, tmp_path / "weights", settings=FEW) / "metrics.json").read_text())
    assert metrics["weights_sha256"] == sha256(out / "model.safetensors")


@pytest.mark.usefixtures("small_reference")
def test_adopt_refuses_what_is_worse_than_what_is_there(run: Path, tmp_path: Path) -> None:
    home = tmp_path / "weights"
    home.mkdir()
    worse = Path(shutil.copytree(run, tmp_path / "worse"))
    config = json.loads((worse / "config.json").read_text())
    for row in config["training"]["evaluations"]:
        row["frechet_distance"] *= 2
    (worse / "config.json").write_text(json.dumps(config))
    sign(worse)
    adopt(run, home, settings=FEW)
    before = {path.name: path.read_bytes() for path in (home / GAN.name).iterdir()}
    with pytest.raises(GenzooError, match=r"is worse than what is there: on the training set its frechet_distance is"):
        adopt(worse, home, settings=FEW)
    assert before == {path.name: path.read_bytes() for path in (home / GAN.name).iterdir()}
    adopt(home / GAN.name, home, settings=FEW)
    assert before == {path.name: path.read_bytes() for path in (home / GAN.name).iterdir()}
    # A measurement that nobody signed is made anew.
    (home / GAN.name / "metrics.json").write_text("{}")
    adopt(home / GAN.name, home, settings=FEW)
    assert before == {path.name: path.read_bytes() for path in (home / GAN.name).iterdir()}


def test_names_and_wildcards_stand_for_runs() -> None:
    assert expand(["no-such-name"]) == ["no-such-name"]
    assert expand(["wgan-mnist-z10-l3", "wgan-mnist-z[12]0-l3"]) == ["wgan-mnist-z10-l3", "wgan-mnist-z20-l3"]
    assert expand(["wgan-mnist", "mlpvae-mnist"]) == ["wgan-mnist-z100-l4", "mlpvae-mnist-z2-l2"]
    with pytest.raises(UnknownNameError, match=r"No model's name matches 'wgan-cifar100-\*'"):
        expand(["wgan-mnist", "wgan-cifar100-*"])


@pytest.mark.slow
def test_several_runs_are_stopped_and_go_on_together(tmp_path: Path) -> None:
    data, out = str(digit_sheet(tmp_path / "digits")), str(tmp_path / "runs")
    command = [sys.executable, "-m", "genzoo", "train", "mlpvae-mnist-z2-l?", "--jobs", "2", "--out", out]
    command += ["--data", data, "--batch-size", "50", "--steps", "100000", "--evaluations", "0"]
    command += ["--save-minutes", "0.001"]
    first = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    folders = [Path(out) / "mlpvae-digits-z2-l1", Path(out) / "mlpvae-digits-z2-l2"]
    begun = time.monotonic()
    while (
        not all((folder / STATE).exists() for folder in folders)
        and first.poll() is None
        and time.monotonic() < begun + 120
    ):
        time.sleep(0.02)
    first.send_signal(signal.SIGTERM)
    assert first.communicate(timeout=60)[1].count("the state is saved") == 2
    assert first.returncode != 0
    done = [int(read_tensors(folder / STATE)["optimizer.vae.0.step"]) for folder in folders]
    assert all(0 < steps < 100_000 for steps in done)
    steps = str(max(done) + 5)
    command[command.index("100000")] = steps
    again = subprocess.run([*command, "--resume"], capture_output=True, text=True, check=True)
    assert sorted(again.stdout.split()) == sorted(map(str, folders))
    assert [training(folder)["steps"] for folder in folders] == [int(steps)] * 2


def test_every_entry_is_measured_on_the_way() -> None:
    assert [entry.name for entry in ENTRIES.values() if not measured(entry)] == []
