"""A step as a CUDA graph: nets so small take less time to compute than to be launched, one kernel after the other."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

import torch

T = TypeVar("T")
WARM_UP = 3
"""Calls in place, as torch's documentation has it: libraries choose their kernels, optimizers lay out their state."""


class Captured(Generic[T]):
    """Work on an NVIDIA GPU that is the same at every call but for the values its tensors hold.

    The first calls do it in place, the next records it as a graph, and from then on a call launches the
    graph as a whole.  The result's tensors are overwritten by the next call.
    """

    def __init__(self, work: Callable[[], T], generator: torch.Generator) -> None:
        """The work, and the generator of the device it is done on, which is seeded anew before each call."""
        self._work, self._generator = work, generator
        # Autograd would tie a graph to the default stream, had it worked there before.
        self._aside: torch.cuda.Stream = torch.cuda.Stream(generator.device)  # type: ignore[no-untyped-call]
        self._calls = 0
        self._recorded: tuple[torch.cuda.CUDAGraph, T] | None = None

    def __call__(self) -> T:
        """Do the work once more."""
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
