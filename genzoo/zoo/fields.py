"""Dataclasses to JSON values and back, strictly: every key known, every type right."""

from __future__ import annotations

import dataclasses
import math
import types
import typing
from collections.abc import Callable, Mapping
from typing import Any, Literal, TypeVar

from genzoo.errors import InvalidEntryError, brief, brief_list

T = TypeVar("T")
Readers = Mapping[Any, Callable[[Any, str], Any]]
"""What reads a field of a class whose JSON says less than the record has: (value, where) -> record."""
NOT_STORED = {"stored": False}
"""Metadata of a dataclass's field that is no part of its JSON."""
MOST_LETTERS = 64
"""Of a part of a name: folders and files are called by names, and a file's name may have 255 letters."""


class Record:
    """Equality, hash and repr of a frozen dataclass, from its fields.

    `dataclass` would compile them anew for each class, which takes a twentieth of the time of `genzoo list`.
    """

    def _compared(self) -> tuple[Any, ...]:
        return tuple(getattr(self, f.name) for f in dataclasses.fields(typing.cast(Any, self)) if f.compare)

    def __eq__(self, other: object) -> bool:
        return self._compared() == other._compared() if type(other) is type(self) else NotImplemented

    def __hash__(self) -> int:
        return hash(self._compared())

    def __repr__(self) -> str:
        shown = (f"{f.name}={getattr(self, f.name)!r}" for f in dataclasses.fields(typing.cast(Any, self)) if f.repr)
        return f"{type(self).__name__}({', '.join(shown)})"


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
    """Plain JSON values of a dataclass, with its `kind` where it has one, or its name alone; see `decode`."""
    if getattr(value, "stored_as_name", False):
        return value.name
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        encoded = {f.name: encode(getattr(value, f.name)) for f in _stored(value)}
        kind = getattr(value, "kind", None)
        return encoded if kind is None else {"kind": kind, **encoded}
    return list(value) if isinstance(value, tuple) else value


def _stored(cls: Any) -> list[dataclasses.Field[Any]]:
    return [f for f in dataclasses.fields(cls) if f.metadata.get("stored", True)]


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
    hints = typing.get_type_hints(cls)
    fields = {f.name: f for f in _stored(cls)}
    unknown = sorted(set(given) - set(fields))
    missing = sorted(n for n, f in fields.items() if f.default is dataclasses.MISSING and n not in given)
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
        fixed = len(args) if Ellipsis not in args else None
        check(isinstance(value, list) and len(value) in (fixed or len(value),), f"{where} must be a list of integers.")
        return tuple(_decode(int, item, where) for item in value)
    if origin in (types.UnionType, typing.Union):
        return None if value is None else _decode(args[0], value, where)
    if hint is float and type(value) is int:
        value = float(value) if abs(value) < 1e300 else None
    check(type(value) is hint, f"{where} must be of type {getattr(hint, '__name__', hint)}.")
    check(hint is not float or math.isfinite(value), f"{where} must be a finite number.")
    return value
