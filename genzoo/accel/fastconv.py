"""Strided convolutions for training: on a processor in bfloat16, where small maps are the library's weak side, and
there and on a GPU in float32 for a gradient of a gradient, which torch works out by convolutions with batches for
channels.

Measured with oneDNN on one core: the convolutions of a DCGAN on CIFAR-10 run forward at up to 550 GFLOP/s, but at
a fifth of that where maps shrink to 2 x 2, their weight gradients at a fifth to two thirds, and the transposed
convolution to an image's three channels at a fifteenth.  There a matrix product of patches, and a convolution of
stride 1 to the four pixels that each place stands for, take half the time or less.  In float32 the library runs at
three quarters of the speed of matrix products or more, but for the same two places, which are computed here then too.

The three operations are each other's derivatives, so that any order of derivative exists: with C a convolution,
T its transpose and G its weight gradient, all linear in both arguments,

    <C(x, w), g> = <x, T(g, w)> = <w, G(x, g)>.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.autograd import Function


class Geometry(NamedTuple):
    """A square kernel's side, stride and padding, and the sides of the maps (height, width) it is laid on."""

    kernel: int
    stride: int
    padding: int
    wide: tuple[int, int]

    @property
    def narrow(self) -> tuple[int, int]:
        """Sides of the maps that come out."""
        height, width = ((side + 2 * self.padding - self.kernel) // self.stride + 1 for side in self.wide)
        return height, width

    @property
    def places(self) -> int:
        """Pixels of a map that comes out."""
        return self.narrow[0] * self.narrow[1]


_FEW_PLACES_FORWARD, _FEW_PLACES_GRADIENT = 4, 16
"""The largest maps at which a matrix product of patches was faster on a processor; it copies each pixel for every tap.
"""
_IMAGE_CHANNELS = 4


def _rows(x: Tensor) -> Tensor:
    """(n, c, h, w) -> (n h w, c)."""
    return x.permute(0, 2, 3, 1).reshape(-1, x.shape[1])


def _patches(x: Tensor, at: Geometry) -> Tensor:
    """The patch of pixels under the kernel at each place of the narrow maps: (n, c, *wide) -> (n places, k k c)."""
    height, width = at.narrow
    p = at.padding
    padded = F.pad(x.permute(0, 2, 3, 1), (0, 0, p, p, p, p)).contiguous()
    windows = padded.unfold(1, at.kernel, at.stride)[:, :height].unfold(2, at.kernel, at.stride)[:, :, :width]
    return windows.permute(0, 1, 2, 4, 5, 3).reshape(x.shape[0] * at.places, -1)


def _convolve(x: Tensor, w: Tensor, at: Geometry) -> Tensor:
    if at.places > _FEW_PLACES_FORWARD or x.device.type != "cpu" or x.dtype is torch.float32:
        return F.conv2d(x, w, None, at.stride, at.padding)
    rows = _patches(x, at) @ _rows(w).view(w.shape[0], -1).t()
    return rows.view(len(x), *at.narrow, w.shape[0]).permute(0, 3, 1, 2)


def _transpose(g: Tensor, w: Tensor, at: Geometry) -> Tensor:
    to_image = w.shape[1] <= _IMAGE_CHANNELS and at.stride == 2 and at.wide == (2 * g.shape[2], 2 * g.shape[3])
    if to_image and g.device.type == "cpu":
        return _transpose_to_image(g, w, at)
    height, width = (
        wide - (narrow - 1) * at.stride + 2 * at.padding - at.kernel
        for wide, narrow in zip(at.wide, g.shape[2:], strict=True)
    )
    return F.conv_transpose2d(g, w, None, at.stride, at.padding, (height, width))


def _transpose_to_image(g: Tensor, w: Tensor, at: Geometry) -> Tensor:
    """The transpose with stride 2 as a convolution of stride 1 to 2 x 2 pixels for each place (Shi et al. 2016)."""
    taps = max(at.padding + 1, at.kernel - at.padding - 1)
    taps += 1 - taps % 2
    # Pixel 2 q + a sees place q + i - taps // 2 through the kernel's row a + 2 (taps - 1 - i) - before.
    before = taps - 1 - at.padding
    after = 2 * taps - before - at.kernel
    narrow, wide = w.shape[:2]
    split = F.pad(w, (before, after, before, after)).view(narrow, wide, taps, 2, taps, 2).flip(2, 4)
    kernels = split.permute(3, 5, 1, 0, 2, 4).reshape(4 * wide, narrow, taps, taps)
    pixels = F.conv2d(g, kernels.contiguous(memory_format=torch.channels_last), None, 1, taps // 2)
    height, width = g.shape[2:]
    pixels = pixels.permute(0, 2, 3, 1).reshape(-1, height, width, 2, 2, wide).transpose(2, 3)
    return pixels.reshape(-1, 2 * height, 2 * width, wide).permute(0, 3, 1, 2)


def _weight_gradient(x: Tensor, g: Tensor, at: Geometry) -> Tensor:
    narrow, wide, k = g.shape[1], x.shape[1], at.kernel
    # In float32 products gain less.
    few = _FEW_PLACES_FORWARD if x.dtype is torch.float32 else _FEW_PLACES_GRADIENT
    if at.places <= few and x.device.type == "cpu":
        return (_rows(g).t() @ _patches(x, at)).view(narrow, k, k, wide).permute(0, 3, 1, 2)
    like = torch.empty((narrow, wide, k, k), dtype=x.dtype, device=x.device, memory_format=torch.channels_last)
    stride, padding = [at.stride] * 2, [at.padding] * 2
    wanted = [False, True, False]
    gradient: Tensor
    _, gradient, _ = torch.ops.aten.convolution_backward(
        g, x, like, None, stride, padding, [1, 1], False, [0, 0], 1, wanted
    )
    return gradient


_OPERATIONS = {
    "g": (_convolve, ("x", "w")),
    "x": (_transpose, ("g", "w")),
    "w": (_weight_gradient, ("x", "g")),
}
"""The operation that computes each of the three tensors, with the names of its arguments, the other two."""


_MAPS_ALONE = ContextVar("_MAPS_ALONE", default=False)


@contextmanager
def gradients_of_maps_alone() -> Iterator[None]:
    """Within, a backward pass through this module's layers computes no gradient of a weight, only those of maps.

    It is for gradients by an image: autograd does not tell a `Function` which of its inputs' gradients were asked
    for, as it tells torch's own layers.
    """
    token = _MAPS_ALONE.set(True)
    try:
        yield
    finally:
        _MAPS_ALONE.reset(token)


class _Operation(Function):
    """The tensor of a name from the other two; the gradients by these are again such operations."""

    @staticmethod
    def forward(ctx: Any, name: str, first: Tensor, second: Tensor, at: Geometry) -> Tensor:
        ctx.save_for_backward(first, second)
        ctx.set_materialize_grads(False)  # or zeros would go back through every layer before
        ctx.name, ctx.at = name, at
        compute, _ = _OPERATIONS[name]
        return compute(first, second, at)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor | None) -> tuple[Tensor | None, ...]:
        if grads[0] is None:
            return None, None, None, None
        _, names = _OPERATIONS[ctx.name]
        known = dict(zip(names, ctx.saved_tensors, strict=True)) | {ctx.name: grads[0]}
        wanted = {name for name, needed in zip(names, ctx.needs_input_grad[1:3], strict=True) if needed}
        if _MAPS_ALONE.get():
            wanted.discard("w")
        return (None, *(_operate(name, known, ctx.at) if name in wanted else None for name in names), None)


def _operate(name: str, known: dict[str, Tensor], at: Geometry) -> Tensor:
    _, names = _OPERATIONS[name]
    result: Tensor = _Operation.apply(name, *(known[each] for each in names), at)
    return result


def convolve(x: Tensor, w: Tensor, at: Geometry) -> Tensor:
    """A convolution: (n, wide channels, *at.wide), (narrow, wide, k, k) -> (n, narrow, *at.narrow)."""
    return _operate("g", {"x": x, "w": w}, at)


def transpose(g: Tensor, w: Tensor, at: Geometry) -> Tensor:
    """Its transpose: (n, narrow channels, *at.narrow), (narrow, wide, k, k) -> (n, wide, *at.wide)."""
    return _operate("x", {"g": g, "w": w}, at)


def _in_bfloat16(x: Tensor) -> bool:
    asked = torch.is_autocast_enabled("cpu") and torch.get_autocast_dtype("cpu") is torch.bfloat16
    return asked and x.device.type == "cpu"


def _as_it_comes(x: Tensor) -> bool:
    return x.device.type in ("cpu", "cuda") and not torch.is_autocast_enabled(x.device.type)


_ANY_ROUNDING = ContextVar("_ANY_ROUNDING", default=False)


@contextmanager
def any_rounding() -> Iterator[None]:
    """Within, layers are computed as in training where no gradient is asked for, too: faster, and rounded otherwise.

    It is for numbers; a seed's images are always torch's own.
    """
    token = _ANY_ROUNDING.set(True)
    try:
        yield
    finally:
        _ANY_ROUNDING.reset(token)


def _gains_in_float32(x: Tensor, channels: int, at: Geometry) -> bool:
    """Whether this module is faster on a processor: at an image, and where maps are smallest."""
    allowed = x.device.type == "cpu" and _as_it_comes(x) and (torch.is_grad_enabled() or _ANY_ROUNDING.get())
    return allowed and at.stride > 1 and (channels <= _IMAGE_CHANNELS or at.places <= _FEW_PLACES_FORWARD)


def _cast(tensor: Tensor) -> Tensor:
    return tensor.to(torch.bfloat16, memory_format=torch.channels_last)


def _with_bias(y: Tensor, bias: Tensor | None) -> Tensor:
    if bias is None:
        return y
    if len(bias) > _IMAGE_CHANNELS:
        return y + bias.to(y.dtype).view(1, -1, 1, 1)
    # Rows of pixels are added at once, three numbers at a time are not.
    rows = y.permute(0, 2, 3, 1)
    return (rows.flatten(2) + bias.to(y.dtype).repeat(rows.shape[2])).view(rows.shape).permute(0, 3, 1, 2)


class Conv2d(nn.Conv2d):
    """`nn.Conv2d` of a square kernel, computed by this module in training on a processor where that is faster."""

    twice_differentiable = False
    """Whether this module also computes it outside autocast, and on a GPU, for the sake of a gradient of a gradient."""

    def forward(self, x: Tensor) -> Tensor:
        assert isinstance(self.padding, tuple)
        height, width = x.shape[2:]
        at = Geometry(self.kernel_size[0], self.stride[0], self.padding[0], (height, width))
        weight = self.weight
        if _in_bfloat16(x):
            x, weight = _cast(x), _cast(weight)
        elif not (self._twice(x) or _gains_in_float32(x, self.in_channels, at)):
            return super().forward(x)
        return _with_bias(convolve(x, weight, at), self.bias)

    def _twice(self, x: Tensor) -> bool:
        return self.twice_differentiable and torch.is_grad_enabled() and _as_it_comes(x)


class ConvTranspose2d(nn.ConvTranspose2d):
    """`nn.ConvTranspose2d` of a square kernel, computed by this module in training on a processor where it gains."""

    def forward(self, x: Tensor, output_size: list[int] | None = None) -> Tensor:
        assert isinstance(self.padding, tuple)
        kernel, stride, padding = self.kernel_size[0], self.stride[0], self.padding[0]
        height, width = (
            (side - 1) * stride - 2 * padding + kernel + more
            for side, more in zip(x.shape[2:], self.output_padding, strict=True)
        )
        at = Geometry(kernel, stride, padding, (height, width))
        weight = self.weight
        if _in_bfloat16(x):
            x, weight = _cast(x), _cast(weight)
        elif output_size is not None or not _gains_in_float32(x, self.out_channels, at):
            return super().forward(x, output_size)
        return _with_bias(transpose(x, weight, at), self.bias)


class Flatten(nn.Flatten):
    """`nn.Flatten` of maps, whose gradient gets their memory format.

    The gradient from a linear layer has another, and an activation that meets two formats takes ten times as long.
    """

    def forward(self, x: Tensor) -> Tensor:
        if x.requires_grad and not x.is_contiguous() and x.is_contiguous(memory_format=torch.channels_last):
            x.register_hook(_as_channels_last)  # type: ignore[no-untyped-call]
        return super().forward(x)


class Unflatten(nn.Unflatten):
    """`nn.Unflatten` to maps in channels-last format, under autocast to bfloat16 on a processor."""

    def forward(self, x: Tensor) -> Tensor:
        maps = super().forward(x)
        return _as_channels_last(maps) if _in_bfloat16(x) else maps


def _as_channels_last(maps: Tensor) -> Tensor:
    return maps.contiguous(memory_format=torch.channels_last)
