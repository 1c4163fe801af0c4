"""The metrics beside torch-fidelity's, on the same features: shipped ones of real digits and photographs, and worse."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import Tensor
from torch_fidelity.metric_fid import KEY_METRIC_FID, fid_features_to_statistics, fid_statistics_to_metric
from torch_fidelity.metric_isc import KEY_METRIC_ISC_MEAN, isc_features_to_metric
from torch_fidelity.metric_kid import KEY_METRIC_KID_MEAN, kid_features_to_metric
from torch_fidelity.metric_prc import KEY_METRIC_PRECISION, KEY_METRIC_RECALL, prc_features_to_metric

import evaluate
from genzoo.evaluate.extractors import find_extractor
from genzoo.evaluate.scores import Sample, score
from genzoo.zoo.registry import DATASETS

pytestmark = pytest.mark.numeric

N, SUBSETS, SEED = 1200, 3, 7


def judged(sample: Sample, reference: Sample) -> dict[str, float]:
    """torch-fidelity's numbers, by our names."""
    x, y = sample.features.double(), reference.features.double()
    moments = [fid_features_to_statistics(each) for each in (x, y)]
    prc = prc_features_to_metric(x, y, prc_neighborhood=3, prc_batch_size=500, save_cpu_ram=True, verbose=False)
    kid = kid_features_to_metric(x, y, kid_subsets=SUBSETS, kid_subset_size=1000, rng_seed=SEED, verbose=False)
    return {
        "frechet_distance": fid_statistics_to_metric(*moments, False)[KEY_METRIC_FID],
        "kernel_distance": kid[KEY_METRIC_KID_MEAN],
        "precision": prc[KEY_METRIC_PRECISION],
        "recall": prc[KEY_METRIC_RECALL],
        "classifier_score": isc_features_to_metric(sample.logits, 1, False)[KEY_METRIC_ISC_MEAN],
    }


def real(x: Tensor) -> Tensor:
    return x


def moved(x: Tensor) -> Tensor:
    return 1.1 * x + 0.05


def collapsed(x: Tensor) -> Tensor:
    """A few images, again and again, and most features alike: a covariance of a low rank."""
    return torch.cat([x[: N // 8, :20].repeat(8, 1), torch.ones(N, x.shape[1] - 20)], 1)


@pytest.mark.parametrize("spoil", [real, moved, collapsed])
@pytest.mark.parametrize("dataset", ["mnist", "cifar10"])
def test_numbers_are_torch_fidelitys(
    dataset: str, spoil: Callable[[Tensor], Tensor], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("genzoo.evaluate.scores.KERNEL_SUBSETS", SUBSETS)
    extractor = find_extractor(DATASETS[dataset])
    train, reference = extractor.real("train")[:N], extractor.real("test")[:N]
    sample = Sample(spoil(train.features), train.logits)
    wanted = judged(sample, reference)
    found = score(sample, reference, SEED, list(wanted))
    # torch-fidelity counts in float32.
    assert found == pytest.approx(wanted, rel=1e-6, abs=1e-9)


def test_the_times_in_the_docs_are_those_measured() -> None:
    root = Path(__file__).parents[1]
    report = json.loads((root / "benchmarks" / "results" / "evaluate-epyc.json").read_text())
    assert evaluate.table(report) in (root / "docs" / "evaluate.md").read_text()
