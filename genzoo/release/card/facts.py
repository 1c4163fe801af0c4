"""All that a card is written from: the config, the measurement and the weights of one checkpoint folder."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from genzoo.checkpoint.files import sha256
from genzoo.checkpoint.measurement import Document, read_metrics
from genzoo.checkpoint.weights import METRICS, MODEL, Config, Folder, read_config
from genzoo.errors import BadCheckpointError
from genzoo.zoo.metrics import Metric
from genzoo.zoo.registry import ALL_METRICS
from genzoo.zoo.spec import Entry

_DEPTH = 3


@dataclass(frozen=True)
class Row:
    """One metric of a measurement; `spread` is over seeds, `standard_error` over images."""

    key: str
    mean: float
    spread: float | None
    standard_error: float | None
    floor: float | None
    n: float | None
    samples: float | None
    unit: str
    likelihood: str

    @property
    def metric(self) -> Metric:
        """How the metric is read."""
        return ALL_METRICS[self.key]


@dataclass(frozen=True)
class Facts:
    """What is known of one checkpoint folder.

    Attributes:
        folder: where it lies.
        config: the entry, and how it was trained.
        document: `metrics.json`, or None where it was not measured.
        source: what `genzoo.load` takes.
        pictures: what stands before a file's name in a link to it: nothing, or a path that ends in /.
        note: a sentence about the samples by someone who has looked at them.
    """

    folder: Folder
    config: Config
    document: Document | None
    source: str
    pictures: str
    note: str | None

    @property
    def entry(self) -> Entry:
        """The architecture and recipe."""
        return self.config.entry

    @property
    def rows(self) -> list[Row]:
        """The metrics that were measured, as the model is sampled unless told otherwise."""
        return rows_of(self.document or {})

    @property
    def more_rows(self) -> Iterator[tuple[str, list[Row]]]:
        """Measurements within the measurement, such as those of another prior, with their names."""
        for words, document in _within(self.document or {}):
            if rows := rows_of(document):
                yield words, rows


def read_facts(folder: Folder, pictures: str, source: str | None, note: str | None) -> Facts:
    """What a folder says of itself.

    Raises:
        BadCheckpointError: for a config, or a measurement, that is not the folder's own.
    """
    # A folder of one's own may be called as an entry of the catalog, and is not that.
    named = folder.path.name if folder.pinned is not None else str(folder.path)
    return Facts(folder, read_config(folder), read_measurement(folder), source or named, pictures, note)


def read_measurement(folder: Folder) -> Document | None:
    """The folder's `metrics.json`; None where it has none.

    Raises:
        DataError: for a file that is no measurement.
        BadCheckpointError: for a measurement of other weights than the folder's.
    """
    if not folder.has(METRICS):
        return None
    path = folder.file(METRICS)
    document = read_metrics(path)
    if document.get("weights_sha256") != sha256(folder.file(MODEL)):
        raise BadCheckpointError(
            f"{path} was measured of other weights than {MODEL} beside it: renew it with "
            f"`genzoo evaluate {folder.path}`."
        )
    return document


def rows_of(document: Document) -> list[Row]:
    """The metrics of a measurement, in the order of all metrics; what is absent is left out.

    Raises:
        BadCheckpointError: for a value that is no finite number.
    """
    return [_row(key, document[key]) for key in ALL_METRICS if isinstance(document.get(key), Mapping)]


def _row(key: str, row: Mapping[str, Any]) -> Row:
    mean = _number(key, row.get("mean"))
    if mean is None:
        raise BadCheckpointError(f"{METRICS} has no mean of {key}: measure anew with `genzoo evaluate`.")
    numbers = {name: _number(key, row.get(name)) for name in ("std", "standard_error", "floor", "n", "samples")}
    spread = numbers.pop("std")
    unit, likelihood = str(row.get("unit", ALL_METRICS[key].unit)), str(row.get("likelihood", ""))
    return Row(key, mean, spread, unit=unit, likelihood=likelihood, **numbers)


def _number(key: str, value: object) -> float | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise BadCheckpointError(f"{METRICS} has {value!r} for a number of {key}: measure anew with `genzoo evaluate`.")
    return value


def _within(document: Document, name: str = "", depth: int = 1) -> Iterator[tuple[str, Document]]:
    for key, value in document.items():
        if isinstance(value, Mapping) and key not in ALL_METRICS and depth < _DEPTH:
            words = f"{name} {key}".strip().replace("_", " ")
            yield words, value
            yield from _within(value, words, depth + 1)


def relative(path: Path, start: Path) -> str:
    """How a file in `start` links into the folder `path`: empty, or a path with slashes that ends in one."""
    import os

    steps = Path(os.path.relpath(path.resolve(), start.resolve())).as_posix()
    return "" if steps == "." else f"{steps}/"
