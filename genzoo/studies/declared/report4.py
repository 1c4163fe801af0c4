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
VAE_STEPS, GAN_STEPS = 5000, 3000
"""Of all its studies; a step of a GAN takes twice as long as a VAE's, one of a WGAN three times as long."""
_LATENTS = {"mnist": (10, 20, 50, 100, 200), "cifar10": (10, 20, 50, 100)}
_RECIPES: dict[tuple[str, str], dict[str, Any]] = {
    # The zoo's WGANs on MNIST of 3 layers have a clip of 0.03; the report has 0.01 for all.
    ("wgan", "mnist"): {"weight_clip": 0.01},
}
_FAMILIES = {"VAE": "vae", "GAN": "dcgan", "WGAN": "wgan"}


def _convolutional(family: str, dataset: str, latent_size: int, layers: int = 3, **more: Any) -> Entry:
    base = f"{family}-{dataset}-z{latent_size}-l3"
    return variant(base, layers=layers, recipe=_RECIPES.get((family, dataset)), **more)


def _steps(family: str) -> int:
    return VAE_STEPS if family == "vae" else GAN_STEPS


def _latent(family: str, dataset: str) -> int:
    """The latent size at which layers are added."""
    return 20 if (family, dataset) == ("vae", "mnist") else 100


def _metrics(entry: Entry) -> tuple[str, ...]:
    return ("frechet_distance", *(["elbo"] if entry.is_vae else []), "coverage", "class_balance", "sharpness")


def _fully_connected(like: Entry, family: Family) -> Entry:
    """Nets of the sizes of report 1's, trained as a convolutional entry is."""
    recipe = dataclasses.replace(like.recipe, norm_bias=True)  # there is no batch norm
    arch = Mlp((256, 512, 1024), (1024, 512, 256))
    return Entry(family, like.dataset, like.latent_size, 3, arch, recipe, source=REPORT)


def _sizes() -> Iterator[Study]:
    for dataset, sizes in _LATENTS.items():
        for family in _FAMILIES.values():
            latents = grid(_steps(family), ((z, _convolutional(family, dataset, z)) for z in sizes))
            metrics = _metrics(latents[0].entry)
            name = f"{family}-{dataset}-latent-size"
            yield Study(name, REPORT, "latent size", latents, differs=("latent_size",), metrics=metrics)
            # Its WGAN on CIFAR-10 is compared up to 6 layers.
            depths = range(3, 7 if (family, dataset) == ("wgan", "cifar10") else 6)
            latent = _latent(family, dataset)
            layers = grid(_steps(family), ((n, _convolutional(family, dataset, latent, n)) for n in depths))
            name = f"{family}-{dataset}-hidden-layers"
            yield Study(name, REPORT, "hidden layers", layers, differs=("extra",), metrics=metrics)


def _nets() -> Iterator[Study]:
    for family, flat in (("vae", MLPVAE), ("dcgan", MLPGAN), ("wgan", MLPWGAN)):
        for dataset in _LATENTS:
            conv = _convolutional(family, dataset, _latent(family, dataset))
            settings = grid(
                _steps(family), (("fully connected", _fully_connected(conv, flat)), ("convolutional", conv))
            )
            name = f"{family}-{dataset}-nets"
            yield Study(name, REPORT, "nets", settings, differs=("arch", "norm_bias"), metrics=_metrics(conv))


def _objectives() -> Iterator[Study]:
    for dataset in _LATENTS:
        yield _of_objectives(f"{dataset}-objectives", dataset, GAN_STEPS)
    yield _of_objectives("mnist-objectives-early", "mnist", GAN_STEPS // 3)


def _of_objectives(name: str, dataset: str, steps: int) -> Study:
    # The nets of the WGAN for all three: the zoo's GAN on MNIST has dropout, its VAE on CIFAR-10 a layer more.
    nets = _convolutional("wgan", dataset, 100).arch
    entries = ((value, _with_nets(_convolutional(family, dataset, 100), nets)) for value, family in _FAMILIES.items())
    return Study(
        name, REPORT, "objective", grid(steps, entries), differs=OF_THE_OBJECTIVE,
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
    settings = grid(GAN_STEPS, ((clip, variant(base, recipe={"weight_clip": clip})) for clip in clips))
    yield Study("wgan-mnist-weight-clip", REPORT, "weight clip", settings, differs=("weight_clip",))
    for dataset in ("mnist", "cifar10"):
        shipped = _convolutional("dcgan", dataset, 100)
        settings = tuple(_dropout(shipped, probability) for probability in (0.0, 0.3))
        name = f"dcgan-{dataset}-dropout"
        yield Study(name, REPORT, "dropout of the discriminator", settings, differs=("dropout",))
    for dataset, own in (("mnist", 4), ("cifar10", 5)):
        kernels = ((k, _kernel(dataset, k, own)) for k in (3, 4, 5, 7))
        yield Study(f"dcgan-{dataset}-kernel", REPORT, "kernel size", grid(GAN_STEPS, kernels), differs=("kernel",))


def _layers_between() -> Iterator[Study]:
    """Studies of what stands behind each hidden layer; the report says that CIFAR-10 is what needs it."""
    activations = {"LeakyReLU": _altered("dcgan"), "ReLU": _altered("dcgan", "relu", activation="relu")}
    settings = grid(GAN_STEPS, activations.items())
    yield Study("dcgan-cifar10-activation", REPORT, "activation", settings, differs=("activation",))
    for family in ("dcgan", "wgan"):
        norms = {
            "batch norm": _altered(family),
            "dropout of 0.3": _altered(family, "gd3", generator_norm="none", generator_dropout=0.3),
            "neither": _altered(family, "gn", generator_norm="none"),
        }
        name, differs = f"{family}-cifar10-generator-norm", ("generator_norm", "generator_dropout")
        yield Study(name, REPORT, "behind the generator's layers", grid(GAN_STEPS, norms.items()), differs=differs)


def _altered(family: str, tag: str = "", **arch: Any) -> Entry:
    return _convolutional(family, "cifar10", 100, arch=arch, tag=tag)


def _dropout(entry: Entry, probability: float) -> Setting:
    arch = dataclasses.replace(entry.arch, dropout=probability)  # type: ignore[call-arg]
    tag = "" if arch == entry.arch else f"d{probability * 10:.0f}"
    return Setting(str(probability), dataclasses.replace(entry, arch=arch, tag=tag), GAN_STEPS)


def _kernel(dataset: str, kernel: int, own: int) -> Entry:
    return _convolutional("dcgan", dataset, 100, arch={"kernel": kernel}, tag="" if kernel == own else f"k{kernel}")


def studies() -> Iterator[Study]:
    """Those of the sizes first."""
    yield from _sizes()
    yield from _nets()
    yield from _objectives()
    yield from _advice()
    yield from _layers_between()
