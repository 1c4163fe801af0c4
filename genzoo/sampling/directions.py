"""The directions of a latent space that matter most, found without torch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import numpy.typing as npt

from genzoo.checkpoint.nets import read_latent_weight
from genzoo.errors import UsageError
from genzoo.images.pixels import is_tensor
from genzoo.values import whole_number

if TYPE_CHECKING:
    from genzoo.sampling.graphs import OnnxModel
    from genzoo.sampling.model import Model

Method = Literal["kl", "principal"]
Doubles = npt.NDArray[np.float64]

IMAGES = 1000
"""By which a VAE's dimensions are judged: the mean KL of each then comes out to a few hundredths of a nat."""
_BATCH = 100
_SPAN = 3.0
"""Of a standard normal's deviations: within it lie 997 of 1,000 latents, and beyond it hardly any was trained."""


@dataclass(frozen=True, eq=False)
class Directions:
    """Directions of a latent space, the one that matters most first.

    The unit vectors are perpendicular to each other, so that a latent's coordinate along one can be moved without
    moving it along another: what a slider shows.

    Attributes:
        origin: the middle of the latents, (z,); a slider's zero.
        vectors: of unit length, (n, z).
        span: how far a slider goes to each side of its zero, (n,): three standard deviations of the latents.
        strength: by which they are ordered, (n,): nats of KL divergence, or the first layer's singular values.
        method: `kl`, a VAE's dimensions by their divergence, or `principal`, the principal directions of a GAN's
            first layer.
    """

    origin: Doubles
    vectors: Doubles
    span: Doubles
    strength: Doubles
    method: Method

    def to_json(self) -> dict[str, Any]:
        """The attributes as plain JSON values, rounded to nine decimals."""
        arrays = {name: getattr(self, name) for name in ("origin", "vectors", "span", "strength")}
        return {**{name: array.round(9).tolist() for name, array in arrays.items()}, "method": self.method}

    def traverse(self, z: Any = None, steps: int = 9) -> npt.NDArray[np.float32]:
        """Latents along each direction, from one end of its slider to the other: (n, steps, z).

        Args:
            z: the latent, (z,), whose coordinates along all other directions they have; the origin unless told
                otherwise.
            steps: latents for each direction; of an odd number the middle one is at the slider's zero.

        Raises:
            UsageError: for fewer than two steps, or a latent of another shape.
        """
        if (count := whole_number("steps", steps)) < 2:
            raise UsageError(f"A slider with {count} places has no two ends: 2 is the least.")
        start = self.origin if z is None else _array(z)
        if start.shape != self.origin.shape:
            raise UsageError(f"A traversal begins with a latent of shape {self.origin.shape}, not {start.shape}.")
        at = np.linspace(-self.span, self.span, count, axis=1)  # (n, steps)
        moves = at - (self.vectors @ (start - self.origin))[:, None]
        latents: npt.NDArray[np.float32] = (start + moves[:, :, None] * self.vectors[:, None]).astype(np.float32)
        return latents


def find_directions(model: Model | OnnxModel, n: int = 8) -> Directions:
    """The directions of a model's latent space that matter most.

    A GAN's are the principal directions of its generator's first layer: eigenvectors of WᵀW for the weight W that a
    latent meets first, as its file has it (Shen and Zhou 2021, https://arxiv.org/abs/2007.06600).

    A VAE's are its latent dimensions by the mean KL divergence of their posteriors from the prior: those that its
    encoder uses first.  No dataset is needed: the images that are encoded are 1,000 samples of the model's own, those
    of seed 0.

    Args:
        model: of either engine.
        n: how many; a latent of fewer numbers has no more directions than numbers.

    Raises:
        UsageError: for an `n` below 1, or nets of which it is not known what a latent meets first.
        BadCheckpointError: for weights or a graph that are damaged.
    """
    if (count := whole_number("n", n)) < 1:
        raise UsageError(f"{count} directions were asked for: 1 is the least.")
    most = min(count, model.entry.latent_size)
    return _of_posteriors(model, most) if model.entry.is_vae else _of_first_layer(model, most)


def _of_first_layer(model: Model | OnnxModel, n: int) -> Directions:
    weight = read_latent_weight(model.folder, model.entry).astype(np.float64)
    eigenvalues, eigenvectors = np.linalg.eigh(weight.T @ weight)  # in ascending order
    vectors = eigenvectors.T[::-1][:n]
    strength = np.sqrt(np.maximum(eigenvalues[::-1][:n], 0))
    return Directions(np.zeros(weight.shape[1]), _signed(vectors), np.full(n, _SPAN), strength, "principal")


def _signed(vectors: Doubles) -> Doubles:
    """Vectors whose largest numbers are positive: an eigenvector's sign is each library's own choice."""
    largest = np.abs(vectors).argmax(axis=1)
    signed: Doubles = vectors * np.sign(vectors[np.arange(len(vectors)), largest])[:, None]
    return signed


def _of_posteriors(model: Model | OnnxModel, n: int) -> Directions:
    encoded = [model.encode(images) for images in _own_samples(model)]
    mean, log_variance = (np.concatenate([_array(pair[i]) for pair in encoded]) for i in range(2))
    kl = 0.5 * (mean**2 + np.exp(log_variance) - log_variance - 1).mean(axis=0)
    chosen = np.argsort(-kl, kind="stable")[:n]
    deviation = np.sqrt(mean.var(axis=0) + np.exp(log_variance).mean(axis=0))  # of all posteriors taken together
    return Directions(mean.mean(axis=0), np.eye(len(kl))[chosen], _SPAN * deviation[chosen], kl[chosen], "kl")


def _own_samples(model: Any) -> Any:
    return model.iter_samples(IMAGES, seed=0, batch_size=_BATCH)


def _array(values: Any) -> Doubles:
    """Numbers of either engine as NumPy's."""
    return np.asarray(values.detach().cpu() if is_tensor(values) else values, dtype=np.float64)
