"""What is to be cited, wherever it is told: on cards, by `genzoo cite`, in CITATION.cff; and the way by PyTorch Hub."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml
from click.testing import CliRunner

import genzoo
from genzoo.checkpoint.folder import Folder
from genzoo.cli import main
from genzoo.release.card import render
from genzoo.zoo.catalog import ALIASES, ENTRIES
from genzoo.zoo.papers import GENZOO, REPORTS, Paper, bibtex

ROOT = Path(__file__).parents[1]


def cited(source: object) -> list[str]:
    """The keys of what `genzoo cite` prints."""
    done = CliRunner().invoke(main, ["cite", str(source)])
    assert done.exit_code == 0, done.output
    for entry in done.stdout.split("\n\n"):
        assert entry.count("{") == entry.count("}")
        assert re.fullmatch(r"@[a-z]+\{[a-z0-9-]+,\n(  [a-z]+ = \{.+\},\n)+\}\n?", entry), entry
    return re.findall(r"^@[a-z]+\{(.*),$", done.stdout, re.MULTILINE)


def test_what_to_cite() -> None:
    assert cited("dcgan-cifar10") == [
        "latent-and-layers-report", "genzoo", "krizhevsky2009learning", "goodfellow2014generative",
        "radford2016unsupervised", "mescheder2018which",
    ]  # fmt: skip
    assert cited("mlpvae-mnist-z2-l1") == ["vasireddy-report", "genzoo", "lecun1998gradient", "kingma2014auto"]


def test_this_version_is_cited() -> None:
    done = CliRunner().invoke(main, ["cite", "vae-mnist"])
    assert f"  note = {{Version {genzoo.__version__}}},\n" in done.stdout


def test_a_folder_is_cited_as_its_entry(checkpoint: Path) -> None:
    assert cited(checkpoint) == cited("mlpvae-mnist-z2-l1")


@pytest.mark.parametrize("name", ALIASES)
def test_a_card_names_what_is_cited(name: str) -> None:
    entry = ENTRIES[ALIASES[name]]
    card = (ROOT / "cards" / f"{entry.name}.md").read_text(encoding="utf-8")
    for paper in (entry.dataset.citation, *entry.papers):
        assert str(paper) in card
    assert f"{entry.source} of genzoo's five course reports" in card


def test_a_card_has_it_as_bibtex(checkpoint: Path) -> None:
    (block,) = re.findall(r"## Citation\n\n```bibtex\n(.*?)\n```\n", render(Folder(checkpoint)), re.DOTALL)
    assert block == "\n\n".join(map(bibtex, ENTRIES["mlpvae-mnist-z2-l1"].citations))


def test_every_entry_comes_from_a_report() -> None:
    assert {entry.source for entry in ENTRIES.values()} == set(REPORTS)


def test_a_paper_as_markdown() -> None:
    authors = ("Ada Byron", "Hopper, Grace Brewster", "Jean-Luc Picard", "A. N. Other")
    told = [str(Paper("key", "Nets", authors[:n], 1843, "https://example.org")) for n in range(5)]
    assert told == [
        "[Nets](https://example.org), 1843",
        "[Nets](https://example.org), Byron 1843",
        "[Nets](https://example.org), Byron and Hopper 1843",
        "[Nets](https://example.org), Byron, Hopper and Picard 1843",
        "[Nets](https://example.org), Byron et al. 1843",
    ]
    assert str(Paper("key", "Nets")) == "Nets"


def test_a_package_may_say_it_in_markdown() -> None:
    told = "[Least Squares GANs](https://arxiv.org/abs/1611.04076), Mao et al. 2017"
    assert bibtex(told) == f"@misc{{least-squares-gans,\n  note = {{{told}}},\n}}"


@pytest.fixture(scope="module")
def citation() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    return found


def test_citation_cff_is_of_this_version(citation: dict[str, Any]) -> None:
    required = {"cff-version", "message", "title", "authors"}  # by the schema of version 1.2.0
    assert required <= citation.keys()
    assert (citation["cff-version"], citation["type"], citation["license"]) == ("1.2.0", "software", "Apache-2.0")
    assert citation["title"] == GENZOO.title
    assert str(citation["version"]) == genzoo.__version__
    assert isinstance(citation["date-released"], date)
    assert citation["date-released"].year == GENZOO.year
    assert f"[{genzoo.__version__}] - {citation['date-released']}" in (ROOT / "CHANGELOG.md").read_text(
        encoding="utf-8"
    )


def test_citation_cff_cites_the_reports(citation: dict[str, Any]) -> None:
    def of(paper: Paper) -> dict[str, Any]:
        names = [author.split(", ")[::-1] if ", " in author else author.rsplit(" ", 1) for author in paper.authors]
        people = [{"given-names": given, "family-names": family} for given, family in names]
        given = {"year": paper.year, "url": paper.url, "notes": dict(paper.others)["note"]}
        return {
            "type": "report",
            "title": paper.title,
            "authors": people or [{"name": "anonymous"}],
            **{key: value for key, value in given.items() if value},
        }

    assert citation["references"] == [of(paper) for paper in REPORTS.values()]


def test_pytorch_hub() -> None:
    model = torch.hub.load(str(ROOT), "mlpvae_mnist", source="local")
    assert isinstance(model, genzoo.Model)
    assert torch.equal(model.sample(2, seed=0), genzoo.load("mlpvae-mnist").sample(2, seed=0))
    assert torch.hub.load(str(ROOT), "load", "mlpvae-mnist-z2-l1", source="local").name == "mlpvae-mnist-z2-l1"


def test_pytorch_hub_lists_the_aliases(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(ROOT))
    import hubconf

    shown = {name for name in dir(hubconf) if callable(getattr(hubconf, name)) and not name.startswith("_")}
    assert shown == {"load", *(alias.replace("-", "_") for alias in ALIASES)}
    assert vars(hubconf)["vae_mnist"].__doc__.startswith("A variational autoencoder of convolutional nets, on MNIST: ")
