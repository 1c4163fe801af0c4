"""A card's sections: what the model is, how to use it, its nets, its training, its limits."""

from __future__ import annotations

import dataclasses
import json
import shlex
from collections.abc import Iterator, Mapping
from typing import Any

from torch import nn

from genzoo.checkpoint.weights import CRITIC, HISTORY, MIXTURE_COMPONENTS, MODEL, PROGRESS, SAMPLES, Folder, meta_nets
from genzoo.nets import count_parameters
from genzoo.release.card.facts import Facts
from genzoo.release.card.front import is_of_catalog
from genzoo.release.card.words import describe, describe_source, describe_weights, papers, plain, table, title
from genzoo.zoo.catalog import ENTRIES, aliases_of
from genzoo.zoo.registry import ALL_METRICS
from genzoo.zoo.spec import Recipe

_TOLD = (
    "ema",
    "epochs",
    "batch_size",
    "objective",
    "optimizer",
    "lr",
    "critic_lr",
    "beta1",
    "beta2",
    "critic_steps",
    "decay",
)
_TOLD_OF_THE_OBJECTIVE = (
    "real_label",
    "clip",
    "penalty",
    "grad_norm",
    "likelihood",
    "likelihood_sd",
    "binarize",
)

_STEPS = ("steps", "step", "evaluations", "decay_steps")


def heading(facts: Facts) -> str:
    """Name, what it is in one sentence, what its samples look like, and the samples."""
    entry = facts.entry
    parts = [f"# {entry.name}", describe(entry), facts.note or ""]
    if facts.folder.has(SAMPLES):
        link = f"{facts.pictures}{SAMPLES}"
        parts += [f"![Samples of {entry.name}, seed 0]({link})", "The first samples of seed 0, none of them picked."]
    aliases = " and ".join(f"`{alias}`" for alias in aliases_of(entry.name)) if facts.source == entry.name else ""
    origin = [describe_source(entry), f"Its alias is {aliases}." if aliases else ""]
    return _joined([*parts, " ".join(filter(None, origin))])


def use(facts: Facts) -> str:
    """Code that runs: in Python and on the command line."""
    entry, source = facts.entry, facts.source
    shape = ", ".join(map(str, entry.dataset.shape))
    lines = [
        "import genzoo",
        "",
        f"model = genzoo.load({json.dumps(source, ensure_ascii=False)})",
        f"images = model.sample(64, seed=0)  # (64, {shape}) float32 in [0, 1]",
        'genzoo.make_grid(images).save("grid.png")',
        "",
        f"z = model.latents(2, seed=0)  # (2, {entry.latent_size})",
        f"between = model.interpolate(z[0], z[1], 8)  # (8, {shape}), along the great circle",
    ]
    if entry.is_vae:
        lines += [
            f"mean, log_variance = model.encode(images)  # (64, {entry.latent_size}) each",
            f"again = model.reconstruct(images)  # (64, {shape})",
            "elbo = model.elbo(images)  # (64,) nats",
            f'fitted = model.sample(64, seed=0, prior="mixture")  # (64, {shape})',
        ]
    elif facts.folder.has(CRITIC):
        what = "the discriminator's logits" if entry.recipe.objective == "gan" else "the critic's scores"
        lines.append(f"scores = model.score(images)  # (64,), {what}")
    word = shlex.quote(source)
    prior = (
        'Latents are standard normal; `prior="mixture"`, or `--prior mixture`, draws them from '
        f"{MIXTURE_COMPONENTS} Gaussians fitted to those of the training set."
        if entry.is_vae
        else "Latents are standard normal."
    )
    return _joined(
        [
            "## Use",
            describe_weights(entry) if source == entry.name else "",
            _fenced("python", lines),
            _fenced(
                "sh",
                [
                    f"genzoo generate --model {word} -n 64 --seed 0 grid.png",
                    f"genzoo generate --model {word} -n 1000 --seed 0 images.npz",
                ],
            ),
            f"{prior} Image i of seed s depends on the model, s and i alone, to within one grey level of 255.",
        ]
    )


def nets(facts: Facts) -> str:
    """Every layer with weights, and each net's number of parameters."""
    rows: list[tuple[str, ...]] = []
    for name, net in meta_nets(facts.entry).items():
        rows += [(name, *layer) for layer in _layers(net)]
        rows.append((f"**{name}**", "", "", f"**{count_parameters(net):,}**"))
    files = _files(facts)
    kept = f"The weights are kept in float16: {files}." if files else ""
    return _joined(["## Nets", table(("net", "layer", "weights", "parameters"), rows), kept])


def _layers(net: nn.Module) -> Iterator[tuple[str, str, str]]:
    for module in net.modules():
        parameters = list(module.parameters(recurse=False))
        if parameters:
            weights = [parameter for parameter in parameters if parameter.dim() > 1] or parameters[:1]
            shapes = ", ".join(" x ".join(map(str, weight.shape)) for weight in weights)
            yield type(module).__name__, shapes, f"{sum(parameter.numel() for parameter in parameters):,}"


def _files(facts: Facts) -> str:
    names = [name for name in (MODEL, CRITIC) if facts.folder.has(name)]
    return " and ".join(f"`{name}`{_size(facts.folder, name)}" for name in names)


