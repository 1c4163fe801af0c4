"""A comparison of measurements as a table or a picture."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from genzoo.checkpoint.files import whole_file
from genzoo.checkpoint.measurement import spread_of
from genzoo.errors import UsageError
from genzoo.extras import refuse_missing
from genzoo.zoo.registry import ALL_METRICS

_PANELS = 4  # in a row of the picture


def to_table(comparison: Mapping[str, Any], bold: Callable[[str], str] = lambda text: text) -> str:
    """A comparison as lines of text: a row for each model and one for the floor, the best values through `bold`."""
    keys = list(comparison["best"])
    arrows = {"lower": "↓", "higher": "↑"}
    cells = [["MODEL", *(f"{ALL_METRICS[key].label} {arrows[ALL_METRICS[key].better]}" for key in keys)]]
    marks = [[False] * (len(keys) + 1)]
    for model in comparison["models"]:
        cells.append([model["name"], *(_cell(model.get(key)) for key in keys)])
        marks.append([False, *(model["name"] in comparison["best"][key] for key in keys)])
    floors = [
        next((m[key]["floor"] for m in comparison["models"] if m.get(key, {}).get("floor")), None) for key in keys
    ]
    cells.append(["(training set)", *("-" if floor is None else f"{floor:.4g}" for floor in floors)])
    marks.append([False] * (len(keys) + 1))
    widths = [max(len(row[column]) for row in cells) for column in range(len(keys) + 1)]
    # Padded first: escape codes have no width.
    return "\n".join(
        "  ".join(
            bold(text.ljust(width)) if mark else text.ljust(width)
            for text, width, mark in zip(row, widths, row_marks, strict=True)
        ).rstrip()
        for row, row_marks in zip(cells, marks, strict=True)
    )


def _cell(row: Mapping[str, Any] | None) -> str:
    if row is None:
        return "-"
    spread = spread_of(row)
    return f"{row['mean']:.4g}" + (f" ±{spread:.2g}" if spread is not None else "")


def plot(comparison: Mapping[str, Any], path: Path) -> None:
    """Draw a comparison: a panel for each metric, a bar for each model, the floor as a dashed line.

    Raises:
        UsageError: for a name that does not end in .png, .svg or .pdf.
        MissingLibraryError: without matplotlib.
        GenzooError: when it cannot be written.
    """
    refuse_missing("A plot", "matplotlib")
    from matplotlib.figure import Figure

    if path.suffix.lower() not in (".png", ".svg", ".pdf"):
        raise UsageError(f"{path} does not say what to draw: end its name in .png, .svg or .pdf.")
    keys, models = list(comparison["best"]), comparison["models"]
    rows = -(-len(keys) // _PANELS)
    figure = Figure(figsize=(3 * _PANELS, rows * (0.8 + 0.35 * len(models))), layout="constrained")
    panels = figure.subplots(rows, _PANELS, squeeze=False, sharey=True).ravel()
    for panel, key in zip(panels, keys, strict=False):
        _draw(panel, key, models, set(comparison["best"][key]))
    for panel in panels[len(keys) :]:
        panel.set_visible(False)
    with whole_file(path) as part:
        # Without the date the same numbers give the same file.
        stamp = {".png": "Software", ".svg": "Date", ".pdf": "CreationDate"}[path.suffix.lower()]
        figure.savefig(part, format=path.suffix[1:].lower(), dpi=120, metadata={stamp: None})


def _draw(panel: Any, key: str, models: Sequence[Mapping[str, Any]], best: set[str]) -> None:
    metric, names = ALL_METRICS[key], [model["name"] for model in models]
    there = [(place, model[key]) for place, model in enumerate(models) if key in model]
    spreads = [spread_of(row) or 0.0 for _, row in there]
    colours = ["tab:blue" if names[place] in best else "lightsteelblue" for place, _ in there]
    panel.barh([place for place, _ in there], [row["mean"] for _, row in there], xerr=spreads, color=colours)
    floor = next((row["floor"] for _, row in there if row.get("floor") is not None), None)
    if floor is not None:
        panel.axvline(floor, linestyle="--", linewidth=1, color="black")
    panel.set_yticks(range(len(names)), names)
    panel.set_ylim(len(names) - 0.5, -0.5)
    panel.set_title(f"{metric.label} ({metric.better} is better)", fontsize=9)
    panel.tick_params(labelsize=8)
