"""One file for each kind of nets: their architecture, and the families of such nets.

A new file here, with its `RECORDS`, is registered with the others; the nets themselves lie in genzoo/nets.
"""

from __future__ import annotations

import importlib
import os
from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from genzoo.zoo.registry import Record


def records() -> Iterator[Record]:
    """The records of every file in this folder."""
    names = sorted(name.removesuffix(".py") for name in os.listdir(__path__[0]) if name.endswith(".py"))
    for name in names:
        if name != "__init__":
            yield from importlib.import_module(f"{__name__}.{name}").RECORDS
