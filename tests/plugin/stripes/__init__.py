"""A family of nets and a loss of its own, and a dataset: what `genzoo` reads of them without torch."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import ClassVar

from genzoo.zoo.architecture import Architecture
from genzoo.zoo.datasets import MNIST, Dataset
from genzoo.zoo.family import Family, Objective
from genzoo.zoo.spec import Entry, Recipe


@dataclass(frozen=True)
class Bands(Architecture):
    """Two layers, the outer of `units`."""

    kind: ClassVar[str] = "bands"
    nets: ClassVar[str] = "stripes.nets:build"
    units: int = 16

    @property
    def width(self) -> int:
        return self.units

    def hidden_layers(self, side: int) -> int:  # noqa: ARG002
        return 1

    def with_width(self, width: int) -> Bands:
        return dataclasses.replace(self, units=width)


LSGAN = Objective(
    "least squares",
    "discriminator",
    "stripes.nets:LeastSquares",
    lambda recipe: f"least squares to {recipe.real_label:g} and 0",
    takes=("discriminator_lr", "n_critic", "real_label"),
    papers=(),
)
STRIPES = Dataset(
    "stripes",
    (1, 28, 28),
    title="Stripes",
    subjects="stripes",
    images="stripes.nets:draw_stripes",
    features=MNIST.features,
)
BANDGAN = Family(
    "bandgan",
    "A least-squares GAN of two layers",
    Bands,
    LSGAN,
    ("[Least Squares Generative Adversarial Networks](https://arxiv.org/abs/1611.04076), Mao et al. 2017",),
    "tanh",
)
RECORDS = (
    STRIPES,
    BANDGAN,
    Entry(BANDGAN, STRIPES, 4, 1, Bands(), Recipe("least squares", epochs=1, batch_size=50)),
)
