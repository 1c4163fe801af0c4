"""A comparison of measurements as a table or a picture."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from genzoo.checkpoint.measurement import Measurement
from genzoo.evaluate.comparison import TIE_RULE, Compared, Comparison
from genzoo.plots.bars import Bar, BarPanel, draw_bars
from genzoo.values import padded
from genzoo.zoo.registry import ALL_METRICS

TIED = "≈"
"""The mark of a value that is not told apart from the best."""


def to_table(comparison: Comparison, bold: Callable[[str], str] = lambda text: text) -> str:
    """A comparison as lines of text: a row for each model and one for the floor, the best values through `bold`.

    What is not told apart from the best is marked, and below the table it is said what was measured.
    """
    keys = list(comparison.best)
    arrows = {"lower": "↓", "higher": "↑"}
    cells = [["MODEL", *(f"{ALL_METRICS[key].label} {arrows[ALL_METRICS[key].better]}" for key in keys)]]
    marks = [[False] * (len(keys) + 1)]
    for model in comparison.models:
        cells.append([model.name, *(_cell(model, key, comparison) for key in keys)])
        marks.append([False, *(model.name in comparison.best[key] for key in keys)])
    floors = [floor_of(comparison.models, key) for key in keys]
    cells.append(["(training set)", *("-" if floor is None else f"{floor:.4g}" for floor in floors)])
    marks.append([False] * (len(keys) + 1))
    lines = [
        "  ".join(bold(text) if mark else text for text, mark in zip(row, row_marks, strict=True)).rstrip()
        for row, row_marks in zip(padded(cells), marks, strict=True)  # padded first: escape codes have no width
    ]
    return "\n".join([*lines, "", *_footnotes(comparison)])


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
    draw_bars(path, [model.name for model in comparison.models], [_panel(comparison, key) for key in comparison.best])


def _panel(comparison: Comparison, key: str) -> BarPanel:
    metric, best = ALL_METRICS[key], comparison.best[key]
    bars = [
        Bar(model.name, row.mean, row.spread or 0.0, model.name in best)
        for model in comparison.models
        if (row := model.rows.get(key)) is not None
    ]
    return BarPanel(f"{metric.label} ({metric.better} is better)", bars, floor_of(comparison.models, key))
