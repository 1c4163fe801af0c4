"""What report 4 says of latent size and hidden layers, model by model: its claims there."""

from __future__ import annotations

from collections.abc import Iterator

from genzoo.studies.claims.comparisons import BestIs, Monotone, NoInfluence, better
from genzoo.studies.claims.entries import NotAnswerable, ShipsBetter
from genzoo.studies.claims.influences import OrdersDiffer
from genzoo.studies.claims.runs import LossMoves
from genzoo.studies.reports.record import Claim, claim

# Ours: what counts as slight.  Of an ELBO of about -97 nats on MNIST, and of some 3,000 on CIFAR-10.
_SLIGHT, _SLIGHT_NATS, _SLIGHT_COLOUR_NATS = 1.1, 2.0, 50.0
_END = (0.75, 1.0)


def _on_mnist() -> Iterator[Claim]:
    latent, layers = "vae-mnist-latent-size", "vae-mnist-hidden-layers"
    yield claim(
        "vae-mnist-latent-slight",
        "2.1.1",
        "The latent size has very little influence.",
        NoInfluence(latent, _SLIGHT_NATS, "elbo"),
    )
    yield claim(
        "vae-mnist-latent-20",
        "2.1.1",
        "A latent size of 20 is best, and larger ones bring nothing.",
        BestIs(latent, ("20",), "elbo"),
    )
    yield claim("vae-mnist-layers-5", "2.1.2", "5 hidden layers have the best loss.", BestIs(layers, ("5",), "elbo"))
    yield claim(
        "vae-mnist-layers-more", "2.1.2", "More layers help the model learn.", Monotone(layers, "better", "elbo")
    )
    latent, layers = "dcgan-mnist-latent-size", "dcgan-mnist-hidden-layers"
    yield claim("gan-mnist-latent-100", "2.2.1", "A latent size of 100 is best.", BestIs(latent, ("100",)))
    yield claim("gan-mnist-latent-20", "2.2.1", "A latent size of 20 is worst.", BestIs(latent, ("20",), end="worst"))
    yield claim(
        "gan-mnist-latent-ends",
        "2.2.1",
        "One that is too small or too large does worse.",
        better(latent, ("20", "50", "100"), ("10", "200")),
    )
    yield claim("gan-mnist-latent-larger", "2.2.1", "In all, the larger the better.", Monotone(latent, "better"))
    yield claim(
        "gan-mnist-unfinished",
        "2.2.1",
        "Its generator's loss still rises when training ends.",
        LossMoves(latent, "generator", "rises", _END),
    )
    yield claim(
        "gan-mnist-loss-rises",
        "2.2.2",
        "A GAN's generator loss rises until it converges.",
        LossMoves(layers, "generator", "rises"),
    )
    yield claim(
        "gan-mnist-layers-alike",
        "2.2.2",
        "3 and 4 hidden layers are much alike.",
        NoInfluence(layers, _SLIGHT, values=("3", "4")),
    )
    yield claim("gan-mnist-layers-5", "2.2.2", "5 are worse.", better(layers, ("3", "4"), "5"))
    yield claim("gan-mnist-layers-4", "2.2.2", "In the end 4 are a little better than 3.", better(layers, "4", "3"))
    latent, layers = "wgan-mnist-latent-size", "wgan-mnist-hidden-layers"
    yield claim("wgan-mnist-latent-10", "2.3.1", "A latent size of 10 is best.", BestIs(latent, ("10",)))
    yield claim(
        "latent-own-best",
        "2.3.1",
        "A GAN and a WGAN have each their own best latent size.",
        OrdersDiffer("dcgan-mnist-latent-size", latent),
    )
    yield claim(
        "wgan-mnist-loss-falls",
        "2.3.1",
        "Its estimate of the distance falls as training goes on.",
        LossMoves(latent, "wasserstein", "falls", (0.1, 1.0)),
    )
    yield claim("wgan-mnist-latent-larger", "2.3.1", "The larger the latent, the worse.", Monotone(latent, "worse"))
    yield claim("wgan-mnist-layers-5", "2.3.2", "5 hidden layers are best.", BestIs(layers, ("5",)))
    yield claim(
        "layers-own-best",
        "2.3.2",
        "A GAN and a WGAN have each their own best number of layers.",
        OrdersDiffer("dcgan-mnist-hidden-layers", layers),
    )
    yield claim(
        "wgan-mnist-layers-loss",
        "2.3.2",
        "The estimate of the distance falls with all of them.",
        LossMoves(layers, "wasserstein", "falls", (0.1, 1.0)),
    )
    yield claim("wgan-mnist-layers-more", "2.3.2", "The more layers, the better.", Monotone(layers, "better"))
    yield claim(
        "wgan-mnist-layers-unrest",
        "2.3.2",
        "The more layers, the less stable: the loss strays further.",
        Monotone(layers, "better", "unrest"),
    )


