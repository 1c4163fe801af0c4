"""Records are frozen dataclasses to whoever uses them."""

from __future__ import annotations

import copy
import dataclasses
import inspect
import pickle
from dataclasses import dataclass
from typing import Any

import pytest

from genzoo.zoo.architecture import Architecture
from genzoo.zoo.catalog import ENTRIES
from genzoo.zoo.families.conv import Conv
from genzoo.zoo.papers import Paper
from genzoo.zoo.record import Record, record


@record(frozen=True)
class Point(Record):
    """A point."""

    x: int
    y: int = 0
    label: str = dataclasses.field(default="", compare=False, repr=False)

    def __post_init__(self) -> None:
        if self.x < 0:
            raise ValueError("x is negative")


@record(frozen=True)
class Point3(Point):
    """A point in space."""

    z: int = 0


@dataclass(frozen=True)
class Plugin(Architecture):
    """What a package brings has the standard library's decorator."""

    units: int = 3


@dataclass(frozen=True)
class PluginConv(Conv):
    """The same of an architecture that has fields."""

    depth: int = 1


def test_values_are_given_by_place_and_by_name() -> None:
    assert dataclasses.astuple(Point(1, 2)) == dataclasses.astuple(Point(y=2, x=1)) == (1, 2, "")
    assert dataclasses.replace(Point(1, 2), y=5) == Point(1, 5)
    assert dataclasses.astuple(Point3(1, z=4)) == (1, 0, "", 4)
    with pytest.raises(ValueError, match="x is negative"):
        dataclasses.replace(Point(1), x=-1)


@pytest.mark.parametrize(
    ("given", "named", "words"),
    [
        ((), {}, "missing a required argument: 'x'"),
        ((1, 2, "", 4), {}, "too many positional arguments"),
        ((1,), {"x": 1}, "multiple values for argument 'x'"),
        ((1,), {"z": 1}, "unexpected keyword argument 'z'"),
        ((), {"z": 1}, "missing a required argument: 'x'"),
    ],
)
def test_wrong_arguments_are_refused_in_pythons_words(given: Any, named: Any, words: str) -> None:
    with pytest.raises(TypeError, match=words):
        Point(*given, **named)


def test_signature() -> None:
    assert str(inspect.signature(Point)) == "(x: 'int', y: 'int' = 0, label: 'str' = '')"


def test_fields_that_are_not_compared_count_for_nothing() -> None:
    one, other = Point(1, 2, "a"), Point(1, 2, "b")
    assert one == other
    assert hash(one) == hash(other)
    assert one != Point(2, 2)
    assert Point(1) != Point3(1)
    assert repr(one) == "Point(x=1, y=2)"


@pytest.mark.parametrize("value", [Point(1), Point3(1), Plugin(), PluginConv((8, 8), 4), Paper("key", "title")])
def test_nothing_can_be_changed(value: Any) -> None:
    name = dataclasses.fields(value)[0].name
    with pytest.raises(dataclasses.FrozenInstanceError, match="cannot assign"):
        setattr(value, name, 7)
    with pytest.raises(dataclasses.FrozenInstanceError, match="cannot delete"):
        delattr(value, name)


@pytest.mark.parametrize("again", [copy.copy, copy.deepcopy, lambda value: pickle.loads(pickle.dumps(value))])
def test_copies_are_equal(again: Any) -> None:
    assert again(Point3(1, 2, z=3)) == Point3(1, 2, z=3)
    entry = next(iter(ENTRIES.values()))
    assert again(entry.recipe) == entry.recipe


def test_what_packages_derive() -> None:
    assert Plugin(4) == Plugin(units=4) != Plugin()
    assert dataclasses.replace(PluginConv((8, 8), 4), depth=2).depth == 2
    with pytest.raises(ValueError, match="a kernel of 1"):
        PluginConv((8, 8), 1)
