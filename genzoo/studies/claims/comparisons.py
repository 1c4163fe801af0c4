"""Kinds of claim that hold settings of a study against each other, and how each one's verdict follows."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from genzoo.studies.claims.evidence import Evidence, Judgement, Place, by, places, worded
from genzoo.studies.claims.judge import DISTANCE, Judge, outcome_of
from genzoo.studies.verdict import RATIOS, loss_sign
from genzoo.values import listed


@dataclass(frozen=True)
class Better(Judge):
    """Each of some settings is better than each of some others: confirmed when all comparisons say so.

    One that says the opposite contradicts it.

    Attributes:
        first: the better ones; by sharpness the sharper, by unrest the more restless ones.
        second: the worse ones.
        metric: what goes by.
    """

    first: tuple[Place, ...]
    second: tuple[Place, ...]
    metric: str = DISTANCE

    @property
    def rule(self) -> str:
        """Which settings against which, and by what."""
        words = worded(self.needs)
        first, second = words[: len(self.first)], words[len(self.first) :]
        return f"{by(self.metric)}, {listed(first)} against {listed(second)}"

    @property
    def needs(self) -> tuple[Place, ...]:
        """Those that it names."""
        return (*self.first, *self.second)

    def decide(self, evidence: Evidence) -> Judgement:
        """See the class."""
        pairs = [(one, other) for one in self.first for other in self.second]
        found = [evidence.compare(self.metric, *pair).outcome for pair in pairs]
        told = tuple(evidence.against(self.metric, *pair) for pair in pairs)
        outcome = outcome_of(confirmed=set(found) == {"better"}, contradicted="worse" in found)
        return Judgement(outcome, told)


def better(study: str, first: str | tuple[str, ...], second: str | tuple[str, ...], metric: str = DISTANCE) -> Better:
    """Settings of one study against others of it."""
    one, other = ((each,) if isinstance(each, str) else each for each in (first, second))
    return Better(places(study, *one), places(study, *other), metric)


@dataclass(frozen=True)
class BestIs(Judge):
    """Some settings of a study are its best (or worst).

    Confirmed when one of them has the best mean and is told apart from every setting that the claim does not name;
    contradicted when a setting that it does not name is told apart from all that it names, and better.
    """

    study: str
    values: tuple[str, ...]
    metric: str = DISTANCE
    end: Literal["best", "worst"] = "best"

    @property
    def rule(self) -> str:
        """By what it goes."""
        return f"{by(self.metric)}, {listed(self.values, 'or')} {self.end} of all"

    @property
    def needs(self) -> tuple[Place, ...]:
        """All of the study's."""
        return places(self.study)

    def decide(self, evidence: Evidence) -> Judgement:
        """See the class."""
        every = self.needs
        named = [place for place in every if place.value in self.values]
        others = [place for place in every if place.value not in self.values]
        ahead = "better" if self.end == "best" else "worse"

        def all_are(of: Place, against: Sequence[Place], outcome: str) -> bool:
            return all(evidence.compare(self.metric, of, other).outcome == outcome for other in against)

        confirmed = any(all_are(place, others, ahead) for place in named)
        contradicted = any(all_are(other, named, ahead) for other in others)
        told = [evidence.mean(place, self.metric) for place in every]
        if not confirmed:
            told += [
                evidence.against(self.metric, place, other)
                for place in named
                for other in others
                if evidence.compare(self.metric, place, other).outcome != ahead
            ]
        return Judgement(outcome_of(confirmed=confirmed, contradicted=contradicted), tuple(told))


@dataclass(frozen=True)
class NoInfluence(Judge):
    """It matters little which of some settings is taken.

    Confirmed when the interval of every difference between two of them lies within a bound, told by the claim;
    contradicted when one lies outside of it.

    Attributes:
        study: whose settings.
        within: the bound: a factor for a metric that is compared by quotients, nats for another.
        metric: what goes by.
        values: the settings; all of the study's where none is named.
    """

    study: str
    within: float
    metric: str = DISTANCE
    values: tuple[str, ...] = ()

    @property
    def rule(self) -> str:
        """The bound in words."""
        bound = f"a factor of {self.within:g}" if self.metric in RATIOS else f"{self.within:g} nats"
        return f"{by(self.metric)}, within {bound} of each other"

    @property
    def needs(self) -> tuple[Place, ...]:
        """Those that it names."""
        return places(self.study, *self.values)

    def decide(self, evidence: Evidence) -> Judgement:
        """See the class."""
        every = self.needs
        pairs = [(one, other) for i, one in enumerate(every) for other in every[i + 1 :]]
        inside, outside = [], []
        for pair in pairs:
            verdict = evidence.compare(self.metric, *pair)
            if verdict.low is None or verdict.high is None:
                outside += [pair] if verdict.outcome in ("better", "worse") else []
                continue
            ratio = self.metric in RATIOS
            low, high = (math.log(end) if ratio else end for end in (verdict.low, verdict.high))
            bound = math.log(self.within) if ratio else self.within
            inside += [pair] if -bound <= low and high <= bound else []
            outside += [pair] if low > bound or high < -bound else []
        told = tuple(evidence.mean(place, self.metric) for place in every)
        told += tuple(evidence.against(self.metric, *pair) for pair in outside)
        return Judgement(outcome_of(confirmed=len(inside) == len(pairs), contradicted=bool(outside)), told)


@dataclass(frozen=True)
class Monotone(Judge):
    """The further along the axis, the better (or worse).

    Confirmed when the means are in that order and the two ends are told apart; contradicted when two settings are told
    apart in the opposite order.  By sharpness `better` is sharper, by unrest more restless.
    """

    study: str
    way: Literal["better", "worse"]
    metric: str = DISTANCE

    @property
    def rule(self) -> str:
        """By what it goes."""
        first, *_, last = self.needs
        return f"{by(self.metric)}, along the axis from {first.value} to {last.value}"

    @property
    def needs(self) -> tuple[Place, ...]:
        """All of the study's."""
        return places(self.study)

    def decide(self, evidence: Evidence) -> Judgement:
        """See the class."""
        every = self.needs
        opposite = "worse" if self.way == "better" else "better"
        pairs = [(later, earlier) for i, earlier in enumerate(every) for later in every[i + 1 :]]
        against = [pair for pair in pairs if evidence.compare(self.metric, *pair).outcome == opposite]
        ends = (every[-1], every[0])
        ordered = all(self._follows(evidence, *pair) for pair in zip(every[1:], every, strict=False))
        confirmed = ordered and evidence.compare(self.metric, *ends).outcome == self.way
        told = tuple(evidence.mean(place, self.metric) for place in every)
        told += tuple(evidence.against(self.metric, *pair) for pair in against or [ends])
        return Judgement(outcome_of(confirmed=confirmed, contradicted=bool(against)), told)

    def _follows(self, evidence: Evidence, later: Place, earlier: Place) -> bool:
        """Whether two neighbours' means are in order."""
        verdict = evidence.compare(self.metric, later, earlier)
        if verdict.difference is None:
            return verdict.outcome == self.way
        rise = verdict.difference - (1 if self.metric in RATIOS else 0)
        lower_is_better = loss_sign(self.metric) > 0
        return rise == 0 or (rise > 0) != (lower_is_better == (self.way == "better"))
