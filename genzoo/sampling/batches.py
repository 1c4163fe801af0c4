"""Images drawn in batches, and the paths between latents, for either engine."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from types import ModuleType
from typing import Any

import numpy as np
import numpy.typing as npt

from genzoo.accel.memory import clear_memory_errors
from genzoo.errors import BadCheckpointError

Array = npt.NDArray[np.float32]

BATCH = 256
"""Images computed at a time unless told otherwise: large enough for any processor, small in memory."""


def draw_batches(
    draw: Callable[[int, int], Array], n: int, start: int, batch_size: int, refusal: str
) -> Iterator[Array]:
    """Images `start` to `start + n` in batches, (<= batch_size, c, h, w) each, as `draw(start, count)` gives them.

    Raises:
        UsageError: for batches that do not fit in memory.
        BadCheckpointError: with `refusal`, for weights that give images that are not finite.
    """
    for first in range(start, start + n, batch_size):
        count = min(batch_size, start + n - first)
        with clear_memory_errors(f"{count:,} images at a time take", "give a smaller batch_size"):
            images = draw(first, count)
        if not np.isfinite(images).all():
            raise BadCheckpointError(refusal)
        yield images


def join_batches(batches: Iterable[Any], n: int, shape: tuple[int, int, int]) -> Array:
    """Batches of images as one array: (n, c, h, w) float32.

    Raises:
        UsageError: for more images than fit in memory.
    """
    size = f"{4 * n * math.prod(shape) / 1e9:,.1f} GB"
    with clear_memory_errors(f"{n:,} images take {size},", "draw them in batches, with iter_samples"):
        _refuse_uncounted(n * math.prod(shape))
        images = np.empty((n, *shape), dtype=np.float32)
    done = 0
    for batch in batches:
        images[done : done + len(batch)] = batch
        done += len(batch)
    return images


def shares(steps: int) -> Array:
    """The share of the way that each of some steps has gone, from 0 to 1: (steps, 1)."""
    _refuse_uncounted(steps)
    return np.linspace(0, 1, steps, dtype=np.float32)[:, None]


def great_circle(xp: ModuleType, z0: Any, z1: Any, share: Any) -> Any:
    """Latents on the great circle from one to another, by spherical interpolation: (z,), (z,), (n, 1) -> (n, z).

    All are float32, of the library that is given: arrays of `numpy`, or tensors of `torch`, where the result is
    differentiable.
    """
    lengths = (z0 * z0).sum() ** 0.5 * (z1 * z1).sum() ** 0.5
    angle = xp.arccos(xp.clip((z0 * z1).sum() / (lengths + (lengths == 0)), -1, 1))
    if abs(xp.sin(angle)) < 1e-4:
        return z0 + share * (z1 - z0)
    return (xp.sin((1 - share) * angle) * z0 + xp.sin(share * angle) * z1) / xp.sin(angle)


def _refuse_uncounted(numbers: int) -> None:
    """Raise MemoryError for more numbers than NumPy counts, of which it says something else."""
    if numbers >= 2**60:
        raise MemoryError(f"{numbers} numbers")
