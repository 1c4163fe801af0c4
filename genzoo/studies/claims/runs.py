"""Kinds of claim of how runs go: how far they come, whether they break down, their losses, and the time they take."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from genzoo.studies.claims.evidence import Evidence, Judgement, Place, by, mean_text, places, worded
from genzoo.studies.claims.judge import Judge, outcome_of
from genzoo.studies.results import Result
from genzoo.studies.verdict import mean_interval
from genzoo.values import listed

_LOSSES = {
    "generator": "the generator's loss",
    "generator_spread": "the spread of the generator's loss within a hundredth of the run",
    "wasserstein": "the discriminator's estimate of the distance",
}
"""Losses that claims are of, in words."""


@dataclass(frozen=True)
class Reaches(Judge):
    """Settings come as far as a bound, which is ours: confirmed when the interval of each lies on the right side of it.

    One whose interval lies wholly on the other side contradicts it, as one does of which most runs broke down.

    Attributes:
        settings: which.
        metric: what goes by.
        bound: a value of it.
        side: the right side.
    """

    settings: tuple[Place, ...]
    metric: str
    bound: float
    side: Literal["at least", "at most"] = "at least"

    @property
    def rule(self) -> str:
        """The bound in words."""
        return f"{by(self.metric)}, {self.side} {self.bound:g} of {listed(worded(self.settings))}"

    @property
    def needs(self) -> tuple[Place, ...]:
        """Those that it names."""
        return self.settings

    def decide(self, evidence: Evidence) -> Judgement:
        """See the class."""
        sign = 1 if self.side == "at least" else -1
        right = wrong = 0
        for place in self.settings:
            interval = mean_interval(evidence.values(place, self.metric))
            if interval is None:
                # What broke down comes to nothing, which is at most anything.
                right, wrong = (right, wrong + 1) if sign > 0 else (right + 1, wrong)
                continue
            low, high = sorted(sign * (end - self.bound) for end in interval)
            right, wrong = right + (low >= 0), wrong + (high < 0)
        told = tuple(evidence.mean(place, self.metric) for place in self.settings)
        return Judgement(outcome_of(confirmed=right == len(self.settings), contradicted=wrong > 0), told)


@dataclass(frozen=True)
class BreakDown(Judge):
    """Runs break down, their losses or weights no longer numbers: in all settings but so many, or in none.

    A setting breaks down when any of its runs does; counted, not measured, so that it is confirmed or contradicted.

    Attributes:
        settings: which.
        spared: how many settings of them have no run that breaks down; None for all: nothing breaks down.
    """

    settings: tuple[Place, ...]
    spared: int | None = None

    @property
    def rule(self) -> str:
        """What is counted."""
        return "by the runs that break down of " + "; ".join(worded(self.settings))

    @property
    def needs(self) -> tuple[Place, ...]:
        """Those that it names."""
        return self.settings

    def decide(self, evidence: Evidence) -> Judgement:
        """See the class."""
        counts = map(evidence.broken, self.settings)
        broken = dict(zip(worded(self.settings), counts, strict=True))
        whole = sum(not count for count in broken.values())
        wanted = len(self.settings) if self.spared is None else self.spared
        told = tuple(f"{value}: {count} of its runs broke down" for value, count in broken.items())
        return Judgement("confirmed" if whole == wanted else "contradicted", told)


@dataclass(frozen=True)
class LossMoves(Judge):
    """A loss, or how far it strays, rises or falls over a part of training, in every setting of a study.

    Of each run the last tenth of that part is held against its first: confirmed when the interval of the difference
    over seeds lies on the right side of 0 in every setting, contradicted when it lies on the other in one.

    Attributes:
        study: whose runs.
        loss: its name in the history.
        way: where it goes.
        part: where that part begins and ends, as shares of the run.
        values: the settings; all of the study's where none is named.
    """

    study: str
    loss: str
    way: Literal["rises", "falls"]
    part: tuple[float, float] = (0.0, 1.0)
    values: tuple[str, ...] = ()

    @property
    def rule(self) -> str:
        """What is compared."""
        begin, end = (f"{share:.0%}" for share in self.part)
        return f"by whether {_LOSSES[self.loss]} {self.way} between {begin} and {end} of training"

    @property
    def needs(self) -> tuple[Place, ...]:
        """Those that it names."""
        return places(self.study, *self.values)

    def decide(self, evidence: Evidence) -> Judgement:
        """See the class."""
        sign = 1 if self.way == "rises" else -1
        right = wrong = 0
        told = []
        for place in self.needs:
            moves = [move for result in evidence.of(place) if (move := self._move(result)) is not None]
            interval = mean_interval(moves)
            told.append(f"{place.value}: {mean_text(moves)}")
            if interval is not None:
                low, high = sorted(sign * end for end in interval)
                right, wrong = right + (low > 0), wrong + (high < 0)
        return Judgement(outcome_of(confirmed=right == len(told), contradicted=wrong > 0), tuple(told))

    def _move(self, result: Result) -> float | None:
        """How far one run's loss moves; None of one that left no losses."""
        rows = [row for row in result.history() if self.loss in row]
        begin, end = (round(share * len(rows)) for share in self.part)
        part: Sequence[float] = [row[self.loss] for row in rows[begin:end]]
        tenth = max(1, len(part) // 10)
        return statistics.fmean(part[-tenth:]) - statistics.fmean(part[:tenth]) if part else None


@dataclass(frozen=True)
class Faster(Judge):
    """A step of one setting takes less time than one of others: the processor time of one measurement, in turns."""

    study: str
    first: str
    second: tuple[str, ...]

    @property
    def rule(self) -> str:
        """What is compared."""
        return f"by the processor time of a step, {self.first} against {listed(self.second)}"

    @property
    def needs(self) -> tuple[Place, ...]:
        """None: no run's result goes into it."""
        return ()

    @property
    def studies(self) -> tuple[str, ...]:
        """The one whose settings were timed."""
        return (self.study,)

    def decide(self, evidence: Evidence) -> Judgement:
        """See the class."""
        seconds = evidence.speed(self.study)
        if missing := [value for value in (self.first, *self.second) if value not in seconds]:
            return Judgement("open", (f"no time was measured of {listed(missing)}",))
        told = tuple(f"{value}: {1000 * seconds[value]:.3g} ms" for value in (self.first, *self.second))
        first = all(seconds[self.first] < seconds[other] for other in self.second)
        return Judgement("confirmed" if first else "contradicted", told)
