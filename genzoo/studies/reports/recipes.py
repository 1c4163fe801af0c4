"""How the reports trained their models, as far as they say: what entries of the zoo are held against."""

from __future__ import annotations

import fnmatch
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from genzoo.zoo.spec import Entry

EPOCHS = "passes over the data"
"""What is held against how long a run was, which no entry says."""
_RATE = "learning rate"

READERS: Mapping[str, Callable[[Entry], Any]] = {
    "latent size": lambda entry: entry.latent_size,
    "hidden layers": lambda entry: entry.hidden_layers,
    "hidden sizes of the generator": lambda entry: entry.arch.generator,  # type: ignore[attr-defined]
    "hidden sizes of the encoder or discriminator": lambda entry: entry.arch.discriminator,  # type: ignore[attr-defined]
    "strided layers": lambda entry: len(entry.arch.channels),  # type: ignore[attr-defined]
    "channels": lambda entry: entry.arch.channels,  # type: ignore[attr-defined]
    "kernel": lambda entry: entry.arch.kernel,  # type: ignore[attr-defined]
    "activation": lambda entry: getattr(entry.arch, "activation", "leaky_relu").replace("_", " "),
    "batch norm": lambda entry: getattr(entry.arch, "batch_norm", False),
    "batch norm of the discriminator": lambda entry: entry.arch.norm_biases,
    "dropout": lambda entry: getattr(entry.arch, "dropout", 0.0),
    "likelihood": lambda entry: entry.recipe.likelihood,
    "real labels": lambda entry: entry.recipe.real_label,
    "weight clip": lambda entry: entry.recipe.weight_clip,
    "gradient norm clipped at": lambda entry: entry.recipe.max_grad_norm,
    "optimizer": lambda entry: entry.recipe.optimizer,
    _RATE: lambda entry: entry.recipe.lr,
    "learning rate of the discriminator": lambda entry: entry.recipe.discriminator_lr or entry.recipe.lr,
    "beta1": lambda entry: entry.recipe.beta1,
    "batch": lambda entry: entry.recipe.batch_size,
}
"""What an entry has of each thing that a report may say."""
_TELLING = ("activation", "dropout", "optimizer", _RATE, "beta1", "batch", EPOCHS, "initialisation")
"""What one would have to know to train the same, of which a card says where a report is silent."""


@dataclass(frozen=True)
class Recipe:
    """What a report says of how some models are trained.

    Attributes:
        report: which.
        names: the entries that stand for them; wildcards as in `dcgan-*`.
        text: what its text says, by the words of `READERS` and `EPOCHS`.
        code: what the code says that it points to.
    """

    report: str
    names: tuple[str, ...]
    text: Mapping[str, Any]
    code: Mapping[str, Any]

    @property
    def silent(self) -> list[str]:
        """What it says nothing of."""
        return [word for word in _TELLING if word not in {**self.text, **self.code}]


def _report_0() -> tuple[Recipe, ...]:
    ours, theirs = "hidden sizes of the generator", "hidden sizes of the encoder or discriminator"
    gan = {ours: (128, 256, 512, 1024), theirs: (512, 256), "activation": "relu"}
    vae = {"latent size": 2, ours: (256, 512), theirs: (512, 256)}
    code = {"likelihood": "bernoulli", "optimizer": "adam", _RATE: 1e-3, "batch": 100, EPOCHS: 50}
    return (
        Recipe("report 0", ("mlpgan-mnist-z100-l4",), gan, {}),
        Recipe("report 0", ("mlpvae-mnist-z2-l2",), vae, code),
    )


def _report_1() -> tuple[Recipe, ...]:
    ours, theirs = "hidden sizes of the generator", "hidden sizes of the encoder or discriminator"
    gan = {"latent size": 100, ours: (256, 512, 1024), "activation": "leaky relu", "batch": 128, EPOCHS: 200}
    code = {
        theirs: (1024, 512, 256), "dropout": 0.3, "real labels": 0.9, "optimizer": "adam", _RATE: 2e-4,
        "learning rate of the discriminator": 2e-4, "beta1": 0.5,
    }  # fmt: skip
    vae = {"latent size": 2, ours: (512,), theirs: (512,), EPOCHS: 100}
    return (
        Recipe("report 1", ("mlpgan-mnist-z100-l3",), gan, code),
        Recipe("report 1", ("mlpvae-mnist-z2-l1",), vae, {"activation": "relu", "likelihood": "gaussian"}),
    )


def _report_2() -> tuple[Recipe, ...]:
    sizes = {"hidden sizes of the generator": (400,), "hidden sizes of the encoder or discriminator": (400,)}
    vae = {**sizes, "batch norm": True, "optimizer": "adam", "batch": 100}
    dcgan = {
        "channels": (64, 128, 256, 512), "kernel": 4, "optimizer": "adam", _RATE: 2e-4,
        "learning rate of the discriminator": 2e-4, "beta1": 0.5, "batch": 100,
    }  # fmt: skip
    gan = {"hidden layers": 4, "activation": "leaky relu", "batch": 100, EPOCHS: 100}
    return (
        Recipe("report 2", ("mlpgan-mnist-z100-l4-leaky",), gan, {}),
        Recipe("report 2", ("mlpvae-mnist-z2-l1-bn",), {"activation": "relu"}, vae),
        Recipe("report 2", ("dcgan-mnist-z100-l4-bn4",), {EPOCHS: 100}, dcgan),
        Recipe("report 2", ("vae-olivetti-*",), {}, {}),
    )


def _report_3() -> tuple[Recipe, ...]:
    every = {
        "latent size": 100, "hidden layers": 2, "dropout": 0.5, "optimizer": "adam", _RATE: 1e-4,
        "learning rate of the discriminator": 1e-4, "batch": 256, EPOCHS: 500,
    }  # fmt: skip
    clipped = {**every, "gradient norm clipped at": 5.0}
    return (
        Recipe("report 3", ("mlpgan-*",), {**every, "gradient norm clipped at": 0.0}, {}),
        Recipe("report 3", ("convgan-*",), {**clipped, "channels": 5}, {}),
        Recipe("report 3", ("lstmgan-*",), clipped, {}),
    )


def _report_4() -> tuple[Recipe, ...]:
    lengths = {"mnist": 500, "cifar10": 1000}
    nets = {"strided layers": 4, "activation": "leaky relu"}
    judged = {**nets, "batch norm of the discriminator": True, "dropout": "one layer, behind the flatten"}
    return tuple(
        Recipe("report 4", tuple(f"{family}-{data}-*" for family in families), {**said, EPOCHS: epochs}, {})
        for data, epochs in lengths.items()
        for families, said in (
            (("vae",), nets),
            (("dcgan",), judged),
            (("wgan",), {**judged, "weight clip": 0.01}),
            (("wgangp",), {**nets, "batch norm of the discriminator": True}),
        )
    )


RECIPES = (*_report_0(), *_report_1(), *_report_2(), *_report_3(), *_report_4())
"""Those of all reports; report 2's text gives several lengths for its VAE, and counts as silent."""


def recipe_of(report: str, name: str) -> Recipe | None:
    """What a report says of how an entry's model is trained; None of an entry that is no report's.

    Args:
        report: the entry's source.
        name: the entry's name.
    """
    found = (one for one in RECIPES if one.report == report)
    return next((one for one in found if any(fnmatch.fnmatchcase(name, name_) for name_ in one.names)), None)
