"""Notes on samples by somebody who looked at them: one sentence, which holds for that picture alone."""

from __future__ import annotations

import json
from pathlib import Path

from genzoo.checkpoint.files import sha256, write_text
from genzoo.checkpoint.folder import Folder
from genzoo.checkpoint.layout import SAMPLES
from genzoo.checkpoint.manifest import weights_home
from genzoo.errors import BadCheckpointError, UsageError

NOTES = "notes.json"
_MOST_CHARACTERS = 300


def cards_home() -> Path:
    """The folder of the catalog's cards, beside that of its weights."""
    return weights_home().parent / "cards"


def check_note(note: str) -> str:
    """A sentence without the space around it.

    Raises:
        UsageError: unless it is one line that ends in a full stop.
    """
    note = note.strip()
    if not note.endswith(".") or len(note.splitlines()) > 1 or len(note) > _MOST_CHARACTERS:
        raise UsageError(
            f"The note {note!r} is not a sentence: write one line that ends in a full stop, "
            f"of at most {_MOST_CHARACTERS} characters."
        )
    return note


def read_note(name: str, folder: Folder, cards: Path) -> str | None:
    """The sentence about an entry's samples; None where there is none, or it is about other samples.

    Raises:
        BadCheckpointError: for a file of notes that cannot be read.
    """
    found = _read(cards).get(name)
    if found is None or not folder.has(SAMPLES):
        return None
    return found["note"] if found["samples_sha256"] == sha256(folder.file(SAMPLES)) else None


def write_note(name: str, folder: Folder, note: str, cards: Path) -> None:
    """Keep a sentence about the samples that lie in a folder now.

    Raises:
        UsageError: for what is no sentence, samples that are not there, or no folder of cards.
    """
    note = check_note(note)
    if not folder.has(SAMPLES):
        raise UsageError(f"{folder.path} has no {SAMPLES} to write a note about.")
    if not cards.is_dir():
        raise UsageError(f"{cards} is not there: notes are kept in a checkout of genzoo.")
    notes = {**_read(cards), name: {"note": note, "samples_sha256": sha256(folder.file(SAMPLES))}}
    write_text(cards / NOTES, json.dumps(dict(sorted(notes.items())), indent=1, ensure_ascii=False) + "\n")


def _read(cards: Path) -> dict[str, dict[str, str]]:
    path = cards / NOTES
    if not path.is_file():
        return {}
    try:
        notes: dict[str, dict[str, str]] = json.loads(path.read_text(encoding="utf-8"))
        if not all({"note", "samples_sha256"} <= set(note) for note in notes.values()):
            raise ValueError("a note lacks a field")
    except (ValueError, TypeError, AttributeError) as error:
        raise BadCheckpointError(f"{path} does not hold notes ({error}): check it out again.") from None
    return notes
