from __future__ import annotations

import math

import numpy as np
import pytest

from genzoo.errors import UsageError
from genzoo.sampling import noise

pytestmark = pytest.mark.numeric


@pytest.mark.parametrize("size", [1, 2, 3, 100])
def test_rows_do_not_depend_on_the_range(size: int) -> None:
    whole = noise.normals(7, 0, 50, size)
    assert whole.shape == (50, size)
    assert whole.dtype == np.float32
    parts = [noise.normals(7, 0, 13, size), noise.normals(7, 13, 1, size), noise.normals(7, 14, 36, size)]
    np.testing.assert_array_equal(np.concatenate(parts), whole)


def test_far_rows_are_as_near_as_the_first() -> None:
    far = noise.normals(0, 10_000_000, 4, 100)
    np.testing.assert_array_equal(far[2:], noise.normals(0, 10_000_002, 2, 100))
    assert noise.normals(0, 2**60, 1, 4096).shape == (1, 4096)


def test_seeds_streams_and_rows_differ() -> None:
    drawn = [noise.normals(0, 0, 2, 8), noise.normals(1, 0, 2, 8), noise.normals(0, 2, 2, 8)]
    drawn.append(noise.normals(0, 0, 2, 8, "mixture"))
    rows = {row.tobytes() for rows in drawn for row in rows}
    assert len(rows) == 8


def test_numbers_are_standard_normal() -> None:
    x = noise.normals(3, 0, 20_000, 10).astype(np.float64)
    n = x.size
    moments = [np.mean(x), np.mean(x**2), np.mean(x**3), np.mean(x**4)]
    spreads = [1, 2**0.5, 15**0.5, 96**0.5]  # of x, x^2, x^3, x^4 under N(0, 1)
    for moment, expected, spread in zip(moments, (0, 1, 0, 3), spreads, strict=True):
        assert abs(moment - expected) < 5 * spread / n**0.5
    correlations = np.corrcoef(x, rowvar=False) - np.eye(10)
    assert np.abs(correlations).max() < 5 / 20_000**0.5
    assert np.abs(x).max() > 4


def test_known_values() -> None:
    # The stream is part of the format: these numbers are what seed 0 has always given.
    known = [0.116556518, -0.683532417, 0.098195978, -0.292810768]
    np.testing.assert_allclose(noise.normals(0, 0, 1, 4)[0], known, rtol=1e-6)


def test_box_and_muller_by_hand() -> None:
    words = np.random.Philox(key=np.array([5, 0], dtype=np.uint64)).random_raw(4)
    u0, u1, v0, v1 = ((int(word) >> 11) / 2**53 for word in words)
    radii = [math.sqrt(-2 * math.log(1 - u)) for u in (u0, u1)]
    cosines = [r * math.cos(2 * math.pi * v) for r, v in zip(radii, (v0, v1), strict=True)]
    sines = [r * math.sin(2 * math.pi * v) for r, v in zip(radii, (v0, v1), strict=True)]
    np.testing.assert_allclose(noise.normals(5, 0, 1, 4)[0], cosines + sines, rtol=1e-6)


@pytest.mark.parametrize("seed", [-1, 2**64])
def test_a_seed_out_of_range(seed: int) -> None:
    with pytest.raises(UsageError, match="2\\*\\*64"):
        noise.normals(seed, 0, 1, 1)
