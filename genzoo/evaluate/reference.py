"""Real images to measure against, and the floor: the metrics of training images themselves."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch

from genzoo.checkpoint.files import write_text
from genzoo.checkpoint.folder import Folder
from genzoo.checkpoint.strict import read_json
from genzoo.errors import BadCheckpointError, DataError
from genzoo.evaluate.extractors import REFERENCE_IMAGES, Extractor, Split, ZooFeatures, draw
from genzoo.evaluate.progress import quiet
from genzoo.evaluate.scores import Reference, Sample, score
from genzoo.zoo.metrics import metrics_of

FLOORS = "floors.json"
SEEDS = (0, 1, 2)
Values = dict[str, list[float]]
"""Each metric's value for each seed."""


def reference_sample(extractor: Extractor, split: Split, data_dir: str | Path | None = None) -> Reference:
    """The 10,000 real images that samples are held against, or all where there are fewer.

    Raises:
        DataError: where they are neither shipped nor to be had.
    """
    real = extractor.real(split, data_dir)[:REFERENCE_IMAGES]
    return Reference(real.features, real.logits)


def significant(value: float) -> float:
    """A value to six significant digits: below them lie the rounding errors of one processor or another."""
    return float(f"{value:.6g}")


def scores_of_sets(
    sets: Iterable[Sample],
    reference: Sample,
    seeds: Sequence[int],
    report: Callable[[int], None] = quiet,
    metrics: Sequence[str] | None = None,
) -> Values:
    """Metrics, all of them unless told otherwise, of one set of images for each seed, to six significant digits.

    `report` is called with each seed that is done.
    """
    values: Values = {key: [] for key in (metrics_of("samples") if metrics is None else metrics)}
    for seed, images in zip(seeds, sets, strict=True):
        for key, value in score(images, reference, seed, metrics).items():
            values[key].append(significant(value))
        report(seed)
    return values


def floor_values(
    extractor: Extractor,
    split: Split,
    reference: Sample,
    n: int,
    seeds: Sequence[int],
    data_dir: str | Path | None = None,
    report: Callable[[int], None] = quiet,
) -> Values | None:
    """The metrics of `n` training images against the reference, for each seed.

    They are no images of the reference: a training reference's floor comes from other training images.  A table that
    ships with the feature net is looked up first; `report` is called with each seed that is measured.

    Returns:
        Each metric's value for each seed; None where there are fewer than `n` such images, or no training images to be
        had; of metrics that the shipped table lacks, nothing where that is so for them.
    """
    values = _shipped(extractor, split, n, seeds)
    missing = [key for key in metrics_of("samples") if key not in values]
    if not missing:
        return values
    try:
        pool = extractor.real("train", data_dir)
    except DataError:
        # The samples can be measured without.
        return values or None
    if split == "train":
        pool = pool[REFERENCE_IMAGES:]
    if len(pool) < n:
        return values or None
    sets = (pool[draw(len(pool), n, seed)] for seed in seeds)
    return values | scores_of_sets(sets, reference, seeds, report, missing)


def _shipped(extractor: Extractor, split: Split, n: int, seeds: Sequence[int]) -> Values:
    """The floor from the net's own table, of the metrics that it lists; empty where it does not list this one."""
    if not isinstance(extractor, ZooFeatures) or not extractor.has_shipped(FLOORS):
        return {}
    for row in read_floors(extractor.folder):
        if row["reference"] == split and row["n"] == n and set(seeds) <= set(row["seeds"]):
            places = [row["seeds"].index(seed) for seed in seeds]
            known = [key for key in metrics_of("samples") if key in row["values"]]
            return {key: [row["values"][key][place] for place in places] for key in known}
    return {}


def read_floors(folder: Folder) -> list[Mapping[str, Any]]:
    """The rows of a feature net's table of floors, none where it has no table.

    Raises:
        BadCheckpointError: for a table that is damaged.
    """
    if not folder.has(FLOORS):
        return []
    path = folder.file(FLOORS)
    try:
        rows = read_json(path)["floors"]
        for row in rows:
            # It may be older than a metric, which it then lacks.
            complete = row["values"] and all(len(values) == len(row["seeds"]) for values in row["values"].values())
            numbers = all(isinstance(v, int | float) for values in row["values"].values() for v in values)
            if not (complete and numbers and {"reference", "n"} <= set(row)):
                raise ValueError("a row is incomplete")
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise BadCheckpointError(f"{path} is damaged ({error}): install genzoo anew.") from None
    return list(rows)


def write_references(
    folder: Path,
    data_dir: str | Path | None = None,
    device: torch.device | None = None,
    report: Callable[[str], None] = quiet,
) -> None:
    """Write the files that ship beside a feature net: features of real images, and the floors at 10,000 images.

    Raises:
        DataError: for a dataset that is not to be had.
        GenzooError: when the folder cannot be written.
    """
    (folder / FLOORS).unlink(missing_ok=True)  # they were of the weights before
    extractor = ZooFeatures(Folder(folder), device)
    splits: tuple[Split, ...] = ("test", "train")
    for split in splits:
        report(f"features of the {split} set")
        extractor.write_real(split, data_dir)
    rows = []
    for split in splits:
        report(f"floor against the {split} set")
        reference = reference_sample(extractor, split, data_dir)
        values = floor_values(extractor, split, reference, REFERENCE_IMAGES, SEEDS, data_dir)
        rows.append({"reference": split, "n": REFERENCE_IMAGES, "seeds": list(SEEDS), "values": values})
    write_text(folder / FLOORS, json.dumps({"format": 1, "floors": rows}, indent=1) + "\n")
