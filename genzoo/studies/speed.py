"""How long a step of each setting of a study takes, measured in turns and apart from its runs."""

from __future__ import annotations

import json
import platform
import statistics
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Literal

import torch

from genzoo.accel.processes import Processes
from genzoo.checkpoint.config import versions_here
from genzoo.checkpoint.files import clear_io_errors, write_text
from genzoo.data import load_images
from genzoo.evaluate.progress import quiet
from genzoo.studies.results import FORMAT, speed_file
from genzoo.studies.study import Setting, Study
from genzoo.train import Plan
from genzoo.train.trainer import Trainer

_STEPS, _WARM_UP = 4, 3
_CPU = torch.device("cpu")


def measure_speed(
    study: Study,
    results: Path,
    *,
    data_dir: Path | None = None,
    precision: Literal["fp32", "bf16"] = "fp32",
    rounds: int = 7,
    report: Callable[[int], object] = quiet,
) -> Path:
    """Measure the processor time of a step of each setting, and write it below `results`.

    The settings take turns, a few steps each, so that what else the machine does falls on all of them alike; of each
    the median of its turns counts.  Other processes take no processor time of this one's, though its caches.

    Args:
        study: whose settings.
        results: the folder of the studies' results.
        data_dir: where the datasets lie.
        precision: of the training.
        rounds: turns of each setting.
        report: called with the number of rounds that are done.

    Returns:
        The file.

    Raises:
        DataError: for a dataset that is not to be had.
        GenzooError: when the file cannot be written.
    """
    data = load_images(study.settings[0].entry.dataset, data_dir)
    with torch.random.fork_rng():
        trainers = [_trainer(setting, precision, data) for setting in study.settings]
        seconds: list[list[float]] = [[] for _ in trainers]
        for done in range(rounds):
            for trainer, each in zip(trainers, seconds, strict=True):
                each.append(_timed(trainer, _STEPS))
            report(done + 1)
    return _write(study, results, seconds, precision)


def _trainer(setting: Setting, precision: Literal["fp32", "bf16"], data: Any) -> Trainer:
    plan = Plan(setting.entry, Path(), setting.steps, seed=0, device=_CPU, precision=precision)
    trainer = Trainer(plan, data, Processes(_CPU))
    _timed(trainer, _WARM_UP)
    return trainer


def _timed(trainer: Trainer, steps: int) -> float:
    """The processor time of a step, as a mean of some."""
    began = time.process_time()
    for _ in range(steps):
        trainer.step()
        trainer.state.record.step += 1
    return (time.process_time() - began) / steps


def _write(study: Study, results: Path, seconds: Sequence[Sequence[float]], precision: str) -> Path:
    path = speed_file(results, study)
    document = {
        "format": FORMAT,
        "study": study.name,
        "machine": platform.machine(),
        "threads": torch.get_num_threads(),
        "precision": precision,
        "versions": versions_here(),
        "seconds_per_step": {
            setting.name: float(f"{statistics.median(each):.4g}")
            for setting, each in zip(study.settings, seconds, strict=True)
        },
    }
    with clear_io_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
    write_text(path, json.dumps(document, indent=1) + "\n")
    return path
