"""Verifies weights by their hashes and golden images, and signs folders that were altered on purpose."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from genzoo import hub
from genzoo.checkpoint.checksums import SUMS
from genzoo.checkpoint.folder import Folder, LocalFolder, sign
from genzoo.checkpoint.layout import LAYOUT, STATE
from genzoo.errors import BadCheckpointError, GenzooError, UsageError
from genzoo.hub.store import Verified, folder_here
from genzoo.values import as_path
from genzoo.zoo import catalog

if TYPE_CHECKING:
    from pathlib import Path


def verify(sources: Iterable[str] = (), *, deep: bool = True) -> Iterator[Verified]:
    """Hash weights on this machine again, run the nets, and compare what they give with the golden values.

    A catalog entry's files are held against the manifest, a repository's against the Hub's own hashes, and a
    folder's against its `SHA256SUMS`.  What is only partly here is hashed alone; nothing is fetched.

    Args:
        sources: names, wildcards, checkpoint folders, or `user/repo[@revision]`; none stands for all that the
            manifest lists.
        deep: run what is hashed; else the hashes are all.

    Raises:
        UnknownNameError: for what can be neither a name, a folder nor a repository.
        WeightsNotFoundError: for an entry that has no trained weights yet.
    """
    named = list(sources)
    for source in named:
        if is_folder(source):
            yield _verify_folder(LocalFolder(as_path(source)), deep)
        else:
            yield from _verify_names([source], deep)
    if not named:
        yield from _verify_names([], deep)


def is_folder(source: str) -> bool:
    """Whether a source is a folder on this machine, and not one of the catalog's names, which go first as in `load`."""
    return source not in {*catalog.ALIASES, *catalog.ENTRIES} and os.path.isdir(source)


def update_hashes(path: Path) -> list[str]:
    """Write `SHA256SUMS` of a checkpoint folder as it is now, if every net of it loads.

    For who altered weights on purpose.  The nets' graphs are written anew, and golden values that the nets no longer
    give are computed anew.

    Args:
        path: the folder.

    Returns:
        The names of the files that its `SHA256SUMS` lists now.

    Raises:
        UsageError: for what is no folder.
        BadCheckpointError: for one that does not load, gives images that are not finite, or holds a run that
            has not ended.
        GenzooError: when it cannot be written.
    """
    from genzoo.checkpoint.graphs.write import write_graphs
    from genzoo.sampling.golden import check_nets, complete_golden, load_every_net, write_golden
    from genzoo.sampling.model import Model

    if not os.path.isdir(path):
        raise UsageError(f"{path} is not a folder on this machine: --update-hashes signs a checkpoint folder.")
    if os.path.isfile(path / STATE) and not os.path.isfile(path / SUMS):
        LocalFolder(path).sums()  # says that the run has not ended
    folder = Folder(path)
    model = Model.of_folder(folder)
    load_every_net(model)
    try:
        check_nets(model)
        complete_golden(path, model)
    except BadCheckpointError:
        write_golden(path, model)
    write_graphs(path, model.entry)
    return sign(path)


def check_folder(folder: Folder) -> None:
    """Hold the nets of a folder against its golden values: by their graphs, or, where one has none, by torch.

    Raises:
        BadCheckpointError: for a folder that does not load, or gives something else.
    """
    from genzoo.checkpoint.config import read_config
    from genzoo.sampling.golden import check_by_graphs, is_checked_by_graphs

    entry = read_config(folder).entry
    if is_checked_by_graphs(folder, entry):
        check_by_graphs(folder, entry)
        return
    from genzoo.sampling.model import Model

    Model.of_folder(folder).check()


def _verify_folder(folder: LocalFolder, deep: bool) -> Verified:
    try:
        listed = folder.sums()
    except BadCheckpointError as error:
        return Verified(str(folder.path), 0, {str(folder.path / SUMS): str(error)})
    names = [*listed, *(name for name in LAYOUT if os.path.isfile(folder.path / name) and name not in listed)]
    damaged = {str(folder.path / name): problem for name in names if (problem := folder.problem(name))}
    row = Verified(str(folder.path), len(names), damaged)
    return _check_images(row, folder) if deep and not damaged else row


def _verify_names(sources: Iterable[str], deep: bool) -> Iterator[Verified]:
    for row in hub.verify(sources):
        folder = folder_here(row.name) if deep and row.files and not row.damaged else None
        yield row if folder is None else _check_images(row, folder)


def _check_images(row: Verified, folder: Folder) -> Verified:
    """Run all nets of a folder whose hashes are right, and compare its golden values."""
    try:
        check_folder(folder)
    except GenzooError as error:
        return row._replace(damaged={str(folder.path): str(error)})
    return row._replace(golden=True)
