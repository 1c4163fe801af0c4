"""Files that are written whole or not at all, and their hashes."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from typing import TYPE_CHECKING

from genzoo.errors import GenzooError
from genzoo.platforms import is_reserved, replace, sync

if TYPE_CHECKING:
    from pathlib import Path


@contextlib.contextmanager
def clear_io_errors(path: Path, verb: str = "written") -> Iterator[None]:
    """Turn an OSError into a `GenzooError` about `path`, in one sentence."""
    try:
        yield
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise GenzooError(f"{path} could not be {verb} ({reason}): see to that, or name another place.") from error


def _part_of(path: Path) -> Path:
    return path.with_name(f".{path.name}.{os.getpid()}.part")


def _refuse_around(path: Path) -> None:
    """Raise `GenzooError` for the current folder and those around it, which cannot be replaced in one step."""
    if path.resolve() in (here := type(path).cwd(), *here.parents):
        raise GenzooError(f"{path} is the folder this command runs in, or one around it: name one in it.")


def _refuse_reserved(path: Path) -> None:
    """Raise `GenzooError` for a name that the system keeps for itself, or would change."""
    if is_reserved(path.name):
        raise GenzooError(
            f"{path} cannot be written: Windows takes {path.name!r} for something else, so choose a name."
        )


@contextlib.contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """A temporary path to write to, renamed to `path` when the block ends without an error, else removed.

    Raises:
        GenzooError: when `path` cannot be written; what was there before is left alone.
    """
    _refuse_reserved(path)
    with clear_io_errors(path):
        if path.is_dir():
            raise GenzooError(f"{path} is a folder: name a file, or end the name in / for a folder of images.")
        part = _part_of(path)
        try:
            yield part
            sync(part)
            replace(part, path)
            sync(path.parent)
        except BaseException:
            part.unlink(missing_ok=True)
            raise


@contextlib.contextmanager
def whole_folder(path: Path, *, overwrite: bool) -> Iterator[Path]:
    """A temporary folder to fill, renamed to `path` when the block ends without an error, else removed.

    Raises:
        GenzooError: when `path` cannot be written, is a file, holds something and not `overwrite`, or is
            the current folder or one around it.
    """
    import shutil

    refuse_folder(path, overwrite=overwrite)
    with clear_io_errors(path):
        part, old = _part_of(path), _part_of(path).with_suffix(".old")
        try:
            part.mkdir(parents=True)
            yield part
            if path.exists():
                path.rename(old)
            part.rename(path)
            sync(path.parent)
        except BaseException:
            if old.exists() and not path.exists():
                old.rename(path)
            raise
        finally:
            shutil.rmtree(part, ignore_errors=True)
            shutil.rmtree(old, ignore_errors=True)


def refuse_folder(path: Path, *, overwrite: bool) -> None:
    """Raise the error of `whole_folder` for a place where there can be no such folder."""
    _refuse_reserved(path)
    with clear_io_errors(path):
        if path.exists() and not path.is_dir():
            raise GenzooError(f"{path} is a file: name a folder.")
        _refuse_around(path)
        if path.is_dir() and any(path.iterdir()) and not overwrite:
            raise GenzooError(
                f"{path} is not empty: name another folder, or replace it by --overwrite (in Python overwrite=True)."
            )


def refuse_unwritable(path: Path) -> None:
    """Raise `GenzooError` where a file could not be written, before the work that it is to hold."""
    _refuse_reserved(path)
    with clear_io_errors(path):
        if path.is_dir():
            raise GenzooError(f"{path} is a folder: name a file.")
        part = _part_of(path)
        part.touch()
        part.unlink()


def write_text(path: Path, text: str) -> None:
    """Write a text file in one step, in UTF-8 and with the same line ends on every system."""
    with whole_file(path) as part:
        part.write_text(text, encoding="utf-8", newline="\n")


def git_hash(path: str | Path) -> str:
    """The hash by which Git knows a file's contents, in hexadecimal."""
    import hashlib

    with open(path, "rb") as file:
        data = file.read()
    return hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()


def sha256(path: str | Path) -> str:
    """The SHA-256 of a file, in hexadecimal."""
    import hashlib

    digest = hashlib.sha256()
    with open(path, "rb") as file:
        while chunk := file.read(1 << 18):  # as much as stays in a processor's cache
            digest.update(chunk)
    return digest.hexdigest()
