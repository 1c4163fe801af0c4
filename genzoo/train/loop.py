"""The training loop: steps until the plan is fulfilled, and what happens between them."""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import math
import signal
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from genzoo.accel.graph import WARM_UP
from genzoo.accel.processes import Processes
from genzoo.data import ImageData
from genzoo.errors import StoppedError
from genzoo.evaluate.progress import quiet
from genzoo.nets import count_parameters
from genzoo.platforms import STOP_SIGNALS
from genzoo.train.history import History, Log
from genzoo.train.phases import Losses
from genzoo.train.plan import Plan, epoch_due
from genzoo.train.schedule import Activity, Clock, Cost, Looks, Status
from genzoo.train.state import STATE, Record
from genzoo.train.trainer import Trainer

PROGRESS_ROWS = 5
_REPORT_SECONDS = 0.5
_FORECAST_SECONDS = 3.0


Report = Callable[[Status], None]


def _no_cost(*_: object) -> Cost | None:
    return None


@dataclass(frozen=True)
class Hooks:
    """The functions that a loop calls on its way.

    Attributes:
        row: gives the images of fixed latents for the next row of `progress.png`: (n, h, w, c) uint8.
        report: called a few times a second.
        log: called with each new row of the history.
        saved: called after the state has been saved, but for the last time.
        probe: finds out what a look at the averaged nets costs; see `Looks`.
        evaluate: called with the number of images when the averaged nets are due to be measured.
        snapshot: called with an epoch at whose end the plan wants one.
    """

    row: Callable[[Trainer], Tensor]
    report: Report = quiet
    log: Log = quiet
    saved: Callable[[Trainer], None] = quiet
    probe: Callable[[Trainer, float], Cost | None] = _no_cost
    evaluate: Callable[[Trainer, int], None] = quiet
    snapshot: Callable[[Trainer, int], None] = quiet


class Loop:
    """Steps a trainer until its plan is fulfilled; saves, measures and reports at intervals."""

    def __init__(self, trainer: Trainer, hooks: Hooks) -> None:
        """Begin with the trainer's record as it is now; the clock of the plan's minutes starts."""
        self.trainer, self.hooks = trainer, hooks
        self.plan, self.record = trainer.plan, trainer.state.record
        self.history = History(self.record, self.plan.log_every, hooks.log)
        self.clock = Clock(self.plan, self.record)
        self.looks = Looks(self.plan, self.record, self.clock, functools.partial(hooks.probe, trainer))

    def run(self) -> None:
        """Step until the plan is fulfilled, saving the state at intervals and when a signal comes.

        Raises:
            StoppedError: after a signal, once the state is saved.
            TrainingError: for a loss or weight that is not finite.
        """
        record, share = self.record, self.clock.share
        saved, reported = time.monotonic(), -math.inf
        thin_progress(self.plan, record)
        with stop_signals() as stop:
            while not self._done():
                losses = self.trainer.step()
                record.step += 1
                self.history.add(losses)
                record.seconds = self.clock.seconds
                before, share = share, self.clock.share
                self._add_rows(share)
                self._keep_snapshot()
                if (now := time.monotonic()) - reported > _REPORT_SECONDS:
                    self._report(losses)
                    reported = now
                if images := self.looks.due(before, share):
                    self._look(losses, images)
                    saved = -math.inf  # what was found, and what is to ship, must not be lost
                stopping = self._stopping(stop)
                if stopping or now - saved > self.plan.save_minutes * 60:
                    with self.clock.aside():
                        self.save()
                        self.hooks.saved(self.trainer)
                    if stopping:
                        raise StoppedError(f"Stopped at step {record.step}; the state is saved, go on with --resume.")
                    saved = time.monotonic()
        if images := self.looks.due_at_end():
            self._look({}, images)
        self._report({}, "finishing")
        self.save()

    def _look(self, losses: Losses, images: int) -> None:
        self._report(losses, "measuring")
        with self.looks.looking():
            self.hooks.evaluate(self.trainer, images)
        self.record.seconds = self.clock.seconds

    def _report(self, losses: Losses, activity: Activity = "training") -> None:
        self.hooks.report(self.clock.status(losses, activity, self.looks.seconds_left(self.clock.share)))

    def save(self) -> None:
        """Save the whole state in one atomic step, from the first process.

        Raises:
            TrainingError: for a loss or weight that is not finite; the file is left as it was.
            GenzooError: when the file cannot be written; likewise.
        """
        self.history.flush()
        if self.trainer.processes.first:
            self.trainer.state.save(self.plan.out / STATE)

    def _done(self) -> bool:
        if self.record.step >= self.plan.steps:
            return True
        # A look at the clock that processes would answer differently is settled between them.
        return self.plan.minutes is not None and self.trainer.processes.any(self.clock.time_share >= 1)

    def _stopping(self, stop: threading.Event) -> bool:
        # Several processes ask one another, but not at every step: it costs a message.
        processes = self.trainer.processes
        return (processes.count == 1 or self.record.step % 8 == 0) and processes.any(stop.is_set())

    def _add_rows(self, share: float) -> None:
        """Add the rows of progress that are due after a share of the run."""
        if (due := min(int(share * PROGRESS_ROWS), PROGRESS_ROWS) - len(self.record.progress)) > 0:
            with self.clock.aside():
                row = self.hooks.row(self.trainer)
            # Copies, since safetensors saves no two tensors that share memory.
            self.record.progress += [row.clone() for _ in range(due)]

    def _keep_snapshot(self) -> None:
        if epoch := epoch_due(self.plan, len(self.trainer.source.data), self.record.step):
            with self.clock.aside():
                self.hooks.snapshot(self.trainer, epoch)


