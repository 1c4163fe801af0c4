"""What a model's methods may be called with: whole numbers, seeds, latents and images of its shapes."""

from __future__ import annotations

import os

import torch
from torch import Tensor

from genzoo.errors import UsageError
from genzoo.images.pixels import has_values, range_beyond
from genzoo.sampling import noise
from genzoo.values import whole_number
from genzoo.zoo.spec import Entry

_MOST_IMAGES = 2**63 - 1
_DTYPES = (torch.float32, torch.bfloat16, torch.float16, torch.float64)
"""In which all that nets are made of is computed; torch stores numbers in others."""


def chosen_dtype(dtype: object) -> torch.dtype:
    """The type that nets are to compute in, float32 for None.

    Raises:
        UsageError: for what is no type of torch's, or one that nets do not compute in.
    """
    if dtype is not None and not isinstance(dtype, torch.dtype):
        raise UsageError(f"{dtype!r} is no type of torch's: give torch.float16, say, and not its name.")
    if dtype not in (None, *_DTYPES):
        raise UsageError(f"Nets do not compute in {dtype}: give torch.float32, torch.bfloat16 or torch.float16.")
    return dtype or torch.float32


def chosen_range(n: object, start: object) -> tuple[int, int]:
    """`n` and `start` of images `start` to `start + n` of a seed, as plain integers.

    Raises:
        UsageError: for what is no whole number, no image, or a number that takes more than 63 bits.
    """
    count, first = whole_number("n", n), whole_number("start", start)
    if count < 1:
        raise UsageError(f"{count} images were asked for: 1 is the least.")
    if first < 0:
        raise UsageError(f"The first image's number is {first}: 0 is the least.")
    if first + count > _MOST_IMAGES:
        raise UsageError(f"A seed has images up to number 2**63 - 2, not {first + count - 1}.")
    return count, first


def chosen_batch_size(batch_size: object) -> int:
    """The number of images to compute at a time; raises `UsageError` unless it is a whole number from 1 on."""
    if (size := whole_number("batch_size", batch_size)) < 1:
        raise UsageError(f"The batch size is {size}: 1 is the least.")
    return size


def chosen_steps(steps: object) -> int:
    """The number of images of an interpolation; raises `UsageError` unless it is a whole number from 2 on."""
    if (count := whole_number("steps", steps)) < 2:
        raise UsageError(f"An interpolation of {count} steps has no two ends: 2 is the least.")
    return count


def chosen_seed(seed: object) -> int:
    """The seed that was given, or a new one for None.

    Raises:
        UsageError: for what is no whole number between 0 and 2**64 - 1.
    """
    if seed is None:
        return int.from_bytes(os.urandom(8), "little")
    number = whole_number("seed", seed)
    noise.philox(number, "latents")
    return number


def refuse_other_latents(entry: Entry, z: object) -> None:
    """Raise `UsageError` unless `z` is a tensor of latents of the entry: (n, z)."""
    tensor = _real(entry, z)
    if tensor.dim() != 2 or tensor.shape[1] != entry.latent_size:
        raise UsageError(f"{entry.name} decodes latents of shape (n, {entry.latent_size}), not {tuple(tensor.shape)}.")


def refuse_other_ends(entry: Entry, *ends: object) -> None:
    """Raise `UsageError` unless each of `ends` is a tensor of one latent of the entry: (z,)."""
    for end in ends:
        tensor = _real(entry, end)
        if tensor.shape != (entry.latent_size,):
            raise UsageError(
                f"{entry.name} interpolates between latents of shape ({entry.latent_size},), "
                f"not {tuple(tensor.shape)}: name one of several, as in z[0]."
            )


def refuse_other_images(entry: Entry, x: object) -> None:
    """Raise `UsageError` unless `x` is a tensor of images of the entry: (n, c, h, w), floats in [0, 1]."""
    tensor = _tensor(entry, x)
    if tensor.dim() != 4 or tensor.shape[1:] != entry.dataset.shape:
        wanted = ", ".join(map(str, entry.dataset.shape))
        raise UsageError(f"{entry.name} takes images of shape (n, {wanted}), not {tuple(tensor.shape)}.")
    if not tensor.is_floating_point():
        raise UsageError(f"{entry.name} takes pixels as floats in [0, 1], not {tensor.dtype}: divide uint8 by 255.")
    if found := range_beyond(tensor):
        raise UsageError(f"{entry.name} takes pixels in [0, 1], not in {found}.")


def _real(entry: Entry, value: object) -> Tensor:
    tensor = _tensor(entry, value)
    if tensor.is_complex():
        raise UsageError(f"{entry.name} decodes latents of real numbers, not {tensor.dtype}: give z.real.")
    return tensor


def _tensor(entry: Entry, value: object) -> Tensor:
    if isinstance(value, Tensor):
        if not has_values(value):
            raise UsageError(f"{entry.name} takes dense tensors, not sparse ones or those of the meta device.")
        return value
    kind = type(value).__name__
    way_out = "torch.from_numpy makes one of it" if kind == "ndarray" else "torch.tensor makes one of numbers"
    raise UsageError(f"{entry.name} takes tensors, not {kind}: {way_out}.")
