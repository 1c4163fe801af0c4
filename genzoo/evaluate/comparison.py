"""Comparing measurements of the same kind."""

from __future__ import annotations

import dataclasses
import statistics
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from genzoo.checkpoint.measurement import QUANTILE, SAME, Features, Measurement, MetricValue, Reference, Rows
from genzoo.errors import UsageError, brief
from genzoo.zoo.fields import encode
from genzoo.zoo.registry import ALL_METRICS

_SHOWN = ("mean", "std", "floor", "standard_error", "margin")
TIE_RULE = (
    "not told apart from the best: the 95 % interval of the difference, over other samples and other real images, "
    "holds 0"
)


@dataclass(frozen=True)
class Compared:
    """One of the models that are compared, or a VAE's samples from its mixture prior."""

    name: str
    rows: Rows


@dataclass(frozen=True)
class Comparison:
    """Measurements of the same kind side by side.

    Attributes:
        dataset: that they share; so with the other three.
        features: the feature net.
        reference: the real images.
        n: images of each seed.
        models: in the order they were given; names are numbered where one is not the first of it.
        best: for each metric the names that have the best mean; none for nats of different likelihoods.
        ties: for each metric the names that are not told apart from the best: the 95 % interval of the difference
            holds 0.
    """

    dataset: str
    features: Features | None
    reference: Reference
    n: int
    models: tuple[Compared, ...]
    best: Mapping[str, tuple[str, ...]]
    ties: Mapping[str, tuple[str, ...]]

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values; of each model its name, and of each metric what tables show."""
        values: dict[str, Any] = {
            field.name: encode(getattr(self, field.name))
            for field in dataclasses.fields(self)
            if field.name != "models"
        }
        models = [
            {"name": model.name, **{key: _brief(row) for key, row in model.rows.items()}} for model in self.models
        ]
        return {**values, "models": models}


def compare(measurements: Sequence[Measurement]) -> Comparison:
    """Measurements of the same kind side by side, with the best of each metric, and what is as good.

    Raises:
        UsageError: for fewer than two, or for measurements that cannot be compared.
    """
    if len(measurements) < 2:
        raise UsageError("A comparison needs two measurements or more: name them after --compare.")
    for key in SAME:
        way_out = "compare those of one dataset" if key == "dataset" else "measure anew"
        found = {getattr(one, key): one.name for one in measurements}
        if len(found) > 1:
            words = ", ".join(f"{name} has {brief(encode(value))}" for value, name in found.items())
            raise UsageError(f"These were measured otherwise in {key} ({words}) and cannot be compared: {way_out}.")
    first = measurements[0]
    models = tuple(row for measurement in _told_apart(measurements) for row in _by_prior(measurement))
    keys = [key for key in ALL_METRICS if any(key in model.rows for model in models)]
    best = {key: _best(models, key) for key in keys}
    ties = {key: _ties(models, key, best[key]) for key in keys}
    return Comparison(first.dataset, first.features, first.reference, first.n, models, best, ties)


def difference(one: MetricValue, other: MetricValue) -> tuple[float, float] | None:
    """The 95 % interval of one value minus another, over other samples and other real images, which both would share.

    Returns:
        None where either was measured without draws, or of another number of test images.
    """
    ours, theirs = one.drawn, other.drawn
    if len(ours) < 2 or len(ours) != len(theirs) or one.n != other.n:
        return None
    margin = QUANTILE * statistics.stdev(a - b for a, b in zip(ours, theirs, strict=True))
    return one.mean - other.mean - margin, one.mean - other.mean + margin


def are_tied(one: MetricValue, other: MetricValue) -> bool:
    """Whether two values are not told apart: the interval of their difference holds 0."""
    found = difference(one, other)
    return found is not None and found[0] <= 0 <= found[1]


def _told_apart(measurements: Sequence[Measurement]) -> list[Measurement]:
    """The same measurements under names that differ: a second one of a name is numbered."""
    seen: Counter[str] = Counter()
    told: list[Measurement] = []
    for one in measurements:
        seen[one.name] += 1
        count = seen[one.name]
        told.append(one if count == 1 else dataclasses.replace(one, name=f"{one.name} ({count})"))
    return told


def _by_prior(measurement: Measurement) -> list[Compared]:
    """A measurement, and for a VAE a second one, of samples from its mixture prior."""
    mixture = [Compared(f"{measurement.name}, mixture", measurement.mixture_prior)] if measurement.mixture_prior else []
    return [Compared(measurement.name, measurement.rows), *mixture]


def _brief(row: MetricValue) -> dict[str, Any]:
    return {key: value for key, value in encode(row).items() if key in _SHOWN}


def _best(models: Sequence[Compared], key: str) -> tuple[str, ...]:
    rows = {model.name: model.rows[key] for model in models if key in model.rows}
    # Under two likelihoods the same number of nats means two things.
    if len({row.likelihood for row in rows.values()}) > 1:
        return ()
    top = min((row.mean for row in rows.values()), key=ALL_METRICS[key].loss)
    return tuple(name for name, row in rows.items() if row.mean == top)


def _ties(models: Sequence[Compared], key: str, best: Sequence[str]) -> tuple[str, ...]:
    rows = {model.name: model.rows[key] for model in models if key in model.rows}
    return tuple(
        name for name, row in rows.items() if name not in best and any(are_tied(row, rows[one]) for one in best)
    )
