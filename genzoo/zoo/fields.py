"""Dataclasses to JSON values and back, strictly: every key known, every type right."""

from __future__ import annotations

import dataclasses
import math
import types
import typing
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, Literal, TypeVar

from genzoo.errors import InvalidEntryError, brief, brief_list

T = TypeVar("T")
Readers = Mapping[Any, Callable[[Any, str], Any]]
"""The reader of a field of a class whose JSON says less than the record has: (value, where) -> record."""
NOT_STORED = {"stored": False}
"""Metadata of a dataclass's field that is no part of its JSON."""
MOST_LETTERS = 64
"""Of a part of a name: folders and files are called by names, and a file's name may have 255 letters."""


def check(condition: bool, message: str) -> None:
    """Raise `InvalidEntryError` with `message` unless `condition` holds."""
    if not condition:
        raise InvalidEntryError(message)


def check_name(noun: str, name: str) -> None:
    """Raise `InvalidEntryError` unless a family's or a dataset's name is one that a folder can bear."""
    check(
        name.isascii() and name.isalnum() and name == name.lower() and len(name) <= MOST_LETTERS,
        f"the {noun} name {brief(name)} must be lower-case letters and digits, at most {MOST_LETTERS}.",
    )


def encode(value: Any) -> Any:
    """Plain JSON values of a dataclass, with its `kind` where it has one, or its name alone; see `decode`.

    Of a `sparse` one, fields that hold nothing (None, or an empty text, tuple or mapping) are left out.
    """
    if getattr(value, "stored_as_name", False):
        return value.name
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        given = {f.name: getattr(value, f.name) for f in _stored(value)}
        if getattr(value, "sparse", False):
            given = {name: item for name, item in given.items() if item is not None and item not in ("", (), {})}
        encoded = {name: encode(item) for name, item in given.items()}
        kind = getattr(value, "kind", None)
        return encoded if kind is None else {"kind": kind, **encoded}
    if isinstance(value, Mapping):
        return {key: encode(item) for key, item in value.items()}
    return [encode(item) for item in value] if isinstance(value, tuple) else value


def _stored(cls: Any) -> list[dataclasses.Field[Any]]:
    return [f for f in dataclasses.fields(cls) if f.metadata.get("stored", True)]


@cache
def _shape_of(cls: Any) -> tuple[Mapping[str, Any], frozenset[str], frozenset[str]]:
    """The types of a dataclass's fields, the names of those that JSON may have, and of those that it must."""
    stored = _stored(cls)
    missing = dataclasses.MISSING
    needed = frozenset(f.name for f in stored if f.default is missing and f.default_factory is missing)
    return typing.get_type_hints(cls), frozenset(f.name for f in stored), needed


def decode(cls: type[T], value: object, where: str, readers: Readers | None = None) -> T:
    """A dataclass from JSON values.

    Args:
        cls: the dataclass.
        value: its JSON value, as `encode` gives it.
        where: what it is, for an error.
        readers: what reads fields of some classes.

    Raises:
        InvalidEntryError: naming the field that is wrong.
    """
    check(isinstance(value, dict), f"{where} must be an object.")
    given, readers = typing.cast("dict[str, Any]", value), readers or {}
    hints, fields, needed = _shape_of(typing.cast("Any", cls))
    unknown, missing = sorted(given.keys() - fields), sorted(needed - given.keys())
    check(not unknown and not missing, f"{where} has unknown fields {brief_list(unknown)} and lacks {missing}.")
    decoded = {}
    for name, item in given.items():
        hint, at = hints[name], f"{where}.{name}"
        decoded[name] = readers[hint](item, at) if hint in readers else _decode(hint, item, at)
    return cls(**decoded)


def decode_kind(kinds: Mapping[str, type[T]], value: object, where: str) -> T:
    """One of several dataclasses from its JSON, which says its `kind`.

    Raises:
        InvalidEntryError: naming the field that is wrong.
    """
    kind = value.get("kind") if isinstance(value, dict) else None
    check(isinstance(kind, str) and kind in kinds, f"{where}.kind must be one of {list(kinds)}.")
    fields = typing.cast("dict[str, Any]", value)
    return decode(kinds[typing.cast("str", kind)], {k: v for k, v in fields.items() if k != "kind"}, where)


def _decode(hint: Any, value: Any, where: str) -> Any:
    if dataclasses.is_dataclass(hint):
        return decode(typing.cast("type[Any]", hint), value, where)
    origin, args = typing.get_origin(hint), typing.get_args(hint)
    if origin is Literal:
        check(isinstance(value, str) and value in args, f"{where} is {brief(value)}, but must be one of {list(args)}.")
        return value
    if origin is tuple:
        kind = "integers" if args[0] is int else "numbers" if args[0] is float else "values"
        check(isinstance(value, list), f"{where} must be a list of {kind}.")
        wanted = [args[0]] * len(value) if Ellipsis in args else args
        check(len(value) == len(wanted), f"{where} must be a list of {kind}, {len(wanted)} of them.")
        return tuple(_decode(one, item, where) for one, item in zip(wanted, value, strict=True))
    if origin in (Mapping, dict):
        check(isinstance(value, dict), f"{where} must be an object.")
        return {
            name: _decode(args[1], item, f"{where}.{name if name.isidentifier() else brief(name)}")
            for name, item in value.items()
        }
    if hint is Any:
        return value
    if origin in (types.UnionType, typing.Union):
        return None if value is None else _decode(args[0], value, where)
    if hint is float and type(value) is int:
        value = float(value) if abs(value) < 1e300 else None
    check(type(value) is hint, f"{where} must be of type {getattr(hint, '__name__', hint)}.")
    check(hint is not float or math.isfinite(value), f"{where} must be a finite number.")
    return value
