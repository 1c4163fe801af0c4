"""Writes images to files, in a form that follows from the name and in constant memory, but for grids."""

from __future__ import annotations

import contextlib
import math
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO, Any

import numpy as np

from genzoo.checkpoint.files import refuse_folder, refuse_unwritable, whole_file, whole_folder
from genzoo.checkpoint.tensors import safetensors_header
from genzoo.errors import GenzooError, UsageError, brief
from genzoo.images.pixels import (
    Images,
    Levels,
    as_array,
    check_grid,
    is_tensor,
    make_grid,
    size_of_grid,
    to_picture,
)
from genzoo.values import as_path, whole_number

GRIDS = (".png", ".jpg", ".jpeg", ".webp")
ARRAYS = (".npz", ".npy", ".safetensors")
_LONGEST_SIDE = {".jpg": 65_500, ".jpeg": 65_500, ".webp": 16_383}
"""In pixels: WebP's own limit, and that of libjpeg, a little below JPEG's 65,535."""
_LEAST_FILE = 512
"""Bytes that a picture takes in a folder at the least: a sector, below which no common file system goes."""
ARRAY = "images"
"""The array's name in files that have names."""


def is_grid(path: str | os.PathLike[str]) -> bool:
    """Whether a file's name is that of a grid."""
    return as_path(path).suffix.lower() in GRIDS and not _is_folder(path)


def check_output(path: str | os.PathLike[str], n: int, nrow: int | None = None, scale: int | None = None) -> None:
    """Raise `UsageError` for a file name that has no form for `n` images, before any is made."""
    suffix = as_path(path).suffix.lower()
    if is_grid(path):
        check_grid(n, nrow)
        return
    for name, value, what in (("nrow", nrow, "rows"), ("scale", scale, "scale")):
        if value is not None:
            raise UsageError(
                f"{os.fspath(path)} has no {what}: leave out {name}, or write a grid ({', '.join(GRIDS)})."
            )
    if suffix not in ARRAYS and not _is_folder(path):
        known = ", ".join([*GRIDS, *ARRAYS])
        raise UsageError(
            f"{brief(os.fspath(path))} does not say what to write: end it in {known}, or / for a folder of images."
        )


def check_place(path: str | os.PathLike[str], *, overwrite: bool) -> None:
    """Raise `GenzooError` where the file or folder that `path` names could not be written, before any image is made."""
    target = as_path(path)
    if _is_folder(path):
        refuse_folder(target, overwrite=overwrite)
    elif target.is_dir():
        raise GenzooError(f"{target} is a folder: name a file, or end the name in / for a folder of images.")
    else:
        refuse_unwritable(target)


def check_room(
    path: str | os.PathLike[str],
    n: int,
    shape: tuple[int, int, int],
    nrow: int | None = None,
    scale: int | None = None,
    besides: int = 0,
) -> None:
    """Raise an error where `n` images of a shape (c, h, w) would not fit, before they are made.

    Args:
        path: as `check_output` took it.
        n: how many images there will be.
        shape: of each.
        nrow: images in a row of a grid.
        scale: of a grid.
        besides: bytes that something else will take on the same disk.

    Raises:
        UsageError: for a grid with more pixels a side than its format has.
        GenzooError: for more than the disk has room for.
    """
    suffix = Path(path).suffix.lower()
    if _is_folder(path):
        least = n * _LEAST_FILE
    elif suffix in ARRAYS:
        least = n * math.prod(shape)
    else:
        _refuse_large_grid(path, n, shape, nrow, scale or 1)
        return
    free = _free_bytes(Path(path))
    if free is not None and least + besides > free:
        raise GenzooError(
            f"{os.fspath(path)} could not be written (no space left on device for {n:,} images: they take "
            f"{least + besides:,} bytes at least, {free:,} are free): ask for fewer, or name another place."
        )


def _refuse_large_grid(
    path: str | os.PathLike[str], n: int, shape: tuple[int, int, int], nrow: int | None, scale: int
) -> None:
    suffix = Path(path).suffix.lower()
    sides = size_of_grid(n, shape, nrow, scale)
    if max(sides) > (most := _LONGEST_SIDE.get(suffix, max(sides))):
        raise UsageError(
            f"{os.fspath(path)} would have {sides[0]:,} x {sides[1]:,} pixels, and a {suffix} has {most:,} a side at "
            "most: write .png, or another number of images a row."
        )


def _free_bytes(path: Path) -> int | None:
    """The room on the disk that a path is to lie on, by the nearest folder around it that is there."""
    import shutil

    for folder in path.absolute().parents:
        with contextlib.suppress(OSError):
            return shutil.disk_usage(folder).free
    return None


def _is_folder(path: str | os.PathLike[str]) -> bool:
    """Whether a name is a folder's: by its last sign, or, since a `Path` has no slash there, for want of a suffix."""
    if os.fspath(path).endswith(("/", os.sep)):
        return True
    return not Path(path).suffix and (not isinstance(path, str) or os.path.isdir(path))


