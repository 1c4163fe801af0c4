"""Report 4: VAEs, GANs and WGANs on MNIST and CIFAR-10, its figures, and its claims beside those on sizes."""

from __future__ import annotations

from collections.abc import Iterator

from genzoo.studies.catalog import STUDIES
from genzoo.studies.claims.comparisons import BestIs, better
from genzoo.studies.claims.entries import NotAnswerable
from genzoo.studies.claims.evidence import places
from genzoo.studies.claims.runs import Reaches
from genzoo.studies.reports.record import Claim, Figure, Report, claim
from genzoo.studies.reports.report4_sizes import size_claims

_MODELS = {"vae": "a VAE", "dcgan": "a GAN", "wgan": "a WGAN"}
_DATASETS = {"mnist": "MNIST", "cifar10": "CIFAR-10"}
_SECTIONS = {
    "1": "its nets",
    **{
        f"{chapter}.{part}.{one}": f"{model} on {on}, by {axis}"
        for chapter, on in enumerate(_DATASETS.values(), 2)
        for part, model in enumerate(_MODELS.values(), 1)
        for one, axis in enumerate(("latent size", "hidden layers"), 1)
    },
    "4": "its advice",
}
# Ours: digits can be read from about this confidence on.
_READABLE = 0.8
_CARD = "vae-mnist-z20-l3"
_LAYERS = (
    f"Drawn by hand there. Here the layers stand in each card, e.g. that of [`{_CARD}`](../../cards/{_CARD}.md#nets)."
)


def _figures() -> Iterator[Figure]:
    yield Figure("Figure 1", "the layers of discriminators and encoders", answer=_LAYERS)
    yield Figure("Figure 2", "the layers of generators and decoders", answer=_LAYERS)
    number = 3
    for dataset, on in _DATASETS.items():
        for family, model in _MODELS.items():
            latent = 20 if (family, dataset) == ("vae", "mnist") else 100
            for axis, shipped in (("latent size", f"z{latent}-l3"), ("hidden layers", f"z{latent}-l4")):
                study = f"{family}-{dataset}-{axis.replace(' ', '-')}"
                entry, of = f"{family}-{dataset}-{shipped}", f"{model} on {on}"
                yield Figure(
                    f"Figure {number}",
                    f"samples of {of}, picked, where its {axis} is compared",
                    (study,),
                    entries=(entry,),
                )
                yield Figure(
                    f"Figure {number + 1}",
                    f"samples of {of} by {axis}, row by row as training goes on",
                    (study,),
                    "progress",
                    (entry,),
                )
                every = tuple(setting.entry.name for setting in STUDIES[study].settings)
                yield Figure(
                    f"Figure {number + 2}", f"the generator's loss of {of} by {axis}", (study,), "losses", every
                )
                number += 3


def _nets() -> Iterator[Claim]:
    on_mnist, on_cifar10 = ([f"{family}-{dataset}-nets" for family in _MODELS] for dataset in _DATASETS)
    yield claim(
        "mlp-mnist",
        "1",
        "Fully connected nets work well on MNIST, as VAE, GAN and WGAN.",
        Reaches(tuple(places(study, "fully connected")[0] for study in on_mnist), "confidence", _READABLE),
    )
    yield claim(
        "mlp-cifar10",
        "1",
        "They work badly on CIFAR-10, worse than convolutional ones.",
        *(better(study, "convolutional", "fully connected") for study in on_cifar10),
    )


def _objectives() -> Iterator[Claim]:
    yield claim(
        "wgan-converges",
        "2.3.1",
        "A WGAN on MNIST converges more easily than a GAN.",
        better("mnist-objectives-early", "WGAN", "GAN"),
    )
    yield claim("wgan-worse", "2.3.1", "In the end it is worse than a GAN.", better("mnist-objectives", "GAN", "WGAN"))
    yield claim(
        "gan-sharper",
        "3.2.1",
        "On CIFAR-10 a GAN's images are far sharper than a VAE's.",
        better("cifar10-objectives", "GAN", "VAE", "sharpness"),
    )
    yield claim(
        "gan-better-than-vae",
        "3.2.1",
        "With some skill in training, a GAN does better than a VAE.",
        better("cifar10-objectives", "GAN", "VAE"),
    )
    yield claim(
        "wgan-cifar10-worse",
        "3.3.1",
        "On CIFAR-10 a WGAN's images are worse than a GAN's.",
        better("cifar10-objectives", "GAN", "WGAN"),
    )


def _advice() -> Iterator[Claim]:
    yield claim(
        "leaky-relu",
        "4",
        "LeakyReLU behind each hidden layer is better.",
        better("dcgan-cifar10-activation", "LeakyReLU", "ReLU"),
    )
    yield claim(
        "batch-norm",
        "4",
        "Batch norm behind hidden layers is better than dropout, which costs a generator information.",
        *(better(f"{family}-cifar10-generator-norm", "batch norm", "dropout of 0.3") for family in ("dcgan", "wgan")),
    )
    yield claim(
        "kernel",
        "4",
        "Better images need a larger kernel in the generator, CIFAR-10 a larger one than MNIST.",
        BestIs("dcgan-mnist-kernel", ("3", "4")),
        BestIs("dcgan-cifar10-kernel", ("5", "7")),
    )
    yield claim(
        "dropout",
        "4",
        "One dropout layer, behind the discriminator's flatten, reduces over-fitting.",
        *(better(f"dcgan-{dataset}-dropout", "0.3", "0.0", "coverage") for dataset in _DATASETS),
    )
    yield claim(
        "mnist-tolerates",
        "4",
        "On MNIST models train well without all this; on CIFAR-10 they do not.",
        NotAnswerable("no study leaves all of it out at once"),
    )
    yield claim(
        "weight-clip",
        "4",
        "The range of the weights is a key to how a WGAN does, and 0.01 is best.",
        BestIs("wgan-mnist-weight-clip", ("0.01",)),
    )


REPORT = Report(
    "report 4",
    "Latent size and hidden layers",
    "It trains a VAE, a GAN and a WGAN of convolutional nets on MNIST and on CIFAR-10, varies the latent size and the "
    "number of hidden layers of each, and compares the generators' losses and samples by eye. A lower loss of a GAN's "
    "generator is no better generator, so that here studies go by the Fréchet distance, and where the report goes by a "
    "VAE's loss, by the ELBO.",
    sections=_SECTIONS,
    figures=tuple(_figures()),
    claims=(*_nets(), *size_claims(), *_objectives(), *_advice()),
)
