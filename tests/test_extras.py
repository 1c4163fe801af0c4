"""Sampling does without the libraries of the extra `train`; who needs one is told so before anything is done."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

import genzoo
from genzoo.checkpoint.manifest import weights_home
from genzoo.checkpoint.measurement import read_metrics
from genzoo.cli import main
from genzoo.data import load_images
from genzoo.errors import MissingLibraryError
from genzoo.evaluate import compare, plot
from genzoo.extras import TRAIN
from genzoo.train import train
from genzoo.zoo.datasets import MNIST, OLIVETTI

from .conftest import noise_images, plan

ROOT = Path(__file__).parents[1]
ALL = "matplotlib, scikit-learn, scipy and torchvision"
INSTALL = r"pip install 'genzoo\[train\]', or '\.\[train\]' in a checkout\."


@pytest.fixture
def _bare(monkeypatch: pytest.MonkeyPatch) -> None:
    """None of them can be imported."""
    for module in TRAIN:
        monkeypatch.setitem(sys.modules, module, None)


def test_the_extra_brings_what_is_asked_for() -> None:
    block = re.search(r"^train = \[\n(.*?)^\]", (ROOT / "pyproject.toml").read_text(), re.DOTALL | re.MULTILINE)
    assert block is not None
    assert re.findall(r'"([a-z-]+)', block[1]) == list(TRAIN.values())


@pytest.mark.usefixtures("_bare")
@pytest.mark.parametrize(
    ("line", "missing"),
    [
        ("train mlpvae-mnist", f"Training needs {ALL}"),
        ("train mlpvae-mnist --dry-run", f"Training needs {ALL}"),
        ("train dcgan-* --jobs 2", f"Training needs {ALL}"),
        ("finetune mlpvae-mnist --dataset mnist", f"Training needs {ALL}"),
        ("evaluate --compare mlpvae-mnist mlpgan-mnist --plot out.png", "A plot needs matplotlib"),
        ("plot vae-mnist", "A plot needs matplotlib"),
        ("study show vae-mnist-latent-size --out pictures", "A plot needs matplotlib"),
        ("train-features mnist", "Training a feature net needs torchvision"),
    ],
)
def test_a_command_says_what_it_needs(line: str, missing: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(main, line.split())
    assert (done.exit_code, done.stdout) == (1, "")
    verb = "are" if " and " in missing else "is"
    assert re.fullmatch(rf"Error: {missing}, which {verb} not installed: {INSTALL}\n", done.stderr)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.usefixtures("_bare")
def test_functions_say_the_same(checkpoint: Path, tmp_path: Path) -> None:
    entry = genzoo.load(checkpoint).entry
    measured = read_metrics(next(weights_home().glob("*/metrics.json")))
    comparison = compare([measured, measured])
    with pytest.raises(MissingLibraryError, match=f"Training needs {ALL}"):
        train(plan(entry.name, tmp_path / "run"), noise_images(entry.dataset))
    with pytest.raises(MissingLibraryError, match="A plot needs matplotlib"):
        plot(comparison, tmp_path / "plot.png")
    with pytest.raises(MissingLibraryError, match="The dataset mnist needs torchvision"):
        load_images(MNIST, tmp_path)
    with pytest.raises(MissingLibraryError, match="The download of the Olivetti faces needs scikit-learn"):
        load_images(OLIVETTI, tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("module", TRAIN)
def test_one_of_them_alone(module: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    done = CliRunner().invoke(main, ["train", "mlpvae-mnist"])
    assert done.stderr.startswith(f"Error: Training needs {TRAIN[module]}, which is not installed: ")


def test_it_is_said_before_torch_is_imported() -> None:
    block = f"import sys\nfor name in {list(TRAIN)}: sys.modules[name] = None\n"
    run = "from genzoo.cli import main\ntry: main(['train', 'mlpvae-mnist'])\nfinally: print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", block + run], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (1, "False\n")
    assert "Training needs" in done.stderr


@pytest.mark.usefixtures("_bare")
def test_sampling_needs_none(checkpoint: Path, tmp_path: Path) -> None:
    model = genzoo.load(checkpoint)
    images = model.sample(2, seed=0, prior="mixture")
    assert model.elbo(images).isfinite().all()
    model.save_pretrained(tmp_path / "copy")
    for line in (
        f"generate -m {checkpoint} -n 4 {tmp_path / 'out.png'}",
        f"verify {checkpoint}",
        f"card {checkpoint}",
        f"info {checkpoint}",
        "evaluate --compare mlpvae-mnist mlpgan-mnist",
    ):
        done = CliRunner().invoke(main, line.split())
        assert done.exit_code == 0, done.output
