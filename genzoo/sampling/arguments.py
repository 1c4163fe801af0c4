"""Checks of the arguments of a model's methods: whole numbers, seeds, latents and images."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from genzoo.errors import UsageError, brief
from genzoo.images.pixels import has_values, range_beyond
from genzoo.sampling import noise
from genzoo.values import whole_number
from genzoo.zoo.registry import FAMILIES
from genzoo.zoo.spec import Entry

if TYPE_CHECKING:
    import torch

Engine = Literal["torch", "onnx"]
_MOST_IMAGES = 2**63 - 1


def chosen_engine(engine: object) -> Engine:
    """The engine that runs nets, torch for None; raises `UsageError` for what is no engine."""
    if engine is None or engine == "torch":
        return "torch"
    if engine == "onnx":
        return "onnx"
    raise UsageError(f"There is no engine {brief(engine)}: there are 'torch' and 'onnx'.")


def refuse_settings_of_torch(device: object, dtype: object) -> None:
    """Raise `UsageError` unless a device and a type are what the engine onnx has: the CPU, float32, or None."""
    if device is not None and str(device) != "cpu":
        raise UsageError(f"engine='onnx' runs on the CPU, not on {brief(str(device))}: take engine='torch'.")
    if dtype is not None and str(dtype) != "torch.float32":
        raise UsageError(f"engine='onnx' computes in float32, not in {brief(str(dtype))}: take engine='torch'.")


def chosen_dtype(dtype: object) -> torch.dtype:
    """The type that nets are to compute in, float32 for None.

    Raises:
        UsageError: for what is no type of torch's, or one that nets do not compute in.
    """
    import torch

    if dtype is not None and not isinstance(dtype, torch.dtype):
        raise UsageError(f"{dtype!r} is no type of torch's: give torch.float16, say, and not its name.")
    # In which all that nets are made of is computed; torch stores numbers in others.
    if dtype not in (None, torch.float32, torch.bfloat16, torch.float16, torch.float64):
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


def refuse_other_latents(entry: Entry, z: object, engine: Engine) -> None:
    """Raise `UsageError` unless `z` is an engine's array of latents of the entry: (n, z)."""
    shape = _real(entry, z, engine).shape
    if len(shape) != 2 or shape[1] != entry.latent_size:
        raise UsageError(f"{entry.name} decodes latents of shape (n, {entry.latent_size}), not {tuple(shape)}.")


def refuse_other_ends(entry: Entry, *ends: object, engine: Engine) -> None:
    """Raise `UsageError` unless each of `ends` is an engine's array of one latent of the entry: (z,)."""
    for end in ends:
        shape = tuple(_real(entry, end, engine).shape)
        if shape != (entry.latent_size,):
            raise UsageError(
                f"{entry.name} interpolates between latents of shape ({entry.latent_size},), "
                f"not {shape}: name one of several, as in z[0]."
            )


def refuse_other_images(entry: Entry, x: object, engine: Engine) -> None:
    """Raise `UsageError` unless `x` is an engine's array of images of the entry: (n, c, h, w), floats in [0, 1]."""
    array, kind = _array(entry, x, engine)
    shape = tuple(array.shape)
    if len(shape) != 4 or shape[1:] != entry.dataset.shape:
        wanted = ", ".join(map(str, entry.dataset.shape))
        raise UsageError(f"{entry.name} takes images of shape (n, {wanted}), not {shape}.")
    if kind != "f":
        raise UsageError(f"{entry.name} takes pixels as floats in [0, 1], not {array.dtype}: divide uint8 by 255.")
    if found := range_beyond(array):
        raise UsageError(f"{entry.name} takes pixels in [0, 1], not in {found}.")


def refuse_score(entry: Entry) -> None:
    """Raise `UsageError` for an entry that has no discriminator."""
    if entry.is_vae:
        raise UsageError(f"{entry.name} is a VAE and has no discriminator: use `elbo` to score images.")


def refuse_encode(entry: Entry) -> None:
    """Raise `UsageError` for an entry that has no encoder."""
    if not entry.is_vae:
        known = " or ".join(family.name for family in FAMILIES.values() if family.is_vae)
        raise UsageError(f"{entry.name} is no VAE and has no encoder: the VAEs' names begin with {known}.")


def refuse_mixture(entry: Entry) -> None:
    """Raise `UsageError` for an entry that has no second prior."""
    if not entry.is_vae:
        raise UsageError(f"{entry.name} is no VAE and has no mixture: its latents are normal.")


def _real(entry: Entry, value: object, engine: Engine) -> Any:
    array, kind = _array(entry, value, engine)
    if kind == "c":
        raise UsageError(f"{entry.name} decodes latents of real numbers, not {array.dtype}: give z.real.")
    return array


def _array(entry: Entry, value: object, engine: Engine) -> tuple[Any, str]:
    """A value that is an engine's array, and its kind in NumPy's letters: f for floats, c for complex numbers."""
    return _numpys(entry, value) if engine == "onnx" else _torchs(entry, value)


def _numpys(entry: Entry, value: object) -> tuple[Any, str]:
    if not isinstance(value, np.ndarray):
        kind = type(value).__name__
        way_out = "give x.numpy(), or load it with engine='torch'" if kind == "Tensor" else "numpy.asarray makes one"
        raise UsageError(f"{entry.name} takes NumPy arrays with engine='onnx', not {kind}: {way_out}.")
    if value.dtype.kind not in "biufc":
        raise UsageError(f"{entry.name} takes arrays of numbers, not {value.dtype}.")
    return value, value.dtype.kind


def _torchs(entry: Entry, value: object) -> tuple[Any, str]:
    import torch

    if not isinstance(value, torch.Tensor):
        kind = type(value).__name__
        way_out = "torch.from_numpy makes one of it" if kind == "ndarray" else "torch.tensor makes one of numbers"
        raise UsageError(f"{entry.name} takes tensors, not {kind}: {way_out}.")
    if not has_values(value):
        raise UsageError(f"{entry.name} takes dense tensors, not sparse ones or those of the meta device.")
    return value, "f" if value.is_floating_point() else "c" if value.is_complex() else "i"