def thin_progress(plan: Plan, record: Record) -> None:
    """Of the rows of a run that goes on for longer, keep those nearest to where its own are due."""
    rows, due = record.progress, int(record.step / plan.steps * PROGRESS_ROWS)
    if plan.minutes is None and due < len(rows):
        each = plan.steps / PROGRESS_ROWS * len(rows) / record.step  # rows so far to a new one
        record.progress = [rows[max(round((i + 1) * each) - 1, 0)] for i in range(due)]


@contextlib.contextmanager
def stop_signals() -> Iterator[threading.Event]:
    """An event that Ctrl-C and SIGTERM set, so that a step ends before the run does."""
    stop = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield stop
        return
    before = [signal.signal(kind, lambda *_: stop.set()) for kind in STOP_SIGNALS]
    try:
        yield stop
    finally:
        for kind, handler in zip(STOP_SIGNALS, before, strict=True):
            signal.signal(kind, handler)


@dataclass(frozen=True)
class Forecast:
    """Parameters by net, the speed of the plan's steps on this machine, and the seconds the run would take."""

    parameters: dict[str, int]
    images_per_second: float
    seconds: float


def forecast(plan: Plan, data: ImageData) -> Forecast:
    """Measure a few steps of a plan without writing anything.

    Raises:
        TrainingError: for batches that do not fit the data, the processes or the device's memory.
    """
    with torch.random.fork_rng():
        processes = Processes(plan.device)
        trainer = Trainer(dataclasses.replace(plan, device=processes.device), data, processes)
        if plan.parent is not None:
            trainer.inherit(plan.parent)
        for _ in range(WARM_UP + 1):  # on a GPU the last of them is recorded
            _timed_step(trainer)
        steps, began = 0, time.monotonic()
        while not processes.any(time.monotonic() - began > _FORECAST_SECONDS):  # each has a clock of its own
            _timed_step(trainer)
            steps += 1
        each = (time.monotonic() - began) / steps
        processes.wait()  # who leaves while another still talks to it, ends it
        processes.end()
    recipe = plan.entry.recipe
    return Forecast(
        parameters={name: count_parameters(net) for name, net in trainer.state.nets.items()},
        images_per_second=recipe.batch_size * recipe.n_critic / each,
        seconds=min(plan.steps * each, (plan.minutes or float("inf")) * 60),
    )


def _timed_step(trainer: Trainer) -> None:
    # Reading a loss waits for the device.
    float(next(iter(trainer.step().values())))
    trainer.state.record.step += 1
