"""Who lies near whom among features: precision, recall, density and coverage, from one pass over the distances.

A ball of a set reaches from one of its images to its k-th nearest other.  Distances come of matrix products in
float64, some rows at a time: in float32 a product loses the digits in which near images differ.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import torch
from torch import Tensor

PRECISION_NEIGHBOURS, DENSITY_NEIGHBOURS = 3, 5
_DISTANCES = 2**22  # at a time: 34 MB


class Neighbourhoods(NamedTuple):
    """Four metrics from the balls of two sets; `neighbourhoods` defines each."""

    precision: float
    recall: float
    density: float
    coverage: float


class Radii(NamedTuple):
    """The squared radii of a set's balls, those of precision and recall and those of density and coverage: (n,)."""

    precision: Tensor
    density: Tensor


def radii_of(features: Tensor) -> Radii:
    """The squared radii of a set's balls: (n, d) float64."""
    return Radii(*_nearest(features, (PRECISION_NEIGHBOURS, DENSITY_NEIGHBOURS)))


def neighbour_distances(features: Tensor, neighbours: int) -> Tensor:
    """Each row's distance to its k-th nearest other row: (n, d) -> (n,)."""
    return _nearest(features, (neighbours,))[0].sqrt()


def neighbourhoods(sample: Tensor, reference: Tensor, radii: Radii) -> Neighbourhoods:
    """Precision and recall, Kynkäänniemi et al. 2019; density and coverage, Naeem et al. 2020.

    Precision is the share of samples that lie in a real ball, recall that of real images in a sample's, both of
    balls to the third neighbour.  Density is the mean number of real balls to the fifth neighbour that a sample lies
    in, over five, so that it can exceed 1; coverage is the share of those with a sample in them.

    Args:
        sample: features of the samples: (m, d) float64.
        reference: features of real images: (n, d) float64.
        radii: of the real balls.
    """
    precise, inside = 0, 0
    recalled, covered = (torch.zeros(len(reference), dtype=torch.bool) for _ in range(2))
    longest = max(len(sample), len(reference))
    own = _Distances(sample, sample, longest)
    for rows, distances in _Distances(sample, reference, longest):
        (radius,) = _kth(own.of(rows), (PRECISION_NEIGHBOURS,))
        recalled |= _any(distances <= radius.unsqueeze(1), 0)
        precise += _count(_any(distances <= radii.precision, 1))
        within = distances <= radii.density
        inside += _count(within)
        covered |= _any(within, 0)
    return Neighbourhoods(
        precision=precise / len(sample),
        recall=_count(recalled) / len(reference),
        density=inside / (DENSITY_NEIGHBOURS * len(sample)),
        coverage=_count(covered) / len(reference),
    )


def density_coverage(sample: Tensor, reference: Tensor, radii: Radii) -> tuple[float, float]:
    """Density and coverage alone, in half the time of `neighbourhoods`, which see."""
    inside, covered = 0, torch.zeros(len(reference), dtype=torch.bool)
    for _, distances in _Distances(sample, reference):
        within = distances <= radii.density
        inside += _count(within)
        covered |= _any(within, 0)
    return inside / (DENSITY_NEIGHBOURS * len(sample)), _count(covered) / len(reference)


class _Distances:
    """Squared distances of all rows of one set to all of another, (rows, n) at a time, in memory that is used again.

    `longest` is the longest set that the same rows are held against.
    """

    def __init__(self, x: Tensor, y: Tensor, longest: int = 0) -> None:
        self.x, self.y = x, y
        self.x_squares, self.y_squares = (each.square().sum(1) for each in (x, y))
        self.rows = max(1, min(len(x), _DISTANCES // max(longest, len(y))))
        self.memory = torch.empty((self.rows, len(y)), dtype=x.dtype)

    def of(self, rows: slice) -> Tensor:
        x, squares = self.x[rows], self.x_squares[rows]
        distances = self.memory[: len(x)]
        torch.addmm(self.y_squares, x, self.y.T, alpha=-2, out=distances)
        return distances.add_(squares.unsqueeze(1))

    def __iter__(self) -> Iterator[tuple[slice, Tensor]]:
        for start in range(0, len(self.x), self.rows):
            rows = slice(start, start + self.rows)
            yield rows, self.of(rows)


def _nearest(features: Tensor, neighbours: Sequence[int]) -> list[Tensor]:
    parts = [_kth(distances, neighbours) for _, distances in _Distances(features, features)]
    return [torch.cat(part) for part in zip(*parts, strict=True)]


def _kth(distances: Tensor, neighbours: Sequence[int]) -> list[Tensor]:
    """Squared distances to the k-th nearest others, of rows that are among those they are held against: (m,) each."""
    # A row's nearest is itself.  A product can give less than zero.
    found = distances.topk(max(neighbours) + 1, dim=1, largest=False).values.clamp_min(0)
    return [found[:, k] for k in neighbours]


def _any(found: Tensor, dim: int) -> Tensor:
    return torch.from_numpy(found.numpy().any(dim))  # a fiftieth of torch's time


def _count(found: Tensor) -> int:
    return int(torch.count_nonzero(found))
