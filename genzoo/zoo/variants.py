"""Entries other than the catalog's: of other sizes, or trained otherwise.  Reading this module costs no torch."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Mapping

from genzoo.errors import InvalidEntryError, UsageError
from genzoo.zoo.catalog import nearest
from genzoo.zoo.fields import decode
from genzoo.zoo.registry import FAMILIES
from genzoo.zoo.spec import Entry, Recipe


def with_architecture(
    entry: Entry, *, latent_size: int | None = None, layers: int | None = None, width: int | None = None
) -> Entry:
    """A variant of an entry with other sizes, and so with another name.

    Args:
        entry: what to start from.
        latent_size: numbers in a latent.
        layers: hidden layers.
        width: channels of the convolution next to the image, units of an LSTM, or the widest
            hidden layer of an MLP; a width other than the entry's goes into the name as `w<width>`.

    Raises:
        UsageError: where the entry's architecture has no such size.
    """
    arch, tag = entry.arch, entry.tag
    try:
        if layers is not None and layers != entry.hidden_layers:
            arch = arch.with_layers(layers, entry.dataset.shape[1])
        if width is not None and width != entry.arch.width:
            arch = arch.with_width(width)
            tag = f"{tag}-w{width}" if tag else f"w{width}"
        return dataclasses.replace(
            entry,
            arch=arch,
            tag=tag,
            latent_size=entry.latent_size if latent_size is None else latent_size,
            hidden_layers=entry.hidden_layers if layers is None else layers,
        )
    except InvalidEntryError as error:
        raise UsageError(str(error)) from None


def with_recipe(entry: Entry, changes: Mapping[str, str]) -> Entry:
    """An entry trained otherwise: `changes` maps fields of `Recipe` to their new values, as text.

    Raises:
        UsageError: for a field that does not exist or a value that does not fit it.
    """
    fields = dataclasses.asdict(entry.recipe)
    for key, text in changes.items():
        if key not in fields:
            known = f"there are {', '.join(fields)}."
            raise UsageError(f"There is no setting {key!r}: {nearest(key, fields, known)}")
        fields[key] = _parsed(text)
    try:
        return dataclasses.replace(entry, recipe=decode(Recipe, fields, "recipe"))
    except InvalidEntryError as error:
        now = ", ".join(f"{key}={getattr(entry.recipe, key)}" for key in changes)
        raise UsageError(f"{str(error).removesuffix('.')}; {entry.name} has {now}.") from None


def settings_of(entry: Entry) -> dict[str, str]:
    """The fields of a recipe that `with_recipe` may change for an entry, and its own values as text."""
    every = {name for family in FAMILIES.values() for name in (*family.objective.needs, *family.objective.takes)}
    others = every - {*entry.family.objective.needs, *entry.family.objective.takes} | {"objective"}
    values = {key: value for key, value in dataclasses.asdict(entry.recipe).items() if key not in others}
    return {key: str(value).lower() if value is None or value is True or value is False else str(value)
            for key, value in values.items()}  # fmt: skip


def _parsed(text: str) -> object:
    constants = {"true": True, "false": False, "none": None}
    if text.lower() in constants:
        return constants[text.lower()]
    with contextlib.suppress(ValueError):
        return int(text)
    with contextlib.suppress(ValueError):
        return float(text)
    return text
