"""Report 3's order of its five GANs beside the order that was measured."""

from __future__ import annotations

from dataclasses import dataclass

from genzoo.card.facts import Facts, read_measurement, rows_of
from genzoo.catalog import ENTRIES
from genzoo.errors import UsageError
from genzoo.metrics import compare
from genzoo.weights import MANIFEST, Folder

_RANKED = "report 3"


@dataclass(frozen=True)
class Place:
    """An entry's place in the report, and by the Fréchet distance that was measured; 1 is the best."""

    name: str
    reported: int
    measured: int
    distance: float
    coverage: float

    @property
    def as_reported(self) -> bool:
        """Whether both are the same."""
        return self.reported == self.measured


def report_3_names() -> list[str]:
    """Report 3's entries in the order in which it ranks them, the best first."""
    return [entry.name for entry in ENTRIES.values() if entry.source == _RANKED]


def ranking(facts: Facts) -> list[Place]:
    """The places of report 3's entries, for the card of one of them; none until all of the zoo's are measured alike.

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
    distances = [mean["frechet_distance"] for mean in means]
    order = sorted(range(len(names)), key=distances.__getitem__)
    return [Place(name, i + 1, order.index(i) + 1, distances[i], means[i]["coverage"]) for i, name in enumerate(names)]
