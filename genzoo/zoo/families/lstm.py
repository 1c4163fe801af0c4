"""Report 3's LSTM nets: an image is a sequence of its rows."""

from __future__ import annotations

import dataclasses
from typing import ClassVar

from genzoo.zoo import papers
from genzoo.zoo.architecture import Architecture, LatentWeight, check_dropout, check_least
from genzoo.zoo.family import Family
from genzoo.zoo.fields import check
from genzoo.zoo.objectives import GAN
from genzoo.zoo.record import record


@record(frozen=True)
class Lstm(Architecture):
    """Report 3's LSTM nets: stacked layers over the rows of an image, capped by a linear layer."""

    kind: ClassVar[str] = "lstm"
    nets: ClassVar[str] = "genzoo.nets.lstm:build_lstm"
    # cuDNN's recurrent kernels cannot be recorded, and have no backward pass in evaluation mode.
    cuda_graph: ClassVar[bool] = False
    cudnn: ClassVar[bool] = False
    units: int = 256
    layers: int = 2
    dropout: float = 0.5

    def __post_init__(self) -> None:
        check(1 <= self.units <= 2048, f"{self.units} LSTM units are not between 1 and 2048.")
        check(1 <= self.layers <= 8, f"{self.layers} LSTM layers are not between 1 and 8.")
        check_dropout(self.dropout)

    @property
    def width(self) -> int:
        """The units of each layer."""
        return self.units

    def hidden_layers(self, side: int) -> int:  # noqa: ARG002
        """The stacked layers."""
        return self.layers

    @property
    def dropout_words(self) -> str:
        """Before the linear layer, and on the states that one layer hands to the next."""
        between = "between the discriminator's layers and " if self.layers > 1 else ""
        return f"{self.dropout:g} {between}on the discriminator's last state" if self.dropout else ""

    def with_layers(self, layers: int, side: int) -> Lstm:  # noqa: ARG002
        """Another stack."""
        check_least(layers)
        return dataclasses.replace(self, layers=layers)

    def latent_weight(self, side: int) -> LatentWeight:  # noqa: ARG002
        """The first layer's, by which a latent opens its gates at every row."""
        return LatentWeight("lstm.weight_ih_l0")

    def with_width(self, width: int) -> Lstm:
        """Other units."""
        return dataclasses.replace(self, units=width)


LSTMGAN = Family(
    "lstmgan", "A GAN of stacked LSTMs that write and read an image row by row", Lstm, GAN, (papers.GAN,), "tanh"
)

RECORDS = (LSTMGAN,)
