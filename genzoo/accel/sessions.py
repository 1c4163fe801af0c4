"""Graphs of nets, run on the processor by ONNX Runtime, which this module alone imports."""

from __future__ import annotations

import ctypes
import os
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from genzoo.errors import BadCheckpointError, brief

if TYPE_CHECKING:
    from onnxruntime import InferenceSession

    from genzoo.checkpoint.graphs import Graph

Array = npt.NDArray[np.float32]

ROWS = 64
"""Images computed at a time: their maps stay in a processor's cache, and memory does not grow with what is asked."""


def threads() -> int:
    """How many threads a session may use: torch's own number where it is imported, so that one setting rules both.

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
    """A net's graph, ready to run in any thread."""

    def __init__(self, graph: Graph) -> None:
        """Open a session of a graph that was checked.

        Raises:
            BadCheckpointError: for a graph that ONNX Runtime does not take.
        """
        self._graph = graph
        self._session, self._process = _open(graph), os.getpid()

    def run(self, values: Array) -> tuple[Array, ...]:
        """The outputs of a net for its input, (n, ...) -> (n, ...) each, in float32.

        Raises:
            MemoryError: when there is too little.
            BadCheckpointError: for a graph that fails.
        """
        if self._process != os.getpid():
            self._reopen()
        if not len(values):
            return tuple(output[:0] for output in self._run(np.zeros((1, *values.shape[1:]), np.float32)))
        first = self._run(values[:ROWS])
        if len(values) <= ROWS:
            return first
        outputs = tuple(np.empty((len(values), *part.shape[1:]), np.float32) for part in first)
        for start in range(0, len(values), ROWS):
            for output, part in zip(outputs, self._run(values[start : start + ROWS]) if start else first, strict=True):
                output[start : start + ROWS] = part
        return outputs

    def _reopen(self) -> None:
        """Open the session anew in a child, which has none of its parent's threads, and would wait for them."""
        ctypes.pythonapi.Py_IncRef(ctypes.py_object(self._session))  # its end would wait for them, too
        self._session, self._process = _open(self._graph), os.getpid()

    def _run(self, values: Array) -> tuple[Array, ...]:
        name = self._session.get_inputs()[0].name
        try:
            return tuple(self._session.run(None, {name: np.ascontiguousarray(values)}))
        except Exception as error:  # its kinds have no common class
            if any(words in str(error) for words in ("llocate memory", "bad_alloc", "bad allocation")):
                raise MemoryError(str(error)) from None
            raise BadCheckpointError(_refusal(self._graph, error)) from None


def _open(graph: Graph) -> InferenceSession:
    # Newer ones write into the user's home and call their makers from there, as soon as they are imported.
    os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads()
    options.log_severity_level = 4  # what goes wrong is raised, and need not be printed besides
    # Threads that wait for work by turning round would take processors from torch between two calls.
    options.add_session_config_entry("session.force_spinning_stop", "1")
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
