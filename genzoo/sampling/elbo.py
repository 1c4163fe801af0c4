"""A VAE's mathematics: posterior, divergence, likelihood.  Everything is computed in float32."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from genzoo.images.pixels import to_pixels
from genzoo.sampling import noise
from genzoo.zoo.spec import Recipe


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


def binarized(x: Tensor, seed: int, start: int) -> Tensor:
    """Pixels drawn from their grey levels, as functions of the seed and the image's place: (n, c, h, w) in {0, 1}."""
    uniform = torch.from_numpy(noise.uniforms(seed, "flips", start, len(x), math.prod(x.shape[1:]))).view_as(x)
    return (uniform < x).to(x.dtype)


def posterior(encoded: Tensor) -> tuple[Tensor, Tensor]:
    """An encoder's output as mean and log-variance: (n, 2 z) -> (n, z), (n, z)."""
    mean, log_variance = encoded.float().chunk(2, dim=1)
    return mean, log_variance


def sample_posterior(encoded: Tensor, epsilon: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Mean, log-variance and a sample of the posterior, (n, z) each, from standard normal numbers (n, z)."""
    mean, log_variance = posterior(encoded)
    return mean, log_variance, mean + (0.5 * log_variance).exp() * epsilon
