"""Puts the manifest, the weights of every alias (without critics) and the feature nets into the wheel."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

FILES = ("config.json", "model.safetensors", "metrics.json", "golden.safetensors")
FEATURE_FILES = ("config.json", "model.safetensors", "test.safetensors", "floors.json")


class AliasWeights(BuildHookInterface):  # type: ignore[type-arg]
    """The list of aliases is the catalog's own, so that the wheel cannot disagree with it."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Name the files to include; an editable install reads the checkout's own."""
        root = Path(self.root)
        sys.path.insert(0, str(root))
        from genzoo.catalog import ALIASES

        weights = root / "weights"
        wanted = [weights / "manifest.json"]
        wanted += [weights / name / file for name in ALIASES.values() for file in FILES]
        wanted += [folder / file for folder in weights.glob("features/*") for file in FEATURE_FILES]
        if version == "standard":
            for path in filter(Path.is_file, wanted):
                build_data["force_include"][str(path)] = f"genzoo/weights/{path.relative_to(weights).as_posix()}"
