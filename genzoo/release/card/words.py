"""What cards say in words: families, datasets, metrics, reports, and the papers the methods come from."""

from __future__ import annotations

from collections.abc import Sequence

from genzoo.zoo.spec import Entry, Family

FAMILIES: dict[Family, str] = {
    "mlpgan": "A GAN of fully connected nets",
    "mlpvae": "A variational autoencoder of fully connected nets",
    "dcgan": "A DCGAN, a GAN of convolutional nets",
    "wgan": "A Wasserstein GAN of convolutional nets",
    "wgangp": "A Wasserstein GAN of convolutional nets, held by a gradient penalty",
    "vae": "A variational autoencoder of convolutional nets",
    "convgan": "A GAN of narrow convolutions capped by a linear layer",
    "lstmgan": "A GAN of stacked LSTMs that write and read an image row by row",
}

SUBJECTS = {
    "mnist": "handwritten digits",
    "fashionmnist": "clothes",
    "kmnist": "handwritten hiragana",
    "cifar10": "animals and vehicles",
    "olivetti": "faces",
}

TITLES = {
    "mnist": "MNIST",
    "fashionmnist": "FashionMNIST",
    "kmnist": "KMNIST",
    "cifar10": "CIFAR-10",
    "olivetti": "Olivetti faces",
}

HELD_OUT = {"olivetti": "The test images are other pictures of the same 40 people: nothing is known of other faces."}
"""What a test set is, where a reader would take it for more."""

HUB_DATASETS = {
    "mnist": "ylecun/mnist",
    "fashionmnist": "zalando-datasets/fashion_mnist",
    "cifar10": "uoft-cs/cifar10",
}
"""Datasets by their ids on the Hub, where it has them."""

SHORTFALLS = {
    "precision": "of its samples lie outside the real images' manifold",
    "coverage": "of the real images have no sample in their neighbourhood",
    "class_balance": "of its samples would have to be of other classes for the classes' shares to be the real ones",
}
"""What 1 minus a metric's value is the share of."""

REPORTS = {
    "report 0": "which sets a GAN beside a VAE, both of fully connected nets, on MNIST",
    "report 1": "which trains a GAN and a VAE of fully connected nets on MNIST",
    "report 2": "which trains GANs and VAEs on MNIST, and a VAE on faces",
    "report 3": "which compares linear, convolutional, pooled and LSTM GANs on MNIST",
    "report 4": "which studies latent size and hidden layers of VAEs, DCGANs and WGANs on MNIST and CIFAR-10",
}

_GAN = "[Generative Adversarial Nets](https://arxiv.org/abs/1406.2661), Goodfellow et al. 2014"
_DCGAN = (
    "[Unsupervised Representation Learning with Deep Convolutional Generative Adversarial Networks]"
    "(https://arxiv.org/abs/1511.06434), Radford, Metz and Chintala 2016"
)
_WGAN = "[Wasserstein GAN](https://arxiv.org/abs/1701.07875), Arjovsky, Chintala and Bottou 2017"
_WGANGP = "[Improved Training of Wasserstein GANs](https://arxiv.org/abs/1704.00028), Gulrajani et al. 2017"
_R1 = (
    "[Which Training Methods for GANs do actually Converge?](https://arxiv.org/abs/1801.04406), "
    "Mescheder, Geiger and Nowozin 2018"
)
_VAE = "[Auto-Encoding Variational Bayes](https://arxiv.org/abs/1312.6114), Kingma and Welling 2014"
_PAPERS: dict[Family, tuple[str, ...]] = {
    "mlpgan": (_GAN,),
    "mlpvae": (_VAE,),
    "dcgan": (_GAN, _DCGAN),
    "wgan": (_WGAN,),
    "wgangp": (_WGAN, _WGANGP),
    "vae": (_VAE,),
    "convgan": (_GAN, _DCGAN),
    "lstmgan": (_GAN,),
}


def papers(entry: Entry) -> tuple[str, ...]:
    """The papers that an entry's method comes from."""
    held = entry.recipe.objective == "gan" and entry.recipe.penalty > 0
    return (*_PAPERS[entry.family], _R1) if held else _PAPERS[entry.family]


def title(dataset: str) -> str | None:
    """A dataset's name as people write it."""
    return TITLES.get(dataset)


def hub_id(dataset: str) -> str | None:
    """A dataset's id on the Hub."""
    return HUB_DATASETS.get(dataset)


def table(heading: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table."""
    lines = [heading, ["---"] * len(heading), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
