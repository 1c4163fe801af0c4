"""Fully connected nets of reports 0 to 3."""

from __future__ import annotations

import dataclasses
from typing import ClassVar

from genzoo.zoo import papers
from genzoo.zoo.architecture import Activation, Architecture, check_dropout, check_least, check_sizes, scaled
from genzoo.zoo.family import Family
from genzoo.zoo.objectives import GAN, VAE, WGAN
from genzoo.zoo.record import record


@record(frozen=True)
class Mlp(Architecture):
    """Fully connected nets: `generator` and `discriminator` are hidden sizes from input to output.

    `discriminator` is the discriminator, or a VAE's encoder.  `dropout` acts after each hidden layer
    of a discriminator, `batch_norm` before each activation of both nets.
    """

    kind: ClassVar[str] = "mlp"
    nets: ClassVar[str] = "genzoo.nets.mlp:build_mlp"
    generator: tuple[int, ...]
    discriminator: tuple[int, ...]
    activation: Activation = "leaky_relu"
    batch_norm: bool = False
    dropout: float = 0.0

    def __post_init__(self) -> None:
        check_sizes("the generator's list of hidden sizes", self.generator, 8192)
        check_sizes("the discriminator's list of hidden sizes", self.discriminator, 8192)
        check_dropout(self.dropout)

    @property
    def width(self) -> int:
        """The widest hidden layer of the generator."""
        return max(self.generator)

    def hidden_layers(self, side: int) -> int:  # noqa: ARG002
        """Those of the generator."""
        return len(self.generator)

    @property
    def dropout_words(self) -> str:
        """Behind each activation."""
        return f"{self.dropout:g} after each hidden layer of the discriminator" if self.dropout else ""

    def with_layers(self, layers: int, side: int) -> Mlp:  # noqa: ARG002
        """Widths halve from the image inwards, as the reports' do."""
        check_least(layers)
        sizes = self.generator
        while len(sizes) < layers:
            sizes = (max(sizes[0] // 2, 16), *sizes)
        return dataclasses.replace(self, generator=sizes[len(sizes) - layers :])

    def with_width(self, width: int) -> Mlp:
        """Both nets in proportion to the widest hidden layer of the generator."""
        generator, discriminator = (scaled(sizes, width, self.width) for sizes in (self.generator, self.discriminator))
        return dataclasses.replace(self, generator=generator, discriminator=discriminator)


MLPGAN = Family("mlpgan", "A GAN of fully connected nets", Mlp, GAN, (papers.GAN,), "tanh")
MLPVAE = Family("mlpvae", "A variational autoencoder of fully connected nets", Mlp, VAE, (papers.VAE,))
MLPWGAN = Family("mlpwgan", "A Wasserstein GAN of fully connected nets", Mlp, WGAN, (papers.WGAN,), "tanh")

RECORDS = (MLPGAN, MLPVAE, MLPWGAN)
