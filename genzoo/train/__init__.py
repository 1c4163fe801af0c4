"""The training road: entry -> data -> losses -> loop -> checkpoint folder.

Losses know the mathematics, phases make a step of them, and the state is saved whole or not at all.
It may import evaluate, sampling, data, and what lies below.
"""

from __future__ import annotations

from genzoo.train.loop import Forecast, Report, forecast
from genzoo.train.plan import Plan, choose_precision, steps_of
from genzoo.train.run import train
from genzoo.train.schedule import Status
from genzoo.train.selection import measured

__all__ = ["Forecast", "Plan", "Report", "Status", "choose_precision", "forecast", "measured", "steps_of", "train"]
