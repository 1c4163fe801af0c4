"""Which state of a run ships: the one that does best on the training set, measured on the way."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from genzoo import noise
from genzoo.data import ImageData
from genzoo.errors import UsageError
from genzoo.evaluate.extractors import REFERENCE_IMAGES, Extractor, draw, find_extractor
from genzoo.evaluate.features import find_spec
from genzoo.evaluate.likelihood import binarized
from genzoo.evaluate.reference import significant
from genzoo.evaluate.scores import Sample, density_coverage, frechet_distance
from genzoo.images import to_pixels, to_uint8
from genzoo.objectives import gaussian_kl, log_likelihood, posterior
from genzoo.spec import Entry

_IMAGES = 5000
_BATCH = 250
_SEED = 2**64 - 1
"""Of the latents, which no published measurement takes."""

Evaluation = Mapping[str, float]
"""A state's step, and its measures by their names."""


def measured(entry: Entry) -> bool:
    """Whether states of an entry can be told apart: VAEs by their ELBO, GANs where a feature net sees their images."""
    try:
        find_spec(entry.dataset)
    except UsageError:
        return entry.is_vae
    return True


def loss_of(entry: Entry, evaluation: Evaluation) -> float:
    """What the choice goes by, lower being better: minus a VAE's ELBO, a GAN's Fréchet distance."""
    return -evaluation["elbo"] if entry.is_vae else evaluation["frechet_distance"]


def best_of(entry: Entry, evaluations: list[dict[str, float]]) -> dict[str, float]:
    """The best of some evaluations, the earliest where several are."""
    return min(evaluations, key=lambda evaluation: loss_of(entry, evaluation))


class Judge:
    """Measures nets of an entry on its training set; the test set stays unseen.

    5,000 samples of one seed against 10,000 training images: Fréchet distance and coverage where a
    feature net takes them; for a VAE the ELBO of 5,000 training images.
    """

    def __init__(self, entry: Entry, data: ImageData, device: torch.device) -> None:
        self.entry, self.data, self.device = entry, data, device
        self._eyes: tuple[Extractor, Sample] | None = None
        try:
            find_spec(entry.dataset)
        except UsageError:
            return
        extractor = find_extractor(entry.dataset, "genzoo", device)
        drawn = draw(len(data), REFERENCE_IMAGES, seed=0)
        self._eyes = extractor, extractor.see(data.pixels.cpu()[drawn])

    @torch.no_grad()
    def measure(self, nets: Mapping[str, nn.Module]) -> dict[str, float]:
        """The measures of `generator`, and a VAE's `encoder`, in evaluation mode."""
        found: dict[str, float] = {}
        if self._eyes is not None:
            extractor, reference = self._eyes
            parts = [extractor.see(pixels) for pixels in self._pixels(nets["generator"])]
            sample = Sample(torch.cat([p.features for p in parts]), torch.cat([p.logits for p in parts]))
            found["frechet_distance"] = frechet_distance(sample, reference)
            found["coverage"] = density_coverage(sample.doubled, reference.doubled, reference.radii)[1]
        if self.entry.is_vae:
            found["elbo"] = self._elbo(nets["encoder"], nets["generator"])
        return {name: significant(value) for name, value in found.items()}

    def _pixels(self, generator: nn.Module) -> list[Tensor]:
        drawn = torch.from_numpy(noise.normals(_SEED, 0, _IMAGES, self.entry.latent_size)).to(self.device)
        raws = (generator(z).float() for z in torch.split(drawn, _BATCH))
        images = (to_pixels(raw, self.entry.output).cpu() for raw in raws)
        return [torch.from_numpy(to_uint8(batch)).permute(0, 3, 1, 2) for batch in images]

    def _elbo(self, encoder: nn.Module, generator: nn.Module) -> float:
        n = min(_IMAGES, len(self.data))
        total = 0.0
        for start in range(0, n, _BATCH):
            index = torch.arange(start, min(start + _BATCH, n))
            x = self.data.batch(index.to(self.data.pixels.device)).to(self.device)
            if self.entry.recipe.binarize:
                x = binarized(x.cpu(), _SEED, start).to(self.device)
            mean, log_variance = posterior(encoder(x))
            drawn = torch.from_numpy(noise.normals(_SEED, start, len(x), self.entry.latent_size)).to(self.device)
            z = mean + (0.5 * log_variance).exp() * drawn
            elbo = log_likelihood(x, generator(z).float(), self.entry.recipe) - gaussian_kl(mean, log_variance)
            total += float(elbo.double().sum())
        return total / n
