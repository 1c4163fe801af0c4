"""A VAE's second prior: a mixture of Gaussians fitted to the latents of its training images."""

from __future__ import annotations

import math
import warnings

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from genzoo import noise
from genzoo.data import ImageData
from genzoo.evaluate.likelihood import binarized
from genzoo.objectives import posterior
from genzoo.spec import Recipe
from genzoo.weights import MIXTURE_COMPONENTS

_BATCH = 500
_FEWEST = 1000
"""Latents that a mixture is fitted to at least: of fewer images, each gives several."""
_SEED = 2**64 - 2


@torch.no_grad()
def fit_mixture(encoder: nn.Module, data: ImageData, recipe: Recipe, seed: int) -> dict[str, Tensor]:
    """Fit ten Gaussians to samples of the posteriors of all training images, by scikit-learn.

    Sampling it in place of the standard normal avoids latents that no image has: Ghosh et al. 2020.

    Args:
        encoder: in evaluation mode.
        data: the training images.
        recipe: whether images are binarised.
        seed: of the fit's beginning.

    Returns:
        `mixture.weights` (10,), `mixture.means` (10, z) and `mixture.covariances` (10, z, z), float32.
    """
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.mixture import GaussianMixture

    latents = np.concatenate([_latents(encoder, data, recipe, turn) for turn in range(math.ceil(_FEWEST / len(data)))])
    fit = GaussianMixture(MIXTURE_COMPONENTS, reg_covar=1e-4, random_state=seed % 2**32)
    with warnings.catch_warnings():
        # A hundred rounds are near enough to where more of them lead.
        warnings.simplefilter("ignore", ConvergenceWarning)
        fit.fit(latents)
    found = {"weights": fit.weights_, "means": fit.means_, "covariances": fit.covariances_}
    return {f"mixture.{name}": torch.from_numpy(values).float() for name, values in found.items()}


def _latents(encoder: nn.Module, data: ImageData, recipe: Recipe, turn: int) -> npt.NDArray[np.float64]:
    """A posterior sample of each image: (n, z)."""
    parts = []
    device = next(encoder.parameters()).device
    for start in range(0, len(data), _BATCH):
        index = torch.arange(start, min(start + _BATCH, len(data)), device=data.pixels.device)
        x = data.batch(index).to(device)
        if recipe.binarize:
            x = binarized(x.cpu(), _SEED, start).to(device)
        mean, log_variance = posterior(encoder(x))
        place = turn * len(data) + start
        drawn = torch.from_numpy(noise.normals(_SEED, place, len(x), mean.shape[1])).to(device)
        parts.append((mean + (0.5 * log_variance).exp() * drawn).double().cpu().numpy())
    return np.concatenate(parts)
