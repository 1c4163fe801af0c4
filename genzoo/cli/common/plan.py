"""What `--dry-run` prints of a run."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from genzoo.data import ImageData
    from genzoo.train import Plan

_LONG = 100
"""Minutes from which a time is told in hours."""


def describe(plan: Plan, images: ImageData) -> str:
    """A plan and how long it would take, a line for each thing."""
    from genzoo.train import forecast

    expected = forecast(plan, images)
    nets = ", ".join(f"{name} {count:,}" for name, count in expected.parameters.items())
    lines = {
        "name": plan.entry.name,
        "folder": plan.out,
        "parameters": nets,
        "data": f"{len(images):,} images of {images.dataset.name}, {list(images.dataset.shape)}",
        "batch size": plan.entry.recipe.batch_size,
        "steps": f"{plan.steps:,}",
        "device": f"{plan.device}, {plan.precision}",
        "speed": f"{expected.images_per_second:,.0f} images/s",
        "time": duration(expected.seconds),
    }
    return "\n".join(f"{key:11} {value}" for key, value in lines.items())


def duration(seconds: float) -> str:
    """A time in minutes, or, of a long one, in hours."""
    minutes = seconds / 60
    return f"{minutes:,.1f} minutes" if minutes < _LONG else f"{minutes / 60:,.1f} hours"
