"""Graphs: each net as an ONNX file of a few kilobytes, whose weights stay in the safetensors file beside it.

`read_graph` reads and checks one without torch; `write_graphs`, in `write`, writes those of a folder from its nets.
See docs/graphs.md for the format.
"""

from __future__ import annotations

from genzoo.checkpoint.graphs.reader import (
    Graph,
    has_graph,
    operators,
    read_graph,
    refuse_other_tensors,
    with_one_opset,
)

__all__ = ["Graph", "has_graph", "operators", "read_graph", "refuse_other_tensors", "with_one_opset"]
