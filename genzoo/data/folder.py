"""Training images from any folder of pictures."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from genzoo.data.picture import SUFFIXES, quiet_pillow, read_picture, shown
from genzoo.errors import DataError
from genzoo.log import warn
from genzoo.zoo.datasets import Dataset

if TYPE_CHECKING:
    from genzoo.data.image_data import ImageData

Report = Callable[[str], None]

MOST_BROKEN = 100
"""The number of files of which one may be broken; a larger share is taken for a mistake."""

_AT_ONCE = 256
_NAME_LENGTH = 40


def load_folder(path: str | Path, dataset: Dataset, report: Report = warn) -> ImageData:
    """All pictures in a folder and the folders in it, in the order of their names, as a dataset wants them.

    Each is turned as its EXIF says, cropped to its central square and resized; see
    `genzoo.data.picture.read_picture`.  Names that begin with a dot are passed over, links to
    folders are followed, and the same folder is read only once.

    Args:
        path: the folder.
        dataset: the shape to give the images, and whether they may be mirrored.
        report: called with one sentence for each file that is broken and skipped, and with one
            for all of them in the end; by default they are logged as warnings.

    Returns:
        uint8 pixels, (n, c, h, w), and a dataset named after the folder in lower-case letters
        and digits, or `custom` where its name has none.

    Raises:
        DataError: for what is no folder or holds no pictures, when more than 1% of the files are
            broken, and when the images do not fit in memory.
    """
    import torch

    from genzoo.data.image_data import ImageData

    folder = Path(os.path.expanduser(path))
    paths = _pictures(folder)
    try:
        pixels = np.empty((len(paths), *dataset.shape), dtype=np.uint8)
        count = _fill(pixels, paths, report)
    except MemoryError:
        need = len(paths) * int(np.prod(dataset.shape)) / 1e9
        raise DataError(
            f"The {len(paths):,} images in {shown(folder)} do not fit in memory, of which they take {need:.1f} GB "
            "and some for decoding: name a folder of fewer images."
        ) from None
    broken = len(paths) - count
    if broken * MOST_BROKEN > len(paths):
        raise DataError(
            f"{broken:,} of the {len(paths):,} images in {shown(folder)} are broken, which is more than 1%: "
            "replace or remove them."
        )
    if broken:
        report(f"{broken:,} of the {len(paths):,} images in {shown(folder)} are broken and were skipped.")
    named = Dataset(folder_dataset_name(folder), dataset.shape, dataset.flips)
    return ImageData(named, torch.from_numpy(pixels[:count]))


def folder_dataset_name(path: str | Path) -> str:
    """The name of the dataset that a folder makes: lower-case letters and digits, at most 40."""
    name = os.path.basename(os.path.abspath(path))
    return re.sub("[^a-z0-9]", "", name.lower())[:_NAME_LENGTH] or "custom"


def refuse_no_pictures(path: str | Path) -> None:
    """Raise `DataError` for what is no folder or holds no pictures, of which none is opened; torch is not imported."""
    folder = Path(os.path.expanduser(path))
    if not os.path.isdir(folder):
        problem = "is not a folder" if os.path.exists(folder) else "cannot be found"
        raise DataError(f"{shown(folder)} {problem}: name a folder of images.")
    if not any(map(_is_picture, _walk(folder))):
        raise DataError(
            f"{shown(folder)} holds no images: name a folder with {', '.join(sorted(SUFFIXES))} files in it."
        )


def _pictures(folder: Path) -> list[str]:
    refuse_no_pictures(folder)
    return sorted(filter(_is_picture, _walk(folder)), key=lambda path: path.split(os.sep))


def _is_picture(path: str) -> bool:
    return os.path.splitext(path)[1].lower() in SUFFIXES


def _walk(folder: Path) -> Iterator[str]:
    def refuse(error: OSError) -> None:
        place = shown(error.filename or folder)
        raise DataError(
            f"{place} cannot be listed ({(error.strerror or 'unknown').lower()}): "
            "see to its permissions or move it away."
        ) from error

    seen: set[str] = set()
    for parent, folders, files in os.walk(folder, followlinks=True, onerror=refuse):
        if (real := os.path.realpath(parent)) in seen:
            folders.clear()
            continue
        seen.add(real)
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        yield from (os.path.join(parent, name) for name in files if not name.startswith("."))


def _fill(pixels: npt.NDArray[np.uint8], paths: list[str], report: Report) -> int:
    """Decode pictures into the first places of `pixels`, in order and without the broken ones; return their number."""

    def read(place: int) -> str | None:
        try:
            pixels[place] = read_picture(paths[place], pixels.shape[1:])
        except DataError as error:
            return str(error)
        return None

    import torch

    def problems() -> Iterable[str | None]:
        # A few at a time, so that Ctrl-C need not wait for all of them.
        with ThreadPoolExecutor(min(8, torch.get_num_threads())) as pool:
            for start in range(0, len(paths), _AT_ONCE):
                yield from pool.map(read, range(start, min(start + _AT_ONCE, len(paths))))

    count = 0
    with quiet_pillow():
        for place, problem in enumerate(problems()):
            if problem is not None:
                report(problem)
                continue
            if count < place:
                pixels[count] = pixels[place]
            count += 1
    return count
