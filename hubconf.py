"""The zoo for PyTorch Hub: an entry point for each alias, as `dcgan_mnist`, and `load` for every name.

import torch
model = torch.hub.load("<user>/genzoo", "dcgan_mnist")  # or a checkout's path, with source="local"
images = model.sample(64, seed=0)
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from genzoo import load
from genzoo.zoo import catalog

if TYPE_CHECKING:  # PyTorch Hub lists whatever can be called here
    from collections.abc import Callable
    from typing import Any

    from genzoo import Model

__all__ = ["load"]
dependencies = ["numpy", "onnxruntime", "PIL", "safetensors", "torch"]
"""What PyTorch Hub looks for before it calls any of them."""


def _entry_point(alias: str) -> Callable[..., Model]:
    def entry_point(**settings: Any) -> Model:
        model: Model = load(alias, **settings)
        return model

    entry = catalog.find_entry(alias)
    entry_point.__name__ = alias.replace("-", "_")
    entry_point.__doc__ = f"{entry.family.words}, on {entry.dataset.title}: `genzoo.load({alias!r}, **settings)`."
    return entry_point


globals().update({point.__name__: point for point in map(_entry_point, catalog.ALIASES)})
