"""Checks of whole numbers and paths that callers give; lists and tables of text that they are shown."""

from __future__ import annotations

import operator
import os
from collections.abc import Sequence
from pathlib import Path

from genzoo.errors import UsageError, brief


def whole_number(name: str, value: object) -> int:
    """A whole number of any kind as Python's: NumPy's too, and tensors without dimensions, but no truth value.

    NumPy's own overflow: an int8 has no room for the product of two of them.

    Raises:
        UsageError: with its name, for anything else.
    """
    kind = str(getattr(value, "dtype", type(value).__name__))
    if getattr(value, "shape", ()) == () and kind.removeprefix("torch.") != "bool":
        try:
            return operator.index(value)  # type: ignore[arg-type]
        except (TypeError, RuntimeError):  # a tensor on the meta device has no value
            pass
    raise UsageError(f"{name} must be a whole number, not {' '.join(brief(value).split())}.")


def as_path(path: object) -> Path:
    """A `Path` of a text or a path, whether or not anything is there.

    Raises:
        UsageError: for what is no text, or no file's name in this system.
    """
    try:
        text = os.fspath(path)  # type: ignore[call-overload]
        if isinstance(text, str) and b"\0" not in os.fsencode(text):
            return Path(text)
    except (TypeError, UnicodeEncodeError):
        pass
    raise UsageError(f"{brief(path)} is no name or path: give text without NUL, or a Path.")


def listed(words: Sequence[str], last: str = "and") -> str:
    """Words as a list: a, b and c."""
    return f" {last} ".join(filter(None, [", ".join(words[:-1]), *words[-1:]]))


def padded(rows: Sequence[Sequence[str]]) -> list[list[str]]:
    """The cells of a table, each as wide as the widest of its column."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [[*map(str.ljust, row, widths)] for row in rows]


def in_columns(rows: Sequence[Sequence[str]]) -> list[str]:
    """A table as lines, with two spaces between its columns."""
    return ["  ".join(row).rstrip() for row in padded(rows)]
