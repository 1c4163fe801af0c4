"""Finds a model's checkpoint folder: on this machine, in the client's cache, or on the Hub."""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import TYPE_CHECKING

from genzoo.checkpoint import manifest
from genzoo.checkpoint.files import git_hash, sha256
from genzoo.checkpoint.folder import Folder, LocalFolder, about_pickles, pinned_hash
from genzoo.checkpoint.layout import CONFIG
from genzoo.checkpoint.manifest import PinnedFile
from genzoo.checkpoint.strict import MOST_JSON_BYTES
from genzoo.errors import BadCheckpointError, HubError, UnknownNameError, UsageError, brief
from genzoo.hub import client
from genzoo.hub.failures import OutOfReachError
from genzoo.values import as_path
from genzoo.zoo import catalog
from genzoo.zoo.record import record
from genzoo.zoo.registry import find_entry_named
from genzoo.zoo.spec import Entry

if TYPE_CHECKING:
    from pathlib import Path

NAMESPACE = "GENZOO_HUB_NAMESPACE"
"""The setting whose copies of the catalog's entries are fetched, where the installation lacks them."""
_REPOSITORY = r"(?P<repo>\w[\w.-]*/\w[\w.-]*)(@(?P<revision>.*))?"
_REVISION = r"\w[\w./-]*"
_RUNS = "runs"  # where training writes unless told otherwise
_GIT = 40  # hexadecimal digits
_HASH = rf"[0-9a-f]{{64}}|[0-9a-f]{{{_GIT}}}"


@record(frozen=True)
class HubFolder(Folder):
    """A checkpoint folder on the Hub, at one commit; its files are fetched as they are asked for."""

    repo: str = ""
    commit: str = client.MAIN

    @property
    def writable(self) -> bool:
        """False: `path` lies in the client's cache."""
        return False

    def file(self, name: str) -> Path:
        """The path in the cache of one file, after its hash was compared with the manifest's, or else the Hub's own.

        What does not have the right hash is fetched once more.

        Raises:
            HubError: when it cannot be fetched.
            BadCheckpointError: when the repository has no such file, or one that is damaged, altered or too large.
        """
        if self.pinned is not None and name not in self.pinned:
            raise BadCheckpointError(f"{self.repo} has no {name} that this genzoo's manifest knows.")
        if self.pinned is None and not (self.path / name).is_file():
            with _refusing_pickles(self.repo, self.commit):
                client.refuse_large(self.repo, name, self.commit)
        path = client.fetch(self.repo, name, self.commit)
        if self._mismatch(name, path) and not client.is_offline():
            try:
                path = client.fetch(self.repo, name, self.commit, again=True)
            except HubError as error:
                raise HubError(
                    f"The copy of {name} in the cache is damaged, and a new one not to be had: {error}"
                ) from None
        if mismatch := self._mismatch(name, path):
            way_out = "upgrade genzoo" if self.pinned is not None else "try again later"
            if client.is_offline():
                way_out = "run `genzoo pull` where there is a network"
            raise BadCheckpointError(
                f"{name} of {self.repo} is damaged or altered: {mismatch}; {way_out}, or tell its author."
            )
        return path

    def _mismatch(self, name: str, path: Path) -> str | None:
        whose = "Hub" if self.pinned is None else "manifest"
        return about_hash(path, known_hash(self.pinned, name, path), f"the {whose}'s is ")

    def has(self, name: str) -> bool:
        """Whether the repository holds a file of this name.

        Raises:
            HubError: when that is not known here, and the Hub does not tell.
        """
        if self.pinned is not None:
            return name in self.pinned
        return (self.path / name).is_file() or name in self._names

    @cached_property
    def _names(self) -> frozenset[str]:
        return client.list_files(self.repo, self.commit)


class ShippedFolder(Folder):
    """The folder of a catalog entry; files that this installation leaves out are fetched from the Hub."""

    def file(self, name: str) -> Path:
        """The path of one file, fetched if it is not here; see `Folder.file` and `HubFolder.file`."""
        here = (self.path / name).is_file() or name not in (self.pinned or {})
        return super().file(name) if here else self._rest.file(name)

    def has(self, name: str) -> bool:
        """Whether the entry has a file of this name."""
        return name in (self.pinned or {})

    @cached_property
    def _rest(self) -> HubFolder:
        return _open_published(self.path.name, self.pinned, f"Some files of {self.path.name}")


