"""What cards say in words: families, datasets, reports, and the papers the methods come from."""

from __future__ import annotations

from collections.abc import Sequence

from genzoo.zoo.catalog import ENTRIES, aliases_of
from genzoo.zoo.spec import Entry

FAMILIES: dict[str, str] = {
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
_PAPERS: dict[str, tuple[str, ...]] = {
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
    return (*_PAPERS[entry.family.name], _R1) if held else _PAPERS[entry.family.name]


def describe(entry: Entry) -> str:
    """An entry in one sentence."""
    channels, height, width = entry.dataset.shape
    size = f"{height} x {width} {'grey' if channels == 1 else 'colour'} images"
    what = f"{size} of {SUBJECTS[name]}" if (name := entry.dataset.name) in SUBJECTS else f"{size} like its own"
    layers = f"{entry.hidden_layers} hidden layer{'s' * (entry.hidden_layers > 1)}"
    return (
        f"{FAMILIES[entry.family.name]}, with {layers} and latents of {entry.latent_size} numbers, "
        f"trained on {title(entry)} to draw {what}."
    )


def title(entry: Entry) -> str:
    """The dataset's name as people write it."""
    return TITLES.get(entry.dataset.name, f"`{entry.dataset.name}`")


def describe_source(entry: Entry) -> str:
    """Where a catalog entry comes from; empty for a model that no report has."""
    if entry.name not in ENTRIES:
        return ""
    source = ENTRIES[entry.name].source  # a folder's own may be anything
    report = f"{source} of genzoo's five course reports"
    if entry.tag == "binary":
        return f"The entry is genzoo's own: a VAE of {report}, trained on binarised digits."
    if entry.tag == "r1":
        return (
            f"The entry is genzoo's own: a DCGAN of {report}, whose discriminator has a gradient penalty in place of "
            "batch norm."
        )
    if entry.family.name == "wgangp":
        return f"The entry completes {report}, which names WGAN-GP without running it."
    return f"The entry comes from {report}, {REPORTS[source]}."


def describe_weights(entry: Entry) -> str:
    """Where the weights of a catalog entry are; empty for a model that is none."""
    if entry.name not in ENTRIES:
        return ""
    if aliases_of(entry.name):
        return "The weights come with every installation of genzoo."
    return (
        "The weights come with an installation of genzoo, unless it is a slim one, as docs/install.md of genzoo tells."
    )


def plain(value: object) -> str:
    """A value of a folder's JSON as text that Markdown takes as text: one line, no table cells, no tags."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"
    return " ".join(str(value).split()).replace("|", "\\|").replace("<", "&lt;").replace("`", "'")


def table(heading: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table."""
    lines = [heading, ["---"] * len(heading), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
