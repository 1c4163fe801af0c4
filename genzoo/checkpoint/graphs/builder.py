"""A graph as it is built up: operations, constants, and weights that stay in their safetensors file."""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence

from genzoo.checkpoint.graphs import shapes
from genzoo.checkpoint.graphs.headers import Stored
from genzoo.checkpoint.graphs.model import FLOAT, INT64, TYPES, Attribute, Model, Node, Port, Tensor
from genzoo.checkpoint.graphs.shapes import Shape, Value


class UnwritableError(Exception):
    """A net has a layer that no graph of genzoo's holds; the message names it."""


class Builder:
    """A graph in the making, whose names follow from the order of its operations.

    Each operation's shape is known at once, from the rules by which the graph is read again.
    """

    def __init__(self, file: str, stored: Mapping[str, Stored], inputs: Sequence[Port]) -> None:
        """Begin with the inputs, and with the `stored` tensors of the safetensors file of that name."""
        self.file, self.stored, self.inputs = file, stored, tuple(inputs)
        self.nodes: list[Node] = []
        self.tensors: dict[str, Tensor] = {}
        self._floats: dict[str, str] = {}
        self._values = {port.name: Value(shapes.of_port(port)) for port in inputs}

    def op(self, kind: str, *inputs: str, outputs: Sequence[str] = (), **attributes: Attribute) -> str:
        """Add an operation, and return the name of its last output."""
        node = Node(kind, inputs, tuple(outputs) or (str(len(self.nodes)),), attributes)
        values = shapes.apply(node, [self._values[name] for name in inputs])
        self._values |= dict(zip(node.outputs, values, strict=True))
        self.nodes.append(node)
        return node.outputs[-1]

    def shape(self, name: str) -> Shape:
        """The shape of what stands under a name."""
        return self._values[name].shape

    def weight(self, name: str) -> str:
        """A stored tensor in float32, which the runtime makes of the file's values when a session starts.

        Raises:
            UnwritableError: for one that the file does not hold.
        """
        if name not in self.stored or self.stored[name].dtype not in TYPES:
            raise UnwritableError(f"weights {name} that {self.file} does not hold")
        stored = self.stored[name]
        if name not in self.tensors:
            place = {"location": self.file, "offset": str(stored.offset), "length": str(stored.length)}
            self._add(Tensor(name, TYPES[stored.dtype], stored.shape, None, place))
            self._floats[name] = name if stored.dtype == "F32" else self.op("Cast", name, to=FLOAT)
        return self._floats[name]

    def integers(self, *values: int) -> str:
        """A constant list of whole numbers."""
        name = f"[{','.join(map(str, values))}]"
        return self._add(Tensor(name, INT64, (len(values),), struct.pack(f"<{len(values)}q", *values), {}))

    def number(self, value: float) -> str:
        """A constant number, float32."""
        return self._add(Tensor(repr(value), FLOAT, (), struct.pack("<f", value), {}))

    def _add(self, tensor: Tensor) -> str:
        self.tensors[tensor.name] = tensor
        self._values[tensor.name] = shapes.of_tensor(tensor)
        return tensor.name

    def model(self, outputs: Sequence[Port]) -> Model:
        """The finished graph."""
        return Model(tuple(self.nodes), tuple(self.tensors.values()), self.inputs, tuple(outputs))
