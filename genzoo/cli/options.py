"""Options that several commands have."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import click

from genzoo.zoo.registry import DATASETS, load_plugins


class Positive(click.FloatRange):
    """A finite number above 0: not a number, which no range leaves out, would never be reached."""

    def __init__(self) -> None:
        super().__init__(0, min_open=True)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """The number of a text."""
        number: float = super().convert(value, param, ctx)
        if not math.isfinite(number):
            self.fail(f"{number} is not a finite number.", param, ctx)
        return number


def dataset_names(trained: bool = False) -> click.Choice[str]:
    """The datasets there are, those of installed packages among them; with `trained` those with a feature net."""
    load_plugins()
    return click.Choice([name for name, dataset in DATASETS.items() if dataset.feature_recipe or not trained])


data_dir = click.option(
    "--data-dir",
    type=click.Path(path_type=Path),
    help="Where the datasets lie.  [env: GENZOO_DATA; default: ~/.cache/genzoo/data]",
)
