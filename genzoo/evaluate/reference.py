"""Real images to measure against, and the floor: the metrics of training images themselves."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from genzoo.checkpoint.files import write_text
from genzoo.checkpoint.folder import Folder
from genzoo.checkpoint.strict import read_json
from genzoo.errors import BadCheckpointError, DataError, InvalidEntryError
from genzoo.evaluate.extractors import REFERENCE_IMAGES, Extractor, Split, ZooFeatures, draw
from genzoo.evaluate.kept import kept
from genzoo.evaluate.neighbours import Radii, radii_of
from genzoo.evaluate.progress import quiet
from genzoo.evaluate.scores import Sample, score
from genzoo.version import __version__
from genzoo.zoo.fields import check, decode, encode
from genzoo.zoo.metrics import metrics_of
from genzoo.zoo.registry import ALL_METRICS

FLOORS = "floors.json"
SEEDS = (0, 1, 2)
Values = dict[str, list[float]]
"""Each metric's value for each seed."""


@dataclass(frozen=True)
class Floor:
    """Scores of training images: each metric's value for each seed, of `n` images against the `reference` split."""

    reference: str
    n: int
    seeds: tuple[int, ...]
    values: Mapping[str, tuple[float, ...]]

    def __post_init__(self) -> None:
        whole = self.values and all(len(values) == len(self.seeds) for values in self.values.values())
        check(bool(whole), "a floor has not a value for each seed.")


@dataclass(frozen=True)
class Floors:
    """The floors that ship beside a feature net."""

    format: int
    floors: tuple[Floor, ...]


class Reference(Sample):
    """Features of real images, which many samples are held against: what takes long to compute of them is kept."""

    @cached_property
    def radii(self) -> Radii:
        """As any sample's."""
        found = kept(
            "radii",
            [self.features.numpy()],
            lambda: {k: v.numpy() for k, v in radii_of(self.doubled)._asdict().items()},
        )
        return Radii(**{name: torch.from_numpy(array) for name, array in found.items()})

    def kernel_sums(self, places: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
        """As any sample's."""
        inputs = [self.features.numpy(), places]
        return kept("kernel", inputs, lambda: {"sums": super(Reference, self).kernel_sums(places)})["sums"]

    def known_parts(self, places: Tensor) -> Iterator[Sample]:
        """As any sample's."""

        def compute() -> dict[str, npt.NDArray[np.float64]]:
            each = [(*part.radii, part.kernel_sum) for part in self.parts(places)]
            return {name: np.stack(values) for name, values in zip(names, zip(*each, strict=True), strict=True)}

        names = (*Radii._fields, "kernel_sum")
        found = kept("parts", [self.features.numpy(), places.numpy()], compute)
        known = (found[name] for name in names)
        for part, *radii, kernel_sum in zip(self.parts(places), *known, strict=True):
            # Where a cached property keeps what it has computed.
            vars(part).update(radii=Radii(*map(torch.from_numpy, radii)), kernel_sum=float(kernel_sum))
            yield part


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
    ships with the feature net is looked up first, then what was kept from another time; `report` is called with each
    seed that is measured.

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

    def compute() -> dict[str, np.ndarray[Any, Any]]:
        sets = (pool[draw(len(pool), n, seed)] for seed in seeds)
        scores = scores_of_sets(sets, reference, seeds, report, missing)
        return {key: np.array(of_seeds) for key, of_seeds in scores.items()}

    places = [ALL_METRICS[key].compute for key in missing]
    seen = [part.numpy() for sample in (reference, pool) for part in (sample.features, sample.logits)]
    found = kept("floor", [__version__, n, list(seeds), missing, places, *seen], compute)
    return values | {key: found[key].tolist() for key in missing}


def _shipped(extractor: Extractor, split: Split, n: int, seeds: Sequence[int]) -> Values:
    """The floor from the net's own table, of the metrics that it lists; empty where it does not list this one."""
    if not isinstance(extractor, ZooFeatures) or not extractor.has_shipped(FLOORS):
        return {}
    for floor in read_floors(extractor.folder):
        if floor.reference == split and floor.n == n and set(seeds) <= set(floor.seeds):
            places = [floor.seeds.index(seed) for seed in seeds]
            known = [key for key in metrics_of("samples") if key in floor.values]
            return {key: [floor.values[key][place] for place in places] for key in known}
    return {}


def read_floors(folder: Folder) -> tuple[Floor, ...]:
    """The rows of a feature net's table of floors, none where it has no table.

    Raises:
        BadCheckpointError: for a table that is damaged.
    """
    if not folder.has(FLOORS):
        return ()
    path = folder.file(FLOORS)
    try:
        return decode(Floors, read_json(path), "the table").floors
    except (ValueError, InvalidEntryError) as error:
        reason = str(error).rstrip(".")
        raise BadCheckpointError(f"{path} is damaged ({reason}): install genzoo anew.") from None


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
    floors = []
    for split in splits:
        report(f"floor against the {split} set")
        reference = reference_sample(extractor, split, data_dir)
        values = floor_values(extractor, split, reference, REFERENCE_IMAGES, SEEDS, data_dir) or {}
        each = {key: tuple(of_seeds) for key, of_seeds in values.items()}
        floors.append(Floor(split, REFERENCE_IMAGES, SEEDS, each))
    write_text(folder / FLOORS, json.dumps(encode(Floors(1, tuple(floors))), indent=1) + "\n")
