"""`genzoo plot`: curves of training, of entries and of runs."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from genzoo.checkpoint.history import SPREAD, Row, is_row, read_rows, thinned
from genzoo.checkpoint.layout import EVALUATIONS, HISTORY
from genzoo.cli.several import expand
from genzoo.errors import BadCheckpointError, DataError, UnknownNameError
from genzoo.hub import find_folder, refuse_out_of_reach
from genzoo.plots.figure import refuse_undrawable
from genzoo.zoo.catalog import is_wildcard

if TYPE_CHECKING:
    from genzoo.checkpoint.folder import Folder
    from genzoo.plots.curves import Curve, CurvePanel

_MOST_BANDS = 3
"""Models up to which each has a band: those of more hide one another."""


@click.command()
@click.argument("sources", nargs=-1, required=True, metavar="NAME|FOLDER|REPOSITORY...")
@click.option("--metric", "metrics", multiple=True, metavar="KEY",
              help="What was measured on the way, e.g. frechet_distance, in place of the losses.")  # fmt: skip
@click.option("--out", type=click.Path(path_type=Path), default=Path("curves.png"), show_default=True,
              help="The picture: .png, .svg or .pdf.")  # fmt: skip
def plot(sources: tuple[str, ...], metrics: tuple[str, ...], out: Path) -> None:
    """Draw the curves of training of models in one picture.

    Each is an entry, a wildcard as in 'dcgan-mnist-*', a repository, or the folder of a run, which may still go on.
    """
    refuse_undrawable(out)
    from genzoo.plots.curves import draw_curves

    named = _expanded(sources)
    read = _evaluations if metrics else _losses
    found: dict[str, list[Row]] = {}
    for source in named:
        if rows := read(_open(source)):
            found[source] = rows
        else:
            click.echo(f"{source} has no {'measurements of its training' if metrics else 'losses yet'}.", err=True)
    if not found:
        raise DataError("There is nothing to draw: name models whose training has left something.")
    panels = _of_metrics(found, metrics) if metrics else _of_losses(found)
    title, note = _words(list(found), metrics)
    draw_curves(out, panels, title, note)
    click.echo(out)


def _expanded(sources: Iterable[str]) -> list[str]:
    """The sources, each once, with the entries that wildcards stand for."""
    each = [expand([source]) if is_wildcard(source) and not os.path.isdir(source) else [source] for source in sources]
    return list(dict.fromkeys(name for names in each for name in names))


def _open(source: str) -> Folder:
    """The folder of a source; that of a run which goes on has no hashes yet to hold its files against."""
    from genzoo.checkpoint.checksums import SUMS
    from genzoo.checkpoint.folder import Folder, LocalFolder

    refuse_out_of_reach(source)
    folder = find_folder(source)
    return Folder(folder.path) if isinstance(folder, LocalFolder) and not folder.has(SUMS) else folder


def _losses(folder: Folder) -> list[Row]:
    """The loss curves, thinned as those of a study's runs are; none where a run has not saved any yet."""
    from genzoo.checkpoint.config import read_config

    read_config(folder)  # so that what is no checkpoint folder is not taken for a run without losses
    return thinned(_rows(folder, HISTORY)) if folder.has(HISTORY) else []


def _evaluations(folder: Folder) -> list[Row]:
    """What was measured on the way: a run's file, or what its `config.json` has kept of it."""
    from genzoo.checkpoint.config import read_config

    kept = read_config(folder).training.get("evaluations")
    if isinstance(kept, list) and kept and all(map(is_row, kept)):
        return kept
    return _rows(folder, EVALUATIONS) if folder.has(EVALUATIONS) else []


def _rows(folder: Folder, name: str) -> list[Row]:
    path = folder.file(name)
    try:
        return read_rows(path)
    except ValueError as error:
        raise BadCheckpointError(f"{path} is damaged ({error}): train or fetch the folder again.") from None


def _of_losses(found: dict[str, list[Row]]) -> list[CurvePanel]:
    from genzoo.plots.curves import CurvePanel
    from genzoo.zoo.objectives import label_of_loss

    keys = dict.fromkeys(key for rows in found.values() for key in rows[0])
    names = [key for key in keys if key != "step" and not key.endswith(SPREAD)]
    return [CurvePanel(label_of_loss(name), _curves(found, name)) for name in names]


def _of_metrics(found: dict[str, list[Row]], metrics: Sequence[str]) -> list[CurvePanel]:
    from genzoo.plots.curves import CurvePanel
    from genzoo.zoo.registry import ALL_METRICS

    there = Counter(key for rows in found.values() for key in rows[-1] if key in ALL_METRICS)
    if unknown := [key for key in metrics if key not in there]:
        known = f"there are {', '.join(there)}" if there else "nothing was"
        raise UnknownNameError(f"{unknown[0]!r} was not measured in the training of any of these: {known}.")
    panels = []
    for key in dict.fromkeys(metrics):
        metric = ALL_METRICS[key]
        label = ", ".join(filter(None, (metric.label, metric.unit)))
        panels.append(CurvePanel(f"{label}\n({metric.better} is better)", _curves(found, key)))
    return panels


def _curves(found: dict[str, list[Row]], name: str) -> list[Curve]:
    """The curve of each source that has one, with a band of one deviation where its rows are means."""
    from genzoo.plots.curves import Curve

    curves = []
    for source, every in found.items():
        if rows := [row for row in every if name in row]:
            steps, values = [row["step"] for row in rows], [row[name] for row in rows]
            spreads = [row.get(f"{name}{SPREAD}", 0.0) for row in rows]
            around = list(zip(values, spreads, strict=True)) if any(spreads) and len(found) <= _MOST_BANDS else []
            curves.append(Curve(source, steps, values, [v - s for v, s in around], [v + s for v, s in around]))
    return curves


def _words(named: Sequence[str], metrics: Sequence[str]) -> tuple[str, str]:
    """A picture's title and note."""
    of = named[0] if len(named) == 1 else f"{len(named)} models"
    if metrics:
        return f"Measured in the training of {of}", "Of the averaged nets, on the training set."
    bands = ", bands one standard deviation around them" if len(named) <= _MOST_BANDS else ""
    return f"Losses in the training of {of}", f"Lines are means over a hundredth of the steps{bands}."
