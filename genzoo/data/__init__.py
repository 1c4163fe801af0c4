"""Training images: whole datasets in memory, once, as uint8; by name, or any folder of pictures.

Datasets come through torchvision and scikit-learn, or from where they lie already.
It may import images, checkpoint, and what lies below.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from genzoo.data.folder import load_folder
    from genzoo.data.image_data import ImageData
    from genzoo.data.named import data_root, has_labels, load_images, load_labels, stand_in

__all__ = ["ImageData", "data_root", "has_labels", "load_folder", "load_images", "load_labels", "stand_in"]

_LAZY = {
    "ImageData": "image_data",
    "data_root": "named",
    "has_labels": "named",
    "load_folder": "folder",
    "load_images": "named",
    "load_labels": "named",
    "stand_in": "named",
}


def __getattr__(name: str) -> Any:
    # So that what is wrong with a folder is said before torch is imported.
    if name in _LAZY:
        return getattr(importlib.import_module(f"{__name__}.{_LAZY[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
