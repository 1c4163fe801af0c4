"""A VAE's second prior: a mixture of Gaussians fitted to the latents of its training images."""

from __future__ import annotations

import math
import warnings

import numpy as np
import torch
from torch import Tensor, nn

from genzoo.checkpoint.nets import MIXTURE_COMPONENTS
from genzoo.data import ImageData
from genzoo.evaluate.extractors import draw
from genzoo.evaluate.likelihood import posterior_inputs
from genzoo.sampling.elbo import sample_posterior
from genzoo.train.state import broke_down
from genzoo.zoo.spec import Entry

_FEWEST, _ENOUGH, _PER_DIMENSION = 1000, 10_000, 1000
"""Latents that a mixture is fitted to: of fewer images than these, each gives several; of more than are enough, those
that are drawn give one."""
_ROUNDS = 15
"""Of expectation and maximisation, at most.  A hundred fit latents better that are fewer, and samples worse: Fréchet
distance 1.4 of vae-mnist-z20-l5 by 30,000 latents, against 1.1 by 20,000 and 15 rounds.  Five are too few at 100
dimensions (1.8 against 1.6), a start from 10,000 latents alone is worse yet (6.3)."""
_SEED = 2**64 - 2


@torch.no_grad()
def fit_mixture(encoder: nn.Module, data: ImageData, entry: Entry, seed: int) -> dict[str, Tensor]:
    """Fit ten Gaussians by scikit-learn to a posterior sample of each training image, or of enough of them.

    Sampling it in place of the standard normal avoids latents that no image has: Ghosh et al. 2020.

    Args:
        encoder: in evaluation mode.
        data: the training images.
        entry: whose recipe says whether images are binarised.
        seed: of the initial components.

    Returns:
        `mixture.weights` (10,), `mixture.means` (10, z) and `mixture.covariances` (10, z, z), float32.

    Raises:
        TrainingError: for latents that are not finite.
    """
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.mixture import GaussianMixture

    device = next(encoder.parameters()).device
    if len(data) > (enough := max(_ENOUGH, _PER_DIMENSION * entry.latent_size)):
        data = ImageData(data.dataset, data.pixels[draw(len(data), enough, seed=0).to(data.pixels.device)])
    repeats = range(math.ceil(_FEWEST / len(data)))
    inputs = (pair for repeat in repeats for pair in posterior_inputs(data, entry, _SEED, device, repeat))
    latents = torch.cat([sample_posterior(encoder(x), epsilon)[2].cpu() for x, epsilon in inputs]).float().numpy()
    if not np.isfinite(latents).all():
        raise broke_down("the encoder gives latents that are not finite, to which no mixture can be fitted")
    fit = GaussianMixture(MIXTURE_COMPONENTS, reg_covar=1e-4, max_iter=_ROUNDS, random_state=seed % 2**32)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        try:
            fit.fit(latents)
        except ValueError:  # of latents so large that float32 leaves a covariance without an inverse
            fit.fit(latents.astype(np.float64))
    found = {"weights": fit.weights_, "means": fit.means_, "covariances": fit.covariances_}
    return {f"mixture.{name}": torch.from_numpy(values).float() for name, values in found.items()}
