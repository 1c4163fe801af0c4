"""Numbers from features: how far generated images are from real ones.

All of it runs in float64, so that neither the batch size nor the order of a sum shows in the result.  Formulas and
draws are torch-fidelity's, to whose numbers a test holds these.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from genzoo.errors import UsageError
from genzoo.evaluate.neighbours import DENSITY_NEIGHBOURS, Neighbourhoods, Radii, neighbourhoods, radii_of
from genzoo.zoo.metrics import metrics_of
from genzoo.zoo.registry import ALL_METRICS, resolve

KERNEL_SUBSETS, KERNEL_SUBSET_SIZE = 100, 1000
_KERNEL_ROWS = 125  # of a kernel matrix at a time: they stay in a processor's cache


class Moments(NamedTuple):
    """Mean and covariance of features in float64: (d,), (d, d)."""

    mean: Tensor
    covariance: Tensor


@dataclass(frozen=True)
class Sample:
    """Features of a set of images, (n, d), and the logits of the feature net's classifier, (n, c).

    The softmax of the logits is the classifier's distribution over the classes.
    """

    features: Tensor
    logits: Tensor

    @classmethod
    def concatenated(cls, parts: Iterable[Sample]) -> Sample:
        """The images of several samples, one after the other."""
        listed = list(parts)
        return cls(torch.cat([part.features for part in listed]), torch.cat([part.logits for part in listed]))

    def __len__(self) -> int:
        return len(self.features)

    def __getitem__(self, index: Tensor | slice) -> Sample:
        return Sample(self.features[index], self.logits[index])

    def parts(self, places: Tensor) -> Iterator[Sample]:
        """Some of the images, then some others: (parts, size) places -> as many samples."""
        return (self[index] for index in places)

    def known_parts(self, places: Tensor) -> Iterator[Sample]:
        """The same, for metrics whose time grows with pairs of images: a reference keeps what they ask of its parts."""
        return self.parts(places)

    @cached_property
    def doubled(self) -> Tensor:
        """The features in float64."""
        return self.features.double()

    @cached_property
    def moments(self) -> Moments:
        """Mean and covariance of the features."""
        mean = self.doubled.mean(0)
        centred = self.doubled - mean
        return Moments(mean, centred.T @ centred / (len(self) - 1))

    @cached_property
    def deviation(self) -> Tensor:
        """The symmetric square root of the features' covariance: (d, d)."""
        values, vectors = torch.linalg.eigh(self.moments.covariance)
        root: Tensor = (vectors * values.clamp_min(0).sqrt()) @ vectors.T
        return root

    @cached_property
    def radii(self) -> Radii:
        """The squared radii of the balls that precision, recall, density and coverage go by."""
        return radii_of(self.doubled)

    @cached_property
    def kernel_sum(self) -> float:
        """The sum of the kernel distance's kernel over all pairs of different images, either way round."""
        return _among(self.doubled)

    def kernel_sums(self, places: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
        """That sum over each of some subsets, none of whose images comes twice: (subsets, size) -> (subsets,)."""
        if places.shape[1] == len(self):
            return np.full(len(places), self.kernel_sum)
        return np.array([_among(self.doubled[torch.from_numpy(subset)]) for subset in places])

    @cached_property
    def frequencies(self) -> Tensor:
        """The share of images that the classifier puts into each class: (c,)."""
        return torch.bincount(self.logits.argmax(1), minlength=self.logits.shape[1]).double() / len(self)


def least_images(features: int) -> int:
    """The fewest images the metrics can bear: one more than features, for a covariance of full rank."""
    return max(features, DENSITY_NEIGHBOURS) + 1


def check_enough(n: int, features: int, what: str = "images") -> None:
    """Raise `UsageError` unless `n` images are enough for every metric."""
    if n < (least := least_images(features)):
        raise UsageError(
            f"{n:,} {what} are too few to measure: the Fréchet distance takes the covariance "
            f"of {features} features, which needs {least:,} or more."
        )


@dataclass(frozen=True)
class Pair:
    """A set of images beside the real ones that it is held against; each metric of samples is a function of it.

    Attributes:
        sample: the images to judge.
        reference: real images, seen through the same net.
        seed: of what a metric draws.
        kernel_subsets: how many the kernel distance draws; as many as it does by itself unless told otherwise.
    """

    sample: Sample
    reference: Sample
    seed: int = 0
    kernel_subsets: int | None = None

    @cached_property
    def neighbourhoods(self) -> Neighbourhoods:
        """Precision, recall, density and coverage, from one pass over the distances."""
        return neighbourhoods(self.sample.doubled, self.reference.doubled, self.reference.radii)

    def frechet_distance(self) -> float:
        """See the function of this name, as with the others."""
        return frechet_distance(self.sample, self.reference)

    def kernel_distance(self) -> float:
        """Its subsets are drawn by the seed."""
        return kernel_distance(self.sample, self.reference, self.seed, self.kernel_subsets)

    def precision(self) -> float:
        """See `neighbourhoods`."""
        return self.neighbourhoods.precision

    def recall(self) -> float:
        """See `neighbourhoods`."""
        return self.neighbourhoods.recall

    def density(self) -> float:
        """See `neighbourhoods`."""
        return self.neighbourhoods.density

    def coverage(self) -> float:
        """See `neighbourhoods`."""
        return self.neighbourhoods.coverage

    def class_balance(self) -> float:
        """How alike the classes' shares are."""
        return class_balance(self.sample, self.reference)

    def confidence(self) -> float:
        """Of the sample alone."""
        return confidence(self.sample)

    def classifier_score(self) -> float:
        """Of the sample alone."""
        return classifier_score(self.sample)


def score(sample: Sample, reference: Sample, seed: int = 0, metrics: Sequence[str] | None = None) -> dict[str, float]:
    """Metrics of sample quality of one set of images against a reference set.

    Args:
        sample: the images to measure.
        reference: real images, through the same feature net.
        seed: of the kernel distance's subsets.
        metrics: which; all of them unless told otherwise.

    Returns:
        Each metric's value, by its key in `metrics.json`.

    Raises:
        UsageError: for fewer images than the metrics can bear.
    """
    for images, what in ((sample, "images"), (reference, "reference images")):
        check_enough(len(images), images.features.shape[1], what)
    pair = Pair(sample, reference, seed)
    names = metrics_of("samples") if metrics is None else metrics
    return {name: float(resolve(ALL_METRICS[name].compute)(pair)) for name in names}


def frechet_distance(sample: Sample, reference: Sample) -> float:
    """The Fréchet distance between Gaussians fitted to the features, FID's formula: Heusel et al. 2017."""
    a, b = sample.moments, reference.moments
    # The product of both covariances has the eigenvalues of this one, which is symmetric.
    product = reference.deviation @ a.covariance @ reference.deviation
    overlap = torch.linalg.eigvalsh(product).clamp_min(0).sqrt().sum()
    return float((a.mean - b.mean).square().sum() + a.covariance.trace() + b.covariance.trace() - 2 * overlap)


def kernel_distance(sample: Sample, reference: Sample, seed: int = 0, subsets: int | None = None) -> float:
    """The squared maximum mean discrepancy under a cubic kernel, KID's formula: Binkowski et al. 2018.

    The mean over 100 pairs of subsets of 1,000 images, or of all where there are fewer; it is
    unbiased, so that it can lie below 0 for two sets of the same kind.
    """
    sizes = len(sample), len(reference)
    size = min(KERNEL_SUBSET_SIZE, *sizes)
    # Subsets as large as both sets are always the whole sets.
    count = 1 if (size, size) == sizes else subsets or KERNEL_SUBSETS
    generator = np.random.RandomState(seed % 2**32)
    places = np.array([[generator.choice(n, size, replace=False) for n in sizes] for _ in range(count)])
    among = sample.kernel_sums(places[:, 0]) + reference.kernel_sums(places[:, 1])
    between = [_between(sample.doubled[x], reference.doubled[y]) for x, y in torch.from_numpy(places)]
    return float(np.mean(among / (size * (size - 1)) - 2 * np.array(between) / size**2))


def _among(x: Tensor) -> float:
    """The sum of the kernel (x x' / d + 1)^3 over all pairs of different rows, either way round."""
    total = -float((x.square().mean(1) + 1).pow(3).sum())
    for start in range(0, len(x), _KERNEL_ROWS):
        rows, after = x[start : start + _KERNEL_ROWS], x[start + _KERNEL_ROWS :]
        total += _between(rows, rows) + 2 * _between(rows, after)
    return total


def _between(x: Tensor, y: Tensor) -> float:
    """The sum of the kernel over all pairs of a row of each."""
    total = 0.0
    for rows in torch.split(x / x.shape[1], _KERNEL_ROWS):
        kernel = torch.mm(rows, y.T).add_(1).flatten()
        total += float(torch.dot(kernel.square(), kernel))
    return total


def class_balance(sample: Sample, reference: Sample) -> float:
    """One minus the total variation distance between the shares of the classes: in [0, 1].

    The feature net's own classifier gives the classes of both sets; 1 means that all shares are those of the
    reference, 0 that no class occurs in both.
    """
    return 1 - 0.5 * float((sample.frequencies - reference.frequencies).abs().sum())


def confidence(sample: Sample) -> float:
    """The mean probability of the likeliest class: low where images are doubtful or mixed."""
    return float(sample.logits.double().softmax(1).amax(1).mean())


def classifier_score(sample: Sample) -> float:
    """The Inception Score's formula over the feature net's classes: Salimans et al. 2016.

    From 1, all images alike or all doubtful, to the number of classes; one split, no shuffling.
    """
    logs = sample.logits.double().log_softmax(1)
    shares = logs.exp()
    return float((shares * (logs - shares.mean(0).log())).sum(1).mean().exp())
