"""Records from outside: an installed package's, and those of a user's own code."""

from __future__ import annotations

import dataclasses
import json
import logging
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import genzoo
from genzoo.checkpoint.config import read_config
from genzoo.checkpoint.folder import Folder, sign
from genzoo.errors import BadCheckpointError, GenzooError, InvalidEntryError, RegistrationError
from genzoo.zoo import registry
from genzoo.zoo.catalog import ENTRIES, list_models
from genzoo.zoo.datasets import Dataset
from genzoo.zoo.families.mlp import Mlp

from .hub_process import environment
from .hub_server import TOKEN, HubServer

PLUGIN = Path(__file__).parent / "plugin"
NAME = "bandgan-stripes-z4-l1"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder into which the package was installed by pip."""
    work = tmp_path_factory.mktemp("plugin")
    source, target = Path(shutil.copytree(PLUGIN, work / "source")), work / "site"
    subprocess.run(
        [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--no-index", "--no-build-isolation",
         "--disable-pip-version-check", "--root-user-action=ignore", "--target", target, source],
        check=True,
    )  # fmt: skip
    return target


PROGRAM = """
import contextlib, io, json, os, sys
from pathlib import Path
import genzoo
from genzoo.cli import main

def run(*args):
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        try:
            main([str(arg) for arg in args])
        except SystemExit as end:
            assert not end.code, (args, end.code)
    return out.getvalue()

name, whole, run_ = sys.argv[1], Path("whole"), Path("run")
assert name in [row["name"] for row in json.loads(run("list", "--json"))]
options = ["--device", "cpu", "--evaluations", 0, "--precision", "fp32"]
run("train", name, "--steps", 4, "--out", whole, *options)
run("train", name, "--steps", 2, "--out", run_, *options)
run("train", name, "--steps", 4, "--out", run_, "--resume", *options)
assert (whole / "model.safetensors").read_bytes() == (run_ / "model.safetensors").read_bytes()
run("evaluate", run_, "-n", 150, "--seeds", 0)
metrics = json.loads((run_ / "metrics.json").read_text())
assert metrics["dataset"] == "stripes" and metrics["features"]["name"] == "genzoo-mnist", metrics
assert metrics["frechet_distance"]["floor"] < metrics["frechet_distance"]["mean"], metrics["frechet_distance"]
card = run("card", run_)
for words in ("A least-squares GAN of two layers", "trained on Stripes", "least squares to 1 and 0", "Mao et al. 2017"):
    assert words in card, card
run("publish", run_, "--repo-id", "user/bands")
model = genzoo.load("user/bands")
assert (model.sample(3, seed=0) == genzoo.load(run_).sample(3, seed=0)).all()
assert model.score(model.sample(3, seed=0)).shape == (3,)
try:
    genzoo.load(name)
    raise AssertionError("it has no weights")
except genzoo.GenzooError as error:
    assert "have not been trained yet" in str(error), error
