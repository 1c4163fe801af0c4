"""The gallery and the leaderboard, made of the files beside the weights while the site is built."""

from __future__ import annotations

from html import escape
from pathlib import Path
from typing import Any

from docutils import nodes
from PIL import Image
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from genzoo.checkpoint.layout import SAMPLES
from genzoo.checkpoint.manifest import weights_home
from genzoo.zoo.catalog import ALIASES, DATASETS, ENTRIES
from genzoo.zoo.registry import ALL_METRICS
from genzoo.zoo.spec import Entry
from leaderboard import Board, Row, boards, to_csv

PICTURES, TABLES = "_pictures", "_tables"
"""Folders of the site."""
_CELLS = 4
"""Samples in a row of a thumbnail, of the larger grid that ships."""


class Page(SphinxDirective):
    """A directive that writes HTML, with links to other pages, anew in each build: its files are not the page's own."""

    def run(self) -> list[nodes.Node]:
        """What the page shows."""
        self.env.note_reread()
        return self.shown()

    def shown(self) -> list[nodes.Node]:
        """The same, as a directive has it."""
        raise NotImplementedError

    def card(self, entry: Entry) -> str:
        """A link to an entry's card."""
        return self.env.app.builder.get_relative_uri(self.env.docname, f"cards/{entry.name}")

    def file(self, path: str) -> str:
        """A link to a file of the site, from its root."""
        depth = self.env.app.builder.get_target_uri(self.env.docname).count("/")
        return "../" * depth + path


def _select(field: str, values: dict[str, str]) -> str:
    options = "".join(f'<option value="{escape(key)}">{escape(words)}</option>' for key, words in values.items())
    return f'<label>{field} <select name="{field}"><option value="">all</option>{options}</select></label>'


def _list(entries: list[Entry], noun: str, html: str) -> str:
    """What can be filtered by family and dataset, below what chooses them."""
    return f'<div class="zoo-list" data-noun="{noun}">{_filters(entries, noun)}{html}</div>'


def _filters(entries: list[Entry], noun: str) -> str:
    families = {entry.family.name: entry.family.name for entry in entries}
    datasets = {entry.dataset.name: DATASETS[entry.dataset.name].title for entry in entries}
    selects = [
        _select(field, values) for field, values in (("family", families), ("dataset", datasets)) if len(values) > 1
    ]
    count = f'<output aria-live="polite">{len(entries)} {noun}</output>'
    return f'<form class="zoo-filters">{"".join(selects)}{count}</form>' if selects else ""


def _attributes(entry: Entry) -> str:
    return f'data-family="{entry.family.name}" data-dataset="{entry.dataset.name}"'


class Gallery(Page):
    """Every entry's samples, as pictures that lead to its card."""

    def shown(self) -> list[nodes.Node]:
        """The HTML of it."""
        entries = [entry for name, entry in ENTRIES.items() if (weights_home() / name / SAMPLES).is_file()]
        pictures = "".join(map(self._picture, entries))
        html = _list(entries, "entries", f'<ul class="zoo-gallery">{pictures}</ul>')
        return [nodes.raw("", html, format="html")]

    def _picture(self, entry: Entry) -> str:
        alias = next((alias for alias, name in ALIASES.items() if name == entry.name), "")
        words = f"<code>{entry.name}</code>{f'<small>alias <code>{alias}</code></small>' if alias else ''}"
        picture = f'<img src="{self.file(f"{PICTURES}/{entry.name}.webp")}" alt="" loading="lazy">'
        return f'<li {_attributes(entry)}><a href="{self.card(entry)}">{picture}{words}</a></li>'


class Leaderboard(Page):
    """Every entry's numbers, as tables that sort."""

    def shown(self) -> list[nodes.Node]:
        """A section for each board, so that the page's contents list them."""
        return [self._section(board) for board in boards(weights_home())]

    def _section(self, board: Board) -> nodes.section:
        section = nodes.section(ids=[board.key], names=[board.key])
        section += nodes.title(board.title, board.title)
        section += nodes.raw("", self._html(board), format="html")
        self.state.document.note_explicit_target(section, section)
        return section

    def _html(self, board: Board) -> str:
        columns = [_column("entry", "ascending"), _column("parameters", "ascending"), *map(_heading, board.metrics)]
        # The rows come in the order of the first metric.
        columns[2] = columns[2].replace("<th ", f'<th aria-sort="{_best_first(board.metrics[0])}" ', 1)
        rows = "".join(self._row(board, row) for row in board.rows)
        table = (
            f'<div class="zoo-scroll" role="region" aria-label="{escape(board.title)}" tabindex="0">'
            f'<table class="docutils zoo-board"><thead><tr>{"".join(columns)}</tr></thead>'
            f"<tbody>{rows}</tbody></table></div>"
        )
        file = self.file(f"{TABLES}/{board.key}.csv")
        link = f'<p><a href="{file}" download>{board.key}.csv</a></p>'
        return _list([row.entry for row in board.rows], "rows", table) + link

    def _row(self, board: Board, row: Row) -> str:
        prior = "" if row.prior == "normal" else f", {row.prior}"
        name = f'<th scope="row" data-value="{row.entry.name}{prior}"><a href="{self.card(row.entry)}">'
        cells = [f'<td data-value="{row.parameters}">{row.parameters:,}</td>']
        for metric in board.metrics:
            value = row.metrics.get(metric)
            mean, text = ("", "-") if value is None else (value.mean, value.text)
            cells.append(f'<td data-value="{mean}">{text}</td>')
        return f"<tr {_attributes(row.entry)}>{name}<code>{row.entry.name}</code></a>{prior}</th>{''.join(cells)}</tr>"


def _heading(name: str) -> str:
    metric = ALL_METRICS[name]
    unit = f", {metric.unit}" if metric.unit else ""
    return _column(metric.label, _best_first(name), f"{metric.better} is better{unit}")


def _best_first(metric: str) -> str:
    return "ascending" if ALL_METRICS[metric].better == "lower" else "descending"


def _column(label: str, first: str, words: str = "") -> str:
    """A heading that sorts: its best values come first when it is first asked to."""
    title = f' title="{escape(words)}"' if words else ""
    return f'<th scope="col" data-first="{first}"{title}><button type="button">{escape(label)}</button></th>'


def write_files(app: Sphinx, exception: Exception | None) -> None:
    """Write thumbnails and CSV files into the site."""
    if exception is not None or app.builder.format != "html":
        return
    pictures, tables = (Path(app.outdir) / name for name in (PICTURES, TABLES))
    for folder in (pictures, tables):
        folder.mkdir(exist_ok=True)
    for name in ENTRIES:
        if (source := weights_home() / name / SAMPLES).is_file():
            _write_thumbnail(source, ENTRIES[name].dataset.shape[1], pictures / f"{name}.webp")
    for board in boards(weights_home()):
        (tables / f"{board.key}.csv").write_text(to_csv(board))


def _write_thumbnail(source: Path, side: int, target: Path) -> None:
    """The first samples of a grid, its upper left corner, pixel by pixel."""
    with Image.open(source) as picture:
        edge = min(_CELLS * (side + 2) - 2, *picture.size)
        picture.crop((0, 0, edge, edge)).save(target, lossless=True)


def setup(app: Sphinx) -> dict[str, Any]:
    """Name the directives, and write their files at the end."""
    app.add_directive("gallery", Gallery)
    app.add_directive("leaderboard", Leaderboard)
    app.add_js_file("zoo.js", loading_method="defer")
    app.connect("build-finished", write_files, priority=400)
    return {"parallel_read_safe": True}
