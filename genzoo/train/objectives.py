"""What each family is trained to minimise: small pure functions, and the phases that a step is made of.

A phase knows its net and its loss; the training loop knows when to call it.  Losses are computed in
float32, whatever precision the nets run in, and in the stable form: softplus and logits.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from genzoo.accel.casts import Cast, Run
from genzoo.accel.fastconv import gradients_of_maps_alone
from genzoo.accel.streams import Aside, Pending
from genzoo.images.pixels import to_pixels
from genzoo.sampling.elbo import gaussian_kl, log_likelihood, sample_posterior
from genzoo.zoo.registry import resolve
from genzoo.zoo.spec import Entry

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
    on_real = F.softplus(-real)
    if real_label != 1:
        on_real = real_label * on_real + (1 - real_label) * F.softplus(real)
    return on_real.mean() + F.softplus(fake).mean()


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
    return gradients.square().sum((1, 2, 3)) / 4


def build_phases(
    nets: nn.ModuleDict, entry: Entry, precision: Precision, device: torch.device | None = None
) -> list[Phase]:
    """The phases of one training step of an entry.

    Args:
        nets: `generator`, and `critic` or `encoder`.
        entry: whose recipe says what is minimised.
        precision: the context in which the nets run, e.g. autocast.
        device: where the nets lie; on an NVIDIA GPU work goes side by side.  None stands for any.
    """
    with precision():
        cast_at_once = device is not None and device.type == "cuda" and torch.is_autocast_enabled("cuda")
    kind = Cast if cast_at_once else Run
    runs = {name: kind(net, precision) for name, net in nets.items()}
    phases: list[Phase] = resolve(entry.family.objective.phases)(nets, runs, entry, device)
    return phases


def vae_phases(_: nn.ModuleDict, runs: dict[str, Run], entry: Entry, __: torch.device | None) -> list[Phase]:
    """A VAE's single phase, in which encoder and decoder learn together."""
    return [Phase("vae", None, _Variational(runs, entry).losses)]


def gan_phases(nets: nn.ModuleDict, runs: dict[str, Run], entry: Entry, device: torch.device | None) -> list[Phase]:
    """The discriminator's turns and the generator's, by the non-saturating loss."""
    return _Adversarial(nets["critic"], runs, entry, device).phases()


def wgan_phases(nets: nn.ModuleDict, runs: dict[str, Run], entry: Entry, device: torch.device | None) -> list[Phase]:
    """The critic's turns, after each of which its weights are clipped, and the generator's."""
    return _Wasserstein(nets["critic"], runs, entry, device).phases()


def wgangp_phases(nets: nn.ModuleDict, runs: dict[str, Run], entry: Entry, device: torch.device | None) -> list[Phase]:
    """The critic's turns, with a penalty on its gradient between real and generated images, and the generator's."""
    return _Penalised(nets["critic"], runs, entry, device).phases()


class _Variational:
    def __init__(self, runs: dict[str, Run], entry: Entry) -> None:
        self.runs, self.entry = runs, entry

    def losses(self, draw: Draw) -> Losses:
        for run in self.runs.values():
            run.refresh()
        images = draw.images()
        if self.entry.recipe.binarize:
            images = (draw.uniform(*images.shape[1:]) < images).to(images.dtype)
        encoded = self.runs["encoder"](images)
        mean, log_variance, z = sample_posterior(encoded, draw.normal(self.entry.latent_size))
        raw = self.runs["generator"](z)
        kl = gaussian_kl(mean, log_variance).mean()
        reconstruction = -log_likelihood(images, raw.float(), self.entry.recipe).mean()
        return {"negative_elbo": reconstruction + kl, "reconstruction": reconstruction.detach(), "kl": kl.detach()}


@dataclass(frozen=True)
class _Batch:
    """What one critic step sees; `share` is for a penalty between real and fake images."""

    real: Tensor
    fake: Pending
    share: Tensor | None


