"""What the options of `genzoo train` and `genzoo finetune` make of a recipe."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Callable

import click

from genzoo.errors import UsageError
from genzoo.values import in_columns
from genzoo.zoo.spec import Entry, Recipe
from genzoo.zoo.variants import settings_of

FINE_TUNING_RATE = 0.5
"""Fine-tuning goes at this share of the recipe's learning rates."""


def for_fine_tuning(recipe: Recipe) -> Recipe:
    """The recipe at the learning rates of fine-tuning."""
    return dataclasses.replace(
        recipe,
        lr=recipe.lr * FINE_TUNING_RATE,
        discriminator_lr=recipe.discriminator_lr and recipe.discriminator_lr * FINE_TUNING_RATE,
    )


def lists_keys(entry: Entry, settings: tuple[str, ...]) -> bool:
    """Whether `--set help` was given, which this answers with an entry's own settings."""
    if "help" not in settings:
        return False
    click.echo("\n".join(in_columns([("KEY", f"VALUE OF {entry.name}"), *settings_of(entry).items()])))
    return True


def changes(
    recipe: Recipe,
    epochs: int | None,
    steps: int | None,
    batch_size: int | None,
    lr: float | None,
    settings: tuple[str, ...],
    **_: object,
) -> dict[str, str]:
    """The recipe's fields that the options change."""
    if epochs is not None and steps is not None:
        raise UsageError("--epochs and --steps both say how long to train: give one of them.")
    pairs = [text.partition("=") for text in settings]
    if wrong := [key for key, equals, _ in pairs if not equals]:
        raise UsageError(f"--set {wrong[0]} has no value: write --set {wrong[0]}=VALUE.")
    given = {"epochs": epochs, "batch_size": batch_size, "lr": lr}
    named = {key: str(value) for key, value in given.items() if value is not None}
    told = {key: value for key, _, value in pairs}
    if steps is not None and "epochs" in told:
        raise UsageError("--set epochs and --steps both say how long to train: give one of them.")
    if twice := [key for key in told if key in named]:
        flag = twice[0].replace("_", "-")
        raise UsageError(f"--{flag} and --set {twice[0]} say the same of the recipe: give one of them.")
    if lr is not None and recipe.discriminator_lr:
        named["discriminator_lr"] = str(recipe.discriminator_lr * lr / recipe.lr)
    return named | told


def fitted(
    entry: Entry,
    images: int,
    say: Callable[[str], object],
    batch_size: int | None,
    settings: tuple[str, ...],
    **_: object,
) -> Entry:
    """The entry with a batch that its data fill, where the recipe's is larger and the options name none."""
    processes = int(os.environ.get("WORLD_SIZE", "1"))
    size, most = entry.recipe.batch_size, images - images % processes
    named = batch_size is not None or any(text.startswith("batch_size=") for text in settings)
    if named or size <= images or most < 2:
        return entry
    say(f"The recipe's batch of {size} is larger than the data: batches have all its {most} images here.")
    return dataclasses.replace(entry, recipe=dataclasses.replace(entry.recipe, batch_size=most))
