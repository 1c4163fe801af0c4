"""Priors of latents: the standard normal, or a VAE's mixture of Gaussians."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import numpy as np
import torch
from torch import Tensor

from genzoo.errors import BadCheckpointError
from genzoo.sampling import noise

Prior = Literal["normal", "mixture"]
PRIORS: tuple[Prior, ...] = ("normal", "mixture")


class Mixture:
    """A mixture of Gaussians whose latent i of a seed is a function of the seed and i alone."""

    def __init__(self, tensors: Mapping[str, Tensor], name: str) -> None:
        """Prepare `weights` (k,), `means` (k, z) and `covariances` (k, z, z) of the model `name`.

        Raises:
            BadCheckpointError: for weights that are no distribution, or covariances that are none.
        """
        weights, self.means = tensors["weights"].double(), tensors["means"].double()
        if float(weights.min()) < 0 or abs(float(weights.sum()) - 1) > 1e-3:
            raise BadCheckpointError(f"{name} is refused: the weights of its mixture are no probabilities.")
        self.edges = (weights.cumsum(0) / weights.sum()).numpy()
        self.scales, failed = torch.linalg.cholesky_ex(tensors["covariances"].double())
        if bool(failed.any()):
            raise BadCheckpointError(f"{name} is refused: a covariance of its mixture is not positive definite.")

    def latents(self, seed: int, start: int, n: int) -> Tensor:
        """Latents `start` to `start + n` of a seed: (n, z) float32."""
        uniform = noise.uniforms(seed, "mixture", start, n, 1)[:, 0]
        component = torch.from_numpy(np.searchsorted(self.edges[:-1], uniform, side="right"))
        normal = torch.from_numpy(noise.normals(seed, start, n, self.means.shape[1])).double()
        z = self.means[component].clone()
        for k in np.unique(component.numpy()):
            mine = component == int(k)
            z[mine] += normal[mine] @ self.scales[int(k)].T
        return z.float()
