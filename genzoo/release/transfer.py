"""Transfers a folder to a repository: compares, commits, and downloads again."""

from __future__ import annotations

import re
from collections.abc import Callable, Container, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypeVar

from genzoo.checkpoint.files import git_hash, sha256
from genzoo.errors import HubError, UsageError
from genzoo.hub import client
from genzoo.hub.failures import OvertakenError, Request
from genzoo.hub.folders import is_revision, parse_repository

if TYPE_CHECKING:
    from huggingface_hub import HfApi

T = TypeVar("T")

State = Literal["new", "changed", "unchanged", "deleted"]
Kind = Literal["model", "space"]
"""The Hub's kinds of repositories that genzoo publishes."""
_PATIENCE = 60.0
"""Seconds after which no new attempt begins, counted with what the files take that are sent."""
_COMMIT = re.compile(r"[0-9a-f]{40}")


@dataclass(frozen=True)
class Target:
    """The branch of a repository that a folder is published on.

    Attributes:
        repo: `user/repo`.
        branch: of the repository; begun at the head of main where it is not there.
        private: whether it must be one that only its owner sees.
        token: for the Hub; the client's own unless told otherwise.
        kind: of the repository; a space is a static one.
    """

    repo: str
    branch: str = client.MAIN
    private: bool = False
    token: str | None = field(default=None, repr=False)
    kind: Kind = "model"

    @property
    def api(self) -> HfApi:
        """A client of the Hub that sends the token."""
        from huggingface_hub import HfApi

        return HfApi(token=self.token, **client.AGENT)


@dataclass(frozen=True)
class Change:
    """The change of one file in a publication, and its size in bytes."""

    name: str
    state: State
    size: int


@dataclass(frozen=True)
class Draft:
    """The changes of a publication, before it is sent.

    Attributes:
        target: the branch, and its repository.
        head: the branch's last commit; main's for a branch that is not there, None for such a repository.
        is_new: whether the branch is not there.
        changes: file by file.
    """

    target: Target
    head: str | None
    is_new: bool
    changes: tuple[Change, ...]

    @property
    def is_current(self) -> bool:
        """Whether the branch already holds the folder."""
        return not self.is_new and all(change.state == "unchanged" for change in self.changes)


def find_target(
    repo: str, branch: str | None = None, *, private: bool = False, token: str | None = None, kind: Kind = "model"
) -> Target:
    """The target of a publication; raises `UsageError` for what cannot be a repository's or a branch's name."""
    branch = client.MAIN if branch is None else branch
    named = parse_repository(repo)
    if named is None or named[1] is not None:
        raise UsageError(f"{repo!r} cannot be a repository's name: one is written user/repo.")
    if not is_revision(branch) or _COMMIT.fullmatch(branch):
        raise UsageError(f"{branch!r} cannot be published to: name a branch.")
    return Target(repo, branch, private, token, kind)


def demand_way(target: Target) -> None:
    """Raise `HubError` where the client is offline or the Hub cannot be connected to."""
    from huggingface_hub.errors import OfflineModeIsEnabled

    def refuse_offline(_: bool) -> None:
        if client.is_offline():
            raise OfflineModeIsEnabled

    _patiently(target, refuse_offline)


def demand_token(target: Target) -> None:
    """Raise `HubError` where there is no token."""
    from huggingface_hub import get_token

    if not _patiently(target, lambda _: target.token or get_token()):
        raise HubError("Publishing needs a token: set HF_TOKEN to one that may write, or run `hf auth login`.")


def prepare(target: Target, folder: Path, known: Container[str]) -> Draft:
    """Compare all files of a folder with those of a branch, by their hashes; nothing is changed.

    Those of the `known` names that the folder lacks are to be deleted there, as left by earlier publications; all
    others stay.  Raises `HubError` when the Hub does not tell what is there.
    """
    return _patiently(target, lambda _: _draft(target.api, target, folder, known))


def send(draft: Draft, folder: Path, message: str) -> str:
    """Publish all files of a folder as one commit on top of the draft's head, and return the commit's hash.

    A repository and a branch that are not there are made first.  What the branch holds already is left alone.
    Raises `HubError` when the Hub does not take it, or somebody else has committed meanwhile.
    """
    target, known, seen = draft.target, [change.name for change in draft.changes], [draft.head]

    def attempt(_: bool) -> str:
        api = target.api
        if seen[0] is None:
            sdk = "static" if target.kind == "space" else None
            private = target.private or None
            api.create_repo(target.repo, private=private, repo_type=target.kind, space_sdk=sdk, exist_ok=True)
        if draft.is_new and target.branch != client.MAIN:
            api.create_branch(target.repo, branch=target.branch, repo_type=target.kind, exist_ok=True)
        now = _draft(api, target, folder, known)
        if now.head is None:
            raise HubError(f"{target.repo} was made, but cannot be found: run this again in a moment.")
        # Also after a commit whose reply was lost on the way.
        if now.is_current:
            return now.head
        seen[0] = seen[0] or now.head
        if now.head != seen[0]:
            raise OvertakenError(target.repo)
        return _commit(api, now, folder, message)

    return _patiently(target, attempt, _PATIENCE)


