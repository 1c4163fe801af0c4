"""Points with intervals along an axis of settings, and clouds of points in a plane."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from genzoo.plots.figure import (
    COLOURS,
    MOST_LETTERS,
    SMALL,
    WIDTH,
    new_figure,
    panels_of,
    plain,
    save,
    surround,
    wrapped,
)

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

_CLASSES = (
    "#332288", "#88CCEE", "#44AA99", "#117733", "#999933", "#DDCC77", "#CC6677", "#882255", "#AA4499", "#555555",
)  # fmt: skip
"""Tol's muted colours, and a grey."""
_FAR = 20
"""Times that the largest value is as large as the least, from which on a quotient's axis is logarithmic."""
_ACROSS = 104
"""Letters that find room below the panels of a row."""


@dataclass(frozen=True)
class Spread:
    """A setting's values, and the interval of their mean, where there are enough of them for one."""

    values: Sequence[float]
    interval: tuple[float, float] | None = None


@dataclass(frozen=True)
class SpreadPanel:
    """One quantity of all settings, in their order: its axis's label, and whether its quotients count."""

    label: str
    spreads: Sequence[Spread]
    quotients: bool = False


@dataclass(frozen=True)
class Cloud:
    """Points in a plane, (n, 2), and the class of each, (n,), where it has one."""

    title: str
    points: npt.NDArray[np.floating]
    classes: npt.NDArray[np.integer] | None = None


def draw_spreads(
    path: Path, axis: str, settings: Sequence[str], panels: Sequence[SpreadPanel], title: str = "", note: str = ""
) -> None:
    """Draw a panel for each quantity: of each setting the mean, its interval, and a small point for each value.

    Raises:
        UsageError: for a name that does not end in .png, .svg or .pdf.
        MissingLibraryError: without matplotlib.
        GenzooError: when it cannot be written.
    """
    columns = min(len(panels), 2)
    room = _ACROSS // columns // len(settings)
    turned = any(len(word) > room for setting in settings for word in setting.split())
    names = [plain(wrapped(name, 16 if turned else room)) for name in settings]
    rows = -(-len(panels) // columns)
    figure = new_figure(WIDTH, 0.9 + (3.2 if turned else 2.5) * rows, layout="constrained")
    for axes, panel in zip(panels_of(figure, len(panels), columns), panels, strict=True):
        for place, spread in enumerate(panel.spreads):
            if spread.values:
                _draw_spread(axes, place, spread)
        axes.set_xticks(range(len(settings)), names, rotation=30 if turned else 0, ha="right" if turned else "center")
        axes.set_xlim(-0.5, len(settings) - 0.5)
        axes.set_xlabel(plain(axis), fontsize=SMALL)
        axes.set_ylabel(plain(wrapped(panel.label, MOST_LETTERS)), fontsize=SMALL)
        axes.tick_params(labelsize=SMALL)
        axes.tick_params(axis="x", labelsize=SMALL if all(map(str.isdigit, settings)) else SMALL - 1)
        axes.grid(axis="y", alpha=0.25, linewidth=0.6)
        _set_scale(axes, panel)
    surround(figure, title, note)
    save(figure, path)


def _draw_spread(axes: Any, place: int, spread: Spread) -> None:
    mean = statistics.fmean(spread.values)
    if spread.interval is not None:
        low, high = spread.interval
        axes.errorbar(place, mean, [[mean - low], [high - mean]], color=COLOURS[0], capsize=4, linewidth=1.4)
    axes.plot(place, mean, "o", color=COLOURS[0], markersize=7)
    if len(spread.values) > 1:
        axes.plot([place] * len(spread.values), spread.values, "o", color=COLOURS[1], markersize=3)


def _set_scale(axes: Any, panel: SpreadPanel) -> None:
    values = [value for spread in panel.spreads for value in spread.values]
    if panel.quotients and min(values) > 0 and max(values) > _FAR * min(values):
        axes.set_yscale("log")
        axes.set_ylim(min(values) / 1.5, max(values) * 1.5)  # an interval may reach below 0, where a logarithm ends


def draw_clouds(path: Path, clouds: Sequence[Cloud], axes: tuple[str, str], title: str = "", note: str = "") -> None:
    """Draw clouds of points beside each other, each class in its colour and its number at its median.

    Raises:
        UsageError: for a name that does not end in .png, .svg or .pdf.
        MissingLibraryError: without matplotlib.
        GenzooError: when it cannot be written.
    """
    columns = min(len(clouds), 2)
    rows = -(-len(clouds) // columns)
    height = 6.6 if columns == 1 else 3.9 * rows
    figure = new_figure(WIDTH, 1.0 + height, layout="constrained")
    handles: dict[int, Any] = {}
    for panel, cloud in zip(panels_of(figure, len(clouds), columns), clouds, strict=True):
        handles |= _draw_cloud(panel, cloud)
        panel.set_title(plain(cloud.title), fontsize=10)
        panel.set_xlabel(axes[0], fontsize=SMALL)
        panel.set_ylabel(axes[1], fontsize=SMALL)
        panel.tick_params(labelsize=SMALL)
        panel.set_aspect("equal", adjustable="datalim")
    surround(figure, title, note, {str(each): handles[each] for each in sorted(handles)})
    save(figure, path)


def _draw_cloud(panel: Any, cloud: Cloud) -> dict[int, Any]:
    """Draw a cloud; the marks of its classes, for a legend."""
    import numpy as np
    from matplotlib.lines import Line2D
    from matplotlib.patheffects import withStroke

    size = 3.0 if len(cloud.points) > 2000 else 9.0
    if cloud.classes is None:
        panel.scatter(*cloud.points.T, s=size, color=COLOURS[0], alpha=0.6, linewidths=0, rasterized=True)
        return {}
    colours = np.array(_CLASSES)[cloud.classes % len(_CLASSES)]
    panel.scatter(*cloud.points.T, s=size, c=colours, alpha=0.6, linewidths=0, rasterized=True)
    classes = [int(each) for each in np.unique(cloud.classes)]
    for each in classes:
        place = np.median(cloud.points[cloud.classes == each], axis=0)
        if all(map(math.isfinite, place)):
            panel.text(
                *place, str(each), ha="center", va="center", fontsize=12, fontweight="bold",
                path_effects=[withStroke(linewidth=3, foreground="white")],
            )  # fmt: skip
    return {each: Line2D([], [], linestyle="", marker="o", color=_CLASSES[each % len(_CLASSES)]) for each in classes}
