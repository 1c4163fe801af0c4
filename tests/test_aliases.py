"""Aliases are those of the rule, and what the zoo's numbers are written by goes on where it was stopped."""

from __future__ import annotations

import dataclasses
import json
import shutil
from pathlib import Path

import pytest

import aliases
import measure
from aliases import Candidate, choose
from genzoo.checkpoint.layout import METRICS, MODEL
from genzoo.checkpoint.manifest import weights_home
from genzoo.checkpoint.measurement import MetricValue, read_metrics, text_of_draws
from genzoo.evaluate import Drawn, Settings
from genzoo.zoo.catalog import ALIASES, ENTRIES

pytestmark = pytest.mark.numeric

ROOT = Path(__file__).parents[1]
PAIR = ("mlpgan-mnist-z100-l2", "mlpgan-mnist-z100-l3")
FEW = Settings(n=150, seeds=(0,))


def test_the_aliases_are_those_of_the_rule() -> None:
    families = aliases.families(weights_home())
    assert {alias: choose(candidates).name for alias, candidates in families.items()} == {
        alias: ALIASES[alias] for alias in families
    }
    alone = {alias for alias in ALIASES if alias not in families}
    assert all(sum(name.startswith(f"{alias}-") for name in ENTRIES) == 1 for alias in alone)


def test_the_page_is_that_of_the_shipped_measurements() -> None:
    assert aliases.text(weights_home()) == (ROOT / "docs" / "aliases.md").read_text()


def sure(mean: float, off: float) -> MetricValue:
    """A value whose draws differ from it by so much."""
    return MetricValue(mean, margin=off, draws=text_of_draws([mean - off, mean + off]))


def candidate(name: str, parameters: int, distance: float, coverage: float, recall: float) -> Candidate:
    rows = {"frechet_distance": sure(distance, 0.01), "coverage": sure(coverage, 0.001), "recall": sure(recall, 0.001)}
    # Draws of one sign, so that each entry's own noise is its own.
    rows["frechet_distance"] = dataclasses.replace(
        rows["frechet_distance"], draws=text_of_draws([distance + 0.01 * parameters, distance - 0.01 * parameters])
    )
    return Candidate(name, rows, parameters)


def test_of_entries_that_tie_the_smaller_stands_for_the_family() -> None:
    large, small = candidate("large", 9, 0.40, 0.9, 0.6), candidate("small", 5, 0.42, 0.9, 0.6)
    far, tiny = candidate("far", 1, 0.9, 0.9, 0.6), candidate("tiny", 2, 0.9, 0.95, 0.9)
    assert choose([large, small, far, tiny]).name == "small"
    assert choose([large, far]).name == "large"


def test_of_entries_that_tie_one_that_another_beats_goes() -> None:
    small = candidate("small", 5, 0.42, 0.9, 0.6)
    assert choose([candidate("recalls more", 9, 0.40, 0.9, 0.7), small]).name == "recalls more"
    assert choose([candidate("covers less", 9, 0.40, 0.8, 0.7), small]).name == "small"


def test_without_intervals_the_lowest_distance_is_chosen() -> None:
    rows = [{"frechet_distance": MetricValue(mean)} for mean in (0.41, 0.4, 0.4)]
    found = [Candidate(name, row, size) for name, row, size in zip("abc", rows, (1, 9, 8), strict=True)]
    assert choose(found).name == "c"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A zoo of two entries of a family, and no measurements on the training set yet."""
    for name in PAIR:
        shutil.copytree(weights_home() / name, tmp_path / "weights" / name)
    monkeypatch.setattr(aliases, "TRAINING_SET", tmp_path / "training-set.json")
    return tmp_path / "weights"


@pytest.mark.slow
@pytest.mark.usefixtures("small_reference")
def test_the_zoo_is_measured_anew_where_that_is_wanted(home: Path, tmp_path: Path) -> None:
    for name in PAIR:
        drawn: Drawn = {}
        assert measure.measure(name, home, FEW, None, drawn)
        assert measure.measure_on_training_set(name, home, FEW, None, drawn, aliases.TRAINING_SET)
    assert not any(measure.measure(name, home, FEW, None, {}) for name in PAIR)
    assert not any(measure.measure_on_training_set(name, home, FEW, None, {}, aliases.TRAINING_SET) for name in PAIR)
    assert all(row.interval for row in read_metrics(home / PAIR[0] / METRICS).rows.values())
    found = aliases.read_training_set(aliases.TRAINING_SET)
    assert set(found) == set(PAIR)
    assert {(one.n, one.reference.split, tuple(one.rows)) for one in found.values()} == {(150, "train", aliases.JUDGED)}
    # Pages and cards are those of what was measured.
    (tmp_path / "docs").mkdir()
    (tmp_path / "README.md").write_text("before\n\n| samples | alias |\n| --- | --- |\n| a | b |\n\nafter\n")
    measure.write_all(home, tmp_path, tmp_path / "cards")
    row = read_metrics(home / PAIR[1] / METRICS).rows["frechet_distance"].text
    readme = (tmp_path / "README.md").read_text()
    assert f"> | `mlpgan-mnist` | `{PAIR[1]}` | 1,486,352 | {row} |" in readme
    assert readme.startswith("before\n\n| samples | alias | entry | parameters |")
    assert readme.endswith("|\n\nafter\n")
    for page in ("models.md", "aliases.md"):
        assert " ± " in (tmp_path / "docs" / page).read_text()
    card = (tmp_path / "cards" / f"{PAIR[1]}.md").read_text()
    assert f"| Fréchet distance | {row} |" in card
    assert "± says where 95 of 100 repeated measurements lie" in card
    assert set(json.loads((home / "manifest.json").read_text())["entries"]) == set(PAIR)
    # Of other weights it is not current.
    found[PAIR[0]] = dataclasses.replace(found[PAIR[0]], weights_sha256="0" * 64)
    aliases.TRAINING_SET.write_text(json.dumps({name: one.to_json() for name, one in found.items()}))
    assert measure.measure_on_training_set(PAIR[0], home, FEW, None, {}, aliases.TRAINING_SET)
    assert (home / PAIR[0] / MODEL).is_file()


def test_the_catalog_takes_over_what_the_rule_says(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    catalog = tmp_path / "catalog.py"
    shutil.copy(ROOT / "genzoo" / "zoo" / "catalog.py", catalog)
    assert aliases.apply(home, catalog) == []
    assert catalog.read_text() == (ROOT / "genzoo" / "zoo" / "catalog.py").read_text()
    monkeypatch.setattr(aliases, "choose", lambda candidates: min(candidates, key=lambda one: one.parameters))
    assert aliases.apply(home, catalog) == [f"mlpgan-mnist: {PAIR[1]} -> {PAIR[0]}"]
    assert f'"mlpgan-mnist": "{PAIR[0]}",' in catalog.read_text()
