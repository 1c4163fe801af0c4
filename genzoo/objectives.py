"""What each family is trained to minimise: small pure functions, and the phases that a step is made of.

A phase knows its net and its loss; the training loop knows when to call it.  Losses are computed in
float32, whatever precision the nets run in, and in the stable form: softplus and logits.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from genzoo import noise
from genzoo.images import to_pixels
from genzoo.nets.fastconv import gradients_of_maps_alone
from genzoo.spec import Entry, Recipe

Losses = dict[str, Tensor]
"""Scalar tensors by name, the first of which is minimised."""

Precision = Callable[[], AbstractContextManager[object]]


class Draw(Protocol):
    """A batch of real images, when asked for, and random numbers for as many: (n, *shape) each."""

    def images(self) -> Tensor:
        """Real images: (n, c, h, w) in [0, 1]."""

    def normal(self, *shape: int) -> Tensor:
        """Standard normal numbers."""

    def uniform(self, *shape: int) -> Tensor:
        """Numbers in [0, 1)."""


@dataclass(frozen=True)
class Phase:
    """One part of a step: `repeats` updates of `net` by the gradient of `losses(draw)`.

    `net` names a key of the nets; None stands for all of them.  `clip` bounds the net's weights
    after each update, where it is not 0.
    """

    name: str
    net: str | None
    losses: Callable[[Draw], Losses]
    repeats: int = 1
    clip: float = 0.0


def discriminator_loss(real: Tensor, fake: Tensor, real_label: float = 1.0) -> Tensor:
    """Cross-entropy of real and generated scores (logits), each averaged: Goodfellow et al. 2014.

    `real_label` below 1 is one-sided label smoothing (Salimans et al. 2016).
    """
    smoothed = real_label * F.softplus(-real) + (1 - real_label) * F.softplus(real)
    return smoothed.mean() + F.softplus(fake).mean()


def generator_loss(fake: Tensor) -> Tensor:
    """The non-saturating generator loss, -log sigmoid(score), averaged."""
    return F.softplus(-fake).mean()


def critic_loss(real: Tensor, fake: Tensor) -> Tensor:
    """Minus the critic's estimate of the Wasserstein distance: Arjovsky et al. 2017."""
    return fake.mean() - real.mean()


def gradient_penalty(critic: nn.Module, real: Tensor, fake: Tensor, share: Tensor) -> Tensor:
    """Two-sided penalty on the critic's gradient norm between real and fake images.

    Gulrajani et al. 2017.  `share` is uniform in [0, 1), (n,); the norm goes over all of an image's
    values, whatever its number of channels.  Images are taken in [-1, 1] there and in [0, 1] here,
    so the gradient is halved to mean the same.
    """
    share = share.view(-1, *[1] * (real.dim() - 1))
    # The derivative of a norm is not finite at zero.
    norms = _squared_gradients(critic, torch.lerp(fake.float(), real.float(), share)).add(1e-12).sqrt()
    return (norms - 1).square().mean()


def real_gradient_penalty(critic: nn.Module, real: Tensor) -> Tensor:
    """Half the squared norm of the discriminator's gradient at real images, averaged: R1, Mescheder et al. 2018.

    The norm is that of `gradient_penalty`, for images in [-1, 1]; its weight is what the paper calls gamma.
    """
    return _squared_gradients(critic, real.float()).mean() / 2


def _squared_gradients(critic: nn.Module, images: Tensor) -> Tensor:
    """Squared norms of a score's gradient by each image, as if in [-1, 1]: (n, c, h, w) in [0, 1] -> (n,)."""
    images = images.detach().requires_grad_()
    scores = critic(images).sum()
    with gradients_of_maps_alone():
        (gradients,) = torch.autograd.grad(scores, images, create_graph=True)
    return gradients.div(2).flatten(1).square().sum(1)


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


