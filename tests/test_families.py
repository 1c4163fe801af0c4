"""What tables, cards and `genzoo info` say of nets and of how entries came about is what nets and records have."""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from torch import nn

import families
import reproduce
from genzoo.accel.fastconv import Flatten
from genzoo.checkpoint.config import Config
from genzoo.checkpoint.nets import meta_nets
from genzoo.cli import main
from genzoo.nets.blocks import Dropout
from genzoo.release.card import catalog_card
from genzoo.release.card.training import departures
from genzoo.zoo.catalog import ENTRIES
from genzoo.zoo.registry import FAMILIES
from genzoo.zoo.spec import Entry

ROOT = Path(__file__).parents[1]
CARDS = ROOT / "cards"


def rows(table: str) -> list[list[str]]:
    return [[cell.strip() for cell in line.split("|")[1:-1]] for line in table.splitlines()[2:]]


def layers(entry: Entry, net: str) -> list[nn.Module]:
    return [module for module in meta_nets(entry)[net].modules() if not list(module.children())]


def sized(family: str, dataset: str) -> dict[tuple[int, int], Entry]:
    """The untagged entries of a family on a dataset, by their sizes."""
    return {
        (entry.latent_size, entry.hidden_layers): entry
        for entry in ENTRIES.values()
        if (entry.family.name, entry.dataset.name, entry.tag) == (family, dataset, "")
    }


def test_every_entry_is_counted_once() -> None:
    table = rows(families.families())
    assert sum(int(row[-1]) for row in table) == len(ENTRIES)
    assert {row[0].strip("`") for row in table} == {entry.family.name for entry in ENTRIES.values()}


@pytest.mark.parametrize("row", rows(families.nets()), ids=lambda row: f"{row[0]} {row[1]}")
def test_nets_are_shared_where_the_table_says_so_and_nowhere_else(row: list[str]) -> None:
    family, title = row[0].strip("`"), row[1]
    own = next(e.dataset.name for e in ENTRIES.values() if (e.family.name, e.dataset.title) == (family, title))
    earlier = [*FAMILIES][: [*FAMILIES].index(family)]
    for net, cell in (("generator", row[2]), (FAMILIES[family].objective.second_net, row[3])):
        ours, same = sized(family, own), []
        for other in earlier:
            theirs = sized(other, own)
            both = [(ours[size], theirs[size]) for size in ours if size in theirs]
            if both and net in meta_nets(both[0][1]):
                alike = all([*map(repr, layers(a, net))] == [*map(repr, layers(b, net))] for a, b in both)
                same += [other] if alike else []
        assert re.findall(r"that of `(\w+)`", cell) == same[:1]


def test_what_the_table_says_of_some() -> None:
    cells = {(row[0].strip("`"), row[1]): row[2:] for row in rows(families.nets())}
    assert cells["wgan", "CIFAR-10"][1] == "discriminator: that of `dcgan`"
    assert "dropout" not in cells["wgan", "MNIST"][1]
    assert cells["dcgan", "MNIST"][1].endswith(
        "dropout of 0.3 on the discriminator's flattened features (not `z100-l4-bn4`)"
    )
    assert "dropout" not in cells["dcgan", "CIFAR-10"][1]
    assert "batch norm (not `z100-l4-r1`)" in cells["dcgan", "CIFAR-10"][1]
    assert "batch norm" not in cells["wgangp", "MNIST"][1]
    assert cells["vae", "MNIST"][0] == "that of `dcgan`; sigmoid at its end"
    assert cells["vae", "CIFAR-10"][0].startswith("4 transposed convolutions, batch norm, LeakyReLU")


def places(entry: Entry) -> Iterator[str]:
    """Where a discriminator's dropout stands: what comes before each layer of it."""
    judge = meta_nets(entry)["discriminator"]
    if isinstance(lstm := getattr(judge, "lstm", None), nn.LSTM) and lstm.dropout:
        yield f"{lstm.dropout:g} in the LSTM"
    before: nn.Module = judge
    for layer in layers(entry, "discriminator"):
        if isinstance(layer, Dropout) and layer.p:
            yield f"{layer.p:g} after {type(before).__name__}"
        before = layer


@pytest.mark.parametrize("name", ENTRIES)
def test_dropout_acts_where_it_is_said_to(name: str) -> None:
    entry = ENTRIES[name]
    assert not any(isinstance(layer, Dropout) for layer in layers(entry, "generator"))
    if entry.is_vae:
        assert not entry.dropout
        assert not any(isinstance(layer, Dropout) for layer in layers(entry, "encoder"))
        return
    p = entry.dropout.partition(" ")[0]
    expected = {
        "": [],
        "on the discriminator's flattened features": [f"{p} after {Flatten.__name__}"],
        "after each hidden layer of the discriminator": [
            f"{p} after {type(layer).__name__}"
            for layer in layers(entry, "discriminator")
            if isinstance(layer, nn.ReLU | nn.LeakyReLU)
        ],
        "between the discriminator's layers and on the discriminator's last state": [
            f"{p} in the LSTM",
            f"{p} after LSTM",
        ],
    }
    assert [*places(entry)] == expected[entry.dropout.partition(" ")[2]]


