"""Measuring: numbers that anyone can re-derive.

from genzoo.evaluate import evaluate
measurement = evaluate(genzoo.load("dcgan-cifar10"))
row = measurement.rows["frechet_distance"]
row.mean, row.interval, row.floor

It may import sampling, data, and what lies below.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
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

_LAZY = {
    **dict.fromkeys(["Measurement", "MetricValue"], "genzoo.checkpoint.measurement"),
    **dict.fromkeys(["Comparison", "compare"], "genzoo.evaluate.comparison"),
    **dict.fromkeys(["plot", "to_table"], "genzoo.evaluate.display"),
    "FeatureNet": "genzoo.evaluate.features",
    **dict.fromkeys(["Drawn", "evaluate", "evaluate_images", "is_current", "write_metrics"], "genzoo.evaluate.measure"),
    "density_coverage": "genzoo.evaluate.neighbours",
    **dict.fromkeys(["Sample", "score"], "genzoo.evaluate.scores"),
    **dict.fromkeys(["Settings", "metrics_name"], "genzoo.evaluate.settings"),
}


def __getattr__(name: str) -> Any:
    # So that measurements are compared, and shown on cards, without torch.
    if name in _LAZY:
        return getattr(importlib.import_module(_LAZY[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
