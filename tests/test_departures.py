"""Cards say how an entry departs from its report, by the recipes that the reports tell."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path

import pytest

from genzoo.release.card import render
from genzoo.studies.reports.recipes import EPOCHS, READERS, RECIPES, recipe_of
from genzoo.zoo.catalog import ENTRIES
from genzoo.zoo.spec import Entry

from .test_card import checkpoint_of, section


def of_card(entry: Entry, home: Path, passes: float = 1.0, **training: object) -> str:
    """The section of an entry that was trained for some passes over MNIST."""
    steps = round(passes * (60_000 // entry.recipe.batch_size) / entry.recipe.n_critic)
    run = {"steps": steps, "data": {"name": "mnist", "images": 60_000}, **training}
    return section(render(checkpoint_of(entry, home, training=run)), f"Departures from {entry.source}")


def rows(text: str) -> dict[str, tuple[str, str]]:
    """What is not as the report has it: its value, and the entry's."""
    cells = re.findall(r"^\| ([^|]+) \| ([^|]+) \| ([^|]+) \|$", text, re.MULTILINE)
    return {word: (theirs, ours) for word, theirs, ours in cells if word != "---"}


def test_every_entry_is_held_against_its_report() -> None:
    found = {name: recipe_of(entry.source, name) for name, entry in ENTRIES.items()}
    assert all(found.values())
    assert {id(recipe) for recipe in found.values()} == {id(recipe) for recipe in RECIPES}
    for name, recipe in found.items():
        assert recipe is not None
        assert {*recipe.text, *recipe.code} <= {*READERS, EPOCHS}
        assert not {*recipe.text} & {*recipe.code}
        for word in {*recipe.text, *recipe.code} - {EPOCHS}:
            READERS[word](ENTRIES[name])
    assert recipe_of("my thesis", "dcgan-mnist-z100-l3") is None


def test_what_differs_stands_beside_what_the_report_has(tmp_path: Path) -> None:
    entry = ENTRIES["convgan-mnist-z100-l2-s1"]
    text = of_card(entry, tmp_path, 128, evaluations=[{"step": 1}, {"step": 2}])
    assert rows(text) == {
        "learning rate": ("0.0001", "0.001"),
        "learning rate of the discriminator": ("0.0001", "0.0003"),
        EPOCHS: ("500", "128"),
    }
    assert "the average of the weights that ships, the choice of the best of 2 states, rates that fall to zero" in text
    assert "real images labelled 0.9" in text
    assert "The report says nothing of activation, beta1 and initialisation" in text


def test_an_entry_that_keeps_to_its_report_says_so(tmp_path: Path) -> None:
    entry = ENTRIES["mlpgan-mnist-z100-l2"]
    recipe = dataclasses.replace(entry.recipe, lr=1e-4, ema_decay=0.0)
    text = of_card(dataclasses.replace(entry, recipe=recipe), tmp_path, 500)
    assert "What the report says of nets and training is kept to." in text
    assert not rows(text)
    assert "Beyond the report" not in text


@pytest.mark.parametrize(
    ("name", "word", "theirs", "ours"),
    [
        ("dcgan-mnist-z100-l4-bn4", "beta1", "0.5, by its code", "0"),
        ("wgan-mnist-z100-l3", "weight clip", "0.01", "0.03"),
        ("wgan-cifar10-z100-l4", "strided layers", "4", "3"),
        ("wgan-cifar10-z100-l4", "dropout", "one layer, behind the flatten", "none"),
        ("dcgan-cifar10-z100-l4-r1", "batch norm of the discriminator", "yes", "none"),
    ],
)
def test_departures_of_all_kinds(name: str, word: str, theirs: str, ours: str, tmp_path: Path) -> None:
    assert rows(of_card(ENTRIES[name], tmp_path))[word] == (theirs, ours)


def test_what_one_report_has_is_no_addition(tmp_path: Path) -> None:
    assert "real images labelled" not in of_card(ENTRIES["mlpgan-mnist-z100-l3"], tmp_path)
    text = of_card(ENTRIES["dcgan-mnist-z100-l3"], tmp_path)
    assert "dropout" not in rows(text)
    assert "is the average of the weights that ships." in text
