"""What the README shows runs, and its figures are those of the files that commands wrote."""

from __future__ import annotations

import json
import shlex
import textwrap
from pathlib import Path

import pytest
from click.testing import CliRunner

from genzoo.checkpoint.nets import meta_nets
from genzoo.cli import main
from genzoo.zoo.catalog import ENTRIES
from models import families, measured
from tables import TABLES, with_tables

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()


def block(heading: str) -> str:
    """The first indented block below a heading."""
    below = README.split(f"## {heading}\n", 1)[1]
    lines = [line for line in below.split("\n## ")[0].splitlines() if line.startswith("    ") or not line]
    return textwrap.dedent("\n".join(lines)).strip()


def test_the_commands_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for line in block("On the command line").splitlines():
        command = shlex.split(line, comments=True)
        assert command[0] == "genzoo"
        done = CliRunner().invoke(main, command[1:])
        assert done.exit_code == 0, (line, done.output)
    assert {path.name for path in tmp_path.iterdir()} == {"grid.png", "digits.npz", "digits", "digits.onnx"}


def test_the_numbers_of_the_aliases_are_those_of_their_weights() -> None:
    assert families(measured(ROOT / "weights")) in README
    assert f"all {len(ENTRIES)} entries" in README


def layers(name: str, net: str) -> list[str]:
    """A net's layers by kind and sizes."""
    modules = meta_nets(ENTRIES[name])[net].modules()
    return [repr(module) for module in modules if not list(module.children())]


@pytest.mark.parametrize("name", [name for name in ENTRIES if name.startswith(("wgan-", "wgangp-"))])
def test_what_the_table_of_families_says_of_wgans(name: str) -> None:
    same = name.replace("wgangp" if "wgangp" in name else "wgan", "dcgan")
    entry = ENTRIES[name]
    if same in ENTRIES:
        assert layers(name, "generator") == layers(same, "generator")
    discriminator = layers(name, "discriminator")
    assert not [layer for layer in discriminator if "Dropout" in layer]
    assert any("BatchNorm" in layer for layer in discriminator) == (entry.family.name == "wgan")


def test_what_the_table_of_families_says_of_vaes() -> None:
    def strided(name: str) -> int:
        return sum("stride=(2, 2)" in layer for layer in layers(name, "generator"))

    assert layers("vae-mnist-z100-l3", "generator") == layers("dcgan-mnist-z100-l3", "generator")
    for name in ("vae-cifar10-z100-l3", "vae-cifar10-z10-l3"):
        assert strided(name) == strided("dcgan-cifar10-z100-l3") + 1
    assert strided("vae-olivetti-z32-l4") == strided("dcgan-mnist-z100-l3") + 1
    ends = {(entry.family.name, entry.output_activation) for entry in ENTRIES.values()}
    assert ("vae", "sigmoid") in ends
    assert not {("vae", "tanh"), ("dcgan", "sigmoid")} & ends


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