@pytest.mark.parametrize("number", [1, 3])
def test_dropout_between_layers_takes_two(number: int) -> None:
    entry = ENTRIES["lstmgan-mnist-z100-l2"]
    arch = dataclasses.replace(entry.arch, layers=number)  # type: ignore[call-arg]
    other = dataclasses.replace(entry, arch=arch, hidden_layers=number)
    assert [*places(other)] == [*(["0.5 in the LSTM"] if number > 1 else []), "0.5 after LSTM"]
    assert ("between" in other.dropout) == (number > 1)


def test_info_tells_where_dropout_acts() -> None:
    for name, words in (("dcgan-mnist", "0.3 on the discriminator's flattened features"), ("vae-mnist", "-")):
        assert f"\ndropout        {words}\n" in CliRunner().invoke(main, ["info", name]).stdout


def test_the_page_of_what_is_made_again_is_that_of_the_shipped_weights() -> None:
    assert reproduce.text(ROOT / "weights") == (ROOT / "docs" / "reproduce.md").read_text()


@pytest.mark.parametrize("name", ENTRIES)
def test_what_the_command_makes_again(name: str) -> None:
    entry, page = ENTRIES[name], (ROOT / "docs" / "reproduce.md").read_text()
    stored = json.loads((ROOT / "weights" / name / "config.json").read_text())
    then, now, ran = stored["entry"], json.loads(json.dumps(entry.to_json())), stored["training"]
    # A field that came later has its first value in what is older.
    same = all(then[part].get(key, value) == value for part in ("arch", "recipe") for key, value in now[part].items())
    batches = ran["data"]["images"] // entry.recipe.batch_size * entry.recipe.epochs
    as_long = ran["steps"] == batches // entry.recipe.n_critic
    plain = (ran["device"], ran["processes"], ran["seed"], stored["parent"]) == ("cpu", 1, 0, None)
    chosen = ran["step"] == ran["steps"] or len(ran["evaluations"]) <= 10
    (row,) = [line for line in page.splitlines() if line.startswith(f"| [`{name}`]")]
    assert ("| yes | - |" in row) == (same and as_long and plain and chosen)
    assert (f"the command makes {batches // entry.recipe.n_critic:,}" in row) != as_long


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({}, []),
        ({"parent": {"name": "dcgan-mnist", "sha256": {}}}, ["it began with the weights of `dcgan-mnist`"]),
        ({"seed": 7}, ["its seed was 7"]),
        ({"processes": 2}, ["it was trained by 2 processes"]),
        ({"schedule_steps": 60_000, "steps": 40_000, "step": 40_000}, ["it was stopped after 40,000 of them"]),
        ({"recipe": {"lr": 0.01}}, ["its lr was 0.01, where the catalog has 0.001"]),
        ({"arch": {"kernel": 3}}, ["its kernel was 3, where the catalog has 4"]),
        ({"step": 57_000}, ["it is the best of 20 states that were measured, where the command measures 10 at most"]),
        (
            {"evaluations": [{"step": step} for step in (10, 20, 50)]},
            ["it was trained in legs, and measured every 10 steps, then every 30"],
        ),
    ],
)
def test_each_departure_is_told(changes: dict[str, Any], words: list[str]) -> None:
    stored = json.loads((ROOT / "weights" / "vae-mnist-z20-l3" / "config.json").read_text())
    parent = changes.pop("parent", None)
    for part in ("recipe", "arch"):
        stored["entry"][part] |= changes.pop(part, {})
    config = Config(Entry.from_json(stored["entry"]), stored["training"] | changes, parent)
    assert [*departures(config)] == words


def test_a_card_tells_of_dropout_and_of_what_the_command_makes() -> None:
    card = catalog_card("dcgan-mnist-z100-l5", CARDS)
    told = (
        "It is not what `genzoo train dcgan-mnist-z100-l5` makes: it was trained for 21,060 steps, where the command "
    )
    assert told in card
    *_, before, last = [line for line in card.splitlines() if line.startswith("| discriminator |")]
    assert before == "| discriminator | Dropout | 0.3 of the values zeroed in training | 0 |"
    assert last.startswith("| discriminator | Linear | 1 x ")
    assert "It is what `genzoo train vae-mnist-z20-l5` makes: nets, " in catalog_card("vae-mnist-z20-l5", CARDS)
    assert "| discriminator | LSTM, dropout of 0.5 between its layers | " in catalog_card(
        "lstmgan-mnist-z100-l2", CARDS
    )
