"""Every entry that has weights, with its numbers: docs/models.md, whose first table the README shows too.

    python tools/models.py --out docs/models.md

Every number comes from the `metrics.json` and `config.json` beside the weights.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from families import nets
from genzoo.checkpoint.config import read_config
from genzoo.checkpoint.folder import Folder
from genzoo.checkpoint.layout import CONFIG, METRICS
from genzoo.checkpoint.measurement import Measurement, MetricValue
from genzoo.checkpoint.nets import meta_nets
from genzoo.evaluate.comparison import TIE_RULE, compare
from genzoo.evaluate.display import TIED, floor_of
from genzoo.hub.measurement import find_metrics
from genzoo.nets import count_parameters
from genzoo.release.card.text import table
from genzoo.zoo.catalog import ALIASES, DATASETS, ENTRIES
from genzoo.zoo.metrics import metrics_of
from genzoo.zoo.registry import ALL_METRICS
from genzoo.zoo.spec import Entry
from page import signature, write_page

INTRODUCTION = """# The models and their numbers

All entries that have weights, measured by `genzoo evaluate` on the test set, in the terms of
[docs/evaluate.md](evaluate.md): means over three seeds of 10,000 samples each. The cards give the spreads, and tell how
each was trained. Parameters are those of the generator or decoder.

Tables of samples begin with the lowest Fréchet distance, and show a VAE once for each of its priors; the training
images, measured as if they were samples, show about what a perfect model would score. Tables of likelihoods begin with
the highest ELBO: nats are comparable under one likelihood alone."""
INTERVALS = (
    "± says where 95 of 100 repeated measurements lie, of other samples against other real images. "
    f"{TIED} marks what is {TIE_RULE}."
)
NETS = """## Their nets

By family and dataset, as the catalog's entries build them. "That of" another family is meant layer by layer, of entries
of the same latent size and hidden layers; of convolutional nets, hidden layers beyond the third are convolutions of
stride 1. What stands before names in brackets is true of those entries alone."""
FAMILIES = "## The best of each family\n\nWhat `<family>-<dataset>` stands for:"
SAMPLES, LIKELIHOODS = "## Samples: {}", "## Likelihoods: {}"
TRAINING_IMAGES = "*training images*"
WAITING = "## Not trained yet"


@dataclass(frozen=True)
class Measured:
    """An entry that has weights, and what was found of them."""

    entry: Entry
    measurement: Measurement

    @property
    def parameters(self) -> str:
        """How many its generator has."""
        return f"{count_parameters(meta_nets(self.entry)['generator']):,}"

    def numbers(self, keys: Iterable[str]) -> list[str]:
        """Some metrics as cells show them."""
        return [number(self.measurement.rows.get(key)) for key in keys]


def measured(home: Path) -> list[Measured]:
    """All entries of the catalog that have weights in a folder, and were measured."""
    there = [name for name in ENTRIES if (home / name / CONFIG).is_file() and (home / name / METRICS).is_file()]
    return [
        Measured(read_config(Folder(home / name)).entry, find_metrics(str(home / name / METRICS))) for name in there
    ]


def linked(name: str) -> str:
    """An entry's name as a link to its card; what follows a comma stays outside."""
    full, comma, rest = name.partition(",")
    return f"[`{full}`](../cards/{full}.md){comma}{rest}"


def number(row: MetricValue | None, *, tied: bool = False) -> str:
    """A metric as a cell shows it: with its interval where it has one, and marked where it ties with the best."""
    if row is None:
        return "-"
    return (row.text if row.interval else f"{row.mean:,.4g}") + (f" {TIED}" if tied else "")


def labels(keys: Iterable[str]) -> list[str]:
    """Headings of metrics."""
    return [ALL_METRICS[key].label + (", nats" if ALL_METRICS[key].unit.startswith("nats") else "") for key in keys]


def families(models: Sequence[Measured]) -> str:
    """The table of the aliases that have weights."""
    keys = ("frechet_distance", "coverage", "elbo")
    by_name = {model.entry.name: model for model in models}
    found = {alias: by_name[name] for alias, name in ALIASES.items() if name in by_name}
    rows = [
        (f"`{alias}`", f"`{model.entry.name}`", model.parameters, *model.numbers(keys))
        for alias, model in found.items()
    ]
    return table(("alias", "entry", "parameters", *labels(keys)), rows)


def samples(models: Sequence[Measured]) -> str:
    """The metrics of all samples of one dataset, the best first."""
    keys = [key for key in metrics_of("samples") if any(key in model.measurement.rows for model in models)]
    parameters = {model.entry.name: model.parameters for model in models}
    compared = compare([model.measurement for model in models])
    floors = [floor_of(compared.models, key) for key in keys]
    rows = [(TRAINING_IMAGES, "-", *("-" if floor is None else f"{floor:,.4g}" for floor in floors))]
    for model in sorted(compared.models, key=lambda model: model.rows["frechet_distance"].mean):
        cells = [number(model.rows.get(key), tied=model.name in compared.ties[key]) for key in keys]
        rows.append((linked(model.name), parameters[model.name.partition(",")[0]], *cells))
    return table(("entry", "parameters", *labels(keys)), rows)


def likelihood(entry: Entry) -> str:
    """What a VAE takes pixels for, in two words."""
    recipe = entry.recipe
    if recipe.likelihood == "gaussian":
        return f"Gaussian, deviation {recipe.likelihood_sd:.3g}"
    return "Bernoulli, binarised" if recipe.binarize else "Bernoulli, grey levels"


def likelihoods(models: Sequence[Measured]) -> str:
    """The ELBOs and what goes with them of one dataset's VAEs, likelihood by likelihood, the best first."""
    keys = ("elbo", "log_likelihood", "bits_per_dimension", "reconstruction_error")

    def place(model: Measured) -> tuple[str, float]:
        return likelihood(model.entry), -model.measurement.rows["elbo"].mean

    rows = [
        (linked(model.entry.name), model.parameters, likelihood(model.entry), *model.numbers(keys))
        for model in sorted(models, key=place)
    ]
    return table(("entry", "parameters", "likelihood", *labels(keys)), rows)


def text(home: Path) -> str:
    """The whole page, from the measurements in a folder of weights."""
    models = measured(home)
    sure = any(row.interval for model in models for row in model.measurement.rows.values())
    parts = [INTRODUCTION, *([INTERVALS] if sure else []), FAMILIES, families(models), NETS, nets()]
    for heading, write, key in ((SAMPLES, samples, "frechet_distance"), (LIKELIHOODS, likelihoods, "elbo")):
        for dataset in DATASETS:
            measured_on = [model for model in models if model.measurement.dataset == dataset]
            of_it = [model for model in measured_on if key in model.measurement.rows]
            if of_it:
                parts += [heading.format(DATASETS[dataset].title), write(of_it)]
    there = {model.entry.name for model in models}
    if missing := [f"`{name}`" for name in ENTRIES if name not in there]:
        parts += [WAITING, f"{', '.join(missing)}."]
    return "\n\n".join([*parts, signature("models")]) + "\n"


if __name__ == "__main__":
    write_page(text, __doc__)
