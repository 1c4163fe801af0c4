"""The operators that a graph may have, and the shape that each gives: what it takes in memory is known before it runs.

A dimension of -1, `N`, is the number of images; at most one of a shape is.  What has none is a constant, computed once
when a session starts.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from genzoo.checkpoint.graphs.model import FLOAT, INT64, Attribute, Node, Port, Tensor
from genzoo.errors import brief

N, VARYING = -1, "n"
Shape = tuple[int, ...]
_MOST_STRIDE, _MOST_KERNEL, _MOST_RANK = 16, 64, 8


@dataclass(frozen=True)
class Value:
    """The known facts of a tensor before it is there: `half` is float16 or bfloat16, which must be cast first."""

    shape: Shape
    type: Literal["float", "half", "int"] = "float"
    integers: tuple[int, ...] | None = None

    @property
    def size(self) -> int:
        """Values of one image, or of a constant."""
        return math.prod(side for side in self.shape if side != N)


@dataclass(frozen=True)
class Rule:
    """The inputs and outputs of an operator.

    `shapes` has the outputs' shapes of the inputs' and the attributes; `integers` are the places of those inputs that
    must be constant lists of whole numbers.
    """

    shapes: Callable[..., Sequence[Shape]]
    inputs: tuple[int, int]
    attributes: Mapping[str, type] = field(default_factory=dict)
    integers: tuple[int, ...] = ()
    outputs: int = 1


def of_port(port: Port) -> Shape:
    """The shape of an input or an output."""
    return tuple(N if side == VARYING else int(side) for side in port.shape)


def of_tensor(tensor: Tensor) -> Value:
    """The value of an initializer, as far as it is known."""
    if tensor.type == INT64 and tensor.raw is not None:
        return Value(tensor.shape, "int", struct.unpack(f"<{len(tensor.raw) // 8}q", tensor.raw))
    return Value(tensor.shape, "float" if tensor.type == FLOAT else "half")


def need(condition: bool) -> None:
    """Raise ValueError unless shapes and attributes fit one another."""
    if not condition:
        raise ValueError("its shapes do not fit")


def apply(node: Node, inputs: Sequence[Value]) -> list[Value]:
    """The outputs of a node.

    Raises:
        ValueError: for an operator that no graph may have, and for inputs or attributes that it cannot have.
    """
    rule = RULES.get(node.op)
    if rule is None:
        raise ValueError(f"it has an operator {brief(node.op, 40)}, which genzoo does not run")
    least, most = rule.inputs
    if not least <= len(inputs) <= most or not 1 <= len(node.outputs) <= rule.outputs:
        raise ValueError(f"its operator {node.op} has another number of inputs or outputs")
    for name, attribute in node.attributes.items():
        if type(attribute) is not rule.attributes.get(name):
            raise ValueError(f"its operator {node.op} has an attribute {brief(name, 40)}, or one of another type")
    arguments: list[Any] = []
    for place, value in enumerate(inputs):
        wanted = "int" if place in rule.integers else "half" if node.op == "Cast" else "float"
        if value.type != wanted:
            raise ValueError(f"its operator {node.op} takes values of another type")
        arguments.append(value.integers if wanted == "int" else value.shape)
    try:
        shapes = rule.shapes(*arguments, **node.attributes)
    except (TypeError, IndexError):
        raise ValueError(f"its operator {node.op} has attributes or shapes that do not fit") from None
    values = [Value(shape) for shape in shapes[: len(node.outputs)]]
    for value in values:
        need(len(value.shape) <= _MOST_RANK and value.shape.count(N) <= 1)
        need(all(type(side) is int and (side >= 1 or side == N) for side in value.shape))
    return values


def _same(x: Shape, **_: Attribute) -> list[Shape]:
    return [x]


def _cast(x: Shape, to: int) -> list[Shape]:
    need(to == FLOAT)
    return [x]


def _broadcast(a: Shape, b: Shape) -> list[Shape]:
    rank = max(len(a), len(b))
    pairs = zip((1,) * (rank - len(a)) + a, (1,) * (rank - len(b)) + b, strict=True)
    return [tuple(_common(left, right) for left, right in pairs)]


def _common(left: int, right: int) -> int:
    need(left == right or 1 in (left, right))
    return left if right == 1 else right


def _gemm(a: Shape, b: Shape, bias: Shape | None = None, transB: int = 0) -> list[Shape]:  # noqa: N803
    need(len(a) == len(b) == 2 and transB in (0, 1) and N not in b)
    inner, outer = (b[1], b[0]) if transB else b
    need(a[1] == inner and bias in (None, (outer,)))
    return [(a[0], outer)]


def _matmul(a: Shape, b: Shape) -> list[Shape]:
    need(len(a) >= 2 and len(b) == 2 and a[-1] == b[0] and N not in b)
    return [(*a[:-1], b[1])]


def _windows(kernel: Shape, strides: Shape, pads: Shape) -> None:
    need(len(kernel) == len(strides) == 2 and len(pads) == 4)
    need(all(1 <= side <= _MOST_KERNEL for side in kernel) and all(1 <= step <= _MOST_STRIDE for step in strides))
    need(all(0 <= pad < side for pad, side in zip(pads, kernel * 2, strict=True)))


def _conv(
    x: Shape,
    w: Shape,
    bias: Shape | None = None,
    *,
    kernel_shape: Shape,
    strides: Shape = (1, 1),
    pads: Shape = (0,) * 4,
) -> list[Shape]:
    _windows(kernel_shape, strides, pads)
    need(len(x) == len(w) == 4 and N not in (*x[1:], *w) and w[1] == x[1] and w[2:] == kernel_shape)
    need(bias in (None, w[:1]))
    return [(x[0], w[0], *_narrowed(x, kernel_shape, strides, pads))]


def _max_pool(x: Shape, *, kernel_shape: Shape, strides: Shape = (1, 1)) -> list[Shape]:
    pads = (0,) * 4
    _windows(kernel_shape, strides, pads)
    need(len(x) == 4 and N not in x[1:])
    return [(*x[:2], *_narrowed(x, kernel_shape, strides, pads))]


def _narrowed(x: Shape, kernel: Shape, strides: Shape, pads: Shape) -> Shape:
    sides = [(x[2 + i] + pads[i] + pads[2 + i] - kernel[i], strides[i]) for i in (0, 1)]
    need(all(room >= 0 for room, _ in sides))
    return tuple(room // step + 1 for room, step in sides)


def _conv_transpose(
    x: Shape,
    w: Shape,
    bias: Shape | None = None,
    *,
    kernel_shape: Shape,
    strides: Shape = (1, 1),
    pads: Shape = (0,) * 4,
    output_padding: Shape = (0, 0),
) -> list[Shape]:
    _windows(kernel_shape, strides, pads)
    need(len(x) == len(w) == 4 and N not in (*x[1:], *w) and w[0] == x[1] and w[2:] == kernel_shape)
    need(bias in (None, w[1:2]) and len(output_padding) == 2)
    need(all(0 <= more < step for more, step in zip(output_padding, strides, strict=True)))
    sides = [(x[2 + i] - 1) * strides[i] + kernel_shape[i] - pads[i] - pads[2 + i] + output_padding[i] for i in (0, 1)]
    return [(x[0], w[1], *sides)]


def _depth_to_space(x: Shape, *, blocksize: int) -> list[Shape]:
    need(len(x) == 4 and N not in x[1:] and 1 <= blocksize <= _MOST_STRIDE and x[1] % blocksize**2 == 0)
    return [(x[0], x[1] // blocksize**2, x[2] * blocksize, x[3] * blocksize)]


def _slice(x: Shape, starts: Shape, ends: Shape, axes: Shape, steps: Shape | None = None) -> list[Shape]:
    steps = (1,) * len(axes) if steps is None else steps
    need(len(starts) == len(ends) == len(axes) == len(steps) == len(set(axes)))
    sides = list(x)
    for start, end, axis, step in zip(starts, ends, axes, steps, strict=True):
        need(0 <= axis < len(x) and x[axis] != N and 1 <= abs(step) <= _MOST_STRIDE)
        sides[axis] = len(range(*slice(start, end, step).indices(x[axis])))
    return [tuple(sides)]


def _reshape(x: Shape, shape: Shape) -> list[Shape]:
    need(all(side > 0 or (side == 0 and i < len(x)) for i, side in enumerate(shape)))
    result = tuple(side or x[i] for i, side in enumerate(shape))
    need(result.count(N) == x.count(N) and math.prod(result) == math.prod(x))
    return [result]


def _flatten(x: Shape, *, axis: int) -> list[Shape]:
    need(axis == 1 and x[0] == N)
    return [(N, math.prod(x[1:]))]


def _transpose(x: Shape, *, perm: Shape) -> list[Shape]:
    need(sorted(perm) == list(range(len(x))))
    return [tuple(x[axis] for axis in perm)]


def _tile(x: Shape, repeats: Shape) -> list[Shape]:
    need(
        len(repeats) == len(x)
        and all(times >= 1 and (times == 1 or side != N) for times, side in zip(repeats, x, strict=True))
    )
    return [tuple(N if side == N else side * times for side, times in zip(x, repeats, strict=True))]


def _expand(x: Shape, shape: Shape) -> list[Shape]:
    need(N not in x and all(side >= 1 for side in shape))
    return _broadcast(x, shape)


def _squeeze(x: Shape, axes: Shape) -> list[Shape]:
    need(len(axes) == 1 and 0 <= axes[0] < len(x) and x[axes[0]] == 1)
    return [x[: axes[0]] + x[axes[0] + 1 :]]


def _unsqueeze(x: Shape, axes: Shape) -> list[Shape]:
    need(len(axes) == 1 and 0 <= axes[0] <= len(x))
    return [(*x[: axes[0]], 1, *x[axes[0] :])]


def _concat(*parts: Shape, axis: int) -> list[Shape]:
    first = parts[0]
    need(0 <= axis < len(first) and all(part[axis] != N and len(part) == len(first) for part in parts))
    need(all(part[:axis] == first[:axis] and part[axis + 1 :] == first[axis + 1 :] for part in parts))
    return [(*first[:axis], sum(part[axis] for part in parts), *first[axis + 1 :])]


def _gather(x: Shape, indices: Shape, *, axis: int) -> list[Shape]:
    need(N not in x and 0 <= axis < len(x) and all(0 <= index < x[axis] for index in indices))
    return [(*x[:axis], len(indices), *x[axis + 1 :])]


def _lstm(x: Shape, w: Shape, r: Shape, b: Shape, *, hidden_size: int) -> list[Shape]:
    steps, n, inputs = x
    need(steps != N and inputs != N and N not in (*w, *r, *b) and hidden_size >= 1)
    gates = 4 * hidden_size
    need((w, r, b) == ((1, gates, inputs), (1, gates, hidden_size), (1, 2 * gates)))
    return [(steps, 1, n, hidden_size), (1, n, hidden_size)]


_WINDOWS = {"kernel_shape": tuple, "strides": tuple, "pads": tuple}
RULES: Mapping[str, Rule] = {
    "Cast": Rule(_cast, (1, 1), {"to": int}),
    **{name: Rule(_broadcast, (2, 2)) for name in ("Add", "Sub", "Mul", "Div")},
    **{name: Rule(_same, (1, 1)) for name in ("Sqrt", "Relu", "Sigmoid", "Tanh", "Identity")},
    "LeakyRelu": Rule(_same, (1, 1), {"alpha": float}),
    "Gemm": Rule(_gemm, (2, 3), {"transB": int}),
    "MatMul": Rule(_matmul, (2, 2)),
    "Conv": Rule(_conv, (2, 3), _WINDOWS),
    "ConvTranspose": Rule(_conv_transpose, (2, 3), {**_WINDOWS, "output_padding": tuple}),
    "MaxPool": Rule(_max_pool, (1, 1), {"kernel_shape": tuple, "strides": tuple}),
    "DepthToSpace": Rule(_depth_to_space, (1, 1), {"blocksize": int}),
    "Flatten": Rule(_flatten, (1, 1), {"axis": int}),
    "LSTM": Rule(_lstm, (4, 4), {"hidden_size": int}, outputs=2),
    "Slice": Rule(_slice, (4, 5), integers=(1, 2, 3, 4)),
    "Reshape": Rule(_reshape, (2, 2), integers=(1,)),
    "Transpose": Rule(_transpose, (1, 1), {"perm": tuple}),
    "Tile": Rule(_tile, (2, 2), integers=(1,)),
    "Expand": Rule(_expand, (2, 2), integers=(1,)),
    "Squeeze": Rule(_squeeze, (2, 2), integers=(1,)),
    "Unsqueeze": Rule(_unsqueeze, (2, 2), integers=(1,)),
    "Concat": Rule(_concat, (1, 8), {"axis": int}),
    "Gather": Rule(_gather, (2, 2), {"axis": int}, integers=(1,)),
}
"""By the operator's name."""
