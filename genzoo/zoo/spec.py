"""Entries and their parts: frozen, typed, bounded, and the same in code and in `config.json`."""

from __future__ import annotations

import typing
from dataclasses import field, fields
from typing import Any, ClassVar, Literal

from genzoo.errors import InvalidEntryError, brief
from genzoo.zoo.architecture import Architecture
from genzoo.zoo.datasets import Dataset
from genzoo.zoo.family import Family, Objective, OutputActivation
from genzoo.zoo.fields import MOST_LETTERS, NOT_STORED, check, decode, decode_kind, encode
from genzoo.zoo.papers import GENZOO, REPORTS, Paper
from genzoo.zoo.record import Record, record
from genzoo.zoo.registry import FAMILIES, find_dataset, find_family, resolve

FORMAT = 1
"""Version of `config.json`; a reader refuses what it does not know."""

_MOST_SOURCE = 1000
_OF_FAMILY: Any = ""


@record(frozen=True)
class Recipe(Record):
    """How an entry is trained; each number comes from its report, or from ours where it is silent.

    A step is one update of the generator (or VAE).  `epochs` passes over the training set are
    counted in the images that the discriminator, or the VAE, sees.  `likelihood_sd` is the standard
    deviation of a Gaussian likelihood; `binarize` draws the pixels of each batch anew from their
    grey levels, as the Bernoulli likelihood wants them.  `gp_weight` is the weight of WGAN-GP's gradient
    penalty, `r1_gamma` of the one at real images (R1) that a GAN of convolutional nets may have.  With an
    `lr_schedule` "linear" the learning rates fall to zero over the run's steps.  Without `norm_bias` the biases of the
    discriminator's batch norm are not trained: they stay 0, or what a fine-tuned model's parent has.
    """

    objective: str
    epochs: int
    batch_size: int = 128
    lr: float = 2e-4
    discriminator_lr: float | None = None
    optimizer: Literal["adam", "rmsprop"] = "adam"
    beta1: float = 0.5
    beta2: float = 0.999
    n_critic: int = 1
    real_label: float = 1.0
    weight_clip: float = 0.0
    gp_weight: float = 0.0
    r1_gamma: float = 0.0
    max_grad_norm: float = 0.0
    likelihood: Literal["bernoulli", "gaussian"] = "bernoulli"
    likelihood_sd: float = 1.0
    binarize: bool = False
    ema_decay: float = 0.999
    lr_schedule: Literal["constant", "linear"] = "constant"
    norm_bias: bool = True

    def __post_init__(self) -> None:
        check(1 <= self.epochs <= 1_000_000, f"{self.epochs} epochs are not between 1 and 1,000,000.")
        check(2 <= self.batch_size <= 65536, f"a batch of {self.batch_size} is not between 2 and 65536.")
        check(0 < self.lr <= 1, f"a learning rate of {self.lr} is not above 0 and at most 1.")
        check(
            self.discriminator_lr is None or 0 < self.discriminator_lr <= 1,
            f"a discriminator's learning rate of {self.discriminator_lr} is not above 0 and at most 1.",
        )
        for name in ("beta1", "beta2", "ema_decay"):
            value = getattr(self, name)
            check(0 <= value < 1, f"{name} is {value}, but must be at least 0 and below 1.")
        check(1 <= self.n_critic <= 100, f"{self.n_critic} discriminator steps are not between 1 and 100.")
        check(0.5 < self.real_label <= 1, f"a real label of {self.real_label} is not above 0.5 and at most 1.")
        check(
            1e-6 <= self.likelihood_sd <= 1e6,
            f"a likelihood_sd of {self.likelihood_sd} is not between 0.000001 and 1,000,000.",
        )
        for name in ("weight_clip", "gp_weight", "r1_gamma", "max_grad_norm"):
            check(getattr(self, name) >= 0, f"{name} is {getattr(self, name)}, but must not be negative.")

    @property
    def gradient_penalty(self) -> float:
        """The weight of the penalty on the discriminator's gradient, of either kind; 0 where there is none."""
        return self.gp_weight or self.r1_gamma


_DEFAULTS = {one.name: one.default for one in fields(Recipe)}


