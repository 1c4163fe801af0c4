"""Every entry that has weights, with its numbers: docs/models.md, whose first table the README shows too.

    python benchmarks/models.py --out docs/models.md

Every number comes from the `metrics.json` and `config.json` beside the weights.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import torch

from genzoo.card.words import TITLES, table
from genzoo.catalog import ALIASES, DATASETS, ENTRIES
from genzoo.metrics import ALL_METRICS, SAMPLE_METRICS, Document, compare, read_metrics
from genzoo.nets import build, count_parameters
from genzoo.spec import Entry
from genzoo.weights import CONFIG, METRICS, Folder, read_config, weights_home

INTRODUCTION = """# The models and their numbers

All entries that have weights, measured by `genzoo evaluate` on the test set, in the terms of
[docs/evaluate.md](evaluate.md): means over three seeds of 10,000 samples each. The cards give the spreads, and tell how
each was trained. Parameters are those of the generator or decoder.

Tables of samples begin with the lowest Fréchet distance, and show a VAE once for each of its priors; the training
images, measured as if they were samples, show about what a perfect model would score. Tables of likelihoods begin with
the highest ELBO: nats are comparable under one likelihood alone."""
FAMILIES = "## The best of each family\n\nWhat `<family>-<dataset>` stands for:"
SAMPLES, LIKELIHOODS = "## Samples: {}", "## Likelihoods: {}"
TRAINING_IMAGES = "*training images*"
WAITING = "## Not trained yet"
END = "*Written by `python benchmarks/models.py --out docs/models.md` from the files beside the weights.*"


def linked(name: str) -> str:
    """An entry's name as a link to its card; what follows a comma stays outside."""
    full, comma, rest = name.partition(",")
    return f"[`{full}`](../cards/{full}.md){comma}{rest}"


def number(row: Document | None, key: str = "mean") -> str:
    """A metric's mean or floor as a cell shows it."""
    value = (row or {}).get(key)
    return "-" if value is None else f"{value:,.4g}"


def parameters(entry: Entry) -> str:
    """How many the generator of an entry has."""
    with torch.device("meta"):
        return f"{count_parameters(build(entry)['generator']):,}"


def families(home: Path) -> str:
    """The table of the aliases that have weights."""
    keys = ("frechet_distance", "coverage", "elbo")
    rows = []
    for alias, name in ALIASES.items():
        if (home / name / METRICS).is_file():
            document, entry = read_metrics(str(home / name / METRICS)), read_config(Folder(home / name)).entry
            rows.append((f"`{alias}`", f"`{name}`", parameters(entry), *(number(document.get(key)) for key in keys)))
    return table(("alias", "entry", "parameters", *labels(keys)), rows)


def labels(keys: Iterable[str]) -> list[str]:
    """Headings of metrics."""
    return [ALL_METRICS[key].label + (", nats" if ALL_METRICS[key].unit.startswith("nats") else "") for key in keys]


def samples(documents: Sequence[Document], entries: dict[str, Entry]) -> str:
    """The metrics of all samples of one dataset, the best first."""
    keys = [key for key in SAMPLE_METRICS if any(key in document for document in documents)]
    models = compare(documents)["models"]
    rows = [(TRAINING_IMAGES, "-", *(number(documents[0][key], "floor") for key in keys))]
    for model in sorted(models, key=lambda model: float(model["frechet_distance"]["mean"])):
        size = parameters(entries[model["name"].partition(",")[0]])
        rows.append((linked(model["name"]), size, *(number(model.get(key)) for key in keys)))
    return table(("entry", "parameters", *labels(keys)), rows)


def likelihood(entry: Entry) -> str:
    """What a VAE takes pixels for, in two words."""
    recipe = entry.recipe
    if recipe.likelihood == "gaussian":
        return f"Gaussian, deviation {recipe.likelihood_sd:.3g}"
    return "Bernoulli, binarised" if recipe.binarize else "Bernoulli, grey levels"


def likelihoods(documents: Sequence[Document], entries: dict[str, Entry]) -> str:
    """The ELBOs and what goes with them of one dataset's VAEs, likelihood by likelihood, the best first."""
    keys = ("elbo", "log_likelihood", "bits_per_dimension", "reconstruction_error")

    def place(document: Document) -> tuple[str, float]:
        return likelihood(entries[document["name"]]), -float(document["elbo"]["mean"])

    rows = []
    for document in sorted(documents, key=place):
        entry = entries[document["name"]]
        numbers = [number(document.get(key)) for key in keys]
        rows.append((linked(entry.name), parameters(entry), likelihood(entry), *numbers))
    return table(("entry", "parameters", "likelihood", *labels(keys)), rows)


def text(home: Path) -> str:
    """The whole page, from the measurements in a folder of weights."""
    there = [name for name in ENTRIES if (home / name / CONFIG).is_file() and (home / name / METRICS).is_file()]
    documents: list[dict[str, Any]] = [read_metrics(str(home / name / METRICS)) for name in there]
    entries = {name: read_config(Folder(home / name)).entry for name in there}
    parts = [INTRODUCTION, FAMILIES, families(home)]
    for heading, write, key in ((SAMPLES, samples, "frechet_distance"), (LIKELIHOODS, likelihoods, "elbo")):
        for dataset in DATASETS:
            of_it = [each for each in documents if each["dataset"] == dataset and key in each]
            if of_it:
                parts += [heading.format(TITLES[dataset]), write(of_it, entries)]
    if missing := [f"`{name}`" for name in ENTRIES if name not in there]:
        parts += [WAITING, f"{', '.join(missing)}."]
    return "\n\n".join([*parts, END]) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--weights", type=Path, default=weights_home(), help="the folder of the entries' folders")
    options = parser.parse_args()
    options.out.write_text(text(options.weights))


if __name__ == "__main__":
    main()
