"""Curves over the steps of training, in panels."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from genzoo.checkpoint.history import SPREAD, Row
from genzoo.plots.figure import (
    COLOURS,
    DASHES,
    MOST_LETTERS,
    SMALL,
    WIDTH,
    finite,
    legend_height,
    new_figure,
    panels_of,
    plain,
    save,
    surround,
    wrapped,
)

_CUT, _DWARFED = 0.02, 3
"""A panel's axis leaves out this share of values at either end where they make it so many times as long: the first
losses dwarf all others."""
_LONG = 10
"""Times that the longest curve is as long as the shortest, from which on steps are drawn on a logarithmic axis."""


@dataclass(frozen=True)
class Curve:
    """A line in a panel, and the band around it.

    Attributes:
        label: curves of one label have one colour in all panels.
        steps: of its points.
        values: at each step.
        low: of the band at each step; empty without a band.
        high: likewise.
    """

    label: str
    steps: Sequence[float]
    values: Sequence[float]
    low: Sequence[float] = ()
    high: Sequence[float] = ()


@dataclass(frozen=True)
class CurvePanel:
    """The curves of one quantity, with the label of its axis."""

    label: str
    curves: Sequence[Curve]


def curve_of(label: str, rows: Sequence[Row], name: str, *, band: bool = True) -> Curve:
    """The curve of one loss in thinned rows, those that have it: their means, and a band of one deviation each way."""
    rows = [row for row in rows if name in row]
    values, spreads = [row[name] for row in rows], [row.get(f"{name}{SPREAD}", 0.0) for row in rows]
    around = list(zip(values, spreads, strict=True)) if band and any(spreads) else []
    steps = [row["step"] for row in rows]
    return Curve(label, steps, values, [mean - by for mean, by in around], [mean + by for mean, by in around])


def about_bands(panels: Iterable[CurvePanel]) -> str:
    """A sentence about curves that `curve_of` gives."""
    bands = any(curve.low for panel in panels for curve in panel.curves)
    return f"Each point is a mean over the steps since the one before{'; bands are one deviation each way' * bands}."


def draw_curves(path: Path, panels: Sequence[CurvePanel], title: str = "", note: str = "") -> None:
    """Draw panels of curves, two in a row, with a legend of their labels where there are several.

    Raises:
        UsageError: for a name that does not end in .png, .svg or .pdf.
        MissingLibraryError: without matplotlib.
        GenzooError: when it cannot be written.
    """
    labels = list(dict.fromkeys(curve.label for panel in panels for curve in panel.curves))
    columns = min(len(panels), 2)
    rows = -(-len(panels) // columns)
    figure = new_figure(WIDTH, 0.8 + 2.5 * rows + legend_height(labels), layout="constrained")
    handles: dict[str, Any] = {}
    logarithmic = _are_of_many_lengths(panels)
    for axes, panel in zip(panels_of(figure, len(panels), columns), panels, strict=True):
        for curve in panel.curves:
            place = labels.index(curve.label)
            handles.setdefault(curve.label, _draw(axes, curve, place))
        _set_limits(axes, panel.curves)
        axes.set_ylabel(plain(wrapped(panel.label, MOST_LETTERS)), fontsize=SMALL)
        axes.set_xlabel("step", fontsize=SMALL)
        if logarithmic:
            axes.set_xscale("log")
        else:
            axes.locator_params(axis="x", nbins=5)
            axes.xaxis.set_major_formatter("{x:,.0f}")
        axes.tick_params(labelsize=SMALL)
        axes.grid(alpha=0.25, linewidth=0.6)
    surround(figure, title, note, handles if len(labels) > 1 else None)
    save(figure, path)


def _draw(axes: Any, curve: Curve, place: int) -> Any:
    colour = COLOURS[place % len(COLOURS)]
    dashes = DASHES[place // len(COLOURS) % len(DASHES)]
    marker = "o" if len(curve.steps) == 1 else None  # a line of one point cannot be seen
    (line,) = axes.plot(curve.steps, curve.values, dashes, color=colour, linewidth=1.2, marker=marker)
    if curve.low:
        axes.fill_between(curve.steps, curve.low, curve.high, color=colour, alpha=0.18, linewidth=0)
    return line


def _are_of_many_lengths(panels: Iterable[CurvePanel]) -> bool:
    lengths = [curve.steps[-1] for panel in panels for curve in panel.curves]
    return max(lengths) > _LONG * min(lengths)


def _set_limits(axes: Any, curves: Iterable[Curve]) -> None:
    values = sorted(finite([value for curve in curves for value in curve.values]))
    cut = int(_CUT * len(values))
    if not values or values[-1] - values[0] <= _DWARFED * (values[-1 - cut] - values[cut]):
        return
    low, high = values[cut], values[-1 - cut]
    if margin := 0.08 * (high - low):
        axes.set_ylim(low - margin, high + margin)
