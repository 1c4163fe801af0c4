"""Images to files: the form follows from the name, memory does not grow with the number of images."""

from __future__ import annotations

import os
import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO, TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from genzoo.errors import GenzooError, UsageError
from genzoo.files import whole_file, whole_folder
from genzoo.images import as_array, check_grid, make_grid, to_picture
from genzoo.tensors import safetensors_header

if TYPE_CHECKING:
    from torch import Tensor

Array = npt.NDArray[np.uint8]
GRIDS = (".png", ".jpg", ".jpeg", ".webp")
ARRAYS = (".npz", ".npy", ".safetensors")
ARRAY = "images"
"""The array's name in files that have names."""


def check_output(path: str | os.PathLike[str], n: int, nrow: int | None = None) -> None:
    """Raise `UsageError` unless a name says what `n` images are to become, before any is made."""
    suffix = Path(path).suffix.lower()
    if suffix in GRIDS and not _is_folder(path):
        check_grid(n, nrow)
        return
    if nrow is not None:
        raise UsageError(f"{os.fspath(path)} has no rows: leave out nrow, or write a grid ({', '.join(GRIDS)}).")
    if suffix not in ARRAYS and not _is_folder(path):
        known = ", ".join([*GRIDS, *ARRAYS])
        raise UsageError(
            f"{os.fspath(path)} does not say what to write: end it in {known}, or / for a folder of images."
        )


def _is_folder(path: str | os.PathLike[str]) -> bool:
    """Whether a name is a folder's: by its last sign, or, since a `Path` has no slash there, for want of a suffix."""
    if os.fspath(path).endswith(("/", os.sep)):
        return True
    return not Path(path).suffix and (not isinstance(path, str) or os.path.isdir(path))


def save_images(
    images: Tensor | Array | Iterable[Tensor],
    path: str | os.PathLike[str],
    *,
    n: int | None = None,
    nrow: int | None = None,
    overwrite: bool = False,
) -> None:
    """Write images: a grid, an array, or a folder of numbered PNGs, as the name says.

    The file or folder appears under its name when it is whole.

    Args:
        images: (n, c, h, w) in [0, 1], or batches of that, as `Model.iter_samples` gives them; or an array
            (n, h, w, c) uint8.
        path: ends in .png, .jpg or .webp (a grid), in .npz, .npy or .safetensors (one array called
            `images`, (n, h, w, c) uint8), or in / (a folder; so is a `Path` without a suffix).
        n: how many images the batches hold in all; needed where `images` is not a tensor.
        nrow: images in a row of a grid.
        overwrite: replace a folder that is not empty.

    Raises:
        UsageError: for a name that says nothing, a grid that cannot be, images of another shape, or batches that
            hold more or fewer than `n`.
        GenzooError: when it cannot be written.
    """
    import torch

    total = len(images) if isinstance(images, torch.Tensor | np.ndarray) else n
    if total is None:
        raise UsageError("How many images the batches hold must be said with n.")
    check_output(path, total, nrow)
    batches = _counted([images] if isinstance(images, torch.Tensor | np.ndarray) else images, total)
    target, suffix = Path(path), Path(path).suffix.lower()
    if _is_folder(path):
        _save_folder(batches, target, total, overwrite)
    elif suffix in GRIDS:
        _save_grid(np.concatenate(list(batches)), target, nrow)
    else:
        _save_array(batches, target, total)


def _counted(batches: Iterable[Tensor | Array], n: int) -> Iterator[Array]:
    """The batches as files hold them; their number is that which the file's header says."""
    done = 0
    for batch in batches:
        array = as_array(batch)
        done += len(array)
        if done > n:
            break
        yield array
    if done != n:
        raise UsageError(f"{n:,} images were to be written, and there were {'more' if done > n else f'{done:,}'}.")


def _save_grid(array: Array, path: Path, nrow: int | None) -> None:
    picture = make_grid(array, nrow)
    with whole_file(path) as part:
        try:
            picture.save(part, {".jpg": "jpeg"}.get(path.suffix.lower(), path.suffix[1:].lower()))
        except (ValueError, SystemError) as error:  # such as WebP's limit of 16383 pixels a side
            raise GenzooError(f"{path} could not be written ({error}): write .png, or another --nrow.") from None


def _save_folder(batches: Iterator[Array], path: Path, n: int, overwrite: bool) -> None:
    digits, number = max(5, len(str(n - 1))), 0
    with whole_folder(path, overwrite=overwrite) as part:
        for batch in batches:
            for image in batch:
                to_picture(image).save(part / f"{number:0{digits}d}.png")
                number += 1


def _save_array(batches: Iterator[Array], path: Path, n: int) -> None:
    suffix = path.suffix.lower()
    with whole_file(path) as part:
        first = next(batches)
        shape = (n, *first.shape[1:])
        if suffix == ".npz":
            with zipfile.ZipFile(part, "w") as archive, archive.open(f"{ARRAY}.npy", "w", force_zip64=True) as file:
                _write_npy(file, shape, first, batches)
        else:
            with part.open("wb") as file:
                if suffix == ".npy":
                    _write_npy(file, shape, first, batches)
                else:
                    file.write(safetensors_header(ARRAY, shape))
                    _write_values(file, first, batches)


def _write_npy(file: IO[bytes], shape: tuple[int, ...], first: Array, rest: Iterator[Array]) -> None:
    np.lib.format.write_array_header_1_0(file, {"descr": "|u1", "fortran_order": False, "shape": shape})
    _write_values(file, first, rest)


def _write_values(file: IO[bytes], first: Array, rest: Iterator[Array]) -> None:
    file.write(first.tobytes())
    for batch in rest:
        file.write(batch.tobytes())
