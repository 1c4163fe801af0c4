"""All records by name: the zoo's own, those of installed packages, and those of a user's own code.

Importing `genzoo.zoo` registers the zoo's own.  A package adds its own by an entry point of the group
`genzoo.plugins`, which names a list of records; such packages are looked for once, when names are
listed or one is asked for that nothing here has.
"""

from __future__ import annotations

import importlib
import operator
import os
import sys
from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

from genzoo.errors import GenzooError, RegistrationError, brief
from genzoo.log import warn

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

    from genzoo.zoo.datasets import Dataset
    from genzoo.zoo.family import Family
    from genzoo.zoo.metrics import Metric
    from genzoo.zoo.spec import Entry

    Record: TypeAlias = Family | Dataset | Metric | Entry

T = TypeVar("T")
GROUP = "genzoo.plugins"
"""The entry points by which an installed package brings its records."""

_TABLES: dict[str, dict[str, Any]] = {"family": {}, "dataset": {}, "metric": {}, "entry": {}}
FAMILIES: Mapping[str, Family] = MappingProxyType(_TABLES["family"])
DATASETS: Mapping[str, Dataset] = MappingProxyType(_TABLES["dataset"])
ALL_METRICS: Mapping[str, Metric] = MappingProxyType(_TABLES["metric"])
ENTRIES: Mapping[str, Entry] = MappingProxyType(_TABLES["entry"])
"""Every entry by its full name: the zoo's in the order of the reports."""

_packages: dict[str, str] = {}
_looked = False


def register(*records: Record) -> None:
    """Make families, datasets, metrics and entries known by their names.

    All of them are registered, or none.

    Raises:
        RegistrationError: for a name that is taken, what is no record, or an entry before its family.
    """
    new: set[tuple[str, str]] = set()
    for record in records:
        noun = getattr(type(record), "noun", None)
        if noun not in _TABLES:
            raise RegistrationError(f"{brief(record)} is no Family, Dataset, Metric or Entry: register those alone.")
        if record.name in _TABLES[noun] or (noun, record.name) in new:
            raise RegistrationError(f"The {noun} {record.name} is registered twice: give one of the two another name.")
        new.add((noun, record.name))
        family = getattr(record, "family", None)
        if family is not None and FAMILIES.get(family.name) != family and ("family", family.name) not in new:
            raise RegistrationError(f"{record.name} is of a family {family} that is not registered: register it first.")
    for record in records:
        _TABLES[type(record).noun][record.name] = record


def load_plugins() -> None:
    """Register what installed packages bring, once; one that cannot be imported is told of in a warning."""
    global _looked
    if _looked:
        return
    _looked = True
    for point in _entry_points():
        package = point.dist.name if point.dist else point.name
        try:
            records = list(point.load())
            register(*records)
        except Exception as error:  # a package of anybody's may raise anything
            reason = " ".join(str(error).split()) or type(error).__name__
            warn(
                "The package %s brings genzoo records that could not be registered (%s): upgrade or remove it.",
                package,
                reason,
            )
        else:
            _packages.update((record.name, package) for record in records if type(record).noun == "family")


def _entry_points() -> Iterable[EntryPoint]:
    """The entry points of the group; importlib.metadata, which is slow to import, is asked only where there are any."""
    if not any(map(_mentions_group, _metadata_files())):
        return ()
    from importlib.metadata import entry_points

    return entry_points(group=GROUP)


def _metadata_files() -> Iterator[str]:
    for folder in sys.path:
        try:
            names = os.listdir(folder or ".")
        except OSError:
            continue  # an archive, or nothing at all
        for name in names:
            if name.endswith((".dist-info", ".egg-info")):
                yield os.path.join(folder, name, "entry_points.txt")


def _mentions_group(path: str) -> bool:
    try:
        with open(path, "rb") as file:
            return GROUP.encode() in file.read()
    except OSError:
        return False


def find_family(name: object) -> Family | None:
    """The family of a name, here or in an installed package; None where there is none."""
    return _find(FAMILIES, name)


def find_dataset(name: object) -> Dataset | None:
    """The dataset of a name, here or in an installed package; None where there is none."""
    return _find(DATASETS, name)


def find_entry_named(name: str) -> Entry | None:
    """The entry of a full name, here or in an installed package; None where there is none."""
    return _find(ENTRIES, name)


def _find(table: Mapping[str, T], name: object) -> T | None:
    if not isinstance(name, str):
        return None
    if name not in table:
        load_plugins()
    return table.get(name)


def package_of(family: Family) -> str | None:
    """The installed package that brought a family; None for the zoo's own, and those of a user's own code."""
    return _packages.get(family.name)


def resolve(place: str) -> Any:
    """The function that a record names as `module:function`, imported when it is needed.

    Raises:
        GenzooError: where it is not there.
    """
    module, _, name = place.partition(":")
    try:
        return operator.attrgetter(name)(importlib.import_module(module))
    except (ImportError, AttributeError) as error:
        raise GenzooError(
            f"{place}, which a record names, cannot be imported ({error}): install what it needs."
        ) from None
