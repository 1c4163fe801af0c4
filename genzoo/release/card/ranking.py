"""Report 3's order of its five GANs, beside which cards show the order that was measured."""

from __future__ import annotations

from typing import Any

from genzoo.checkpoint.folder import Folder
from genzoo.checkpoint.manifest import MANIFEST
from genzoo.errors import UsageError
from genzoo.evaluate.comparison import compare
from genzoo.release.card.facts import Facts, read_measurement
from genzoo.zoo.catalog import ENTRIES

_RANKED = "report 3"


def report_3_names() -> list[str]:
    """Report 3's entries in the order in which it ranks them, the best first."""
    return [entry.name for entry in ENTRIES.values() if entry.source == _RANKED]


def ranking(facts: Facts) -> list[dict[str, Any]]:
    """The name and the metrics of each of report 3's entries, in its order, for the card of one of them.

    Nothing until all that the zoo has of them are measured, and measured alike.

    Raises:
        DataError: for a `metrics.json` that is no measurement.
        BadCheckpointError: for a measurement of other weights.
    """
    home, names = facts.folder.path.parent, report_3_names()
    if facts.entry.name not in names or not (home / MANIFEST).is_file():
        return []
    found = [measured for name in names if (measured := read_measurement(Folder(home / name))) is not None]
    if len(found) < len(names):
        return []
    try:
        compare(found)
    except UsageError:  # measured otherwise, until the last of them is measured anew
        return []
    whole = all({"frechet_distance", "coverage"} <= measured.rows.keys() for measured in found)
    return [{"name": name, **measured.rows} for name, measured in zip(names, found, strict=True)] if whole else []
