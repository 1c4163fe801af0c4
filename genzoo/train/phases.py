"""The phases that a training step is made of: each knows the net that it updates, and the losses that it minimises."""

from __future__ import annotations

import functools
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor, nn

from genzoo.accel.casts import Cast, Run
from genzoo.accel.streams import Aside, Pending
from genzoo.images.pixels import to_pixels
from genzoo.sampling.elbo import bernoulli_sample, elbo_terms
from genzoo.train.losses import (
    discriminator_loss,
    generator_loss,
    gradient_penalty,
    real_gradient_penalty,
    wasserstein_loss,
)
from genzoo.zoo.registry import resolve
from genzoo.zoo.spec import Entry

Losses = dict[str, Tensor]
"""Scalar tensors by name, the first of which is minimised."""

Precision = Callable[[], AbstractContextManager[object]]


class Draw(Protocol):
    """A step's input: batches of real images, and random numbers, n at a time."""

    def images(self) -> Tensor:
        """The next batch of real images: (n, c, h, w) in [0, 1]."""

    def normal(self, *shape: int) -> Tensor:
        """Standard normal numbers: (n, *shape)."""

    def uniform(self, *shape: int) -> Tensor:
        """Numbers uniform in [0, 1): (n, *shape)."""


@dataclass(frozen=True)
class Phase:
    """One part of a step: `repeats` updates of `net` by the gradient of `losses(draw)`.

    `net` names a key of the nets; None stands for all of them.  `weight_clip` bounds the net's weights
    after each update, where it is not 0.
    """

    name: str
    net: str | None
    losses: Callable[[Draw], Losses]
    repeats: int = 1
    weight_clip: float = 0.0


class Game(Protocol):
    """The losses of an objective, made of (runs, entry, device): nets as they are called in training, by name."""

    def phases(self) -> list[Phase]:
        """The phases of a step, in order."""


def build_phases(
    nets: nn.ModuleDict, entry: Entry, precision: Precision, device: torch.device | None = None
) -> list[Phase]:
    """The phases of one training step of an entry.

    Args:
        nets: `generator`, and `discriminator` or `encoder`.
        entry: whose recipe says what is minimised.
        precision: the context in which the nets run, e.g. autocast.
        device: where the nets lie; on an NVIDIA GPU independent parts of a step run on two streams.  None
            stands for any.

    Returns:
        One phase for a VAE, and the discriminator's and the generator's otherwise, in the order of a step.
    """
    with precision():
        cast_at_once = device is not None and device.type == "cuda" and torch.is_autocast_enabled("cuda")
    kind = Cast if cast_at_once else Run
    runs = {name: kind(net, precision) for name, net in nets.items()}
    game: Game = resolve(entry.family.objective.game)(runs, entry, device)
    return game.phases()


class Variational:
    """A VAE's loss, the negative ELBO, and its two terms."""

    def __init__(self, runs: dict[str, Run], entry: Entry, _: torch.device | None = None) -> None:
        self.runs, self.entry = runs, entry

    def phases(self) -> list[Phase]:
        """One, in which encoder and decoder learn together."""
        return [Phase("vae", None, self.losses)]

    def losses(self, draw: Draw) -> Losses:
        """Of the next batch, binarised where the recipe says so."""
        for run in self.runs.values():
            run.refresh()
        images = draw.images()
        if self.entry.recipe.binarize:
            images = bernoulli_sample(images, draw.uniform(*images.shape[1:]))
        epsilon = draw.normal(self.entry.latent_size)
        terms = elbo_terms(images, self.runs["encoder"], self.runs["generator"], epsilon, self.entry.recipe)
        reconstruction, kl = -terms.log_likelihood.mean(), terms.kl.mean()
        return {"negative_elbo": reconstruction + kl, "reconstruction": reconstruction.detach(), "kl": kl.detach()}


@dataclass(frozen=True)
class _Batch:
    """One discriminator step's images; `share` gives the points between them at which a gradient penalty is taken."""

    real: Tensor
    fake: Pending
    share: Tensor | None


