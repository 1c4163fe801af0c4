"""The metrics against closed forms and brute force."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from genzoo.errors import UsageError
from genzoo.evaluate.kept import kept_folder
from genzoo.evaluate.neighbours import (
    _DISTANCES,
    DENSITY_NEIGHBOURS,
    PRECISION_NEIGHBOURS,
    _Distances,
    density_coverage,
    neighbour_distances,
    neighbourhoods,
    radii_of,
)
from genzoo.evaluate.reference import Reference
from genzoo.evaluate.scores import (
    Sample,
    class_balance,
    classifier_score,
    frechet_distance,
    kernel_distance,
    least_images,
    score,
)
from genzoo.zoo.metrics import metrics_of

pytestmark = pytest.mark.numeric


def normal(n: int, d: int, seed: int = 0) -> Tensor:
    return torch.randn(n, d, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def sample(features: Tensor, logits: Tensor | None = None) -> Sample:
    return Sample(features, torch.zeros(len(features), 10) if logits is None else logits)


def with_moments(mean: Tensor, covariance: Tensor, n: int, seed: int) -> Tensor:
    """Features whose sample mean and covariance are exactly these."""
    x = normal(n, len(mean), seed)
    x -= x.mean(0)
    whitened = x @ torch.linalg.inv(torch.linalg.cholesky(torch.cov(x.T))).T
    return mean + whitened @ torch.linalg.cholesky(covariance).T


def test_two_gaussians_have_the_closed_form_frechet_distance() -> None:
    a = torch.diag(torch.tensor([1.0, 4.0, 9.0], dtype=torch.float64))
    b = torch.diag(torch.tensor([4.0, 1.0, 0.25], dtype=torch.float64))
    turn = torch.linalg.qr(normal(3, 3, seed=9)).Q
    mean = torch.tensor([1.0, -2.0, 0.5], dtype=torch.float64)
    x = with_moments(torch.zeros(3, dtype=torch.float64), turn @ a @ turn.T, 50, seed=1)
    y = with_moments(mean, turn @ b @ turn.T, 80, seed=2)
    # The covariances commute: the trace term is the sum of squared differences of standard deviations.
    wanted = float(mean.square().sum()) + (1 - 2) ** 2 + (2 - 1) ** 2 + (3 - 0.5) ** 2
    assert frechet_distance(sample(x), sample(y)) == pytest.approx(wanted, rel=1e-9)


def test_covariances_that_do_not_commute() -> None:
    p = normal(4, 4, seed=3)
    q = normal(4, 4, seed=4)
    a, b = (m @ m.T + torch.eye(4, dtype=torch.float64) for m in (p, q))
    zero = torch.zeros(4, dtype=torch.float64)

    def root(m: Tensor) -> Tensor:
        values, vectors = torch.linalg.eigh(m)
        return vectors @ torch.diag(values.sqrt()) @ vectors.T

    wanted = float((a + b - 2 * root(root(a) @ b @ root(a))).trace())
    found = frechet_distance(sample(with_moments(zero, a, 90, 1)), sample(with_moments(zero, b, 70, 2)))
    assert found == pytest.approx(wanted, rel=1e-8)


def test_kernel_distance_is_the_unbiased_estimate() -> None:
    x, y = normal(40, 6, seed=1), normal(40, 6, seed=2) + 0.5

    def kernel(a: Tensor, b: Tensor) -> Tensor:
        return (a @ b.T / 6 + 1) ** 3

    n = 40
    same = sum((k.sum() - k.trace()) / (n * (n - 1)) for k in (kernel(x, x), kernel(y, y)))
    wanted = float(same - 2 * kernel(x, y).mean())
    # Subsets as large as the sets are always the whole sets.
    assert kernel_distance(sample(x), sample(y), seed=5) == pytest.approx(wanted, rel=1e-9)


def kth_distance(points: Tensor, i: int, k: int) -> float:
    others = [float((points[i] - points[j]).norm()) for j in range(len(points)) if j != i]
    return sorted(others)[k - 1]


def in_balls(point: Tensor, centres: Tensor, radii: list[float]) -> int:
    return sum(float((point - centre).norm()) <= radius for centre, radius in zip(centres, radii, strict=True))


def test_precision_and_recall_against_brute_force() -> None:
    fake, real = 0.4 * normal(50, 3, seed=1), normal(70, 3, seed=2)  # narrow: precise, but little recall
    real_radii = [kth_distance(real, i, PRECISION_NEIGHBOURS) for i in range(70)]
    fake_radii = [kth_distance(fake, i, PRECISION_NEIGHBOURS) for i in range(50)]
    precision, recall, _, _ = neighbourhoods(fake, real, radii_of(real))
    assert precision == pytest.approx(sum(in_balls(x, real, real_radii) > 0 for x in fake) / 50)
    assert recall == pytest.approx(sum(in_balls(x, fake, fake_radii) > 0 for x in real) / 70)
    assert precision > recall + 0.2


@pytest.mark.parametrize("scale", [0.4, 1.0, 3.0])
def test_density_and_coverage_against_brute_force(scale: float) -> None:
    fake, real = scale * normal(60, 4, seed=3) + 0.2, normal(45, 4, seed=4)
    radii = [kth_distance(real, i, DENSITY_NEIGHBOURS) for i in range(45)]
    assert neighbour_distances(real, DENSITY_NEIGHBOURS).tolist() == pytest.approx(radii)
    assert radii_of(real).density.sqrt().tolist() == pytest.approx(radii)
    _, _, density, coverage = neighbourhoods(fake, real, radii_of(real))
    assert density_coverage(fake, real, radii_of(real)) == (density, coverage)
    assert density == pytest.approx(sum(in_balls(x, real, radii) for x in fake) / (DENSITY_NEIGHBOURS * 60))
    covered = [any(float((x - real[i]).norm()) <= radii[i] for x in fake) for i in range(45)]
    assert coverage == pytest.approx(sum(covered) / 45)


@pytest.mark.parametrize("samples", [31, 80])
def test_neighbourhoods_in_pieces(samples: int, monkeypatch: pytest.MonkeyPatch) -> None:
    fake, real = normal(samples, 4, seed=3), normal(45, 4, seed=4)
    whole = neighbourhoods(fake, real, radii_of(real))
    monkeypatch.setattr("genzoo.evaluate.neighbours._DISTANCES", 7 * 45)
    assert neighbourhoods(fake, real, radii_of(real)) == pytest.approx(whole)
    assert density_coverage(fake, real, radii_of(real)) == pytest.approx(whole[2:])


@pytest.mark.parametrize("samples", [500, 10_000, 100_000])
def test_the_memory_of_distances_is_bounded(samples: int) -> None:
    x, y = torch.zeros(samples, 2), torch.zeros(10_000, 2)
    for distances in (_Distances(x, x, samples), _Distances(x, y, max(samples, 10_000))):
        assert 0 < distances.memory.numel() <= _DISTANCES
        rows, found = next(iter(distances))
        assert found.shape == (rows.stop, len(distances.y))


def test_far_from_the_origin_near_images_are_told_apart() -> None:
    fake, real = normal(60, 3, seed=1), normal(70, 3, seed=2)
    near = neighbourhoods(fake, real, radii_of(real))
    fake, real = (1000 + 0.01 * each for each in (fake, real))
    assert neighbourhoods(fake, real, radii_of(real)) == near


def test_the_radii_of_a_reference_are_kept() -> None:
    x = normal(40, 5)
    first = Reference(x, torch.zeros(40, 10)).radii
    (file,) = kept_folder().iterdir()
    again = Reference(x, torch.zeros(40, 10)).radii
    wanted = sample(x).radii
    for name in ("precision", "density"):
        assert torch.equal(getattr(first, name), getattr(wanted, name))
        assert torch.equal(getattr(again, name), getattr(wanted, name))
    assert sample(x + 1).radii.density.shape == (40,)
    assert list(kept_folder().iterdir()) == [file], "of other samples nothing is kept"


def test_class_balance_and_classifier_score_by_hand() -> None:
    def classes(*counts: int) -> Sample:
        labels = torch.cat([torch.full((count,), i) for i, count in enumerate(counts)])
        return Sample(torch.zeros(len(labels), 1), 100.0 * torch.nn.functional.one_hot(labels, 4))

    even = classes(5, 5, 5, 5)
    assert class_balance(even, even) == 1
    assert class_balance(classes(10, 10, 0, 0), even) == pytest.approx(0.5)
    assert class_balance(classes(20, 0, 0, 0), classes(0, 20, 0, 0)) == pytest.approx(0, abs=1e-12)
    # Certain and even: as many as there are classes; one class alone: 1.
    assert classifier_score(even) == pytest.approx(4)
    assert classifier_score(classes(20, 0, 0, 0)) == pytest.approx(1)
    assert classifier_score(classes(10, 10, 0, 0)) == pytest.approx(2)
    doubtful = Sample(torch.zeros(8, 1), torch.zeros(8, 4))
    assert classifier_score(doubtful) == pytest.approx(1)


def test_all_metrics_of_a_set_against_itself() -> None:
    x = sample(normal(40, 5), normal(40, 10, seed=1))
    found = score(x, x)
    assert list(found) == list(metrics_of("samples"))
    assert found["frechet_distance"] == pytest.approx(0, abs=1e-9)
    assert found["precision"] == found["recall"] == found["coverage"] == found["class_balance"] == 1
    assert all(math.isfinite(value) for value in found.values())


def test_too_few_images_name_the_least() -> None:
    x, few = sample(normal(40, 8)), sample(normal(8, 8))
    assert least_images(8) == 9
    with pytest.raises(UsageError, match=r"^8 images are too few .* needs 9 or more\.$"):
        score(few, x)
    with pytest.raises(UsageError, match=r"^8 reference images are too few"):
        score(x, few)


def test_kernel_distance_follows_its_seed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("genzoo.evaluate.scores.KERNEL_SUBSETS", 3)
    x, y = sample(normal(1200, 4, seed=1)), sample(normal(1200, 4, seed=2))
    first, again, other = (kernel_distance(x, y, seed) for seed in (0, 0, 1))
    assert first == again != other
