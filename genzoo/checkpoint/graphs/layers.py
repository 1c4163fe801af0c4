"""Operations for each kind of layer, in the form that ONNX Runtime computes fastest."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

from torch import nn

from genzoo.accel import fastconv
from genzoo.checkpoint.graphs.builder import Builder, UnwritableError
from genzoo.checkpoint.graphs.transposed import transposed, windows
from genzoo.nets.blocks import Dropout, PiecewiseLeakyReLU, Score, Signed
from genzoo.nets.lstm import LstmDiscriminator, LstmGenerator

_CONVOLUTIONS = (nn.Conv2d, fastconv.Conv2d)
_TRANSPOSED = (nn.ConvTranspose2d, fastconv.ConvTranspose2d)
_WEIGHTED = (nn.Linear, *_CONVOLUTIONS, *_TRANSPOSED)
_UNFLATTENING = (nn.Unflatten, fastconv.Unflatten)
_NORMS = (nn.BatchNorm1d, nn.BatchNorm2d)
_IDLE = (Dropout, nn.Dropout, nn.Dropout2d, nn.Identity)
"""Layers that do nothing in evaluation mode."""


class Named(NamedTuple):
    """A layer, and what the names of its tensors begin with."""

    prefix: str
    layer: Any


class Step(NamedTuple):
    """A layer of weights with what follows it: batch norm and a factor, folded into the weights, and an activation.

    A linear layer's values may be maps, of (channels, height, width), to what follows.
    """

    prefix: str
    layer: Any
    norm: Named | None
    activation: Any
    gain: float
    maps: tuple[int, ...]


def write_net(b: Builder, prefix: str, net: nn.Module, x: str, gain: float = 1.0) -> str:
    """Add a net's operations on `x`, whose last layer is scaled by `gain`, and return the name of what comes out.

    Raises:
        UnwritableError: for a layer that no graph holds.
    """
    if type(net) is LstmGenerator:
        return _lstm_generator(b, prefix, net, x, gain)
    if type(net) is LstmDiscriminator:
        return _lstm_discriminator(b, prefix, net, x)
    layers = [named for named in _leaves(prefix, net) if type(named.layer) not in _IDLE]
    while layers:
        first = layers.pop(0)
        if type(first.layer) in _WEIGHTED:
            step = _step(first, layers)
            is_last = not any(type(named.layer) in _WEIGHTED for named in layers)
            x = _weighted(b, step._replace(gain=gain) if is_last else step, x)
        else:
            x = _plain(b, first.layer, x)
    return x


def _leaves(prefix: str, net: nn.Module) -> Iterator[Named]:
    """The layers of nested `Sequential`s in order."""
    if type(net) is nn.Sequential:
        for name, child in net.named_children():
            yield from _leaves(f"{prefix}{name}.", child)
    else:
        yield Named(prefix, net)


def _step(first: Named, layers: list[Named]) -> Step:
    """A layer of weights, and what is taken from the `layers` after it."""

    def take(kinds: tuple[type, ...]) -> Named | None:
        return layers.pop(0) if layers and type(layers[0].layer) in kinds else None

    unflatten = take(_UNFLATTENING) if type(first.layer) is nn.Linear else None
    maps: tuple[int, ...] = ()
    if unflatten is not None:
        _need(unflatten.layer, unflatten.layer.dim == 1)
        maps = tuple(unflatten.layer.unflattened_size)
    norm = take(_NORMS)
    if norm is not None:
        _need(norm.layer, norm.layer.affine and norm.layer.track_running_stats)
    activation = take(tuple(_ACTIVATIONS))
    return Step(first.prefix, first.layer, norm, activation and activation.layer, 1.0, maps)


def _need(layer: nn.Module, condition: bool) -> None:
    if not condition:
        raise UnwritableError(f"a layer {type(layer).__name__} of other settings than genzoo's")


_ACTIVATIONS: Mapping[type, Callable[[Builder, Any, str], str]] = {
    nn.ReLU: lambda b, _, x: b.op("Relu", x),
    nn.LeakyReLU: lambda b, layer, x: b.op("LeakyRelu", x, alpha=float(layer.negative_slope)),
    PiecewiseLeakyReLU: lambda b, _, x: b.op("LeakyRelu", x, alpha=0.2),
    nn.Tanh: lambda b, _, x: b.op("Tanh", x),
    nn.Sigmoid: lambda b, _, x: b.op("Sigmoid", x),
}


def _plain(b: Builder, layer: Any, x: str) -> str:
    """A layer without weights."""
    kind = type(layer)
    if kind in _ACTIVATIONS:
        return _ACTIVATIONS[kind](b, layer, x)
    if kind is Signed:
        return b.op("Sub", b.op("Mul", x, b.number(2.0)), b.number(1.0))
    if kind is Score:
        return b.op("Reshape", x, b.integers(0))
    if kind in (nn.Flatten, fastconv.Flatten):
        _need(layer, (layer.start_dim, layer.end_dim) == (1, -1))
        return b.op("Flatten", x, axis=1)
    if kind in _UNFLATTENING:
        _need(layer, layer.dim == 1)
        return b.op("Reshape", x, b.integers(0, *layer.unflattened_size))
    if kind is nn.MaxPool2d:
        _need(layer, (layer.padding, layer.dilation, layer.ceil_mode) == (0, 1, False))
        return b.op("MaxPool", x, kernel_shape=_pair(layer.kernel_size), strides=_pair(layer.stride))
    raise UnwritableError(f"a layer {kind.__name__}")


def _pair(size: int | tuple[int, int]) -> tuple[int, int]:
    return (size, size) if isinstance(size, int) else size


def _weighted(b: Builder, step: Step, x: str) -> str:
    """A layer of weights with all that follows it."""
    kind = type(step.layer)
    if kind is nn.Linear:
        x = _activated(b, step, b.op("Gemm", x, *_folded(b, step), transB=1))
        return b.op("Reshape", x, b.integers(0, *step.maps)) if step.maps else x
    if isinstance(step.layer.padding, str):
        raise UnwritableError("a convolution whose padding is not given in numbers")
    _need(step.layer, (step.layer.groups, step.layer.dilation, step.layer.padding_mode) == (1, (1, 1), "zeros"))
    if kind in _CONVOLUTIONS:
        return _activated(b, step, b.op("Conv", x, *_folded(b, step), **windows(step.layer)))
    _need(step.layer, len(set(step.layer.stride)) == 1)
    return transposed(b, step.layer, _folded(b, step), x, lambda y: _activated(b, step, y))


def _activated(b: Builder, step: Step, x: str) -> str:
    return x if step.activation is None else _ACTIVATIONS[type(step.activation)](b, step.activation, x)


def _folded(b: Builder, step: Step) -> list[str]:
    """A layer's weight, and its bias where it has one, with batch norm and the factor folded into them.

    y = gain * (scale * (w x + b - mean) + beta), where scale = gamma / sqrt(variance + eps), for each channel.
    """
    weight = b.weight(f"{step.prefix}weight")
    bias = None if step.layer.bias is None else b.weight(f"{step.prefix}bias")
    if step.norm is not None:
        scale, mean, beta = _norm(b, step)
        weight = _scaled(b, weight, scale, axis=1 if type(step.layer) in _TRANSPOSED else 0)
        shifted = mean if bias is None else b.op("Sub", mean, bias)
        bias = b.op("Sub", beta, b.op("Mul", shifted, scale))
    if step.gain != 1:
        weight = b.op("Mul", weight, b.number(step.gain))
        bias = bias and b.op("Mul", bias, b.number(step.gain))
    return [weight] if bias is None else [weight, bias]


def _norm(b: Builder, step: Step) -> list[str]:
    """Scale, mean and shift of batch norm, for each of a layer's outputs."""
    assert step.norm is not None
    prefix, norm = step.norm
    deviation = b.op("Sqrt", b.op("Add", b.weight(f"{prefix}running_var"), b.number(norm.eps)))
    scale = b.op("Div", b.weight(f"{prefix}weight"), deviation)
    values = [scale, b.weight(f"{prefix}running_mean"), b.weight(f"{prefix}bias")]
    if type(norm) is nn.BatchNorm1d or not step.maps:
        return values
    channels, height, width = step.maps
    return [_repeated(b, value, channels, height * width) for value in values]


