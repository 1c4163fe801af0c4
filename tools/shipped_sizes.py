"""Tables of the shipped entries by latent size and by hidden layers, beside report 4's studies of the same."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from pathlib import Path

from genzoo.checkpoint.config import Config, read_config
from genzoo.checkpoint.folder import Folder
from genzoo.checkpoint.layout import METRICS
from genzoo.checkpoint.measurement import Measurement, MetricValue, read_metrics
from genzoo.evaluate.comparison import compare
from genzoo.release.card.text import table
from genzoo.studies.catalog import STUDIES
from genzoo.zoo.registry import ALL_METRICS, DATASETS, ENTRIES
from genzoo.zoo.spec import Recipe

INTRODUCTION = """\
## The shipped entries by size

The zoo's own entries of these sizes were each trained once, by a recipe that suits them, and ship the best state that
was found on the way, after the steps in the table. Where recipes or lengths of a table differ, it is said below it:
then the order may be the recipes' doing. For comparisons that are fair, see the studies above."""
_NAMES = {"vae": "a VAE", "dcgan": "a GAN", "wgan": "a WGAN"}
_KEYS = ("frechet_distance", "coverage", "elbo")


def text(home: Path) -> str:
    """The section, from the measurements in a folder of weights; a table is shown once all of its entries have them.

    Raises:
        UsageError: for entries of a table that were measured otherwise than one another.
    """
    return "\n\n".join([INTRODUCTION, *_tables(home)])


def _tables(home: Path) -> Iterator[str]:
    for name, study in STUDIES.items():
        axis = next((axis for axis in ("latent-size", "hidden-layers") if name.endswith(axis)), None)
        names = [setting.entry.name for setting in study.settings]
        if axis and set(names) <= set(ENTRIES) and all((home / one / METRICS).is_file() for one in names):
            family, dataset, *_ = name.split("-")
            yield f"### {study.axis.capitalize()} of {_NAMES[family]} on {DATASETS[dataset].title}"
            yield _table(names, study.axis, home)
            yield from differences({one: read_config(Folder(home / one)) for one in names})


def _table(names: list[str], axis: str, home: Path) -> str:
    measured = {name: read_metrics(home / name / METRICS) for name in names}
    compare(list(measured.values()))  # refuses what was measured otherwise
    keys = [key for key in _KEYS if all(key in one.rows for one in measured.values())]
    rows = [_row(name, home, axis, one, keys) for name, one in measured.items()]
    return table(("entry", axis, "steps", *(ALL_METRICS[key].label for key in keys)), rows)


def _row(name: str, home: Path, axis: str, measured: Measurement, keys: list[str]) -> tuple[str, ...]:
    entry, training = ENTRIES[name], read_config(Folder(home / name)).training
    size = entry.latent_size if axis == "latent size" else entry.hidden_layers
    # Only a run that was measured on the way says which of its steps ships.
    step: int = training.get("step", training["steps"])
    cells = (cell(measured.rows[key]) for key in keys)
    return (f"[`{name}`](../../cards/{name}.md)", str(size), f"{step:,}", *cells)


def cell(row: MetricValue) -> str:
    """A metric with its interval, where it has one."""
    return row.text if row.interval else f"{row.mean:,.4g}"


def differences(configs: dict[str, Config]) -> list[str]:
    """What was not the same for all entries, in the recipes or in how long they trained, a sentence each."""
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
