"""The plan of a run: all that decides its weights, and its length."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import torch

from genzoo.accel.devices import has_bfloat16, has_fast_bfloat16
from genzoo.checkpoint.config import read_config
from genzoo.checkpoint.files import sha256
from genzoo.checkpoint.folder import Folder
from genzoo.checkpoint.layout import DISCRIMINATOR, MODEL
from genzoo.data import ImageData
from genzoo.errors import TrainingError, UsageError
from genzoo.zoo.spec import Entry, Recipe

Precision = Literal["auto", "fp32", "bf16"]
HISTORY_POINTS = 2000
"""The most points that a run keeps of a loss curve."""


@dataclass(frozen=True)
class Plan:
    """A training run.

    Attributes:
        entry: the architecture and recipe.
        out: the run's folder.
        steps: generator (or VAE) updates in all.
        minutes: a limit on the time this process trains, if any.
        seed: of weights, data order and noise.
        device: where it runs.
        precision: `fp32` or `bf16`, as `choose_precision` settled it.
        save_minutes: time between two saved states.
        parent: the checkpoint folder whose weights the run begins with, if any.
        tensorboard: also log the losses for TensorBoard, in the run's folder.
        evaluations: how often the averaged nets are measured on the training set, at equal intervals, each time
            in full; the best state ships.  With 0 the last one does.  None stands for as often, and with as many
            images, as a twentieth of the run's time allows; see `genzoo.train.schedule`.
        snapshot_every: epochs between two pictures that the run keeps in `snapshots/`, if it keeps any; they decide
            nothing of its weights, so a run may be resumed with another number.
    """

    entry: Entry
    out: Path
    steps: int
    seed: int
    device: torch.device
    precision: Literal["fp32", "bf16"]
    minutes: float | None = None
    save_minutes: float = 5.0
    parent: Folder | None = None
    tensorboard: bool = False
    evaluations: int | None = None
    snapshot_every: int | None = None

    @property
    def log_every(self) -> int:
        """The number of steps that a row of the history is the mean of."""
        return max(1, -(-self.steps // HISTORY_POINTS))

    def settings(self, data: ImageData, processes: int) -> dict[str, Any]:
        """The settings that decide a run's weights, as plain JSON values; `config.json` keeps them."""
        return {
            **({"schedule_steps": self.steps} if self.entry.recipe.lr_schedule == "linear" else {}),
            "seed": self.seed,
            "precision": self.precision,
            "device": self.device.type,
            "processes": processes,
            "data": {"name": data.dataset.name, "images": len(data), "sha256": data.sha256},
        }

    def parentage(self) -> dict[str, Any] | None:
        """The parent's name and the hashes of its weights; kept in `config.json`.

        Raises:
            BadCheckpointError: for a parent that lacks a file.
        """
        if self.parent is None:
            return None
        files = [MODEL] if self.entry.is_vae else [MODEL, DISCRIMINATOR]
        hashes = {name: sha256(self.parent.file(name)) for name in files}
        return {"name": read_config(self.parent).entry.name, "sha256": hashes}


def refuse_batch(recipe: Recipe, images: int, processes: int = 1) -> None:
    """Raise `TrainingError` for a batch that is larger than the data or cannot be split among processes."""
    if recipe.batch_size > images:
        raise TrainingError(
            f"A batch of {recipe.batch_size} is larger than the data, which has {images} images: "
            "lower it with --batch-size."
        )
    if recipe.batch_size % processes:
        raise TrainingError(f"A batch of {recipe.batch_size} cannot be split among {processes} processes.")


def steps_of(entry: Entry, images: int, epochs: int | None = None) -> int:
    """Steps in a number of epochs (the recipe's unless told otherwise), counted in the discriminator's images.

    Raises:
        TrainingError: when a batch is larger than the data.
    """
    recipe = entry.recipe
    refuse_batch(recipe, images)
    batches = (images // recipe.batch_size) * (recipe.epochs if epochs is None else epochs)
    return max(1, batches // recipe.n_critic)


def epochs_in(entry: Entry, images: int, steps: int) -> int:
    """The epochs that have ended after a number of steps: the most of which `steps_of` gives no more."""
    recipe = entry.recipe
    batches = images // recipe.batch_size
    return (recipe.n_critic * (steps + 1) - 1) // batches if steps else 0


def epoch_due(plan: Plan, images: int, step: int) -> int | None:
    """The epoch that ends with a step and of which the plan wants a snapshot; None where there is none.

    Where a step takes the images of several epochs, the last of them counts.
    """
    if plan.snapshot_every is None:
        return None
    before, now = (epochs_in(plan.entry, images, one) // plan.snapshot_every for one in (step - 1, step))
    return now * plan.snapshot_every if now > before else None


def choose_precision(wanted: Precision, device: torch.device) -> Literal["fp32", "bf16"]:
    """`auto` is bfloat16 where the device multiplies it in hardware, else float32.

    A net in bfloat16 keeps those layers in float32 that the processor has in nothing less, which an LSTM's can be.

    Raises:
        UsageError: for bfloat16 on a device that lacks it altogether.
    """
    if wanted == "fp32":
        return "fp32"
    if wanted == "bf16" and not has_bfloat16(device):
        raise UsageError(f"{device} has no bfloat16: train with --precision fp32.")
    return "bf16" if wanted == "bf16" or has_fast_bfloat16(device) else "fp32"


def refuse_other_settings(wanted: Mapping[str, Any], found: Mapping[str, Any], where: Path) -> None:
    """Raise `TrainingError` with the differences unless the settings found in a folder are those of the run wanted."""
    if differences := _differences(json.loads(json.dumps(wanted)), dict(found), ""):
        raise TrainingError(
            f"{where} was trained otherwise ({'; '.join(differences)}): "
            "resume with its own settings or name another --out."
        )


def _differences(wanted: Any, found: Any, name: str) -> list[str]:
    if isinstance(wanted, dict) and isinstance(found, dict):
        keys = sorted(set(wanted) | set(found))
        return [d for key in keys for d in _differences(wanted.get(key), found.get(key), f"{name}.{key}".lstrip("."))]
    return [] if wanted == found else [f"{name} is {found!r} there and {wanted!r} here"]
