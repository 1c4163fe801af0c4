"""Checkpoint selection: of a run's states, the one ships that does best on the training set."""

from __future__ import annotations

import functools
import time
from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import nn

from genzoo.data import ImageData
from genzoo.data.digests import TRAINING_IMAGES
from genzoo.evaluate.extractors import REFERENCE_IMAGES, ZooFeatures, draw, reference_file
from genzoo.evaluate.features import find_spec, is_seen, shipped_folder
from genzoo.evaluate.kept import kept
from genzoo.evaluate.likelihood import posterior_inputs
from genzoo.evaluate.neighbours import density_coverage
from genzoo.evaluate.reference import Reference, reference_sample, significant
from genzoo.evaluate.scores import Sample, frechet_distance
from genzoo.images.pixels import to_levels, to_pixels
from genzoo.sampling import noise
from genzoo.sampling.elbo import elbo_terms
from genzoo.train.schedule import FULL_IMAGES, images_of
from genzoo.zoo.registry import ALL_METRICS
from genzoo.zoo.spec import Entry

_BATCH = 250
_SEED = 2**64 - 1
"""The seed of the latents, which no published measurement takes."""

Evaluation = Mapping[str, float]
"""A state's step, its measures by their names, and the images that they were taken with."""


def measured(entry: Entry) -> bool:
    """Whether an entry's states can be compared: VAEs by their ELBO, GANs where their images have a feature net."""
    return entry.is_vae or is_seen(entry.dataset)


def loss_of(entry: Entry, evaluation: Evaluation) -> float:
    """The number by which states are compared, lower being better: that of the metric that the objective names."""
    selection = ALL_METRICS[entry.family.objective.selection]
    return selection.loss(evaluation[selection.name])


def best_of(entry: Entry, evaluations: list[dict[str, float]]) -> dict[str, float]:
    """The best of the evaluations with as many images as the last one has, the earliest where several are."""
    comparable = [each for each in evaluations if images_of(each) == images_of(evaluations[-1])]
    return min(comparable, key=lambda evaluation: loss_of(entry, evaluation))


class SelectionMeasure:
    """Measures nets of an entry on its training set; the test set stays unseen.

    Samples of one seed against 10,000 training images: Fréchet distance and coverage where a feature net takes
    them; for a VAE the ELBO of as many training images as there are samples.
    """

    def __init__(self, entry: Entry, data: ImageData, device: torch.device) -> None:
        self.entry, self.data, self.device = entry, data, device

    @functools.cached_property
    def _extractor(self) -> ZooFeatures:
        dataset = self.entry.dataset
        return ZooFeatures(shipped_folder(find_spec(dataset)), self.device, dataset)

    @functools.cached_property
    def _shipped(self) -> bool:
        """Whether the training images' features ship beside the feature net."""
        published = TRAINING_IMAGES.get(self.data.dataset.name) == self.data.sha256
        return published and self._extractor.has_shipped(reference_file("train"))

    @functools.cached_property
    def _reference(self) -> Reference:
        """Training images as the feature net sees them: shipped, or computed once and kept."""
        extractor = self._extractor
        if self._shipped:
            return reference_sample(extractor, "train")

        def compute() -> dict[str, Any]:
            drawn = draw(len(self.data), REFERENCE_IMAGES, seed=0)
            sample = extractor.extract(self.data.pixels.cpu()[drawn])
            return {"features": sample.features.numpy(), "logits": sample.logits.numpy()}

        weights = (tensor.cpu().numpy() for tensor in extractor.net.state_dict().values())
        found = kept("training-features", [self.data.sha256, REFERENCE_IMAGES, *weights], compute)
        return Reference(torch.from_numpy(found["features"]), torch.from_numpy(found["logits"]))

    @torch.no_grad()
    def measure(self, nets: Mapping[str, nn.Module], images: int = FULL_IMAGES) -> dict[str, float]:
        """Measures by name: `frechet_distance` and `coverage` where a feature net sees the images, a VAE's `elbo`.

        Args:
            nets: `generator`, and a VAE's `encoder`, in evaluation mode.
            images: samples, and training images whose ELBO is taken; only numbers of equally many compare.
        """
        found: dict[str, float] = {}
        if is_seen(self.entry.dataset):
            reference, sample = self._reference, self._sample(nets["generator"], images)
            found["frechet_distance"] = frechet_distance(sample, reference)
            found["coverage"] = density_coverage(sample.doubled, reference.doubled, reference.radii)[1]
        if self.entry.is_vae:
            found["elbo"] = self._elbo(nets["encoder"], nets["generator"], images)
        return {name: significant(value) for name, value in found.items()}

    @torch.no_grad()
    def seconds_per_image(self, nets: Mapping[str, nn.Module], budget: float) -> float | None:
        """The time that `measure` takes for an image, found by trying some.

        Returns:
            Seconds; None where the reference alone, which is made ready by the way, would take more than half of a
            budget of seconds.
        """
        if is_seen(self.entry.dataset) and not self._shipped:
            some = self.data.pixels[:_BATCH].cpu()
            if _seconds(lambda: self._extractor.extract(some)) / len(some) * REFERENCE_IMAGES > budget / 2:
                return None
        return _seconds(lambda: self.measure(nets, _BATCH)) / _BATCH

    def _sample(self, generator: nn.Module, images: int) -> Sample:
        latents = torch.from_numpy(noise.normals(_SEED, 0, images, self.entry.latent_size)).to(self.device)
        raws = (generator(z) for z in torch.split(latents, _BATCH))
        pixels = (to_levels(to_pixels(raw, self.entry.output_activation)).cpu() for raw in raws)
        return Sample.concatenated(self._extractor.extract(batch) for batch in pixels)

    def _elbo(self, encoder: nn.Module, generator: nn.Module, images: int) -> float:
        some = ImageData(self.data.dataset, self.data.pixels[:images])
        total = 0.0
        for x, epsilon in posterior_inputs(some, self.entry, _SEED, self.device):
            elbo = elbo_terms(x, encoder, generator, epsilon, self.entry.recipe).elbo
            total += float(elbo.cpu().double().sum())
        return total / len(some)


def _seconds(work: Callable[[], object]) -> float:
    """The time that work takes when it is done for the second time."""
    work()
    began = time.monotonic()
    work()
    return time.monotonic() - began
