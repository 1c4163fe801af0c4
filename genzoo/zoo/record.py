"""Frozen dataclasses that share their methods: compiling them anew for each took a sixth of `genzoo list`."""

from __future__ import annotations

import dataclasses
import inspect
from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING, Any, NoReturn, cast

__all__ = ["Record", "record"]

if TYPE_CHECKING:
    from dataclasses import dataclass as record
else:

    def record(*, frozen: bool) -> Any:
        """Make a dataclass of a subclass of `Record`, from which it has its methods."""

        def made(cls: type[Record]) -> type[Record]:
            # `dataclass` allows a subclass of a frozen one nothing but methods of its own by which it is frozen.
            known = dataclasses.dataclass(init=False, repr=False, eq=False, frozen=dataclasses.is_dataclass(cls))(cls)
            known.__dataclass_params__.frozen = frozen  # as subclasses that are plain dataclasses must be
            return known

        return made


class _Signature:
    """The parameters of a class of records, as `help` shows them."""

    def __get__(self, _: object, cls: Any) -> inspect.Signature:
        kind, unset = inspect.Parameter.POSITIONAL_OR_KEYWORD, dataclasses.MISSING
        return inspect.Signature(
            [
                inspect.Parameter(f.name, kind, annotation=f.type)
                if f.default is unset
                else inspect.Parameter(f.name, kind, default=f.default, annotation=f.type)
                for f in dataclasses.fields(cls)
            ]
        )


class Record:
    """The methods of a frozen dataclass, by its fields."""

    __signature__ = _Signature()

    def __init__(self, *given: Any, **named: Any) -> None:
        names, defaults = _parameters(cast(Any, type(self)))
        placed = dict(zip(names, given, strict=False))
        values = {**defaults, **placed, **named}
        if len(placed) < len(given) or placed.keys() & named or values.keys() != names.keys():
            type(self).__signature__.bind(*given, **named)  # which raises Python's own errors
        vars(self).update(values)
        self.__post_init__()

    def __post_init__(self) -> None:
        """Check the values, or complete them."""

    if not TYPE_CHECKING:  # or else no attribute would be unknown to a checker of types

        def __setattr__(self, name: str, value: object) -> NoReturn:
            raise dataclasses.FrozenInstanceError(f"cannot assign to field {name!r}")

        def __delattr__(self, name: str) -> NoReturn:
            raise dataclasses.FrozenInstanceError(f"cannot delete field {name!r}")

    def __eq__(self, other: object) -> bool:
        return self is other or (_compared(self) == _compared(other) if type(other) is type(self) else NotImplemented)

    def __hash__(self) -> int:
        return hash(_compared(self))

    def __repr__(self) -> str:
        shown = (f"{field.name}={getattr(self, field.name)!r}" for field in _fields(self) if field.repr)
        return f"{type(self).__name__}({', '.join(shown)})"


@cache
def _parameters(cls: Any) -> tuple[Mapping[str, None], Mapping[str, Any]]:
    """The names of a class's fields, in their order, and the values of those that may be left out."""
    fields = dataclasses.fields(cls)
    return dict.fromkeys(f.name for f in fields), {
        f.name: f.default for f in fields if f.default is not dataclasses.MISSING
    }


def _fields(record: Any) -> tuple[dataclasses.Field[Any], ...]:
    return dataclasses.fields(record)


def _compared(record: Any) -> tuple[Any, ...]:
    return tuple(getattr(record, field.name) for field in _fields(record) if field.compare)
