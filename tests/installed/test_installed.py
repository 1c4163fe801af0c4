"""The whole zoo as a wheel brings it: no checkout in reach, and no network."""

from __future__ import annotations

import json
import re
import socket
from pathlib import Path

import pytest
import torch
from click.testing import CliRunner

import genzoo
from genzoo.checkpoint.manifest import read_manifest
from genzoo.cli import main
from genzoo.release.card import render
from genzoo.zoo.catalog import ALIASES, ENTRIES

from ..conftest import digit_sheet, noise_images
from ..hub_server import HubServer

pytestmark = pytest.mark.installed

CARDS = Path(__file__).parents[2] / "cards"
README = Path(__file__).parents[2] / "README.md"
FIRST = {ENTRIES[full].family.name: full for full in ALIASES.values()}
"""An entry of each family."""


def run(*args: object) -> str:
    """What a command prints for programs, once it has gone well."""
    done = CliRunner().invoke(main, [str(arg) for arg in args])
    assert done.exit_code == 0, done.output
    return done.stdout


def test_nothing_leaves_this_machine(attempts: list[str]) -> None:
    with pytest.raises(PermissionError), socket.socket() as one:
        one.connect(("192.0.2.1", 80))
    with pytest.raises(PermissionError):
        socket.getaddrinfo("example.org", 80)
    assert attempts == ["socket.connect 192.0.2.1", "socket.getaddrinfo example.org"]
    attempts.clear()


def test_everything_is_here() -> None:
    rows = json.loads(run("list", "--json"))
    assert {row["name"]: row["weights"] for row in rows} == dict.fromkeys(ENTRIES, "here")
    found = {row["name"]: (row["files"], row["damaged"]) for row in json.loads(run("verify", "--json"))}
    assert found == {name: (len(files), {}) for name, files in read_manifest().items()}


@pytest.mark.parametrize("name", ENTRIES)
def test_every_entry(name: str) -> None:
    model = genzoo.load(name)
    model.check()  # all its nets, and the golden images
    images = model.sample(4, seed=0)
    assert images.shape == (4, *model.entry.dataset.shape)
    assert 0 <= images.min() < images.max() <= 1
    assert model.metrics is not None
    if model.entry.is_vae:
        mean, log_variance = model.encode(images)
        assert mean.shape == log_variance.shape == (4, model.entry.latent_size)
        numbers = torch.cat([mean.flatten(), model.elbo(images), model.reconstruct(images).flatten()])
    else:
        numbers = model.score(images)
        assert numbers.shape == (4,)
    assert numbers.isfinite().all()
    # What the checkout holds, whose pictures lie elsewhere.
    card = (CARDS / f"{name}.md").read_text().replace(f"../weights/{name}/", "")
    assert run("card", name, "--front-matter") == render(model.folder) == card


def test_the_playground_is_here(tmp_path: Path) -> None:
    run("demo", *FIRST.values(), "--out", tmp_path / "site")
    models = json.loads((tmp_path / "site" / "index.json").read_text())["models"]
    assert [model["name"] for model in models] == list(FIRST.values())
    for model in models:
        assert {path.name for path in (tmp_path / "site" / "models" / model["key"]).iterdir()} == set(model["files"])
    assert (tmp_path / "site" / "vendor" / "ort-wasm-simd-threaded.wasm").stat().st_size > 10_000_000


@pytest.mark.usefixtures("small_reference")
@pytest.mark.filterwarnings("ignore:Use 'content=:DeprecationWarning")  # the Hub's client of its HTTP library
@pytest.mark.parametrize("family", FIRST)
def test_one_of_each_family(family: str, tmp_path: Path, loopback: HubServer, monkeypatch: pytest.MonkeyPatch) -> None:
    name = FIRST[family]
    run("finetune", name, "--data", digit_sheet(tmp_path / "pictures"), "--steps", 2, "--batch-size", 25,
        "--device", "cpu", "--out", tmp_path / "run")  # fmt: skip
    tuned = genzoo.load(tmp_path / "run")
    assert tuned.config.parent is not None
    assert tuned.config.parent["name"] == name
    assert not torch.equal(tuned.sample(2, seed=0), genzoo.load(name).sample(2, seed=0))
    assert f"# {tuned.name}" in run("card", tmp_path / "run")

    # Of a VAE's dataset the test images are needed, which no wheel brings.
    monkeypatch.setattr("genzoo.evaluate.measure.load_images", lambda dataset, *_, **__: noise_images(dataset, 20))
    run("evaluate", name, "-n", 200, "--seeds", 0, "--likelihood-images", 2, "--out", tmp_path / "metrics.json")
    measured = json.loads((tmp_path / "metrics.json").read_text())
    assert measured["frechet_distance"]["floor"] > 0  # of features of training images

    for source in (name, tmp_path / "run"):
        sent = run("publish", source, "--repo-id", f"user/{family}").split('"')[1]
        assert sent == f"user/{family}@{loopback.repos[f'user/{family}'].refs['main']}"
        assert torch.equal(genzoo.load(sent).sample(2, seed=0), genzoo.load(source).sample(2, seed=0))


def test_the_python_of_the_readme_runs_to_its_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (code,) = re.findall(r"```python\n(.*?)```", README.read_text(), re.DOTALL)
    exec(compile(code, README.name, "exec"), {})
    assert (tmp_path / "grid.png").is_file()
