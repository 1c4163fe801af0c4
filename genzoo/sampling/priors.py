"""Priors of latents: the standard normal, or a VAE's mixture of Gaussians."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import numpy as np
import numpy.typing as npt

from genzoo.errors import BadCheckpointError
from genzoo.sampling import noise

Prior = Literal["normal", "mixture"]
PRIORS: tuple[Prior, ...] = ("normal", "mixture")


class Mixture:
    """A mixture of Gaussians whose latent i of a seed is a function of the seed and i alone."""

    def __init__(self, tensors: Mapping[str, npt.ArrayLike], name: str) -> None:
        """Prepare `weights` (k,), `means` (k, z) and `covariances` (k, z, z) of the model `name`.

        Raises:
            BadCheckpointError: for weights that are no distribution, or covariances that are none.
        """
        weights, self.means, covariances = (
            np.asarray(tensors[part], dtype=np.float64) for part in ("weights", "means", "covariances")
        )
        if weights.min() < 0 or abs(weights.sum() - 1) > 1e-3:
            raise BadCheckpointError(f"{name} is refused: the weights of its mixture are no probabilities.")
        self.edges = weights.cumsum() / weights.sum()
        try:
            self.scales = np.linalg.cholesky(covariances)
        except np.linalg.LinAlgError:
            raise BadCheckpointError(
                f"{name} is refused: a covariance of its mixture is not positive definite."
            ) from None

    def latents(self, seed: int, start: int, n: int) -> npt.NDArray[np.float32]:
        """Latents `start` to `start + n` of a seed: (n, z) float32."""
        uniform = noise.uniforms(seed, "mixture", start, n, 1)[:, 0]
        component = np.searchsorted(self.edges[:-1], uniform, side="right")
        normal = noise.normals(seed, start, n, self.means.shape[1]).astype(np.float64)
        z = self.means[component]
        for k in np.unique(component):
            mine = component == k
            z[mine] += normal[mine] @ self.scales[k].T
        return z.astype(np.float32)
