"""Images in files, whoever made them, as the feature nets see them: a folder of pictures, or one array."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

from genzoo.checkpoint.tensors import read_tensors
from genzoo.data.picture import SUFFIXES, quiet_pillow, read_picture, shown
from genzoo.errors import DataError, UsageError
from genzoo.evaluate.progress import quiet
from genzoo.images.writers import ARRAY, ARRAYS
from genzoo.zoo.datasets import Dataset

if TYPE_CHECKING:
    from torch import Tensor


def list_images(folder: Path) -> list[Path]:
    """The image files of a folder and of the folders in it, sorted by name.

    Raises:
        UsageError: for what is no folder.
        DataError: for a folder without images.
    """
    if not os.path.isdir(folder):  # which answers for any name, too long ones too
        raise UsageError(
            f"{shown(folder)} is neither a folder nor a file: name one with images, as `genzoo generate` writes it."
        )
    found = (path for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES and path.is_file())
    paths = sorted(found, key=lambda path: path.parts)  # on every system alike
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
    import torch

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


def refuse_no_images(path: Path) -> None:
    """Raise the error of `list_images` or `read_array` for what holds no images, before torch is imported."""
    if os.path.isfile(path):
        refuse_no_array(path)
    else:
        list_images(path)


def refuse_no_array(path: Path) -> None:
    """Raise `UsageError` for a file that is no array, by its name."""
    if path.suffix.lower() not in ARRAYS:
        raise UsageError(f"{shown(path)} is no array of images: name a {', '.join(ARRAYS)} file, or a folder.")


def read_array(path: Path, dataset: Dataset) -> Tensor:
    """The images of one array, as `save_images` writes it or NumPy does: (n, c, h, w) uint8.

    Args:
        path: a .npy or .safetensors file, or a .npz one whose array is called `images`, or is its first.
        dataset: whose size and channels they must have.

    Raises:
        UsageError: for a file of another kind.
        DataError: for one that is damaged, or whose array is not (n, h, w, c) uint8 of the dataset's shape.
    """
    import torch

    refuse_no_array(path)
    channels, height, width = dataset.shape
    array, wanted = _array(path), (height, width, channels)
    if array.dtype != np.uint8 or array.ndim != 4 or array.shape[1:] != wanted:
        raise DataError(
            f"{shown(path)} holds {array.dtype} of the shape {array.shape}, but {dataset.name}'s images are uint8 of "
            f"(n, {', '.join(map(str, wanted))}): write them so, or name the --dataset they were made for."
        )
    return torch.from_numpy(array).permute(0, 3, 1, 2)


def _array(path: Path) -> np.ndarray[Any, np.dtype[Any]]:
    """The array called `images`, or else a file's first."""
    try:
        if path.suffix.lower() == ".safetensors":
            tensors = read_tensors(path)
            return tensors[_choose(tensors)].numpy()
        with path.open("rb") as file:  # NumPy leaves a damaged archive open
            loaded = np.load(file, allow_pickle=False)
            array: np.ndarray[Any, np.dtype[Any]]
            array = loaded if isinstance(loaded, np.ndarray) else loaded[_choose(loaded)]
            return array
    except MemoryError:
        raise DataError(f"{shown(path)} does not fit in memory: measure fewer images.") from None
    except Exception as error:
        # On damaged bytes NumPy and its zip reader raise whatever their parsers happen to.
        raise DataError(f"{shown(path)} cannot be read as an array: write it anew, without pickled objects.") from error


def _choose(names: Iterable[str]) -> str:
    listed = list(names)
    return ARRAY if ARRAY in listed else listed[0]


def _size(path: Path) -> tuple[int, int]:
    try:
        with Image.open(path) as image:
            return image.size
    except Exception as error:
        # On damaged bytes Pillow's plugins raise whatever their parsers happen to.
        raise DataError(f"{shown(path)} cannot be read as an image: remove it, or write it anew.") from error


def _words(size: tuple[int, int]) -> str:
    return f"{size[0]} x {size[1]}"
