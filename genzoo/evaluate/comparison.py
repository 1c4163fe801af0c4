"""Measurements of the same kind side by side."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from genzoo.checkpoint.measurement import SAME, Document
from genzoo.errors import UsageError, brief
from genzoo.zoo.metrics import ALL_METRICS, MIXTURE


def compare(documents: Sequence[Document]) -> dict[str, Any]:
    """Measurements of the same kind, with what is best in each metric.

    Returns:
        `models`: for each, and for a VAE's mixture prior, its name (numbered where it is not the first of it) and
        each metric's mean, std and floor; `best`: for each metric the names that have the best mean; and what the
        measurements share.

    Raises:
        UsageError: for fewer than two, or for measurements that cannot be compared.
    """
    if len(documents) < 2:
        raise UsageError("A comparison needs two measurements or more: name them after --compare.")
    for key in SAME:
        way_out = "compare those of one dataset" if key == "dataset" else "measure anew"
        found = {json.dumps(document[key], sort_keys=True): document["name"] for document in documents}
        if len(found) > 1:
            words = ", ".join(f"{name} has {brief(json.loads(value))}" for value, name in found.items())
            raise UsageError(f"These were measured otherwise in {key} ({words}) and cannot be compared: {way_out}.")
    shared = {key: documents[0][key] for key in SAME}
    documents = [row for document in _told_apart(documents) for row in _by_prior(document)]
    models = [
        {"name": document["name"], **{key: _brief(document[key]) for key in ALL_METRICS if key in document}}
        for document in documents
    ]
    best = {key: _best(documents, key) for key in ALL_METRICS if any(key in document for document in documents)}
    return {**shared, "models": models, "best": best}


def _told_apart(documents: Sequence[Document]) -> list[Document]:
    """Measurements with names of their own: a second one of a name is numbered."""
    seen: Counter[str] = Counter()
    told: list[Document] = []
    for document in documents:
        name = document["name"]
        seen[name] += 1
        told.append(document if seen[name] == 1 else {**document, "name": f"{name} ({seen[name]})"})
    return told


def _by_prior(document: Document) -> list[Document]:
    """A measurement, and that of a VAE's samples from its mixture as one more."""
    mixture = document.get(MIXTURE)
    return [document, *([{"name": f"{document['name']}, mixture", **mixture}] if isinstance(mixture, dict) else [])]


def _brief(row: Mapping[str, Any]) -> dict[str, Any]:
    return {key: row.get(key) for key in ("mean", "std", "floor", "standard_error") if key in row}


def _best(documents: Sequence[Document], key: str) -> list[str]:
    rows = {document["name"]: document[key] for document in documents if key in document}
    # Under two likelihoods the same number of nats means two things.
    if len({row.get("likelihood") for row in rows.values()}) > 1:
        return []
    choose = min if ALL_METRICS[key].better == "lower" else max
    top = choose(row["mean"] for row in rows.values())
    return [name for name, row in rows.items() if row["mean"] == top]
