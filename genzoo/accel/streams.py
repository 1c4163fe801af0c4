"""Parts of a step side by side on one GPU, most of which lies idle while a kernel of a small net runs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class Pending:
    """A tensor that may still be being computed on another stream."""

    tensor: Tensor
    done: torch.cuda.Event | None

    def wait(self) -> Tensor:
        """The tensor; the current stream waits for it, the caller does not."""
        if self.done is not None:
            here = torch.cuda.current_stream(self.tensor.device)
            here.wait_event(self.done)
            self.tensor.record_stream(here)
        return self.tensor


class Aside:
    """A second stream of an NVIDIA GPU, for work whose result is needed later; on other devices it is done at once."""

    def __init__(self, device: torch.device | None = None) -> None:
        """Open a stream of a device; None stands for any device, without a stream."""
        self._stream: torch.cuda.Stream | None = None
        if device is not None and device.type == "cuda":
            self._stream = torch.cuda.Stream(device)  # type: ignore[no-untyped-call]
            if hasattr(torch.autograd.graph, "set_warn_on_accumulate_grad_stream_mismatch"):
                # A weight that is used on two streams gathers its gradient on one of them, and is meant to.
                torch.autograd.graph.set_warn_on_accumulate_grad_stream_mismatch(False)

    def begin(self, work: Callable[[], Tensor], *shared: Tensor) -> Pending:
        """Begin work after all that is queued on the current stream; its backward pass runs on the same streams.

        Args:
            work: makes a tensor, and others that nobody else uses.
            shared: tensors that the work reads and that may be freed before it is done, unlike weights;
                their memory is kept until then.
        """
        if self._stream is None:
            return Pending(work(), None)
        self._stream.wait_stream(torch.cuda.current_stream(self._stream.device))
        for tensor in shared:
            tensor.record_stream(self._stream)
        with torch.cuda.stream(self._stream):
            return Pending(work(), self._stream.record_event())
