"""Reads a graph of a checkpoint folder, and refuses what could reach beyond the folder or take more than a small net.

Nothing of it is run, and neither torch, onnx nor onnxruntime is imported.
"""

from __future__ import annotations

import contextlib
from collections.abc import Container, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from genzoo.checkpoint.config import read_config
from genzoo.checkpoint.folder import Folder
from genzoo.checkpoint.graphs.checks import check_graph, signature
from genzoo.checkpoint.graphs.headers import Stored, read_header
from genzoo.checkpoint.graphs.model import (
    BFLOAT16,
    FLOAT,
    FLOAT16,
    GRAPH_OF_MODEL,
    INITIALIZER_OF_GRAPH,
    NODE_OF_GRAPH,
    OPSETS_OF_MODEL,
    parse,
    parse_tensor,
    tensor_chunks,
)
from genzoo.checkpoint.graphs.wire import delimited, fields, message
from genzoo.checkpoint.layout import GRAPHS, weights_of
from genzoo.checkpoint.strict import read_bytes
from genzoo.errors import BadCheckpointError, GenzooError, UsageError, brief, brief_list
from genzoo.zoo.spec import Entry

MOST_BYTES = 64_000
"""Of a graph without its weights; the zoo's largest has a fifth of that."""


@dataclass(frozen=True)
class Graph:
    """A net's graph that was found sound.

    Attributes:
        net: `generator`, `encoder` or `discriminator`.
        model: the bytes of the ONNX file, whose weights lie in a safetensors file beside it.
        path: the ONNX file.
        weights: the safetensors file that it points into, wherever that lies on this machine.
        trusted: whether the weights' hash is the manifest's, so that their values need no look.
        largest_map: how many values of an image its largest map has.
    """

    net: str
    model: bytes
    path: Path
    weights: Path
    trusted: bool
    largest_map: int = 2**14

    def whole(self) -> bytes:
        """The ONNX file with its weights inside, as they are in the safetensors file, for a session.

        A runtime that is given these bytes opens no file: neither links into a cache nor another folder matter to it.

        Raises:
            BadCheckpointError: when the weights cannot be read, or are not finite.
            GenzooError: when they do not fit in memory.
        """
        with _refusing(self.weights):
            data = memoryview(self.weights.read_bytes())
            chunks: list[bytes | memoryview] = []
            for part in fields(self.model):
                graph = part.value if part.number == GRAPH_OF_MODEL else None
                whole = [message([part])] if not isinstance(graph, bytes) else _with_weights(graph, data, self.trusted)
                chunks += whole
            return b"".join(chunks)


def read_graph(folder: Folder, net: str, entry: Entry | None = None) -> Graph:
    """A net's graph, after a check of everything in it.

    Args:
        folder: the checkpoint folder; the hashes of the graph and of the weights' file are checked.
        net: `generator`, `encoder` or `discriminator`.
        entry: what the folder's `config.json` says, where that has been read.

    Raises:
        UsageError: for a net that no folder has a graph of.
        BadCheckpointError: for a folder without this graph, or one that is damaged, does not fit the weights or the
            entry, or holds what genzoo does not run.
        HubError: for a file on the Hub that cannot be fetched.
    """
    if net not in GRAPHS:
        raise UsageError(f"There is no net {brief(net)} that has a graph: there are {brief_list(GRAPHS)}.")
    if not folder.has(GRAPHS[net]):
        raise BadCheckpointError(
            f"{folder.path} has no {GRAPHS[net]}: load it with torch, the engine that needs none, or have "
            f"`genzoo verify {folder.path} --update-hashes` write its graphs, if you trust what is there."
        )
    entry = entry or read_config(folder).entry
    path, weights = folder.file(GRAPHS[net]), folder.file(weights_of(net))
    with _refusing(weights):
        header = read_header(weights)
    with _refusing(path):
        data = read_bytes(path, MOST_BYTES)
        largest = check_graph(parse(data), signature(entry, net), header, weights_of(net))
    return Graph(net, data, path, weights, folder.pinned is not None, largest)