class _Adversarial:
    """Both players' losses in a GAN; a step's last generated images serve both of them."""

    between = False
    """Whether the penalty is on the gradient between real and generated images, and not at real ones."""

    def __init__(self, critic: nn.Module, runs: dict[str, Run], entry: Entry, device: torch.device | None) -> None:
        self.critic, self.generate, self.score, self.entry = critic, runs["generator"], runs["critic"], entry
        # Without batch norm an image's score does not depend on its batch: one pass serves both kinds.
        self.one_pass = not any(isinstance(m, nn.modules.batchnorm._BatchNorm) for m in critic.modules())
        self.generating, self.judging = Aside(device), Aside(device)
        self.batches: list[_Batch] = []
        self.fake: Tensor | None = None

    def phases(self) -> list[Phase]:
        """The critic's, and then the generator's."""
        recipe = self.entry.recipe
        return [
            Phase("critic", "critic", self.critic_losses, recipe.critic_steps, recipe.clip),
            Phase("generator", "generator", self.generator_losses),
        ]

    def _generated(self, z: Tensor, last: bool) -> Tensor:
        with torch.set_grad_enabled(last):
            return to_pixels(self.generate(z), self.entry.output)

    def _drawn(self, draw: Draw) -> list[_Batch]:
        """All batches of a step: the generator need not wait for the critic, whose turns leave it as it is."""
        self.generate.refresh()
        recipe, batches = self.entry.recipe, list[_Batch]()
        for turn in range(recipe.critic_steps):
            real, z = draw.images(), draw.normal(self.entry.latent_size)
            make = functools.partial(self._generated, z, turn == recipe.critic_steps - 1)
            share = draw.uniform() if self.between else None
            batches.append(_Batch(real, self.generating.begin(make, z), share))
        return batches

    def critic_losses(self, draw: Draw) -> Losses:
        self.batches = self.batches or self._drawn(draw)
        batch = self.batches.pop(0)
        self.score.refresh()
        if not self.one_pass:
            on_real = self.judging.begin(lambda: self.score(batch.real).float(), batch.real)
            self.fake = batch.fake.wait()
            # On one stream with the pass before, whose batch norm keeps its statistics in the same place.
            real_scores, fake_scores = on_real.wait(), self.score(self.fake.detach()).float()
            return self._critic_losses(real_scores, fake_scores)
        self.fake = batch.fake.wait()
        fake = self.fake.detach()
        penalty = self._penalty(batch, fake) if self.entry.recipe.penalty else None
        real_scores, fake_scores = self.score(torch.cat([batch.real, fake])).float().chunk(2)
        losses = self._critic_losses(real_scores, fake_scores)
        if penalty is None:
            return losses
        value, (name, loss) = penalty.wait(), next(iter(losses.items()))
        return {**losses, name: loss + self.entry.recipe.penalty * value, "penalty": value.detach()}

    def _penalty(self, batch: _Batch, fake: Tensor) -> Pending:
        if batch.share is None:
            return self.judging.begin(lambda: real_gradient_penalty(self.critic, batch.real), batch.real)
        seen = batch.real, fake, batch.share
        return self.judging.begin(lambda: gradient_penalty(self.critic, *seen), *seen)

    def generator_losses(self, _: Draw) -> Losses:
        assert self.fake is not None, "the critic's phase comes first"
        self.score.refresh()
        scores = self.score(self.fake).float()
        self.fake = None
        return {"generator": self._generator_loss(scores)}

    def _generator_loss(self, scores: Tensor) -> Tensor:
        return generator_loss(scores)

    def _critic_losses(self, real: Tensor, fake: Tensor) -> Losses:
        """What the critic minimises, and what else is known of its scores."""
        return {
            "discriminator": discriminator_loss(real, fake, self.entry.recipe.real_label),
            "real_score": real.detach().sigmoid().mean(),
            "fake_score": fake.detach().sigmoid().mean(),
        }


class _Wasserstein(_Adversarial):
    """Both players' losses in a WGAN."""

    def _generator_loss(self, scores: Tensor) -> Tensor:
        return -scores.mean()

    def _critic_losses(self, real: Tensor, fake: Tensor) -> Losses:
        loss = critic_loss(real, fake)
        return {"critic": loss, "wasserstein": -loss.detach()}


class _Penalised(_Wasserstein):
    """Both players' losses in a WGAN-GP."""

    between = True
