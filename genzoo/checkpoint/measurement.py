"""The contents of `metrics.json` as records, read strictly."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, ClassVar

from genzoo.checkpoint.strict import read_json
from genzoo.errors import DataError, InvalidEntryError, brief
from genzoo.values import with_margin
from genzoo.zoo.fields import NOT_STORED, check, decode, encode
from genzoo.zoo.metrics import MIXTURE
from genzoo.zoo.registry import ALL_METRICS

FORMAT = 1
SAME = ("dataset", "features", "reference", "n")
"""The fields that measurements must share to be compared."""
_LONGEST_NAME = 255
_LARGEST_DRAW = 1e100


@dataclass(frozen=True)
class Features:
    """The feature net that samples were seen through, and how many features it has."""

    name: str
    version: int
    size: int


@dataclass(frozen=True)
class Reference:
    """The real images that were measured against: a split, and how many where a feature net saw them."""

    sparse: ClassVar[bool] = True
    split: str
    n: int | None = None


@dataclass(frozen=True)
class Neighbours:
    """Which neighbour's distance is a radius."""

    precision_recall: int
    density_coverage: int


@dataclass(frozen=True)
class KernelSubsets:
    """How many subsets the kernel distance is a mean over, and of how many images each."""

    count: int
    size: int


@dataclass(frozen=True)
class MetricValue:
    """One metric's row.

    Attributes:
        mean: the value; of samples, the mean over the seeds' sets.
        std: its standard deviation over seeds; None of one seed.
        floor: what training images score in the samples' place; None where none were to be had.
        values: of each seed.
        standard_error: of a mean over test images.
        n: test images that it is a mean over.
        unit: in words.
        samples: posterior samples of each image.
        likelihood: what its nats assume, in words.
        margin: half the width of the interval around the mean in which 95 of 100 repeated measurements lie, of other
            samples against other real images; None of what was measured before there were intervals.
        draws: what the mean would be, for other samples and real images: numbers with spaces between them, since lists
            of them would take longer to read than `genzoo list` may.
    """

    sparse: ClassVar[bool] = True
    mean: float
    std: float | None = None
    floor: float | None = None
    values: tuple[float, ...] = ()
    standard_error: float | None = None
    n: int | None = None
    unit: str = ""
    samples: int | None = None
    likelihood: str = ""
    margin: float | None = None
    draws: str = ""

    def __post_init__(self) -> None:
        check(self.margin is None or self.margin >= 0, f"its margin is {self.margin}")
        try:
            right = all(abs(draw) < _LARGEST_DRAW for draw in self.drawn)  # which NaN is not either
        except ValueError:
            right = False
        check(right, f"its draws are {brief(self.draws, 40)}")

    @property
    def drawn(self) -> tuple[float, ...]:
        """The draws as numbers; draw i of any two measurements is of the same real images."""
        return tuple(map(float, self.draws.split()))

    @property
    def interval(self) -> tuple[float, float] | None:
        """The 95 % interval of a repeated measurement."""
        return None if self.margin is None else (self.mean - self.margin, self.mean + self.margin)

    @property
    def spread(self) -> float | None:
        """The number after ±: the margin, or, without an interval, the deviation over seeds or the standard error."""
        if self.margin is not None:
            return self.margin
        return self.standard_error if self.std is None else self.std

    @property
    def text(self) -> str:
        """The value with its spread, e.g. 0.424 ± 0.065; of an interval's value the digits that it leaves."""
        if self.margin is not None or self.spread is None:
            return with_margin(self.mean, self.margin)
        return f"{self.mean:.4g} ± {self.spread:.2g}"


QUANTILE = 2.023
"""The 97.5th percentile of Student's t with one degree of freedom fewer than a metric's draws, of which there are 40.
"""


def text_of_draws(draws: Iterable[float]) -> str:
    """Draws as a row stores them."""
    return " ".join(f"{draw:.5g}" for draw in draws)


Rows = Mapping[str, MetricValue]
"""Metrics by their keys."""


@dataclass(frozen=True)
class Measurement:
    """A measurement: of which weights, how, and each metric's value.

    Attributes:
        name: of the entry, or of the images.
        dataset: the real images' name.
        features: the feature net; None where none sees such images.
        reference: the real images.
        n: images of each seed.
        seeds: a set of images each.
        weights_sha256: of the weights; None for images in files.
        step: of training, where one of several states ships.
        neighbours: settings of the neighbour metrics.
        kernel_subsets: settings of the kernel distance.
        rows: by metric, of samples as they are drawn unless told otherwise, and of a VAE; those that were measured.
        mixture_prior: by metric, of a VAE's samples from its mixture.
        others: what else the file holds, such as metrics that are unknown here; kept as JSON values.
    """

    sparse: ClassVar[bool] = True
    name: str
    dataset: str
    reference: Reference
    n: int
    seeds: tuple[int, ...] = ()
    features: Features | None = None
    neighbours: Neighbours | None = None
    kernel_subsets: KernelSubsets | None = None
    weights_sha256: str | None = None
    step: int | None = None
    rows: Rows = field(default_factory=dict)
    mixture_prior: Rows = field(default_factory=dict)
    others: Mapping[str, Any] = field(default_factory=dict, metadata=NOT_STORED)

    def __post_init__(self) -> None:
        right = self.name.isprintable() and len(self.name) <= _LONGEST_NAME
        check(right, f"its name is {brief(self.name)}")

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values, as `metrics.json` holds them: the rows stand beside the other fields."""
        stored = encode(self)
        rows = stored.pop("rows", {})
        stored.setdefault("features", {})
        return {"format": FORMAT, **stored, **rows, **self.others}

    def to_text(self) -> str:
        """The text of `metrics.json`."""
        return json.dumps(self.to_json(), indent=2, ensure_ascii=False) + "\n"


_HEADER = frozenset(f.name for f in fields(Measurement)) - {"rows", "others", "features"}


def read_metrics(path: Path) -> Measurement:
    """The measurement in a file of the form of `metrics.json`.

    It says what it holds: a metric of this genzoo may be missing, and one that is unknown here is kept and not shown.

    Raises:
        DataError: when the file is not a measurement.
    """
    try:
        return measurement_of(read_json(path))
    except (ValueError, InvalidEntryError) as error:
        reason = str(error).rstrip(".")
        raise DataError(f"{path} is not a measurement ({reason}): write it with `genzoo evaluate`.") from None


def measurement_of(document: object) -> Measurement:
    """The measurement in the JSON values of `metrics.json`.

    Raises:
        InvalidEntryError: for what is none.
    """
    if not (isinstance(document, dict) and {"name", *SAME} <= {*document, "features"}):
        raise InvalidEntryError("its fields are not a measurement's")
    version = document.get("format", FORMAT)
    check(version == FORMAT, f"its format is {brief(version)}, this genzoo reads {FORMAT}")
    header = {key: document[key] for key in _HEADER & document.keys()}
    if document.get("features"):  # {} was written where no net sees the images
        header["features"] = document["features"]
    mixture = header.get(MIXTURE, {})
    check(isinstance(mixture, dict), f"its {MIXTURE} is {brief(mixture)}")
    header[MIXTURE] = {key: row for key, row in mixture.items() if key in ALL_METRICS}
    header["rows"] = {key: row for key, row in document.items() if key in ALL_METRICS}
    others = {key: row for key, row in document.items() if key not in {*header, *header["rows"], "format", "features"}}
    return dataclasses.replace(decode(Measurement, header, "it"), others=others)
