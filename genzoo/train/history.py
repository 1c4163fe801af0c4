"""A run's loss curves: gathered as it goes, written and drawn."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

from torch import Tensor

from genzoo.checkpoint.files import write_text
from genzoo.checkpoint.history import thinned
from genzoo.checkpoint.layout import EVALUATIONS, HISTORY, LOSSES
from genzoo.errors import TrainingError
from genzoo.evaluate.progress import quiet
from genzoo.evaluate.reference import significant
from genzoo.plots.curves import CurvePanel, about_bands, curve_of, draw_curves
from genzoo.train.phases import Losses
from genzoo.train.state import Record, broke_down
from genzoo.zoo.objectives import label_of_loss

Log = Callable[[dict[str, float]], None]
"""Called with a row of the history: the step, and each loss."""


class History:
    """The means of the losses over every `log_every` steps, as rows of a run's record.

    Sums stay on the device for as long as they can, because reading a loss waits for it.
    """

    def __init__(self, record: Record, log_every: int, log: Log = quiet) -> None:
        self.record, self.log_every, self.log = record, log_every, log
        self._sums: dict[str, Tensor] = {}

    def add(self, losses: Losses) -> None:
        """Take in the losses of the step that the record has just counted.

        Raises:
            TrainingError: for a loss that is not finite; on an accelerator at the end of its row.
        """
        for name, value in losses.items():
            if value.device.type == "cpu" and not value.isfinite():
                raise broke_down(f"the loss {name} is not finite at step {self.record.step}")
            total = self._sums.get(name)
            # Not every accelerator has float64.
            wide = value if value.device.type == "mps" else value.double()
            self._sums[name] = wide if total is None else total + wide
        if self.record.step % self.log_every == 0:
            self.flush()
            self._end_row()

    def flush(self) -> None:
        """Move the sums off the device into the record, where they can be saved.

        Raises:
            TrainingError: for a loss that was not finite.
        """
        record = self.record
        for name, value in self._sums.items():
            record.sums[name] = record.sums.get(name, 0.0) + float(value)
        self._sums = {}
        for name, total in record.sums.items():
            if not math.isfinite(total):
                first = record.step - (record.step - 1) % self.log_every
                raise broke_down(f"the loss {name} is not finite in steps {first} to {record.step}")

    def _end_row(self) -> None:
        record = self.record
        # A run that goes on for longer than it was begun for has longer rows, and one of another length between.
        summed = record.step - int(record.history[-1]["step"] if record.history else 0)
        row = {name: significant(total / summed) for name, total in record.sums.items()}
        record.history.append({"step": record.step, **row})
        record.sums = {}
        self.log(record.history[-1])


def write_history(out: Path, record: Record) -> None:
    """Write the loss curves, and what was measured on the way, a line of JSON for each point.

    Raises:
        GenzooError: when they cannot be written.
    """
    for name, rows in ((HISTORY, record.history), (EVALUATIONS, record.evaluations)):
        if rows or name == HISTORY:
            write_text(out / name, "".join(json.dumps(row) + "\n" for row in rows))


def plot_losses(out: Path, history: list[dict[str, float]]) -> None:
    """Draw the loss curves, one panel for each, to `losses.png`; nothing where there are none.

    Raises:
        GenzooError: when it cannot be written.
    """
    if not history:
        return
    rows, names = thinned(history), [name for name in history[0] if name != "step"]
    panels = [CurvePanel(label_of_loss(name), [curve_of("", rows, name)]) for name in names]
    draw_curves(out / LOSSES, panels, "Losses in training", about_bands(panels))


def summary_writer() -> Callable[..., Any]:
    """TensorBoard's class that writes logs.

    Raises:
        TrainingError: where TensorBoard is not installed.
    """
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError:
        raise TrainingError("--tensorboard needs TensorBoard: pip install 'genzoo[tensorboard]'.") from None
    return SummaryWriter


def tensorboard_log(make: Callable[..., Any], out: Path, step: int) -> Log:
    """A function that logs rows of the history for TensorBoard; points after `step` are those of a lost run."""
    writer = make(str(out / "tensorboard"), purge_step=step + 1)

    def log(row: dict[str, float]) -> None:
        for name, value in row.items():
            if name != "step":
                writer.add_scalar(name, value, int(row["step"]))
        writer.flush()

    return log
