"""Report 4: latent size and hidden layers of VAEs, GANs and WGANs on two datasets, and what else it compares."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Any

from genzoo.studies.declared.common import grid, variant
from genzoo.studies.study import OF_THE_OBJECTIVE, Setting, Study
from genzoo.zoo.architecture import Architecture
from genzoo.zoo.families.mlp import MLPGAN, MLPVAE, MLPWGAN, Mlp
from genzoo.zoo.family import Family
from genzoo.zoo.spec import Entry

REPORT = "report 4"
STEPS = 5000
_LATENTS = {"mnist": (10, 20, 50, 100, 200), "cifar10": (10, 20, 50, 100)}
_RECIPES: dict[tuple[str, str], dict[str, Any]] = {
    # The zoo's WGANs on MNIST of 3 layers have a clip of 0.03; the report has 0.01 for all.
    ("wgan", "mnist"): {"weight_clip": 0.01},
}
_FAMILIES = {"VAE": "vae", "GAN": "dcgan", "WGAN": "wgan"}

# By family and dataset: the claims on the latent size and its figures, on the hidden layers and theirs, and the
# latent size at which layers are added.
_CLAIMS: dict[tuple[str, str], tuple[tuple[str, ...], tuple[int, ...], tuple[str, ...], tuple[int, ...], int]] = {
    ("vae", "mnist"): (
        ("its influence is very slight", "20 is best, and larger ones bring nothing"), (3, 4, 5),
        ("5 are best: more layers help the model learn",), (6, 7, 8), 20,
    ),
    ("dcgan", "mnist"): (
        ("100 is best, 20 is worst", "a larger one is better, and one too small or too large is worse"), (9, 10, 11),
        ("3 and 4 are alike, 5 are worse", "4 are a little better than 3 in the end"), (12, 13, 14), 100,
    ),
    ("wgan", "mnist"): (
        ("10 is best", "the larger, the worse"), (15, 16, 17),
        ("5 are best: the more, the better", "the more, the less stable"), (18, 19, 20), 100,
    ),
    ("vae", "cifar10"): (
        ("50 and 100 are best", "10 is worst"), (21, 22, 23),
        ("5 are best", "their influence is slight"), (24, 25, 26), 100,
    ),
    ("dcgan", "cifar10"): (
        ("its influence can be neglected", "100 is best"), (27, 28, 29),
        ("5 are best", "4 are best, by a slight difference (its text on the latent size)"), (30, 31, 32), 100,
    ),
    ("wgan", "cifar10"): (
        ("10 is far worse than the others",), (33, 34, 35),
        ("6 are best", "4 are too few"), (36, 37, 38), 100,
    ),
}  # fmt: skip


def _convolutional(family: str, dataset: str, latent_size: int, layers: int = 3, **more: Any) -> Entry:
    base = f"{family}-{dataset}-z{latent_size}-l3"
    return variant(base, layers=layers, recipe=_RECIPES.get((family, dataset)), **more)


def _metrics(entry: Entry) -> tuple[str, ...]:
    return ("frechet_distance", *(["elbo"] if entry.is_vae else []), "coverage", "class_balance", "sharpness")


def _fully_connected(like: Entry, family: Family) -> Entry:
    """Nets of the sizes of report 1's, trained as a convolutional entry is."""
    recipe = dataclasses.replace(like.recipe, norm_bias=True)  # there is no batch norm
    arch = Mlp((256, 512, 1024), (1024, 512, 256))
    return Entry(family, like.dataset, like.latent_size, 3, arch, recipe, source=REPORT)


def _sizes() -> Iterator[Study]:
    for (family, dataset), (on_latents, its_figures, on_layers, their_figures, best) in _CLAIMS.items():
        latents = grid(STEPS, ((z, _convolutional(family, dataset, z)) for z in _LATENTS[dataset]))
        metrics = _metrics(latents[0].entry)
        yield Study(
            f"{family}-{dataset}-latent-size", REPORT, "latent size", latents, on_latents, its_figures,
            differs=("latent_size",), metrics=metrics,
        )  # fmt: skip
        # Its WGAN on CIFAR-10 is compared up to 6 layers.
        depths = range(3, 7 if (family, dataset) == ("wgan", "cifar10") else 6)
        layers = grid(STEPS, ((n, _convolutional(family, dataset, best, n)) for n in depths))
        yield Study(
            f"{family}-{dataset}-hidden-layers", REPORT, "hidden layers", layers, on_layers, their_figures,
            differs=("extra",), metrics=metrics,
        )  # fmt: skip


def _nets() -> Iterator[Study]:
    claims = {
        "mnist": ("fully connected nets work well",),
        "cifar10": ("fully connected nets work badly: they are too simple for these images",),
    }
    for family, flat in (("vae", MLPVAE), ("dcgan", MLPGAN), ("wgan", MLPWGAN)):
        for dataset, said in claims.items():
            conv = _convolutional(family, dataset, _CLAIMS[family, dataset][-1])
            settings = grid(STEPS, (("fully connected", _fully_connected(conv, flat)), ("convolutional", conv)))
            metrics = _metrics(conv)
            yield Study(
                f"{family}-{dataset}-nets", REPORT, "nets", settings, said, differs=("arch", "norm_bias"),
                metrics=metrics,
            )  # fmt: skip


