"""A training step as a CUDA graph: the kernels of small nets take less time to run than to be launched one by one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

import torch

T = TypeVar("T")
WARM_UP = 3
"""Calls before the recording, in which libraries choose their kernels and optimizers allocate their state."""


class CudaGraph(Generic[T]):
    """A function of no arguments on an NVIDIA GPU, replayed as a CUDA graph.

    It must do the same at every call, but for the values its tensors hold.  The first `WARM_UP` calls run it as it is,
    the next records it as a graph, and from then on a call launches the graph as a whole.  The tensors that it returns
    are overwritten by the next call.
    """

    def __init__(self, work: Callable[[], T], generator: torch.Generator) -> None:
        """Wrap `work`, which runs on the device of a generator that the caller seeds before each call."""
        self._work, self._generator = work, generator
        # Autograd would tie a graph to the default stream, had it worked there before.
        self._aside: torch.cuda.Stream = torch.cuda.Stream(generator.device)  # type: ignore[no-untyped-call]
        self._calls = 0
        self._recorded: tuple[torch.cuda.CUDAGraph, T] | None = None

    def __call__(self) -> T:
        """Run the function once more, and return its result."""
        self._calls += 1
        with torch.cuda.device(self._generator.device):
            if self._calls <= WARM_UP:
                return self._in_place()
            graph, result = self._recorded = self._recorded or self._record()
            graph.replay()
        return result

    def _in_place(self) -> T:
        current = torch.cuda.current_stream()
        self._aside.wait_stream(current)
        with torch.cuda.stream(self._aside):
            result = self._work()
        current.wait_stream(self._aside)
        return result

    def _record(self) -> tuple[torch.cuda.CUDAGraph, T]:
        graph = torch.cuda.CUDAGraph()
        graph.register_generator_state(self._generator)
        with torch.cuda.graph(graph, stream=self._aside):
            result = self._work()
        return graph, result
