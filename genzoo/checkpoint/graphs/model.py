"""An ONNX file as records: what genzoo writes into one, and nothing else."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TypeVar

from genzoo.checkpoint.graphs.wire import Field, delimited, fields, message
from genzoo.errors import brief

T = TypeVar("T", int, float, bytes)

FLOAT, INT64, FLOAT16, BFLOAT16 = 1, 7, 10, 16
TYPES = {"F16": FLOAT16, "BF16": BFLOAT16, "F32": FLOAT}
"""Of weights, by their names in safetensors files."""
OPSET, IR_VERSION = 17, 8
"""Old enough for every ONNX Runtime of the last years, and for the one in browsers."""
_EXTERNAL = 1
_MOST_LETTERS = 200
_KIND_FLOAT, _KIND_INT, _KIND_INTS = 1, 2, 7
GRAPH_OF_MODEL, OPSETS_OF_MODEL, INITIALIZER_OF_GRAPH, NODE_OF_GRAPH = 7, 8, 5, 1
"""Numbers of fields."""

Attribute = int | float | tuple[int, ...]


@dataclass(frozen=True)
class Tensor:
    """An initializer: small values of its own, or the place of them in another file."""

    name: str
    type: int
    shape: tuple[int, ...]
    raw: bytes | None
    external: Mapping[str, str]


@dataclass(frozen=True)
class Node:
    """One operation."""

    op: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    attributes: Mapping[str, Attribute]


@dataclass(frozen=True)
class Port:
    """An input or an output of the graph: its name and shape, with the names of dimensions that vary."""

    name: str
    shape: tuple[int | str, ...]


@dataclass(frozen=True)
class Model:
    """The contents of an ONNX file."""

    nodes: tuple[Node, ...]
    tensors: tuple[Tensor, ...]
    inputs: tuple[Port, ...]
    outputs: tuple[Port, ...]


class _Message:
    """The fields of a message, each asked for by its number and type; other fields than the known ones are refused."""

    def __init__(self, what: str, data: bytes, known: Iterable[int]) -> None:
        self.what = what
        self.values: dict[int, list[int | float | bytes]] = {number: [] for number in known}
        for number, value in fields(data):
            if number not in self.values:
                raise ValueError(f"{what} has a field {number}, which no graph of genzoo's has")
            self.values[number].append(value)

    def every(self, number: int, kind: type[T]) -> tuple[T, ...]:
        """The values of a repeated field."""
        return tuple(self._checked(value, kind) for value in self.values[number])

    def one(self, number: int, kind: type[T]) -> T:
        """The value of a field that stands once."""
        if len(found := self.values[number]) != 1:
            raise ValueError(f"{self.what} has its field {number} {len(found)} times")
        return self._checked(found[0], kind)

    def _checked(self, value: int | float | bytes, kind: type[T]) -> T:
        if not isinstance(value, kind):
            raise ValueError(f"{self.what} has a field of another type")
        return value


def _text(data: bytes) -> str:
    if len(data) > _MOST_LETTERS or not data.isascii() or not data.decode("ascii").isprintable():
        raise ValueError("it has a name that is none")
    return data.decode("ascii")


def parse(data: bytes) -> Model:
    """The contents of an ONNX file.

    Raises:
        ValueError: for what is none, is cut short, or holds what genzoo writes into no graph: other operators' domains,
            functions, metadata, attributes of other types.
    """
    model = _Message("it", data, (1, 2, GRAPH_OF_MODEL, OPSETS_OF_MODEL))
    opset = _Message("its opset", model.one(OPSETS_OF_MODEL, bytes), (1, 2))
    domains = {_text(name) for name in opset.every(1, bytes)}
    found = (model.one(1, int), opset.one(2, int))
    if domains - {""} or found != (IR_VERSION, OPSET):
        raise ValueError(f"its version of ONNX and its opset are {found}, this genzoo reads {(IR_VERSION, OPSET)}")
    graph = _Message("its graph", model.one(GRAPH_OF_MODEL, bytes), (NODE_OF_GRAPH, 2, INITIALIZER_OF_GRAPH, 11, 12))
    return Model(
        tuple(map(_node, graph.every(NODE_OF_GRAPH, bytes))),
        tuple(map(parse_tensor, graph.every(INITIALIZER_OF_GRAPH, bytes))),
        tuple(map(_port, graph.every(11, bytes))),
        tuple(map(_port, graph.every(12, bytes))),
    )


def _node(data: bytes) -> Node:
    node = _Message("a node", data, (1, 2, 4, 5))
    attributes = [_attribute(attribute) for attribute in node.every(5, bytes)]
    if len(dict(attributes)) < len(attributes):
        raise ValueError("a node has an attribute twice")
    inputs, outputs = (tuple(map(_text, node.every(number, bytes))) for number in (1, 2))
    return Node(_text(node.one(4, bytes)), inputs, outputs, dict(attributes))


def _attribute(data: bytes) -> tuple[str, Attribute]:
    attribute = _Message("an attribute", data, (1, 2, 3, 8, 20))
    name, kind = _text(attribute.one(1, bytes)), attribute.one(20, int)
    given = {number for number in (2, 3, 8) if attribute.values[number]}
    if kind == _KIND_FLOAT and given == {2}:
        return name, attribute.one(2, float)
    if kind == _KIND_INT and given == {3}:
        return name, attribute.one(3, int)
    if kind == _KIND_INTS and given <= {8}:
        return name, attribute.every(8, int)
    raise ValueError(f"the attribute {brief(name, 40)} is of a type that no graph of genzoo's has")


def parse_tensor(data: bytes) -> Tensor:
    """An initializer of an ONNX file."""
    values = _Message("a constant", data, (1, 2, 8, 9, 13, 14))
    external = [_Message("a place", entry, (1, 2)) for entry in values.every(13, bytes)]
    places = {_text(entry.one(1, bytes)): _text(entry.one(2, bytes)) for entry in external}
    elsewhere = values.every(14, int)
    if bool(elsewhere) != bool(places) or (elsewhere and elsewhere != (_EXTERNAL,)) or len(places) < len(external):
        raise ValueError("a constant lies nowhere")
    raw = None if elsewhere else values.one(9, bytes)
    if elsewhere and values.values[9]:
        raise ValueError("a constant lies in two places")
    return Tensor(_text(values.one(8, bytes)), values.one(2, int), values.every(1, int), raw, places)


def _port(data: bytes) -> Port:
    port = _Message("an input or output", data, (1, 2))
    kind = _Message("its type", port.one(2, bytes), (1,))
    shaped = _Message("its type", kind.one(1, bytes), (1, 2))
    if shaped.one(1, int) != FLOAT:
        raise ValueError("an input or output is not of float32")
    sides = _Message("its shape", shaped.one(2, bytes), (1,)).every(1, bytes)
    return Port(_text(port.one(1, bytes)), tuple(map(_side, sides)))


def _side(data: bytes) -> int | str:
    side = _Message("a dimension", data, (1, 2))
    return _text(side.one(2, bytes)) if side.values[2] else side.one(1, int)


def encode(model: Model) -> bytes:
    """An ONNX file; the inverse of `parse`."""
    opset = message([_named(1, ""), Field(2, OPSET)])
    graph = [
        *(Field(NODE_OF_GRAPH, _encoded_node(node)) for node in model.nodes),
        _named(2, "net"),
        *(Field(INITIALIZER_OF_GRAPH, _encoded_tensor(one)) for one in model.tensors),
        *(Field(11, _encoded_port(port)) for port in model.inputs),
        *(Field(12, _encoded_port(port)) for port in model.outputs),
    ]
    parts = [
        Field(1, IR_VERSION),
        _named(2, "genzoo"),
        Field(GRAPH_OF_MODEL, message(graph)),
        Field(OPSETS_OF_MODEL, opset),
    ]
    return message(parts)


def _named(number: int, text: str) -> Field:
    return Field(number, text.encode("ascii"))


def _encoded_node(node: Node) -> bytes:
    return message(
        [
            *(_named(1, name) for name in node.inputs),
            *(_named(2, name) for name in node.outputs),
            _named(4, node.op),
            *(Field(5, _encoded_attribute(name, value)) for name, value in node.attributes.items()),
        ]
    )


def _encoded_attribute(name: str, value: Attribute) -> bytes:
    if isinstance(value, tuple):
        return message([_named(1, name), *(Field(8, number) for number in value), Field(20, _KIND_INTS)])
    if isinstance(value, float):
        return message([_named(1, name), Field(2, value), Field(20, _KIND_FLOAT)])
    return message([_named(1, name), Field(3, value), Field(20, _KIND_INT)])


def _encoded_tensor(one: Tensor) -> bytes:
    if one.raw is not None:
        return b"".join(tensor_chunks(one, one.raw))
    entries = [message([_named(1, key), _named(2, value)]) for key, value in one.external.items()]
    return message([*_described(one), *(Field(13, entry) for entry in entries), Field(14, _EXTERNAL)])


def tensor_chunks(one: Tensor, values: bytes | memoryview) -> list[bytes | memoryview]:
    """The message of an initializer that holds its values, in chunks of which one is the values themselves."""
    return [message(_described(one)), *delimited(9, [values])]


def _described(one: Tensor) -> list[Field]:
    return [*(Field(1, side) for side in one.shape), Field(2, one.type), _named(8, one.name)]


def _encoded_port(port: Port) -> bytes:
    sides = [message([_named(2, side) if isinstance(side, str) else Field(1, side)]) for side in port.shape]
    shape = message([Field(1, side) for side in sides])
    kind = message([Field(1, FLOAT), Field(2, shape)])
    return message([_named(1, port.name), Field(2, message([Field(1, kind)]))])
