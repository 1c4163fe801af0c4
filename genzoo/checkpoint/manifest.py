"""The catalog's weights: where they lie, and the manifest of every shipped file's size and SHA-256."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from functools import lru_cache
from types import NoneType
from typing import TYPE_CHECKING, Any, NamedTuple

from genzoo.checkpoint.files import sha256, write_text
from genzoo.checkpoint.layout import METRICS, MODEL
from genzoo.checkpoint.strict import is_sha256, read_json, refuse_other_names
from genzoo.errors import BadCheckpointError, WeightsNotFoundError
from genzoo.zoo import catalog
from genzoo.zoo.spec import FORMAT

if TYPE_CHECKING:
    from pathlib import Path

MANIFEST = "manifest.json"
HEADLINE = "frechet_distance"
"""The metric whose value the manifest has of every entry, so that `genzoo list` opens no other file."""


class PinnedFile(NamedTuple):
    """Size in bytes and SHA-256, in hexadecimal, that the manifest lists for a shipped file."""

    size: int
    sha256: str


class Headline(NamedTuple):
    """An entry's `HEADLINE`: its mean, and the margin of its interval; None where it was measured without one."""

    mean: float
    margin: float | None


Manifest = Mapping[str, Mapping[str, PinnedFile]]
"""The name of an entry (or `features/...`) -> the names of its files -> their sizes and hashes."""


@lru_cache(maxsize=1)
def weights_root() -> str:
    """The folder of the catalog's weights: the installed package's, or the checkout's."""
    package = os.path.dirname(os.path.dirname(os.path.realpath(__file__)))
    installed = os.path.join(package, "weights")
    return installed if os.path.isdir(installed) else os.path.join(os.path.dirname(package), "weights")


def weights_home() -> Path:
    """The same as a `Path`, whose import alone takes some of the time that `genzoo list` may."""
    from pathlib import Path

    return Path(weights_root())


def shipped_path(name: str, file: str) -> str:
    """The path of a file of an entry's weights, whether or not it is there."""
    return os.path.join(weights_root(), name, file)


def read_manifest() -> Manifest:
    """Size and SHA-256 of every file that ships with genzoo; empty where there is no manifest.

    Raises:
        BadCheckpointError: for a manifest that is damaged.
    """
    return _read()[0]


def read_headlines() -> Mapping[str, Headline]:
    """The `HEADLINE` of each entry that was measured, by its name.

    Raises:
        BadCheckpointError: for a manifest that is damaged.
    """
    return _read()[1]


def _read() -> tuple[Manifest, Mapping[str, Headline]]:
    path = os.path.join(weights_root(), MANIFEST)
    try:
        changed = os.stat(path).st_mtime_ns
    except OSError:
        return {}, {}
    return _manifest_at(path, changed)


@lru_cache(maxsize=8)
def _manifest_at(path: str, _changed: int) -> tuple[Manifest, Mapping[str, Headline]]:
    try:
        document = read_json(path)
        entries = document["entries"]
        headlines = {name: _headline(**row) for name, row in document.get(HEADLINE, {}).items()}
        for name in (*entries, *{file for files in entries.values() for file in files}):
            refuse_other_names(name)
        pinned = {name: {file: _pinned(**facts) for file, facts in files.items()} for name, files in entries.items()}
        return pinned, headlines
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise BadCheckpointError(f"{path} is not a manifest ({error}): install genzoo anew.") from None


def _pinned(size: Any, sha256: Any) -> PinnedFile:
    # By hand, since the decoder of nested fields would take longer than `genzoo list` may.
    if type(size) is not int or not is_sha256(sha256):
        raise ValueError("a file has no size or no hash")
    return PinnedFile(size, sha256)


def _headline(mean: Any, margin: Any) -> Headline:
    if type(mean) is not float or type(margin) not in (float, NoneType):
        raise ValueError(f"its {HEADLINE} is not made of numbers")
    return Headline(mean, margin)


def pinned_files(name: str) -> Mapping[str, PinnedFile]:
    """Size and SHA-256 of each file of an entry, by its full name.

    Raises:
        WeightsNotFoundError: for an entry that has no trained weights yet.
        BadCheckpointError: for a manifest that is damaged.
    """
    if (files := read_manifest().get(name)) is None:
        raise WeightsNotFoundError(
            f"The weights of {name} have not been trained yet: `genzoo train {name}` makes them, in a folder to load."
        )
    return files


def write_manifest(home: Path) -> None:
    """Write the manifest of the folders below `home`: every entry's, with its headline, and every feature net's.

    Raises:
        DataError: for a measurement that is none.
        GenzooError: when it cannot be written.
    """
    from genzoo.checkpoint.measurement import read_metrics

    folders = [folder for folder in home.iterdir() if folder.name in catalog.ENTRIES]
    folders += (home / "features").glob("*") if (home / "features").is_dir() else []
    entries = {
        folder.relative_to(home).as_posix(): {
            file.name: PinnedFile(file.stat().st_size, sha256(file))._asdict()
            for file in sorted(folder.iterdir(), key=lambda path: path.name)
            if not file.name.startswith(".")
        }
        for folder in sorted(folders, key=lambda path: path.parts)  # on Windows paths compare without regard to case
    }
    measured = {name: read_metrics(home / name / METRICS) for name in entries if METRICS in entries[name]}
    rows = {name: measurement.rows[HEADLINE] for name, measurement in measured.items() if HEADLINE in measurement.rows}
    headlines = {name: Headline(row.mean, row.margin)._asdict() for name, row in rows.items()}
    document = {"format": FORMAT, "entries": entries, HEADLINE: headlines}
    write_text(home / MANIFEST, json.dumps(document, indent=1) + "\n")


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
        UsageError: for a pattern that is no text.
    """
    names = catalog.list_models(pattern, family, dataset)
    manifest = read_manifest() if pretrained else names
    return [name for name in names if name in manifest]


def is_here(name: str) -> bool:
    """Whether the weights of a full catalog name are on this machine."""
    return name in read_manifest() and os.path.isfile(shipped_path(name, MODEL))


def is_of_catalog(source: str) -> bool:
    """Whether a source is one of the catalog's names, or can only be one: it is no folder, and no `user/repo`."""
    return source in catalog.ALIASES or source in catalog.ENTRIES or not ("/" in source or os.path.isdir(source))
