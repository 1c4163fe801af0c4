"""Dataclasses to JSON values and back, strictly: every key known, every type right."""

from __future__ import annotations

import dataclasses
import math
import types
import typing
from typing import Any, Literal, TypeVar

from genzoo.errors import BadCheckpointError, brief, brief_list

T = TypeVar("T")


def check(condition: bool, message: str) -> None:
    """Raise `BadCheckpointError` with `message` unless `condition` holds."""
    if not condition:
        raise BadCheckpointError(message)


def encode(value: Any) -> Any:
    """Plain JSON values of a dataclass, with its `kind` where it has one; see `decode`."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        encoded = {f.name: encode(getattr(value, f.name)) for f in dataclasses.fields(value)}
        kind = getattr(value, "kind", None)
        return encoded if kind is None else {"kind": kind, **encoded}
    return list(value) if isinstance(value, tuple) else value


def decode(cls: type[T], value: object, where: str) -> T:
    """A dataclass from JSON values; a field that may be one of several has their `kind`.

    Raises:
        BadCheckpointError: naming the field `where` it failed.
    """
    check(isinstance(value, dict), f"{where} must be an object.")
    given = typing.cast("dict[str, Any]", value)
    hints = typing.get_type_hints(cls)
    fields = {f.name: f for f in dataclasses.fields(cls)}  # type: ignore[arg-type]
    unknown = sorted(set(given) - set(fields))
    missing = sorted(n for n, f in fields.items() if f.default is dataclasses.MISSING and n not in given)
    check(not unknown and not missing, f"{where} has unknown fields {brief_list(unknown)} and lacks {missing}.")
    return cls(**{name: _decode(hints[name], item, f"{where}.{name}") for name, item in given.items()})


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
        kinds = {arg.kind: arg for arg in args if hasattr(arg, "kind")}
        if kinds:
            return _decode_kind(kinds, value, where)
        return None if value is None else _decode(args[0], value, where)
    if hint is float and type(value) is int:
        value = float(value) if abs(value) < 1e300 else None
    check(type(value) is hint, f"{where} must be of type {getattr(hint, '__name__', hint)}.")
    check(hint is not float or math.isfinite(value), f"{where} must be a finite number.")
    return value


def _decode_kind(kinds: dict[Any, type[Any]], value: Any, where: str) -> Any:
    kind = value.get("kind") if isinstance(value, dict) else None
    check(isinstance(kind, str) and kind in kinds, f"{where}.kind must be one of {list(kinds)}.")
    return decode(kinds[kind], {key: item for key, item in value.items() if key != "kind"}, where)
