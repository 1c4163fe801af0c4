"""The input of a step: real images and noise, as functions of the seed and the step alone."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from genzoo.data import ImageData
from genzoo.sampling import noise


class Source:
    """Batches of a dataset, epoch after epoch, each shuffled by the seed."""

    def __init__(self, data: ImageData, batch_size: int, seed: int) -> None:
        self.data, self.batch_size, self.seed = data, batch_size, seed
        self.per_epoch = len(data) // batch_size
        self._epoch, self._order = -1, torch.empty(0, dtype=torch.int64)

    def indices(self, batch: int) -> Tensor:
        """The images of batch number `batch`, counted from the run's first, as indices of the data: (batch_size,)."""
        epoch, place = divmod(batch, self.per_epoch)
        if epoch != self._epoch:
            # An epoch takes far fewer than 2**32 ticks of the counter.
            generator = np.random.Generator(noise.philox(self.seed, "order", epoch << 32))
            self._order = torch.from_numpy(generator.permutation(len(self.data)))
            self._epoch = epoch
        return self._order[place * self.batch_size : (place + 1) * self.batch_size]


class StepDraw:
    """A step's images and noise, batch after batch.

    All processes draw the whole batch alike, and each takes its share of it.  The tensors on the device stay at one
    address from step to step, where a CUDA graph finds them.
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
        """Begin a step: choose its images, and seed its noise and dropout."""
        seed = int(noise.words(self.source.seed, "steps", step, 1, 1)[0, 0] >> np.uint64(1))
        self.generator.manual_seed(seed)
        _seed_dropout(self.device, (seed + self.rank) % 2**63)
        batches = len(self._indices)
        numbers = range(step * batches, (step + 1) * batches)
        indices = torch.stack([self.source.indices(number)[self.share] for number in numbers])
        self._indices.copy_(indices, non_blocking=True)
        self._place = 0

    def images(self) -> Tensor:
        """This process's share of the next batch: (n, c, h, w) in [0, 1]."""
        index = self._indices[self._place]
        self._place += 1
        flips = self.source.data.dataset.flips
        return self.source.data.batch(index, self.uniform() < 0.5 if flips else None)

    def normal(self, *shape: int) -> Tensor:
        """Standard normal numbers for this process's images: (n, *shape)."""
        size = (self.source.batch_size, *shape)
        return torch.randn(size, generator=self.generator, device=self.device)[self.share]

    def uniform(self, *shape: int) -> Tensor:
        """Numbers uniform in [0, 1) for this process's images: (n, *shape)."""
        size = (self.source.batch_size, *shape)
        return torch.rand(size, generator=self.generator, device=self.device)[self.share]


def _seed_dropout(device: torch.device, seed: int) -> None:
    """Seed a device's global generator, which dropout draws from.

    `torch.manual_seed` seeds those of all devices, which takes as long as a small net's step.
    """
    if device.type == "cpu":
        torch.default_generator.manual_seed(seed)
    elif device.type == "cuda":
        with torch.cuda.device(device):
            torch.cuda.manual_seed(seed)
    else:
        torch.manual_seed(seed)
