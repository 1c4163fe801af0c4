"""Checks of whole numbers and paths that callers give; measured values, lists and tables as text."""

from __future__ import annotations

import math
import operator
import os
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from genzoo.errors import UsageError, brief

if TYPE_CHECKING:
    from pathlib import Path

_MOST_DECIMALS = 12
_SET_IN = "    "
_STYLE = r"\x1b\[[0-9;]*m"
"""What a terminal takes for a change of its type, and shows as nothing."""


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
    from pathlib import Path

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


def with_margin(value: float, margin: float | None) -> str:
    """A measured value as text, e.g. 0.42 ± 0.07, of which the margin of its interval leaves so many digits."""
    if margin is None:
        return f"{value:.4g}"
    if margin == 0:
        return f"{value:.4g} ± 0"
    decimals = min(max(0, 1 - math.floor(math.log10(margin))), _MOST_DECIMALS)
    return f"{value:,.{decimals}f} ± {margin:,.{decimals}f}"


def in_columns(rows: Sequence[Sequence[str]], width: int | None = None) -> list[str]:
    """A table as lines, with two spaces between its columns.

    Args:
        rows: of cells; the first names the columns.
        width: of the place where it is shown.  A wider table is turned on its side, in as many parts as it takes;
            nothing is cut.
    """
    if width is None or _fits(rows, width):
        return _lines(rows)
    names, *rest = rows
    parts: list[list[Sequence[str]]] = [[names]]
    for row in rest:
        if len(parts[-1]) > 1 and not _fits(_turned([*parts[-1], row]), width):
            parts.append([names])
        parts[-1].append(row)
    return [line for part in parts for line in ("", *_lines(_turned(part)))][1:]


def folded(rows: Sequence[Sequence[str]], width: int | None = None) -> list[str]:
    """A table of many rows as lines, with two spaces between its columns.

    Args:
        rows: of cells; the first names the columns.
        width: of the place where it is shown.  In a narrower one the last columns stand below the others, set in, and
            long cells are wrapped; nothing is cut.
    """
    if width is None or _fits(rows, width):
        return _lines(rows)
    import textwrap

    groups: list[list[Sequence[str]]] = [[]]
    for column in _turned(rows):
        if groups[-1] and not _fits(_turned([*groups[-1], column]), width - len(_SET_IN)):
            groups.append([])
        groups[-1].append(column)
    first, *others = (_lines(_turned(group)) for group in groups)
    lines = []
    for head, *below in zip(first, *others, strict=True):
        lines.append(head)
        for text in below:
            lines += textwrap.wrap(text, width, initial_indent=_SET_IN, subsequent_indent=_SET_IN)
    return lines


def _lines(rows: Sequence[Sequence[str]]) -> list[str]:
    widths = [max(map(_length, column)) for column in _turned(rows)]
    padded = ([cell + " " * (width - _length(cell)) for cell, width in zip(row, widths, strict=True)] for row in rows)
    return ["  ".join(row).rstrip() for row in padded]


def _turned(rows: Sequence[Sequence[str]]) -> list[Sequence[str]]:
    return list(zip(*rows, strict=True))


def _fits(rows: Sequence[Sequence[str]], width: int) -> bool:
    return max(map(_length, _lines(rows))) <= width


def _length(text: str) -> int:
    return len(re.sub(_STYLE, "", text) if "\x1b" in text else text)
