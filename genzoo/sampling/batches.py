"""Images drawn in batches, and the paths between latents."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, nullcontext
from typing import TYPE_CHECKING

import torch
import torch.nn.functional as F
from torch import Tensor

from genzoo.accel.devices import full_float32
from genzoo.accel.memory import clear_memory_errors
from genzoo.errors import BadCheckpointError, UsageError
from genzoo.sampling import noise
from genzoo.sampling.priors import PRIORS, Prior
from genzoo.zoo.spec import Entry

if TYPE_CHECKING:
    from genzoo.sampling.model import Model

BATCH = 256
"""Images computed at a time unless told otherwise: large enough for any processor, small in memory."""


def draw_latents(model: Model, n: int, seed: int, start: int, prior: Prior = "normal") -> Tensor:
    """Latents `start` to `start + n` of a seed, on the model's device: (n, z) float32.

    Raises:
        UsageError: for a prior that the model lacks, or a seed out of range.
    """
    if prior == "mixture":
        return model.mixture.latents(seed, start, n).to(model.device)
    if prior != "normal":
        raise UsageError(f"There is no prior {prior!r}: there are {' and '.join(PRIORS)}.")
    return torch.from_numpy(noise.normals(seed, start, n, model.entry.latent_size)).to(model.device)


def draw_batches(model: Model, n: int, seed: int, start: int, batch_size: int, prior: Prior) -> Iterator[Tensor]:
    """Images `start` to `start + n` of a seed in batches on the CPU, (<= batch_size, c, h, w) each.

    Raises:
        UsageError: for batches that do not fit in memory.
        BadCheckpointError: for weights that give images that are not finite.
    """
    for first in range(start, start + n, batch_size):
        count = min(batch_size, start + n - first)
        with torch.no_grad(), clear_memory_errors(f"{count:,} images at a time take", "give a smaller batch_size"):
            images = model.decode(draw_latents(model, count, seed, first, prior)).cpu()
        if not bool(images.isfinite().all()):
            raise BadCheckpointError(
                f"{model.name} gives images that are not finite: its weights are damaged, or too large for "
                f"{model.dtype}; fetch or train it again, or load it in float32."
            )
        yield images


def join_batches(batches: Iterable[Tensor], n: int, shape: tuple[int, int, int]) -> Tensor:
    """Batches of images as one tensor: (n, c, h, w) float32 on the CPU.

    Raises:
        UsageError: for more images than fit in memory.
    """
    size = f"{4 * n * math.prod(shape) / 1e9:,.1f} GB"
    with clear_memory_errors(f"{n:,} images take {size},", "draw them in batches, with iter_samples"):
        images = torch.empty((n, *shape), dtype=torch.float32, device="cpu")
    done = 0
    for batch in batches:
        images[done : done + len(batch)] = batch
        done += len(batch)
    return images


def great_circle(z0: Tensor, z1: Tensor, steps: int) -> Tensor:
    """Latents on the great circle from one to another, by spherical interpolation: (z,), (z,) -> (steps, z)."""
    if steps >= 2**60:  # where torch says something else
        raise MemoryError
    share = torch.linspace(0, 1, steps, dtype=torch.float32, device=z0.device).unsqueeze(1)
    angle = F.cosine_similarity(z0, z1, dim=0).clamp(-1, 1).acos()
    if angle.sin().abs() < 1e-4:
        return torch.lerp(z0.expand(steps, -1), z1.expand(steps, -1), share)
    return (((1 - share) * angle).sin() * z0 + (share * angle).sin() * z1) / angle.sin()


@contextmanager
def own_dtype(entry: Entry, device: torch.device) -> Iterator[None]:
    """Compute in the model's own dtype, in full: a caller's autocast or TF32 would change what a seed gives."""
    cast = torch.amp.is_autocast_available(device.type) and torch.is_autocast_enabled(device.type)
    with (
        torch.autocast(device.type, enabled=False) if cast else nullcontext(),
        full_float32(device, cudnn=entry.arch.cudnn),
    ):
        yield
