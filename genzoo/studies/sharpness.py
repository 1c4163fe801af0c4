"""Sharpness: how much of fine detail images have, beside real ones."""

from __future__ import annotations

from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor

from genzoo.data import load_images
from genzoo.evaluate.reference import significant
from genzoo.images.pixels import to_levels
from genzoo.sampling.model import Model

IMAGES = 2000
_LAPLACIAN = ((0.0, 1.0, 0.0), (1.0, -4.0, 1.0), (0.0, 1.0, 0.0))
_GREY = (0.299, 0.587, 0.114)


def laplacian_variance(images: Tensor) -> float:
    """The variance of the Laplacian over an image's pixels, as a mean over images: (n, c, h, w) in [0, 1] or uint8.

    Pech-Pacheco et al. 2000 focus microscopes by it; Tolstikhin et al. 2018 (Wasserstein Auto-Encoders) hold the blur
    of VAEs' samples against that of GANs' by it.  Colours are made grey first.  Noise counts as detail.
    """
    pixels = to_levels(images).float() / 255
    if pixels.shape[1] == 3:
        pixels = (pixels * torch.tensor(_GREY).view(1, 3, 1, 1)).sum(1, keepdim=True)
    edges = F.conv2d(pixels, torch.tensor(_LAPLACIAN).view(1, 1, 3, 3))
    return float(edges.double().flatten(1).var(1).mean())


def sharpness(model: Model, data_dir: str | Path | None = None, n: int = IMAGES) -> dict[str, float | int]:
    """The Laplacian's variance of a model's samples over that of test images: 1 is as sharp as they are.

    Returns:
        A row of `metrics.json`: its `mean`, the `n` samples of seed 0 that it is of, and the `real` images' variance.

    Raises:
        DataError: for a dataset that is not to be had.
    """
    real = laplacian_variance(load_images(model.entry.dataset, data_dir, train=False).pixels)
    found = laplacian_variance(model.sample(n, seed=0))
    return {"mean": significant(found / real), "n": n, "real": significant(real)}
