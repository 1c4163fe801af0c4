"""Report 3's order of its five GANs, beside which cards show the order that was measured."""

from __future__ import annotations

from typing import Any

from genzoo.checkpoint.folder import Folder
from genzoo.checkpoint.manifest import MANIFEST
from genzoo.errors import UsageError
from genzoo.evaluate.comparison import compare
from genzoo.release.card.facts import Facts, read_measurement, rows_of
from genzoo.zoo.catalog import ENTRIES

_RANKED = "report 3"


def report_3_names() -> list[str]:
    """Report 3's entries in the order in which it ranks them, the best first."""
    return [entry.name for entry in ENTRIES.values() if entry.source == _RANKED]


def ranking(facts: Facts) -> list[dict[str, Any]]:
    """The name and the metrics' means of each of report 3's entries, in its order, for the card of one of them.

    Nothing until all that the zoo has of them are measured, and measured alike.

    Raises:
        DataError: for a `metrics.json` that is no measurement.
        BadCheckpointError: for a measurement of other weights.
    """
    home, names = facts.folder.path.parent, report_3_names()
    if facts.entry.name not in names or not (home / MANIFEST).is_file():
        return []
    documents = [document for name in names if (document := read_measurement(Folder(home / name))) is not None]
    if len(documents) < len(names):
        return []
    try:
        compare(documents)
    except UsageError:  # measured otherwise, until the last of them is measured anew
        return []
    means = [{row.key: row.mean for row in rows_of(document)} for document in documents]
    whole = all(mean.keys() >= {"frechet_distance", "coverage"} for mean in means)
    return [{"name": name, **mean} for name, mean in zip(names, means, strict=True)] if whole else []
