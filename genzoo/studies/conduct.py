"""Carrying out a run of a study: it is trained, measured, and leaves its result, each by the ordinary road."""

from __future__ import annotations

import contextlib
import dataclasses
import io
import shutil
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Literal

import torch
from PIL import Image

from genzoo.checkpoint.checksums import SUMS
from genzoo.checkpoint.config import read_config, versions_here
from genzoo.checkpoint.files import clear_io_errors, whole_folder
from genzoo.checkpoint.folder import Folder
from genzoo.checkpoint.history import read_rows
from genzoo.checkpoint.layout import CONFIG, HISTORY, PROGRESS, SAMPLES, STATE
from genzoo.data import load_images
from genzoo.errors import DivergedError, StoppedError, TrainingError
from genzoo.evaluate import Settings, evaluate
from genzoo.evaluate.progress import quiet
from genzoo.images.pixels import PADDING, make_grid
from genzoo.nets import build, count_parameters
from genzoo.platforms import lock
from genzoo.sampling.model import Model
from genzoo.studies.results import SHARPNESS, read_result, write_result
from genzoo.studies.sharpness import sharpness
from genzoo.studies.study import SEEDS, Run
from genzoo.train import Plan, Report, train
from genzoo.zoo.spec import Entry

MEASURED = Settings(n=10_000, seeds=(0,), likelihood_images=100)
"""How each run is measured: training seeds show the spread, so that one set of samples of each is enough."""
_SAVE_MINUTES = 1.0
_COLUMNS = {1: 10, 3: 6}
"""Images in a row of the pictures that are kept, by channels."""
_ROWS = 5


def conduct(
    run: Run,
    runs: Path,
    results: Path,
    *,
    among: Iterable[Run] = (),
    data_dir: Path | None = None,
    device: torch.device | None = None,
    precision: Literal["fp32", "bf16"] = "fp32",
    settings: Settings = MEASURED,
    report: Report = quiet,
) -> Path:
    """Carry out a run, or go on with it where it was left; one that has its result already is left alone.

    Its last state counts: no run is chosen from on the way, so that none has more to choose from than another.  Where
    a shorter run that it extends has ended, it goes on from there: the same comes of it.

    Args:
        run: what to train, and from which seed.
        runs: the folder of the runs' folders, which hold weights and states.
        results: the folder of what they leave.
        among: those that are to be carried out there; the state of one that others extend is kept until they are done.
        data_dir: where the datasets lie.
        device: where it is trained and measured; the CPU unless told otherwise.
        precision: of the training.
        settings: of the measurement.
        report: called with a `Status` a few times a second while it is trained.

    Returns:
        The folder of its result.

    Raises:
        TrainingError: when another process is at work on it, or the run's folder is of other settings.
        StoppedError: after SIGINT or SIGTERM, once the state is saved.
        DataError: for a dataset that is not to be had.
        GenzooError: when a folder cannot be written.
    """
    with contextlib.ExitStack() as stack:
        with clear_io_errors(runs):
            runs.mkdir(parents=True, exist_ok=True)
            held = stack.enter_context(lock(runs / f"{run.name}.lock"))
        if not held:
            raise TrainingError(f"Another process is at work on {run.name}: let it end, or stop it.")
        if (found := read_result(results, run)) is not None:
            return found.folder
        plan = Plan(
            run.setting.entry, runs / run.name, run.setting.steps, run.seed, device or torch.device("cpu"), precision,
            save_minutes=_SAVE_MINUTES,
        )  # fmt: skip
        among = list(among)
        _begin(plan, [other for other in among if run.extends(other)], runs)
        problem = _train(plan, data_dir, report)
        folder = _leave(run, plan, results, problem, data_dir, settings)
        for done in (run, *filter(run.extends, among)):
            if not any(other.extends(done) and read_result(results, other) is None for other in among):
                # It is several times as large as the weights, and serves to go on alone.
                (runs / done.name / STATE).unlink(missing_ok=True)
        return folder


def _begin(plan: Plan, shorter: Sequence[Run], runs: Path) -> None:
    """Give a run that has not begun the state of the longest of some that it extends, of those that have ended."""
    if plan.out.exists():
        return
    for other in sorted(shorter, key=lambda run: run.setting.steps, reverse=True):
        ended = dataclasses.replace(plan, out=runs / other.name, steps=other.setting.steps)
        if _is_trained(ended) and (ended.out / STATE).exists():
            with whole_folder(plan.out, overwrite=False) as part:
                for name in (CONFIG, STATE):
                    shutil.copyfile(ended.out / name, part / name)
            return


def _train(plan: Plan, data_dir: Path | None, report: Report) -> str | None:
    """Train to the end, unless that is done; what broke training down, if that is how it ended."""
    if _is_trained(plan):
        return None
    images = load_images(plan.entry.dataset, data_dir)
    try:
        train(plan, images, resume=(plan.out / CONFIG).exists(), report=report)
    except DivergedError as error:
        return str(error).partition(";")[0] + "."  # what follows is advice to who would train it anew
    except StoppedError:
        raise StoppedError("Stopped, and the state is saved: the same command goes on.") from None
    return None


def _is_trained(plan: Plan) -> bool:
    """Whether a run has ended, whose state was then removed, and only its result is missing."""
    if not (plan.out / SUMS).exists():
        return False
    done = read_config(Folder(plan.out)).training.get("steps")
    return done == plan.steps


def _leave(run: Run, plan: Plan, results: Path, problem: str | None, data_dir: Path | None, settings: Settings) -> Path:
    """Measure what was trained, and write the result."""
    config = read_config(Folder(plan.out))
    described = {
        "run": run.name,
        "seed": run.seed,
        "steps": run.setting.steps,
        "entry": run.setting.entry.to_json(),
        "parameters": _parameters(run.setting.entry),
        "training": dict(config.training),
        "versions": dict(config.versions or versions_here()),
        "problem": problem,
    }
    # Of one that broke down before it was saved there are no losses.
    history = read_rows(plan.out / HISTORY) if (plan.out / HISTORY).is_file() else []
    if problem is not None:
        return write_result(results, described, None, history, {})
    model = Model.of_folder(Folder(plan.out)).to(plan.device)
    measurement = evaluate(model, settings, data_dir)
    measurement = dataclasses.replace(measurement, others={SHARPNESS: sharpness(model, data_dir)})
    return write_result(results, described, measurement, history, _pictures(plan, model))


def _pictures(plan: Plan, model: Model) -> dict[str, bytes]:
    """Samples of seed 0, and of the first seed's run fixed latents in the course of training, too.

    There are hundreds of runs, so fewer of each are kept than a checkpoint folder shows.
    """
    channels, _, side = plan.entry.dataset.shape
    columns = _COLUMNS[channels]
    found = {SAMPLES: _png(make_grid(model.sample(_ROWS * columns, seed=0), nrow=columns))}
    if plan.seed == SEEDS[0] and (plan.out / PROGRESS).is_file():
        with Image.open(plan.out / PROGRESS) as picture:
            found[PROGRESS] = _png(picture.crop((0, 0, columns * (side + PADDING) - PADDING, picture.height)))
    return found


def _parameters(entry: Entry) -> dict[str, int]:
    return {name: count_parameters(net) for name, net in build(entry).items()}


def _png(picture: Image.Image) -> bytes:
    """A picture as a file, in 256 colours, which an image of noise takes a third of the room in."""
    if picture.mode == "RGB":
        picture = picture.quantize(256)
    buffer = io.BytesIO()
    picture.save(buffer, "png", optimize=True)
    return buffer.getvalue()
