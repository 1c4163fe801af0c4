"""The whole state of a run in one safetensors file: nothing pickled, written in one atomic step."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.optim import Adam, Optimizer

from genzoo.checkpoint.layout import STATE as STATE
from genzoo.checkpoint.strict import parse_json
from genzoo.checkpoint.tensors import read_tensors, write_tensors
from genzoo.errors import BadCheckpointError, DivergedError, brief

_JSON = "json"
_PLAIN = ("step", "seconds", "measuring", "history", "sums", "evaluations")
"""Fields of a record that are plain JSON values."""


class Average:
    """The exponential moving average of nets, which is sampled and shipped; buffers are copied.

    `torch.optim.swa_utils.AveragedModel` does the same, but walks the modules at every step, which
    takes a tenth of a small net's step; here the tensors are listed once.
    """

    def __init__(self, nets: nn.ModuleDict, decay: float) -> None:
        self.decay = decay
        self.nets: nn.ModuleDict = copy.deepcopy(nets).requires_grad_(False)
        self._parameters = _detached(self.nets.parameters()), _detached(nets.parameters())
        self._buffers = _detached(self.nets.buffers()), _detached(nets.buffers())

    @torch.no_grad()
    def update(self, step: int) -> None:
        """Take in the nets' parameters after `step` earlier updates.

        The decay grows from 0.1 to its value, so that the average forgets the first steps; the first
        update copies.
        """
        averaged, current = self._parameters
        warm = min(self.decay, (1 + step) / (10 + step)) if step else 0.0
        torch._foreach_lerp_(averaged, current, 1 - warm)
        if self._buffers[0]:
            torch._foreach_copy_(*self._buffers)


def _detached(tensors: Iterable[Tensor]) -> list[Tensor]:
    # Detached tensors share memory with the net's own, which optimizers change in place.
    return [tensor.detach() for tensor in tensors]


@dataclass
class Record:
    """The state of a run besides its nets and optimizers.

    Data order, noise and dropout are functions of (seed, step), so `step` alone gives the position
    in the data and the state of every random generator.

    Attributes:
        step: steps that are done.
        seconds: the time they took, with what was measured between them.
        measuring: how much of it went into measuring.
        history: the loss curves: the step, and the mean of each loss since the row before.
        sums: sums of the losses since the last row.
        progress: rows of images of fixed latents in the course of training, uint8 (n, h, w, c).
        evaluations: the measures of the averaged nets, with the step of each.
        best: the tensors to ship of the best evaluation, `generator.*`, `encoder.*`, `discriminator.*`;
            empty without one.
    """

    step: int = 0
    seconds: float = 0.0
    measuring: float = 0.0
    history: list[dict[str, float]] = field(default_factory=list)
    sums: dict[str, float] = field(default_factory=dict)
    progress: list[Tensor] = field(default_factory=list)
    evaluations: list[dict[str, float]] = field(default_factory=list)
    best: dict[str, Tensor] = field(default_factory=dict)


@dataclass
class State:
    """Nets, their average, optimizers by phase, and the record."""

    nets: nn.ModuleDict
    average: Average
    optimizers: dict[str, Optimizer]
    record: Record = field(default_factory=Record)

    def _modules(self) -> dict[str, nn.Module]:
        return {"nets": self.nets, "average": self.average.nets}

    def save(self, path: Path) -> None:
        """Write everything to one file, in one step.

        Raises:
            TrainingError: for a weight or an optimizer's value that is not finite; the file is left as it was.
            GenzooError: when the file cannot be written; likewise.
        """
        tensors = {
            f"{kind}.{name}": tensor
            for kind, module in self._modules().items()
            for name, tensor in module.state_dict().items()
        }
        for phase, optimizer in self.optimizers.items():
            for index, values in optimizer.state_dict()["state"].items():
                tensors |= {f"optimizer.{phase}.{index}.{key}": torch.as_tensor(v) for key, v in values.items()}
        tensors |= {f"progress.{i}": row for i, row in enumerate(self.record.progress)}
        tensors |= {f"best.{name}": tensor for name, tensor in self.record.best.items()}
        refuse_not_finite(tensors, self.record.step)
        plain = {key: getattr(self.record, key) for key in _PLAIN}
        tensors[_JSON] = torch.from_numpy(
            np.frombuffer(json.dumps(plain, allow_nan=False).encode(), dtype=np.uint8).copy()
        )
        write_tensors(path, tensors)

    def load(self, path: Path) -> None:
        """Take over everything that `save` wrote; `record` becomes another object.

        Raises:
            BadCheckpointError: for a file that is damaged or of other nets.
        """
        tensors = read_tensors(path)
        try:
            plain = parse_json(tensors.pop(_JSON).numpy().tobytes())
            for kind, module in self._modules().items():
                module.load_state_dict(_below(tensors, kind))
            for phase, optimizer in self.optimizers.items():
                slots: dict[int, dict[str, Any]] = {}
                for name, value in _below(tensors, f"optimizer.{phase}").items():
                    index, key = name.split(".", 1)
                    slots.setdefault(int(index), {})[key] = value.clone()
                _check_slots(optimizer, slots)
                _lay_out(optimizer, slots)
                optimizer.load_state_dict({"state": slots, "param_groups": optimizer.state_dict()["param_groups"]})
            rows = _below(tensors, "progress")
            progress = [rows[str(i)].clone() for i in range(len(rows))]
            best = {name: tensor.clone() for name, tensor in _below(tensors, "best").items()}
            self.record = Record(**plain, progress=progress, best=best)
            _check_record(self.record)
        except (LookupError, ValueError, TypeError, AttributeError, RuntimeError) as error:
            reason = brief(str(error))[1:-1]
            raise BadCheckpointError(f"{path} is not the state of this run ({reason}): train it anew.") from None


def _below(tensors: dict[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {name.removeprefix(f"{prefix}."): t for name, t in tensors.items() if name.startswith(f"{prefix}.")}


def _check_slots(optimizer: Optimizer, slots: dict[int, dict[str, Any]]) -> None:
    """Raise ValueError for state that does not fit an optimizer's parameters."""
    parameters = _parameters(optimizer)
    keys = {"step", "exp_avg", "exp_avg_sq"} if isinstance(optimizer, Adam) else {"step", "square_avg"}
    for index, values in slots.items():
        if set(values) != keys or not 0 <= index < len(parameters):
            raise ValueError(f"its optimizer has {sorted(values)} for parameter {index}")
        for key, value in values.items():
            if value.shape != (() if key == "step" else parameters[index].shape) or not value.is_floating_point():
                raise ValueError(f"its optimizer's {key} of parameter {index} is of another shape or type")


