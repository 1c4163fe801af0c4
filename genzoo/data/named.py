"""The catalog's datasets, by name."""

from __future__ import annotations

import os
from pathlib import Path

from genzoo.data.faces import load_faces
from genzoo.data.image_data import ImageData
from genzoo.data.torchvision_sets import SETS, load_torchvision
from genzoo.errors import DataError
from genzoo.zoo.catalog import DATASETS
from genzoo.zoo.spec import Dataset


def data_root(data_dir: str | Path | None = None) -> Path:
    """The folder that holds the datasets: `data_dir`, `$GENZOO_DATA`, or `~/.cache/genzoo/data`."""
    named = data_dir or os.environ.get("GENZOO_DATA")
    return Path(os.path.expanduser(named)) if named else Path.home() / ".cache" / "genzoo" / "data"


def load_images(dataset: Dataset, data_dir: str | Path | None = None, *, train: bool = True) -> ImageData:
    """A dataset's training (or test) images, downloaded by torchvision or scikit-learn where they are missing.

    Args:
        dataset: one of the catalog's.
        data_dir: the root that holds the datasets; see `data_root`.
        train: the training images, else the test images.

    Returns:
        uint8 pixels, (n, c, h, w), in the dataset's own order.

    Raises:
        DataError: for a dataset that is neither there nor to be had, or has no test images.
    """
    root = data_root(data_dir)
    if dataset == DATASETS.get(dataset.name):
        if dataset.name in SETS:
            return ImageData(dataset, load_torchvision(SETS[dataset.name], root, train))
        if dataset.name == "olivetti":
            return load_faces(dataset, root, train)
    known = ", ".join([*SETS, "olivetti"])
    raise DataError(
        f"genzoo cannot fetch a dataset called {dataset.name!r} with images of {list(dataset.shape)}: "
        f"it fetches {known}, and reads any folder of images."
    )
