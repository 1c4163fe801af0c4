"""Convolutional nets of other activations, and with something else than batch norm in the generator."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

import genzoo
from genzoo.errors import InvalidEntryError
from genzoo.nets import build
from genzoo.nets.blocks import Dropout, PiecewiseLeakyReLU
from genzoo.studies.catalog import STUDIES
from genzoo.studies.study import all_runs
from genzoo.train import Plan, train
from genzoo.zoo.catalog import ENTRIES
from genzoo.zoo.spec import Entry

from .conftest import noise_images
from .test_graphs import run_net

pytestmark = pytest.mark.numeric

ROOT = Path(__file__).parents[1]
NAMES = ("dcgan-mnist-z100-l4", "dcgan-mnist-z100-l4-bn4", "wgangp-mnist-z100-l3", "vae-mnist-z10-l3")
FIELDS: tuple[dict[str, Any], ...] = (
    {"activation": "relu"},
    {"generator_norm": "none"},
    {"generator_norm": "none", "generator_dropout": 0.25, "activation": "relu"},
)


def altered(name: str, fields: dict[str, Any]) -> Entry:
    entry = ENTRIES[name]
    return dataclasses.replace(entry, arch=dataclasses.replace(entry.arch, **fields), tag="other")


def count(net: nn.Module, *kinds: type[nn.Module]) -> int:
    return sum(isinstance(layer, kinds) for layer in net.modules())


@pytest.mark.parametrize("fields", FIELDS)
@pytest.mark.parametrize("name", NAMES)
def test_nets_have_what_their_architecture_says(name: str, fields: dict[str, Any]) -> None:
    entry, own = altered(name, fields), build(ENTRIES[name])
    assert Entry.from_json(json.loads(json.dumps(entry.to_json()))) == entry
    nets, dropout = build(entry), 0 if entry.is_vae else fields.get("generator_dropout", 0)
    for net, layers in nets.items():
        activations = count(own[net], nn.LeakyReLU, PiecewiseLeakyReLU)
        relus = activations if "activation" in fields else 0
        found = count(layers, nn.ReLU), count(layers, nn.LeakyReLU, PiecewiseLeakyReLU)
        assert found == (relus, activations - relus)
        norms = count(own[net], nn.BatchNorm2d)
        assert count(layers, nn.BatchNorm2d) == (0 if net == "generator" and "generator_norm" in fields else norms)
    generator = nets["generator"]
    hidden = count(own["generator"], nn.LeakyReLU)
    assert count(generator, Dropout) == (hidden if dropout else 0)
    weighted = [layer for layer in generator.modules() if isinstance(layer, nn.Linear | nn.Conv2d | nn.ConvTranspose2d)]
    if "generator_norm" in fields:  # nothing subtracts their biases again
        assert all(layer.bias is not None for layer in weighted)
    words = "0.25 after each hidden layer of the generator"
    assert entry.dropout.endswith(words) == bool(dropout)
    assert ENTRIES[name].dropout == entry.dropout.removesuffix(words).removesuffix(", ")


@pytest.mark.parametrize("fields", FIELDS)
@pytest.mark.parametrize("name", NAMES)
@torch.no_grad()
def test_their_graphs_are_those_of_the_nets(name: str, fields: dict[str, Any], tmp_path: Path) -> None:
    entry = altered(name, fields)
    torch.manual_seed(0)
    for net, layers in build(entry).items():
        shape = (entry.latent_size,) if net == "generator" else entry.dataset.shape
        x = torch.rand(3, *shape)
        np.testing.assert_allclose(run_net(layers.eval(), x, tmp_path), layers(x), atol=1e-4)


@pytest.mark.parametrize(("name", "fields"), [(NAMES[0], FIELDS[2]), (NAMES[2], FIELDS[0])])
def test_they_train(name: str, fields: dict[str, Any], tmp_path: Path) -> None:
    """And a penalty on the gradient goes through ReLU, too."""
    entry = altered(name, fields)
    plan = Plan(entry, tmp_path / "run", 1, seed=0, device=torch.device("cpu"), precision="fp32", evaluations=0)
    folder = train(plan, noise_images(entry.dataset, 256))
    model = genzoo.load(folder)
    model.check()
    assert model.score(model.sample(3, seed=0)).isfinite().all()
    assert genzoo.find_directions(model, 1).vectors.shape == (1, entry.latent_size)


def test_dropout_stands_in_the_place_of_batch_norm() -> None:
    with pytest.raises(InvalidEntryError, match="goes with a generator_norm of 'none', not 'batch'"):
        altered(NAMES[0], {"generator_dropout": 0.3})
    with pytest.raises(InvalidEntryError, match="is not between 0 and"):
        altered(NAMES[0], {"generator_norm": "none", "generator_dropout": 1.0})


def test_fields_that_came_later_leave_names_and_files_as_they_were() -> None:
    runs = {run.name for run in all_runs(STUDIES.values())}
    assert {path.parent.name for path in (ROOT / "studies").glob("*/config.json")} <= runs
    for name, entry in ENTRIES.items():
        stored = json.loads((ROOT / "weights" / name / "config.json").read_text())["entry"]
        assert Entry.from_json(stored).arch == entry.arch
