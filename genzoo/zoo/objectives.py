"""The objectives of the zoo's families, and the papers that they come from."""

from __future__ import annotations

from typing import TYPE_CHECKING

from genzoo.zoo.family import Objective

if TYPE_CHECKING:
    from genzoo.zoo.spec import Recipe

GAN_PAPER = "[Generative Adversarial Nets](https://arxiv.org/abs/1406.2661), Goodfellow et al. 2014"
DCGAN_PAPER = (
    "[Unsupervised Representation Learning with Deep Convolutional Generative Adversarial Networks]"
    "(https://arxiv.org/abs/1511.06434), Radford, Metz and Chintala 2016"
)
WGAN_PAPER = "[Wasserstein GAN](https://arxiv.org/abs/1701.07875), Arjovsky, Chintala and Bottou 2017"
WGANGP_PAPER = "[Improved Training of Wasserstein GANs](https://arxiv.org/abs/1704.00028), Gulrajani et al. 2017"
R1_PAPER = (
    "[Which Training Methods for GANs do actually Converge?](https://arxiv.org/abs/1801.04406), "
    "Mescheder, Geiger and Nowozin 2018"
)
VAE_PAPER = "[Auto-Encoding Variational Bayes](https://arxiv.org/abs/1312.6114), Kingma and Welling 2014"

_LOSSES = {
    "negative_elbo": "Negative ELBO, nats an image",
    "reconstruction": "Reconstruction, nats an image",
    "kl": "KL divergence, nats an image",
    "discriminator": "Discriminator's loss",
    "generator": "Generator's loss",
    "real_score": "Score of real images (0 to 1)",
    "fake_score": "Score of samples (0 to 1)",
    "wasserstein": "Wasserstein distance, estimated",
    "penalty": "Gradient penalty, unweighted",
}

_ADVERSARIAL = ("discriminator_lr", "n_critic")


def label_of_loss(name: str) -> str:
    """What a loss, or a number that is logged beside it, is called on an axis, with its unit."""
    return _LOSSES.get(name, name.replace("_", " ").capitalize())


def _gan_words(recipe: Recipe) -> str:
    smooth = f", real images labelled {recipe.real_label:g}" if recipe.real_label < 1 else ""
    held = f", R1 gradient penalty of weight {recipe.r1_gamma:g}" if recipe.r1_gamma else ""
    return f"non-saturating GAN loss on logits{smooth}{held}"


def _vae_words(recipe: Recipe) -> str:
    if recipe.likelihood == "gaussian":
        return f"negative ELBO, Gaussian likelihood of standard deviation {recipe.likelihood_sd:.6g}"
    drawn = "of pixels drawn anew from their grey levels" if recipe.binarize else "with grey levels as labels"
    return f"negative ELBO, Bernoulli likelihood {drawn}"


GAN = Objective(
    "gan",
    "discriminator",
    "genzoo.train.phases:Adversarial",
    _gan_words,
    takes=(*_ADVERSARIAL, "real_label", "r1_gamma"),
    scores="the discriminator's logits",
    papers=(("r1_gamma", R1_PAPER),),
)
WGAN = Objective(
    "wgan",
    "discriminator",
    "genzoo.train.phases:Wasserstein",
    lambda recipe: f"Wasserstein loss, the discriminator's weights clipped at {recipe.weight_clip:g}",
    needs=("weight_clip",),
    takes=_ADVERSARIAL,
)
WGANGP = Objective(
    "wgangp",
    "discriminator",
    "genzoo.train.phases:PenalisedWasserstein",
    lambda recipe: f"Wasserstein loss with a gradient penalty of weight {recipe.gp_weight:g}",
    needs=("gp_weight",),
    takes=_ADVERSARIAL,
)
VAE = Objective(
    "vae",
    "encoder",
    "genzoo.train.phases:Variational",
    _vae_words,
    takes=("likelihood", "likelihood_sd", "binarize"),
    tag="vae",
    selection="elbo",
)
