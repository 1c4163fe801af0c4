"""`pull` and `verify`: fetch models ahead of time, and hash the files on this machine again."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, NamedTuple

from genzoo.checkpoint import manifest
from genzoo.checkpoint.checksums import SUMS, read_sums
from genzoo.checkpoint.folder import Folder, LocalFolder
from genzoo.checkpoint.layout import CONFIG, DISCRIMINATOR, GOLDEN, GRAPHS, METRICS, MODEL
from genzoo.checkpoint.manifest import PinnedFile
from genzoo.errors import BadCheckpointError, UnknownNameError, UsageError, WeightsNotFoundError
from genzoo.hub import client
from genzoo.hub.folders import about_hash, find_folder, known_hash, parse_repository, repository_of
from genzoo.zoo import catalog

if TYPE_CHECKING:
    from pathlib import Path

    _Copies = Iterator[tuple[str | Path, str | None]]
    """Files on this machine, each with the hash it must have, where that is known."""

_FILES = (CONFIG, MODEL, DISCRIMINATOR, *GRAPHS.values(), METRICS, GOLDEN, SUMS)
"""All that genzoo can use of a stranger's repository; by the last its folder in the cache loads as any other."""


class Fetched(NamedTuple):
    """A model whose files `pull` has found or put on this machine."""

    name: str
    path: Path
    files: int
    bytes: int


class Verified(NamedTuple):
    """The state of one model's files on this machine.

    Attributes:
        name: of the entry, the repository or the folder.
        files: how many of its files are here.
        damaged: path -> what is wrong with it.
        golden: whether every net was run too, and gave its golden values.
    """

    name: str
    files: int
    damaged: Mapping[str, str]
    golden: bool = False


def pull(sources: Iterable[str]) -> Iterator[Fetched]:
    """Fetch all files of models, discriminators among them, so that they load without a network.

    Args:
        sources: full names, aliases, wildcards, or `user/repo[@revision]`.

    Raises:
        UnknownNameError: for what names nothing.
        UsageError: for a folder on this machine.
        WeightsNotFoundError: for an entry, or a wildcard all of whose entries, have no trained weights yet.
        HubError: when something cannot be fetched; what was fetched stays.
        BadCheckpointError: for files that are damaged or altered, and for repositories that are none of genzoo's.
    """
    for source in sources:
        for name in _expand(source):
            folder = find_folder(name)
            if isinstance(folder, LocalFolder):
                raise UsageError(f"{name} is a folder on this machine: there is nothing to fetch.")
            paths = [folder.file(file) for file in _names(folder)]
            yield Fetched(name, folder.path, len(paths), sum(path.stat().st_size for path in paths))


def _names(folder: Folder) -> list[str]:
    """The files to fetch: all that the manifest lists, or those of a stranger's that genzoo can use."""
    if folder.pinned is not None:
        return [file for file in folder.pinned if folder.has(file)]
    names = set(_FILES)
    if folder.has(SUMS):  # which tells without the Hub, where that cannot be asked, that a model has no encoder, say
        with contextlib.suppress(BadCheckpointError):
            names = {SUMS, *read_sums(folder.file(SUMS).parent)}
    return [file for file in _FILES if file in names and folder.has(file)]


def _expand(source: str) -> list[str]:
    """The full names that a wildcard stands for, of entries that have weights; else what was given."""
    if not catalog.is_wildcard(source):
        return [catalog.ALIASES.get(source, source)]
    if not catalog.list_models(source):
        raise UnknownNameError(f"No model matches {source!r}: `genzoo list` shows all names.")
    trained = manifest.list_models(source, pretrained=True)
    if not trained:
        raise WeightsNotFoundError(f"No match of {source!r} has trained weights yet: `genzoo train` makes them.")
    return trained


def verify(sources: Iterable[str] = ()) -> Iterator[Verified]:
    """Hash what is on this machine again, the shipped files and those in the client's cache.

    A catalog entry's files are held against the manifest, other repositories' against the Hub's own hashes.

    Args:
        sources: as for `pull`; none stands for all that the manifest lists.

    Raises:
        UnknownNameError: for what names neither an entry nor a repository.
        WeightsNotFoundError: for an entry that has no trained weights yet.
    """
    named = [name for source in sources for name in _expand(source)]
    for name in named or manifest.read_manifest():
        copies = list(_copies(name))
        damaged = {str(path): problem for path, expected in copies if (problem := about_hash(path, expected))}
        yield Verified(name, len(copies), damaged)


def folder_here(name: str) -> Folder | None:
    """The folder on this machine of an entry or a repository; None unless it holds all that golden images need.

    Files that are not here stay there: nothing is fetched.
    """
    pinned = manifest.read_manifest().get(name)
    named = (repository_of(name), None) if pinned else parse_repository(name)
    if pinned and manifest.is_here(name):
        folder = Folder(manifest.weights_home() / name, pinned)
    elif named and (config := client.cached(named[0], CONFIG, named[1] or client.MAIN)):
        folder = Folder(config.parent, pinned)
    else:
        return None
    return folder if all(map(folder.has, (CONFIG, MODEL, GOLDEN))) else None


def _copies(name: str) -> _Copies:
    if name in catalog.ENTRIES or name in manifest.read_manifest():
        return _copies_of_entry(name, manifest.pinned_files(name))
    if named := parse_repository(name):
        return _copies_of_repository(*named)
    known = catalog.nearest(name, [*catalog.ALIASES, *catalog.ENTRIES])
    raise UnknownNameError(f"{name!r} is neither a model's name nor a repository's: {known}")


def _copies_of_entry(name: str, pinned: Mapping[str, PinnedFile]) -> _Copies:
    repo = repository_of(name)
    is_cached = client.holds(repo)
    for file in pinned:
        here = manifest.shipped_path(name, file)
        found = [here if os.path.isfile(here) else None, client.cached(repo, file) if is_cached else None]
        yield from ((path, known_hash(pinned, file, path)) for path in found if path)


def _copies_of_repository(repo: str, revision: str | None) -> _Copies:
    for file in _FILES:
        if path := client.cached(repo, file, revision or client.MAIN):
            yield path, known_hash(None, file, path)
