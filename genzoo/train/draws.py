"""What a step is fed: real images and noise, as functions of the seed and the step alone."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from genzoo.data import ImageData
from genzoo.sampling import noise


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


class StepDraw:
    """A step's images and noise, a batch after the other; a process takes its share of what all of them draw alike.

    What lies on the device stays in its place from step to step, so that a CUDA graph finds it there.
    """

    def __init__(self, source: Source, batches: int = 1, rank: int = 0, processes: int = 1) -> None:
        self.source, self.rank = source, rank
        share = source.batch_size // processes
        self.share = slice(rank * share, (rank + 1) * share)
        self.device = source.data.pixels.device
        self.generator = torch.Generator(self.device)
        self._indices = torch.empty((batches, share), dtype=torch.int64, device=self.device)
        self._place = 0

    def begin(self, step: int) -> None:
        """Draw for another step from now on."""
        seed = int(noise.words(self.source.seed, "steps", step, 1, 1)[0, 0] >> np.uint64(1))
        self.generator.manual_seed(seed)
        _seed_dropout(self.device, (seed + self.rank) % 2**63)
        batches = len(self._indices)
        turns = range(step * batches, (step + 1) * batches)
        indices = torch.stack([self.source.indices(turn)[self.share] for turn in turns])
        self._indices.copy_(indices, non_blocking=True)
        self._place = 0

    def images(self) -> Tensor:
        """This process's share of the next batch: (n, c, h, w) in [0, 1]."""
        index = self._indices[self._place]
        self._place += 1
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
        with torch.cuda.device(device):
            torch.cuda.manual_seed(seed)
    else:
        torch.manual_seed(seed)