def _repeated(b: Builder, values: str, channels: int, times: int) -> str:
    """Each of a channel's values as often as it has pixels: (c,) -> (c * times,)."""
    rows = b.op("Expand", b.op("Reshape", values, b.integers(channels, 1)), b.integers(channels, times))
    return b.op("Reshape", rows, b.integers(channels * times))


def _scaled(b: Builder, weight: str, scale: str, axis: int) -> str:
    """A weight times one number for each place along an axis."""
    shape = b.shape(weight)
    return b.op("Mul", weight, b.op("Reshape", scale, b.integers(shape[axis], *[1] * (len(shape) - 1 - axis))))


def _lstm(b: Builder, prefix: str, lstm: nn.LSTM, x: str) -> tuple[str, str]:
    """Stacked layers: (steps, n, inputs) -> the last layer's outputs, (steps, 1, n, units), and the last of these."""
    _need(lstm, lstm.bias and not lstm.bidirectional and not lstm.proj_size)
    units, outputs = lstm.hidden_size, [x, x]
    for layer in range(lstm.num_layers):
        w, r, of_inputs, of_state = (
            _gates(b, b.weight(f"{prefix}{name}_l{layer}"), units)
            for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
        )
        x = b.op("Squeeze", outputs[0], b.integers(1)) if layer else x
        outputs = [f"Y_{layer}", f"Y_h_{layer}"]
        b.op("LSTM", x, w, r, b.op("Concat", of_inputs, of_state, axis=1), outputs=outputs, hidden_size=units)
    return outputs[0], outputs[1]


