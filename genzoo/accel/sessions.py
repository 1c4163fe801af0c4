"""Graphs of nets, run on the processor by ONNX Runtime, which this module alone imports."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from genzoo.errors import BadCheckpointError, brief

if TYPE_CHECKING:
    from onnxruntime import InferenceSession

    from genzoo.checkpoint.graphs import Graph

Array = npt.NDArray[np.float32]

_CACHED = 2**19
"""Values of all images' largest map that a thread computes at a time: they stay in its processor's cache."""
_FEWEST, _MOST = 32, 512
"""Images that a thread computes at a time, unless there are not enough for all threads: few weights are read for each
of many images, and memory does not grow with what is asked."""
_LEAST = 4
"""Images that are worth a thread of their own."""


def threads() -> int:
    """How many threads may run a graph: torch's own number where it is imported, so that one setting rules both.

    Else that of `OMP_NUM_THREADS`, or the processors that this process may run on.
    """
    if "torch" in sys.modules:
        import torch

        return int(torch.get_num_threads())
    asked = os.environ.get("OMP_NUM_THREADS", "").partition(",")[0]
    if asked.isdecimal() and int(asked):
        return int(asked)
    return len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1


class Session:
    """A net's graph, ready to run in any thread.

    Each thread computes images of its own: within one call of ONNX Runtime they would wait for one another at a layer.
    """

    def __init__(self, graph: Graph) -> None:
        """Open a session of a graph that was checked.

        Raises:
            BadCheckpointError: for a graph that ONNX Runtime does not take.
        """
        self._graph, self._session = graph, _open(graph)
        self._input = self._session.get_inputs()[0].name
        self._rows = min(max(_CACHED // graph.largest_map, _FEWEST), _MOST)

    def run(self, values: Array) -> tuple[Array, ...]:
        """The outputs of a net for its input, (n, ...) -> (n, ...) each, in float32.

        Raises:
            MemoryError: when there is too little.
            BadCheckpointError: for a graph that fails.
        """
        if not len(values):
            return tuple(output[:0] for output in self._run(np.zeros((1, *values.shape[1:]), np.float32)))
        workers = threads()
        rows = min(self._rows, max(-(-len(values) // workers), _LEAST))
        parts = [slice(start, start + rows) for start in range(0, len(values), rows)]
        if len(parts) == 1:
            return self._run(values)
        done = _pool(os.getpid(), workers).map(lambda part: (part, self._run(values[part])), parts)
        return _joined(done, len(values))

    def _run(self, values: Array) -> tuple[Array, ...]:
        try:
            return tuple(self._session.run(None, {self._input: np.ascontiguousarray(values)}))
        except Exception as error:  # its kinds have no common class
            if any(words in str(error) for words in ("llocate memory", "bad_alloc", "bad allocation")):
                raise MemoryError(str(error)) from None
            raise BadCheckpointError(_refusal(self._graph, error)) from None


@lru_cache(maxsize=1)
def _pool(_process: int, workers: int) -> ThreadPoolExecutor:
    """The threads of a process: a child that was forked has none of its parent's, and would wait for them."""
    return ThreadPoolExecutor(workers, "genzoo")


def _joined(done: Iterable[tuple[slice, tuple[Array, ...]]], n: int) -> tuple[Array, ...]:
    outputs: tuple[Array, ...] = ()
    for part, found in done:
        outputs = outputs or tuple(np.empty((n, *one.shape[1:]), np.float32) for one in found)
        for output, one in zip(outputs, found, strict=True):
            output[part] = one
    return outputs


def _open(graph: Graph) -> InferenceSession:
    # Newer ones write into the user's home and call their makers from there, as soon as they are imported.
    os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1  # that of the caller
    options.log_severity_level = 4  # what goes wrong is raised, and need not be printed besides
    whole = graph.whole()
    try:
        return onnxruntime.InferenceSession(whole, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # its kinds have no common class
        raise BadCheckpointError(_refusal(graph, error)) from None


def folded(graph: Graph) -> bytes:
    """A graph with its weights inside in which ONNX Runtime has computed all that depends on the weights alone.

    Raises:
        BadCheckpointError: for a graph that ONNX Runtime does not take.
    """
    import onnxruntime

    options = onnxruntime.SessionOptions()
    # Of the levels the one whose result is plain ONNX; its operators are those of any runtime.
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_BASIC
    options.log_severity_level = 4
    whole = graph.whole()
    with tempfile.TemporaryDirectory(prefix="genzoo-") as folder:
        path = Path(folder) / "folded.onnx"
        options.optimized_model_filepath = str(path)
        try:
            onnxruntime.InferenceSession(whole, options, providers=["CPUExecutionProvider"])
        except Exception as error:  # its kinds have no common class
            raise BadCheckpointError(_refusal(graph, error)) from None
        return path.read_bytes()


def _refusal(graph: Graph, error: Exception) -> str:
    return (
        f"{graph.path} does not run ({brief(' '.join(str(error).split()))[1:-1]}): fetch the folder again, "
        "or load it with engine='torch'."
    )
