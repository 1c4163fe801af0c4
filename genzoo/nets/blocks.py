"""Layers and checks that the nets of several families share."""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.autograd import Function

from genzoo.accel import fastconv
from genzoo.errors import InvalidEntryError
from genzoo.zoo.architecture import Activation
from genzoo.zoo.spec import Entry

_MOST_VALUES = 2**20
"""In a map of one image: a few weights can ask for any amount of memory, through wide layers of small kernels."""
_SLOPE = 0.2
"""Of LeakyReLU below zero, as the reports and DCGAN have it."""


def to_signed(pixels: Tensor) -> Tensor:
    """Pixels in [0, 1] as discriminators see them, in [-1, 1]."""
    # In one pass over memory instead of two; the number lies on the processor, whatever the default device.
    return torch.add(torch.tensor(-1, dtype=pixels.dtype, device="cpu"), pixels, alpha=2)


class Signed(nn.Module):
    """Pixels in [0, 1] -> [-1, 1], the range in which discriminators see images."""

    def forward(self, x: Tensor) -> Tensor:
        return to_signed(x)


class Score(nn.Module):
    """(n, 1) -> (n,): one score an image."""

    def forward(self, x: Tensor) -> Tensor:
        return x.squeeze(1)


class Dropout(nn.Module):
    """Zeroes values with probability `p`, rounded to 1/256, and scales the others to keep the mean.

    On the processor it draws eight random bits for each value: `nn.Dropout` draws a whole number there, one
    after the other, which takes a third of a fully connected discriminator's step.
    """

    def __init__(self, p: float) -> None:
        super().__init__()
        self.p = p

    def extra_repr(self) -> str:
        return f"p={self.p}"

    def forward(self, x: Tensor) -> Tensor:
        if not self.training or not self.p:
            return x
        if x.device.type != "cpu":
            return F.dropout(x, self.p)
        dropped = round(256 * self.p)
        words = torch.empty(-(-x.numel() // 8), dtype=torch.int64, device="cpu").random_(-(2**63), None)
        mask = (words.view(torch.uint8)[: x.numel()] >= dropped).view(x.shape)
        return x * mask.to(x.dtype).mul_(256 / (256 - dropped))


class _Piecewise(Function):
    """The function of `PiecewiseLeakyReLU`, with its gradient."""

    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        ctx.mark_dirty(x)
        y = F.leaky_relu_(x, _SLOPE)
        ctx.save_for_backward(y)
        ctx.set_materialize_grads(False)  # or zeros would go back through every layer before
        return y

    @staticmethod
    def backward(ctx: Any, *grads: Tensor | None) -> Tensor | None:
        (y,) = ctx.saved_tensors  # of the input's sign
        if grads[0] is None:
            return None
        return torch.ops.aten.leaky_relu_backward(grads[0], y.detach(), _SLOPE, False)  # type: ignore[no-any-return]


class PiecewiseLeakyReLU(nn.Module):
    """LeakyReLU in place, of slope 0.2, whose slopes are constants to autograd, for a gradient of a gradient.

    Its second derivative is zero wherever it exists; torch's own sends those zeros back through every
    layer before it, which takes a quarter of a gradient penalty's time.
    """

    def forward(self, x: Tensor) -> Tensor:
        result: Tensor = _Piecewise.apply(x)
        return result


def use_torch_layers(net: nn.Module) -> None:
    """Put torch's own layers in the place of genzoo's, which compute the same to rounding; weights stay where they are.

    For what is to be held against plain torch, and for programs that run without genzoo.
    """
    for name, layer in net.named_children():
        if isinstance(layer, Dropout):
            setattr(net, name, nn.Dropout(layer.p).train(layer.training))
        elif isinstance(layer, PiecewiseLeakyReLU):
            setattr(net, name, nn.LeakyReLU(_SLOPE, inplace=True))
        elif type(layer).__module__ == fastconv.__name__:
            layer.__class__ = type(layer).__bases__[0]
        else:
            use_torch_layers(layer)


def activate(name: Activation) -> nn.Module:
    """ReLU, or LeakyReLU."""
    return nn.ReLU(inplace=True) if name == "relu" else nn.LeakyReLU(_SLOPE, inplace=True)


def discriminator_ends(entry: Entry) -> tuple[list[nn.Module], int, list[nn.Module]]:
    """The layers before those that judge images, the number of outputs, and the layers after."""
    if entry.is_vae:
        return [], 2 * entry.latent_size, []
    return [Signed()], 1, [Score()]


def refuse_large_map(entry: Entry, values: int) -> None:
    """Raise `InvalidEntryError` for a map of more values of one image than a small model has."""
    if values > _MOST_VALUES:
        raise InvalidEntryError(
            f"{entry.name}: a map of {values:,} values for each image is too large, the limit is {_MOST_VALUES:,}."
        )


def start_as_glorot(layer: nn.Module) -> None:
    """Start weights of Glorot and Bengio 2010, Keras's default, and no biases; for `nn.Module.apply`."""
    if isinstance(layer, nn.Linear | nn.Conv2d | nn.ConvTranspose2d):
        nn.init.xavier_uniform_(layer.weight)
        assert layer.bias is not None
        nn.init.zeros_(layer.bias)