def known_hash(pinned: Mapping[str, PinnedFile] | None, name: str, path: str | Path) -> str | None:
    """The hash that a file in the cache must have: the manifest's, or that in its blob's name; None if unknown.

    The client keeps a file of Git LFS or Xet under its SHA-256, others under their Git hash, without a look inside.
    """
    if pinned is not None:
        return pinned_hash(pinned, name)
    blob = os.path.basename(os.readlink(path)) if os.path.islink(path) else ""
    return blob if re.fullmatch(_HASH, blob) else None


def about_hash(path: str | Path, expected: str | None, whose: str = "not ") -> str | None:
    """Why a file does not have the hash it must have, a SHA-256 or Git's; None where it does, or none is known."""
    if expected is None:
        return None
    in_git = len(expected) == _GIT
    found = git_hash(path) if in_git else sha256(path)
    return None if found == expected else f"its {'Git hash' if in_git else 'SHA-256'} is {found}, {whose}{expected}"


def parse_repository(source: object) -> tuple[str, str | None] | None:
    """The repository and the revision of a text `user/repo[@revision]`; None for any other source."""
    match = re.fullmatch(_REPOSITORY, source, re.ASCII) if isinstance(source, str) else None
    return (match["repo"], match["revision"]) if match else None


def is_revision(text: object) -> bool:
    """Whether a text may name a branch, a tag or a commit."""
    return isinstance(text, str) and re.fullmatch(_REVISION, text, re.ASCII) is not None and ".." not in text


def repository_of(name: str) -> str:
    """The name `user/repo` of a catalog entry's repository, whether or not it has been published."""
    return f"{os.environ.get(NAMESPACE) or 'genzoo'}/{name}"


def find_folder(source: str | os.PathLike[str], revision: str | None = None) -> Folder:
    """The checkpoint folder of a full name, an alias, a path, or `user/repo[@revision]` on the Hub.

    A `Path` is a folder's, whatever its name; of text, the catalog's names go first, and a folder that is
    here before a repository of the same name.  Of a repository `config.json` is fetched at once, which
    settles the commit that all other files are taken from.

    Args:
        source: what to find.
        revision: the repository's branch, tag or commit, unless `source` names it.

    Raises:
        UnknownNameError: for what can be neither a name, a folder nor a repository.
        UsageError: for a revision of what has none.
        WeightsNotFoundError: for an entry that has no trained weights yet.
        HubError: when the Hub, or the way to it, does not give what is asked for.
        BadCheckpointError: for a repository that is none of genzoo's.
    """
    from pathlib import Path

    path = Path(source) if isinstance(source, str) else as_path(source)
    name = catalog.ALIASES.get(source, source) if isinstance(source, str) else ""
    if name in catalog.ENTRIES:
        _refuse_revision(revision, f"The weights of {name} are those of genzoo's manifest")
        return _find_entry(name)
    if str(source) and os.path.isdir(path):  # which answers for any name, too long ones too
        _refuse_revision(revision, f"{path} is a folder on this machine")
        return LocalFolder(path)
    if not isinstance(source, str):
        raise UnknownNameError(f"{str(path)!r} is not a folder on this machine: name that of a checkpoint.")
    if named := parse_repository(source):
        try:
            return open_repository(named[0], _one_revision(named[1], revision))
        except HubError as error:
            raise _beside_folder(error, source) from None
    if find_entry_named(source):  # an installed package's
        return _find_entry(source)
    known = catalog.nearest(source, [*catalog.ALIASES, *catalog.ENTRIES])
    raise UnknownNameError(f"{brief(source)} is neither a model's name nor a folder: {known}")


