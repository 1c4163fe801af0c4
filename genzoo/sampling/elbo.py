"""A VAE's mathematics: posterior, divergence, likelihood, ELBO.  Everything is computed in float32."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from genzoo.images.pixels import to_pixels
from genzoo.sampling import noise
from genzoo.zoo.spec import Recipe

Net = Callable[[Tensor], Tensor]


class ElboTerms(NamedTuple):
    """The two terms of the evidence lower bound in nats: (n,) each."""

    log_likelihood: Tensor
    kl: Tensor

    @property
    def elbo(self) -> Tensor:
        """The bound itself: (n,)."""
        return self.log_likelihood - self.kl


def elbo_terms(x: Tensor, encoder: Net, decoder: Net, epsilon: Tensor, recipe: Recipe) -> ElboTerms:
    """The ELBO's terms with one posterior sample of each image: Kingma and Welling 2014.

    Args:
        x: images in [0, 1], as `vae_input` gives them: (n, c, h, w).
        encoder: images -> means beside log-variances (n, 2 z).
        decoder: latents (n, z) -> raw values (n, c, h, w).
        epsilon: standard normal numbers, from which the samples are made: (n, z).
        recipe: which likelihood is meant.
    """
    mean, log_variance, z = sample_posterior(encoder(x), epsilon)
    raw = decoder(z).float()
    kl = gaussian_kl(mean, log_variance)
    return ElboTerms(log_likelihood(x.float(), raw, recipe), kl)


def gaussian_kl(mean: Tensor, log_variance: Tensor) -> Tensor:
    """KL(N(mean, exp(log_variance)) || N(0, 1)) in nats: (n, z), (n, z) -> (n,)."""
    return 0.5 * (mean.square() + log_variance.exp() - log_variance - 1).sum(1)


def log_likelihood(x: Tensor, raw: Tensor, recipe: Recipe) -> Tensor:
    """Log p(x | z) in nats of images (n, c, h, w) under a decoder's raw values: (n,).

    Bernoulli: raw values are logits, and grey levels count as probabilities, as in the reports.
    Gaussian: around the sigmoid of the raw values, with the recipe's standard deviation.
    """
    if recipe.likelihood == "bernoulli":
        return -F.binary_cross_entropy_with_logits(raw, x, reduction="none").flatten(1).sum(1)
    errors = F.mse_loss(to_pixels(raw, "sigmoid"), x, reduction="none").flatten(1)
    constant = math.log(recipe.likelihood_sd) + 0.5 * math.log(2 * math.pi)
    return -errors.sum(1) / (2 * recipe.likelihood_sd**2) - errors.shape[1] * constant


def vae_input(x: Tensor, recipe: Recipe, seed: int, start: int) -> Tensor:
    """Images as a recipe's VAE takes them, on their own device: binarised by the seed, or as they are.

    Args:
        x: images `start` to `start + n` of a dataset, in [0, 1]: (n, c, h, w).
        recipe: whether pixels are binarised.
        seed: of the binarisation.
        start: the first image's place, since each image is binarised by the seed and its own place alone.
    """
    return binarized(x.cpu(), seed, start).to(x.device) if recipe.binarize else x


def binarized(x: Tensor, seed: int, start: int) -> Tensor:
    """Pixels drawn from their grey levels, as functions of the seed and the image's place: (n, c, h, w) in {0, 1}."""
    uniform = noise.uniforms(seed, "flips", start, len(x), math.prod(x.shape[1:]))
    return bernoulli_sample(x, torch.from_numpy(uniform).view_as(x))


def bernoulli_sample(probabilities: Tensor, uniform: Tensor) -> Tensor:
    """0 or 1 for each probability, in its type, from as many numbers that are uniform in [0, 1)."""
    return (uniform < probabilities).to(probabilities.dtype)


def posterior(encoded: Tensor) -> tuple[Tensor, Tensor]:
    """An encoder's output as mean and log-variance: (n, 2 z) -> (n, z), (n, z)."""
    mean, log_variance = encoded.float().chunk(2, dim=1)
    return mean, log_variance


def sample_posterior(encoded: Tensor, epsilon: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Mean, log-variance and a sample of the posterior, (n, z) each, from standard normal numbers (n, z)."""
    mean, log_variance = posterior(encoded)
    return mean, log_variance, reparameterize(mean, log_variance, epsilon)


def reparameterize(mean: Tensor, log_variance: Tensor, epsilon: Tensor) -> Tensor:
    """Samples of N(mean, exp(log_variance)) from standard normal numbers, differentiable in both: (..., z)."""
    return mean + (0.5 * log_variance).exp() * epsilon


def log_prior_ratio(z: Tensor, log_variance: Tensor, epsilon: Tensor) -> Tensor:
    """Log p(z) - log q(z | x) in nats of posterior samples, made by `reparameterize` of epsilon: (..., z) -> (...).

    Its negative is an estimate of the posterior's divergence from the prior; `gaussian_kl` is that in closed form.
    """
    return 0.5 * (epsilon.square() - z.square() + log_variance).sum(-1)
