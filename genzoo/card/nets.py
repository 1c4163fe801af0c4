"""An entry's nets as a card lists them: layers with weights, and how many parameters each has."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from genzoo.spec import Entry
from genzoo.weights import meta_nets

if TYPE_CHECKING:
    from torch import nn


@dataclass(frozen=True)
class Layer:
    """One layer: its class, the shapes of its weights (of its biases where it has no others), and its parameters."""

    kind: str
    weights: str
    parameters: int


@dataclass(frozen=True)
class Net:
    """One net of an entry, with all of its layers that have parameters."""

    name: str
    layers: tuple[Layer, ...]
    parameters: int


def nets_of(entry: Entry) -> list[Net]:
    """An entry's nets in their order; no memory is taken for their weights."""
    from genzoo.nets import count_parameters

    return [Net(name, tuple(_layers(net)), count_parameters(net)) for name, net in meta_nets(entry).items()]


def _layers(net: nn.Module) -> Iterator[Layer]:
    for module in net.modules():
        if parameters := list(module.parameters(recurse=False)):
            weights = [parameter for parameter in parameters if parameter.dim() > 1] or parameters[:1]
            shapes = ", ".join(" x ".join(map(str, weight.shape)) for weight in weights)
            yield Layer(type(module).__name__, shapes, sum(parameter.numel() for parameter in parameters))
