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
from genzoo.release.card.facts import read_facts, relative
from genzoo.release.card.front import check_card, front_matter
from genzoo.release.card.notes import cards_home, check_note, read_note, write_note
from genzoo.release.card.numbers import limits, measurements, ranking, report_3_names
from genzoo.release.card.sections import heading, method, nets, purpose, training, use
from genzoo.zoo.catalog import ENTRIES, find_entry

__all__ = ["cards_home", "catalog_card", "check_card", "check_note", "read_note", "render", "write_card", "write_note"]

_END = "*Written by `genzoo card` from the files beside the weights.*"


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
        BadCheckpointError: for a folder that is damaged, or a measurement of other weights.
        DataError: for a `metrics.json` that is no measurement.
    """
    name = read_config(folder).entry.name
    if note is None and name in ENTRIES:
        note = read_note(name, folder, cards_home())
    facts = read_facts(folder, pictures, source, note)
    parts = [
        heading(facts),
        use(facts),
        purpose(facts),
        measurements(facts),
        ranking(facts),
        limits(facts),
        training(facts),
        nets(facts),
        method(facts),
        _END,
    ]
    text = front_matter(facts) + "\n" + "\n\n".join(part for part in parts if part) + "\n"
    check_card(text)
    return text


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
