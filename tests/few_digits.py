"""A dataset of a few real digits, and two studies on it."""

from __future__ import annotations

from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from genzoo.studies import catalog
from genzoo.studies.reports.catalog import REPORTS
from genzoo.studies.study import Setting, Study
from genzoo.zoo.datasets import MNIST, Dataset
from genzoo.zoo.families.mlp import MLPGAN, MLPVAE, Mlp
from genzoo.zoo.registry import register
from genzoo.zoo.spec import Entry, Recipe

if TYPE_CHECKING:
    from torch import Tensor

SHEET = Path(__file__).parent / "data" / "training-digits.png"
SAMPLES = 150
"""A few more than the features that are measured."""


def load_digits(_: Dataset, __: Path, train: bool) -> Tensor:
    """400 digits of MNIST to train on, or 200 to measure by: (n, 1, 28, 28) uint8."""
    import numpy as np
    import torch
    from PIL import Image

    with Image.open(SHEET) as picture:
        sheet = np.asarray(picture).reshape(20, 28, 30, 28).swapaxes(1, 2).reshape(600, 1, 28, 28)
    return torch.from_numpy(sheet[:400].copy() if train else sheet[400:].copy())


DIGITS = Dataset(
    "fewdigits", (1, 28, 28), title="a few digits", classes=10, images=f"{__name__}:load_digits",
    features=MNIST.features,
)  # fmt: skip
_VAE = Recipe("vae", epochs=1, batch_size=20, lr=1e-3, beta1=0.9)
_GAN = Recipe("gan", epochs=1, batch_size=20)


def vae(latent_size: int, recipe: Recipe = _VAE) -> Entry:
    """A small VAE."""
    return Entry(MLPVAE, DIGITS, latent_size, 1, Mlp((32,), (32,)), recipe)


def gan() -> Entry:
    """A small GAN."""
    return Entry(MLPGAN, DIGITS, 8, 1, Mlp((32,), (32,)), _GAN)


_TWO, _EIGHT = (Setting(str(z), vae(z), 30) for z in (2, 8))
LATENTS = Study(
    "few-latents", "report 4", "latent size", (_TWO, _EIGHT), seeds=(0, 1),
    differs=("latent_size",),
    metrics=("frechet_distance", "elbo", "sharpness"),
)  # fmt: skip
# The setting of 8 is in both, and its runs serve both.
OBJECTIVES = Study(
    "few-objectives", "report 1", "objective", (_EIGHT, Setting("gan", gan(), 30)), seeds=(0, 1),
    differs=("objective", "lr", "beta1"), metrics=("frechet_distance", "class_balance"),
)  # fmt: skip


def install() -> None:
    """Make the dataset known, and these the studies there are."""
    assert REPORTS  # whose claims name the studies that are taken away: they are imported before
    register(DIGITS)
    catalog.STUDIES = MappingProxyType({study.name: study for study in (LATENTS, OBJECTIVES)})