def _gates(b: Builder, weight: str, units: int) -> str:
    """Torch's input, forget, cell and output gates in ONNX's order: (4 * units, ...) -> (1, 4 * units, ...)."""
    rest = b.shape(weight)[1:]
    gates = b.op("Gather", b.op("Reshape", weight, b.integers(4, units, *rest)), b.integers(0, 3, 1, 2), axis=0)
    return b.op("Reshape", gates, b.integers(1, 4 * units, *rest))


def _lstm_generator(b: Builder, prefix: str, net: LstmGenerator, x: str, gain: float) -> str:
    channels, rows, columns = net.shape
    x = b.op("Tile", b.op("Unsqueeze", x, b.integers(0)), b.integers(rows, 1, 1))
    states, _ = _lstm(b, f"{prefix}lstm.", net.lstm, x)
    x = b.op("Squeeze", states, b.integers(1))  # (h, n, units)
    weight, bias = _folded(b, Step(f"{prefix}row.", net.row, None, None, gain, ()))
    x = b.op("MatMul", b.op("Transpose", x, perm=(1, 0, 2)), b.op("Transpose", weight, perm=(1, 0)))
    x = b.op("Reshape", b.op("Add", x, bias), b.integers(0, rows, channels, columns))
    return b.op("Transpose", x, perm=(0, 2, 1, 3))


def _lstm_discriminator(b: Builder, prefix: str, net: LstmDiscriminator, x: str) -> str:
    rows = b.op("Transpose", _plain(b, net.signed, x), perm=(2, 0, 1, 3))  # (h, n, c, w)
    _, state = _lstm(b, f"{prefix}lstm.", net.lstm, b.op("Reshape", rows, b.integers(0, 0, net.lstm.input_size)))
    return write_net(b, f"{prefix}judge.", net.judge, b.op("Squeeze", state, b.integers(0)))
