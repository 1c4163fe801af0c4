"""Puts the weights and cards into the wheel: all that the manifest lists, or in a slim build the aliases' weights."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

SLIM = "GENZOO_BUILD_SLIM"


class Weights(BuildHookInterface):  # type: ignore[type-arg]
    """Entries are the catalog's and files the manifest's, so that the wheel cannot disagree with either."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Name the files to include; an editable install reads the checkout's own.

        Raises:
            FileNotFoundError: for a file that the manifest lists and the checkout lacks.
            ValueError: for a value of `GENZOO_BUILD_SLIM` other than 0 and 1.
        """
        if version != "standard":
            return
        root = Path(self.root)
        paths = ["weights/manifest.json", "cards/notes.json", *_cards_and_weights(root, slim=_is_slim())]
        if missing := [path for path in paths if not (root / path).is_file()]:
            raise FileNotFoundError(
                f"{root} lacks {len(missing)} of the zoo's files, e.g. {missing[0]}: check them out again."
            )
        build_data["force_include"] |= {str(root / path): f"genzoo/{path}" for path in paths}


def _is_slim() -> bool:
    match os.environ.get(SLIM) or "0":
        case "0" | "1" as value:
            return value == "1"
        case value:
            raise ValueError(f"{SLIM} is {value!r}: set it to 1 for the aliases alone, to 0 for every entry.")


def _cards_and_weights(root: Path, *, slim: bool) -> list[str]:
    """Every entry's card; the files of the feature nets and of every entry, or of those that an alias stands for."""
    sys.path.insert(0, str(root))
    from genzoo.checkpoint.manifest import read_manifest
    from genzoo.zoo.catalog import ALIASES, ENTRIES

    left_out = {*ENTRIES} - {*ALIASES.values()} if slim else set()
    manifest = read_manifest()
    weights = [f"weights/{folder}/{file}" for folder in manifest if folder not in left_out for file in manifest[folder]]
    return [*(f"cards/{name}.md" for name in ENTRIES if name in manifest), *weights]
