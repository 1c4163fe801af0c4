"""`SHA256SUMS`: the hashes of a folder's files, in the form that `sha256sum -c SHA256SUMS` reads."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from genzoo.checkpoint.files import sha256, whole_file
from genzoo.checkpoint.strict import read_bytes
from genzoo.errors import BadCheckpointError, brief

if TYPE_CHECKING:
    from pathlib import Path

SUMS = "SHA256SUMS"
_MOST_BYTES = 64_000
_LINE = r"([0-9a-f]{64}) [ *]([A-Za-z0-9][A-Za-z0-9._-]{0,254})"


def read_sums(folder: Path) -> dict[str, str]:
    """The SHA-256 of each file that a folder's `SHA256SUMS` lists, by its name.

    Raises:
        BadCheckpointError: for a list that is not there or larger than 64 KB, a line that is none of `sha256sum`'s,
            a name that leads elsewhere, or one given twice.
    """
    try:
        return _parse(read_bytes(folder / SUMS, _MOST_BYTES))
    except ValueError as error:
        raise BadCheckpointError(
            f"{folder / SUMS} is damaged ({error}): fetch or train the folder again, or have "
            f"`genzoo verify {folder} --update-hashes` write it anew."
        ) from None


def _parse(data: bytes) -> dict[str, str]:
    if not data.isascii():
        raise ValueError("it is not plain text")
    text = data.decode("ascii")
    if text and not text.endswith("\n"):
        raise ValueError("its last line is cut short")
    sums: dict[str, str] = {}
    for number, line in enumerate(text.split("\n")[:-1], 1):
        match = re.fullmatch(_LINE, line)
        if match is None:
            raise ValueError(f"its line {number} is {brief(line)}, not a SHA-256 and a plain name")
        if match[2] in sums:
            raise ValueError(f"it lists {match[2]} twice")
        sums[match[2]] = match[1]
    return sums


def write_sums(folder: Path, names: Iterable[str]) -> None:
    """Hash the files of these names, and write `SHA256SUMS` in one step."""
    _write(folder, {name: sha256(folder / name) for name in names})


def renew_sum(path: Path) -> None:
    """Write a file's hash, as it is now, to its folder's `SHA256SUMS`; the other lines stay.

    For what has just been written, never for what was found: that would sign what a stranger altered.

    Raises:
        BadCheckpointError: for a list that is none.
        GenzooError: when it cannot be written.
    """
    _write(path.parent, read_sums(path.parent) | {path.name: sha256(path)})


def _write(folder: Path, sums: Mapping[str, str]) -> None:
    text = "".join(f"{sums[name]}  {name}\n" for name in sorted(sums))
    with whole_file(folder / SUMS) as part:
        part.write_bytes(text.encode("ascii"))  # by which no system writes line ends of its own
