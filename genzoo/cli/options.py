"""Options that several commands have, and kinds of values."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from genzoo.errors import UsageError
from genzoo.zoo.catalog import nearest
from genzoo.zoo.registry import DATASETS, load_plugins

if TYPE_CHECKING:
    _Choice = click.Choice[str]
else:
    _Choice = click.Choice  # which click before 8.2 has without a type of its values

F = TypeVar("F", bound=Callable[..., Any])
_DEVICE = re.compile(r"auto|(cpu|cuda|mps|xpu)(:\d+)?")


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


class OneOf(_Choice):
    """One of several words; of a word that is none of them the nearest are named."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """The word itself."""
        try:
            return super().convert(value, param, ctx)
        except click.BadParameter as error:
            if not (hint := nearest(str(value), self.choices, "")):
                raise
            self.fail(f"{error.message.removesuffix('.')}: {hint}", param, ctx)


def dataset_names(trained: bool = False) -> OneOf:
    """The datasets there are, those of installed packages among them; with `trained` those with a feature net."""
    load_plugins()
    return OneOf([name for name, dataset in DATASETS.items() if dataset.feature_recipe or not trained])


data_dir = click.option(
    "--data-dir",
    type=click.Path(path_type=Path),
    help="Where the datasets lie.  [env: GENZOO_DATA; default: ~/.cache/genzoo/data]",
)


def device(default: str = "cpu") -> Callable[[F], F]:
    """The option --device, which refuses what is no device on any machine; torch is not asked."""
    return click.option("--device", default=default, show_default=True, callback=_known, help="auto, cpu, cuda or mps.")


def _known(_context: click.Context, _parameter: click.Parameter, name: str) -> str:
    if not _DEVICE.fullmatch(name):
        raise UsageError(f"The device {name!r} is not on this machine: cpu always is.")
    return name
