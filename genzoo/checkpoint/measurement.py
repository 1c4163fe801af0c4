"""Measurements as `metrics.json` holds them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from genzoo.checkpoint.strict import read_json
from genzoo.errors import DataError, brief
from genzoo.zoo.metrics import MIXTURE
from genzoo.zoo.registry import ALL_METRICS

Document = Mapping[str, Any]
SAME = ("dataset", "features", "reference", "n")
"""What measurements that are compared must share."""
_LONGEST_NAME = 255


def read_metrics(path: Path) -> dict[str, Any]:
    """The measurement in a file of `metrics.json`'s kind.

    It says what it holds: a metric of this genzoo may be missing, and one that is unknown here is kept and not shown.

    Raises:
        DataError: when the file is not a measurement.
    """
    try:
        document: dict[str, Any] = read_json(path)
        _check_measurement(document)
    except ValueError as error:
        raise DataError(f"{path} is not a measurement ({error}): write it with `genzoo evaluate`.") from None
    return document


def spread_of(row: Document) -> float | None:
    """How uncertain a metric's mean is: its standard deviation over seeds, or else its standard error over images."""
    spread: float | None = row.get("std", row.get("standard_error"))
    return spread


def _check_measurement(document: object) -> None:
    """Raise ValueError for what is not a measurement, as far as it is compared."""
    if not isinstance(document, dict) or not {"name", *SAME} <= set(document):
        raise ValueError("its fields are not a measurement's")
    name = document["name"]
    if not (isinstance(name, str) and name.isprintable() and len(name) <= _LONGEST_NAME):
        raise ValueError(f"its name is {brief(name)}")
    kinds = {"dataset": str, "features": dict, "reference": dict, "n": int}
    if wrong := [key for key, kind in kinds.items() if not isinstance(document[key], kind)]:
        raise ValueError(f"its {wrong[0]} is {brief(document[wrong[0]])}")
    seeds = document.get("seeds", [])
    if not (isinstance(seeds, list) and all(isinstance(seed, int) for seed in seeds)):
        raise ValueError(f"its seeds are {brief(seeds)}")
    mixture = document.get(MIXTURE, {})
    if not isinstance(mixture, dict):
        raise ValueError(f"its {MIXTURE} is {brief(mixture)}")
    for rows in (document, mixture):
        _check_rows(rows)


def _check_rows(document: Document) -> None:
    for key in ALL_METRICS:
        row = document.get(key, {"mean": 0.0})
        if not isinstance(row, dict) or not isinstance(row.get("mean"), int | float):
            raise ValueError(f"its {key} has no mean")
        spreads = [row.get(spread) for spread in ("std", "floor", "standard_error")]
        if not all(isinstance(spread, int | float | None) for spread in spreads):
            raise ValueError(f"its {key} is not made of numbers")
        if not isinstance(row.get("likelihood"), str | None):
            raise ValueError(f"the likelihood of its {key} is no text")
