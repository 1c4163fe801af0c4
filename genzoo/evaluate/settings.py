"""The settings of a measurement."""

from __future__ import annotations

from dataclasses import dataclass

from genzoo.checkpoint.layout import METRICS
from genzoo.errors import UsageError
from genzoo.evaluate.extractors import FeatureName, Split
from genzoo.evaluate.likelihood import LIKELIHOOD_IMAGES
from genzoo.evaluate.reference import SEEDS

SAMPLE_COUNT = 10_000


@dataclass(frozen=True)
class Settings:
    """The settings of a measurement, all of which it records.

    Attributes:
        n: images that are drawn by each seed.
        seeds: one set of images is drawn by each; means and standard deviations are over the sets.
        reference: the real images to measure against: `test` for what is published, `train` to
            choose between models, so that the test set stays unseen.
        features: genzoo's own feature nets, or the field's Inception.
        likelihood_images: test images for a VAE's importance-weighted log-likelihood.
    """

    n: int = SAMPLE_COUNT
    seeds: tuple[int, ...] = SEEDS
    reference: Split = "test"
    features: FeatureName = "genzoo"
    likelihood_images: int = LIKELIHOOD_IMAGES

    def __post_init__(self) -> None:
        if not self.seeds or len(set(self.seeds)) < len(self.seeds):
            raise UsageError(f"The seeds {list(self.seeds)} must be one or more different numbers.")
        if self.likelihood_images < 2:
            raise UsageError(
                f"A likelihood over {self.likelihood_images} images has no standard error: 2 is the least."
            )


def metrics_name(settings: Settings) -> str:
    """The file's name in a checkpoint folder: `metrics.json` is for published numbers alone."""
    parts = ["metrics"]
    parts += ["train"] if settings.reference == "train" else []
    parts += [settings.features] if settings.features != "genzoo" else []
    return METRICS if len(parts) == 1 else "-".join(parts) + ".json"
