"""Datasets by name, as their records say."""

from __future__ import annotations

import os
from pathlib import Path

import torch
from torch import Tensor

from genzoo.data.image_data import ImageData
from genzoo.data.published import read_published
from genzoo.data.torchvision_sets import load_torchvision
from genzoo.errors import DataError
from genzoo.extras import TRAIN, refuse_missing
from genzoo.zoo.datasets import Dataset
from genzoo.zoo.registry import DATASETS, find_dataset, resolve


def data_root(data_dir: str | Path | None = None) -> Path:
    """The folder that holds the datasets: `data_dir`, `$GENZOO_DATA`, or `~/.cache/genzoo/data`."""
    named = data_dir or os.environ.get("GENZOO_DATA")
    return Path(os.path.expanduser(named)) if named else Path.home() / ".cache" / "genzoo" / "data"


def load_images(dataset: Dataset, data_dir: str | Path | None = None, *, train: bool = True) -> ImageData:
    """A dataset's training (or test) images, downloaded where they are missing.

    Args:
        dataset: a registered one.
        data_dir: the root that holds the datasets; see `data_root`.
        train: the training images, else the test images.

    Returns:
        uint8 pixels, (n, c, h, w), in the dataset's own order.

    Raises:
        DataError: for a dataset that is neither there nor to be had, or has no test images.
        MissingLibraryError: where the library that reads it is not installed.
    """
    root = data_root(data_dir)
    known = find_dataset(dataset.name)
    if known is None or known != dataset or not known.images:
        names = ", ".join(name for name, known in DATASETS.items() if known.images)
        raise DataError(
            f"genzoo cannot fetch a dataset called {dataset.name!r} with images of {list(dataset.shape)}: "
            f"it fetches {names}, and reads any folder of images."
        )
    library, _, place = known.images.partition(".")
    if library == "torchvision" and (read := read_published(place.partition(":")[2], root, train)) is not None:
        return ImageData(dataset, read)
    if library in TRAIN:
        refuse_missing(f"The dataset {known.name}", library)
    source = resolve(known.images)
    pixels = load_torchvision(source, root, train) if isinstance(source, type) else source(known, root, train)
    return ImageData(dataset, pixels)


def has_labels(dataset: Dataset) -> bool:
    """Whether `load_labels` has the classes of a dataset's images: those of torchvision's have them."""
    return bool(dataset.images) and isinstance(resolve(dataset.images), type)


def load_labels(dataset: Dataset, data_dir: str | Path | None = None, *, train: bool = True) -> Tensor:
    """The classes of a dataset's images, in their order: (n,) int64.

    Raises:
        DataError: for a dataset that is neither there nor to be had, or has no labels that genzoo reads.
    """
    load_images(dataset, data_dir, train=train)  # fetches it, or says why that cannot be
    if not has_labels(dataset):
        raise DataError(
            f"genzoo reads no labels of {dataset.name}: those of torchvision's datasets alone have classes."
        )
    loaded = resolve(dataset.images)(str(data_root(data_dir)), train=train, download=False)
    return torch.as_tensor(loaded.targets, dtype=torch.int64)


def stand_in(dataset: Dataset) -> ImageData:
    """As many images of noise as a dataset has to train on: for what depends on their number and shape alone."""
    generator = torch.Generator().manual_seed(0)
    return ImageData(
        dataset, torch.randint(0, 256, (dataset.size, *dataset.shape), dtype=torch.uint8, generator=generator)
    )
