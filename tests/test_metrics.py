"""Metrics are records: an older file lacks a newer one, and is whole."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import genzoo
from genzoo.checkpoint.folder import Folder
from genzoo.checkpoint.manifest import weights_home
from genzoo.checkpoint.measurement import read_metrics
from genzoo.errors import InvalidEntryError
from genzoo.evaluate import compare
from genzoo.evaluate.extractors import REFERENCE_IMAGES, find_extractor
from genzoo.evaluate.reference import floor_values, reference_sample
from genzoo.evaluate.scores import Pair, score
from genzoo.release.card import render
from genzoo.zoo.catalog import MNIST
from genzoo.zoo.metrics import MIXTURE, Metric, metrics_of
from genzoo.zoo.registry import ALL_METRICS, resolve

NEWER = Metric("spread", "Spread", "higher", f"{__name__}:spread")
SHIPPED = weights_home() / "vae-mnist-z20-l3"


def spread(pair: Pair) -> float:
    return float(pair.sample.features.std() + pair.seed)


def written(path: Path, document: dict[str, Any]) -> Path:
    path.write_text(json.dumps(document))
    return path


@pytest.mark.usefixtures("tables")
def test_what_was_measured_before_a_metric_came_is_whole() -> None:
    before, card = read_metrics(SHIPPED / "metrics.json"), render(Folder(SHIPPED))
    genzoo.register(NEWER)
    assert read_metrics(SHIPPED / "metrics.json") == before
    assert render(Folder(SHIPPED)) == card
    assert "spread" not in compare([before, before])["best"]


def test_a_file_says_what_it_holds(tmp_path: Path) -> None:
    whole = read_metrics(SHIPPED / "metrics.json")
    older = {key: value for key, value in whole.items() if key != "recall"}
    assert read_metrics(written(tmp_path / "older.json", older)) == older
    newer = {**whole, "unheard": {"mean": 1.0}}
    assert read_metrics(written(tmp_path / "newer.json", newer)) == newer
    compared = compare([newer, {**newer, "name": "other"}])
    assert not any("unheard" in model for model in compared["models"])
    assert set(compared["best"]) == set(ALL_METRICS)


@pytest.mark.usefixtures("tables")
def test_a_newer_metric_is_computed_and_has_a_floor() -> None:
    eyes = find_extractor(MNIST)
    reference = reference_sample(eyes, "test")
    shipped = floor_values(eyes, "test", reference, REFERENCE_IMAGES, (0, 1))
    genzoo.register(NEWER)
    assert metrics_of("samples")[-1] == "spread"
    values = floor_values(eyes, "test", reference, REFERENCE_IMAGES, (0, 1))
    assert shipped is not None
    assert values is not None
    assert {key: value for key, value in values.items() if key != "spread"} == shipped
    assert values["spread"][0] > 0
    assert values["spread"][1] - values["spread"][0] == pytest.approx(1, abs=0.1)
    assert score(reference, reference, 5, ["spread"]) == {"spread": spread(Pair(reference, reference, 5))}


@pytest.mark.parametrize("name", [MIXTURE, "two words", ""])
def test_a_metric_must_have_a_key_of_its_own(name: str) -> None:
    with pytest.raises(InvalidEntryError, match=r"the metric name .* must be a word"):
        Metric(name, "", "lower", "")


def test_what_computes_a_metric_is_there() -> None:
    for name, metric in ALL_METRICS.items():
        assert resolve(metric.compute).__name__ == name
