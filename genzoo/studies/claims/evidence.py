"""What claims are judged by: results of studies' runs, the time of a step, and what ships.  No torch."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal

from genzoo.checkpoint.layout import METRICS
from genzoo.checkpoint.measurement import Measurement, read_metrics
from genzoo.studies.catalog import STUDIES
from genzoo.studies.results import Result, label_of, read_speed, read_study
from genzoo.studies.verdict import Verdict, compare_values, describe, mean_interval

Outcome = Literal["confirmed", "contradicted", "not shown by three seeds", "open", "can't be answered"]
OUTCOMES: tuple[Outcome, ...] = (
    "confirmed",
    "contradicted",
    "not shown by three seeds",
    "open",
    "can't be answered",
)


@dataclass(frozen=True)
class Judgement:
    """What comes of a claim.

    Attributes:
        outcome: in one word or some.
        told: what it is taken from, a phrase each; of an open claim which runs are there, of one that can't be answered
            the reason.
    """

    outcome: Outcome
    told: tuple[str, ...] = ()


@dataclass(frozen=True)
class Place:
    """One setting of a study."""

    study: str
    value: str


def places(study: str, *values: str) -> tuple[Place, ...]:
    """Some settings of a study; all of them where none is named."""
    return tuple(Place(study, value) for value in values or (setting.value for setting in STUDIES[study].settings))


def worded(of: Sequence[Place]) -> list[str]:
    """Settings in words: their values, and their studies where they are of several."""
    several = len({place.study for place in of}) > 1
    return [f"{place.value} of `{place.study}`" if several else place.value for place in of]


class Evidence:
    """Results below a folder, and measurements of entries below another, each read once.

    Its methods raise `DataError` for files that are damaged, and `UsageError` for runs that were measured otherwise
    than one another.
    """

    def __init__(self, results: Path, weights: Path) -> None:
        self.results, self.weights = results, weights
        self.found = cache(self._found)
        self.speed = cache(self._speed)

    def _found(self, study: str) -> dict[str, list[Result]]:
        """For each setting of a study the results of its seeds."""
        return read_study(self.results, STUDIES[study])

    def _speed(self, study: str) -> dict[str, float]:
        """The processor time of a step of each setting that was timed."""
        return read_speed(self.results, STUDIES[study])

    def of(self, place: Place) -> list[Result]:
        """The results of a setting's seeds."""
        return self.found(place.study)[place.value]

    def shipped(self, name: str) -> Measurement | None:
        """The measurement of an entry; None where none lies beside its weights."""
        path = self.weights / name / METRICS
        return read_metrics(path) if path.is_file() else None

    def missing(self, needed: Iterable[Place]) -> Judgement | None:
        """The judgement `open` while runs of these settings are missing; None once all are there."""
        each = dict.fromkeys(needed)
        done = sum(len(self.of(place)) for place in each)
        wanted = sum(len(STUDIES[place.study].seeds) for place in each)
        return None if done == wanted else Judgement("open", (f"{done} of {wanted} runs are there",))

    def values(self, place: Place, metric: str) -> list[float]:
        """A metric's value of each seed that has one."""
        each = (result.value(metric) for result in self.of(place))
        return [value for value in each if value is not None]

    def broken(self, place: Place) -> int:
        """How many runs of a setting broke down."""
        return sum(result.problem is not None for result in self.of(place))

    def compare(self, metric: str, first: Place, second: Place) -> Verdict:
        """One setting against another; one of which most runs broke down is worse than one that was trained."""
        ours, theirs = self.values(first, metric), self.values(second, metric)
        if min(len(ours), len(theirs)) < 2 <= max(len(ours), len(theirs)):
            return Verdict("worse" if len(ours) < 2 else "better")
        return compare_values(metric, ours, theirs)

    def against(self, metric: str, first: Place, second: Place) -> str:
        """What `compare` finds, in words."""
        verdict = self.compare(metric, first, second)
        one, other = worded((first, second))
        if verdict.difference is None and verdict.outcome in ("better", "worse"):
            broken = other if verdict.outcome == "better" else one
            return f"{one} against {other}: {verdict.outcome}, since {broken} broke down"
        return f"{one} against {other}: {describe(metric, verdict)}"

    def mean(self, place: Place, metric: str) -> str:
        """A setting's mean over seeds with its interval, in words."""
        return f"{place.value}: {mean_text(self.values(place, metric))}"


def mean_text(values: Sequence[float]) -> str:
    """A mean over seeds, with its interval where there is one."""
    if not values:
        return "broke down"
    interval = mean_interval(values)
    return f"{statistics.fmean(values):.4g}" + (f" [{interval[0]:.4g}, {interval[1]:.4g}]" if interval else "")


def by(metric: str) -> str:
    """By which metric something is judged, as a sentence begins."""
    label = label_of(metric)
    return f"by the {label if label == 'ELBO' else label[0].lower() + label[1:]}".replace("fréchet", "Fréchet")
