"""Carrying out a plan: from an entry and its images to a whole checkpoint folder."""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import math
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import torch

from genzoo.accel.processes import Processes
from genzoo.checkpoint.checksums import SUMS
from genzoo.checkpoint.config import Config, read_config, versions_here, write_config
from genzoo.checkpoint.files import clear_io_errors
from genzoo.checkpoint.folder import Folder, sign
from genzoo.checkpoint.graphs.write import write_graphs
from genzoo.checkpoint.layout import CONFIG
from genzoo.data import ImageData
from genzoo.errors import TrainingError
from genzoo.evaluate.progress import quiet
from genzoo.extras import TRAIN, refuse_missing
from genzoo.platforms import lock
from genzoo.sampling.model import Model
from genzoo.train.finish import averaged_nets, fixed_images, to_ship, write_pictures, write_proofs, write_weights
from genzoo.train.history import summary_writer, tensorboard_log
from genzoo.train.loop import Hooks, Loop, Report
from genzoo.train.plan import Plan, refuse_batch, refuse_other_settings
from genzoo.train.schedule import Cost
from genzoo.train.selection import SelectionMeasure, best_of, measured
from genzoo.train.snapshots import write_snapshot
from genzoo.train.state import STATE
from genzoo.train.trainer import Trainer

_LOCK = ".lock"
_OUTCOME = ("steps", "step", "seconds", "evaluations")
"""Fields of `config.json` that a run's end adds to its settings."""


def train(plan: Plan, data: ImageData, *, resume: bool = False, report: Report = quiet) -> Path:
    """Carry out a plan; the result is a checkpoint folder that `load` takes.

    Args:
        plan: what to train, where to, and for how long.
        data: the training images.
        resume: go on from the state in `plan.out`, bit for bit.
        report: called with a `Status` a few times a second.

    Returns:
        The checkpoint folder, `plan.out`.

    Raises:
        TrainingError: for a folder of another run or in which another process trains, or values that are not finite.
        StoppedError: after SIGINT or SIGTERM, once the state is saved.
        MissingLibraryError: where the extra `train` is not installed, of which a run needs one or another at its end.
        GenzooError: when the folder cannot be written.
    """
    refuse_missing("Training", *TRAIN)
    if data.dataset.shape != plan.entry.dataset.shape:
        raise TrainingError(
            f"{plan.entry.name} makes images of {plan.entry.dataset.shape}, the data has {data.dataset.shape}."
        )
    processes = Processes(plan.device)
    refuse_batch(plan.entry.recipe, len(data), processes.count)
    writer = summary_writer() if plan.tensorboard else None
    plan = dataclasses.replace(
        plan, device=processes.device, evaluations=plan.evaluations if measured(plan.entry) else 0
    )
    config = Config(plan.entry, plan.settings(data, processes.count), plan.parentage(), versions_here())
    _find_config(plan, config, resume)  # so that a folder which is refused is left as it was
    with _locked(plan.out, processes), torch.random.fork_rng():
        _claim(plan, config, resume, processes)
        if resume and _finished(plan):
            processes.end()
            return plan.out
        trainer = Trainer(plan, data, processes)
        if resume and (plan.out / STATE).exists():
            trainer.state.load(plan.out / STATE)
            if plan.evaluations == 0:  # the last state is to ship, whatever was best before
                trainer.state.record.evaluations, trainer.state.record.best = [], {}
        elif plan.parent is not None:
            trainer.inherit(plan.parent)
        Loop(trainer, _hooks(trainer, data, report, writer)).run()
        if processes.first:
            _finish(trainer, config)
    processes.wait()
    processes.end()
    return plan.out


@contextlib.contextmanager
def _locked(out: Path, processes: Processes) -> Iterator[None]:
    """Make a folder where it is missing, and keep other runs out of it; the first process does so for all.

    Raises:
        TrainingError: in every process, when another run is at work there.
        GenzooError: when the folder cannot be written.
    """
    with contextlib.ExitStack() as stack:
        held = True
        if processes.first:
            with clear_io_errors(out):
                out.mkdir(parents=True, exist_ok=True)
                held = stack.enter_context(lock(out / _LOCK))
        if processes.any(not held):
            raise TrainingError(f"Another process is training in {out}: let it end, stop it, or name another --out.")
        yield


