"""A comparison of measurements as a table or a picture."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from genzoo.checkpoint.files import whole_file
from genzoo.checkpoint.measurement import Measurement
from genzoo.errors import UsageError
from genzoo.evaluate.comparison import TIE_RULE, Compared, Comparison
from genzoo.extras import refuse_missing
from genzoo.values import in_columns
from genzoo.zoo.registry import ALL_METRICS

_PANELS = 4  # in a row of the picture
TIED = "≈"
"""The mark of a value that is not told apart from the best."""


def to_table(comparison: Comparison, bold: Callable[[str], str] = lambda text: text, width: int | None = None) -> str:
    """A comparison as lines of text: a row for each model and one for the floor, the best values through `bold`.

    In a place of a `width` that is too narrow for that, models are columns.  What is not told apart from the best is
    marked, and below the table it is said what was measured.
    """
    keys = list(comparison.best)
    arrows = {"lower": "↓", "higher": "↑"}
    rows = [["MODEL", *(f"{ALL_METRICS[key].label} {arrows[ALL_METRICS[key].better]}" for key in keys)]]
    for model in comparison.models:
        cells = {key: _cell(model, key, comparison) for key in keys}
        best = [bold(cell) if model.name in comparison.best[key] else cell for key, cell in cells.items()]
        rows.append([model.name, *best])
    floors = [floor_of(comparison.models, key) for key in keys]
    rows.append(["(training set)", *("-" if floor is None else f"{floor:.4g}" for floor in floors)])
    return "\n".join([*in_columns(rows, width), "", *_footnotes(comparison)])


def _footnotes(comparison: Comparison) -> list[str]:
    seen = comparison.models[0].rows
    notes = [described(comparison)]
    if any(row.interval for row in seen.values()):
        notes.append("±: 95 of 100 repeated measurements, of other samples against other real images, lie within it.")
    if any(comparison.ties.values()):
        notes.append(f"{TIED}: {TIE_RULE}.")
    return notes


def described(measured: Measurement | Comparison) -> str:
    """A sentence about images, reference and feature net of a measurement."""
    reference, features = measured.reference, measured.features
    if features is None:
        return f"Measured on the {reference.split} images of {measured.dataset}."
    return (
        f"Of {measured.n:,} images each, against {reference.n or 0:,} of the {reference.split} set of "
        f"{measured.dataset}, as {features.name} v{features.version} sees them; the training set's numbers are of "
        f"{measured.n:,} training images."
    )


def floor_of(models: Sequence[Compared], key: str) -> float | None:
    """The floor that measurements of the same kind share; None where none of them has one."""
    return next((floor for m in models if key in m.rows and (floor := m.rows[key].floor) is not None), None)


def _cell(model: Compared, key: str, comparison: Comparison) -> str:
    if key not in model.rows:
        return "-"
    return model.rows[key].text.replace("± ", "±") + (f" {TIED}" if model.name in comparison.ties[key] else "")


def plot(comparison: Comparison, path: Path) -> None:
    """Draw a comparison: a panel for each metric, a bar for each model with its interval, the floor as a dashed line.

    Raises:
        UsageError: for a name that does not end in .png, .svg or .pdf.
        MissingLibraryError: without matplotlib.
        GenzooError: when it cannot be written.
    """
    refuse_missing("A plot", "matplotlib")
    from matplotlib.figure import Figure

    if path.suffix.lower() not in (".png", ".svg", ".pdf"):
        raise UsageError(f"{path} does not say what to draw: end its name in .png, .svg or .pdf.")
    keys, models = list(comparison.best), comparison.models
    rows = -(-len(keys) // _PANELS)
    figure = Figure(figsize=(3 * _PANELS, rows * (0.8 + 0.35 * len(models))), layout="constrained")
    panels = figure.subplots(rows, _PANELS, squeeze=False, sharey=True).ravel()
    for panel, key in zip(panels, keys, strict=False):
        _draw(panel, key, models, set(comparison.best[key]))
    for panel in panels[len(keys) :]:
        panel.set_visible(False)
    with whole_file(path) as part:
        # Without the date the same numbers give the same file.
        stamp = {".png": "Software", ".svg": "Date", ".pdf": "CreationDate"}[path.suffix.lower()]
        figure.savefig(part, format=path.suffix[1:].lower(), dpi=120, metadata={stamp: None})


def _draw(panel: Any, key: str, models: Sequence[Compared], best: set[str]) -> None:
    metric, names = ALL_METRICS[key], [model.name for model in models]
    there = [(place, model.rows[key]) for place, model in enumerate(models) if key in model.rows]
    spreads = [row.spread or 0.0 for _, row in there]
    colours = ["tab:blue" if names[place] in best else "lightsteelblue" for place, _ in there]
    panel.barh([place for place, _ in there], [row.mean for _, row in there], xerr=spreads, color=colours)
    if (floor := floor_of(models, key)) is not None:
        panel.axvline(floor, linestyle="--", linewidth=1, color="black")
    panel.set_yticks(range(len(names)), names)
    panel.set_ylim(len(names) - 0.5, -0.5)
    panel.set_title(f"{metric.label} ({metric.better} is better)", fontsize=9)
    panel.tick_params(labelsize=8)
