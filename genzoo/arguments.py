"""What a model's methods may be called with: whole numbers, seeds, latents and images of its shapes."""

from __future__ import annotations

import os

from torch import Tensor

from genzoo import noise
from genzoo.errors import UsageError
from genzoo.images import range_beyond
from genzoo.spec import Entry
from genzoo.strict import brief


def refuse_other_than_whole(**numbers: object) -> None:
    """Raise `UsageError`, with its name, for what is no whole number."""
    for name, number in numbers.items():
        if not hasattr(number, "__index__"):
            raise UsageError(f"{name} must be a whole number, not {brief(number)}.")


def refuse_other_range(n: int, start: int) -> None:
    """Raise `UsageError` unless images `start` to `start + n` of a seed are some."""
    refuse_other_than_whole(n=n, start=start)
    if n < 1:
        raise UsageError(f"{n} images were asked for: 1 is the least.")
    if start < 0:
        raise UsageError(f"The first image's number is {start}: 0 is the least.")


def chosen_seed(seed: int | None) -> int:
    """The seed that was given, or a new one.

    Raises:
        UsageError: for what is no whole number between 0 and 2**64 - 1.
    """
    if seed is None:
        return int.from_bytes(os.urandom(8), "little")
    refuse_other_than_whole(seed=seed)
    noise.philox(seed, "latents")
    return seed


def refuse_other_latents(entry: Entry, z: object) -> None:
    """Raise `UsageError` unless `z` is a tensor of latents of the entry: (n, z)."""
    tensor = _tensor(entry, z)
    if tensor.dim() != 2 or tensor.shape[1] != entry.latent_size:
        raise UsageError(f"{entry.name} decodes latents of shape (n, {entry.latent_size}), not {tuple(tensor.shape)}.")


def refuse_other_ends(entry: Entry, *ends: object) -> None:
    """Raise `UsageError` unless each of `ends` is a tensor of one latent of the entry: (z,)."""
    for end in ends:
        tensor = _tensor(entry, end)
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


def _tensor(entry: Entry, value: object) -> Tensor:
    if isinstance(value, Tensor):
        return value
    kind = type(value).__name__
    way_out = "torch.from_numpy makes one of it" if kind == "ndarray" else "torch.tensor makes one of numbers"
    raise UsageError(f"{entry.name} takes tensors, not {kind}: {way_out}.")
