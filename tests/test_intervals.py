"""Intervals hold: against closed forms, and against samples and real images that they have not seen."""

from __future__ import annotations

import importlib
import json
import math
import statistics
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from genzoo.checkpoint.measurement import QUANTILE, MetricValue
from genzoo.evaluate.comparison import are_tied, difference
from genzoo.evaluate.intervals import DRAWS, Score, draws_of, margin_of, row_of, row_of_images, scores_of
from genzoo.evaluate.reference import Reference
from genzoo.evaluate.scores import Sample, score
from intervals import held, summary, table

pytestmark = pytest.mark.numeric

ROOT = Path(__file__).parents[1]
CHECKED = ["frechet_distance", "precision", "recall", "coverage", "confidence"]


def images(n: int, seed: int, moved: float = 0.0) -> Sample:
    """Features and logits of a normal distribution."""
    generator = torch.Generator().manual_seed(seed)
    drawn: Tensor = torch.randn(n, 4, generator=generator) * (1 + moved)
    return Sample(drawn, 2 * torch.randn(n, 5, generator=generator))


def test_what_the_docs_say_of_coverage_was_measured() -> None:
    found = json.loads((ROOT / "benchmarks" / "intervals.json").read_text())
    assert summary(found["entries"]) == {key: found[key] for key in ("overall", "metrics")}
    assert table(found) in (ROOT / "docs" / "evaluate.md").read_text()
    assert found["overall"]["inside"] >= 0.93


def test_the_check_counts_what_lies_within() -> None:
    off = {(5, 1): 9.0}
    real, noise = np.random.default_rng(0).normal(size=(2, 6, DRAWS))
    cells = {
        (seed, part): {"recall": Score(0.5 + off.get((seed, part), 0.0), 0.1 * (real[part] + noise[seed]))}
        for seed in range(6)
        for part in range(2)
    }
    found = held(cells, "recall")
    # Two sets of seeds with two parts; of the fresh scores of another part, three each, the one that is far off is met
    # by the first three seeds with the first part; its own measurement is off as well, and meets three of the others.
    assert found["inside"] == pytest.approx(1 - (1 + 3) / 12, abs=1e-4)
    assert found["told_apart_from_itself"] == 0.5


def test_draws_vary_as_the_mean_that_they_are_of() -> None:
    sample = images(3000, 0)
    each = sample.logits.double().softmax(1).amax(1)
    deviations = draws_of(sample, images(500, 1), 0, ["confidence"])["confidence"]
    assert len(deviations) == DRAWS
    assert deviations.mean() == pytest.approx(0, abs=1e-12)
    assert deviations.std(ddof=1) == pytest.approx(float(each.std()) / math.sqrt(len(each)), rel=0.3)


def test_the_margin_is_that_of_another_measurement() -> None:
    generator = np.random.default_rng(0)
    real, first, second = generator.normal(size=(3, 4000))
    # Without noise of samples it is that of the real images, twice.
    assert margin_of(np.stack([real, real])) == pytest.approx(QUANTILE * math.sqrt(2), rel=0.05)
    # The mean of two sets has half of the samples' variance; another set has all of it.
    assert margin_of(np.stack([first, second])) == pytest.approx(QUANTILE * math.sqrt(1.5), rel=0.05)
    assert margin_of(np.stack([first + real, second + real])) == pytest.approx(QUANTILE * math.sqrt(3.5), rel=0.05)
    # Of one set both are had together.
    assert margin_of(np.stack([first + real])) == pytest.approx(QUANTILE * 2, rel=0.05)


def test_draws_of_small_shares_are_widened_where_whole_sets_differ_by_more() -> None:
    noise = np.random.default_rng(0).normal(size=(3, DRAWS))
    small, large = ([Score(value, each, share) for value, each in zip((0.0, 4.0, 8.0), noise, strict=True)]
                    for share in (0.1, 0.8))  # fmt: skip
    widened, as_drawn = row_of(small, None), row_of(large, None)
    assert as_drawn.margin == pytest.approx(margin_of(noise), rel=1e-5)
    said = float(noise.var(0, ddof=1).mean())
    assert (widened.margin or 0) / (as_drawn.margin or 1) == pytest.approx(4 / math.sqrt(said), rel=1e-4)
    # Where they differ by less, which may be chance, they stay as they are.
    alike = [Score(0.01 * i, each, 0.1) for i, each in enumerate(noise)]
    assert row_of(alike, None).margin == as_drawn.margin


