"""A checkpoint folder, and the way to each of its files, by which altered ones are noticed."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from genzoo.checkpoint.checksums import SUMS, read_sums, renew_sum, write_sums
from genzoo.checkpoint.files import clear_io_errors, sha256
from genzoo.checkpoint.layout import CONFIG, LAYOUT, LOCK, MODEL, STATE
from genzoo.errors import BadCheckpointError, TrainingError, WeightsNotFoundError, brief_list
from genzoo.zoo.record import Record, record

if TYPE_CHECKING:
    from pathlib import Path

    from genzoo.checkpoint.manifest import PinnedFile

_MOST_BYTES = 600_000_000
"""More than 64 million parameters take; a larger file is refused before time is spent on its hash."""
_PICKLES = (".bin", ".ckpt", ".pickle", ".pkl", ".pt", ".pth")


def sign(folder: Path) -> list[str]:
    """Write `SHA256SUMS` of a checkpoint folder's files, and return their names; files of other names are left out.

    Raises:
        GenzooError: when a file cannot be read, or the list cannot be written.
    """
    names = [name for name in LAYOUT if os.path.isfile(folder / name)]
    with clear_io_errors(folder / SUMS):
        write_sums(folder, names)
    return names


def renew(path: Path) -> None:
    """Write the new hash of a file that has just been written to `SHA256SUMS`, if its folder has one.

    Raises:
        BadCheckpointError: for a `SHA256SUMS` that is none.
        GenzooError: when it cannot be written.
    """
    if path.name in LAYOUT and all(os.path.isfile(path.parent / name) for name in (path.name, CONFIG, SUMS)):
        renew_sum(path)


def pinned_hash(pinned: Mapping[str, PinnedFile] | None, name: str) -> str | None:
    """The SHA-256 that the manifest has for a file, "none" if it does not list it; None without a manifest."""
    if pinned is None:
        return None
    return pinned[name].sha256 if name in pinned else "none"


@record(frozen=True)
class Folder(Record):
    """A checkpoint folder at `path`; `pinned` has the manifest's sizes and hashes of its files, where it lists them."""

    path: Path
    pinned: Mapping[str, PinnedFile] | None = None

    @property
    def writable(self) -> bool:
        """Whether a measurement may be written into the folder: not where its files are pinned."""
        return self.pinned is None

    def file(self, name: str) -> Path:
        """The path of one file, after its hash was compared with the manifest's.

        Raises:
            WeightsNotFoundError: when the file exists, but not on this machine.
            BadCheckpointError: when the file is missing or is not the one in the manifest.
        """
        path = self.path / name
        if not os.path.isfile(path) and name in (self.pinned or {}):
            raise WeightsNotFoundError(
                f"{self.path} has no {name}, which the manifest lists: install genzoo anew or check the file out again."
            )
        if not os.path.isfile(path):
            raise BadCheckpointError(f"{self.path} has no {name}: {_why_not(self.path, name)}")
        expected = pinned_hash(self.pinned, name)
        if expected is not None and (found := sha256(path)) != expected:
            raise BadCheckpointError(
                f"{path} is damaged or altered: its SHA-256 is {found}, the manifest's is {expected}; "
                "install genzoo anew or check the file out again."
            )
        return path

    def has(self, name: str) -> bool:
        """Whether the folder holds a file of this name."""
        return os.path.isfile(self.path / name)

    def missing(self, names: Iterable[str]) -> list[str]:
        """The given names that are no files of the folder."""
        return [name for name in names if not self.has(name)]


class LocalFolder(Folder):
    """A checkpoint folder outside of the catalog, each of whose files is checked against its `SHA256SUMS`."""

    def file(self, name: str) -> Path:
        """The path of one file, after its hash was compared with that in `SHA256SUMS`.

        Raises:
            BadCheckpointError: when the file is missing, is not listed or has another hash, and when the list
                is missing or damaged.
        """
        path = super().file(name)
        if problem := self.problem(name):
            raise BadCheckpointError(
                f"{path} is damaged or altered: {problem}; fetch or train it again, or, where that was done on "
                f"purpose, have `genzoo verify {self.path} --update-hashes` sign the folder as it is."
            )
        return path

    def missing(self, names: Iterable[str]) -> list[str]:
        """The given names, and those that `SHA256SUMS` lists, that are no files of the folder."""
        return [name for name in dict.fromkeys([*names, *self.sums()]) if not self.has(name)]

    def problem(self, name: str) -> str | None:
        """Why a file is not the one that is listed, as part of a sentence; None where it is.

        Raises:
            BadCheckpointError: when `SHA256SUMS` is missing or damaged.
        """
        path, expected = self.path / name, self.sums().get(name)
        if expected is None:
            return f"it is not listed in {SUMS}"
        if not os.path.isfile(path):
            return "it is missing"
        with clear_io_errors(path, "read"):
            if (size := path.stat().st_size) > _MOST_BYTES:
                return f"it has {size:,} bytes, more than any file of a small model"
            found = sha256(path)
        return None if found == expected else f"its SHA-256 is {found}, {SUMS} has {expected}"

    def sums(self) -> dict[str, str]:
        """The SHA-256 of each listed file.

        Raises:
            BadCheckpointError: when the list is missing or damaged.
        """
        if not os.path.isfile(self.path / SUMS):
            raise BadCheckpointError(f"{self.path} has no {SUMS}: {_why_not(self.path, SUMS)}")
        return read_sums(self.path)


def holds_run(path: Path, *, resume: bool) -> bool:
    """Whether the folder of a run that is to begin, or to go on, holds one already.

    Raises:
        TrainingError: for one that holds another run than is gone on with, or other things.
        GenzooError: for a file, or a folder that cannot be read.
    """
    with clear_io_errors(path, "read"):
        if os.path.exists(path) and not path.is_dir():
            raise TrainingError(f"{path} is a file: name a folder.")
        found = (path / CONFIG).exists()
        free = not path.is_dir() or all(file.name == LOCK for file in path.iterdir())
    if found and not resume:
        raise TrainingError(f"{path} holds a run already: go on with it by --resume, or name another --out.")
    if not found and not free:
        raise TrainingError(f"{path} holds other things than a run: name another --out, or empty it.")
    return found


def _why_not(folder: Path, name: str) -> str:
    """Why a folder without a file is refused, and the way out."""
    with contextlib.suppress(OSError):
        names = [file.name for file in folder.iterdir()]
        weights_missing = name.endswith(".safetensors") or MODEL not in names
        if weights_missing and (reason := about_pickles(names)):
            return reason
        if (folder / STATE).is_file() and SUMS not in names:
            return (
                "it holds a run that has not ended: go on with it by the command that began it and --resume, with "
                "--minutes 0.1 to end it as it is."
            )
        if name == SUMS and MODEL in names:
            return (
                "without it nobody can tell whether its files were altered: fetch it again, or, if you trust what is "
                f"there, have `genzoo verify {folder} --update-hashes` write it."
            )
    return "it is not a whole checkpoint folder."


def about_pickles(names: Iterable[str]) -> str | None:
    """Why files that hold weights as pickles are refused; None where there are none among `names`."""
    if pickles := sorted(name for name in names if name.endswith(_PICKLES)):
        return (
            f"it holds {brief_list(pickles, 3)}, and a pickle can run any program when it is opened, "
            "so genzoo reads safetensors alone; ask its author to convert them."
        )
    return None
