"""The measurements beside the weights as boards to sort, and as CSV: docs/_ext/zoo_pages.py puts them on the site.

A board holds what may be compared: one dataset's samples, or one dataset's and one likelihood's VAEs.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from genzoo.checkpoint.measurement import MetricValue, Rows
from genzoo.checkpoint.nets import meta_nets
from genzoo.nets import count_parameters
from genzoo.zoo.catalog import ALIASES, DATASETS
from genzoo.zoo.metrics import metrics_of
from genzoo.zoo.registry import ALL_METRICS
from genzoo.zoo.spec import Entry
from models import Measured, likelihood, measured


@dataclass(frozen=True)
class Row:
    """An entry's metrics, of a VAE under one of its priors.

    Attributes:
        entry: whose they are.
        alias: that stands for it, or nothing.
        prior: that latents were drawn from.
        parameters: of the generator.
        metrics: by name.
    """

    entry: Entry
    alias: str
    prior: str
    parameters: int
    metrics: Rows


@dataclass(frozen=True)
class Board:
    """Rows that may be compared, the best first.

    Attributes:
        key: letters, digits and hyphens, for the name of a file.
        title: what it is, in words.
        metrics: the names of its columns, the first of which ranks the rows.
        rows: of entries that have that first metric.
    """

    key: str
    title: str
    metrics: tuple[str, ...]
    rows: tuple[Row, ...]


def boards(home: Path) -> list[Board]:
    """All boards, from the measurements in a folder of weights."""
    models = measured(home)
    return [*_of_samples(models), *_of_likelihoods(models)]


def _of_samples(models: Sequence[Measured]) -> Iterator[Board]:
    for name, dataset in DATASETS.items():
        rows = [
            _row(model, prior, metrics)
            for model in models
            if model.measurement.dataset == name
            for prior, metrics in (
                ("normal", model.measurement.rows),
                ("mixture", model.measurement.mixture_prior),
            )
        ]
        yield from _board(f"samples-{name}", f"Samples: {dataset.title}", metrics_of("samples"), rows)


def _of_likelihoods(models: Sequence[Measured]) -> Iterator[Board]:
    def kind(model: Measured) -> tuple[str, str]:
        return model.measurement.dataset, likelihood(model.entry)

    vaes = [model for model in models if model.entry.is_vae]
    for (dataset, words), group in groupby(sorted(vaes, key=kind), kind):
        key = "".join(letter if letter.isalnum() else "-" for letter in f"{dataset} {words.lower()}").replace("--", "-")
        rows = [_row(model, "normal", model.measurement.rows) for model in group]
        title = f"Likelihoods: {DATASETS[dataset].title}, {words}"
        # The metric by which a VAE is chosen ranks them.
        names = sorted(metrics_of("vae"), key=lambda name: name != "elbo")
        yield from _board(f"likelihoods-{key}", title, names, rows)


def _row(model: Measured, prior: str, metrics: Rows) -> Row:
    entry = model.entry
    alias = next((alias for alias, name in ALIASES.items() if name == entry.name), "")
    return Row(entry, alias, prior, count_parameters(meta_nets(entry)["generator"]), metrics)


def _board(key: str, title: str, names: Sequence[str], rows: Sequence[Row]) -> Iterator[Board]:
    """One board, or none where nothing was measured."""
    shown = tuple(name for name in names if any(name in row.metrics for row in rows))
    if not shown:
        return
    first = shown[0]
    ranked = sorted(
        (row for row in rows if first in row.metrics),
        key=lambda row: ALL_METRICS[first].loss(row.metrics[first].mean),
    )
    yield Board(key, title, shown, tuple(ranked))


def to_csv(board: Board) -> str:
    """A board as CSV: of each metric the mean, the ends of its interval where it has one, and its spread."""
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    parts = ("", "_low", "_high", "_std", "_standard_error")
    writer.writerow(
        ["entry", "alias", "family", "dataset", "prior", "parameters"]
        + [f"{name}{part}" for name in board.metrics for part in parts]
    )
    for row in board.rows:
        entry = row.entry
        cells = [entry.name, row.alias, entry.family.name, entry.dataset.name, row.prior, row.parameters]
        writer.writerow([*cells, *(cell for name in board.metrics for cell in _cells(row.metrics.get(name)))])
    return file.getvalue()


def _cells(value: MetricValue | None) -> tuple[float | None, ...]:
    if value is None:
        return (None,) * 5
    low, high = value.interval or (None, None)
    return value.mean, low, high, value.std, value.standard_error
