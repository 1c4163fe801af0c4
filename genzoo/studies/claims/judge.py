"""The base of the kinds of claim: what a kind goes by, and how its verdict is said."""

from __future__ import annotations

from abc import ABC, abstractmethod

from genzoo.studies.claims.evidence import Evidence, Judgement, Outcome, Place

DISTANCE = "frechet_distance"


def outcome_of(*, confirmed: bool, contradicted: bool) -> Outcome:
    """The outcome of a claim that all runs are there for."""
    if contradicted:
        return "contradicted"
    return "confirmed" if confirmed else "not shown by three seeds"


class Judge(ABC):
    """A way to judge a claim."""

    @property
    @abstractmethod
    def rule(self) -> str:
        """How the verdict follows, in words."""

    @property
    @abstractmethod
    def needs(self) -> tuple[Place, ...]:
        """The settings whose runs it goes by."""

    @property
    def studies(self) -> tuple[str, ...]:
        """The studies that answer it."""
        return tuple(dict.fromkeys(place.study for place in self.needs))

    def judge(self, evidence: Evidence) -> Judgement:
        """What comes of it: `open` until all runs that it goes by are there."""
        return evidence.missing(self.needs) or self.decide(evidence)

    @abstractmethod
    def decide(self, evidence: Evidence) -> Judgement:
        """What comes of it once all runs are there."""
