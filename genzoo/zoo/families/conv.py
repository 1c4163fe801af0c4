"""Convolutional nets of reports 2 and 4: stride-2 'same' layers, and the mirror image of them."""

from __future__ import annotations

import dataclasses
from typing import ClassVar, Literal

from genzoo.zoo import papers
from genzoo.zoo.architecture import (
    Activation,
    Architecture,
    LatentWeight,
    check_dropout,
    check_least,
    check_sizes,
    scaled,
)
from genzoo.zoo.family import Family
from genzoo.zoo.fields import check
from genzoo.zoo.objectives import GAN, VAE, WGAN, WGANGP
from genzoo.zoo.record import record


def halvings(side: int, times: int) -> list[int]:
    """Sides of an image and of its maps after each stride-2 'same' layer: 28 -> [28, 14, 7, 4]."""
    sides = [side]
    for _ in range(times):
        sides.append(-(-sides[-1] // 2))
    return sides


def padding(kernel: int, side: int) -> int:
    """The symmetric padding with which a stride-2 layer halves `side`, rounding up."""
    return (kernel - 1 + side % 2) // 2


@record(frozen=True)
class Conv(Architecture):
    """Stride-2 convolutions down to 4 x 4 (or less), and the mirror image of them.

    `channels` are those of the strided layers from the image inwards.  With `project` a linear
    layer joins the narrowest map and the latent; without, one more strided layer goes from
    2 x 2 to 1 x 1.  `extra` stride-1 layers of kernel 3 follow one strided layer each, from maps
    of 4 x 4 outwards.
    `activation` follows each hidden layer of both nets.  `dropout` acts on a discriminator's flattened features;
    `discriminator_norm` is its batch norm.  `generator_norm` is what stands between a layer of the generator (or
    decoder) and its activation; without it `generator_dropout` may act behind that.
    """

    kind: ClassVar[str] = "conv"
    nets: ClassVar[str] = "genzoo.nets.conv:build_conv"
    channels_last: ClassVar[bool] = True
    channels: tuple[int, ...]
    kernel: int
    extra: int = 0
    project: bool = True
    discriminator_norm: bool = True
    dropout: float = 0.0
    activation: Activation = "leaky_relu"
    generator_norm: Literal["batch", "none"] = "batch"
    generator_dropout: float = 0.0

    def __post_init__(self) -> None:
        check_sizes("the list of channels", self.channels, 2048, least_count=2)
        check(2 <= self.kernel <= 9, f"a kernel of {self.kernel} is not between 2 and 9.")
        check(self.extra >= 0, f"{self.extra} extra layers are too few: 0 is the least.")
        check_dropout(self.dropout)
        check_dropout(self.generator_dropout)
        # The averaged nets' batch norm would be estimated of values that dropout draws anew each time.
        check(
            not self.generator_dropout or self.generator_norm == "none",
            f"a generator_dropout of {self.generator_dropout} goes with a generator_norm of 'none', not "
            f"{self.generator_norm!r}.",
        )

    @property
    def width(self) -> int:
        """The channels of the convolution next to the image."""
        return self.channels[0]

    def hidden_layers(self, side: int) -> int:
        """Those of the generator; a stride-1 layer must have a map of 4 x 4 or larger to act on."""
        sides = halvings(side, len(self.channels))[1:]
        room = sum(side >= 4 for side in sides)
        # Maps of 2 x 2 that a linear layer makes are its output, not a hidden layer's.
        strided = len(self.channels) - (self.project and sides[-1] < 4)
        check(
            self.extra <= room,
            f"{strided + self.extra} hidden layers do not fit on {room} maps of 4 x 4 and larger: "
            f"{strided + room} is the most.",
        )
        return strided + self.extra

    def with_layers(self, layers: int, side: int) -> Conv:
        """More or fewer layers of stride 1."""
        strided = self.hidden_layers(side) - self.extra
        check_least(layers, strided)
        return dataclasses.replace(self, extra=layers - strided)

    def with_width(self, width: int) -> Conv:
        """All channels in proportion to those next to the image."""
        return dataclasses.replace(self, channels=scaled(self.channels, width, self.width))

    def latent_weight(self, side: int) -> LatentWeight:
        """The linear layer's, or that of the transposed convolution that grows maps of one pixel."""
        if self.project:
            return super().latent_weight(side)
        grown = halvings(side, len(self.channels))[-1]
        cut = padding(self.kernel, grown)
        return LatentWeight("1.weight", slice(cut, cut + grown))

    @property
    def dropout_words(self) -> str:
        """Before the discriminator's linear layer, where there is one; and behind the generator's activations."""
        judges = f"{self.dropout:g} on the discriminator's flattened features" if self.dropout and self.project else ""
        makes = f"{self.generator_dropout:g} after each hidden layer of the generator" if self.generator_dropout else ""
        return ", ".join(filter(None, (judges, makes)))

    @property
    def norm_biases(self) -> bool:
        """Those of its batch norm, where it has that."""
        return self.discriminator_norm

    @property
    def gradient_penalty(self) -> bool:
        """Batch norm would make an image's score depend on its batch."""
        return not self.discriminator_norm


DCGAN = Family("dcgan", "A DCGAN, a GAN of convolutional nets", Conv, GAN, (papers.GAN, papers.DCGAN), "tanh")
CLIPPED = Family("wgan", "A Wasserstein GAN of convolutional nets", Conv, WGAN, (papers.WGAN,), "tanh")
PENALISED = Family(
    "wgangp",
    "A Wasserstein GAN of convolutional nets, held by a gradient penalty",
    Conv,
    WGANGP,
    (papers.WGAN, papers.WGANGP),
    "tanh",
)
CONV_VAE = Family("vae", "A variational autoencoder of convolutional nets", Conv, VAE, (papers.VAE,))

RECORDS = (DCGAN, CLIPPED, PENALISED, CONV_VAE)
