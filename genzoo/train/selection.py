"""Checkpoint selection: of a run's states, the one ships that does best on the training set."""

from __future__ import annotations

import functools
from collections.abc import Mapping

import torch
from torch import Tensor, nn

from genzoo.data import ImageData
from genzoo.evaluate.extractors import REFERENCE_IMAGES, Extractor, draw, find_extractor
from genzoo.evaluate.features import is_seen
from genzoo.evaluate.likelihood import posterior_inputs
from genzoo.evaluate.neighbours import density_coverage
from genzoo.evaluate.reference import significant
from genzoo.evaluate.scores import Sample, frechet_distance
from genzoo.images.pixels import to_levels, to_pixels
from genzoo.sampling import noise
from genzoo.sampling.elbo import elbo_terms
from genzoo.zoo.registry import ALL_METRICS
from genzoo.zoo.spec import Entry

_IMAGES = 5000
_BATCH = 250
_SEED = 2**64 - 1
"""The seed of the latents, which no published measurement takes."""

Evaluation = Mapping[str, float]
"""A state's step, and its measures by their names."""


def measured(entry: Entry) -> bool:
    """Whether an entry's states can be compared: VAEs by their ELBO, GANs where their images have a feature net."""
    return entry.is_vae or is_seen(entry.dataset)


def loss_of(entry: Entry, evaluation: Evaluation) -> float:
    """The number by which states are compared, lower being better: that of the metric that the objective names."""
    selection = ALL_METRICS[entry.family.objective.selection]
    return selection.loss(evaluation[selection.name])


def best_of(entry: Entry, evaluations: list[dict[str, float]]) -> dict[str, float]:
    """The best of some evaluations, the earliest where several are."""
    return min(evaluations, key=lambda evaluation: loss_of(entry, evaluation))


class SelectionMeasure:
    """Measures nets of an entry on its training set; the test set stays unseen.

    5,000 samples of one seed against 10,000 training images: Fréchet distance and coverage where a
    feature net takes them; for a VAE the ELBO of 5,000 training images.
    """

    def __init__(self, entry: Entry, data: ImageData, device: torch.device) -> None:
        self.entry, self.data, self.device = entry, data, device

    @functools.cached_property
    def _reference(self) -> tuple[Extractor, Sample]:
        """The feature net, and the training images as it sees them."""
        extractor = find_extractor(self.entry.dataset, "genzoo", self.device)
        drawn = draw(len(self.data), REFERENCE_IMAGES, seed=0)
        return extractor, extractor.extract(self.data.pixels.cpu()[drawn])

    @torch.no_grad()
    def measure(self, nets: Mapping[str, nn.Module]) -> dict[str, float]:
        """Measures by name: `frechet_distance` and `coverage` where a feature net sees the images, a VAE's `elbo`.

        Args:
            nets: `generator`, and a VAE's `encoder`, in evaluation mode.
        """
        found: dict[str, float] = {}
        if is_seen(self.entry.dataset):
            extractor, reference = self._reference
            sample = Sample.concatenated(extractor.extract(pixels) for pixels in self._pixels(nets["generator"]))
            found["frechet_distance"] = frechet_distance(sample, reference)
            found["coverage"] = density_coverage(sample.doubled, reference.doubled, reference.radii)[1]
        if self.entry.is_vae:
            found["elbo"] = self._elbo(nets["encoder"], nets["generator"])
        return {name: significant(value) for name, value in found.items()}

    def _pixels(self, generator: nn.Module) -> list[Tensor]:
        drawn = torch.from_numpy(noise.normals(_SEED, 0, _IMAGES, self.entry.latent_size)).to(self.device)
        raws = (generator(z) for z in torch.split(drawn, _BATCH))
        return [to_levels(to_pixels(raw, self.entry.output_activation)).cpu() for raw in raws]

    def _elbo(self, encoder: nn.Module, generator: nn.Module) -> float:
        some = ImageData(self.data.dataset, self.data.pixels[:_IMAGES])
        total = 0.0
        for x, epsilon in posterior_inputs(some, self.entry, _SEED, self.device):
            elbo = elbo_terms(x, encoder, generator, epsilon, self.entry.recipe).elbo
            total += float(elbo.cpu().double().sum())
        return total / len(some)