def _size(folder: Folder, name: str) -> str:
    path, pinned = folder.path / name, (folder.pinned or {}).get(name)
    if pinned is None and not path.is_file():
        return ""  # on the Hub, and not to be fetched for this
    return f" of {(pinned['size'] if pinned else path.stat().st_size) / 1e6:.1f} MB"


def training(facts: Facts) -> str:
    """The recipe, what the run took, and pictures of its progress."""
    entry, ran, recipe = facts.entry, dict(facts.config.training), facts.entry.recipe
    data = ran.pop("data", None)
    rows = [
        ("data", _data(data) or title(entry)),
        ("objective", objective(recipe)),
        ("optimizer", optimizer(recipe)),
        ("batch", f"{recipe.batch_size:,} images"),
        ("average of weights", f"exponential, decay {recipe.ema:.6g}" if recipe.ema else "none"),
        *_untold(recipe),
        ("steps", _steps(facts, data)),
        ("shipped state", _shipped(ran)),
    ]
    parts = ["## Training", _parent(facts)]
    rows += [(plain(key.replace("_", " ")), _ran(key, value)) for key, value in ran.items() if key not in _STEPS]
    parts.append(table(("", ""), [(key, value) for key, value in rows if value]))
    parts.append(_again(facts))
    if facts.folder.has(PROGRESS):
        parts += [
            f"![Progress of training]({facts.pictures}{PROGRESS})",
            "Images of the same latents as training went on, from the first row to the last.",
        ]
    if facts.folder.has(HISTORY):
        parts.append(f"[{HISTORY}]({facts.pictures}{HISTORY}) has the curves of the losses.")
    return _joined(parts)


def _ran(key: str, value: object) -> str:
    # A seed is typed again, not read.
    return str(value) if key == "seed" else plain_value(value)


def _data(data: object) -> str:
    if not isinstance(data, Mapping):
        return ""
    words = f"{plain(data.get('images', 'some'))} images of {plain(data.get('name', 'an unnamed set'))}"
    return f"{words}, SHA-256 of the pixels `{plain(data['sha256'])}`" if "sha256" in data else words


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


def _untold(recipe: Recipe) -> Iterator[tuple[str, str]]:
    """Fields of the recipe that no other row tells, where they are not as they come."""
    for field in dataclasses.fields(recipe):
        value = getattr(recipe, field.name)
        if field.name not in _TOLD + _TOLD_OF_THE_OBJECTIVE and value != field.default:
            yield field.name.replace("_", " "), plain_value(value)


def _steps(facts: Facts, data: object) -> str:
    steps, images = facts.config.training.get("steps"), data.get("images") if isinstance(data, Mapping) else None
    recipe = facts.entry.recipe
    if not isinstance(steps, int):
        return "not finished"
    if not isinstance(images, int) or images < recipe.batch_size:
        return f"{steps:,}"
    epochs = steps * recipe.critic_steps / (images // recipe.batch_size)
    return f"{steps:,}, or {epochs:.4g} passes over the data"


def _again(facts: Facts) -> str:
    """The command that trains an entry of the catalog as this one was."""
    ran = facts.config.training
    steps, seed = ran.get("decay_steps", ran.get("steps")), ran.get("seed")
    # A folder beside which genzoo runs may be called as its entry, which need not be the catalog's.
    of_catalog = facts.source == facts.entry.name and facts.entry.name in ENTRIES
    if not of_catalog or not (isinstance(steps, int) and isinstance(seed, int)):
        return ""
    measured = len(ran.get("evaluations") or [])
    options = f"--steps {steps} --seed {seed} --evaluations {measured}{_changes(facts)}"
    return f"Another run like it: `genzoo train {facts.entry.name} {options}`."


def _changes(facts: Facts) -> str:
    """The options that make the catalog's recipe, which may have moved on, that of these weights."""
    now, then = (dataclasses.asdict(entry.recipe) for entry in (ENTRIES[facts.entry.name], facts.entry))
    changed = [key for key in then if then[key] != now[key] and key != "epochs"]
    return "".join(f" --set {key}={str(then[key]).lower()}" for key in changed)


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


def _parent(facts: Facts) -> str:
    parent = facts.config.parent
    if not parent:
        return ""
    name = parent["name"]
    whose = f"`{name}` of genzoo's catalog" if is_of_catalog(parent) else f"a model called `{name}`"
    return f"It was fine-tuned: its training began with the weights of {whose}."


def plain_value(value: object) -> str:
    """A JSON value in one line; of nested ones, names and values."""
    if isinstance(value, Mapping):
        return ", ".join(f"{plain(key)} {plain_value(item)}".replace("_", " ") for key, item in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(map(plain_value, value))
    return "" if value is None else plain(value)


def purpose(facts: Facts) -> str:
    """What it is for."""
    words = (
        "Teaching, studying and measuring small generative models, and as a beginning for `genzoo finetune`. "
        "It draws no class on demand, and its samples are no substitute for the data"
        + (", as the measurements show." if facts.rows else ".")
    )
    return f"## Intended use\n\n{words}"


def method(facts: Facts) -> str:
    """The papers that its method comes from."""
    return "\n".join(["## Method", "", *(f"- {paper}" for paper in papers(facts.entry))])


def _fenced(language: str, lines: list[str]) -> str:
    return "\n".join([f"```{language}", *lines, "```"])


def _joined(parts: list[str]) -> str:
    return "\n\n".join(part for part in parts if part)
