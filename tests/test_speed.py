"""What benchmarks hold genzoo's sampling against."""

from __future__ import annotations

import pytest
import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

import genzoo
from genzoo.nets import build
from genzoo.nets.blocks import Score, Signed, use_torch_layers
from genzoo.zoo.catalog import ALIASES, ENTRIES
from sample import CONDITIONS, KINDS, multiply_adds, plain_net, plain_sampler, table

FIRST = {ENTRIES[full].family.name: alias for alias, full in ALIASES.items()}
"""An alias of each family that has one."""


@pytest.mark.parametrize("family", FIRST)
def test_the_plain_way_draws_the_same_images_by_torchs_layers(family: str) -> None:
    model = genzoo.load(FIRST[family])
    z = model.latents(3, seed=0)
    expected = model.decode(z).detach()
    net = plain_net(model.generator)
    leaves = [layer for layer in net.modules() if not list(layer.children())]
    assert {type(layer).__module__.partition(".")[0] for layer in leaves} == {"torch"}
    assert not any(layer.training for layer in net.modules())
    with torch.no_grad():
        raw = net(z)
    pixels = (torch.tanh(raw) + 1) / 2 if model.entry.output_activation == "tanh" else torch.sigmoid(raw)
    assert torch.allclose(pixels, expected, atol=1e-5)


@pytest.mark.parametrize("family", FIRST)
def test_the_plain_loop_trains_torchs_layers(family: str) -> None:
    nets = build(ENTRIES[ALIASES[FIRST[family]]])
    weights = {name: value.clone() for name, value in nets.state_dict().items()}
    use_torch_layers(nets)
    leaves = {type(layer) for layer in nets.modules() if not list(layer.children())}
    assert {kind for kind in leaves if not kind.__module__.startswith("torch.")} <= {Signed, Score}
    assert weights.keys() == nets.state_dict().keys()
    assert all(torch.equal(value, weights[name]) for name, value in nets.state_dict().items())


def test_it_draws_as_many_as_are_asked_for() -> None:
    images = plain_sampler("mlpvae-mnist")(70)
    assert isinstance(images, torch.Tensor)
    assert images.shape == (70, 1, 28, 28)
    assert 0 <= images.min() < images.max() <= 1


@pytest.mark.parametrize("family", [name for name in FIRST if name != "lstmgan"])
def test_multiply_adds_are_those_that_torch_counts(family: str) -> None:
    entry = ENTRIES[ALIASES[FIRST[family]]]
    net = build(entry)["generator"].eval()
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        net(torch.zeros(1, entry.latent_size))
    assert multiply_adds(net, entry.latent_size) == counter.get_total_flops() // 2


def test_multiply_adds_of_an_lstm() -> None:
    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.lstm = nn.LSTM(5, 7, num_layers=2, batch_first=True)

        def forward(self, z: torch.Tensor) -> torch.Tensor:
            states: torch.Tensor = self.lstm(z[:, None].expand(-1, 3, -1))[0]
            return states

    assert multiply_adds(Net(), 5) == 3 * 4 * 7 * (5 + 7 + 7 + 7)


def test_a_table_has_a_row_for_each_model() -> None:
    numbers = {kind: float(place) for place, kind in enumerate(KINDS, 1)}
    condition = {"milliseconds": numbers, "images_per_second": numbers, "gain": numbers}
    row = {
        "name": "vae-mnist",
        **dict.fromkeys(CONDITIONS, condition),
        "peak_megabytes": numbers,
        "limit_images_per_second": 9,
    }
    versions = {"torch": "2.6.0+cpu", "onnxruntime": "1.20"}
    report = {"machine": "a machine", "versions": versions, "few": 64, "many": 10_000, "results": [row]}
    heading, line, *rows = table(report).splitlines()
    assert heading.startswith("| a machine, torch 2.6.0, onnxruntime 1.20 | 64 images, ms: plain | genzoo |")
    assert {text.count(" | ") for text in (heading, line, *rows)} == {12}
    assert rows == ["| `vae-mnist` | 1 | 2 | 3 | 1.0 | 2.0 | 3.0 | 9 | 2.0 | 2.0 | 1.0 | 2.0 | 3.0 |"]
