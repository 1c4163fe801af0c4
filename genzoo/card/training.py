"""How a model was trained, as a card tells it: its recipe and its run."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from genzoo.card.facts import Facts
from genzoo.card.text import plain, plain_value
from genzoo.catalog import ENTRIES
from genzoo.metrics import ALL_METRICS
from genzoo.spec import Recipe

_TOLD = (
    *("objective", "real_label", "clip", "penalty", "grad_norm", "critic_steps"),
    *("likelihood", "likelihood_sd", "binarize"),
    *("optimizer", "lr", "critic_lr", "beta1", "beta2", "decay"),
    *("batch_size", "epochs", "ema"),
)
"""The fields of a recipe that a card has words of."""
_STEPS = ("data", "steps", "step", "evaluations", "decay_steps")


@dataclass(frozen=True)
class Run:
    """What a run recorded, as Markdown.

    Attributes:
        data: what it was trained on; empty where that is not recorded.
        steps: how many it took.
        rest: all else, by name.
        command: another run like it; empty for a model that is not the catalog's.
    """

    data: str
    steps: str
    rest: tuple[tuple[str, str], ...]
    command: str


def read_run(facts: Facts) -> Run:
    """What the run of a checkpoint recorded."""
    ran = facts.config.training
    rows = {"shipped state": _shipped(ran)}
    # A seed is typed again, not read.
    rows |= {
        key: str(value) if key == "seed" else plain_value(value) for key, value in ran.items() if key not in _STEPS
    }
    rest = tuple((plain(key.replace("_", " ")), value) for key, value in rows.items() if value)
    data = ran.get("data")
    return Run(_data(data), _steps(facts.entry.recipe, ran.get("steps"), data), rest, _command(facts))


def objective(recipe: Recipe) -> str:
    """What is minimised, in words."""
    match recipe.objective:
        case "gan":
            smooth = f", real images labelled {recipe.real_label:g}" if recipe.real_label < 1 else ""
            held = f", R1 gradient penalty of weight {recipe.penalty:g}" if recipe.penalty else ""
            words = f"non-saturating GAN loss on logits{smooth}{held}"
        case "wgan":
            words = f"Wasserstein loss, the critic's weights clipped at {recipe.clip:g}"
        case "wgangp":
            words = f"Wasserstein loss with a gradient penalty of weight {recipe.penalty:g}"
        case "vae":
            gaussian = f"Gaussian likelihood of standard deviation {recipe.likelihood_sd:.6g}"
            drawn = " of pixels drawn anew from their grey levels" if recipe.binarize else " with grey levels as labels"
            bernoulli = f"Bernoulli likelihood{drawn}"
            words = f"negative ELBO, {gaussian if recipe.likelihood == 'gaussian' else bernoulli}"
    bound = f"; gradient norms clipped at {recipe.grad_norm:g}" if recipe.grad_norm else ""
    several = f"; {recipe.critic_steps} critic steps to one of the generator" if recipe.critic_steps > 1 else ""
    return words + bound + several


def optimizer(recipe: Recipe) -> str:
    """The optimizer with its rates, in words."""
    name = {"adam": "Adam", "rmsprop": "RMSprop"}[recipe.optimizer]
    rate = f"learning rate {recipe.lr:g}"
    if recipe.critic_lr is not None:
        rate += f", the critic's {recipe.critic_lr:g}"
    if recipe.decay:
        rate += ", falling linearly to zero"
    betas = f"betas {recipe.beta1:g} and {recipe.beta2:g}" if name == "Adam" else f"smoothing {recipe.beta2:g}"
    return f"{name}, {rate}, {betas}"


def untold(recipe: Recipe) -> Iterator[tuple[str, str]]:
    """The fields of a recipe that no words tell, where they are not as they come."""
    for field in dataclasses.fields(recipe):
        value = getattr(recipe, field.name)
        if field.name not in _TOLD and value != field.default:
            yield field.name.replace("_", " "), plain_value(value)


def _data(data: object) -> str:
    if not isinstance(data, Mapping):
        return ""
    words = f"{plain(data.get('images', 'some'))} images of {plain(data.get('name', 'an unnamed set'))}"
    return f"{words}, SHA-256 of the pixels `{plain(data['sha256'])}`" if "sha256" in data else words


def _steps(recipe: Recipe, steps: object, data: object) -> str:
    images = data.get("images") if isinstance(data, Mapping) else None
    if not isinstance(steps, int):
        return "not finished"
    if not isinstance(images, int) or images < recipe.batch_size:
        return f"{steps:,}"
    epochs = steps * recipe.critic_steps / (images // recipe.batch_size)
    return f"{steps:,}, or {epochs:.4g} passes over the data"


def _shipped(ran: Mapping[str, Any]) -> str:
    """Which of the states that were measured on the way was the best."""
    evaluations, step = ran.get("evaluations"), ran.get("step")
    if not isinstance(evaluations, list) or not evaluations:
        return ""
    chosen = next((one for one in evaluations if isinstance(one, Mapping) and one.get("step") == step), {})
    values = [f"{_label(key)} {plain(value)}" for key, value in chosen.items() if key != "step"]
    of = f"the best of {len(evaluations)} measured on the training set on the way"
    return f"step {plain(step)}, {of}" + (f": {', '.join(values)}" if values else "")


def _label(key: str) -> str:
    return ALL_METRICS[key].label if key in ALL_METRICS else plain(key.replace("_", " "))


def _command(facts: Facts) -> str:
    """The command that trains an entry of the catalog as this one was."""
    ran = facts.config.training
    steps, seed = ran.get("decay_steps", ran.get("steps")), ran.get("seed")
    if not facts.of_catalog or not (isinstance(steps, int) and isinstance(seed, int)):
        return ""
    # The catalog's recipe may have moved on from that of these weights.
    now, then = (dataclasses.asdict(entry.recipe) for entry in (ENTRIES[facts.entry.name], facts.entry))
    changed = [key for key in then if then[key] != now[key] and key != "epochs"]
    options = "".join(f" --set {key}={str(then[key]).lower()}" for key in changed)
    measured = len(ran.get("evaluations") or [])
    return f"genzoo train {facts.entry.name} --steps {steps} --seed {seed} --evaluations {measured}{options}"
