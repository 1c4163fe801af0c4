"""Bars with intervals: models beside each other, a panel for each metric."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from genzoo.plots.figure import new_figure, panels_of, plain, save

_COLUMNS = 4


@dataclass(frozen=True)
class Bar:
    """A model's value, and half the width of its interval; a bar that `stands_out` is drawn darker."""

    name: str
    value: float
    spread: float = 0.0
    stands_out: bool = False


@dataclass(frozen=True)
class BarPanel:
    """The bars of one metric, and the value of a dashed line across them."""

    title: str
    bars: Sequence[Bar]
    line: float | None = None


def draw_bars(path: Path, names: Sequence[str], panels: Sequence[BarPanel]) -> None:
    """Draw panels of bars, with a row for each name, whether or not a panel has its bar.

    Raises:
        UsageError: for a name that does not end in .png, .svg or .pdf.
        MissingLibraryError: without matplotlib.
        GenzooError: when it cannot be written.
    """
    rows = -(-len(panels) // _COLUMNS)
    figure = new_figure(3 * _COLUMNS, rows * (0.8 + 0.35 * len(names)), layout="constrained")
    for place, (axes, panel) in enumerate(zip(panels_of(figure, len(panels), _COLUMNS), panels, strict=True)):
        _draw(axes, panel, names, named=place % _COLUMNS == 0)
    save(figure, path)


def _draw(axes: Any, panel: BarPanel, names: Sequence[str], *, named: bool) -> None:
    places = [names.index(bar.name) for bar in panel.bars]
    colours = ["#0072B2" if bar.stands_out else "#A8C8E0" for bar in panel.bars]
    axes.barh(places, [bar.value for bar in panel.bars], xerr=[bar.spread for bar in panel.bars], color=colours)
    if panel.line is not None:
        axes.axvline(panel.line, linestyle="--", linewidth=1, color="black")
    axes.set_yticks(range(len(names)), [plain(name) if named else "" for name in names])
    axes.set_ylim(len(names) - 0.5, -0.5)
    axes.set_title(panel.title, fontsize=9)
    axes.tick_params(labelsize=8)
