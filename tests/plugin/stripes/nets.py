"""The nets, the loss and the images themselves."""

from __future__ import annotations

from math import prod
from pathlib import Path

import torch
from torch import Tensor, nn

from genzoo.nets.blocks import discriminator_ends
from genzoo.train.phases import Adversarial, Losses
from genzoo.zoo.datasets import Dataset
from genzoo.zoo.spec import Entry

from . import Bands

IMAGES = 300


def build(entry: Entry, arch: Bands) -> tuple[nn.Module, nn.Module]:
    """Generator and discriminator."""
    shape = entry.dataset.shape
    before, outputs, after = discriminator_ends(entry)
    generator = nn.Sequential(
        nn.Linear(entry.latent_size, arch.units), nn.ReLU(), nn.Linear(arch.units, prod(shape)), nn.Unflatten(1, shape)
    )
    discriminator = nn.Sequential(
        *before, nn.Flatten(), nn.Linear(prod(shape), arch.units), nn.ReLU(), nn.Linear(arch.units, outputs), *after
    )
    return generator, discriminator


class LeastSquares(Adversarial):
    """Scores are drawn to the label of real images, or to 0."""

    def loss_of_generator(self, scores: Tensor) -> Tensor:
        return (scores - self.entry.recipe.real_label).square().mean()

    def losses_of_discriminator(self, real: Tensor, fake: Tensor) -> Losses:
        return {"squares": self.loss_of_generator(real) + fake.square().mean()}


def draw_stripes(dataset: Dataset, root: Path, train: bool) -> Tensor:  # noqa: ARG001
    """Waves of some breadth and slant."""
    rng = torch.Generator().manual_seed(int(train))
    slant, breadth = (torch.rand((IMAGES, 1, 1, 1), generator=rng) for _ in range(2))
    _, rows, columns = dataset.shape
    places = torch.arange(rows).view(rows, 1) * slant + torch.arange(columns) * (1 - slant)
    return ((places * (0.3 + breadth)).sin() * 127 + 128).to(torch.uint8)
