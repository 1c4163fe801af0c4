"""Repositories as the server keeps them: branches and tags on immutable commits."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

LFS_SUFFIXES = (".safetensors", ".png", ".bin", ".pt")


@dataclass(frozen=True)
class Commit:
    """What a repository holds at one point: immutable, named by its content and its parent."""

    files: Mapping[str, bytes]
    parent: str | None = None
    title: str = ""

    @property
    def sha(self) -> str:
        entries = sorted((name, hashlib.sha256(data).hexdigest()) for name, data in self.files.items())
        return hashlib.sha1(json.dumps([entries, self.parent, self.title]).encode()).hexdigest()


@dataclass
class Repo:
    """A repository: its commits, and the branches and tags that name some of them."""

    name: str
    private: bool = False
    gated: bool = False
    commits: dict[str, Commit] = field(default_factory=dict)
    refs: dict[str, str] = field(default_factory=dict)

    def commit(self, files: Mapping[str, bytes], ref: str = "main", title: str = "") -> str:
        """Put a commit with all of these files on a branch, and give its hash."""
        new = Commit(dict(files), self.refs.get(ref), title)
        self.commits[new.sha] = new
        self.refs[ref] = new.sha
        return new.sha

    def find(self, revision: str) -> Commit | None:
        return self.commits.get(self.refs.get(revision, revision))

    def at(self, revision: str) -> Commit:
        """The commit of a branch, or of a hash, that is there."""
        return self.commits[self.refs.get(revision, revision)]


def is_lfs(name: str) -> bool:
    return name.endswith(LFS_SUFFIXES)


def git_hash(data: bytes) -> str:
    return hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()


def file_facts(name: str, data: bytes) -> dict[str, Any]:
    facts: dict[str, Any] = {"size": len(data), "oid": git_hash(data)}
    if is_lfs(name):
        facts["lfs"] = {"oid": hashlib.sha256(data).hexdigest(), "size": len(data), "pointerSize": 134}
    return facts
