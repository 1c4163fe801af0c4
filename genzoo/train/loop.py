"""The training loop: it knows phases, states and signals, and nothing of the mathematics."""

from __future__ import annotations

import contextlib
import math
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, NoReturn

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from genzoo.accel.graph import Captured
from genzoo.accel.processes import Processes
from genzoo.checkpoint.config import read_config
from genzoo.checkpoint.folder import Folder
from genzoo.checkpoint.nets import load_nets
from genzoo.data import ImageData
from genzoo.errors import StoppedError, TrainingError
from genzoo.nets import build
from genzoo.platforms import STOP_SIGNALS
from genzoo.train.average import Average
from genzoo.train.draws import Source, StepDraw
from genzoo.train.objectives import Losses, Phase, build_phases
from genzoo.train.plan import Plan, clear_memory_errors, refuse_batch
from genzoo.train.state import STATE, State
from genzoo.zoo.spec import Recipe

PROGRESS_ROWS = 5
_REPORT_SECONDS = 0.5


@dataclass(frozen=True)
class Status:
    """What a progress bar shows: losses are those of the last step."""

    step: int
    steps: int
    images_per_second: float
    seconds_left: float
    losses: dict[str, float]


Report = Callable[[Status], None]


class Trainer:
    """One run: its nets, optimizers and data, and the steps that bring them on."""

    def __init__(self, plan: Plan, data: ImageData, processes: Processes) -> None:
        self.plan, self.processes = plan, processes
        recipe = plan.entry.recipe
        refuse_batch(recipe, len(data), processes.count)
        self.source = Source(data.to(plan.device), recipe.batch_size, plan.seed)
        torch.manual_seed(plan.seed)
        nets = build(plan.entry).to(plan.device)
        if plan.entry.arch.channels_last:
            nets = nets.to(memory_format=torch.channels_last)
        self.phases = build_phases(nets, plan.entry, self._precision, plan.device)
        if not recipe.norm_bias:
            _hold_norm_biases(nets["critic"])
        self.parameters = {p.name: _trained(nets[p.net] if p.net else nets) for p in self.phases}
        optimizers = {p.name: _optimizer(recipe, p, self.parameters[p.name], plan.device) for p in self.phases}
        shipped = nets if plan.entry.is_vae else nn.ModuleDict({"generator": nets["generator"]})
        self.state = State(nets, Average(shipped, recipe.ema), optimizers)
        self.draw = StepDraw(self.source, self.phases[0].repeats, processes.rank, processes.count)
        self._updates: Callable[[], dict[str, Tensor]] = self._update_all
        # What several processes say to one another is not to be recorded.
        if plan.device.type == "cuda" and processes.count == 1 and plan.entry.arch.cuda_graph:
            self._updates = Captured(self._update_all, self.draw.generator)
        self._sums: dict[str, Tensor] = {}
        self.on_history: Callable[[dict[str, float]], None] = _ignore

    def _precision(self) -> AbstractContextManager[Any]:
        return torch.autocast(self.plan.device.type, torch.bfloat16, enabled=self.plan.precision == "bf16")

    def inherit(self, parent: Folder) -> None:
        """Begin with another model's weights, of the same architecture.

        Raises:
            BadCheckpointError: when the parent's folder is not whole.
        """
        nets = load_nets(read_config(parent).entry, parent, torch.float32, self.plan.device)
        for name, net in self.state.nets.items():
            net.load_state_dict(nets[name].state_dict())

    def step(self) -> dict[str, Tensor]:
        """One update of the generator (or VAE) and those of the critic that go with it.

        Raises:
            TrainingError: when the device's memory is too small for it.
        """
        if self.plan.entry.recipe.decay:
            self._lower_rates()
        self.draw.begin(self.state.record.step)
        with clear_memory_errors(self.plan):
            logged = self._updates()
        self.state.average.update(self.state.record.step)
        return logged

    def _update_all(self) -> dict[str, Tensor]:
        logged: dict[str, Tensor] = {}
        for phase in self.phases:
            if "critic" in self.state.nets:
                # The generator's turn needs gradients through the critic, not of its weights.
                for parameter in self.parameters["critic"]:
                    parameter.requires_grad_(phase.net == "critic")
            for _ in range(phase.repeats):
                losses = phase.losses(self.draw)
                self._update(phase, losses)
                logged |= {name: value.detach() for name, value in losses.items()}
        return logged

    def _lower_rates(self) -> None:
        left = 1 - self.state.record.step / self.plan.steps
        for phase in self.phases:
            rate = _rate(self.plan.entry.recipe, phase) * left
            for group in self.state.optimizers[phase.name].param_groups:
                if isinstance(group["lr"], Tensor):
                    group["lr"].fill_(rate)
                else:
                    group["lr"] = rate

    @property
    def averaged(self) -> nn.ModuleDict:
        """The nets that are sampled and shipped, with averaged weights."""
        return self.state.average.nets

    def _update(self, phase: Phase, losses: Losses) -> None:
        optimizer, parameters = self.state.optimizers[phase.name], self.parameters[phase.name]
        optimizer.zero_grad(set_to_none=True)
        next(iter(losses.values())).backward()  # type: ignore[no-untyped-call]
        self.processes.average_gradients(parameters)
        if norm := self.plan.entry.recipe.grad_norm:
            nn.utils.clip_grad_norm_(parameters, norm)
        optimizer.step()
        if phase.clip:
            with torch.no_grad():
                torch._foreach_clamp_min_([*parameters], -phase.clip)
                torch._foreach_clamp_max_([*parameters], phase.clip)

    def run(
        self,
        report: Report,
        on_save: Callable[[Trainer], None],
        on_row: Callable[[Trainer], Tensor],
        on_evaluation: Callable[[Trainer], None],
    ) -> None:
        """Step until the plan is fulfilled, saving the state at intervals and when a signal comes.

        Args:
            report: called a few times a second.
            on_save: called after the state has been saved.
            on_row: gives the images of fixed latents for the next row of `progress.png`.
            on_evaluation: called when the averaged nets are due to be measured, and at the end.

        Raises:
            StoppedError: after a signal, once the state is saved.
            TrainingError: for a loss or weight that is not finite.
        """
        record, began = self.state.record, time.monotonic()
        earlier, first_step, saved, reported = record.seconds, record.step, began, 0.0
        share = record.step / self.plan.steps
        self._thin_progress()
        with _signals() as stop:
            while not self._done(time.monotonic() - began):
                losses = self.step()
                record.step += 1
                self._log(losses)
                now = time.monotonic()
                record.seconds = earlier + now - began
                before, share = share, max(record.step / self.plan.steps, self._time_share(now - began))
                if (due := min(int(share * PROGRESS_ROWS), PROGRESS_ROWS) - len(record.progress)) > 0:
                    row = on_row(self)
                    # Copies, since safetensors saves no two tensors that share memory.
                    record.progress += [row.clone() for _ in range(due)]
                if now - reported > _REPORT_SECONDS:
                    report(self._status(losses, first_step, now - began))
                    reported = now
                if int(share * self.plan.evaluations) > int(before * self.plan.evaluations):
                    on_evaluation(self)
                    saved = -math.inf  # what was found, and what is to ship, must not be lost
                stopping = self._stopping(stop)
                if stopping or now - saved > self.plan.save_minutes * 60:
                    self.save()
                    on_save(self)
                    if stopping:
                        raise StoppedError(f"Stopped at step {record.step}; the state is saved, go on with --resume.")
                    saved = time.monotonic()
            if self.plan.evaluations and (not record.evaluations or record.evaluations[-1]["step"] != record.step):
                on_evaluation(self)
        self.save()
        report(self._status({}, first_step, time.monotonic() - began))

    def _thin_progress(self) -> None:
        """Of the rows of a run that goes on for longer, keep those nearest to where its own are due."""
        record, rows = self.state.record, self.state.record.progress
        due = int(record.step / self.plan.steps * PROGRESS_ROWS)
        if self.plan.minutes is None and due < len(rows):
            each = self.plan.steps / PROGRESS_ROWS * len(rows) / record.step  # rows so far to a new one
            record.progress = [rows[max(round((i + 1) * each) - 1, 0)] for i in range(due)]

    def _time_share(self, seconds: float) -> float:
        return seconds / (self.plan.minutes * 60) if self.plan.minutes else 0.0

    def _done(self, seconds: float) -> bool:
        late = self._time_share(seconds) >= 1
        # A look at the clock that processes would answer differently is settled between them.
        return self.state.record.step >= self.plan.steps or (self.plan.minutes is not None and self.processes.any(late))

    def _stopping(self, stop: threading.Event) -> bool:
        # Several processes ask one another, but not at every step: it costs a message.
        due = self.processes.count == 1 or self.state.record.step % 8 == 0
        return due and self.processes.any(stop.is_set())

    def _status(self, losses: Losses, first_step: int, seconds: float) -> Status:
        record, recipe = self.state.record, self.plan.entry.recipe
        rate = (record.step - first_step) / max(seconds, 1e-9)
        left = (self.plan.steps - record.step) / max(rate, 1e-9)
        if self.plan.minutes:
            left = min(left, self.plan.minutes * 60 - seconds)
        images = rate * recipe.batch_size * recipe.critic_steps
        return Status(record.step, self.plan.steps, images, max(left, 0.0), {k: float(v) for k, v in losses.items()})

    def _log(self, losses: Losses) -> None:
        for name, value in losses.items():
            if value.device.type == "cpu" and not value.isfinite():
                self._refuse(name, f"at step {self.state.record.step}")
            total = self._sums.get(name)
            # Not every accelerator has float64.
            wide = value if value.device.type == "mps" else value.double()
            self._sums[name] = wide if total is None else total + wide
        if self.state.record.step % self.plan.log_every == 0:
            self._flush()

    def _flush(self) -> None:
        """Move the sums off the device, and into the history where a row is full."""
        record = self.state.record
        for name, value in self._sums.items():
            record.sums[name] = record.sums.get(name, 0.0) + float(value)
        self._sums = {}
        for name, total in record.sums.items():
            if not math.isfinite(total):
                # Reading every loss at once would keep an accelerator waiting.
                first = record.step - (record.step - 1) % self.plan.log_every
                self._refuse(name, f"in steps {first} to {record.step}")
        if record.step % self.plan.log_every == 0:
            # A run that goes on for longer than it was begun for has longer rows, and one of another length between.
            summed = record.step - int(record.history[-1]["step"] if record.history else 0)
            row = {name: float(f"{total / summed:.6g}") for name, total in record.sums.items()}
            record.history.append({"step": record.step, **row})
            record.sums = {}
            self.on_history(record.history[-1])

    def _refuse(self, loss: str, when: str) -> NoReturn:
        raise TrainingError(
            f"Training broke down: the loss {loss} is not finite {when}; the last good state is kept, "
            "begin anew in another --out with a lower --lr or another --seed."
        )

    def save(self) -> None:
        """Save the whole state in one atomic step, from the first process."""
        if self._sums and self.state.record.step % self.plan.log_every:
            self._flush()
        if self.processes.first:
            self.state.save(self.plan.out / STATE)


