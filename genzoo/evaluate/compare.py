"""Several measurements side by side: a table, JSON, or a picture."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from genzoo.errors import DataError, UsageError
from genzoo.evaluate.likelihood import LIKELIHOOD_METRICS
from genzoo.evaluate.scores import SAMPLE_METRICS, Metric
from genzoo.files import whole_file
from genzoo.weights import METRICS, find_folder

Document = Mapping[str, Any]
ALL_METRICS: dict[str, Metric] = {**SAMPLE_METRICS, **LIKELIHOOD_METRICS}
_SAME = ("dataset", "features", "reference", "n")
_PANELS = 4  # in a row of the picture


def read_metrics(source: str) -> dict[str, Any]:
    """The measurement of a name or a checkpoint folder, or in a file of `metrics.json`'s kind.

    Raises:
        DataError: when it has not been measured, or the file is not a measurement.
        UnknownNameError: for what is neither a name, a folder nor a file.
    """
    path = Path(source)
    if not path.is_file():
        path = find_folder(source).path / METRICS
    if not path.is_file():
        raise DataError(f"{source} has not been measured, {path} is not there: run `genzoo evaluate {source}` first.")
    try:
        document: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(document, dict) or not {"name", *_SAME} <= set(document):
            raise ValueError("its fields are not a measurement's")
    except ValueError as error:
        raise DataError(f"{path} is not a measurement ({error}): write it with `genzoo evaluate`.") from None
    return document


def compare(documents: Sequence[Document]) -> dict[str, Any]:
    """Measurements of the same kind, with what is best in each metric.

    Returns:
        `models`: for each, its name and each metric's mean, std and floor; `best`: for each metric
        the names that have the best mean; and what the measurements share.

    Raises:
        UsageError: for fewer than two, or for measurements that cannot be compared.
    """
    if len(documents) < 2:
        raise UsageError("A comparison needs two measurements or more: name them after --compare.")
    for key in _SAME:
        found = {json.dumps(document[key], sort_keys=True): document["name"] for document in documents}
        if len(found) > 1:
            words = ", ".join(f"{name} has {value}" for value, name in found.items())
            raise UsageError(f"These were measured otherwise in {key} ({words}) and cannot be compared: measure anew.")
    models = [
        {"name": document["name"], **{key: _brief(document[key]) for key in ALL_METRICS if key in document}}
        for document in documents
    ]
    best = {key: _best(documents, key) for key in ALL_METRICS if any(key in document for document in documents)}
    return {**{key: documents[0][key] for key in _SAME}, "models": models, "best": best}


def _brief(row: Mapping[str, Any]) -> dict[str, Any]:
    return {key: row.get(key) for key in ("mean", "std", "floor", "standard_error") if key in row}


def _best(documents: Sequence[Document], key: str) -> list[str]:
    rows = {document["name"]: document[key] for document in documents if key in document}
    # Under two likelihoods the same number of nats means two things.
    if len({row.get("likelihood") for row in rows.values()}) > 1:
        return []
    choose = min if ALL_METRICS[key].better == "lower" else max
    top = choose(row["mean"] for row in rows.values())
    return [name for name, row in rows.items() if row["mean"] == top]


def to_table(comparison: Mapping[str, Any], bold: Callable[[str], str] = lambda text: text) -> str:
    """A comparison as a table: a row for each model and one for the floor, the best through `bold`."""
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
    spread = row.get("std", row.get("standard_error"))
    return f"{row['mean']:.4g}" + (f" ±{spread:.2g}" if spread is not None else "")


def plot(comparison: Mapping[str, Any], path: Path) -> None:
    """Draw a comparison: a panel for each metric, a bar for each model, the floor as a dashed line.

    Raises:
        UsageError: for a name that does not end in .png, .svg or .pdf.
        GenzooError: when it cannot be written.
    """
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
    spreads = [row.get("std") or row.get("standard_error") or 0.0 for _, row in there]
    colours = ["tab:blue" if names[place] in best else "lightsteelblue" for place, _ in there]
    panel.barh([place for place, _ in there], [row["mean"] for _, row in there], xerr=spreads, color=colours)
    floor = next((row["floor"] for _, row in there if row.get("floor") is not None), None)
    if floor is not None:
        panel.axvline(floor, linestyle="--", linewidth=1, color="black")
    panel.set_yticks(range(len(names)), names)
    panel.set_ylim(len(names) - 0.5, -0.5)
    panel.set_title(f"{metric.label} ({metric.better} is better)", fontsize=9)
    panel.tick_params(labelsize=8)