assert (whole / "config.json").read_text().count('"package": "genzoo-stripes"') == 1
"""


def test_a_package_brings_a_family_and_a_dataset(site: Path, hub: HubServer, tmp_path: Path, home: Path) -> None:
    paths = os.pathsep.join([str(site), str(PLUGIN.parents[1])])
    env = environment(hub, home, PYTHONPATH=paths, HF_TOKEN=TOKEN, HF_HUB_DISABLE_XET="1")
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, NAME], cwd=tmp_path, env=env, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    # Here it is not installed, and its name is all that is used of what the folder says.
    with pytest.raises(
        BadCheckpointError, match=r"its family 'bandgan' comes with the package 'genzoo-stripes', which "
    ):
        genzoo.load(tmp_path / "run")
    assert "stripes" not in sys.modules


def package(folder: Path, name: str, module: str, text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Install a package of one module, whose RECORDS it brings."""
    facts = folder / f"{name}-1.dist-info"
    facts.mkdir(parents=True)
    (facts / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1\n")
    (facts / "entry_points.txt").write_text(f"[genzoo.plugins]\nzoo = {module}:RECORDS\n")
    (folder / f"{module}.py").write_text(text)
    monkeypatch.syspath_prepend(str(folder))


@pytest.mark.usefixtures("tables")
@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("import a_module_that_nobody_has", "No module named 'a_module_that_nobody_has'"),
        ("raise SystemError", "SystemError"),
        ("from genzoo.zoo.catalog import MNIST\nRECORDS = [MNIST]", "The dataset mnist is registered twice: give one"),
        ("RECORDS = ['mine']", "'mine' is no Family, Dataset, Metric or Entry"),
        ("", "has no attribute 'RECORDS'"),
    ],
)
def test_a_package_that_fails_is_told_of_and_no_more(
    text: str, words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    package(tmp_path, "genzoo-broken", "genzoo_broken", text, monkeypatch)
    monkeypatch.delitem(sys.modules, "genzoo_broken", raising=False)
    with caplog.at_level(logging.WARNING, "genzoo"):
        assert list_models() == list(ENTRIES)
        assert list_models("vae-mnist") == ["vae-mnist-z20-l5"]
    (told,) = [record.getMessage() for record in caplog.records]
    assert told.startswith("The package genzoo-broken brings genzoo records that could not be registered (")
    assert words in told
    assert "\n" not in told


@pytest.mark.usefixtures("tables")
def test_own_code_registers_through_the_same_call() -> None:
    entry = ENTRIES["mlpgan-mnist-z100-l3"]
    mine = dataclasses.replace(entry.family, name="mine")
    squares = Dataset("squares", (1, 16, 16))
    genzoo.register(mine, squares, dataclasses.replace(entry, family=mine, dataset=squares))
    assert genzoo.list_models("mine-*", family="mine", dataset="squares") == ["mine-squares-z100-l3"]
    assert registry.package_of(mine) is None


@pytest.mark.usefixtures("tables")
def test_an_entry_comes_after_its_family() -> None:
    entry = ENTRIES["mlpgan-mnist-z100-l3"]
    mine = dataclasses.replace(entry.family, name="mine")
    with pytest.raises(RegistrationError, match="mine-mnist-z100-l3 is of a family mine that is not registered"):
        genzoo.register(dataclasses.replace(entry, family=mine))


@pytest.mark.usefixtures("tables")
def test_names_that_clash_register_nothing() -> None:
    new, taken = Dataset("squares", (1, 16, 16)), Dataset("mnist", (1, 16, 16))
    for records in ([new, taken], [new, new]):
        with pytest.raises(
            RegistrationError, match=r"The dataset (mnist|squares) is registered twice: give one of the"
        ):
            genzoo.register(*records)
        assert "squares" not in registry.DATASETS


def altered(folder: Path, **changes: Any) -> Folder:
    config = json.loads((folder / "config.json").read_text())
    for key, value in changes.items():
        (config["entry"] if key in config["entry"] else config)[key] = value
    (folder / "config.json").write_text(json.dumps(config))
    sign(folder)
    return Folder(folder)


def test_the_package_that_a_checkpoint_names_is_shown_and_never_imported(checkpoint: Path, tmp_path: Path) -> None:
    for i, name in enumerate(("antigravity", "x" * 100_000, "a\x1b[2J\nb", "os; import antigravity")):
        folder = altered(Path(shutil.copytree(checkpoint, tmp_path / str(i))), family="unheard", package=name)
        with pytest.raises(BadCheckpointError, match="its family 'unheard' comes with the package '") as caught:
            read_config(folder)
        assert len(str(caught.value)) < 500
        assert str(caught.value).isprintable()
        assert "antigravity" not in sys.modules
    folder = altered(Path(shutil.copytree(checkpoint, tmp_path / "list")), package=["genzoo"])
    with pytest.raises(BadCheckpointError, match="its field package is no name"):
        read_config(folder)
    folder = altered(Path(shutil.copytree(checkpoint, tmp_path / "none")), family="unheard")
    with pytest.raises(BadCheckpointError, match=r"entry\.family is 'unheard', but must be one of \['dcgan', "):
        read_config(folder)


def test_the_domain_knows_no_files(checkpoint: Path, tmp_path: Path) -> None:
    with pytest.raises(InvalidEntryError, match="the generator's list of hidden sizes is") as caught:
        Mlp(generator=(), discriminator=(2,))
    assert not isinstance(caught.value, BadCheckpointError)
    folder = Path(shutil.copytree(checkpoint, tmp_path / "run"))
    config = json.loads((folder / "config.json").read_text())
    with pytest.raises(
        BadCheckpointError, match=r"run.config\.json is refused: the generator's list of hidden sizes is"
    ):
        read_config(altered(folder, arch=config["entry"]["arch"] | {"generator": []}))
    with pytest.raises(
        GenzooError, match=r"nowhere:build, which a record names, cannot be imported \(No module named 'nowhere'"
    ):
        registry.resolve("nowhere:build")
