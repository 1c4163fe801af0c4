"""A trained net as an exported program of torch, which runs without genzoo."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor, nn

from genzoo.accel.sessions import Array
from genzoo.errors import GenzooError, brief
from genzoo.images.pixels import to_pixels
from genzoo.nets.blocks import Signed, use_torch_layers
from genzoo.release.export import Net, input_shape
from genzoo.sampling.elbo import posterior
from genzoo.sampling.model import Model
from genzoo.zoo.spec import Entry


class _Signed(nn.Module):
    """Pixels in [0, 1] -> [-1, 1]."""

    def forward(self, x: Tensor) -> Tensor:
        return 2 * x - 1


class _Whole(nn.Module):
    """A net from what users have to what they want: pixels, or an encoder's two halves."""

    def __init__(self, layers: nn.Module, entry: Entry, net: Net) -> None:
        super().__init__()
        self.layers, self.net, self.output = layers, net, entry.output_activation

    def forward(self, x: Tensor) -> Tensor | tuple[Tensor, Tensor]:
        y: Tensor = self.layers(x)
        if self.net == "generator":
            return to_pixels(y, self.output)
        return posterior(y) if self.net == "encoder" else y


def write_program(model: Model, net: Net, part: Path) -> int:
    """Write a net of a model as a program for `torch.export.load`, and return how many operations it has.

    Raises:
        GenzooError: where torch does not export it.
    """
    layers = getattr(model, net)
    use_torch_layers(layers)  # older versions of torch cannot follow how genzoo's choose, nor gradients of their own
    for name, layer in list(layers.named_modules()):
        if isinstance(layer, Signed):  # whose constant older versions of torch warn of in a program
            layers.set_submodule(name, _Signed())
    inputs = (torch.zeros(2, *input_shape(model.entry, net)),)
    n = torch.export.Dim("n", min=1, max=2**20)
    with torch.no_grad(), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of an LSTM's weights, which it keeps in a list, too
        try:
            program = torch.export.export(_Whole(layers, model.entry, net), inputs, dynamic_shapes=({0: n},))
        except Exception as error:  # its kinds have no common class
            reason = brief(" ".join(str(error).split()))[1:-1]
            raise GenzooError(f"torch does not export the {net} of {model.name} ({reason}): try .onnx.") from None
    with part.open("wb") as file:
        torch.export.save(program, file)
    return sum(node.op == "call_function" for node in program.graph.nodes)


def runner(part: Path) -> Callable[[Array], tuple[Array, ...]]:
    """A function that runs a written program."""
    with part.open("rb") as file:
        layers = torch.export.load(file).module()

    def run(values: Array) -> tuple[Array, ...]:
        with torch.no_grad():
            outputs = layers(torch.from_numpy(values))
        return tuple(output.numpy() for output in ([outputs] if isinstance(outputs, Tensor) else outputs))

    return run
