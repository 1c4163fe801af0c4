"""The list of all metrics, and measurements of them as `metrics.json` holds them: read, and compared."""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from genzoo.errors import DataError, UsageError
from genzoo.strict import brief, read_json
from genzoo.weights import CONFIG, METRICS

Document = Mapping[str, Any]
_SAME = ("dataset", "features", "reference", "n")
_LONGEST_NAME = 255


@dataclass(frozen=True)
class Metric:
    """How a metric is read: its name in words, and which way is better."""

    label: str
    better: Literal["lower", "higher"]
    unit: str = ""


SAMPLE_METRICS: dict[str, Metric] = {
    "frechet_distance": Metric("Fréchet distance", "lower"),
    "kernel_distance": Metric("Kernel distance", "lower"),
    "precision": Metric("Precision", "higher"),
    "recall": Metric("Recall", "higher"),
    "density": Metric("Density", "higher"),
    "coverage": Metric("Coverage", "higher"),
    "class_balance": Metric("Class balance", "higher"),
    "confidence": Metric("Confidence", "higher"),
    "classifier_score": Metric("Classifier score", "higher"),
}
"""The metrics of sample quality, by their keys in `metrics.json`."""

MIXTURE = "mixture_prior"
"""What holds the metrics of a VAE's samples from its mixture; those from the standard normal stand outside."""

LIKELIHOOD_METRICS: dict[str, Metric] = {
    "reconstruction_error": Metric("Reconstruction error", "lower", "squared error per pixel of range [0, 1]"),
    "elbo": Metric("ELBO", "higher", "nats per image"),
    "log_likelihood": Metric("Log-likelihood", "higher", "nats per image"),
    "bits_per_dimension": Metric("Bits per dimension", "lower", "bits per pixel and channel"),
}
"""A VAE's metrics, by their keys in `metrics.json`."""

ALL_METRICS: dict[str, Metric] = {**SAMPLE_METRICS, **LIKELIHOOD_METRICS}


def read_metrics(source: str) -> dict[str, Any]:
    """The measurement of a name, a checkpoint folder or a repository, or in a file of `metrics.json`'s kind.

    Raises:
        DataError: when it has not been measured, or the file is not a measurement.
        UnknownNameError: for what is neither a name, a folder nor a file.
    """
    path = Path(source)
    if not os.path.isfile(path):
        from genzoo.hub import find_folder  # which `genzoo list` needs nothing of

        folder = find_folder(source)
        if not folder.has(METRICS):
            missing = folder.path / METRICS
            raise DataError(
                f"{source} has not been measured, {missing} is not there: run `genzoo evaluate {source}` first."
            )
        # A folder of measurements alone is no checkpoint, and nobody signs one.
        path = folder.file(METRICS) if folder.has(CONFIG) else folder.path / METRICS
    try:
        document: dict[str, Any] = read_json(path)
        _check_measurement(document)
    except ValueError as error:
        raise DataError(f"{path} is not a measurement ({error}): write it with `genzoo evaluate`.") from None
    return document


def _check_measurement(document: object) -> None:
    """Raise ValueError for what is not a measurement, as far as it is compared."""
    if not isinstance(document, dict) or not {"name", *_SAME} <= set(document):
        raise ValueError("its fields are not a measurement's")
    name = document["name"]
    if not (isinstance(name, str) and name.isprintable() and len(name) <= _LONGEST_NAME):
        raise ValueError(f"its name is {brief(name)}")
    kinds = {"dataset": str, "features": dict, "reference": dict, "n": int}
    if wrong := [key for key, kind in kinds.items() if not isinstance(document[key], kind)]:
        raise ValueError(f"its {wrong[0]} is {brief(document[wrong[0]])}")
    seeds = document.get("seeds", [])
    if not (isinstance(seeds, list) and all(isinstance(seed, int) for seed in seeds)):
        raise ValueError(f"its seeds are {brief(seeds)}")
    mixture = document.get(MIXTURE, {})
    if not isinstance(mixture, dict):
        raise ValueError(f"its {MIXTURE} is {brief(mixture)}")
    for rows in (document, mixture):
        _check_rows(rows)


def _check_rows(document: Document) -> None:
    for key in ALL_METRICS:
        row = document.get(key, {"mean": 0.0})
        if not isinstance(row, dict) or not isinstance(row.get("mean"), int | float):
            raise ValueError(f"its {key} has no mean")
        spreads = [row.get(spread) for spread in ("std", "floor", "standard_error")]
        if not all(isinstance(spread, int | float | None) for spread in spreads):
            raise ValueError(f"its {key} is not made of numbers")
        if not isinstance(row.get("likelihood"), str | None):
            raise ValueError(f"the likelihood of its {key} is no text")


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
    for key in _SAME:
        way_out = "compare those of one dataset" if key == "dataset" else "measure anew"
        found = {json.dumps(document[key], sort_keys=True): document["name"] for document in documents}
        if len(found) > 1:
            words = ", ".join(f"{name} has {brief(json.loads(value))}" for value, name in found.items())
            raise UsageError(f"These were measured otherwise in {key} ({words}) and cannot be compared: {way_out}.")
    shared = {key: documents[0][key] for key in _SAME}
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
