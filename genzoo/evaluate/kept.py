"""Arrays that are computed once and kept in the user's cache, by the digest of what they follow from.

    found = kept("neighbours", (features.numpy(), 5), lambda: {"radii": compute(features, 5)})

What is kept can be deleted at any time: it is computed anew.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import zipfile
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from genzoo.checkpoint.files import whole_file
from genzoo.errors import GenzooError

Array = npt.NDArray[Any]
Arrays = dict[str, Array]


def kept(what: str, inputs: Iterable[object], compute: Callable[[], Mapping[str, Array]]) -> Arrays:
    """Arrays by name, from the cache if they are there, whole, else computed and put there.

    A folder that cannot be written, or a user without a home, keeps nothing, and is no error.

    Args:
        what: a word for the kind of arrays, the beginning of the file's name; another one when they are computed in
            another way.
        inputs: all that they follow from: arrays, numbers, texts.
        compute: gives them.
    """
    try:
        path = kept_folder() / f"{what}-{digest_of(inputs)[:32]}.npz"
    except RuntimeError:
        return {name: np.asarray(array) for name, array in compute().items()}
    if (found := _read(path)) is not None:
        return found
    arrays = {name: np.asarray(array) for name, array in compute().items()}
    with contextlib.suppress(GenzooError, OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        with whole_file(path) as part, part.open("wb") as file:
            np.savez(file, **arrays)  # type: ignore[arg-type]
    return arrays


def kept_folder() -> Path:
    """The folder of what is kept: `genzoo` in `XDG_CACHE_HOME`, or in `~/.cache`; RuntimeError without a home."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "genzoo"


def digest_of(inputs: Iterable[object]) -> str:
    """The SHA-256 of arrays (their types, shapes and values), numbers and texts, in hexadecimal."""
    digest = hashlib.sha256()
    for each in inputs:
        if isinstance(each, np.ndarray):
            digest.update(f"{each.dtype.str} {each.shape}\n".encode())
            digest.update(np.ascontiguousarray(each).data)
        else:
            digest.update(f"{each!r}\n".encode())
    return digest.hexdigest()


def _read(path: Path) -> Arrays | None:
    """The arrays of a file; None where it is not there, or damaged."""
    try:
        # NumPy leaves a damaged archive open.
        with path.open("rb") as file, np.load(file, allow_pickle=False) as archive:
            return {name: archive[name] for name in archive.files}  # against the archive's checksums
    except (OSError, ValueError, EOFError, KeyError, zipfile.BadZipFile):
        return None
