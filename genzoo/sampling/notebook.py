"""What a model and an entry show of themselves in a notebook: samples, and what is known and measured, as HTML."""

from __future__ import annotations

import base64
import io
from collections.abc import Mapping
from html import escape
from typing import Any

from genzoo.checkpoint.layout import METRICS, SAMPLES
from genzoo.checkpoint.measurement import Measurement, read_metrics
from genzoo.errors import GenzooError
from genzoo.hub.store import folder_here
from genzoo.images.pixels import make_grid
from genzoo.sampling.sampler import Sampler
from genzoo.zoo.registry import ALL_METRICS, find_entry_named
from genzoo.zoo.spec import Entry

_SHOWN = 16
"""Samples that a model draws to be shown."""
_WIDTH = 240  # pixels, of the picture
_LINE = "white-space: nowrap"
_TOP = "vertical-align: top; padding: 0 1em 0 0"


def model_html(model: Sampler[Any]) -> str:
    """A model as HTML: the first samples of seed 0 as it is now, and its measurement unless its nets were changed."""
    grid = io.BytesIO()
    make_grid(model.sample(_SHOWN, seed=0)).save(grid, "png")
    try:
        model._refuse_changed()
        measurement = model.metrics
    except GenzooError:  # of other weights, or damaged: neither is shown
        measurement = None
    runs: dict[str, str] = {"engine": model.engine}
    if model.engine == "torch":
        runs |= {"device": str(getattr(model, "device", "")), "type": str(getattr(model, "dtype", ""))}
    return _page(model.entry, grid.getvalue(), {**_facts(model.entry), **runs}, measurement)


def entry_html(entry: Entry) -> str:
    """An entry as HTML, with the samples and the measurement beside its weights where these are on this machine."""
    picture, measurement = None, None
    # One that was altered may have the name of a registered one, whose samples are not its own.
    folder = folder_here(entry.name) if find_entry_named(entry.name) == entry else None
    try:
        if folder and folder.has(SAMPLES):
            picture = folder.file(SAMPLES).read_bytes()
        if folder and folder.has(METRICS):
            measurement = read_metrics(folder.file(METRICS))
    except GenzooError:  # `load` and `genzoo verify` tell what is damaged
        pass
    return _page(entry, picture, _facts(entry), measurement)


def _facts(entry: Entry) -> dict[str, str]:
    channels, height, width = entry.dataset.shape
    facts = {
        "model": entry.family.words or entry.family.name,
        "dataset": entry.dataset.title or entry.dataset.name,
        "images": f"{height} x {width}, {'grey' if channels == 1 else 'colour'}",
        "latent size": f"{entry.latent_size:,}",
        "hidden layers": f"{entry.hidden_layers}",
        "comes from": entry.source,
    }
    return {name: text for name, text in facts.items() if text}


def _page(entry: Entry, picture: bytes | None, facts: Mapping[str, str], measurement: Measurement | None) -> str:
    shown = ""
    if picture is not None:
        data = base64.b64encode(picture).decode()
        style = f"width: {_WIDTH}px; image-rendering: pixelated"
        shown = f'<img src="data:image/png;base64,{data}" alt="Samples of {escape(entry.name)}" style="{style}">'
    tables = [_table(facts)]
    if measurement is not None:
        rows = {ALL_METRICS[name].label: row.text for name, row in measurement.rows.items()}
        tables.append(_table(rows))
    cells = [cell for cell in (shown, *tables) if cell]
    row = "".join(f'<td style="{_TOP}">{cell}</td>' for cell in cells)
    return f"<div><strong>{escape(entry.name)}</strong><table><tr>{row}</tr></table></div>"


def _table(rows: Mapping[str, str]) -> str:
    """Names and values; names and numbers stay on one line, however narrow the notebook is."""
    lines = ""
    for name, text in rows.items():
        style = _LINE if "±" in text else ""
        lines += f'<tr><td style="{_LINE}">{escape(name)}</td><td style="{style}">{escape(text)}</td></tr>'
    return f"<table>{lines}</table>"
