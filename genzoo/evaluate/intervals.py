"""How sure a number is: draws of what it would be for other samples and other real images.

A draw takes the same share of the samples and of the real images, none of them twice, and computes the metric of them:
drawn with replacement, some would come twice and bias a Fréchet distance upwards.  The variance of a mean over all
images is that of the draws of a share s of them times s / (1 - s).

Of small shares that is too little for neighbour metrics, some of whose images count for much: where the sets of the
seeds, which are whole, differ by more than the draws say, draws are widened as much.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from genzoo.checkpoint.measurement import QUANTILE, MetricValue, text_of_draws
from genzoo.evaluate.extractors import draw
from genzoo.evaluate.reference import significant
from genzoo.evaluate.scores import Pair, Sample, score
from genzoo.zoo.registry import ALL_METRICS, resolve

DRAWS = 40
_NORMAL = 1.96
_SHARE = 0.8
_KERNEL_SUBSETS = 4  # of images that are a share already
_PAIRED = 1000
"""Real images of a draw where time grows with pairs of images."""

Draws = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Score:
    """A metric of one set of samples: its value, and by how much it would differ in each draw, of a share of images."""

    value: float
    deviations: Draws
    share: float = _SHARE


def scores_of(sample: Sample, reference: Sample, seed: int, metrics: Sequence[str] | None = None) -> dict[str, Score]:
    """Metrics, all of them unless told otherwise, of one set of samples against a reference, each with its draws.

    Raises:
        UsageError: for fewer images than the metrics can bear.
    """
    values = score(sample, reference, seed, metrics)
    deviations = draws_of(sample, reference, seed, list(values))
    shares = _shares(reference)
    return {
        name: Score(significant(value), deviations[name], shares[ALL_METRICS[name].grows])
        for name, value in values.items()
    }


def row_of(scores: Sequence[Score], floor: Sequence[float] | None) -> MetricValue:
    """A metric's row, from its score of each seed's set and its floor for each seed."""
    values = [one.value for one in scores]
    mean, sets = statistics.fmean(values), _widened(scores)
    return MetricValue(
        mean=significant(mean),
        # Of one set of images the spread is unknown, not zero.
        std=significant(statistics.stdev(values)) if len(values) > 1 else None,
        floor=significant(statistics.fmean(floor)) if floor else None,
        values=tuple(values),
        margin=significant(margin_of(sets)),
        draws=text_of_draws(mean + sets.mean(0)),
    )


def row_of_images(values: Tensor, unit: str, samples: int | None = None, likelihood: str = "") -> MetricValue:
    """A metric's row that is a mean over test images, from its value for each of them: (n,).

    Draw i takes the same images of a test set, whatever the model.
    """
    mean, n = float(values.mean()), len(values)
    error = float(values.std()) / math.sqrt(n) if n > 1 else 0.0
    halves = [float(values[draw(n, n // 2, i)].mean()) if n > 1 else mean for i in range(DRAWS)]
    shift = mean - statistics.fmean(halves)
    return MetricValue(
        mean=significant(mean),
        standard_error=significant(error),
        n=n,
        unit=unit,
        samples=samples,
        likelihood=likelihood,
        margin=significant(_NORMAL * math.sqrt(2) * error),
        draws=text_of_draws(half + shift for half in halves),
    )


def draws_of(sample: Sample, reference: Sample, seed: int, metrics: Sequence[str]) -> dict[str, Draws]:
    """By how much each metric would differ for other samples and other real images: (draws,) by name.

    Draw i takes the same real images of a reference, whatever the samples, so that draws of two models are paired.
    """
    found: dict[str, Draws] = {}
    for grows, share in _shares(reference).items():
        names = [name for name in metrics if ALL_METRICS[name].grows == grows]
        pairs = _pairs(sample, reference, seed, grows, share) if names else ()
        values = np.array([[float(resolve(ALL_METRICS[name].compute)(pair)) for name in names] for pair in pairs])
        found |= {name: _scaled(values[:, place], share) for place, name in enumerate(names)}
    return {name: found[name] for name in metrics}


def _shares(reference: Sample) -> dict[str, float]:
    """The share of images of a draw, by what a metric's time grows with."""
    return {"images": _SHARE, "pairs": min(_SHARE, _PAIRED / len(reference))}


def _pairs(sample: Sample, reference: Sample, seed: int, grows: str, share: float) -> Iterator[Pair]:
    """A share of the samples beside a share of the real images, for each draw."""

    def places(n: int, start: int) -> Tensor:
        return torch.stack([draw(n, round(share * n), start + i) for i in range(DRAWS)])

    some = sample.parts(places(len(sample), DRAWS))
    chosen = places(len(reference), 0)
    real = reference.known_parts(chosen) if grows == "pairs" else reference.parts(chosen)
    return (Pair(x, y, seed, kernel_subsets=_KERNEL_SUBSETS) for x, y in zip(some, real, strict=True))


def _scaled(values: Draws, share: float) -> Draws:
    deviations: Draws = (values - values.mean()) * math.sqrt(share / (1 - share))
    return deviations


def _widened(scores: Sequence[Score]) -> Draws:
    """The deviations of each set, (k, draws), widened where whole sets differ by more than small shares say."""
    sets = np.stack([one.deviations for one in scores])
    if len(scores) < 2 or scores[0].share >= _SHARE:
        return sets
    said = float(sets.var(0, ddof=1).mean())
    found = statistics.variance(one.value for one in scores)
    return sets * math.sqrt(found / said) if found > said > 0 else sets


def margin_of(sets: Draws) -> float:
    """Half the width of the interval around a mean over sets, in which 95 of 100 repeated measurements lie.

    They are of one set of other samples each, against other real images.

    Args:
        sets: the deviations of each, (k, draws), in which draw i is of the same real images.
    """
    count = len(sets)
    of_mean = float(sets.mean(0).var(ddof=1))
    of_samples = float(sets.var(0, ddof=1).mean()) if count > 1 else 0.0
    # The mean's own variance, and another set's: as much, and what the mean over sets has taken off that of samples.
    return QUANTILE * math.sqrt(2 * of_mean + of_samples * (1 - 1 / count))
