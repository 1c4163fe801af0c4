"""Bounds of a graph: the signature of its net, the weights of its folder, and maps of a small net's size."""

from __future__ import annotations

import math
from collections.abc import Mapping

from genzoo.checkpoint.graphs import shapes
from genzoo.checkpoint.graphs.headers import Stored
from genzoo.checkpoint.graphs.model import FLOAT, INT64, TYPES, Model, Node, Port, Tensor
from genzoo.checkpoint.graphs.shapes import VARYING, Value
from genzoo.errors import brief
from genzoo.zoo.spec import Entry

_MOST_VALUES = 2**21
"""Of one image at one place of the graph: twice what a net may have, since maps are cut after they are made."""
_MOST_IN_ALL = 2**25
"""Of one image at all places."""
_COPIES = 12
"""Of the weights in constants, at most: they are cast, scaled, cut and turned around when a session starts."""
_MOST_INLINE = 16
Signature = tuple[tuple[Port, ...], tuple[Port, ...]]
"""Inputs and outputs."""


def signature(entry: Entry, net: str) -> Signature:
    """The inputs and the outputs that a net's graph must have."""
    latents, images = (VARYING, entry.latent_size), (VARYING, *entry.dataset.shape)
    if net == "generator":
        return (Port("z", latents),), (Port("images", images),)
    if net == "encoder":
        return (Port("images", images),), (Port("mean", latents), Port("log_variance", latents))
    return (Port("images", images),), (Port("scores", (VARYING,)),)


def check_graph(model: Model, expected: Signature, header: Mapping[str, Stored], file: str) -> int:
    """The values of an image in a graph's largest map, if it is of the signature, and takes what a small net may.

    Args:
        model: the contents of the ONNX file.
        expected: its inputs and outputs.
        header: the tensors of the safetensors file beside it.
        file: that file's name.

    Raises:
        ValueError: saying what is wrong with it.
    """
    if (model.inputs, model.outputs) != expected:
        raise ValueError(f"its inputs and outputs are not {_listed(expected[0])} and {_listed(expected[1])}")
    known = {one.name: _initial(one, header, file) for one in model.tensors}
    if len(known) < len(model.tensors):
        raise ValueError("it has a constant twice")
    left = {True: _MOST_IN_ALL, False: _COPIES * sum(value.size for value in known.values())}
    known |= {port.name: Value(shapes.of_port(port)) for port in model.inputs}
    if len(known) < len(model.tensors) + len(model.inputs):
        raise ValueError("its input is a constant")
    for node in model.nodes:
        made = _made(node, known)
        for value in made.values():
            left[shapes.N in value.shape] -= value.size
        if min(left.values()) < 0:
            raise ValueError("it would take more memory than a small net does")
        known |= made
    for port in model.outputs:
        if port.name not in known or known[port.name] != Value(shapes.of_port(port)):
            raise ValueError(f"its output {port.name} is not of the shape it says")
    return max(value.size for value in known.values() if shapes.N in value.shape)


def _made(node: Node, known: Mapping[str, Value]) -> dict[str, Value]:
    """The outputs of a node, by name, given the values that are known."""
    if unknown := [name for name in node.inputs if name not in known]:
        raise ValueError(f"it uses {brief(unknown[0], 40)} before that is there")
    values = shapes.apply(node, [known[name] for name in node.inputs])
    made = dict(zip(node.outputs, values, strict=True))
    if "" in made or made.keys() & known.keys() or len(made) < len(values):
        raise ValueError(f"it makes {brief(node.outputs[0], 40)} twice")
    for value in values:
        if value.size > _MOST_VALUES and shapes.N in value.shape:
            raise ValueError(f"a map of {value.size:,} values for each image is too large")
    return made


def _listed(ports: tuple[Port, ...]) -> str:
    return ", ".join(f"{port.name} {list(port.shape)}" for port in ports)


def _initial(one: Tensor, header: Mapping[str, Stored], file: str) -> Value:
    """The value of an initializer: a tensor of the safetensors file, or a few numbers of its own."""
    if one.raw is not None:
        return _inline(one, one.raw)
    stored = header.get(one.name)
    found = (one.type, one.shape, dict(one.external))
    if stored is None or stored.dtype not in TYPES:
        raise ValueError(f"its weights {brief(one.name)} are not in {file}")
    place = {"location": file, "offset": str(stored.offset), "length": str(stored.length)}
    if found != (TYPES[stored.dtype], stored.shape, place):
        raise ValueError(f"its weights {brief(one.name)} are not those of {file}")
    return shapes.of_tensor(one)


def _inline(one: Tensor, raw: bytes) -> Value:
    count = math.prod(one.shape)
    if len(one.shape) > 1 or not 0 <= count <= _MOST_INLINE:
        raise ValueError(f"its constant {brief(one.name, 40)} is too large for one")
    if one.type == INT64 and len(one.shape) == 1 and len(raw) == 8 * count:
        return shapes.of_tensor(one)
    if one.type == FLOAT and len(raw) == 4 * count:
        return shapes.of_tensor(one)
    raise ValueError(f"its constant {brief(one.name, 40)} is of another type")
