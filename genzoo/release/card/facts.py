"""What a checkpoint folder says of itself: all that its card is written from."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from genzoo.checkpoint.config import Config
from genzoo.checkpoint.files import sha256
from genzoo.checkpoint.folder import Folder
from genzoo.checkpoint.layout import DISCRIMINATOR, GRAPHS, METRICS, MODEL
from genzoo.checkpoint.manifest import read_manifest
from genzoo.checkpoint.measurement import Document, read_metrics
from genzoo.errors import BadCheckpointError, brief
from genzoo.release.card.text import plain, plain_value
from genzoo.zoo.metrics import Metric
from genzoo.zoo.registry import ALL_METRICS, ENTRIES
from genzoo.zoo.spec import Entry

_NOT_LISTED = ("format", "name", "dataset", "neighbours", "kernel_subsets", "weights_sha256", "n", "seeds", "step")
"""The fields of a measurement that a card tells elsewhere, or that say nothing to its reader."""
_DEPTH = 3


@dataclass(frozen=True)
class Row:
    """One metric of a measurement; `std` is over seeds, `standard_error` over images."""

    key: str
    mean: float
    std: float | None
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
    def of_catalog(self) -> bool:
        """Whether it is loaded by its name in the catalog; a folder beside which genzoo runs may be called so, too."""
        return self.source == self.entry.name and self.entry.name in ENTRIES

    @property
    def is_tuned_from_catalog(self) -> bool:
        """Whether what it was fine-tuned from had the catalog's own weights."""
        if (parent := self.config.parent) is None:
            return False
        ours = read_manifest().get(parent["name"], {}).get(MODEL)
        return ours is not None and ours.sha256 == parent["sha256"].get(MODEL)

    @property
    def files(self) -> list[str]:
        """The files of its weights, as Markdown, with their sizes."""
        return [f"`{name}`{_size(self.folder, name)}" for name in (MODEL, DISCRIMINATOR) if self.folder.has(name)]

    @property
    def graphs(self) -> list[str]:
        """The files of its nets' graphs, as Markdown."""
        return [f"`{name}`" for name in GRAPHS.values() if self.folder.has(name)]

    def link(self, name: str) -> str:
        """Where a link to one of its files leads; empty where it has none of that name."""
        return f"{self.pictures}{name}" if self.folder.has(name) else ""

    @property
    def rows(self) -> list[Row]:
        """The metrics that were measured, as the model is sampled unless told otherwise."""
        return rows_of(self.document or {})

    @property
    def measurements(self) -> list[tuple[str, list[Row]]]:
        """Its rows, and those of measurements within, such as those of another prior, with the name of each."""
        if self.document is None:
            return []
        within = [(words, rows) for words, document in _within(self.document) if (rows := rows_of(document))]
        return [("", self.rows), *within]

    @property
    def rest(self) -> list[str]:
        """What else was recorded of the measurement, as Markdown."""
        document = self.document or {}
        told = {key: value for key, value in document.items() if not isinstance(value, dict) and key not in _NOT_LISTED}
        return [f"{plain(key.replace('_', ' '))}: {plain_value(value)}" for key, value in told.items()]


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
    numbers: dict[str, Any] = {
        name: row.get(name) for name in ("mean", "std", "standard_error", "floor", "n", "samples")
    }
    for name, value in numbers.items():
        is_number = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
        if not is_number and (value is not None or name == "mean"):
            raise BadCheckpointError(
                f"{METRICS} has {brief(value)} for the {name} of {key}: measure anew with `genzoo evaluate`."
            )
    unit, likelihood = str(row.get("unit", ALL_METRICS[key].unit)), str(row.get("likelihood", ""))
    return Row(key, unit=unit, likelihood=likelihood, **numbers)


def _within(document: Document, name: str = "", depth: int = 1) -> Iterator[tuple[str, Document]]:
    for key, value in document.items():
        if isinstance(value, Mapping) and key not in ALL_METRICS and depth < _DEPTH:
            words = f"{name} {key}".strip().replace("_", " ")
            yield words, value
            yield from _within(value, words, depth + 1)


def _size(folder: Folder, name: str) -> str:
    path, pinned = folder.path / name, (folder.pinned or {}).get(name)
    if pinned is None and not path.is_file():
        return ""  # on the Hub, and not to be fetched for this
    return f" of {(pinned.size if pinned else path.stat().st_size) / 1e6:.1f} MB"


def relative(path: Path, start: Path) -> str:
    """How a file in `start` links into the folder `path`: empty, or a path with slashes that ends in one."""
    steps = Path(os.path.relpath(path.resolve(), start.resolve())).as_posix()
    return "" if steps == "." else f"{steps}/"