def _lay_out(optimizer: Optimizer, slots: dict[int, dict[str, Any]]) -> None:
    """Give values the memory format of their parameters, since a fused optimizer pairs their elements by address."""
    parameters = _parameters(optimizer)
    for index, values in slots.items():
        for key, value in values.items():
            if key != "step":
                values[key] = torch.empty_like(parameters[index], dtype=value.dtype).copy_(value)


def _parameters(optimizer: Optimizer) -> list[nn.Parameter]:
    return [parameter for group in optimizer.param_groups for parameter in group["params"]]


def _check_record(record: Record) -> None:
    """Raise ValueError for a record of wrong types."""
    times = record.seconds, record.measuring
    if type(record.step) is not int or record.step < 0 or not all(isinstance(value, float) for value in times):
        raise ValueError("its step or its time is no number")
    rows = [*record.history, *record.evaluations, record.sums]
    if not all(isinstance(value, int | float) for row in rows for value in row.values()):
        raise ValueError("its history holds more than numbers")
    if not all(row.dtype == torch.uint8 and row.shape == record.progress[0].shape for row in record.progress):
        raise ValueError("its pictures are no pictures")


def refuse_not_finite(tensors: dict[str, Tensor], step: int) -> None:
    """Raise `TrainingError` naming the first tensor that holds NaN or infinity, and the step."""
    for name, tensor in tensors.items():
        if tensor.is_floating_point() and not bool(tensor.isfinite().all()):
            raise broke_down(f"{name} is not finite at step {step}")


def broke_down(problem: str) -> DivergedError:
    """The error that ends a run whose values are no longer finite; `problem` names them."""
    return DivergedError(
        f"Training broke down: {problem}; the last good state is kept, "
        "begin anew in another --out with a lower --lr or another --seed."
    )