def save_images(
    images: Images | Iterable[Images],
    path: str | os.PathLike[str],
    *,
    n: int | None = None,
    nrow: int | None = None,
    scale: int | None = None,
    overwrite: bool = False,
) -> None:
    """Write images: a grid, an array, or a folder of numbered PNGs, as the name says.

    The file or folder appears under its name when it is whole.

    Args:
        images: (n, c, h, w) in [0, 1], or batches of that, as `iter_samples` gives them; or an array
            (n, h, w, c) uint8.
        path: ends in .png, .jpg or .webp (a grid), in .npz, .npy or .safetensors (one array called
            `images`, (n, h, w, c) uint8), or in / (a folder; so is a `Path` without a suffix).
        n: how many images there are in all; needed where `images` is neither a tensor nor an array.
        nrow: images in a row of a grid.
        scale: how many pixels wide and high a grid's pixels are drawn; 1 unless told otherwise.
        overwrite: replace a folder that is not empty.

    Raises:
        UsageError: for a name that says nothing, a grid that cannot be, images of another shape, or batches that
            are not all of one size, or more or fewer than `n`.
        GenzooError: when it cannot be written, or the disk has no room for it.
    """
    target, suffix = as_path(path), as_path(path).suffix.lower()
    given, batches = _batches_of(images)
    total = given if n is None else whole_number("n", n)
    if total is None:
        raise UsageError("How many images the batches hold must be said with n.")
    if total < 0:
        raise UsageError(f"{total:,} images cannot be written: 0 is the least.")
    check_output(path, total, nrow, scale)
    batches = _checked(batches, path, total, nrow, scale)
    if _is_folder(path):
        _save_folder(batches, target, total, overwrite)
    elif suffix in GRIDS:
        _save_grid(np.concatenate(list(batches)), target, nrow, scale or 1)
    else:
        _save_array(batches, target, total)


def _batches_of(images: Images | Iterable[Images]) -> tuple[int | None, Iterable[Images]]:
    """Images as batches, and how many there are where that is known."""
    one: Any = images
    if isinstance(images, np.ndarray) or is_tensor(images) or not isinstance(images, Iterable):
        batch = as_array(one)  # which says of anything else what images are
        return len(batch), [batch]
    return None, one


def _checked(
    batches: Iterable[Images], path: str | os.PathLike[str], n: int, nrow: int | None, scale: int | None
) -> Iterator[Levels]:
    """The batches as files hold them; number and size of the images are those that the file's header says."""
    done, size = 0, None
    for batch in batches:
        array = as_array(batch)
        if size is None:
            size = height, width, channels = array.shape[1:]
            check_room(path, n, (channels, height, width), nrow, scale)
        if array.shape[1:] != size:
            raise UsageError(f"Images of one file are of one size (h, w, c): {array.shape[1:]} came after {size}.")
        done += len(array)
        if done > n:
            break
        yield array
    if size is None and not n:
        raise UsageError("There are no images to write, not even an empty batch that tells their size.")
    if done != n:
        raise UsageError(f"{n:,} images were to be written, and there were {'more' if done > n else f'{done:,}'}.")


def _save_grid(array: Levels, path: Path, nrow: int | None, scale: int) -> None:
    picture = make_grid(array, nrow, scale=scale)
    with whole_file(path) as part:
        try:
            picture.save(part, {".jpg": "jpeg"}.get(path.suffix.lower(), path.suffix[1:].lower()))
        except (ValueError, SystemError) as error:  # such as WebP's limit on what its first partition holds
            raise GenzooError(f"{path} could not be written ({error}): write .png.") from None


def _save_folder(batches: Iterator[Levels], path: Path, n: int, overwrite: bool) -> None:
    digits, number = max(5, len(str(n - 1))), 0
    with whole_folder(path, overwrite=overwrite) as part:
        for batch in batches:
            for image in batch:
                to_picture(image).save(part / f"{number:0{digits}d}.png")
                number += 1


def _save_array(batches: Iterator[Levels], path: Path, n: int) -> None:
    suffix = path.suffix.lower()
    with whole_file(path) as part:
        first = next(batches)
        shape = (n, *first.shape[1:])
        if suffix == ".npz":
            import zipfile

            with zipfile.ZipFile(part, "w") as archive, archive.open(f"{ARRAY}.npy", "w", force_zip64=True) as file:
                _write_npy(file, shape, first, batches)
        else:
            with part.open("wb") as file:
                if suffix == ".npy":
                    _write_npy(file, shape, first, batches)
                else:
                    file.write(safetensors_header(ARRAY, shape))
                    _write_values(file, first, batches)


def _write_npy(file: IO[bytes], shape: tuple[int, ...], first: Levels, rest: Iterator[Levels]) -> None:
    np.lib.format.write_array_header_1_0(file, {"descr": "|u1", "fortran_order": False, "shape": shape})
    _write_values(file, first, rest)


def _write_values(file: IO[bytes], first: Levels, rest: Iterator[Levels]) -> None:
    file.write(first.tobytes())
    for batch in rest:
        file.write(batch.tobytes())
