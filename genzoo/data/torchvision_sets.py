"""MNIST, Fashion-MNIST, KMNIST and CIFAR-10, through torchvision."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from genzoo.data.digests import WrongFile, find_wrong_file
from genzoo.data.download import DOWNLOAD_ERRORS, downloading, reason
from genzoo.data.published import has_old_copies
from genzoo.errors import DataError


@dataclass(frozen=True)
class _Files:
    """A dataset's class in torchvision, the folder that it reads, and what may be put where to be unpacked."""

    kind: Any
    folder: str
    archives: tuple[str, ...]
    archives_in: str

    @property
    def name(self) -> str:
        return str(self.kind.__name__)


def _files_of(kind: Any) -> _Files:
    """Those of a class that is built like `MNIST`, of archives side by side, or like `CIFAR10`, of a single one."""
    if hasattr(kind, "resources"):
        folder = f"{kind.__name__}/raw"
        return _Files(kind, folder, tuple(name for name, _ in kind.resources), folder)
    return _Files(kind, kind.base_folder, (kind.filename,), "")


def load_torchvision(kind: Any, root: Path, train: bool) -> Tensor:
    """The training (or test) images of a dataset, unpacked or downloaded where they are missing.

    Args:
        kind: torchvision's class of it, one that is built like `MNIST` or `CIFAR10`.
        root: the folder that holds the datasets.
        train: the training images, else the test images.

    Returns:
        uint8, (n, c, h, w).

    Raises:
        DataError: when the files are neither there nor to be had, cannot be read, or are not those published.
    """
    which = _files_of(kind)
    if has_old_copies(root / which.name):
        folder = root / which.name / "processed"
        raise DataError(f"{folder} holds copies of an old torchvision, which nobody can check: delete that folder.")
    pixels = _read(which, root, train)
    if pixels is None:
        failure = "what came is damaged"
        try:
            _fetch(which, root)
        except DOWNLOAD_ERRORS as error:
            failure = reason(error)
        else:
            pixels = _read(which, root, train)
    wrong = _find_wrong_file(which, root)
    if pixels is None:
        state = f"{wrong}; it" if wrong else f"{which.name} is not whole in {root} and"
        raise DataError(
            f"{state} could not be downloaded ({failure}): "
            f"put {_listed(which.archives)} in {root / which.archives_in}, "
            "or name the folder that has the dataset with --data-dir or GENZOO_DATA."
        )
    if wrong:
        raise DataError(f"{wrong}; delete it, so that it is downloaded again.")
    return pixels


def _find_wrong_file(which: _Files, root: Path) -> WrongFile | None:
    try:
        return find_wrong_file(which.name, root)
    except OSError as error:
        raise _unreadable(which, root, error) from error


def _unreadable(which: _Files, root: Path, error: OSError) -> DataError:
    return DataError(
        f"{which.name} in {root / which.folder} could not be read ({reason(error)}): "
        "see to its permissions, or name another folder with --data-dir or GENZOO_DATA."
    )


def _read(which: _Files, root: Path, train: bool) -> Tensor | None:
    """The images, or None where torchvision does not find them whole."""
    try:
        loaded = which.kind(str(root), train=train, download=False)
    except OSError as error:
        raise _unreadable(which, root, error) from error
    except (RuntimeError, AssertionError, ValueError, LookupError):
        return None
    pixels = torch.as_tensor(loaded.data)
    return pixels.unsqueeze(1) if pixels.dim() == 3 else pixels.permute(0, 3, 1, 2).contiguous()


def _fetch(which: _Files, root: Path) -> None:
    """Unpack the archives that are there, download the others, and move the files to their place."""
    with downloading(root, which.name) as part:
        (part / which.archives_in).mkdir(parents=True, exist_ok=True)
        for archive in which.archives:
            if (there := root / which.archives_in / archive).is_file():
                shutil.copyfile(there, part / which.archives_in / archive)
        which.kind(str(part), download=True)
        (root / which.folder).mkdir(parents=True, exist_ok=True)
        for file in sorted((part / which.folder).iterdir()):
            if file.name not in which.archives:
                shutil.move(file, root / which.folder / file.name)


def _listed(names: tuple[str, ...]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