@record(frozen=True)
class Entry(Record):
    """One model of the zoo: what it is, how it is trained, and where it comes from.

    Attributes:
        family: which nets it has, and what they are trained to minimise.
        dataset: what its images are to look like.
        latent_size: numbers in a latent.
        hidden_layers: of its generator.
        arch: the sizes of its nets.
        recipe: how it is trained.
        tag: what tells it from others of these sizes.
        output_activation: what makes pixels of the generator's raw values; the family's unless said otherwise.
        source: where it comes from, e.g. `report 4`.
        origin: a sentence about where it comes from, `{report}` standing for the report, where there is more to say.
    """

    noun: ClassVar[str] = "entry"
    family: Family
    dataset: Dataset
    latent_size: int
    hidden_layers: int
    arch: Architecture
    recipe: Recipe
    tag: str = ""
    output_activation: OutputActivation = _OF_FAMILY
    source: str = field(default="", compare=False)
    origin: str = field(default="", compare=False, repr=False, metadata=NOT_STORED)

    def __post_init__(self) -> None:
        if self.output_activation is _OF_FAMILY:
            object.__setattr__(self, "output_activation", self.family.output_activation)
        # A VAE's mixture has ten covariances of latent size by latent size.
        most = 1024 if self.is_vae else 4096
        check(1 <= self.latent_size <= most, f"a latent size of {self.latent_size} is not between 1 and {most}.")
        check(
            (all(part.isascii() and part.isalnum() for part in self.tag.split("-")) or not self.tag)
            and len(self.tag) <= MOST_LETTERS,
            f"the tag {brief(self.tag)} may hold at most {MOST_LETTERS} letters and digits joined by single hyphens.",
        )
        check(
            len(self.source) <= _MOST_SOURCE and self.source.isprintable(),
            f"the source {brief(self.source)} must be at most {_MOST_SOURCE} printable letters.",
        )
        name, objective = self.name, self.family.objective
        check(
            isinstance(self.arch, self.family.architecture) and self.recipe.objective == objective.name,
            f"{name}: a {self.family} has no nets of kind {self.arch.kind} trained as "
            f"{brief(self.recipe.objective)[1:-1]}: its objective must be one of {[objective.name]}.",
        )
        _check_fields(self.recipe, objective)
        check(
            self.recipe.norm_bias or (self.arch.norm_biases and not self.is_vae),
            f"{name}: norm_bias is off, but there is no discriminator with batch norm.",
        )
        check(
            self.recipe.gradient_penalty == 0 or self.arch.gradient_penalty,
            f"{name}: a penalty of {self.recipe.gradient_penalty} is on each image's own gradient, "
            "and needs a convolutional discriminator without batch norm.",
        )
        layers = self.arch.hidden_layers(self.dataset.shape[1])
        check(self.hidden_layers == layers, f"{name}: its nets do not have that many layers.")

    @property
    def name(self) -> str:
        """The full name, derived from the fields so that it cannot disagree with them."""
        parts = [self.family.name, self.dataset.name, f"z{self.latent_size}", f"l{self.hidden_layers}"]
        return "-".join([*parts, self.tag] if self.tag else parts)

    @property
    def is_vae(self) -> bool:
        """Whether the entry has an encoder (and no discriminator)."""
        return self.family.is_vae

    @property
    def dropout(self) -> str:
        """Where dropout acts in its nets, and with which probability, in words; empty where there is none."""
        return "" if self.is_vae else self.arch.dropout_words

    @property
    def papers(self) -> tuple[Paper | str, ...]:
        """The papers that its method comes from; text is Markdown."""
        of_recipe = (paper for name, paper in self.family.objective.papers if getattr(self.recipe, name))
        return (*self.family.papers, *of_recipe)

    @property
    def citations(self) -> tuple[Paper | str, ...]:
        """What to cite for it: its report, genzoo, the paper of its dataset, and those of its method."""
        cited = (REPORTS.get(self.source), GENZOO, self.dataset.citation, *self.papers)
        return tuple(paper for paper in cited if paper)

    def _repr_html_(self) -> str:
        """What a notebook shows; samples and numbers, which lie in files, where the weights are on this machine."""
        html: str = resolve("genzoo.sampling.notebook:entry_html")(self)
        return html

    def to_json(self) -> dict[str, Any]:
        """The entry as plain JSON values, to be read by `from_json`."""
        return {"name": self.name, **encode(self)}

    @classmethod
    def from_json(cls, value: object) -> Entry:
        """The entry that `to_json` wrote; anything missing, unknown or out of bounds is refused.

        Raises:
            InvalidEntryError: with the field's name.
        """
        check(isinstance(value, dict), "the entry must be an object.")
        stored = dict(typing.cast("dict[str, Any]", value))
        name = stored.pop("name", None)
        family = _family_named(stored.get("family"))
        readers = {
            Family: lambda _, __: family,
            Dataset: lambda item, where: _as_registered(decode(Dataset, item, where)),
            Architecture: lambda item, where: decode_kind(_kinds(family), item, where),
        }
        entry = decode(cls, stored, "entry", readers)
        check(name == entry.name, f"the entry's name is {brief(name)}, but its fields make it {entry.name!r}.")
        return entry


def _family_named(name: object) -> Family:
    family = find_family(name)
    if family is None:
        raise InvalidEntryError(f"entry.family is {brief(name)}, but must be one of {list(FAMILIES)}.")
    return family


def _kinds(family: Family) -> dict[str, type[Architecture]]:
    """Every architecture by its kind, of two of a kind the family's."""
    kinds = {known.architecture.kind: known.architecture for known in FAMILIES.values()}
    return kinds | {family.architecture.kind: family.architecture}


def _as_registered(dataset: Dataset) -> Dataset:
    """The registered dataset where a stored one is the same: `config.json` holds what its nets depend on alone."""
    known = find_dataset(dataset.name)
    return known if known is not None and known == dataset else dataset


def _check_fields(recipe: Recipe, objective: Objective) -> None:
    """Raise `InvalidEntryError` for a recipe with fields of another objective, or without those of its own."""
    given = {name: getattr(recipe, name) for name in _DEFAULTS if name not in objective.takes}
    wrong = {name: x for name, x in given.items() if not (x if name in objective.needs else x == _DEFAULTS[name])}
    every = {one.name: one for one in (*(family.objective for family in FAMILIES.values()), objective)}
    claimed = {name for one in every.values() for name in (*one.needs, *one.takes)}
    for name in filter(claimed.__contains__, wrong):
        needing = [one.name for one in every.values() if name in one.needs]
        taking = [one.name for one in every.values() if name in one.takes]
        raise InvalidEntryError(f"{name}={wrong[name]} does not go with {objective.name}: {_whose(needing, taking)}.")


def _whose(needing: list[str], taking: list[str]) -> str:
    """In words, the objectives that need a field of the recipe, and those that may have it."""
    has, may = (" and ".join(filter(None, [", ".join(names[:-1]), *names[-1:]])) for names in (needing, taking))
    if not taking:
        return f"{has} alone has one"
    return f"{has} has one, {may} may, no other does" if needing else f"{may} alone may have one"
