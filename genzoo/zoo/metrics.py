"""The list of all metrics."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Metric:
    """How a metric is read: its name in words, and which way is better."""

    label: str
    better: Literal["lower", "higher"]
    unit: str = ""


SAMPLE_METRICS: dict[str, Metric] = {
    "frechet_distance": Metric("Fréchet distance", "lower"),
    "kernel_distance": Metric("Kernel distance", "lower"),
    "precision": Metric("Precision", "higher"),
    "recall": Metric("Recall", "higher"),
    "density": Metric("Density", "higher"),
    "coverage": Metric("Coverage", "higher"),
    "class_balance": Metric("Class balance", "higher"),
    "confidence": Metric("Confidence", "higher"),
    "classifier_score": Metric("Classifier score", "higher"),
}
"""The metrics of sample quality, by their keys in `metrics.json`."""

MIXTURE = "mixture_prior"
"""What holds the metrics of a VAE's samples from its mixture; those from the standard normal stand outside."""

LIKELIHOOD_METRICS: dict[str, Metric] = {
    "reconstruction_error": Metric("Reconstruction error", "lower", "squared error per pixel of range [0, 1]"),
    "elbo": Metric("ELBO", "higher", "nats per image"),
    "log_likelihood": Metric("Log-likelihood", "higher", "nats per image"),
    "bits_per_dimension": Metric("Bits per dimension", "lower", "bits per pixel and channel"),
}
"""A VAE's metrics, by their keys in `metrics.json`."""

ALL_METRICS: dict[str, Metric] = {**SAMPLE_METRICS, **LIKELIHOOD_METRICS}
