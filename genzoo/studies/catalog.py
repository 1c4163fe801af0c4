"""The studies there are, by name.  Reading this module costs no torch."""

from __future__ import annotations

import fnmatch
from collections.abc import Mapping, Sequence
from types import MappingProxyType

from genzoo.errors import UnknownNameError
from genzoo.studies.declared import report3, report4, reports0to2
from genzoo.studies.study import Study
from genzoo.zoo.catalog import nearest
from genzoo.zoo.fields import check


def _by_name() -> dict[str, Study]:
    found: dict[str, Study] = {}
    for declared in (reports0to2, report3, report4):
        for study in declared.studies():
            check(study.name not in found, f"the study {study.name} is declared twice.")
            found[study.name] = study
    return found


STUDIES: Mapping[str, Study] = MappingProxyType(_by_name())
"""Every study by its name, in the order of the reports."""


def find_studies(patterns: Sequence[str]) -> list[Study]:
    """The studies that names and wildcards stand for, each once, in the order they are named.

    Raises:
        UnknownNameError: for a name or a wildcard that no study has; of a name the error lists the nearest.
    """
    found: dict[str, Study] = {}
    for pattern in patterns:
        matching = [name for name in STUDIES if fnmatch.fnmatchcase(name, pattern)]
        if not matching:
            known = "`genzoo study list` shows every one."
            raise UnknownNameError(f"There is no study {pattern!r}: {nearest(pattern, STUDIES, known)}")
        found |= {name: STUDIES[name] for name in matching}
    return list(found.values())