def _on_cifar10() -> Iterator[Claim]:
    latent, layers = "vae-cifar10-latent-size", "vae-cifar10-hidden-layers"
    yield claim(
        "vae-smoother",
        "3.1.1",
        "A VAE's loss is smoother than a GAN's or a WGAN's.",
        NotAnswerable("the three losses have no unit in common in which to say how far they stray"),
    )
    yield claim(
        "vae-cifar10-latent-large",
        "3.1.1",
        "Latent sizes of 50 and 100 are best.",
        better(latent, ("50", "100"), ("10", "20"), "elbo"),
    )
    yield claim(
        "vae-cifar10-latent-10", "3.1.1", "A latent size of 10 is worst.", BestIs(latent, ("10",), "elbo", "worst")
    )
    yield claim(
        "vae-cifar10-layers-5",
        "3.1.2",
        "5 hidden layers have the best loss, and make better images.",
        BestIs(layers, ("5",), "elbo"),
        BestIs(layers, ("5",)),
    )
    yield claim(
        "vae-cifar10-layers-slight",
        "3.1.2",
        "The number of layers has little influence.",
        NoInfluence(layers, _SLIGHT_COLOUR_NATS, "elbo"),
        NoInfluence(layers, _SLIGHT),
    )
    latent, layers = "dcgan-cifar10-latent-size", "dcgan-cifar10-hidden-layers"
    yield claim(
        "gan-cifar10-loss-rises",
        "3.2.1",
        "The generator's loss rises, ever more slowly.",
        LossMoves(latent, "generator", "rises"),
    )
    yield claim(
        "gan-cifar10-latent-slight",
        "3.2.1",
        "The influence of the latent size can be neglected.",
        NoInfluence(latent, _SLIGHT),
    )
    yield claim("gan-cifar10-latent-100", "3.2.1", "A latent size of 100 is best.", BestIs(latent, ("100",)))
    yield claim(
        "gan-cifar10-layers-4", "3.2.1", "4 hidden layers are best, by a slight difference.", BestIs(layers, ("4",))
    )
    yield claim("gan-cifar10-layers-5", "3.2.2", "5 hidden layers are best (it says both).", BestIs(layers, ("5",)))
    yield claim(
        "gan-cifar10-unfinished",
        "3.2.2",
        "The generator's loss still rises when training ends.",
        LossMoves(layers, "generator", "rises", _END),
    )
    yield claim(
        "gan-cifar10-steadies",
        "3.2.2",
        "The loss goes wild at first, and strays less and less.",
        LossMoves(layers, "generator_spread", "falls"),
    )
    latent, layers = "wgan-cifar10-latent-size", "wgan-cifar10-hidden-layers"
    yield claim(
        "wgan-in-time",
        "3.3.1",
        "Given time, a WGAN on CIFAR-10 would be better than a GAN.",
        ShipsBetter("wgan-cifar10-z100-l5", "dcgan-cifar10-z100-l3"),
    )
    yield claim(
        "wgan-cifar10-restless",
        "3.3.1",
        "Its loss still strays far after 800 epochs.",
        NotAnswerable("it does not say how far is far, and no run here is as long"),
    )
    yield claim(
        "wgan-cifar10-latent-10",
        "3.3.1",
        "A latent size of 10 is far worse than the others.",
        BestIs(latent, ("10",), end="worst"),
    )
    yield claim(
        "wgan-cifar10-layers-late",
        "3.3.2",
        "More hidden layers learn badly at first, and then ever better.",
        NotAnswerable("runs are measured at their ends alone"),
    )
    yield claim("wgan-cifar10-layers-6", "3.3.2", "6 hidden layers are best.", BestIs(layers, ("6",)))
    yield claim(
        "wgan-cifar10-layers-4", "3.3.2", "4 are too few: their loss keeps its level.", better(layers, ("5", "6"), "4")
    )


def size_claims() -> Iterator[Claim]:
    """In the order of the report's sections 2 and 3."""
    yield from _on_mnist()
    yield from _on_cifar10()