def refuse_other_tensors(folder: Folder, nets: Iterable[str], besides: Container[str] = ()) -> None:
    """Raise `BadCheckpointError` unless files of weights hold what the graphs of these nets read, and nothing else.

    Without torch it is known by this that weights are those of a folder's nets.

    Args:
        folder: the checkpoint folder.
        nets: all nets that it has, each with a graph.
        besides: names of tensors that no net has; counters of batch norm may be there, too.
    """
    read: dict[Path, set[str]] = {}
    for net in nets:
        path = folder.file(GRAPHS[net])
        with _refusing(path):
            tensors = parse(read_bytes(path, MOST_BYTES)).tensors
        read.setdefault(folder.file(weights_of(net)), set()).update(one.name for one in tensors if one.raw is None)
    for path, names in read.items():
        with _refusing(path):
            header = read_header(path)
        unread = header.keys() - names
        unknown = [name for name in sorted(unread) if name not in besides and not _is_counter(name, header[name])]
        missing = sorted(names - header.keys())
        if unknown or missing:
            raise BadCheckpointError(
                f"{path} does not fit its config.json: missing {brief_list(missing)}, unknown {brief_list(unknown)}."
            )


def _is_counter(name: str, stored: Stored) -> bool:
    return name.endswith(".num_batches_tracked") and (stored.dtype, stored.shape) == ("I64", ())


def operators(data: bytes) -> int:
    """How many operations an ONNX file has."""
    graphs = [part.value for part in fields(data) if part.number == GRAPH_OF_MODEL]
    return sum(part.number == NODE_OF_GRAPH for graph in graphs if isinstance(graph, bytes) for part in fields(graph))


def with_one_opset(data: bytes) -> bytes:
    """An ONNX file without the versions of other operators than ONNX's own, none of which it has."""
    return message(
        part
        for part in fields(data)
        if part.number != OPSETS_OF_MODEL or not isinstance(part.value, bytes) or _is_onnx(part.value)
    )


def _is_onnx(opset: bytes) -> bool:
    return all(part.number != 1 or part.value == b"" for part in fields(opset))


def has_graph(folder: Folder, net: str) -> bool:
    """Whether a folder has a graph of a net; earlier versions wrote none, and some plug-ins' nets have none."""
    return folder.has(GRAPHS[net])


@contextlib.contextmanager
def _refusing(path: Path) -> Iterator[None]:
    """Turn what is wrong with a file into a `BadCheckpointError` of one sentence."""
    try:
        yield
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise BadCheckpointError(f"{path} could not be read ({reason}): fetch or train it again.") from None
    except ValueError as error:
        raise BadCheckpointError(f"{path} is refused ({error}): fetch or train it again.") from None
    except MemoryError:
        raise GenzooError(f"{path} does not fit in memory: give genzoo more of it, or load a smaller model.") from None


def _with_weights(graph: bytes, data: memoryview, trusted: bool) -> list[bytes | memoryview]:
    """The field of a graph in which initializers hold their values, in chunks: weights are copied but once."""
    chunks: list[bytes | memoryview] = []
    for part in fields(graph):
        one = (
            parse_tensor(part.value) if part.number == INITIALIZER_OF_GRAPH and isinstance(part.value, bytes) else None
        )
        if one is None or one.raw is not None:
            chunks.append(message([part]))
            continue
        start, length = int(one.external["offset"]), int(one.external["length"])
        values = data[start : start + length]
        if len(values) < length:
            raise ValueError("it was cut short while it was read")
        if not trusted:
            _refuse_infinite(one.name, one.type, values)
        chunks += delimited(INITIALIZER_OF_GRAPH, tensor_chunks(one, values))
    return delimited(GRAPH_OF_MODEL, chunks)


def _refuse_infinite(name: str, kind: int, values: memoryview) -> None:
    """Raise ValueError for values that are infinite or none, and for variances below zero, as torch's engine does."""
    import numpy as np

    bits = np.frombuffer(values, "<u4" if kind == FLOAT else "<u2")
    exponent, sign = {FLOAT: (0x7F80_0000, 31), FLOAT16: (0x7C00, 15), BFLOAT16: (0x7F80, 15)}[kind]
    if ((bits & exponent) == exponent).any():
        raise ValueError(f"its tensor {brief(name)} has values that are not finite")
    if name.endswith("running_var") and (bits > 1 << sign).any():  # not -0
        raise ValueError(f"its tensor {brief(name)} has a variance below zero")
