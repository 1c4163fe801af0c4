"""`config.json`: what a checkpoint folder's nets are, and how they came about."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from genzoo.checkpoint.files import write_text
from genzoo.checkpoint.folder import Folder
from genzoo.checkpoint.layout import CONFIG
from genzoo.checkpoint.strict import check, is_sha256, read_json, refuse_other_names
from genzoo.errors import BadCheckpointError, InvalidEntryError, brief, brief_list
from genzoo.version import __version__
from genzoo.zoo.registry import find_family, package_of
from genzoo.zoo.spec import FORMAT, Entry

_FIELDS = {"entry", "format", "parent", "training", "versions"}
_VERSION = r"[0-9A-Za-z.+_-]{1,64}"


@dataclass(frozen=True)
class Config:
    """The contents of `config.json`.

    Attributes:
        entry: architecture, dataset and recipe.
        training: how the weights were trained, as the training wrote it.
        parent: name and hashes of the model that was fine-tuned, if any.
        versions: of `genzoo` and `torch` that ended the training; None where nobody recorded them.
    """

    entry: Entry
    training: Mapping[str, Any] = field(default_factory=dict)
    parent: Mapping[str, Any] | None = None
    versions: Mapping[str, str] | None = None

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values, as `read_config` takes them; of a plug-in's family with the package that has it."""
        package = package_of(self.entry.family)
        return {
            "format": FORMAT,
            **({} if package is None else {"package": package}),
            "entry": self.entry.to_json(),
            "training": dict(self.training),
            "parent": None if self.parent is None else dict(self.parent),
            "versions": None if self.versions is None else dict(self.versions),
        }


def read_config(folder: Folder) -> Config:
    """Read a folder's `config.json`, strictly: unknown or missing fields are refused.

    Raises:
        BadCheckpointError: naming what is wrong with it.
    """
    path = folder.file(CONFIG)
    try:
        value = read_json(path)
        check(isinstance(value, dict), "it must hold an object.")
        version, names = value.get("format"), sorted(value)
        known = type(version) is int and version == FORMAT
        check(known, f"its format is {brief(version)}, this genzoo reads {FORMAT}.")
        check(set(names) - {"package"} == _FIELDS, f"it has the fields {brief_list(names)}.")
        _check_package(value)
        check(isinstance(value["training"], dict), "its field training must be an object.")
        if value["parent"] is not None:
            _check_parent(value["parent"])
        if value["versions"] is not None:
            _check_versions(value["versions"])
        return Config(Entry.from_json(value["entry"]), value["training"], value["parent"], value["versions"])
    except (BadCheckpointError, InvalidEntryError) as error:
        raise BadCheckpointError(f"{path} is refused: {error}") from None
    except ValueError as error:
        raise BadCheckpointError(f"{path} is damaged ({error}): fetch or train it again.") from None


def _check_package(config: Mapping[str, Any]) -> None:
    """Raise `BadCheckpointError` for a family of a package that is not installed; its name is shown, and no more."""
    package, entry = config.get("package", ""), config["entry"]
    check(isinstance(package, str), "its field package is no name.")
    family = entry.get("family") if isinstance(entry, dict) else None
    check(
        not package or find_family(family) is not None,
        f"its family {brief(family, 64)} comes with the package {brief(package, 64)}, which is not installed here: "
        "install that, if you trust its authors.",
    )


def _check_parent(parent: object) -> None:
    """Raise ValueError or `BadCheckpointError` unless a parent has a name, and files with their hashes."""
    check(isinstance(parent, dict) and sorted(parent) == ["name", "sha256"], "its field parent is not a model's.")
    assert isinstance(parent, dict)
    name, hashes = parent["name"], parent["sha256"]
    check(isinstance(name, str) and isinstance(hashes, dict), "its parent's name and hashes are of other types.")
    for text in (name, *hashes):
        refuse_other_names(text)
    check(all(map(is_sha256, hashes.values())), "its parent's hashes are none.")


def _check_versions(versions: object) -> None:
    """Raise `BadCheckpointError` unless versions are those of genzoo and torch."""
    check(isinstance(versions, dict) and sorted(versions) == ["genzoo", "torch"], "its field versions is none.")
    assert isinstance(versions, dict)
    right = all(isinstance(version, str) and re.fullmatch(_VERSION, version) for version in versions.values())
    check(right, f"its versions are {brief_list(versions.values())}.")


def versions_here() -> dict[str, str]:
    """The versions of genzoo and torch that run, as `config.json` records them."""
    import torch

    return {"genzoo": __version__, "torch": str(torch.__version__)}


def write_config(folder: Path, config: Config) -> None:
    """Write `config.json` in one step.

    Raises:
        GenzooError: when it cannot be written.
    """
    write_text(folder / CONFIG, json.dumps(config.to_json(), indent=2, allow_nan=False) + "\n")
