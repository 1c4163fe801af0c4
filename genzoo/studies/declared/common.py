"""How a study is declared: entries of the zoo, altered."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from typing import Any

from genzoo.studies.study import Setting
from genzoo.zoo.registry import ENTRIES
from genzoo.zoo.spec import Entry
from genzoo.zoo.variants import with_architecture

BATCH_SIZE = 64
"""Of all studies: at this length of a run steps count for more than images."""


def variant(
    name: str,
    *,
    latent_size: int | None = None,
    layers: int | None = None,
    arch: dict[str, Any] | None = None,
    tag: str | None = None,
    recipe: dict[str, Any] | None = None,
) -> Entry:
    """An entry of the zoo with other sizes and another recipe, in batches of `BATCH_SIZE` unless that is told.

    Args:
        name: the entry's.
        latent_size: another one.
        layers: another number of hidden layers.
        arch: other fields of its architecture.
        tag: another tag.
        recipe: other fields of its recipe.
    """
    entry = with_architecture(ENTRIES[name], latent_size=latent_size, layers=layers)
    changed = dataclasses.replace(entry.arch, **(arch or {}))
    return dataclasses.replace(
        entry,
        arch=changed,
        hidden_layers=changed.hidden_layers(entry.dataset.shape[1]),
        recipe=dataclasses.replace(entry.recipe, **{"batch_size": BATCH_SIZE, **(recipe or {})}),
        tag=entry.tag if tag is None else tag,
        origin="",
    )


def grid(steps: int, entries: Iterable[tuple[object, Entry]]) -> tuple[Setting, ...]:
    """Settings of one length, from the values of an axis and their entries."""
    return tuple(Setting(str(value), entry, steps) for value, entry in entries)
