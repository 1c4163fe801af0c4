"""Work side by side on one GPU, most of which lies idle while a kernel of a small net runs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class Pending:
    """A tensor that may still be being worked out."""

    tensor: Tensor
    done: torch.cuda.Event | None

    def wait(self) -> Tensor:
        """The tensor, for what follows on the current stream, which waits until it is there."""
        if self.done is not None:
            here = torch.cuda.current_stream(self.tensor.device)
            here.wait_event(self.done)
            self.tensor.record_stream(here)
        return self.tensor


class Aside:
    """A second stream of an NVIDIA GPU, for work whose result is needed later; elsewhere work is done as it comes."""

    def __init__(self, device: torch.device | None = None) -> None:
        """The device that the work is done on; None stands for any, without a stream."""
        self._stream: torch.cuda.Stream | None = None
        if device is not None and device.type == "cuda":
            self._stream = torch.cuda.Stream(device)  # type: ignore[no-untyped-call]
            if hasattr(torch.autograd.graph, "set_warn_on_accumulate_grad_stream_mismatch"):
                # A weight that is used on two streams gathers its gradient on one of them, and is meant to.
                torch.autograd.graph.set_warn_on_accumulate_grad_stream_mismatch(False)

    def begin(self, work: Callable[[], Tensor], *shared: Tensor) -> Pending:
        """Begin work after all that has been asked of the current stream; a backward pass goes the same ways.

        Args:
            work: makes a tensor, and others that nobody else uses.
            shared: tensors the work uses that may be gone before it is done, unlike weights, so
                that their memory is not given to anyone else by then.
        """
        if self._stream is None:
            return Pending(work(), None)
        self._stream.wait_stream(torch.cuda.current_stream(self._stream.device))
        for tensor in shared:
            tensor.record_stream(self._stream)
        with torch.cuda.stream(self._stream):
            return Pending(work(), self._stream.record_event())
