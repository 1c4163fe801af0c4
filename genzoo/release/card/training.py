"""How a model was trained, where a card's template has no words of its own for it."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import Any

from genzoo.checkpoint.config import Config
from genzoo.release.card.facts import Facts
from genzoo.release.card.text import plain, plain_value
from genzoo.zoo.registry import ALL_METRICS, ENTRIES
from genzoo.zoo.spec import Entry, Recipe

_TOLD = (
    *("objective", "real_label", "weight_clip", "gp_weight", "r1_gamma", "max_grad_norm", "n_critic"),
    *("likelihood", "likelihood_sd", "binarize"),
    *("optimizer", "lr", "discriminator_lr", "beta1", "beta2", "lr_schedule"),
    *("batch_size", "epochs", "ema_decay"),
)
"""The fields of a recipe that the template has words of."""
_STEPS = ("data", "steps", "step", "evaluations", "schedule_steps")


def untold(recipe: Recipe) -> Iterator[tuple[str, str]]:
    """The fields of a recipe that the template has no words of, where they are not as they come."""
    for field in dataclasses.fields(recipe):
        value = getattr(recipe, field.name)
        if field.name not in _TOLD and value != field.default:
            yield field.name.replace("_", " "), plain_value(value)


def ran(facts: Facts) -> Iterator[tuple[str, str]]:
    """The run's record of itself, by name, as Markdown: first which of its states this is."""
    training = facts.config.training
    if shipped := _shipped(training):
        yield "shipped state", shipped
    for key, value in training.items():
        # A seed is typed again, not read.
        if key not in _STEPS and (words := str(value) if key == "seed" else plain_value(value)):
            yield plain(key.replace("_", " ")), words


def _shipped(training: Mapping[str, Any]) -> str:
    """Which of the states that were measured on the way was the best."""
    evaluations, step = training.get("evaluations"), training.get("step")
    if not isinstance(evaluations, list) or not evaluations:
        return ""
    chosen = next((one for one in evaluations if isinstance(one, Mapping) and one.get("step") == step), {})
    labels = {key: ALL_METRICS[key].label if key in ALL_METRICS else plain(key.replace("_", " ")) for key in chosen}
    values = [f"{labels[key]} {plain(value)}" for key, value in chosen.items() if key != "step"]
    of = f"the best of {len(evaluations)} measured on the training set on the way"
    return f"step {plain(step)}, {of}" + (f": {', '.join(values)}" if values else "")


def passes(facts: Facts) -> float | None:
    """How often the run saw its data; None where that is not recorded."""
    steps, data, recipe = facts.config.training.get("steps"), facts.config.training.get("data"), facts.entry.recipe
    images = data.get("images") if isinstance(data, Mapping) else None
    if not isinstance(steps, int) or not isinstance(images, int) or images < recipe.batch_size:
        return None
    return steps * recipe.n_critic / (images // recipe.batch_size)


def again(facts: Facts) -> str:
    """The command that trains an entry of the catalog as this one was; empty where there is none."""
    training = facts.config.training
    steps, seed = training.get("schedule_steps", training.get("steps")), training.get("seed")
    if not facts.of_catalog or not (isinstance(steps, int) and isinstance(seed, int)):
        return ""
    # The catalog's recipe may have moved on from that of these weights.
    now, then = (dataclasses.asdict(entry.recipe) for entry in (ENTRIES[facts.entry.name], facts.entry))
    changed = [key for key in then if then[key] != now[key] and key != "epochs"]
    options = "".join(f" --set {key}={str(then[key]).lower()}" for key in changed)
    measured = len(training.get("evaluations") or [])
    return f"genzoo train {facts.entry.name} --steps {steps} --seed {seed} --evaluations {measured}{options}"


def remade(facts: Facts) -> str:
    """A sentence: whether `genzoo train NAME` makes an entry of the catalog as this one was; empty for what is none."""
    name = facts.entry.name
    if not facts.of_catalog or "steps" not in facts.config.training:
        return ""
    if found := list(departures(facts.config)):
        return f"It is not what `genzoo train {name}` makes: {'; '.join(found)}."
    return f"It is what `genzoo train {name}` makes: nets, recipe, steps and seed are the same."


def departures(config: Config) -> Iterator[str]:
    """In words, how the training of an entry of the catalog departed from what `genzoo train NAME` does now."""
    then, now, training = config.entry, ENTRIES[config.entry.name], config.training
    if config.parent is not None:
        yield f"it began with the weights of `{plain(config.parent['name'])}`"
    yield from _other_values(then.arch, now.arch)
    yield from _other_values(then.recipe, now.recipe)
    yield from _other_length(training, now)
    if (seed := training.get("seed", 0)) != 0:
        yield f"its seed was {plain(seed)}"
    if (device := training.get("device", "cpu")) != "cpu":
        yield f"it was trained on an accelerator ({plain(device)}), whose kernels round otherwise than a processor's"
    if (processes := training.get("processes", 1)) != 1:
        yield f"it was trained by {plain(processes)} processes"
    yield from _other_looks(training)


def _other_values(then: Any, now: Any) -> Iterator[str]:
    """The fields in which two records of sizes or of recipes differ; a recipe's epochs are told as steps."""
    if type(then) is not type(now):
        yield f"its nets were of kind {plain(then.kind)}, where they are of kind {now.kind}"
        return
    for one in dataclasses.fields(then):
        was, is_now = getattr(then, one.name), getattr(now, one.name)
        if was != is_now and one.name != "epochs":
            words = one.name.replace("_", " ")
            yield f"its {words} was {plain_value(was)}, where the catalog has {plain_value(is_now)}"


def _other_length(training: Mapping[str, Any], now: Entry) -> Iterator[str]:
    from genzoo.train import steps_of

    steps, planned = training.get("steps"), training.get("schedule_steps", training.get("steps"))
    data = training.get("data")
    images = data.get("images") if isinstance(data, Mapping) else None
    if isinstance(images, int) and images >= now.recipe.batch_size and planned != (made := steps_of(now, images)):
        yield f"it was trained for {plain(planned)} steps, where the command makes {plain(made)}"
    if steps != planned:
        yield f"it was stopped after {plain(steps)} of them"


def _other_looks(training: Mapping[str, Any]) -> Iterator[str]:
    """The states that the one which ships was chosen among, where the command could not have chosen it."""
    from genzoo.train.schedule import MOST

    looks = training.get("evaluations") or []
    gaps = [later - earlier for earlier, later in pairwise([0, *(look["step"] for look in looks)])]
    if gaps and max(gaps) - min(gaps) > 2:  # what rounding makes of equal intervals differs by one or two
        yield f"it was trained in legs, and measured every {plain(gaps[0])} steps, then every {plain(gaps[-1])}"
    if len(gaps) > MOST and training.get("step") != training.get("steps"):
        yield f"it is the best of {len(gaps)} states that were measured, where the command measures {MOST} at most"
