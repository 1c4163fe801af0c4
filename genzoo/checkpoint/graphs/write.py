"""Writes the graphs of a checkpoint folder, from the nets whose weights lie there."""

from __future__ import annotations

from pathlib import Path

from torch import nn

from genzoo.checkpoint.files import clear_io_errors, whole_file
from genzoo.checkpoint.graphs.builder import Builder, UnwritableError
from genzoo.checkpoint.graphs.checks import check_graph, signature
from genzoo.checkpoint.graphs.headers import read_header
from genzoo.checkpoint.graphs.layers import write_net
from genzoo.checkpoint.graphs.model import encode, parse
from genzoo.checkpoint.graphs.reader import MOST_BYTES
from genzoo.checkpoint.layout import GRAPHS, weights_of
from genzoo.checkpoint.nets import meta_nets, name_in_file
from genzoo.errors import BadCheckpointError
from genzoo.log import warn
from genzoo.zoo.spec import Entry


def write_graphs(folder: Path, entry: Entry) -> None:
    """Write a graph of each net whose weights lie in a folder, in one step each.

    The bytes depend on the nets' layers, and on the types and places of their weights in the safetensors files alone.
    A net with a layer that no graph holds has none, which a warning says; one that lay there is removed.

    Args:
        folder: the checkpoint folder.
        entry: what its nets are.

    Raises:
        BadCheckpointError: for safetensors files that are damaged.
        GenzooError: when they cannot be written.
    """
    for net, layers in meta_nets(entry).items():
        path = folder / GRAPHS[net]
        if not (folder / weights_of(net)).is_file():
            continue
        try:
            data = graph_of(folder, entry, net, layers)
        except UnwritableError as error:
            with clear_io_errors(path, "removed"):
                path.unlink(missing_ok=True)
            warn("%s has no %s, since its %s has %s: torch alone runs it.", entry.name, path.name, net, error)
        else:
            with whole_file(path) as part:
                part.write_bytes(data)


def graph_of(folder: Path, entry: Entry, net: str, layers: nn.Module) -> bytes:
    """The bytes of a net's graph.

    Raises:
        UnwritableError: for a layer that no graph of genzoo's holds.
        BadCheckpointError: for a safetensors file that is damaged.
    """
    file = weights_of(net)
    try:
        header = read_header(folder / file)
    except (OSError, ValueError) as error:
        raise BadCheckpointError(f"{folder / file} is damaged ({error}): fetch or train it again.") from None
    inputs, outputs = signature(entry, net)
    b = Builder(file, header, inputs)
    # (1 + tanh(x)) / 2 is the sigmoid of 2 x, which is one operation in place of three.
    gain = 2.0 if net == "generator" and entry.output_activation == "tanh" else 1.0
    try:
        y = write_net(b, name_in_file(f"{net}."), layers, inputs[0].name, gain)
        if net == "generator":
            b.op("Sigmoid", y, outputs=["images"])
        elif net == "encoder":
            z = entry.latent_size
            b.op("Slice", y, b.integers(0), b.integers(z), b.integers(1), outputs=["mean"])
            b.op("Slice", y, b.integers(z), b.integers(2 * z), b.integers(1), outputs=["log_variance"])
        else:
            b.op("Identity", y, outputs=["scores"])
        data = encode(b.model(outputs))
        if len(data) > MOST_BYTES:
            raise UnwritableError(f"so many layers that its graph takes {len(data):,} bytes")
        check_graph(parse(data), (inputs, outputs), header, file)
    except ValueError as error:
        raise UnwritableError(f"layers whose graph is refused: {error}") from None
    return data
