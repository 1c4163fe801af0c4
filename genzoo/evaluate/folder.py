"""A folder of images, whoever made them, as the feature nets see them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import torch
from PIL import Image
from torch import Tensor

from genzoo.data.picture import SUFFIXES, quiet_pillow, read_picture, shown
from genzoo.errors import DataError, UsageError
from genzoo.evaluate.progress import quiet
from genzoo.spec import Dataset


def list_images(folder: Path) -> list[Path]:
    """The image files of a folder and of the folders in it, sorted by name.

    Raises:
        UsageError: for what is no folder.
        DataError: for a folder without images.
    """
    if not folder.is_dir():
        raise UsageError(
            f"{shown(folder)} is not a folder: name one that holds images, as `genzoo generate ... DIR/` writes it."
        )
    paths = sorted(path for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES and path.is_file())
    if not paths:
        raise DataError(f"{shown(folder)} holds no images: put {', '.join(sorted(SUFFIXES))} files into it.")
    return paths


def read_images(paths: list[Path], dataset: Dataset, report: Callable[[int], None] = quiet) -> Tensor:
    """Image files as a dataset's own images: (n, c, h, w) uint8, made grey or coloured as it is.

    Args:
        paths: the files.
        dataset: whose size they must have; nothing is resized, which would change the numbers.
        report: called with the number of images read.

    Raises:
        DataError: for a file that cannot be read, images of mixed sizes, or of another size than the dataset's.
    """
    _, height, width = dataset.shape
    pixels = torch.empty((len(paths), *dataset.shape), dtype=torch.uint8)
    with quiet_pillow():
        first = _size(paths[0])
        for i, path in enumerate(paths):
            if (size := _size(path)) != first:
                raise DataError(
                    f"{shown(path.parent)} has images of mixed sizes ({shown(paths[0].name)} is {_words(first)}, "
                    f"{shown(path.name)} is {_words(size)}): make them all {_words((width, height))}."
                )
            if size != (width, height):
                raise DataError(
                    f"{shown(path)} is {_words(size)}, but {dataset.name}'s images are {_words((width, height))}: "
                    "resize the images, or name the --dataset they were made for."
                )
            pixels[i] = torch.from_numpy(read_picture(path, dataset.shape).copy())
            report(i + 1)
    return pixels


def _size(path: Path) -> tuple[int, int]:
    try:
        with Image.open(path) as image:
            return image.size
    except Exception as error:
        # On damaged bytes Pillow's plugins raise whatever their parsers happen to.
        raise DataError(f"{shown(path)} cannot be read as an image: remove it, or write it anew.") from error


def _words(size: tuple[int, int]) -> str:
    return f"{size[0]} x {size[1]}"
