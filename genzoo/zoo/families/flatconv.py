"""Report 3's convolutional nets: two layers of five channels and a linear one, at the end away from the image."""

from __future__ import annotations

import dataclasses
from typing import ClassVar

from genzoo.zoo import papers
from genzoo.zoo.architecture import Architecture, check_dropout
from genzoo.zoo.family import Family
from genzoo.zoo.fields import check
from genzoo.zoo.objectives import GAN
from genzoo.zoo.record import record


@record(frozen=True)
class FlatConv(Architecture):
    """Report 3's convolutional nets: two convolutions capped by a linear layer, and the mirror image of them.

    `pool` adds 2 x 2 pooling of stride 1 between the two.
    """

    kind: ClassVar[str] = "flatconv"
    nets: ClassVar[str] = "genzoo.nets.flatconv:build_flatconv"
    channels_last: ClassVar[bool] = True
    channels: int = 5
    kernel: int = 3
    stride: int = 1
    pool: bool = False
    dropout: float = 0.5

    def __post_init__(self) -> None:
        check(1 <= self.channels <= 256, f"{self.channels} channels are not between 1 and 256.")
        check(self.kernel in (3, 5, 7), f"a kernel of {self.kernel} is not 3, 5 or 7.")
        check(self.stride in (1, 2), f"a stride of {self.stride} is not 1 or 2.")
        check_dropout(self.dropout)

    @property
    def width(self) -> int:
        """The channels of both convolutions."""
        return self.channels

    def hidden_layers(self, side: int) -> int:  # noqa: ARG002
        """Two, whatever the images."""
        return 2

    @property
    def dropout_words(self) -> str:
        """Before the linear layer."""
        return f"{self.dropout:g} on the discriminator's flattened features" if self.dropout else ""

    def with_width(self, width: int) -> FlatConv:
        """Other channels."""
        return dataclasses.replace(self, channels=width)


CONVGAN = Family(
    "convgan",
    "A GAN of narrow convolutions capped by a linear layer",
    FlatConv,
    GAN,
    (papers.GAN, papers.DCGAN),
    "tanh",
)

RECORDS = (CONVGAN,)