@pytest.fixture(scope="module")
def rows() -> dict[str, MetricValue]:
    """A measurement of three sets of 300 images."""
    reference = images(300, 1000)
    scores = [scores_of(images(300, seed, 0.3), reference, seed, CHECKED) for seed in range(3)]
    return {key: row_of([one[key] for one in scores], None) for key in CHECKED}


@pytest.fixture(scope="module")
def fresh() -> list[dict[str, float]]:
    """The metrics of forty other sets, each against other real images."""
    return [score(images(300, 10 + i, 0.3), images(300, 2000 + i), i, CHECKED) for i in range(40)]


@pytest.mark.parametrize("key", CHECKED)
def test_fresh_measurements_lie_in_the_interval(
    key: str, rows: dict[str, MetricValue], fresh: list[dict[str, float]]
) -> None:
    values, interval = [one[key] for one in fresh], rows[key].interval
    assert interval is not None
    inside = sum(interval[0] <= value <= interval[1] for value in values)
    assert inside >= 36, f"{inside} of 40 lie in it"
    # A wide one would hold them all.
    assert (interval[1] - interval[0]) / 2 < 5 * statistics.stdev(values)


def test_what_follows_from_the_reference_alone_is_computed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    computed: list[str] = []

    def counted(what: str) -> Callable[[Tensor], Any]:
        compute = getattr(module, what)

        def count(features: Tensor) -> Any:
            computed.append(what)
            return compute(features)

        return count

    module = importlib.import_module("genzoo.evaluate.scores")
    for what in ("radii_of", "_among"):
        monkeypatch.setattr(module, what, counted(what))
    monkeypatch.setattr(module, "KERNEL_SUBSETS", subsets := 5)
    monkeypatch.setattr(module, "KERNEL_SUBSET_SIZE", 240)  # of a draw's 240 images all
    real, sample = images(300, 1000), images(300, 0, 0.3)
    plain = scores_of(sample, real, 0)
    of_samples = subsets + DRAWS
    assert (computed.count("radii_of"), computed.count("_among")) == (1 + DRAWS, 2 * of_samples)
    for already in (False, True):
        computed.clear()
        again = scores_of(sample, Reference(real.features, real.logits), 0)
        assert {name: one.value for name, one in again.items()} == {name: one.value for name, one in plain.items()}
        assert all(np.array_equal(again[name].deviations, plain[name].deviations) for name in plain)
        assert computed.count("_among") == of_samples + (0 if already else of_samples)
    assert computed.count("radii_of") == 0


def distance_of(sample: Sample, reference: Sample) -> MetricValue:
    """The row of a Fréchet distance, of one set."""
    return row_of([scores_of(sample, reference, 0, CHECKED[:1])["frechet_distance"]], None)


def test_models_share_the_draws_of_the_real_images() -> None:
    reference = images(300, 5)
    one, other = (distance_of(images(6000, seed), reference) for seed in (0, 1))
    assert statistics.correlation(one.drawn, other.drawn) > 0.8
    low, high = difference(one, other) or (0.0, 0.0)
    assert one.margin is not None
    assert high - low < one.margin
    assert are_tied(one, other)
    # What differs by little is told apart by many samples, though either's interval is wide.
    moved = distance_of(images(6000, 2, 0.08), reference)
    assert abs(moved.mean - one.mean) < one.margin
    assert not are_tied(one, moved)


def test_means_over_other_images_are_not_compared() -> None:
    values = torch.randn(500, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    one, shifted = row_of_images(values, "nats"), row_of_images(values + 0.01, "nats")
    assert not are_tied(one, shifted), "of the same images the difference is known"
    assert difference(one, row_of_images(values[:400], "nats")) is None
    alone = row_of_images(values[:1], "nats")
    assert (alone.standard_error, alone.margin) == (0, 0)
