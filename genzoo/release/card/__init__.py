"""Model cards: what a reader needs to judge and use a model, written from its folder and nothing else.

from genzoo.release.card import render
text = render(find_folder("dcgan-mnist"))  # README.md, as it lies beside the weights
"""

from __future__ import annotations

from pathlib import Path

from genzoo.checkpoint.config import read_config
from genzoo.checkpoint.files import clear_io_errors, write_text
from genzoo.checkpoint.folder import Folder
from genzoo.checkpoint.layout import CONFIG
from genzoo.checkpoint.manifest import weights_home
from genzoo.hub import find_folder
from genzoo.release.card.facts import Facts, read_measurement, relative
from genzoo.release.card.front import check_card
from genzoo.release.card.notes import cards_home, check_note, read_note, write_note
from genzoo.release.card.page import page
from genzoo.release.card.ranking import report_3_names
from genzoo.zoo.catalog import ENTRIES, find_entry

__all__ = ["cards_home", "catalog_card", "check_card", "check_note", "read_note", "render", "write_card", "write_note"]


def render(folder: Folder, pictures: str = "", *, source: str | None = None, note: str | None = None) -> str:
    """The card of a checkpoint folder.

    Args:
        folder: whose config, measurement, weights and pictures it tells of.
        pictures: what stands before a picture's name in links, e.g. `"../weights/vae-mnist-z20-l3/"`;
            nothing for a README.md in the folder.
        source: what its code loads, e.g. `"user/repo"`; unless told otherwise the folder's path, or the entry's name
            where it is the catalog's.
        note: a sentence about the samples; for a catalog entry the one that is kept for them.

    Returns:
        Markdown below a front matter that `check_card` takes.

    Raises:
        BadCheckpointError: for a folder that is damaged, or a measurement of other weights, or one that the Hub would
            not take.
        DataError: for a `metrics.json` that is no measurement.
    """
    config = read_config(folder)
    if note is None and config.entry.name in ENTRIES:
        note = read_note(config.entry.name, folder, cards_home())
    # A folder of one's own may be called as an entry of the catalog, and is not that.
    named = folder.path.name if folder.pinned is not None else str(folder.path)
    return page(Facts(folder, config, read_measurement(folder), source or named, pictures, note))


def catalog_card(name: str, cards: Path, home: Path | None = None) -> str:
    """The card of a catalog entry as it lies in the folder of cards; arguments and errors are those of `write_card`."""
    folder = find_folder(name) if home is None else Folder(home / name)
    return render(folder, relative(folder.path, cards), source=name, note=read_note(name, folder, cards))


def write_card(name: str, cards: Path, home: Path | None = None) -> Path:
    """Write the card of a catalog entry, and those of the entries whose cards tell of its numbers.

    Args:
        name: a full name or an alias.
        cards: the folder of cards, which also holds the notes.
        home: the folder of weights, e.g. one that `genzoo adopt` fills; the catalog's unless told otherwise.

    Returns:
        The entry's card, `cards/<name>.md`.

    Raises:
        WeightsNotFoundError: for an entry whose weights are not on this machine.
        GenzooError: when the card cannot be written.
    """
    full, weights = find_entry(name).name, home or weights_home()
    told = [other for other in report_3_names() if (weights / other / CONFIG).is_file()]
    with clear_io_errors(cards):
        cards.mkdir(parents=True, exist_ok=True)
    for other in {full, *(told if full in told else [])}:
        write_text(cards / f"{other}.md", catalog_card(other, cards, home if other == full else weights))
    return cards / f"{full}.md"
