"""Measuring: numbers that anyone can re-derive.

from genzoo.evaluate import evaluate
measurement = evaluate(genzoo.load("dcgan-cifar10"))
row = measurement.rows["frechet_distance"]
row.mean, row.interval, row.floor

It may import sampling, data, and what lies below.
"""

from __future__ import annotations

from genzoo.checkpoint.measurement import Measurement, MetricValue
from genzoo.evaluate.comparison import Comparison, compare
from genzoo.evaluate.display import plot, to_table
from genzoo.evaluate.features import FeatureNet
from genzoo.evaluate.measure import Drawn, evaluate, evaluate_images, is_current, write_metrics
from genzoo.evaluate.neighbours import density_coverage
from genzoo.evaluate.scores import Sample, score
from genzoo.evaluate.settings import Settings, metrics_name

__all__ = [
    "Comparison",
    "Drawn",
    "FeatureNet",
    "Measurement",
    "MetricValue",
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
    "write_metrics",
]