class Adversarial:
    """Both players' losses in a GAN; a step's last generated images serve both of them."""

    between = False
    """Whether the penalty is on the gradient between real and generated images, and not at real ones."""

    def __init__(self, runs: dict[str, Run], entry: Entry, device: torch.device | None = None) -> None:
        self.generate, self.score, self.entry = runs["generator"], runs["discriminator"], entry
        self.discriminator = self.score.net
        # Without batch norm an image's score does not depend on its batch: one pass serves both kinds.
        self.one_pass = not any(isinstance(m, nn.modules.batchnorm._BatchNorm) for m in self.discriminator.modules())
        self.generating, self.scoring = Aside(device), Aside(device)
        self.batches: list[_Batch] = []
        self.fake: Tensor | None = None

    def phases(self) -> list[Phase]:
        """The discriminator's, and then the generator's."""
        recipe = self.entry.recipe
        return [
            Phase("discriminator", "discriminator", self.discriminator_losses, recipe.n_critic, recipe.weight_clip),
            Phase("generator", "generator", self.generator_losses),
        ]

    def _generated(self, z: Tensor, last: bool) -> Tensor:
        with torch.set_grad_enabled(last):
            return to_pixels(self.generate(z), self.entry.output_activation)

    def _drawn(self, draw: Draw) -> list[_Batch]:
        """All batches of a step at once, since the discriminator's updates leave the generator as it is."""
        self.generate.refresh()
        recipe, batches = self.entry.recipe, list[_Batch]()
        for turn in range(recipe.n_critic):
            real, z = draw.images(), draw.normal(self.entry.latent_size)
            make = functools.partial(self._generated, z, turn == recipe.n_critic - 1)
            share = draw.uniform() if self.between else None
            batches.append(_Batch(real, self.generating.begin(make, z), share))
        return batches

    def discriminator_losses(self, draw: Draw) -> Losses:
        """Of the next of a step's batches; all of them are drawn for the first."""
        self.batches = self.batches or self._drawn(draw)
        batch = self.batches.pop(0)
        self.score.refresh()
        if not self.one_pass:
            on_real = self.scoring.begin(lambda: self.score(batch.real).float(), batch.real)
            self.fake = batch.fake.wait()
            # On one stream with the pass before, whose batch norm keeps its statistics in the same place.
            real_scores, fake_scores = on_real.wait(), self.score(self.fake.detach()).float()
            return self.losses_of_discriminator(real_scores, fake_scores)
        self.fake = batch.fake.wait()
        fake = self.fake.detach()
        penalty = self._penalty(batch, fake) if self.entry.recipe.gradient_penalty else None
        real_scores, fake_scores = self.score(torch.cat([batch.real, fake])).float().chunk(2)
        losses = self.losses_of_discriminator(real_scores, fake_scores)
        if penalty is None:
            return losses
        value, (name, loss) = penalty.wait(), next(iter(losses.items()))
        return {**losses, name: loss + self.entry.recipe.gradient_penalty * value, "penalty": value.detach()}

    def _penalty(self, batch: _Batch, fake: Tensor) -> Pending:
        if batch.share is None:
            return self.scoring.begin(lambda: real_gradient_penalty(self.discriminator, batch.real), batch.real)
        seen = batch.real, fake, batch.share
        return self.scoring.begin(lambda: gradient_penalty(self.discriminator, *seen), *seen)

    def generator_losses(self, _: Draw) -> Losses:
        """Of the images that the discriminator saw last."""
        assert self.fake is not None, "the discriminator's phase comes first"
        self.score.refresh()
        scores = self.score(self.fake).float()
        self.fake = None
        return {"generator": self.loss_of_generator(scores)}

    def loss_of_generator(self, scores: Tensor) -> Tensor:
        """The generator's loss, of the scores of its images: (n,) -> scalar."""
        return generator_loss(scores)

    def losses_of_discriminator(self, real: Tensor, fake: Tensor) -> Losses:
        """The discriminator's loss, of its scores (n,) each, and the numbers that are logged beside it."""
        return {
            "discriminator": discriminator_loss(real, fake, self.entry.recipe.real_label),
            "real_score": real.detach().sigmoid().mean(),
            "fake_score": fake.detach().sigmoid().mean(),
        }


class Wasserstein(Adversarial):
    """Both players' losses in a WGAN."""

    def loss_of_generator(self, scores: Tensor) -> Tensor:
        """Minus the scores' mean."""
        return -scores.mean()

    def losses_of_discriminator(self, real: Tensor, fake: Tensor) -> Losses:
        """Minus the estimated Wasserstein distance, which is logged."""
        loss = wasserstein_loss(real, fake)
        return {"discriminator": loss, "wasserstein": -loss.detach()}


class PenalisedWasserstein(Wasserstein):
    """Both players' losses in a WGAN-GP."""

    between = True
