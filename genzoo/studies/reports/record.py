"""Records of a report: its figures, tables and claims.  No torch, no files."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from genzoo.studies.catalog import STUDIES
from genzoo.studies.claims.evidence import OUTCOMES, Evidence, Judgement, Outcome
from genzoo.studies.claims.judge import Judge
from genzoo.zoo.fields import check
from genzoo.zoo.registry import ENTRIES

_WEIGHT: tuple[Outcome, ...] = ("contradicted", "can't be answered", "open", "not shown by three seeds", "confirmed")
Picture = Literal["losses", "samples", "progress", "reconstructions"]
"""What a study's picture shows: loss curves, samples, fixed latents in the course of training, reconstructions."""


@dataclass(frozen=True)
class Figure:
    """A figure or a table of a report, and what answers it here.

    Attributes:
        number: as the report counts it, e.g. `Figure 3`; where it does not count, what it is.
        caption: what it shows, in our words.
        studies: the studies whose runs show the same.
        picture: what is drawn of them.
        entries: the zoo's entries whose pictures show the same.
        answer: a sentence in place of a picture, for what is drawn by hand or is a table.
    """

    number: str
    caption: str
    studies: tuple[str, ...] = ()
    picture: Picture = "samples"
    entries: tuple[str, ...] = ()
    answer: str = ""

    def __post_init__(self) -> None:
        for name in self.studies:
            check(name in STUDIES, f"{self.number} names a study {name} that there is not.")
        for name in self.entries:
            check(name in ENTRIES, f"{self.number} names an entry {name} that there is not.")
        check(bool(self.studies or self.entries or self.answer), f"{self.number} is not answered.")


@dataclass(frozen=True)
class Claim:
    """What a report says, and how the verdict on it follows.

    Attributes:
        id: to name it by; the places in pages are called so.
        where: the report's section.
        text: what it says, in our words.
        judges: what it is judged by, all of which must confirm it.
    """

    id: str
    where: str
    text: str
    judges: tuple[Judge, ...]

    def __post_init__(self) -> None:
        check(bool(self.judges), f"nothing judges the claim {self.id}.")

    @property
    def studies(self) -> tuple[str, ...]:
        """The studies that answer it."""
        return tuple(dict.fromkeys(study for judge in self.judges for study in judge.studies))

    def judge(self, evidence: Evidence) -> tuple[Outcome, list[Judgement]]:
        """Its outcome, and what each of its judges finds.

        One that contradicts it settles it; else one that is open leaves it open, and one that shows nothing unshown.
        """
        found = [judge.judge(evidence) for judge in self.judges]
        return min((each.outcome for each in found), key=_WEIGHT.index), found


def claim(id: str, where: str, text: str, *judges: Judge) -> Claim:  # noqa: A002
    """A `Claim` by its fields."""
    return Claim(id, where, text, judges)


@dataclass(frozen=True)
class Report:
    """One of the five reports.

    Attributes:
        name: e.g. `report 4`.
        title: in our words.
        about: what it does, a paragraph.
        sections: those that claim something, by their numbers, in our words.
        figures: its figures and tables, in its order.
        claims: what it says, in its order.
    """

    name: str
    title: str
    about: str
    sections: Mapping[str, str]
    figures: tuple[Figure, ...]
    claims: tuple[Claim, ...]

    def __post_init__(self) -> None:
        for what, names in (("claims", [c.id for c in self.claims]), ("figures", [f.number for f in self.figures])):
            twice = [name for name, count in Counter(names).items() if count > 1]
            check(not twice, f"{self.name} has two {what} called {', '.join(twice)}.")
        for one in self.claims:
            check(one.where in self.sections, f"{self.name} has no section {one.where}, where it is to say {one.id}.")

    def claims_in(self, section: str) -> list[Claim]:
        """The claims of a section."""
        return [claim for claim in self.claims if claim.where == section]

    @property
    def studies(self) -> list[str]:
        """The studies that answer it, in the order of all studies."""
        named = {study for claim in self.claims for study in claim.studies}
        named |= {study for figure in self.figures for study in figure.studies}
        return [study for study in STUDIES if study in named]


def counted(outcomes: Sequence[str]) -> str:
    """How many judgements there are of each outcome, in words."""
    found = Counter(outcomes)
    return ", ".join(f"{found[outcome]} {outcome}" for outcome in OUTCOMES if found[outcome])
