"""Figures: their colours, their sizes, and how they become files."""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from genzoo.checkpoint.files import whole_file
from genzoo.errors import UsageError
from genzoo.extras import refuse_missing

if TYPE_CHECKING:
    from matplotlib.figure import Figure

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
"""Okabe and Ito's, which colour-blind people tell apart too, but for yellow, which is too light for lines."""
DASHES = ("-", "--", ":", "-.")
DPI = 100
"""At which a figure of `WIDTH` inches is 800 pixels wide."""
WIDTH = 8.0
SMALL = 8.5
"""Of ticks, labels and notes, in points."""
_STAMPS = {".png": "Software", ".svg": "Date", ".pdf": "CreationDate"}
_LETTERS = 105
"""That find room in a line of `WIDTH` at `SMALL` points."""
MOST_LETTERS = 32
"""Likewise beside a panel, in an axis's label."""


def refuse_undrawable(path: Path) -> None:
    """Refuse a picture that cannot be drawn, before the work that leads to it.

    Raises:
        UsageError: for a name that does not end in .png, .svg or .pdf.
        MissingLibraryError: without matplotlib.
    """
    refuse_missing("A plot", "matplotlib")
    if path.suffix.lower() not in _STAMPS:
        raise UsageError(f"{path} does not say what to draw: end its name in .png, .svg or .pdf.")


def new_figure(width: float, height: float, **options: Any) -> Figure:
    """An empty figure, in inches; raises `MissingLibraryError` without matplotlib."""
    refuse_missing("A plot", "matplotlib")
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height), dpi=DPI, **options)


def panels_of(figure: Figure, count: int, columns: int) -> list[Any]:
    """So many axes in rows, of which the last may be shorter."""
    axes = figure.subplots(-(-count // columns), columns, squeeze=False).ravel()
    for panel in axes[count:]:
        panel.set_visible(False)
    return list(axes[:count])


def save(figure: Figure, path: Path) -> None:
    """Write a figure, whole or not at all; the same numbers give the same file.

    Raises:
        UsageError: for a name that does not end in .png, .svg or .pdf.
        GenzooError: when it cannot be written.
    """
    refuse_undrawable(path)
    suffix = path.suffix.lower()
    with whole_file(path) as part, warnings.catch_warnings():
        # A folder's name may have letters that matplotlib's font lacks; it draws boxes for them.
        warnings.filterwarnings("ignore", message="Glyph .* missing from")
        figure.savefig(part, format=suffix[1:], dpi=figure.dpi, metadata={_STAMPS[suffix]: None})


def plain(text: str) -> str:
    """A text that matplotlib draws as it is: dollars begin no mathematics, a first underscore hides no label."""
    text = text.replace("$", r"\$")
    return f" {text}" if text.startswith("_") else text


def surround(figure: Figure, title: str, note: str = "", marks: Mapping[str, Any] | None = None) -> None:
    """Write a title above all panels, and below them a note and a legend of marks by their labels."""
    figure.suptitle(plain(wrapped(title, 80)), fontsize=11)
    lines = plain(wrapped(note))
    if not marks:
        figure.supxlabel(lines, fontsize=SMALL, color="#444444")
        return
    columns = _columns(marks)
    legend = figure.legend(
        list(marks.values()), [*map(plain, marks)], loc="outside lower center", ncols=columns, fontsize=SMALL,
        frameon=False, title=lines, title_fontsize=SMALL,
    )  # fmt: skip
    legend.get_title().set(color="#444444", multialignment="center")


def legend_height(labels: Sequence[str]) -> float:
    """The room that a legend takes, in inches; one of a single label is not drawn."""
    return 0.2 * -(-len(labels) // _columns(labels)) if len(labels) > 1 else 0.0


def _columns(labels: Iterable[str]) -> int:
    lengths = [*map(len, labels)]
    return max(1, min(len(lengths), _LETTERS // (max(lengths) + 7)))


def wrapped(text: str, letters: int = _LETTERS) -> str:
    """A text in lines of at most so many letters, beside those that it has already."""
    import textwrap

    return "\n".join("\n".join(textwrap.wrap(line, letters)) for line in text.splitlines())


def finite(values: Sequence[float]) -> list[float]:
    """The values that are numbers."""
    return [value for value in values if math.isfinite(value)]
