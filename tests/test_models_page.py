"""The page of all models says what the measurements beside the weights say."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from genzoo.checkpoint.layout import CONFIG, METRICS
from genzoo.checkpoint.measurement import Measurement, read_metrics
from genzoo.errors import UsageError
from genzoo.zoo.catalog import ENTRIES
from models import text

ROOT = Path(__file__).parents[1]


def copied(name: str, home: Path) -> Measurement:
    """What was measured of an entry, put into a folder of weights."""
    (home / name).mkdir()
    for file in (CONFIG, METRICS):
        shutil.copy(ROOT / "weights" / name / file, home / name / file)
    return read_metrics(home / name / METRICS)


def rows(page: str, heading: str) -> list[list[str]]:
    """The cells of the table below a heading."""
    lines = page.split(f"## {heading}\n\n", 1)[1].split("\n\n")[0].splitlines()
    return [[cell.strip() for cell in line.split("|")[1:-1]] for line in lines[2:]]


def test_the_page_is_that_of_the_shipped_weights() -> None:
    assert text(ROOT / "weights") == (ROOT / "docs" / "models.md").read_text()


def test_the_best_samples_stand_first_and_each_prior_by_itself(tmp_path: Path) -> None:
    gan, vae = copied("mlpgan-mnist-z100-l2", tmp_path), copied("vae-mnist-z20-l3", tmp_path)
    found = rows(text(tmp_path), "Samples: MNIST")
    vae_link = "[`vae-mnist-z20-l3`](../cards/vae-mnist-z20-l3.md)"
    assert [row[0] for row in found] == [
        "*training images*",
        f"{vae_link}, mixture",
        "[`mlpgan-mnist-z100-l2`](../cards/mlpgan-mnist-z100-l2.md)",
        vae_link,
    ]
    distances = [part["frechet_distance"] for part in (vae.mixture_prior, gan.rows, vae.rows)]
    assert [row[2] for row in found] == [f"{distances[0].floor:.4g}", *(row.text for row in distances)]
    assert distances == sorted(distances, key=lambda row: row.mean)


def test_likelihoods_stand_together_and_parameters_are_the_decoders(tmp_path: Path) -> None:
    for name in ("mlpvae-mnist-z2-l1", "vae-mnist-z20-l3-binary", "mlpvae-mnist-z2-l2"):
        copied(name, tmp_path)
    found = rows(text(tmp_path), "Likelihoods: MNIST")
    assert [row[2] for row in found] == [
        "Bernoulli, binarised",
        "Bernoulli, grey levels",
        "Gaussian, deviation 0.707",
    ]
    assert found[2][1] == f"{2 * 512 + 512 + 512 * 784 + 784:,}"


def test_what_has_no_weights_is_named(tmp_path: Path) -> None:
    copied("wgan-mnist-z100-l3", tmp_path)
    copied("wgangp-mnist-z100-l3", tmp_path)
    waiting = text(tmp_path).split("## Not trained yet")[1]
    assert {name for name in ENTRIES if f"`{name}`" in waiting} == set(ENTRIES) - {
        "wgan-mnist-z100-l3",
        "wgangp-mnist-z100-l3",
    }


def test_numbers_of_two_kinds_never_share_a_table(tmp_path: Path) -> None:
    for name in ("wgan-mnist-z100-l3", "wgangp-mnist-z100-l3"):
        copied(name, tmp_path)
    file = tmp_path / name / METRICS
    file.write_text(json.dumps(json.loads(file.read_text()) | {"n": 5000}))
    with pytest.raises(UsageError, match="measured otherwise in n"):
        text(tmp_path)
