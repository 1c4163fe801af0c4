"""Pictures of images beside each other, each of their pixels as large as the next: nothing is smoothed."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from genzoo.plots.figure import DPI, SMALL, new_figure, plain, save, wrapped

if TYPE_CHECKING:
    from genzoo.images.pixels import Levels

_WIDTH = 960
"""That a sheet is to have at most, where pictures are not wider themselves, in pixels."""
_LETTER, _LINE, _GAP, _HEAD = 6.5, 18, 14, 44
"""In pixels: the width of a letter, the height of a line, the space between pictures, and what the title takes."""


@dataclass(frozen=True)
class Tile:
    """A picture on a sheet.

    Attributes:
        label: stands above it.
        picture: (h, w, c) uint8; None where there is none.
        rows: labels of the rows of images in it, from above.
        missing: why there is no picture.
    """

    label: str
    picture: Levels | None
    rows: Sequence[str] = ()
    missing: str = ""


def draw_tiles(path: Path, tiles: Sequence[Tile], title: str = "", note: str = "") -> None:
    """Draw pictures on a sheet, two in a row where they find room, with their labels.

    Raises:
        UsageError: for a name that does not end in .png, .svg or .pdf.
        MissingLibraryError: without matplotlib.
        GenzooError: when it cannot be written.
    """
    pictures = [tile.picture for tile in tiles if tile.picture is not None]
    height, width = (max(picture.shape[side] for picture in pictures) for side in (0, 1))
    margin = int(_LETTER * max((len(row) for tile in tiles for row in tile.rows), default=0)) + _GAP
    columns = min(len(tiles), 2 if 2 * (width + margin) <= _WIDTH else 1)
    scale = max(1, (_WIDTH - columns * margin) // (columns * width))
    line = _LINE if any(tile.label for tile in tiles) else 0
    across, down = scale * width + margin, scale * height + line + _GAP
    lines = wrapped(note, int(columns * across / _LETTER)) if note else ""
    foot = _GAP + _LINE * (lines.count("\n") + 1 if lines else 0)
    size = columns * across + _GAP, _HEAD + -(-len(tiles) // columns) * down + foot
    figure = new_figure(size[0] / DPI, size[1] / DPI)
    figure.text(0.5, 1 - 0.45 * _HEAD / size[1], plain(title), ha="center", va="center", fontsize=11)
    figure.text(0.5, 6 / size[1], plain(lines), ha="center", va="bottom", fontsize=SMALL, color="#444444")
    for place, tile in enumerate(tiles):
        left = place % columns * across + margin
        top = size[1] - _HEAD - place // columns * down - line
        _draw(figure, tile, (left, top, scale * width, scale * height), scale, size)
    save(figure, path)


def _draw(figure: Any, tile: Tile, box: tuple[int, int, int, int], scale: int, size: tuple[int, int]) -> None:
    """Draw a tile to a box: left, top, width and height in pixels from the lower left corner of a figure's `size`."""
    left, top, width, height = box
    if tile.picture is not None:
        height, width = (scale * tile.picture.shape[side] for side in (0, 1))
    axes = figure.add_axes((left / size[0], (top - height) / size[1], width / size[0], height / size[1]))
    axes.set_xticks([])
    axes.set_yticks([])
    axes.set_title(plain(tile.label), fontsize=10, pad=4)
    if tile.picture is None:
        axes.spines[:].set_color("#bbbbbb")
        axes.text(0.5, 0.5, plain(wrapped(tile.missing, width // 8)), ha="center", va="center", fontsize=SMALL)
        return
    axes.spines[:].set_visible(False)
    _show(axes, tile.picture)
    for row, label in enumerate(tile.rows):
        y = 1 - (row + 0.5) / len(tile.rows)
        axes.text(-6 / width, y, plain(label), ha="right", va="center", fontsize=SMALL, transform=axes.transAxes)


def _show(axes: Any, picture: Levels) -> None:
    # Grey ones as three channels: through a map of colours some levels would come out one off.
    shown = picture.repeat(3, axis=2) if picture.shape[2] == 1 else picture
    axes.imshow(shown, interpolation="nearest", aspect="auto")


def draw_plane(path: Path, picture: Levels, axes_labels: tuple[str, str], title: str = "", note: str = "") -> None:
    """Draw a picture of images whose latents are quantiles of the standard normal, with axes that tell these.

    Raises:
        UsageError: for a name that does not end in .png, .svg or .pdf.
        MissingLibraryError: without matplotlib.
        GenzooError: when it cannot be written.
    """
    height, width = picture.shape[:2]
    left, below, right, above = 70, 84, 20, 44
    size = left + width + right, below + height + above
    figure = new_figure(size[0] / DPI, size[1] / DPI)
    axes = figure.add_axes((left / size[0], below / size[1], width / size[0], height / size[1]))
    _show(axes, picture)
    marks = (-2, -1, -0.5, 0, 0.5, 1, 2)
    places = [0.5 * (1 + math.erf(mark / math.sqrt(2))) for mark in marks]
    names = [f"{mark:g}".replace("-", "\N{MINUS SIGN}") for mark in marks]
    axes.set_xticks([place * width - 0.5 for place in places], names)
    axes.set_yticks([(1 - place) * height - 0.5 for place in places], names)
    axes.set_xlabel(axes_labels[0], fontsize=SMALL + 1)
    axes.set_ylabel(axes_labels[1], fontsize=SMALL + 1)
    axes.tick_params(labelsize=SMALL)
    axes.set_title(plain(title), fontsize=11, pad=10)
    lines = plain(wrapped(note, int(width / _LETTER)))
    figure.text(0.5, 10 / size[1], lines, ha="center", va="bottom", fontsize=SMALL, color="#444444")
    save(figure, path)
