"""Metrics are records: an older file lacks a newer one, and is whole."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import pytest

import genzoo
from genzoo.checkpoint.folder import Folder
from genzoo.checkpoint.manifest import is_here, weights_home
from genzoo.checkpoint.measurement import MetricValue, measurement_of, read_metrics
from genzoo.errors import DataError, InvalidEntryError
from genzoo.evaluate import compare
from genzoo.evaluate.extractors import REFERENCE_IMAGES, find_extractor
from genzoo.evaluate.reference import floor_values, reference_sample
from genzoo.evaluate.scores import Pair, score
from genzoo.release.card import render
from genzoo.zoo.catalog import ENTRIES, MNIST
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
    assert "spread" not in compare([before, before]).best


def test_a_file_says_what_it_holds(tmp_path: Path) -> None:
    whole = json.loads((SHIPPED / "metrics.json").read_text())
    older = {key: value for key, value in whole.items() if key != "recall"}
    assert read_metrics(written(tmp_path / "older.json", older)).to_json() == older
    newer = {**whole, "unheard": {"mean": 1.0}}
    found = read_metrics(written(tmp_path / "newer.json", newer))
    assert found.to_json() == newer
    assert found.others == {"unheard": {"mean": 1.0}}
    compared = compare([found, dataclasses.replace(found, name="other")])
    assert not any("unheard" in model.rows for model in compared.models)
    assert set(compared.best) == set(ALL_METRICS)


@pytest.mark.parametrize("name", [name for name in ENTRIES if is_here(name)])
def test_every_shipped_measurement_survives_its_record(name: str) -> None:
    path = weights_home() / name / "metrics.json"
    stored = json.loads(path.read_text())
    found = read_metrics(path)
    assert found.to_json() == stored
    assert measurement_of(json.loads(found.to_text())) == found


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"format": 2}, "its format is 2, this genzoo reads 1"),
        ({"n": True}, r"it\.n must be of type int"),
        ({"features": {"name": "x"}}, r"it\.features has unknown fields \[\] and lacks \['size', 'version'\]"),
        ({"coverage": {"mean": 1.0, "margin": [0.5]}}, r"it\.rows\.coverage\.margin must be of type float"),
        ({"coverage": {"mean": 1.0, "values": [0.5, "x"]}}, r"it\.rows\.coverage\.values must be of type float"),
        ({"coverage": {"mean": 1.0, "draws": "0.5 x"}}, "its draws are '0\\.5 x'"),
        ({"coverage": {"mean": 1.0, "margin": -1}}, r"its margin is -1\.0"),
        ({"coverage": {"mean": 1.0, "draws": "0.5 nan"}}, "its draws are '0\\.5 nan'"),
        ({"coverage": {"mean": 1.0, "draws": "0.5 inf"}}, "its draws are '0\\.5 inf'"),
        ({"coverage": {"mean": 1.0, "sigma": 0.5}}, r"it\.rows\.coverage has unknown fields \['sigma'\]"),
        ({"mixture_prior": []}, r"its mixture_prior is \[\]"),
        ({"name": "a\nb"}, r"its name is 'a\\nb'"),
    ],
)
def test_what_is_no_measurement_is_refused_in_a_sentence(change: dict[str, Any], words: str, tmp_path: Path) -> None:
    whole = json.loads((SHIPPED / "metrics.json").read_text())
    with pytest.raises(DataError, match=rf"is not a measurement \({words}.*\): write it with `genzoo evaluate`\.$"):
        read_metrics(written(tmp_path / "metrics.json", {**whole, **change}))


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


@pytest.mark.parametrize(
    ("row", "text"),
    [
        (MetricValue(0.423788, std=0.00679), "0.4238 ± 0.0068"),
        (MetricValue(0.423788, std=0.00679, margin=0.1022), "0.42 ± 0.10"),
        (MetricValue(8.42978, margin=0.0678), "8.430 ± 0.068"),
        (MetricValue(-2657.98, standard_error=10.6, margin=29.4), "-2,658 ± 29"),
        (MetricValue(123456.0, margin=2345.0), "123,456 ± 2,345"),
        (MetricValue(1.0, margin=1e-300), "1.000000000000 ± 0.000000000000"),
        (MetricValue(0.5, margin=0.0), "0.5 ± 0"),
        (MetricValue(0.5), "0.5"),
    ],
)
def test_a_value_has_the_digits_that_its_interval_leaves_it(row: MetricValue, text: str) -> None:
    assert row.text == text
