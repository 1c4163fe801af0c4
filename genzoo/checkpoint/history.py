"""The rows of a run's losses, and of what was measured on its way: read strictly, and thinned."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from pathlib import Path

from genzoo.checkpoint.strict import parse_json, read_bytes

Row = dict[str, float]
"""A step, and a number for each loss or metric at it."""
POINTS = 100
"""The most points of a loss curve that are kept of a study's run, and drawn of any."""
SPREAD = "_spread"
"""What follows a loss's name where its deviation within a row is meant."""
_MOST_BYTES = 4_000_000


def read_rows(path: Path) -> list[Row]:
    """The rows of a file of them, a line of JSON each.

    Raises:
        ValueError: saying what is wrong with the file.
    """
    rows = [parse_json(line) for line in read_bytes(path, _MOST_BYTES).splitlines()]
    if not all(map(is_row, rows)):
        raise ValueError("a line is no row of numbers with a step")
    return rows


def is_row(row: object) -> bool:
    """Whether a value has a step, and nothing but numbers beside it."""
    return isinstance(row, dict) and "step" in row and all(type(value) in (int, float) for value in row.values())


def thinned(history: Sequence[Row], most: int = POINTS) -> list[Row]:
    """At most so many rows of a history: each the mean of some that follow one another.

    How far a loss strays within such a row is kept beside it, as `<loss>_spread`: a mean hides how restless it is.
    """
    size = max(1, -(-len(history) // most))
    return [_mean(history[i : i + size]) for i in range(0, len(history), size)]


def _mean(rows: Sequence[Row]) -> Row:
    found: Row = {"step": rows[-1]["step"]}
    for name in rows[0]:
        if name != "step":
            values = [row[name] for row in rows if name in row]
            found[name] = _rounded(statistics.fmean(values), 4)
            if len(values) > 1:
                found[f"{name}{SPREAD}"] = _rounded(statistics.stdev(values), 2)
    return found


def _rounded(value: float, digits: int) -> float:
    return float(f"{value:.{digits}g}")
