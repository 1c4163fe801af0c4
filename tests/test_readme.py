"""What the README shows runs, and its figures are those of the files that commands wrote."""

from __future__ import annotations

import json
import shlex
import textwrap
from pathlib import Path

import pytest
from click.testing import CliRunner

from genzoo.catalog import ENTRIES
from genzoo.cli import main
from models import families, measured
from train import table

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()


def block(heading: str) -> str:
    """The first indented block below a heading."""
    below = README.split(f"## {heading}\n", 1)[1]
    lines = [line for line in below.split("\n## ")[0].splitlines() if line.startswith("    ") or not line]
    return textwrap.dedent("\n".join(lines)).strip()


def test_the_python_tour_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    exec(block("In Python"), {})
    assert {path.name for path in tmp_path.iterdir()} == {"grid.png", "images.npz"}


def test_the_commands_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for line in block("On the command line").splitlines():
        command = shlex.split(line, comments=True)
        assert command[0] == "genzoo"
        done = CliRunner().invoke(main, command[1:])
        assert done.exit_code == 0, (line, done.output)
    assert {path.name for path in tmp_path.iterdir()} == {"grid.png", "digits.npz", "digits"}


def test_the_numbers_of_the_aliases_are_those_of_their_weights() -> None:
    assert families(measured(ROOT / "weights")) in README
    assert f"all {len(ENTRIES)} entries" in README


def test_the_speeds_are_the_benchmarks() -> None:
    results = list((ROOT / "benchmarks" / "results").glob("*.json"))
    assert results
    for path in results:
        assert table(json.loads(path.read_text())) in README