def _hooks(trainer: Trainer, data: ImageData, report: Report, writer: Callable[..., Any] | None) -> Hooks:
    """The functions that a loop calls: the first process writes and measures for all of them."""
    plan, judge = trainer.plan, SelectionMeasure(trainer.plan.entry, data, trainer.plan.device)
    if not trainer.processes.first:
        return Hooks(fixed_images, report)
    return Hooks(
        row=fixed_images,
        report=report,
        log=quiet if writer is None else tensorboard_log(writer, plan.out, trainer.state.record.step),
        saved=write_pictures,
        probe=functools.partial(_probe, judge),
        evaluate=functools.partial(_evaluate, judge),
        snapshot=write_snapshot,
    )


def _probe(judge: SelectionMeasure, trainer: Trainer, budget: float) -> Cost | None:
    """The cost of a look at a trainer's averaged nets on this machine; None where that would take most of a budget."""
    began = time.monotonic()
    nets = averaged_nets(trainer)
    look = time.monotonic() - began
    image = judge.seconds_per_image(dict(nets.items()), budget)
    return None if image is None else Cost(look, image)


def _evaluate(judge: SelectionMeasure, trainer: Trainer, images: int) -> None:
    """Measure a trainer's averaged nets, and keep those to ship that are the best so far."""
    entry, record, nets = trainer.plan.entry, trainer.state.record, averaged_nets(trainer)
    found = judge.measure(dict(nets.items()), images)
    if not all(map(math.isfinite, found.values())):
        return  # a state of such weights is none to ship, nor to choose by; training may recover
    record.evaluations.append({"step": record.step, **found, "images": images})
    if best_of(entry, record.evaluations)["step"] == record.step:
        record.best = to_ship(trainer, nets)


def _claim(plan: Plan, config: Config, resume: bool, processes: Processes) -> None:
    """Write the run's config to its folder, or see that it is there.

    Raises:
        TrainingError: for a folder of another run, or of other things.
    """
    found = _find_config(plan, config, resume)  # another run may have ended there by now
    processes.wait()
    if processes.first and not found:
        write_config(plan.out, config)
    processes.wait()


def _find_config(plan: Plan, config: Config, resume: bool) -> bool:
    """Whether the folder is this run's already.

    Raises:
        TrainingError: for one that holds another run, or other things than a run.
    """
    with clear_io_errors(plan.out, "read"):
        found = (plan.out / CONFIG).exists()
        free = not plan.out.is_dir() or all(path.name == _LOCK for path in plan.out.iterdir())
    if found and resume:
        there = read_config(Folder(plan.out))
        settings = {k: v for k, v in there.training.items() if k not in _OUTCOME}
        # A recipe's epochs say how long to train, which a run may do for longer than it was begun for.
        recipe = dataclasses.replace(config.entry.recipe, epochs=there.entry.recipe.epochs)
        entry = dataclasses.replace(config.entry, recipe=recipe)
        wanted = {"entry": entry.to_json(), "parent": config.parent, **config.training}
        found_there = {"entry": there.entry.to_json(), "parent": there.parent, **settings}
        refuse_other_settings(wanted, found_there, plan.out)
        if "steps" in there.training and not (plan.out / STATE).exists():
            raise TrainingError(
                f"{plan.out} holds a finished run without its {STATE}, from which alone it could go on: "
                "name another --out, or fine-tune it."
            )
    elif found:
        raise TrainingError(f"{plan.out} holds a run already: go on with it by --resume, or name another --out.")
    elif not free:
        raise TrainingError(f"{plan.out} holds other things than a run: name another --out, or empty it.")
    return found


def _finished(plan: Plan) -> bool:
    """Whether the folder holds all that a run of as many steps leaves; `SHA256SUMS` is written last."""
    done = read_config(Folder(plan.out)).training.get("steps", 0)
    return isinstance(done, int) and done >= plan.steps and (plan.out / SUMS).exists()


def _finish(trainer: Trainer, config: Config) -> None:
    """Write all that makes a run's folder a whole checkpoint, `SHA256SUMS` last."""
    record, out = trainer.state.record, trainer.plan.out
    with clear_io_errors(out):
        (out / SUMS).unlink(missing_ok=True)  # until all is written anew the run is not finished
    write_weights(trainer)
    shipped = best_of(trainer.plan.entry, record.evaluations) if record.best else {"step": record.step}
    done = {
        "steps": record.step,
        "step": shipped["step"],
        "seconds": round(record.seconds, 1),
        "evaluations": record.evaluations,
    }
    write_config(out, dataclasses.replace(config, training={**config.training, **done}))
    write_graphs(out, trainer.plan.entry)
    write_proofs(trainer, Model.of_folder(Folder(out)))
    sign(out)