def build_phases(nets: nn.ModuleDict, entry: Entry, precision: Precision) -> list[Phase]:
    """The phases of one training step of an entry.

    Args:
        nets: `generator`, and `critic` or `encoder`.
        entry: whose recipe says what is minimised.
        precision: the context in which the nets run, e.g. autocast.
    """
    if entry.is_vae:
        return [Phase("vae", None, _Variational(nets, entry, precision).losses)]
    game = _Adversarial(nets, entry, precision)
    recipe = entry.recipe
    return [
        Phase("critic", "critic", game.critic_losses, recipe.critic_steps, recipe.clip),
        Phase("generator", "generator", game.generator_losses),
    ]


class _Variational:
    def __init__(self, nets: nn.ModuleDict, entry: Entry, precision: Precision) -> None:
        self.nets, self.entry, self.precision = nets, entry, precision

    def losses(self, draw: Draw) -> Losses:
        images = draw.images()
        if self.entry.recipe.binarize:
            images = (draw.uniform(*images.shape[1:]) < images).to(images.dtype)
        with self.precision():
            encoded = self.nets["encoder"](images)
        mean, log_variance, z = sample_posterior(encoded, draw.normal(self.entry.latent_size))
        with self.precision():
            raw = self.nets["generator"](z)
        kl = gaussian_kl(mean, log_variance).mean()
        reconstruction = -log_likelihood(images, raw.float(), self.entry.recipe).mean()
        return {"negative_elbo": reconstruction + kl, "reconstruction": reconstruction.detach(), "kl": kl.detach()}


class _Adversarial:
    """Both players' losses; a step's last generated images serve both of them."""

    def __init__(self, nets: nn.ModuleDict, entry: Entry, precision: Precision) -> None:
        self.generator, self.critic = nets["generator"], nets["critic"]
        self.entry, self.precision = entry, precision
        # Without batch norm an image's score does not depend on its batch: one pass serves both kinds.
        self.one_pass = not any(isinstance(m, nn.modules.batchnorm._BatchNorm) for m in self.critic.modules())
        self.fake: Tensor | None = None
        self.turn = 0

    def _generate(self, draw: Draw) -> Tensor:
        with self.precision():
            raw = self.generator(draw.normal(self.entry.latent_size))
        return to_pixels(raw, self.entry.output)

    def _scores(self, real: Tensor, fake: Tensor) -> tuple[Tensor, Tensor]:
        with self.precision():
            if self.one_pass:
                scores = self.critic(torch.cat([real, fake])).float()
                return scores[: len(real)], scores[len(real) :]
            return self.critic(real).float(), self.critic(fake).float()

    def critic_losses(self, draw: Draw) -> Losses:
        images = draw.images()
        self.turn = (self.turn + 1) % self.entry.recipe.critic_steps
        with torch.set_grad_enabled(self.turn == 0):
            self.fake = self._generate(draw)
        fake = self.fake.detach()
        real_scores, fake_scores = self._scores(images, fake)
        recipe = self.entry.recipe
        if recipe.objective == "gan":
            loss = discriminator_loss(real_scores, fake_scores, recipe.real_label)
            means = {
                "real_score": real_scores.detach().sigmoid().mean(),
                "fake_score": fake_scores.detach().sigmoid().mean(),
            }
            if not recipe.penalty:
                return {"discriminator": loss, **means}
            penalty = real_gradient_penalty(self.critic, images)
            return {"discriminator": loss + recipe.penalty * penalty, **means, "penalty": penalty.detach()}
        distance = critic_loss(real_scores, fake_scores)
        if recipe.objective == "wgan":
            return {"critic": distance, "wasserstein": -distance.detach()}
        penalty = gradient_penalty(self.critic, images, fake, draw.uniform())
        loss = distance + recipe.penalty * penalty
        return {"critic": loss, "wasserstein": -distance.detach(), "penalty": penalty.detach()}

    def generator_losses(self, _: Draw) -> Losses:
        assert self.fake is not None, "the critic's phase comes first"
        with self.precision():
            scores = self.critic(self.fake).float()
        self.fake = None
        loss = generator_loss(scores) if self.entry.recipe.objective == "gan" else -scores.mean()
        return {"generator": loss}
