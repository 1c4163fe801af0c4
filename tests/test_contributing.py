"""CONTRIBUTING.md's recipes, followed block by block in a copy of the tree."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow
ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "CONTRIBUTING.md").read_text()
TRAINED = """
import json, sys
from pathlib import Path
import torch
import genzoo
from genzoo.data import ImageData
from genzoo.train import Plan, train
from genzoo.zoo.catalog import find_entry
assert Path(genzoo.__file__).is_relative_to(Path.cwd()), genzoo.__file__

def trained(name):
    entry = find_entry(name)
    torch.manual_seed(0)
    pixels = torch.randint(0, 256, (300, *entry.dataset.shape), dtype=torch.uint8)
    plan = Plan(entry=entry, out=Path(sys.argv[1]) / entry.name, steps=2, seed=0, device=torch.device("cpu"),
                precision="fp32")
    return train(plan, ImageData(entry.dataset, pixels))
"""


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """The package, with the feature nets and no other weights."""
    copy = tmp_path / "tree"
    shutil.copytree(ROOT / "genzoo", copy / "genzoo", ignore=shutil.ignore_patterns("__pycache__"))
    (copy / "weights").mkdir()
    os.symlink(ROOT / "weights" / "features", copy / "weights" / "features")
    shutil.copy(ROOT / "weights" / "manifest.json", copy / "weights")
    (copy / "cards").mkdir()
    shutil.copy(ROOT / "cards" / "notes.json", copy / "cards")
    return copy


def files(tree: Path) -> dict[str, bytes]:
    """What lies in the tree, but for what Python keeps there of itself."""
    paths = (path for path in tree.rglob("*") if path.is_file() and "__pycache__" not in path.parts)
    return {path.relative_to(tree).as_posix(): path.read_bytes() for path in paths}


def follow(heading: str, tree: Path, steps: str, out: Path) -> set[str]:
    """Do what a recipe's blocks say, take further steps in Python, and tell which files changed."""
    before = files(tree)
    recipe = PAGE.split(f"## {heading}\n", 1)[1].split("\n## ")[0]
    for kind, name, text in re.findall(r"```(python|diff)\n# (\S+)\n(.*?)```", recipe, re.DOTALL):
        write_block(tree / name, kind, text)
    env = os.environ | {"PYTHONPATH": str(tree), "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", TRAINED + steps, out],
        cwd=tree, env=env, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    after = files(tree)
    return {name for name in before.keys() | after.keys() if before.get(name) != after.get(name)}


def write_block(path: Path, kind: str, text: str) -> None:
    if kind == "python":
        assert not path.exists()
        path.write_text(text)
        return
    for hunk in text.split("@@\n"):
        lines = hunk.splitlines(keepends=True)
        old, new = ("".join(line[1:] for line in lines if line[0] in marks) for marks in (" -", " +"))
        source = path.read_text()
        assert source.count(old) == 1, f"{path.name} has not this once: {old}"
        path.write_text(source.replace(old, new))


def test_a_family_is_two_files(tree: Path, tmp_path: Path) -> None:
    steps = """
name = "sirengan-mnist-z100-l1"
assert genzoo.list_models("sirengan-*", family="sirengan") == [name]
model = genzoo.load(trained("sirengan-mnist"))
assert model.name == name and model.sample(3, seed=0).shape == (3, 1, 28, 28)
from genzoo.release.card import render
assert "A GAN whose generator is made of sines, with 1 hidden layer" in render(model.folder)
"""
    changed = follow("A family", tree, steps, tmp_path / "runs")
    assert changed == {"genzoo/nets/siren.py", "genzoo/zoo/families/siren.py"}


def test_a_dataset_is_one_file(tree: Path, tmp_path: Path) -> None:
    steps = """
import numpy, pickle, hashlib
import torchvision.datasets as sets
from genzoo.data import load_images
from genzoo.zoo.registry import DATASETS
root = Path(sys.argv[1]) / "cifar-100-python"
root.mkdir(parents=True)
for name, (file, _) in (("train", sets.CIFAR100.train_list[0]), ("test", sets.CIFAR100.test_list[0])):
    pixels = numpy.zeros((5, 3072), dtype=numpy.uint8)
    (root / file).write_bytes(pickle.dumps({"data": pixels, "fine_labels": [0] * 5}))
(root / "meta").write_bytes(pickle.dumps({"fine_label_names": []}))
digest = lambda file: hashlib.md5((root / file).read_bytes()).hexdigest()
sets.CIFAR100.train_list, sets.CIFAR100.test_list = ([[file, digest(file)]] for file in ("train", "test"))
sets.CIFAR100.meta = {**sets.CIFAR100.meta, "md5": digest("meta")}
assert load_images(DATASETS["cifar100"], sys.argv[1]).pixels.shape == (5, 3, 32, 32)
from click.testing import CliRunner
from genzoo.cli import main
assert "cifar100" in CliRunner().invoke(main, ["finetune", "--help"]).output
"""
    assert follow("A dataset", tree, steps, tmp_path / "data") == {"genzoo/zoo/datasets.py"}


MEASURED = """
from genzoo.evaluate import Settings, evaluate, intervals, reference
reference.REFERENCE_IMAGES, intervals.DRAWS = 1000, 4
settings = Settings(n=150, seeds=(0,))
"""


def test_a_metric_is_one_file(tree: Path, tmp_path: Path) -> None:
    steps = (
        MEASURED
        + """
from genzoo.evaluate import write_metrics
from genzoo.release.card import render
folder = trained("mlpgan-mnist-z100-l3")
measurement = evaluate(genzoo.load(folder), settings)
row = measurement.rows["feature_spread"]
assert row.mean > 0 and abs(row.floor - 1) < 0.2 and row.interval[0] < row.mean, row
write_metrics(folder / "metrics.json", measurement)
assert "| Feature spread | " in render(genzoo.load(folder).folder)
"""
    )
    assert follow("A metric", tree, steps, tmp_path / "runs") == {"genzoo/zoo/metrics.py"}


def test_an_entry_is_one_file_and_its_weights(tree: Path, tmp_path: Path) -> None:
    steps = (
        MEASURED
        + """
from genzoo.release.adopt import adopt
adopt(trained("mlpgan-mnist-z64-l2-small"), settings=settings)
assert genzoo.load("mlpgan-mnist-z64-l2-small").folder.pinned is not None
"""
    )
    changed = follow("An entry and its weights", tree, steps, tmp_path / "runs")
    name = "mlpgan-mnist-z64-l2-small"
    written = {file for file in changed if file.startswith(f"weights/{name}/")}
    assert f"weights/{name}/model.safetensors" in written
    assert changed - written == {"genzoo/zoo/catalog.py", "weights/manifest.json", f"cards/{name}.md"}
