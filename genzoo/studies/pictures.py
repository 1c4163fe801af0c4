"""Pictures of a study so far, from what its runs left: losses, metrics, samples, progress.  No torch."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from genzoo.checkpoint.files import clear_io_errors
from genzoo.checkpoint.history import SPREAD, Row
from genzoo.checkpoint.layout import LOSSES, PROGRESS, SAMPLES
from genzoo.errors import DataError
from genzoo.images.pixels import PADDING
from genzoo.plots.curves import Curve, CurvePanel, draw_curves
from genzoo.plots.points import Spread, SpreadPanel, draw_spreads
from genzoo.plots.sheets import Tile, draw_tiles
from genzoo.studies.results import SHARPNESS, Result, label_of
from genzoo.studies.study import Setting, Study
from genzoo.studies.summary import Found, measured_metrics, values_of
from genzoo.studies.verdict import RATIOS, loss_sign, mean_interval
from genzoo.zoo.objectives import label_of_loss
from genzoo.zoo.registry import ALL_METRICS

if TYPE_CHECKING:
    from genzoo.images.pixels import Levels

METRICS = "metrics.png"


@dataclass(frozen=True)
class Drawn:
    """The pictures that were drawn, and a sentence for what could not be."""

    paths: list[Path] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)


def draw_study(study: Study, found: Found, out: Path) -> Drawn:
    """Draw what the runs of a study have left so far, to the folder of its name below another.

    `losses.png` has a line for each setting, `metrics.png` each metric against the axis, `samples.png` and
    `progress.png` the settings' pictures beside each other, those of the first seed that is there.

    Args:
        study: which.
        found: what `read_study` gives.
        out: the folder in which a folder is made for the study.

    Returns:
        What was drawn, and what was not: a study none of whose runs is done has no picture.

    Raises:
        MissingLibraryError: without matplotlib.
        DataError: for a damaged result.
        GenzooError: when a picture cannot be written.
    """
    drawn = Drawn()
    done = sum(map(len, found.values()))
    if not done:
        drawn.missing.append(f"{study.name}: none of its runs is done, so there is nothing to draw yet.")
        return drawn
    folder = out / study.name
    with clear_io_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)
    none = "; ".join(value for value, results in found.items() if not results)
    so_far = f"{done} of {len(study.runs)} runs are done" + (f", none of {none} yet." if none else ".")
    for name, draw in ((LOSSES, _losses), (METRICS, _metrics), (SAMPLES, _samples), (PROGRESS, _progress)):
        if draw(study, found, folder / name, so_far):
            drawn.paths.append(folder / name)
        else:
            drawn.missing.append(f"{study.name}: {name} is not drawn, since no run that is done has left any.")
    return drawn


def title_of(study: Study, what: str) -> str:
    """A picture's title: what it shows, along which axis, and of which study."""
    return f"{what} by {study.axis}, on {study.settings[0].entry.dataset.title} ({study.name})"


def _losses(study: Study, found: Found, path: Path, so_far: str) -> bool:
    histories = {value: [rows for result in each if (rows := result.history())] for value, each in found.items()}
    names = dict.fromkeys(key for each in histories.values() for rows in each for key in rows[0])
    panels = []
    for name in names:
        if name == "step" or name.endswith(SPREAD):
            continue
        of_settings = {value: [rows for rows in each if name in rows[0]] for value, each in histories.items()}
        curves = [curve_over_seeds(value, each, name) for value, each in of_settings.items() if each]
        panels.append(CurvePanel(label_of_loss(name), curves))
    if not panels:
        return False
    note = "Lines are means over seeds, bands reach from the lowest to the highest seed. "
    draw_curves(path, panels, title_of(study, "Losses in training"), f"{note}{so_far}")
    return True


def curve_over_seeds(label: str, histories: Sequence[Sequence[Row]], name: str) -> Curve:
    """The mean of one loss over several histories, and its range where a step is in more than one of them."""
    values: dict[float, list[float]] = {}
    for row in (row for rows in histories for row in rows if name in row):
        values.setdefault(row["step"], []).append(row[name])
    steps = sorted(values)
    band = len(histories) > 1
    return Curve(
        label,
        steps,
        [statistics.fmean(values[step]) for step in steps],
        [min(values[step]) for step in steps] if band else [],
        [max(values[step]) for step in steps] if band else [],
    )


def _metrics(study: Study, found: Found, path: Path, so_far: str) -> bool:
    panels = []
    for metric in measured_metrics(study, found):
        spreads = [Spread(each, mean_interval(each)) for each in values_of(found, metric).values()]
        panels.append(SpreadPanel(_axis_label(metric), spreads, metric in RATIOS))
    if not panels:
        return False
    note = "Large points are means, small ones seeds; intervals are Student's of the mean, at 95%, from two seeds on. "
    draw_spreads(path, study.axis, list(found), panels, title_of(study, "Metrics"), f"{note}{so_far}")
    return True


def _axis_label(metric: str) -> str:
    if metric == SHARPNESS:
        return "Sharpness\n(1 is the test images')"
    better = "lower is better" if loss_sign(metric) > 0 else "higher is better"
    unit = f", {ALL_METRICS[metric].unit}" if ALL_METRICS[metric].unit else ""
    return f"{label_of(metric)}{unit}\n({better})"


def _samples(study: Study, found: Found, path: Path, so_far: str) -> bool:
    return _tiles(study, found, SAMPLES, path, "Samples of seed 0", so_far)


def _progress(study: Study, found: Found, path: Path, so_far: str) -> bool:
    note = "Each column is one latent, each row a step of the training. "
    return _tiles(study, found, PROGRESS, path, "Samples in the course of training", f"{note}{so_far}")


def _tiles(study: Study, found: Found, name: str, path: Path, what: str, note: str) -> bool:
    tiles = [_tile(study, setting, found[setting.value], name) for setting in study.settings]
    if all(tile.picture is None for tile in tiles):
        return False
    draw_tiles(path, tiles, title_of(study, what), note)
    return True


def _tile(study: Study, setting: Setting, results: Iterable[Result], name: str) -> Tile:
    """A setting's picture, of its first run that has one."""
    label, broken = f"{study.axis}: {setting.value}", False
    for result in results:
        broken = broken or result.problem is not None
        if (path := result.folder / name).is_file():
            picture = _read_picture(path, result)
            return Tile(label, picture, _steps(setting, picture) if name == PROGRESS else ())
    return Tile(label, None, missing="broke down" if broken else "not trained yet")


def _steps(setting: Setting, picture: Levels) -> list[str]:
    """The steps of the rows of a picture of progress, at equal intervals."""
    rows = (picture.shape[0] + PADDING) // (setting.entry.dataset.shape[1] + PADDING)
    return [f"{setting.steps * (row + 1) // rows:,}" for row in range(rows)]


def _read_picture(path: Path, result: Result) -> Levels:
    """A picture that a run left: (h, w, 1) or (h, w, 3) uint8."""
    import numpy as np
    from PIL import Image

    try:
        with Image.open(path) as picture:
            pixels = np.asarray(picture if picture.mode == "L" else picture.convert("RGB"))
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise DataError(f"{path} is not a picture ({str(error).lower()}): {result.way_out}") from None
    return pixels[:, :, None] if pixels.ndim == 2 else pixels