def info(source: str | os.PathLike[str]) -> Entry:
    """The architecture and recipe of a model, from the catalog or from its `config.json`; nothing is loaded.

    Sources and errors are those of `load`.
    """
    if isinstance(source, str) and manifest.is_of_catalog(source):
        return catalog.find_entry(source)
    from genzoo.checkpoint.config import read_config

    return read_config(find_folder(source)).entry


def _find_entry(name: str) -> Folder:
    pinned = manifest.pinned_files(name)
    if manifest.is_here(name):
        return ShippedFolder(manifest.weights_home() / name, pinned)
    return _open_published(name, pinned, f"The weights of {name}")


def _open_published(name: str, pinned: Mapping[str, PinnedFile] | None, missing: str) -> HubFolder:
    """The repository of an entry, for what of it this installation lacks."""
    try:
        return open_repository(repository_of(name), pinned=pinned)
    except OutOfReachError as error:
        cause = _within(error).partition(": ")[0]
        raise OutOfReachError(
            f"{missing} are not in this installation, and {cause}: install genzoo's whole wheel or run it "
            f"from a checkout, or set {NAMESPACE} to the name of somebody who has published them on the Hub."
        ) from None


def _beside_folder(error: HubError, source: str) -> HubError:
    """An error about a repository, whose name may have been meant for a folder's path."""
    first = as_path(source).parts[0]
    if first == _RUNS or os.path.isdir(first) or (isinstance(error, OutOfReachError) and not client.is_reachable()):
        return HubError(f"There is no folder {source} here (check its path), and {_within(error)}")
    return HubError(f"{str(error).removesuffix('.')}; a folder {source} is not here either.")


def _within(error: HubError) -> str:
    """An error's sentence, for use within another."""
    return str(error).replace("There is", "there is", 1)


def refuse_out_of_reach(source: str) -> None:
    """Raise the error of `find_folder` for a model that is not here while the Hub cannot be reached.

    A command calls this before it imports torch.

    Raises:
        HubError: when the Hub cannot be reached, and its files are not in the cache.
    """
    name = catalog.ALIASES.get(source, source)
    elsewhere = not manifest.is_here(name) if name in catalog.ENTRIES else parse_repository(source) is not None
    if elsewhere and not os.path.isdir(source) and not client.is_reachable():
        find_folder(source)


def open_repository(
    repo: str, revision: str = client.MAIN, pinned: Mapping[str, PinnedFile] | None = None
) -> HubFolder:
    """The folder of a repository at the commit that `revision` now stands for; fetches `config.json`.

    Raises:
        HubError: when the Hub, or the way to it, does not give it.
        BadCheckpointError: for a repository that is none of genzoo's.
    """
    with _refusing_pickles(repo, revision):
        if pinned is None and not (client.is_offline() or client.cached(repo, CONFIG, revision)):
            client.refuse_large(repo, CONFIG, revision, MOST_JSON_BYTES)
        config = client.fetch(repo, CONFIG, revision)
        folder = HubFolder(config.parent, pinned, repo, config.parent.name)
        if pinned is None:
            from genzoo.checkpoint.config import read_config

            read_config(folder)
    return folder


@contextlib.contextmanager
def _refusing_pickles(repo: str, revision: str) -> Iterator[None]:
    """Tell of an incomplete repository whose weights are all pickled that pickles are not read."""
    try:
        yield
    except BadCheckpointError:
        with contextlib.suppress(HubError):
            names = client.list_files(repo, revision)
            reason = about_pickles(names)
            if reason and not any(name.endswith(".safetensors") for name in names):
                raise BadCheckpointError(f"{repo} is refused: {reason}") from None
        raise


def _one_revision(named: str | None, given: str | None) -> str:
    if named is not None and given is not None and named != given:
        raise UsageError(f"Two revisions were named, {named!r} and {given!r}: name one.")
    revision = next((text for text in (named, given) if text is not None), client.MAIN)
    if not is_revision(revision):
        raise UsageError(f"{revision!r} cannot be a revision: name a branch, a tag or a commit.")
    return revision


def _refuse_revision(revision: str | None, why: str) -> None:
    if revision is not None:
        raise UsageError(f"{why}, which has no revisions: leave out {revision!r}, or name user/repo.")
