"""Kinds of claim that hold studies against each other, and how each one's verdict follows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from genzoo.studies.catalog import STUDIES
from genzoo.studies.claims.evidence import Evidence, Judgement, Place, by, mean_text, places, worded
from genzoo.studies.claims.judge import DISTANCE, Judge, outcome_of
from genzoo.studies.verdict import compare_values, describe
from genzoo.values import listed


@dataclass(frozen=True)
class OrdersDiffer(Judge):
    """Two studies of one axis have different orders: confirmed when two settings are told apart, in opposite ways.

    Contradicted when one setting is told apart from all others in both, and best.
    """

    study: str
    other: str
    metric: str = DISTANCE

    @property
    def rule(self) -> str:
        """By what it goes."""
        return f"{by(self.metric)}, whether two settings come in opposite orders in the two studies"

    @property
    def needs(self) -> tuple[Place, ...]:
        """All of both."""
        return (*places(self.study), *places(self.other))

    def decide(self, evidence: Evidence) -> Judgement:
        """See the class."""
        shared = [place.value for place in places(self.study) if place.value in _values(self.other)]
        turned, best = [], {study: self._best(evidence, study, shared) for study in self.studies}
        for one in shared:
            for two in shared:
                here, there = (
                    evidence.compare(self.metric, Place(study, one), Place(study, two)).outcome
                    for study in self.studies
                )
                if (here, there) == ("better", "worse"):
                    turned.append(f"{one} is better than {two} in `{self.study}`, and worse in `{self.other}`")
        same = best[self.study] is not None and best[self.study] == best[self.other]
        told = turned or [f"best in `{study}`: {value or 'not told apart'}" for study, value in best.items()]
        return Judgement(outcome_of(confirmed=bool(turned), contradicted=same and not turned), tuple(told))

    def _best(self, evidence: Evidence, study: str, values: Sequence[str]) -> str | None:
        """The setting that is told apart from all others, and better."""
        for value in values:
            others = [Place(study, other) for other in values if other != value]
            if all(evidence.compare(self.metric, Place(study, value), other).outcome == "better" for other in others):
                return value
        return None


def _values(study: str) -> set[str]:
    return {setting.value for setting in STUDIES[study].settings}


@dataclass(frozen=True)
class MattersMore(Judge):
    """Some settings lie further apart than those of other studies do, seed by seed: told apart or not."""

    spread: tuple[Place, ...]
    than: tuple[str, ...]
    metric: str = DISTANCE

    @property
    def rule(self) -> str:
        """What is compared."""
        others, ours = listed([f"`{study}`" for study in self.than]), listed(worded(self.spread))
        return f"{by(self.metric)}, the factor between the best and the worst of {ours}, against those of {others}"

    @property
    def needs(self) -> tuple[Place, ...]:
        """Those that it names, and all of the other studies."""
        return (*self.spread, *(place for study in self.than for place in places(study)))

    def decide(self, evidence: Evidence) -> Judgement:
        """See the class."""
        groups = [self.spread, *(places(study) for study in self.than)]
        ours, *theirs = ([*self._factors(evidence, group)] for group in groups)
        verdicts = [compare_values(DISTANCE, ours, other) for other in theirs]
        more = {"worse": "larger", "better": "smaller"}  # of a distance, which is better the lower it is
        found = [more.get(verdict.outcome, verdict.outcome) for verdict in verdicts]
        told = [f"a factor of {mean_text(ours)}"]
        told += [f"of `{study}` {mean_text(values)}" for study, values in zip(self.than, theirs, strict=True)]
        outcome = outcome_of(confirmed=set(found) == {"larger"}, contradicted="smaller" in found)
        return Judgement(outcome, tuple(told))

    def _factors(self, evidence: Evidence, group: Sequence[Place]) -> Sequence[float]:
        """For each seed the largest value of a group by the smallest."""
        by_seed = zip(*(evidence.values(place, self.metric) for place in group), strict=False)
        return [max(values) / min(values) for values in by_seed]


@dataclass(frozen=True)
class GainsLess(Judge):
    """Going on brings one study's nets less than another's: last setting by first, seed by seed."""

    study: str
    than: str
    metric: str = DISTANCE

    @property
    def rule(self) -> str:
        """What is compared."""
        return (
            f"{by(self.metric)}, that of the last setting by that of the first, of `{self.study}` against `{self.than}`"
        )

    @property
    def needs(self) -> tuple[Place, ...]:
        """The shortest and the longest of both."""
        return tuple(place for study in (self.study, self.than) for place in (places(study)[0], places(study)[-1]))

    def decide(self, evidence: Evidence) -> Judgement:
        """See the class."""
        ends = {study: (places(study)[0], places(study)[-1]) for study in (self.study, self.than)}
        gains = []
        for first, last in ends.values():
            pairs = zip(evidence.values(last, self.metric), evidence.values(first, self.metric), strict=False)
            gains.append([after / before for after, before in pairs])
        verdict = compare_values(self.metric, *gains)
        told = tuple(f"`{study}`: {mean_text(gain)} times" for study, gain in zip(ends, gains, strict=True))
        outcome = outcome_of(confirmed=verdict.outcome == "worse", contradicted=verdict.outcome == "better")
        return Judgement(outcome, (*told, describe(self.metric, verdict)))
