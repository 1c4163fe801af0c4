"""Facts of a checkpoint folder: all that its card is written from."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from genzoo.checkpoint.config import Config
from genzoo.checkpoint.files import sha256
from genzoo.checkpoint.folder import Folder
from genzoo.checkpoint.layout import DISCRIMINATOR, GRAPHS, METRICS, MODEL
from genzoo.checkpoint.manifest import read_manifest
from genzoo.checkpoint.measurement import Measurement, MetricValue, Rows, read_metrics
from genzoo.errors import BadCheckpointError
from genzoo.release.card.text import plain, plain_value
from genzoo.zoo.metrics import MIXTURE, Metric
from genzoo.zoo.registry import ALL_METRICS, ENTRIES
from genzoo.zoo.spec import Entry

Shown = list[tuple[Metric, MetricValue]]
"""Metrics with their values, in the order of all metrics."""


@dataclass(frozen=True)
class Facts:
    """The facts of one checkpoint folder.

    Attributes:
        folder: where it lies.
        config: the entry, and how it was trained.
        measurement: `metrics.json`, or None where it was not measured.
        source: what `genzoo.load` takes.
        pictures: what stands before a file's name in a link to it: nothing, or a path that ends in /.
        note: a sentence about the samples by someone who has looked at them.
    """

    folder: Folder
    config: Config
    measurement: Measurement | None
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
    def rows(self) -> Shown:
        """The metrics that were measured, as the model is sampled unless told otherwise."""
        return ordered(self.measurement.rows) if self.measurement else []

    @property
    def measurements(self) -> list[tuple[str, Shown]]:
        """Its rows, and those of a VAE's samples from its other prior, with the name of each."""
        if self.measurement is None:
            return []
        mixture = ordered(self.measurement.mixture_prior)
        return [("", self.rows), *([(MIXTURE.replace("_", " "), mixture)] if mixture else [])]

    @property
    def rest(self) -> list[str]:
        """Other fields of the measurement, as Markdown."""
        others = self.measurement.others if self.measurement else {}
        told = {key: value for key, value in others.items() if not isinstance(value, dict)}
        return [f"{plain(key.replace('_', ' '))}: {plain_value(value)}" for key, value in told.items()]


def read_measurement(folder: Folder) -> Measurement | None:
    """The folder's `metrics.json`; None where it has none.

    Raises:
        DataError: for a file that is no measurement.
        BadCheckpointError: for a measurement of other weights than the folder's.
    """
    if not folder.has(METRICS):
        return None
    path = folder.file(METRICS)
    measurement = read_metrics(path)
    if measurement.weights_sha256 != sha256(folder.file(MODEL)):
        raise BadCheckpointError(
            f"{path} was measured of other weights than {MODEL} beside it: renew it with "
            f"`genzoo evaluate {folder.path}`."
        )
    return measurement


def ordered(rows: Rows) -> Shown:
    """The metrics of a measurement, in the order of all metrics; what is absent is left out."""
    return [(metric, rows[key]) for key, metric in ALL_METRICS.items() if key in rows]


def _size(folder: Folder, name: str) -> str:
    path, pinned = folder.path / name, (folder.pinned or {}).get(name)
    if pinned is None and not path.is_file():
        return ""  # on the Hub, and not to be fetched for this
    return f" of {(pinned.size if pinned else path.stat().st_size) / 1e6:.1f} MB"


def relative(path: Path, start: Path) -> str:
    """How a file in `start` links into the folder `path`: empty, or a path with slashes that ends in one."""
    steps = Path(os.path.relpath(path.resolve(), start.resolve())).as_posix()
    return "" if steps == "." else f"{steps}/"
