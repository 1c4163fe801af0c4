"""What a step is fed: real images and noise, as functions of the seed and the step alone."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from genzoo import noise
from genzoo.data import ImageData


class Source:
    """Batches of a dataset in an order that follows from the seed: pass after pass, each shuffled."""

    def __init__(self, data: ImageData, batch_size: int, seed: int) -> None:
        self.data, self.batch_size, self.seed = data, batch_size, seed
        self.per_pass = len(data) // batch_size
        self._pass, self._order = -1, torch.empty(0, dtype=torch.int64)

    def indices(self, turn: int) -> Tensor:
        """Indices of the images of batch `turn`: (batch_size,)."""
        number, place = divmod(turn, self.per_pass)
        if number != self._pass:
            # A pass takes far fewer than 2**32 ticks of the counter.
            generator = np.random.Generator(noise.philox(self.seed, "order", number << 32))
            self._order = torch.from_numpy(generator.permutation(len(self.data)))
            self._pass = number
        return self._order[place * self.batch_size : (place + 1) * self.batch_size]


class BatchDraw:
    """One update's images and noise; a process takes its share of what all of them draw alike."""

    def __init__(self, source: Source, turn: int, rank: int = 0, processes: int = 1) -> None:
        self.source, self.turn = source, turn
        share = source.batch_size // processes
        self.share = slice(rank * share, (rank + 1) * share)
        self.device = source.data.pixels.device
        seed = int(noise.words(source.seed, "steps", turn, 1, 1)[0, 0] >> np.uint64(1))
        self.generator = torch.Generator(self.device).manual_seed(seed)
        _seed_dropout(self.device, (seed + rank) % 2**63)

    def images(self) -> Tensor:
        """This process's share of the batch: (n, c, h, w) in [0, 1]."""
        index = self.source.indices(self.turn)[self.share].to(self.device)
        flips = self.source.data.dataset.flips
        return self.source.data.batch(index, self.uniform() < 0.5 if flips else None)

    def normal(self, *shape: int) -> Tensor:
        """Standard normal numbers: (n, *shape)."""
        size = (self.source.batch_size, *shape)
        return torch.randn(size, generator=self.generator, device=self.device)[self.share]

    def uniform(self, *shape: int) -> Tensor:
        """Numbers in [0, 1): (n, *shape)."""
        size = (self.source.batch_size, *shape)
        return torch.rand(size, generator=self.generator, device=self.device)[self.share]


def _seed_dropout(device: torch.device, seed: int) -> None:
    """Seed the global generator of a device, from which dropout takes its numbers.

    `torch.manual_seed` seeds those of all devices, which takes as long as a small net's step.
    """
    if device.type == "cpu":
        torch.default_generator.manual_seed(seed)
    elif device.type == "cuda":
        torch.cuda.manual_seed(seed)
    else:
        torch.manual_seed(seed)
