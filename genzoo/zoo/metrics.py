"""The metrics of a model: each one's name, how it is read, and where it is computed."""

from __future__ import annotations

from typing import ClassVar, Literal

from genzoo.zoo.fields import check
from genzoo.zoo.record import Record, record
from genzoo.zoo.registry import ALL_METRICS

MIXTURE = "mixture_prior"
"""The field of a VAE's metrics of samples from its mixture; those from the standard normal stand outside."""


@record(frozen=True)
class Metric(Record):
    """One number that `genzoo evaluate` measures, and how it is read.

    Attributes:
        name: its key in `metrics.json`.
        label: its name as people write it.
        better: which way.
        compute: the place of what computes it, as `module:function`: of samples (a `genzoo.evaluate.scores.Pair`) ->
            float, of a VAE (a `genzoo.evaluate.likelihood.Explained`) -> each image's value, and more for its row.
        needs: `samples`, whose floor is what training images score; or a `vae`, and test images.
        unit: in words; empty for none.
        shortfall: what 1 minus its value is the share of, in words for cards; empty where it is none's.
        grows: what the time of its computation grows with; intervals are drawn from fewer images where it is pairs.
    """

    noun: ClassVar[str] = "metric"
    name: str
    label: str
    better: Literal["lower", "higher"]
    compute: str
    needs: Literal["samples", "vae"] = "samples"
    unit: str = ""
    shortfall: str = ""
    grows: Literal["images", "pairs"] = "pairs"

    def __post_init__(self) -> None:
        right = self.name.isidentifier() and self.name != MIXTURE
        check(right, f"the metric name {self.name!r} must be a word that `metrics.json` has no other use for.")

    def loss(self, value: float) -> float:
        """A value that is lower the better it is."""
        return value if self.better == "lower" else -value


def metrics_of(needs: Literal["samples", "vae"]) -> list[str]:
    """The names of the metrics that need samples, or a VAE."""
    return [name for name, metric in ALL_METRICS.items() if metric.needs == needs]


_PAIR, _EXPLAINED = "genzoo.evaluate.scores:Pair", "genzoo.evaluate.likelihood:Explained"

RECORDS = (
    Metric("frechet_distance", "Fréchet distance", "lower", f"{_PAIR}.frechet_distance", grows="images"),
    Metric("kernel_distance", "Kernel distance", "lower", f"{_PAIR}.kernel_distance"),
    Metric(
        "precision",
        "Precision",
        "higher",
        f"{_PAIR}.precision",
        shortfall="of its samples lie outside the real images' manifold",
    ),
    Metric("recall", "Recall", "higher", f"{_PAIR}.recall"),
    Metric("density", "Density", "higher", f"{_PAIR}.density"),
    Metric(
        "coverage",
        "Coverage",
        "higher",
        f"{_PAIR}.coverage",
        shortfall="of the real images have no sample in their neighbourhood",
    ),
    Metric(
        "class_balance",
        "Class balance",
        "higher",
        f"{_PAIR}.class_balance",
        shortfall="of its samples would have to be of other classes for the classes' shares to be the real ones",
        grows="images",
    ),
    Metric("confidence", "Confidence", "higher", f"{_PAIR}.confidence", grows="images"),
    Metric("classifier_score", "Classifier score", "higher", f"{_PAIR}.classifier_score", grows="images"),
    Metric(
        "reconstruction_error",
        "Reconstruction error",
        "lower",
        f"{_EXPLAINED}.reconstruction_error",
        "vae",
        "squared error per pixel of range [0, 1]",
    ),
    Metric("elbo", "ELBO", "higher", f"{_EXPLAINED}.elbo", "vae", "nats per image"),
    Metric("log_likelihood", "Log-likelihood", "higher", f"{_EXPLAINED}.log_likelihood", "vae", "nats per image"),
    Metric(
        "bits_per_dimension",
        "Bits per dimension",
        "lower",
        f"{_EXPLAINED}.bits_per_dimension",
        "vae",
        "bits per pixel and channel",
    ),
)
