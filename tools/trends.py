"""Report 4's two studies, latent size and hidden layers, as the zoo's own weights were measured: docs/trends.md.

    python tools/trends.py --out docs/trends.md

Every number comes from the `metrics.json` and `config.json` beside the weights.  A study is shown once all of its
entries have weights.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from genzoo.checkpoint.config import Config, read_config
from genzoo.checkpoint.folder import Folder
from genzoo.checkpoint.layout import METRICS
from genzoo.checkpoint.measurement import Measurement, MetricValue
from genzoo.evaluate.comparison import are_tied, compare
from genzoo.hub.measurement import find_metrics
from genzoo.release.card.text import table
from genzoo.zoo.catalog import ENTRIES
from genzoo.zoo.metrics import MIXTURE
from genzoo.zoo.registry import ALL_METRICS, DATASETS
from genzoo.zoo.spec import Entry, Recipe
from page import signature, write_page

NAMES = {"vae": "VAE", "dcgan": "DCGAN", "wgan": "WGAN"}
INTRODUCTION = """# Latent size and hidden layers

Report 4 asked what the size of the latent and the number of hidden layers do to a VAE, a DCGAN and a WGAN, and judged
by its losses and by eye. Here the same is asked of this zoo's weights, with the metrics of
[docs/evaluate.md](evaluate.md) on the test set. Each entry was trained once, by the recipe of its family (where two
of a table have recipes or lengths that differ, it is said), and ships its best state, found after the steps in the
table: small differences may be chance. Where the report names a best or a worst value, the verdict goes by the
Fréchet distance, and for a VAE by the ELBO as well."""
WAITING = "Not shown, because entries of it have no weights yet:"

Varied = Literal["latent size", "hidden layers"]


@dataclass(frozen=True)
class Study:
    """One table: what varies, the report's words, and the values that it found best, or worst, where it says so."""

    family: str
    dataset: str
    varied: Varied
    claim: str
    best: tuple[int, ...] = ()
    worst: tuple[int, ...] = ()

    @property
    def title(self) -> str:
        """Its heading."""
        return f"{self.varied.capitalize()} of a {NAMES[self.family]} on {DATASETS[self.dataset].title}"

    def value(self, entry: Entry) -> int:
        """What varies, for one entry."""
        return entry.latent_size if self.varied == "latent size" else entry.hidden_layers

    @property
    def entries(self) -> list[Entry]:
        """The catalog's entries of this study, in order."""
        latent = 20 if (self.family, self.dataset) == ("vae", "mnist") else 100
        found = [
            entry
            for entry in ENTRIES.values()
            if (entry.family.name, entry.dataset.name, entry.tag) == (self.family, self.dataset, "")
            and (entry.hidden_layers == 3 if self.varied == "latent size" else entry.latent_size == latent)
        ]
        return sorted(found, key=self.value)


STUDIES = (
    Study("vae", "mnist", "latent size", "20 is best, and the influence is very slight", (20,)),
    Study("vae", "mnist", "hidden layers", "5 are best: more layers help the model learn", (5,)),
    Study("vae", "cifar10", "latent size", "50 and 100 are best, 10 is worst from start to end", (50, 100), (10,)),
    Study("vae", "cifar10", "hidden layers", "5 are best, though the influence is slight", (5,)),
    Study("dcgan", "mnist", "latent size", "100 is best, 20 is worst", (100,), (20,)),
    Study("dcgan", "mnist", "hidden layers", "4 are a little better than 3 in the end, 5 are worse", (4,), (5,)),
    Study("dcgan", "cifar10", "latent size", "100 is best, and the influence can be neglected", (100,)),
    Study("dcgan", "cifar10", "hidden layers", "5 are best", (5,)),
    Study("wgan", "mnist", "latent size", "10 is best, larger ones are worse", (10,)),
    Study("wgan", "mnist", "hidden layers", "5 are best: the more, the better and the less stable", (5,)),
    Study("wgan", "cifar10", "latent size", "10 is far worse than the others", worst=(10,)),
    Study("wgan", "cifar10", "hidden layers", "6 are best", (6,)),
)


def columns(study: Study) -> dict[str, tuple[str, ...]]:
    """A table's columns: their headings, and where in a measurement their numbers lie."""
    keys = ["frechet_distance", "coverage"]
    places = {ALL_METRICS[key].label: (key,) for key in keys}
    if study.family != "vae":
        return {**places, "Precision": ("precision",), "Recall": ("recall",)}
    mixture = {f"{ALL_METRICS[key].label}, mixture prior": (MIXTURE, key) for key in keys}
    return {**places, **mixture, "ELBO, nats": ("elbo",)}


