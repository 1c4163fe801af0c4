"""Publishes a checked checkpoint folder, with its card, as one commit on the Hub, and copies folders."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

from genzoo.checkpoint.checksums import SUMS
from genzoo.checkpoint.config import read_config
from genzoo.checkpoint.files import clear_io_errors, whole_folder, write_text
from genzoo.checkpoint.folder import Folder, sign
from genzoo.checkpoint.layout import CARD, CONFIG, GOLDEN, LAYOUT, MODEL
from genzoo.checkpoint.strict import MOST_JSON_BYTES
from genzoo.errors import BadCheckpointError, UsageError
from genzoo.platforms import sync
from genzoo.release.card import check_card, render
from genzoo.release.card.facts import read_measurement
from genzoo.release.transfer import Draft, demand_token, fetch_published, find_target, prepare, send
from genzoo.sampling.model import Model
from genzoo.values import as_path
from genzoo.version import __version__

_NEEDED = (CONFIG, MODEL, GOLDEN)


def copy_folder(folder: Folder, to: Path) -> None:
    """Copy a checkpoint folder's files into an empty folder, with the card that its owner may have written.

    The copy is still to be signed.  The card alone is taken as it is: it is its owner's to write.

    Raises:
        BadCheckpointError: when it lacks weights, a config or golden images, or a file is damaged or altered.
        HubError: when a file is on the Hub, and cannot be fetched.
        GenzooError: when a file cannot be written.
    """
    if missing := [name for name in folder.missing(_NEEDED) if name != CARD]:
        raise BadCheckpointError(f"{folder.path} lacks {', '.join(missing)}: it is not a whole checkpoint folder.")
    paths = [folder.file(name) for name in LAYOUT if name != CARD and folder.has(name)]
    # A card that lies on the Hub, or in the catalog, speaks of that place.
    if folder.writable and (folder.path / CARD).is_file():
        paths.append(folder.path / CARD)
    for path in paths:
        with clear_io_errors(to / path.name):
            shutil.copyfile(path, to / path.name)
            sync(to / path.name)


def save(folder: Folder, directory: str | os.PathLike[str]) -> None:
    """Copy a checkpoint folder to another place and sign it there, whole or not at all.

    Raises:
        UsageError: for a place that is not empty.
        BadCheckpointError: for a folder that is not whole, or was altered.
        GenzooError: when it cannot be written, or a file is on the Hub and cannot be fetched.
    """
    path = as_path(directory)
    if os.path.isdir(path) and any(path.iterdir()):  # which answers for any name, too long ones too
        raise UsageError(f"{path} is not empty: name another folder.")
    with whole_folder(path, overwrite=False) as part:
        copy_folder(folder, part)
        sign(part)


def publish(
    folder: Folder,
    repo: str,
    *,
    private: bool = False,
    branch: str | None = None,
    message: str | None = None,
    token: str | None = None,
    dry_run: bool = False,
    report: Callable[[Draft], object] = lambda _: None,
) -> str:
    """Publish a checkpoint folder with its card, as one commit, and compare what arrived with what was sent.

    A copy of the folder is sent once its nets load and its golden images come out.  A README.md in the folder is
    its card; otherwise one is written.  Files of an earlier publication that the folder lacks are deleted; all
    other files in the repository stay.

    Args:
        folder: what to publish.
        repo: where to, `user/repo`; it is made if it is not there.
        private: whether the repository must be one that only its owner sees.
        branch: to commit to, begun at the head of main if it is not there; main unless told otherwise.
        message: of the commit.
        token: for the Hub; `HF_TOKEN`, or that of `hf auth login`, unless told otherwise.
        dry_run: change nothing.
        report: called with what is to be done, before anything is sent.

    Returns:
        A source that loads it, `user/repo@<commit>`, or `user/repo` after a dry run.

    Raises:
        UsageError: for a repository or branch that cannot be, or a public repository where a private one is wanted.
        BadCheckpointError: for a folder, or a card in it, that is not sound.
        HubError: when the Hub does not take it, and when what comes back is not what was sent.
    """
    target = find_target(repo, branch, private=private, token=token)
    with tempfile.TemporaryDirectory(prefix="genzoo-") as temporary:
        copy, cache = Path(temporary) / "folder", Path(temporary) / "cache"
        copy.mkdir()
        copy_folder(folder, copy)
        Model.of_folder(Folder(copy)).check()
        _add_card(folder, copy, repo)
        sign(copy)
        demand_token(target)
        draft = prepare(target, copy, {SUMS, *LAYOUT})
        report(draft)
        if dry_run:
            return repo
        if draft.is_current and draft.head:
            return f"{repo}@{draft.head}"
        name = read_config(Folder(copy)).entry.name
        commit = send(draft, copy, message or f"{name}, published with genzoo {__version__}")
        Model.of_folder(Folder(fetch_published(target, commit, copy, cache))).check()
    return f"{repo}@{commit}"


def _add_card(folder: Folder, copy: Path, repo: str) -> None:
    """Write a card into the copy, or check the one that its owner has written."""
    card = copy / CARD
    if not card.exists():
        # Of the folder itself: the card of a catalog entry tells of its neighbours.
        write_text(card, render(folder, source=repo))
        return
    read_measurement(folder)
    try:
        if card.stat().st_size > MOST_JSON_BYTES:
            raise ValueError("it is too large")
        check_card(card.read_text(encoding="utf-8"))
    except ValueError as error:
        raise BadCheckpointError(f"{folder.path / CARD} is no text ({error}): remove it, and one is written.") from None
    except BadCheckpointError as error:
        raise BadCheckpointError(f"{folder.path / CARD} cannot be published. {error}") from None
