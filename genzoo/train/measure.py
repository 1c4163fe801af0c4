"""What a run would be, after a few measured steps of it."""

from __future__ import annotations

import dataclasses
import time
from dataclasses import dataclass

import torch

from genzoo.accel.graph import WARM_UP
from genzoo.accel.processes import Processes
from genzoo.data import ImageData
from genzoo.nets import count_parameters
from genzoo.train.loop import Trainer
from genzoo.train.plan import Plan

_MEASURED_SECONDS = 3.0


@dataclass(frozen=True)
class Forecast:
    """Parameters by net, and how fast the plan's steps are on this machine."""

    parameters: dict[str, int]
    images_per_second: float
    seconds: float


def forecast(plan: Plan, data: ImageData) -> Forecast:
    """Measure a few steps of a plan without writing anything."""
    with torch.random.fork_rng():
        processes = Processes(plan.device)
        trainer = Trainer(dataclasses.replace(plan, device=processes.device), data, processes)
        if plan.parent is not None:
            trainer.inherit(plan.parent)
        for _ in range(WARM_UP + 1):  # on a GPU the last of them is recorded
            _step(trainer)
        steps, began = 0, time.monotonic()
        while not processes.any(time.monotonic() - began > _MEASURED_SECONDS):  # each has a clock of its own
            _step(trainer)
            steps += 1
        each = (time.monotonic() - began) / steps
        processes.wait()  # who leaves while another still talks to it, ends it
        processes.end()
    recipe = plan.entry.recipe
    return Forecast(
        parameters={name: count_parameters(net) for name, net in trainer.state.nets.items()},
        images_per_second=recipe.batch_size * recipe.critic_steps / each,
        seconds=min(plan.steps * each, (plan.minutes or float("inf")) * 60),
    )


def _step(trainer: Trainer) -> None:
    # Reading a loss waits for the device.
    float(next(iter(trainer.step().values())))
    trainer.state.record.step += 1