def value(measurement: Measurement, place: tuple[str, ...]) -> MetricValue:
    """One metric, of the samples as they are drawn or of those of the mixture."""
    return (measurement.mixture_prior if place[0] == MIXTURE else measurement.rows)[place[-1]]


def shipped_step(config: Config) -> int:
    """The steps after which an entry's weights were found: of a run that was not measured on the way, its last."""
    training = config.training
    step: int = training.get("step", training["steps"])
    return step


def section(study: Study, home: Path) -> str:
    """A study's table, what the report said, and what came out."""
    found = [find_metrics(str(home / entry.name / METRICS)) for entry in study.entries]
    compare(found)  # refuses what was measured otherwise
    value_of = {entry.name: study.value(entry) for entry in study.entries}
    configs = {entry.name: read_config(Folder(home / entry.name)) for entry in study.entries}
    steps = [shipped_step(config) for config in configs.values()]
    places = columns(study)
    rows = [
        (f"`{name}`", str(varied), f"{step:,}", *(cell(value(one, place)) for place in places.values()))
        for (name, varied), step, one in zip(value_of.items(), steps, found, strict=True)
    ]
    differing = differences(configs)
    caution = " That may be the doing of these differences." if differing else ""
    judged = [key for key in ("frechet_distance", "elbo") if all(key in one.rows for one in found)]
    by_value = {key: dict(zip(value_of.values(), (one.rows[key] for one in found), strict=True)) for key in judged}
    verdicts = [verdict(study, key, rows) for key, rows in by_value.items()]
    return "\n\n".join(
        [
            f"## {study.title}",
            table(("entry", study.varied, "steps", *places), rows),
            *differing,
            f"Report 4: {study.claim}. Measured: {', '.join(verdicts)}.{caution}",
        ]
    )


def differences(configs: dict[str, Config]) -> list[str]:
    """What was not the same for all entries of a study, in the recipes or in how long they trained, a sentence each."""
    sentences = []
    for key in (field.name for field in dataclasses.fields(Recipe) if field.name != "epochs"):
        values = {name: str(getattr(config.entry.recipe, key)) for name, config in configs.items()}
        if apart := groups(values):
            sentences.append(f"The recipes differ in `{key}`: {apart}.")
    if apart := groups({name: f"{config.training['steps']:,} steps" for name, config in configs.items()}):
        sentences.append(f"The runs differ in length: {apart}.")
    return sentences


def groups(values: dict[str, str]) -> str:
    """Each value and the entries that have it; nothing where all have the same."""
    names: dict[str, list[str]] = {}
    for name, value in values.items():
        names.setdefault(value, []).append(f"`{name}`")
    return "; ".join(f"{value} for {', '.join(of_it)}" for value, of_it in names.items()) if len(names) > 1 else ""


def cell(row: MetricValue) -> str:
    """A metric with its interval, where it has one."""
    return row.text if row.interval else f"{row.mean:,.4g}"


def verdict(study: Study, key: str, rows: dict[int, MetricValue]) -> str:
    """What a metric finds best and worst, where the report says of it, with their ties, and whether the report did."""
    are = "is" if study.varied == "latent size" else "are"
    ranked = sorted(rows, key=lambda varied: rows[varied].mean, reverse=ALL_METRICS[key].better == "higher")
    told = ((ranked[0], "best", study.best), (ranked[-1], "worst", study.worst))
    parts = []
    for first, what, named in told:
        tied = [varied for varied in ranked if varied != first and are_tied(rows[first], rows[varied])]
        as_told = "as" if set(named) & {first, *tied} else "not as"
        beside = f", not told apart from {' and '.join(map(str, tied))}," if tied else ""
        parts += [f"{first} {are} {what}{beside} ({as_told} the report has it)"] if named else []
    return f"by the {ALL_METRICS[key].label}, {' and '.join(parts)}"


def text(home: Path) -> str:
    """The whole page, from the measurements in a folder of weights."""
    whole = [study for study in STUDIES if all((home / entry.name / METRICS).is_file() for entry in study.entries)]
    missing = [study.title[0].lower() + study.title[1:] for study in STUDIES if study not in whole]
    waiting = [f"{WAITING} {'; '.join(missing)}."] if missing else []
    return "\n\n".join([INTRODUCTION, *(section(study, home) for study in whole), *waiting, signature("trends")]) + "\n"


if __name__ == "__main__":
    write_page(text, __doc__)
