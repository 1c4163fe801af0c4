"""The exponential moving average of the nets, which is what samples are made with and what ships."""

from __future__ import annotations

import copy
from collections.abc import Iterable

import torch
from torch import Tensor, nn


class Average:
    """A copy of nets whose parameters follow theirs slowly; buffers are copied.

    `torch.optim.swa_utils.AveragedModel` does the same, but walks the modules at every step, which
    takes a tenth of a small net's step; here the tensors are listed once.
    """

    def __init__(self, nets: nn.ModuleDict, decay: float) -> None:
        self.decay = decay
        self.nets: nn.ModuleDict = copy.deepcopy(nets).requires_grad_(False)
        self._parameters = _tensors(self.nets.parameters()), _tensors(nets.parameters())
        self._buffers = _tensors(self.nets.buffers()), _tensors(nets.buffers())

    @torch.no_grad()
    def update(self, step: int) -> None:
        """Take in the nets' parameters after `step` earlier updates.

        The decay grows from 0.1 to its value, so that the average forgets the first steps; the first
        update copies.
        """
        averaged, current = self._parameters
        warm = min(self.decay, (1 + step) / (10 + step)) if step else 0.0
        torch._foreach_lerp_(averaged, current, 1 - warm)
        if self._buffers[0]:
            torch._foreach_copy_(*self._buffers)


def _tensors(tensors: Iterable[Tensor]) -> list[Tensor]:
    # Detached tensors share memory with the net's own, which optimizers change in place.
    return [tensor.detach() for tensor in tensors]
