"""Work shared by several processes, through Hugging Face Accelerate, which a single process does not need."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from genzoo.errors import GenzooError

if TYPE_CHECKING:
    import torch
    from torch import nn


def several_processes() -> bool:
    """Whether `torchrun` or `accelerate launch` started this process as one of several."""
    return int(os.environ.get("WORLD_SIZE", "1")) > 1


class Processes:
    """The processes that `torchrun` or `accelerate launch` started, or this one alone: process `rank` of `count`."""

    def __init__(self, device: torch.device) -> None:
        self.device = device
        self.rank, self.count = 0, 1
        self._accelerator: Any = None
        if several_processes():
            self._start()

    def _start(self) -> None:
        try:
            from accelerate import Accelerator
        except ImportError:
            raise GenzooError("Several processes need Accelerate: pip install 'genzoo[distributed]'.") from None
        self._accelerator = Accelerator(cpu=self.device.type == "cpu")
        self.device = self._accelerator.device
        self.rank, self.count = self._accelerator.process_index, self._accelerator.num_processes

    @property
    def first(self) -> bool:
        """Whether this is the first process, which alone writes files."""
        return self.rank == 0

    def part(self, n: int, rank: int | None = None) -> range:
        """The part of `n` items that a process (this one by default) takes; the parts, in order, make up the whole."""
        rank = self.rank if rank is None else rank
        return range(rank * n // self.count, (rank + 1) * n // self.count)

    def average_gradients(self, parameters: Iterable[nn.Parameter]) -> None:
        """Replace each parameter's gradient by its mean over the processes; parameters without one are left out."""
        if self._accelerator is None:
            return
        import torch

        gradients = [parameter.grad for parameter in parameters if parameter.grad is not None]
        flat = torch.cat([gradient.flatten() for gradient in gradients])
        mean = self._accelerator.reduce(flat, reduction="mean")
        for gradient, part in zip(gradients, mean.split([g.numel() for g in gradients]), strict=True):
            gradient.copy_(part.view_as(gradient))

    def any(self, flag: bool) -> bool:
        """Whether the flag is set in any process; all of them must ask."""
        if self._accelerator is None:
            return flag
        import torch

        return bool(self._accelerator.reduce(torch.tensor(float(flag), device=self.device), reduction="sum") > 0)

    def wait(self) -> None:
        """Wait until every process has come to this point."""
        if self._accelerator is not None:
            self._accelerator.wait_for_everyone()

    def end(self) -> None:
        """Leave the group of processes."""
        if self._accelerator is not None:
            self._accelerator.end_training()
