"""The road from a seed to images, which models of either engine go."""

from __future__ import annotations

import importlib
from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import ClassVar, Generic, TypeVar, cast

import numpy as np
import numpy.typing as npt

from genzoo.accel.memory import clear_memory_errors
from genzoo.errors import UsageError
from genzoo.sampling import arguments, noise
from genzoo.sampling.arguments import Engine
from genzoo.sampling.batches import BATCH, draw_batches, great_circle, join_batches, shares
from genzoo.sampling.pretrained import Pretrained
from genzoo.sampling.priors import PRIORS, Prior

A = TypeVar("A")
"""The arrays of an engine: tensors of torch, or arrays of NumPy."""


class Sampler(Pretrained, ABC, Generic[A]):
    """Latents and images by seed.

    Every method raises `UsageError` for arguments that it has no result for (images or latents of another shape, a
    number or a seed out of range, a prior or a net that the model lacks, more images than fit in memory).
    """

    engine: ClassVar[Engine]

    def _repr_html_(self) -> str:
        """What a notebook shows: samples, and what is known and measured of the model."""
        from genzoo.sampling.notebook import model_html

        return model_html(self)

    def latents(self, n: int, seed: int | None = None, start: int = 0, prior: Prior = "normal") -> A:
        """Latents `start` to `start + n` of a seed: (n, z) float32, of the standard normal or a VAE's mixture.

        Latent i of a seed depends on nothing but the seed, the prior and i; no seed takes a new one.
        """
        n, start = arguments.chosen_range(n, start)
        with clear_memory_errors(f"{n:,} latents take", "ask for fewer at a time, by start"):
            return self._real(self._noise(n, arguments.chosen_seed(seed), start, prior))

    def iter_samples(
        self, n: int, seed: int | None = None, *, start: int = 0, batch_size: int = BATCH, prior: Prior = "normal"
    ) -> Iterator[A]:
        """Samples in batches, (<= batch_size, c, h, w) each, in constant memory; see `sample`.

        What is wrong with the arguments is said at once.
        """
        n, start = arguments.chosen_range(n, start)
        batch_size, number = arguments.chosen_batch_size(batch_size), arguments.chosen_seed(seed)
        self._noise(1, number, start, prior)  # so that what is wrong is said before a batch is asked for

        def draw(first: int, count: int) -> npt.NDArray[np.float32]:
            return self._draw(self._noise(count, number, first, prior))

        refusal = (
            f"{self.entry.name} gives images that are not finite: its weights are damaged, or too large for its type; "
            "fetch or train it again, or load it in float32."
        )
        return map(self._images, draw_batches(draw, n, start, batch_size, refusal))

    def sample(
        self, n: int, seed: int | None = None, *, start: int = 0, batch_size: int = BATCH, prior: Prior = "normal"
    ) -> A:
        """Images `start` to `start + n` of a seed: (n, c, h, w) float32 in [0, 1], on the CPU.

        Image i depends on the model, the seed and i alone: not on n, the batch size, the device or the engine,
        to within one grey level of 255.  Without a seed each call gives other images.  A VAE also draws
        from its `mixture`, which leaves out latents that no training image has.

        Raises:
            BadCheckpointError: for weights that give images that are not finite.
        """
        batches = self.iter_samples(n, seed, start=start, batch_size=batch_size, prior=prior)
        return self._images(join_batches(batches, arguments.chosen_range(n, start)[0], self.entry.dataset.shape))

    def interpolate(self, z0: A, z1: A, steps: int) -> A:
        """Images on the great circle from one latent to another: (z,), (z,) -> (steps, c, h, w).

        Spherical interpolation keeps the norm that latents of a normal distribution have.
        """
        arguments.refuse_other_ends(self.entry, z0, z1, engine=self.engine)
        steps = arguments.chosen_steps(steps)
        library = importlib.import_module("torch" if self.engine == "torch" else "numpy")
        with clear_memory_errors(f"{steps:,} images take", "ask for fewer steps"):
            ends, share = (self._real(z0), self._real(z1)), self._real(shares(steps))
            return self.decode(cast(A, great_circle(library, *ends, share)))

    def reconstruct(self, x: A) -> A:
        """A VAE's images of the posterior means: (n, c, h, w) -> (n, c, h, w), both in [0, 1]."""
        return self.decode(self.encode(x)[0])

    @abstractmethod
    def decode(self, z: A) -> A:
        """Images of latents: (n, z) -> (n, c, h, w) float32 in [0, 1]."""

    @abstractmethod
    def encode(self, x: A) -> tuple[A, A]:
        """A VAE's posterior of images: (n, c, h, w) in [0, 1] -> mean and log-variance, (n, z) each."""

    @abstractmethod
    def score(self, x: A) -> A:
        """The discriminator's scores of images, logits where it is a GAN's: (n, c, h, w) in [0, 1] -> (n,)."""

    @abstractmethod
    def _draw(self, z: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """One batch of images of latents, without gradients: (n, z) -> (n, c, h, w)."""

    @abstractmethod
    def _real(self, values: A | npt.NDArray[np.float32]) -> A:
        """Numbers as the engine computes with them, in float32, where the model runs."""

    @abstractmethod
    def _images(self, images: npt.NDArray[np.float32]) -> A:
        """Drawn images as the engine gives them, on the CPU."""

    def _noise(self, n: int, seed: int, start: int, prior: Prior) -> npt.NDArray[np.float32]:
        if prior == "mixture":
            return self.mixture.latents(seed, start, n)
        if prior != "normal":
            raise UsageError(f"There is no prior {prior!r}: there are {' and '.join(PRIORS)}.")
        return noise.normals(seed, start, n, self.entry.latent_size)
