"""The catalog's weights: where they lie, and the manifest of every shipped file's size and SHA-256."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path

from genzoo.checkpoint.files import sha256, write_text
from genzoo.checkpoint.layout import MODEL
from genzoo.checkpoint.strict import is_sha256, read_json, refuse_other_names
from genzoo.errors import BadCheckpointError
from genzoo.zoo import catalog
from genzoo.zoo.spec import FORMAT

MANIFEST = "manifest.json"


@dataclass(frozen=True)
class PinnedFile:
    """Size in bytes and SHA-256, in hexadecimal, that the manifest lists for a shipped file."""

    size: int
    sha256: str

    def __post_init__(self) -> None:
        if type(self.size) is not int or not is_sha256(self.sha256):
            raise ValueError("a file has no size or no hash")


Manifest = Mapping[str, Mapping[str, PinnedFile]]
"""The name of an entry (or `features/...`) -> the names of its files -> their sizes and hashes."""


@lru_cache(maxsize=1)
def weights_home() -> Path:
    """The folder of the catalog's weights: the installed package's, or the checkout's."""
    package = Path(__file__).resolve().parents[1]
    installed = package / "weights"
    return installed if installed.is_dir() else package.parent / "weights"


def read_manifest() -> Manifest:
    """Size and SHA-256 of every file that ships with genzoo; empty where there is no manifest.

    Raises:
        BadCheckpointError: for a manifest that is damaged.
    """
    path = weights_home() / MANIFEST
    try:
        changed = os.stat(path).st_mtime_ns
    except OSError:
        return {}
    return _manifest_at(path, changed)


@lru_cache(maxsize=8)
def _manifest_at(path: Path, _changed: int) -> Manifest:
    try:
        entries = read_json(path)["entries"]
        for name in (*entries, *{file for files in entries.values() for file in files}):
            refuse_other_names(name)
        # Checked by the class itself, since the decoder of nested fields would take longer than `genzoo list` may.
        return {name: {file: PinnedFile(**facts) for file, facts in files.items()} for name, files in entries.items()}
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise BadCheckpointError(f"{path} is not a manifest ({error}): install genzoo anew.") from None


def write_manifest(home: Path) -> None:
    """Write the manifest of the folders below `home`: every entry's, and every feature net's.

    Raises:
        GenzooError: when it cannot be written.
    """
    folders = [folder for folder in home.iterdir() if folder.name in catalog.ENTRIES]
    folders += (home / "features").glob("*") if (home / "features").is_dir() else []
    entries = {
        folder.relative_to(home).as_posix(): {
            file.name: asdict(PinnedFile(file.stat().st_size, sha256(file)))
            for file in sorted(folder.iterdir(), key=lambda path: path.name)
            if not file.name.startswith(".")
        }
        for folder in sorted(folders, key=lambda path: path.parts)  # on Windows paths compare without regard to case
    }
    write_text(home / MANIFEST, json.dumps({"format": FORMAT, "entries": entries}, indent=1) + "\n")


def list_models(
    pattern: str | Iterable[str] = "*",
    family: str | None = None,
    dataset: str | None = None,
    *,
    pretrained: bool = False,
) -> list[str]:
    """Full names of the catalog that match a wildcard pattern (or are what an alias stands for).

    Args:
        pattern: one or several, as in a shell: `*`, `?`, `[...]`; an alias or a full name matches itself.
        family: only this family, e.g. `"dcgan"`.
        dataset: only this dataset, e.g. `"mnist"`.
        pretrained: only those that have weights, in this installation or not.

    Raises:
        UnknownNameError: for a family or dataset that does not exist.
    """
    names = catalog.list_models(pattern, family, dataset)
    manifest = read_manifest() if pretrained else names
    return [name for name in names if name in manifest]


def is_here(name: str) -> bool:
    """Whether the weights of a full catalog name are on this machine."""
    return name in read_manifest() and os.path.isfile(weights_home() / name / MODEL)


def is_of_catalog(source: str) -> bool:
    """Whether the catalog is to be asked for a source: for its own names, and for what no folder or repository has."""
    return source in catalog.ALIASES or source in catalog.ENTRIES or not ("/" in source or os.path.isdir(source))
