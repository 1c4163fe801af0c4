"""genzoo: a zoo of small image generators with their trained weights, one call away.

import genzoo
images = genzoo.load("vae-mnist").sample(64, seed=0)  # (64, 1, 28, 28) float32 in [0, 1]
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from genzoo.errors import GenzooError
from genzoo.version import __version__

if TYPE_CHECKING:
    from genzoo.checkpoint.manifest import list_models
    from genzoo.hub import info
    from genzoo.images.pixels import make_grid
    from genzoo.images.writers import save_images
    from genzoo.sampling.directions import find_directions
    from genzoo.sampling.model import Model, load
    from genzoo.zoo.registry import register

__all__ = [
    "GenzooError",
    "Model",
    "__version__",
    "find_directions",
    "info",
    "list_models",
    "load",
    "make_grid",
    "register",
    "save_images",
]

_LAZY = {
    "Model": "sampling.model",
    "find_directions": "sampling.directions",
    "info": "hub",
    "list_models": "checkpoint.manifest",
    "load": "sampling.model",
    "make_grid": "images.pixels",
    "register": "zoo.registry",
    "save_images": "images.writers",
}


def __getattr__(name: str) -> Any:
    # What is not asked for is not imported: torch least of all, but the catalog neither, for `genzoo --help`.
    if name in _LAZY:
        return getattr(importlib.import_module(f"genzoo.{_LAZY[name]}"), name)
    raise AttributeError(f"module 'genzoo' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
