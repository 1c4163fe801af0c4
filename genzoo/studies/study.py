"""Records of studies: settings that differ in one thing, trained alike, from several seeds.  No torch, no files."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from genzoo.errors import InvalidEntryError
from genzoo.zoo.fields import check, encode
from genzoo.zoo.objectives import GAN, VAE, WGAN
from genzoo.zoo.spec import Entry

SEEDS = (0, 1, 2)
_MOST_STEPS = 1_000_000
_DIGITS = 6
"""Of the hash in a setting's name."""
OF_THE_OBJECTIVE = (
    "objective", "lr", "beta1", "beta2", "optimizer", "lr_schedule", "norm_bias",
    *sorted({name for objective in (GAN, VAE, WGAN) for name in (*objective.needs, *objective.takes)}),
)  # fmt: skip
"""Fields of a recipe in which a VAE, a GAN and a WGAN cannot but differ."""


@dataclass(frozen=True)
class Setting:
    """One value of a study's axis.

    Attributes:
        value: as tables show it.
        entry: what is trained, and how.
        steps: updates of the generator (or VAE).
    """

    value: str
    entry: Entry
    steps: int

    def __post_init__(self) -> None:
        check(1 <= self.steps <= _MOST_STEPS, f"{self.steps} steps are not between 1 and {_MOST_STEPS:,}.")

    @cached_property
    def name(self) -> str:
        """The entry's name, and a hash of all that decides what comes of training it.

        Settings of several studies that are the same have one name, and so runs in common; one that is changed gets
        another name, so that no result is taken for another's.
        """
        entry = self.entry
        decisive = {
            "family": entry.family.name,
            "dataset": entry.dataset.name,
            "latent_size": entry.latent_size,
            "arch": {"kind": entry.arch.kind, **_given(entry.arch)},
            # How many epochs a recipe has counts for nothing where steps are told.
            "recipe": {key: value for key, value in _given(entry.recipe).items() if key != "epochs"},
            "steps": self.steps,
        }
        digest = hashlib.sha256(json.dumps(decisive, sort_keys=True).encode()).hexdigest()
        return f"{entry.name}-{digest[:_DIGITS]}"


def _given(record: Any) -> dict[str, Any]:
    """A record's fields that are not as they come: one that a later genzoo adds leaves older names as they are."""
    return {
        field.name: encode(value)
        for field in dataclasses.fields(record)
        if (value := getattr(record, field.name)) != field.default
    }


def _unlike_fields(records: Sequence[Any]) -> set[str]:
    """The fields in which records of one class differ."""
    names = [field.name for field in dataclasses.fields(records[0])]
    return {name for name in names if len({getattr(record, name) for record in records}) > 1}


@dataclass(frozen=True)
class Run:
    """A setting trained from one seed."""

    setting: Setting
    seed: int

    @property
    def name(self) -> str:
        """The setting's name and the seed; its folders are called so."""
        return f"{self.setting.name}-s{self.seed}"

    def extends(self, other: Run) -> bool:
        """Whether it does all that another does, and then goes on: of the same but its length, at constant rates."""
        mine, its = self.setting, other.setting
        return (
            self.seed == other.seed
            and mine.steps > its.steps
            and mine.entry.recipe.lr_schedule == "constant"
            and dataclasses.replace(mine, steps=its.steps).name == its.name
        )


@dataclass(frozen=True)
class Study:
    """A comparison that a report makes, as a grid of runs; what it says of it stands in `genzoo.studies.reports`.

    Attributes:
        name: of the study.
        report: whose question it is, e.g. `report 4`.
        axis: what its settings differ in, in words.
        settings: in the order of the axis.
        differs: the fields in which its settings may differ: of the recipe, of the architecture (`arch` for all of
            them), `latent_size` or `steps`; in all others they are alike.
        metrics: by which it is judged, the first above all.
        seeds: each setting is trained from each of them.
    """

    name: str
    report: str
    axis: str
    settings: tuple[Setting, ...]
    differs: tuple[str, ...] = ()
    metrics: tuple[str, ...] = ("frechet_distance", "coverage", "class_balance", "sharpness")
    seeds: tuple[int, ...] = SEEDS

    def __post_init__(self) -> None:
        check(len(self.settings) > 1, f"the study {self.name} compares nothing: it needs two settings or more.")
        for what in ("value", "name"):
            each = [getattr(setting, what) for setting in self.settings]
            check(len(set(each)) == len(each), f"two settings of the study {self.name} have the same {what}.")
        check(len(self.seeds) > 1, f"the study {self.name} has one seed, which shows no spread: two are the least.")
        check(
            len({setting.entry.dataset for setting in self.settings}) == 1,
            f"the settings of the study {self.name} are of several datasets.",
        )
        for name in sorted(self._unlike() - set(self.differs)):
            raise InvalidEntryError(f"the settings of the study {self.name} differ in {name}, which it does not say.")

    def _unlike(self) -> set[str]:
        """The fields in which the settings differ."""
        entries = [setting.entry for setting in self.settings]
        found = _unlike_fields([entry.recipe for entry in entries]) - {"epochs"}
        if "arch" not in self.differs:
            same_kind = len({type(entry.arch) for entry in entries}) == 1
            found |= _unlike_fields([entry.arch for entry in entries]) if same_kind else {"arch"}
        found |= {"latent_size"} if len({entry.latent_size for entry in entries}) > 1 else set()
        return found | ({"steps"} if len({setting.steps for setting in self.settings}) > 1 else set())

    @property
    def runs(self) -> list[Run]:
        """All its runs: those of the first seed first, so that every setting has been seen early."""
        return [Run(setting, seed) for seed in self.seeds for setting in self.settings]

    @property
    def dataset(self) -> str:
        """The dataset's name."""
        return self.settings[0].entry.dataset.name

    @property
    def steps(self) -> int:
        """The longest training of its settings."""
        return max(setting.steps for setting in self.settings)


def all_runs(studies: Iterable[Study]) -> list[Run]:
    """The runs of several studies, one study after the other; those that they share come once."""
    return list({run.name: run for study in studies for run in study.runs}.values())