def fetch_published(target: Target, commit: str, folder: Path, cache: Path) -> Path:
    """The folder within an empty cache to which a publication was downloaded, once it equals the folder it came from.

    Raises `HubError` when it cannot be fetched, or is not what was sent.
    """
    for sent in sorted(folder.iterdir()):
        right = sha256(sent)
        path = client.fetch(target.repo, sent.name, commit, cache=cache, token=target.token)
        if sha256(path) != right:
            path = client.fetch(target.repo, sent.name, commit, again=True, cache=cache, token=target.token)
        if (found := sha256(path)) != right:
            raise HubError(
                f"{sent.name} of {target.repo}@{commit} is not what was sent, its SHA-256 is {found} and not {right}: "
                "delete it there, and publish again."
            )
    return path.parent


def _patiently(target: Target, call: Callable[[bool], T], patience: float = client.PATIENCE) -> T:
    request = Request(f"An answer about {target.repo}", target.repo, target.branch, publishes=True)
    return client.patiently(call, request, patience=patience)


def _draft(api: HfApi, target: Target, folder: Path, known: Container[str]) -> Draft:
    head, is_new = _find_head(api, target)
    there = {} if head is None else _hashes(api, target, head)
    paths = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if path.is_file()}
    changes = [_change(name, paths[name], there) for name in sorted(paths)]
    sent = {change.name for change in changes}
    gone = [Change(name, "deleted", there[name][1]) for name in sorted(there) if name in known and name not in sent]
    return Draft(target, head, is_new, (*changes, *gone))


def _find_head(api: HfApi, target: Target) -> tuple[str | None, bool]:
    """The commit to build on, and whether the branch is still to be made."""
    from huggingface_hub.errors import GatedRepoError, RepositoryNotFoundError, RevisionNotFoundError

    is_new = False
    try:
        info = api.repo_info(target.repo, revision=target.branch, repo_type=target.kind, timeout=10)
    except GatedRepoError:
        raise
    except RepositoryNotFoundError:
        return None, True
    except RevisionNotFoundError:
        if target.branch == client.MAIN:
            raise
        info, is_new = api.repo_info(target.repo, repo_type=target.kind, timeout=10), True
    if target.private and not info.private:
        raise UsageError(
            f"{target.repo} is there, and public: make it private on its page, or publish without --private."
        )
    return info.sha, is_new


def _hashes(api: HfApi, target: Target, commit: str) -> Mapping[str, tuple[str, int]]:
    """Each file's hash, of its contents or in git, and its size."""
    from huggingface_hub.hf_api import RepoFile

    tree = api.list_repo_tree(target.repo, revision=commit, repo_type=target.kind, recursive=target.kind == "space")
    files = [file for file in tree if isinstance(file, RepoFile)]
    if any(file.path == ".gitignore" for file in files):
        raise HubError(
            f"{target.repo} has a .gitignore, by which the Hub may leave out files: remove it there, then run this "
            "again."
        )
    return {file.path: (file.lfs.sha256 if file.lfs else file.blob_id, file.size) for file in files}


def _change(name: str, path: Path, there: Mapping[str, tuple[str, int]]) -> Change:
    """The change of a file, which the Hub keeps by its SHA-256, or in git."""
    size = path.stat().st_size
    if name not in there:
        return Change(name, "new", size)
    return Change(name, "unchanged" if there[name][0] in (sha256(path), git_hash(path)) else "changed", size)


def _commit(api: HfApi, draft: Draft, folder: Path, message: str) -> str:
    from huggingface_hub import CommitOperationAdd, CommitOperationDelete

    operations = [
        CommitOperationDelete(change.name)
        if change.state == "deleted"
        else CommitOperationAdd(change.name, folder / change.name)
        for change in draft.changes
        if change.state != "unchanged"
    ]
    made = api.create_commit(
        draft.target.repo,
        operations,
        commit_message=message,
        repo_type=draft.target.kind,
        revision=draft.target.branch,
        parent_commit=draft.head,
    )
    return str(made.oid)
