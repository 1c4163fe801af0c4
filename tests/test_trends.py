"""The page of report 4's trends says what the measurements say."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

import trends
from genzoo.checkpoint.layout import CONFIG, METRICS
from genzoo.checkpoint.manifest import weights_home
from genzoo.checkpoint.measurement import MetricValue, text_of_draws
from genzoo.errors import UsageError
from page import write_page

ROOT = Path(__file__).parents[1]
DISTANCES = {10: 4.5, 20: 1.5, 50: 0.5, 100: 2.5, 200: 3.5}
ELBOS = {10: -99.0, 20: -90.5, 50: -91.0, 100: -92.0, 200: -93.0}


def measured(home: Path, z: int, **changes: object) -> None:
    """A measurement of the VAE on MNIST of this latent size: a real one with two other numbers."""
    document = json.loads((weights_home() / "vae-mnist-z20-l3" / METRICS).read_text())
    document |= {"name": f"vae-mnist-z{z}-l3", **changes}
    document["frechet_distance"]["mean"] = DISTANCES[z]
    document["elbo"]["mean"] = ELBOS[z]
    folder = home / document["name"]
    folder.mkdir(parents=True, exist_ok=True)
    (folder / METRICS).write_text(json.dumps(document))
    config = json.loads((weights_home() / "vae-mnist-z20-l3" / CONFIG).read_text())
    config["entry"] |= {"name": document["name"], "latent_size": z}
    config["training"] |= {"steps": 200_000, "step": 1000 * z - 500}
    if z == 10:  # Only a run that was measured on the way says which of its steps ships.
        del config["training"]["step"]
        config["training"]["steps"] = 1000 * z - 500
    (folder / CONFIG).write_text(json.dumps(config))


def test_a_study_is_told_once_it_is_whole(tmp_path: Path) -> None:
    for z in (10, 20, 50, 100):
        measured(tmp_path, z)
    text = trends.text(tmp_path)
    assert "Measured:" not in text
    assert "latent size of a VAE on MNIST" in text
    measured(tmp_path, 200)
    text = trends.text(tmp_path)
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in text.splitlines() if line.startswith("| `")]
    assert [(row[1], row[2], row[3], row[-1]) for row in rows] == [
        (str(z), f"{1000 * z - 500:,}", f"{DISTANCES[z]:.4g}", f"{ELBOS[z]:.4g}") for z in DISTANCES
    ]
    assert "by the Fréchet distance, 50 is best (not as the report has it)" in text
    assert "by the ELBO, 20 is best (as the report has it)" in text
    assert "latent size of a VAE on MNIST" not in text
    assert "The recipes differ" not in text
    others = ", ".join(f"`vae-mnist-z{z}-l3`" for z in DISTANCES if z != 10)
    assert f"The runs differ in length: 9,500 steps for `vae-mnist-z10-l3`; 200,000 steps for {others}." in text


def rows(means: dict[int, float]) -> dict[int, MetricValue]:
    return {value: MetricValue(mean) for value, mean in means.items()}


def test_the_worst_is_told_where_the_report_tells_it() -> None:
    study = next(each for each in trends.STUDIES if each.worst == (10,) and each.best)
    claims = "by the ELBO, 50 is best (as the report has it) and 20 is worst (not as the report has it)"
    assert trends.verdict(study, "elbo", rows({10: -2.0, 20: -3.0, 50: -1.0, 100: -1.5})) == claims
    other = next(each for each in trends.STUDIES if each.worst == (10,) and not each.best)
    claims = "by the Fréchet distance, 10 is worst (as the report has it)"
    assert trends.verdict(other, "frechet_distance", rows({10: 9.0, 20: 3.0, 50: 1.0, 100: 1.5})) == claims


def test_what_is_not_told_apart_from_the_best_is_named() -> None:
    study = next(each for each in trends.STUDIES if each.best == (20,) and each.varied == "latent size")
    means = {10: 4.0, 20: 1.1, 50: 1.0, 100: 1.2, 200: 2.0}
    sure = {z: MetricValue(mean, draws=text_of_draws([mean - 0.001, mean + 0.001])) for z, mean in means.items()}
    unsure = {z: MetricValue(mean, draws=text_of_draws([mean - 0.5 * z, mean + 0.5 * z])) for z, mean in means.items()}
    told = "by the Fréchet distance, 50 is best (not as the report has it)"
    assert trends.verdict(study, "frechet_distance", sure) == told
    told = "by the Fréchet distance, 50 is best, not told apart from 20 and 100 and 200 and 10, (as the report has it)"
    assert trends.verdict(study, "frechet_distance", unsure) == told


def test_recipes_that_differ_are_named(tmp_path: Path) -> None:
    for z in DISTANCES:
        measured(tmp_path, z)
    path = tmp_path / "vae-mnist-z50-l3" / CONFIG
    config = json.loads(path.read_text())
    config["entry"]["recipe"] |= {"beta1": 0.25, "epochs": 7}
    path.write_text(json.dumps(config))
    text = trends.text(tmp_path)
    others = ", ".join(f"`vae-mnist-z{z}-l3`" for z in DISTANCES if z != 50)
    assert text.count("The recipes differ in") == 1
    assert f"The recipes differ in `beta1`: 0.9 for {others}; 0.25 for `vae-mnist-z50-l3`." in text
    assert "(as the report has it). That may be the doing of these differences." in text


def test_the_page_is_that_of_the_shipped_weights(tmp_path: Path) -> None:
    command = [sys.executable, str(ROOT / "tools" / "trends.py"), "--weights", str(ROOT / "weights")]
    subprocess.run([*command, "--out", str(tmp_path / "page.md")], check=True)
    assert (tmp_path / "page.md").read_text() == (ROOT / "docs" / "trends.md").read_text()


def test_what_was_measured_otherwise_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for z in DISTANCES:
        measured(tmp_path, z, **({"n": 5000} if z == 50 else {}))
    monkeypatch.setattr("sys.argv", ["trends.py", "--weights", str(tmp_path), "--out", str(tmp_path / "page.md")])
    with pytest.raises(UsageError, match="cannot be compared"):
        write_page(trends.text, trends.__doc__)
    assert not (tmp_path / "page.md").exists()
