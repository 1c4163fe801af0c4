"""How sure a number is: draws of what it would be for other samples and other real images.

A draw takes the same share of the samples and of the real images, none of them twice, and computes the metric of them:
drawn with replacement, some would come twice and bias a Fréchet distance upwards.  The variance of a mean over all
images is that of the draws of a share s of them times s / (1 - s); half of them (s = 1/2) give it as it is.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from torch import Tensor

from genzoo.checkpoint.measurement import MetricValue, text_of_draws
from genzoo.evaluate.extractors import draw
from genzoo.evaluate.reference import significant
from genzoo.evaluate.scores import Pair, Sample, score
from genzoo.zoo.registry import ALL_METRICS, resolve

DRAWS = 40
QUANTILE = 2.023
"""The 97.5th percentile of Student's t with one degree of freedom fewer than draws."""
_NORMAL = 1.96
_KERNEL_SUBSETS = 4  # of images that are a share already
_PAIRED = 1000
"""Real images of a draw where time grows with pairs of images."""

Draws = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Score:
    """A metric of one set of samples: its value, and by how much it would differ in each draw."""

    value: float
    deviations: Draws


def scores_of(sample: Sample, reference: Sample, seed: int, metrics: Sequence[str] | None = None) -> dict[str, Score]:
    """Metrics, all of them unless told otherwise, of one set of samples against a reference, each with its draws.

    Raises:
        UsageError: for fewer images than the metrics can bear.
    """
    values = score(sample, reference, seed, metrics)
    deviations = draws_of(sample, reference, seed, list(values))
    return {name: Score(significant(value), deviations[name]) for name, value in values.items()}


def row_of(scores: Sequence[Score], floor: Sequence[float] | None) -> MetricValue:
    """A metric's row, from its score of each seed's set and its floor for each seed."""
    values = [one.value for one in scores]
    mean, sets = statistics.fmean(values), [one.deviations for one in scores]
    return MetricValue(
        mean=significant(mean),
        # Of one set of images the spread is unknown, not zero.
        std=significant(statistics.stdev(values)) if len(values) > 1 else None,
        floor=significant(statistics.fmean(floor)) if floor else None,
        values=tuple(values),
        margin=significant(margin_of(sets)),
        draws=text_of_draws(mean + np.stack(sets).mean(0)),
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
    found: dict[str, list[float]] = {name: [] for name in metrics}
    shares = {"images": 0.5, "pairs": min(0.5, _PAIRED / len(reference))}
    for i in range(DRAWS):
        order = [draw(len(images), len(images), start + i) for images, start in ((sample, DRAWS), (reference, 0))]
        pairs = {grows: _share(sample, reference, order, share, seed) for grows, share in shares.items()}
        for name in metrics:
            metric = ALL_METRICS[name]
            found[name].append(float(resolve(metric.compute)(pairs[metric.grows])))
    return {name: _scaled(np.array(values), shares[ALL_METRICS[name].grows]) for name, values in found.items()}


def _share(sample: Sample, reference: Sample, order: Sequence[Tensor], share: float, seed: int) -> Pair:
    some, real = (
        images[index[: round(share * len(images))]] for images, index in zip((sample, reference), order, strict=True)
    )
    return Pair(some, real, seed, kernel_subsets=_KERNEL_SUBSETS)


def _scaled(values: Draws, share: float) -> Draws:
    deviations: Draws = (values - values.mean()) * math.sqrt(share / (1 - share))
    return deviations


def margin_of(sets: Sequence[Draws]) -> float:
    """Half the width of the interval around a mean over sets, in which 95 of 100 repeated measurements lie.

    They are of one set of other samples each, against other real images.

    Args:
        sets: the deviations of each, in which draw i is of the same real images.
    """
    deviations, count = np.stack(sets), len(sets)
    of_mean = float(deviations.mean(0).var(ddof=1))
    of_samples = float(deviations.var(0, ddof=1).mean()) if count > 1 else 0.0
    # The mean's own variance, and another set's: as much, and what the mean over sets has taken off that of samples.
    return QUANTILE * math.sqrt(2 * of_mean + of_samples * (1 - 1 / count))
