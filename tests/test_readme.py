"""What the README shows runs, and its figures are those of the files that commands wrote."""

from __future__ import annotations

import itertools
import json
import re
import shlex
import textwrap
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

from genzoo.cli import main
from genzoo.zoo.catalog import ENTRIES
from models import families, measured
from tables import TABLES, with_tables

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()


def block(heading: str) -> str:
    """The indented block that a section begins with."""
    lines = README.split(f"## {heading}\n", 1)[1].strip("\n").splitlines()
    shown = itertools.takewhile(lambda line: line.startswith("    ") or not line, lines)
    return textwrap.dedent("\n".join(shown)).strip()


def test_the_commands_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for line in block("On the command line").splitlines():
        command = shlex.split(line, comments=True)
        assert command[0] == "genzoo"
        done = CliRunner().invoke(main, command[1:])
        assert done.exit_code == 0, (line, done.output)
    written = {"grid.png", "digits.npz", "digits", "directions.png", "digits.onnx"}
    assert {path.name for path in tmp_path.iterdir()} == written


def beside_each_other() -> list[tuple[str, str]]:
    """The commands of the table at the top, and the pictures below them."""
    table = README.split("## ", 1)[0]
    return list(zip(re.findall(r"\| `genzoo (.*?)`", table), re.findall(r"\| !\[.*?\]\((.*?)\)", table), strict=True))


@pytest.mark.numeric
@pytest.mark.parametrize(("command", "picture"), beside_each_other())
def test_a_picture_is_what_the_command_above_it_draws(
    command: str, picture: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    *arguments, out = shlex.split(command)
    assert CliRunner().invoke(main, [*arguments, out]).exit_code == 0
    drawn, shown = (np.asarray(Image.open(path), dtype=np.int16) for path in (tmp_path / out, ROOT / picture))
    assert drawn.shape == shown.shape
    assert np.abs(drawn - shown).max() <= 1


def test_the_numbers_of_the_aliases_are_those_of_their_weights() -> None:
    assert families(measured(ROOT / "weights"), "weights") in README
    assert f"all {len(ENTRIES)} entries" in README


def test_most_gans_ran_for_fewer_steps_than_their_recipes() -> None:
    shorter = []
    for name, entry in ENTRIES.items():
        if not entry.is_vae:
            ran = json.loads((ROOT / "weights" / name / "config.json").read_text())["training"]
            passes = ran["steps"] * entry.recipe.n_critic / (ran["data"]["images"] // entry.recipe.batch_size)
            shorter.append(passes < 0.99 * entry.recipe.epochs)
    assert sum(shorter) > len(shorter) / 2


def test_the_speeds_are_the_benchmarks() -> None:
    pages = {page: page.read_text() for page in (ROOT / "README.md", *(ROOT / "docs").glob("*.md"))}
    for page, text in pages.items():
        assert with_tables(text) == text, f"`python tools/tables.py` renews {page.name}"
    shown = "".join(pages.values())
    reports = [path for path in (ROOT / "benchmarks" / "results").glob("*.json") if path.stem.split("-")[0] in TABLES]
    for report in reports:
        assert f"<!-- table: benchmarks/results/{report.name} -->" in shown


def test_how_the_house_stands_is_told_briefly() -> None:
    assert len((ROOT / "docs" / "design.md").read_text().split()) <= 1500
