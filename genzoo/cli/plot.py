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
from genzoo.cli.common.complete import complete_models
from genzoo.cli.common.group import examples
from genzoo.cli.common.output import wrote
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


@click.command(
    epilog=examples(
        "genzoo plot runs/mine vae-mnist", "genzoo plot 'wgan-mnist-z100-*' --metric frechet_distance --out depth.svg"
    )
)
@click.argument("sources", nargs=-1, required=True, metavar="NAME|FOLDER|REPOSITORY...", shell_complete=complete_models)
@click.option("--metric", "metrics", multiple=True, metavar="KEY",
              help="What was measured on the way, e.g. frechet_distance, in place of the losses.")  # fmt: skip
@click.option("--out", type=click.Path(path_type=Path), default=Path("curves.png"), show_default=True,
              help="The picture: .png, .svg or .pdf.")  # fmt: skip
def plot(sources: tuple[str, ...], metrics: tuple[str, ...], out: Path) -> None:
    """Draw the curves of training of models in one picture.

    Each is an entry, a wildcard as in 'dcgan-mnist-*', a repository, or the folder of a run, which may still go on.
    """
    refuse_undrawable(out)
    from genzoo.plots.curves import about_bands, draw_curves

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
    of = next(iter(found)) if len(found) == 1 else f"{len(found)} models"
    if metrics:
        draw_curves(out, panels, f"Measured in the training of {of}", "Of the averaged nets, on the training set.")
    else:
        draw_curves(out, panels, f"Losses in the training of {of}", about_bands(panels))
    wrote(out, data=True)


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
    if folder.has(EVALUATIONS):
        return _rows(folder, EVALUATIONS)
    return kept if isinstance(kept, list) and all(map(is_row, kept)) else []


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
    """The curve of each source that has one."""
    from genzoo.plots.curves import curve_of

    band = len(found) <= _MOST_BANDS
    return [
        curve_of(source, rows, name, band=band) for source, rows in found.items() if any(name in row for row in rows)
    ]
