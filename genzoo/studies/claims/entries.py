"""Kinds of claim about one model, which the zoo's own entries answer, and those that nothing here answers."""

from __future__ import annotations

from dataclasses import dataclass

from genzoo.studies.claims.evidence import Evidence, Judgement, Place
from genzoo.studies.claims.judge import DISTANCE, Judge, outcome_of
from genzoo.studies.results import label_of
from genzoo.zoo.registry import ENTRIES


class OfEntries(Judge):
    """A claim that no run of a study answers."""

    @property
    def needs(self) -> tuple[Place, ...]:
        """None."""
        return ()


@dataclass(frozen=True)
class Ships(OfEntries):
    """An entry as it ships comes as far as a bound, which is ours: by its measurement's interval, where it has one.

    Attributes:
        name: the entry's.
        metric: what goes by, of samples as the model is sampled unless told otherwise.
        bound: the least value of it.
    """

    name: str
    metric: str
    bound: float

    @property
    def rule(self) -> str:
        """The bound in words."""
        return f"by the {label_of(self.metric).lower()} of `{self.name}` as it ships, at least {self.bound:g}"

    def decide(self, evidence: Evidence) -> Judgement:
        """See the class."""
        measured = evidence.shipped(self.name)
        if measured is None:
            return Judgement("open", (f"`{self.name}` is not measured",))
        row = measured.rows[self.metric]
        low, high = row.interval or (row.mean, row.mean)
        return Judgement(outcome_of(confirmed=low >= self.bound, contradicted=high < self.bound), (row.text,))


@dataclass(frozen=True)
class ShipsBetter(OfEntries):
    """An entry as it ships is better than another: each by its own recipe, and trained once."""

    name: str
    other: str
    metric: str = DISTANCE

    @property
    def rule(self) -> str:
        """What is compared."""
        names = f"`{self.name}` and `{self.other}`"
        return f"by the {label_of(self.metric)} of {names} as they ship, each trained once by a recipe of its own"

    def decide(self, evidence: Evidence) -> Judgement:
        """See the class."""
        from genzoo.evaluate.comparison import are_tied

        found = {name: evidence.shipped(name) for name in (self.name, self.other)}
        if missing := [name for name, measured in found.items() if measured is None]:
            return Judgement("open", (f"`{missing[0]}` is not measured",))
        one, other = (measured.rows[self.metric] for measured in found.values() if measured is not None)
        told = tuple(f"`{name}`: {row.text}" for name, row in zip(found, (one, other), strict=True))
        if are_tied(one, other):
            return Judgement("not shown by three seeds", told)
        return Judgement(outcome_of(confirmed=one.mean < other.mean, contradicted=one.mean >= other.mean), told)


@dataclass(frozen=True)
class HasParameters(OfEntries):
    """An entry's net has as many learned values as the report prints."""

    name: str
    net: str
    count: int

    @property
    def rule(self) -> str:
        """What is counted."""
        return f"by counting the {self.net} of `{self.name}`"

    def decide(self, evidence: Evidence) -> Judgement:  # noqa: ARG002
        """See the class."""
        from genzoo.checkpoint.nets import meta_nets
        from genzoo.nets import count_parameters

        count = count_parameters(meta_nets(ENTRIES[self.name])[self.net])
        return Judgement("confirmed" if count == self.count else "contradicted", (f"{count:,}",))


@dataclass(frozen=True)
class NotAnswerable(OfEntries):
    """Nothing that is measured here answers it."""

    reason: str

    @property
    def rule(self) -> str:
        """Nothing."""
        return ""

    def decide(self, evidence: Evidence) -> Judgement:  # noqa: ARG002
        """The reason."""
        return Judgement("can't be answered", (self.reason,))
