"""Transposed convolutions, in the form that ONNX Runtime computes fastest."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from genzoo.checkpoint.graphs.builder import Builder

_SMALL_MAP, _FEW_CHANNELS = 8, 4
"""Where a convolution for each phase is faster: from maps up to this side, and to more channels than these.

Measured on one core in batches of 64: a DCGAN's generator on CIFAR-10 takes 15.0 ms with no layer so written, 13.7 ms
with those from maps of 4 x 4, 13.2 ms with those from 8 x 8, too; a VAE's on the Olivetti faces 63, 44 and 44 ms, and
47.5 ms with the one from 16 x 16.  A layer to one or three channels takes three times as long in phases.
"""


class Phase(NamedTuple):
    """Every stride-th row (or column) of what a transposed convolution gives, as a convolution of its own.

    Its taps are the kernel's from the `first` on, in steps of the stride; the map is padded `before` and `after`.
    """

    first: int
    taps: int
    before: int
    after: int

    @property
    def is_convolution(self) -> bool:
        """Whether a convolution can have such pads; not where rows lie beyond all that the kernel reaches."""
        return 0 <= self.before < self.taps and 0 <= self.after < self.taps


def windows(layer: Any) -> dict[str, Any]:
    """The attributes that both kinds of convolution have."""
    return {"kernel_shape": layer.kernel_size, "strides": layer.stride, "pads": layer.padding * 2}


def transposed(b: Builder, layer: Any, weights: Sequence[str], x: str, activate: Callable[[str], str]) -> str:
    """A transposed convolution of one stride, by its weight and bias, with what follows it.

    In phases (Shi et al. 2016) each pixel of a block of stride by stride is a convolution of its own.
    """
    height, width = b.shape(x)[2:]
    grown = _grown(layer, 0, height), _grown(layer, 1, width)
    phases = [_phases(layer, axis, side, grown[axis]) for axis, side in enumerate((height, width))]
    small = max(height, width) <= _SMALL_MAP and layer.out_channels > _FEW_CHANNELS and layer.stride[0] > 1
    if not small or not all(phase.is_convolution for axis in phases for phase in axis):
        return activate(b.op("ConvTranspose", x, *weights, **windows(layer), output_padding=layer.output_padding))
    weight, *bias = weights
    inputs = (x, b.op("Transpose", weight, perm=(1, 0, 2, 3)), *bias)
    maps = [activate(_convolved(b, layer, (rows, columns), inputs)) for rows in phases[0] for columns in phases[1]]
    x = b.op("DepthToSpace", b.op("Concat", *maps, axis=1), blocksize=layer.stride[0])
    if b.shape(x)[2:] == grown:
        return x
    return b.op("Slice", x, b.integers(0, 0), b.integers(*grown), b.integers(2, 3))


def _grown(layer: Any, axis: int, side: int) -> int:
    """The side of the map that comes out."""
    kernel, stride, padding = layer.kernel_size[axis], layer.stride[axis], layer.padding[axis]
    return int((side - 1) * stride - 2 * padding + kernel + layer.output_padding[axis])


def _phases(layer: Any, axis: int, side: int, grown: int) -> list[Phase]:
    """The phases of one axis: row o sees row i of the map through the kernel's row o + padding - i * stride."""
    stride, phases = layer.stride[axis], []
    for offset in range(stride):
        start, first = divmod(offset + layer.padding[axis], stride)
        taps = len(range(first, layer.kernel_size[axis], stride))
        phases.append(Phase(first, taps, taps - 1 - start, start - (-grown // stride) - side))
    return phases


def _convolved(b: Builder, layer: Any, phases: tuple[Phase, Phase], inputs: Sequence[str]) -> str:
    """The convolution of a phase of each axis: the kernel's taps from the last to the first."""
    x, weight, *bias = inputs
    stride = layer.stride[0]
    last = [phase.first + (phase.taps - 1) * stride for phase in phases]
    beyond = [-1 - kernel for kernel in layer.kernel_size]
    taps = b.op("Slice", weight, b.integers(*last), b.integers(*beyond), b.integers(2, 3), b.integers(-stride, -stride))
    rows, columns = phases
    return b.op(
        "Conv",
        x,
        taps,
        *bias,
        kernel_shape=(rows.taps, columns.taps),
        pads=(rows.before, columns.before, rows.after, columns.after),
    )
