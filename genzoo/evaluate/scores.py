"""Numbers from features: how far generated images are from real ones.

What torch-fidelity has is taken from it; density and coverage, which it lacks, are here.  All of it
runs in float64, so that neither the batch size nor the order of a sum shows in the result.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from genzoo.errors import UsageError
from genzoo.zoo.metrics import metrics_of
from genzoo.zoo.registry import ALL_METRICS, resolve

KERNEL_SUBSETS, KERNEL_SUBSET_SIZE = 100, 1000
PRECISION_NEIGHBOURS, DENSITY_NEIGHBOURS = 3, 5
_ROWS = 500  # of a distance matrix at a time: 40 MB beside 10,000 images


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

    @cached_property
    def doubled(self) -> Tensor:
        """The features in float64."""
        return self.features.double()

    @cached_property
    def statistics(self) -> dict[str, npt.NDArray[np.float64]]:
        """Mean and covariance of the features, as torch-fidelity takes them."""
        from torch_fidelity.metric_fid import fid_features_to_statistics

        statistics: dict[str, Any] = fid_features_to_statistics(self.doubled)
        return statistics

    @cached_property
    def radii(self) -> Tensor:
        """Each image's distance to the nearest others that density and coverage go by: (n,)."""
        return neighbour_distances(self.doubled, DENSITY_NEIGHBOURS)

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
        kernel_subsets: how many the kernel distance draws.
    """

    sample: Sample
    reference: Sample
    seed: int = 0
    kernel_subsets: int = KERNEL_SUBSETS

    @cached_property
    def _manifolds(self) -> tuple[float, float]:
        return precision_recall(self.sample, self.reference)

    @cached_property
    def _neighbourhoods(self) -> tuple[float, float]:
        return density_coverage(self.sample.doubled, self.reference.doubled, self.reference.radii)

    def frechet_distance(self) -> float:
        """See the function of this name, as with the others."""
        return frechet_distance(self.sample, self.reference)

    def kernel_distance(self) -> float:
        """Its subsets are drawn by the seed."""
        return kernel_distance(self.sample, self.reference, self.seed, self.kernel_subsets)

    def precision(self) -> float:
        """See `precision_recall`."""
        return self._manifolds[0]

    def recall(self) -> float:
        """See `precision_recall`."""
        return self._manifolds[1]

    def density(self) -> float:
        """See `density_coverage`."""
        return self._neighbourhoods[0]

    def coverage(self) -> float:
        """See `density_coverage`."""
        return self._neighbourhoods[1]

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
    from torch_fidelity.metric_fid import KEY_METRIC_FID, fid_statistics_to_metric

    return float(fid_statistics_to_metric(sample.statistics, reference.statistics, False)[KEY_METRIC_FID])


def kernel_distance(sample: Sample, reference: Sample, seed: int = 0, subsets: int = KERNEL_SUBSETS) -> float:
    """The squared maximum mean discrepancy under a cubic kernel, KID's formula: Binkowski et al. 2018.

    The mean over 100 pairs of subsets of 1,000 images, or of all where there are fewer; it is
    unbiased, so that it can lie below 0 for two sets of the same kind.
    """
    from torch_fidelity.metric_kid import KEY_METRIC_KID_MEAN, kid_features_to_metric

    size = min(KERNEL_SUBSET_SIZE, len(sample), len(reference))
    found = kid_features_to_metric(
        sample.doubled,
        reference.doubled,
        # Subsets as large as both sets are always the whole sets.
        kid_subsets=1 if size == len(sample) == len(reference) else subsets,
        kid_subset_size=size,
        rng_seed=seed % 2**32,
        verbose=False,
    )
    return float(found[KEY_METRIC_KID_MEAN])


def precision_recall(sample: Sample, reference: Sample) -> tuple[float, float]:
    """Share of samples within the reals' manifold, and of reals within the samples': Kynkäänniemi et al. 2019.

    A manifold is the union of balls that reach each image's third nearest neighbour.
    """
    from torch_fidelity.metric_prc import KEY_METRIC_PRECISION, KEY_METRIC_RECALL, prc_features_to_metric

    found = prc_features_to_metric(
        sample.doubled,
        reference.doubled,
        prc_neighborhood=PRECISION_NEIGHBOURS,
        prc_batch_size=_ROWS,
        save_cpu_ram=True,
        verbose=False,
    )
    return float(found[KEY_METRIC_PRECISION]), float(found[KEY_METRIC_RECALL])


def neighbour_distances(features: Tensor, neighbours: int) -> Tensor:
    """Each row's distance to its k-th nearest other row: (n, d) -> (n,)."""
    # A row's nearest is itself.
    parts = [
        torch.cdist(rows, features).kthvalue(neighbours + 1, dim=1).values for rows in torch.split(features, _ROWS)
    ]
    return torch.cat(parts)


def density_coverage(sample: Tensor, reference: Tensor, radii: Tensor) -> tuple[float, float]:
    """Density and coverage: Naeem et al. 2020.

    Density is the mean number of real balls that a sample lies in, over the number of neighbours
    that a ball reaches; it can exceed 1.  Coverage is the share of real balls with a sample in them.

    Args:
        sample: features of the samples, (m, d).
        reference: features of real images, (n, d).
        radii: distance of each real image to its k-th nearest other, k = 5, (n,).
    """
    inside, covered = 0, torch.zeros(len(reference), dtype=torch.bool)
    for rows in torch.split(sample, _ROWS):
        within = torch.cdist(rows, reference) <= radii
        inside += int(within.sum())
        covered |= within.any(dim=0)
    return inside / (DENSITY_NEIGHBOURS * len(sample)), float(covered.double().mean())


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
    from torch_fidelity.metric_isc import KEY_METRIC_ISC_MEAN, isc_features_to_metric

    return float(isc_features_to_metric(sample.logits, splits=1, shuffle=False)[KEY_METRIC_ISC_MEAN])
