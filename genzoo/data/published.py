"""MNIST and CIFAR-10 from the files that were published, once these lie where torchvision keeps them.

torchvision takes a second to import, and hashes a dataset anew whenever it reads it; it is what fetches them.
"""

from __future__ import annotations

import pickle
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType

import numpy as np
import torch
from torch import Tensor

from genzoo.data.digests import PUBLISHED, find_wrong_file


def read_published(name: str, root: Path, train: bool) -> Tensor | None:
    """The training (or test) images of a dataset all of whose files are there, and are those published.

    Args:
        name: torchvision's, e.g. `MNIST`.
        root: the folder that holds the datasets.
        train: the training images, else the test images.

    Returns:
        uint8, (n, c, h, w); None where torchvision has to see to it.
    """
    files = PUBLISHED.get(name, {})
    if not files or has_old_copies(root / name):
        return None
    try:
        if not all((root / file).is_file() for file in files) or find_wrong_file(name, root):
            return None
        return _READERS[name](root, train)
    except OSError:
        return None


def has_old_copies(folder: Path) -> bool:
    """Whether a dataset's folder has copies that old versions of torchvision wrote, and would read in place of it."""
    return all((folder / "processed" / name).exists() for name in ("training.pt", "test.pt"))


def _mnist(root: Path, train: bool) -> Tensor:
    file = root / "MNIST" / "raw" / f"{'train' if train else 't10k'}-images-idx3-ubyte"
    header = 16  # a magic number and three sizes
    return torch.from_numpy(np.fromfile(file, np.uint8, offset=header)).view(-1, 1, 28, 28)


def _cifar10(root: Path, train: bool) -> Tensor:
    names = [name for name in PUBLISHED["CIFAR10"] if ("/data_batch_" if train else "/test_batch") in name]
    batches = [_unpickle(root / name)["data"] for name in sorted(names)]
    return torch.from_numpy(np.concatenate(batches)).view(-1, 3, 32, 32)


def _unpickle(file: Path) -> dict[str, np.ndarray]:
    # A pickle may do anything as it is read: by its digest this is the one that was published.
    with file.open("rb") as stream:
        found: dict[str, np.ndarray] = pickle.load(stream, encoding="latin1")
    return found


_READERS: Mapping[str, Callable[[Path, bool], Tensor]] = MappingProxyType({"MNIST": _mnist, "CIFAR10": _cifar10})
