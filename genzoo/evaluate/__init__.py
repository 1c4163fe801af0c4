"""Measuring: numbers that anyone can re-derive.

from genzoo.evaluate import evaluate
document = evaluate(genzoo.load("dcgan-cifar10"))
document["frechet_distance"]["mean"], document["frechet_distance"]["floor"]

It may import sampling, data, and what lies below.
"""

from __future__ import annotations

from genzoo.evaluate.comparison import compare
from genzoo.evaluate.display import plot, to_table
from genzoo.evaluate.features import FeatureNet
from genzoo.evaluate.measure import (
    Document,
    Settings,
    evaluate,
    evaluate_images,
    is_current,
    metrics_name,
    to_text,
    write_metrics,
)
from genzoo.evaluate.neighbours import density_coverage
from genzoo.evaluate.scores import Sample, score

__all__ = [
    "Document",
    "FeatureNet",
    "Sample",
    "Settings",
    "compare",
    "density_coverage",
    "evaluate",
    "evaluate_images",
    "is_current",
    "metrics_name",
    "plot",
    "score",
    "to_table",
    "to_text",
    "write_metrics",
]