def _objectives() -> Iterator[Study]:
    converges = "a WGAN converges more easily than a GAN, but is worse in the end"
    claims = {
        "mnist": (converges,),
        "cifar10": ("a GAN's images are far sharper than a VAE's", "a WGAN's images are worse than a GAN's"),
    }
    for dataset, said in claims.items():
        yield _of_objectives(f"{dataset}-objectives", dataset, STEPS, said)
    yield _of_objectives("mnist-objectives-early", "mnist", STEPS // 5, (converges,))


def _of_objectives(name: str, dataset: str, steps: int, claims: tuple[str, ...]) -> Study:
    # The nets of the WGAN for all three: the zoo's GAN on MNIST has dropout, its VAE on CIFAR-10 a layer more.
    nets = _convolutional("wgan", dataset, 100).arch
    entries = ((value, _with_nets(_convolutional(family, dataset, 100), nets)) for value, family in _FAMILIES.items())
    return Study(
        name, REPORT, "objective", grid(steps, entries), claims, differs=OF_THE_OBJECTIVE,
        metrics=("frechet_distance", "sharpness", "coverage", "class_balance"),
    )  # fmt: skip


def _with_nets(entry: Entry, nets: Architecture) -> Entry:
    tags = {"dcgan": "d0", "vae": "c3"}
    tag = "" if entry.arch == nets else tags[entry.family.name]
    return dataclasses.replace(entry, arch=nets, tag=tag)


def _advice() -> Iterator[Study]:
    """Studies of the advice of its section 4."""
    clips = (0.001, 0.003, 0.01, 0.03, 0.1)
    base = "wgan-mnist-z100-l3"
    settings = grid(STEPS, ((clip, variant(base, recipe={"weight_clip": clip})) for clip in clips))
    yield Study(
        "wgan-mnist-weight-clip", REPORT, "weight clip", settings,
        ("its range is a key to how a WGAN does, and 0.01 is best",), differs=("weight_clip",),
    )  # fmt: skip
    for dataset in ("mnist", "cifar10"):
        shipped = _convolutional("dcgan", dataset, 100)
        settings = tuple(_dropout(shipped, probability) for probability in (0.0, 0.3))
        yield Study(
            f"dcgan-{dataset}-dropout", REPORT, "dropout of the discriminator", settings,
            ("dropout behind the discriminator's flatten reduces over-fitting",), differs=("dropout",),
        )  # fmt: skip
    for dataset, own in (("mnist", 4), ("cifar10", 5)):
        kernels = ((k, _kernel(dataset, k, own)) for k in (3, 4, 5, 7))
        yield Study(
            f"dcgan-{dataset}-kernel", REPORT, "kernel size", grid(STEPS, kernels),
            ("better images need a larger kernel in the generator, CIFAR-10 a larger one than MNIST",),
            differs=("kernel",),
        )  # fmt: skip


def _layers_between() -> Iterator[Study]:
    """Studies of what stands behind each hidden layer; the report says that CIFAR-10 is what needs it."""
    activations = {"LeakyReLU": _altered("dcgan"), "ReLU": _altered("dcgan", "relu", activation="relu")}
    yield Study(
        "dcgan-cifar10-activation", REPORT, "activation", grid(STEPS, activations.items()),
        ("LeakyReLU behind each hidden layer is better",), differs=("activation",),
    )  # fmt: skip
    for family in ("dcgan", "wgan"):
        norms = {
            "batch norm": _altered(family),
            "dropout of 0.3": _altered(family, "gd3", generator_norm="none", generator_dropout=0.3),
            "neither": _altered(family, "gn", generator_norm="none"),
        }
        yield Study(
            f"{family}-cifar10-generator-norm", REPORT, "behind the generator's layers", grid(STEPS, norms.items()),
            ("batch norm is better than dropout, which costs a generator information",),
            differs=("generator_norm", "generator_dropout"),
        )  # fmt: skip


def _altered(family: str, tag: str = "", **arch: Any) -> Entry:
    return _convolutional(family, "cifar10", 100, arch=arch, tag=tag)


def _dropout(entry: Entry, probability: float) -> Setting:
    arch = dataclasses.replace(entry.arch, dropout=probability)  # type: ignore[call-arg]
    tag = "" if arch == entry.arch else f"d{probability * 10:.0f}"
    return Setting(str(probability), dataclasses.replace(entry, arch=arch, tag=tag), STEPS)


def _kernel(dataset: str, kernel: int, own: int) -> Entry:
    return _convolutional("dcgan", dataset, 100, arch={"kernel": kernel}, tag="" if kernel == own else f"k{kernel}")


def studies() -> Iterator[Study]:
    """Those of the sizes first."""
    yield from _sizes()
    yield from _nets()
    yield from _objectives()
    yield from _advice()
    yield from _layers_between()
