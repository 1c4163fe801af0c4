"""Entries other than the catalog's: of other sizes, or trained otherwise.  Reading this module costs no torch."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Mapping
from typing import Any

from genzoo.errors import BadCheckpointError, UsageError
from genzoo.zoo.catalog import nearest
from genzoo.zoo.fields import decode
from genzoo.zoo.spec import Conv, Entry, FlatConv, Lstm, Mlp, Recipe


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
            arch = _with_layers(entry, layers)
        if width is not None and width != _width(entry.arch):
            arch = _with_width(arch, width)
            tag = f"{tag}-w{width}" if tag else f"w{width}"
        return dataclasses.replace(
            entry,
            arch=arch,
            tag=tag,
            latent_size=entry.latent_size if latent_size is None else latent_size,
            hidden_layers=entry.hidden_layers if layers is None else layers,
        )
    except BadCheckpointError as error:
        raise UsageError(str(error)) from None


def _with_layers(entry: Entry, layers: int) -> Any:
    least = entry.hidden_layers - entry.arch.extra if isinstance(entry.arch, Conv) else 1
    if layers < least:
        raise UsageError(f"{layers} layers are too few: {least} is the least.")
    match entry.arch:
        case Mlp(generator=sizes) as arch:
            # Widths halve from the image inwards, as the reports' do.
            while len(sizes) < layers:
                sizes = (max(sizes[0] // 2, 16), *sizes)
            return dataclasses.replace(arch, generator=sizes[len(sizes) - layers :])
        case Conv(extra=extra) as arch:
            return dataclasses.replace(arch, extra=extra + layers - entry.hidden_layers)
        case Lstm() as arch:
            return dataclasses.replace(arch, layers=layers)
        case _:
            raise UsageError(f"{entry.name} has a fixed number of layers: leave --layers out.")


def _width(arch: object) -> int:
    match arch:
        case Mlp(generator=sizes):
            return max(sizes)
        case Conv(channels=channels) | FlatConv(channels=channels):
            return channels[0] if isinstance(channels, tuple) else channels
        case Lstm(units=units):
            return units
    raise AssertionError(arch)


def _with_width(arch: Any, width: int) -> Any:
    def scaled(sizes: tuple[int, ...], old: int) -> tuple[int, ...]:
        return tuple(max(size * width // old, 1) for size in sizes)

    match arch:
        case Mlp(generator=sizes, critic=critic):
            return dataclasses.replace(arch, generator=scaled(sizes, max(sizes)), critic=scaled(critic, max(sizes)))
        case Conv(channels=channels):
            return dataclasses.replace(arch, channels=scaled(channels, channels[0]))
        case FlatConv():
            return dataclasses.replace(arch, channels=width)
        case _:
            return dataclasses.replace(arch, units=width)


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
    except BadCheckpointError as error:
        now = ", ".join(f"{key}={getattr(entry.recipe, key)}" for key in changes)
        raise UsageError(f"{str(error).removesuffix('.')}; {entry.name} has {now}.") from None


def _parsed(text: str) -> object:
    constants = {"true": True, "false": False, "none": None}
    if text.lower() in constants:
        return constants[text.lower()]
    with contextlib.suppress(ValueError):
        return int(text)
    with contextlib.suppress(ValueError):
        return float(text)
    return text