def _ignore(_: dict[str, float]) -> None:
    """Log nowhere."""


def _hold_norm_biases(net: nn.Module) -> None:
    for module in net.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.bias.requires_grad_(False)


def _trained(net: nn.Module) -> list[nn.Parameter]:
    return [parameter for parameter in net.parameters() if parameter.requires_grad]


def _optimizer(recipe: Recipe, phase: Phase, parameters: list[nn.Parameter], device: torch.device) -> Optimizer:
    on_cuda = device.type == "cuda"
    lr: float | Tensor = _rate(recipe, phase)
    if on_cuda and recipe.decay:
        lr = torch.tensor(lr, device=device)  # a graph holds numbers as they were, and reads tensors anew
    if recipe.optimizer == "rmsprop":
        return torch.optim.RMSprop(parameters, lr, alpha=recipe.beta2, capturable=on_cuda)
    fused = device.type in ("cpu", "cuda", "mps")
    return torch.optim.Adam(parameters, lr, (recipe.beta1, recipe.beta2), fused=fused, capturable=on_cuda)


def _rate(recipe: Recipe, phase: Phase) -> float:
    return recipe.critic_lr if phase.net == "critic" and recipe.critic_lr else recipe.lr


@contextlib.contextmanager
def _signals() -> Iterator[threading.Event]:
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
