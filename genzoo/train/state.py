"""The whole state of a run in one safetensors file: nothing pickled, written in one atomic step."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.optim import Optimizer
from torch.optim.swa_utils import AveragedModel

from genzoo.errors import BadCheckpointError, TrainingError
from genzoo.weights import read_tensors, write_tensors

STATE = "state.safetensors"
_JSON = "json"


@dataclass
class Record:
    """What a run has to remember besides its nets and optimizers.

    Data order, noise and dropout are functions of (seed, step), so `step` alone gives the position
    in the data and the state of every random generator.
    """

    step: int = 0
    seconds: float = 0.0
    history: list[dict[str, float]] = field(default_factory=list)
    sums: dict[str, float] = field(default_factory=dict)
    """Losses of the history's unfinished row."""
    progress: list[Tensor] = field(default_factory=list)
    """Rows of images of fixed latents, uint8 (n, h, w, c), as training went on."""


@dataclass
class State:
    """Nets, their average, optimizers by phase, and the record."""

    nets: nn.ModuleDict
    average: AveragedModel
    optimizers: dict[str, Optimizer]
    record: Record = field(default_factory=Record)

    def _modules(self) -> dict[str, nn.Module]:
        return {"nets": self.nets, "average": self.average}

    def save(self, path: Path) -> None:
        """Write everything to one file, in one step.

        Raises:
            TrainingError: for a weight that is not finite; the file is left as it was.
            GenzooError: when the file cannot be written; likewise.
        """
        tensors = {
            f"{kind}.{name}": tensor
            for kind, module in self._modules().items()
            for name, tensor in module.state_dict().items()
        }
        refuse_not_finite(tensors, self.record.step)
        for phase, optimizer in self.optimizers.items():
            for index, values in optimizer.state_dict()["state"].items():
                tensors |= {f"optimizer.{phase}.{index}.{key}": torch.as_tensor(v) for key, v in values.items()}
        tensors |= {f"progress.{i}": row for i, row in enumerate(self.record.progress)}
        plain = {key: getattr(self.record, key) for key in ("step", "seconds", "history", "sums")}
        tensors[_JSON] = torch.from_numpy(np.frombuffer(json.dumps(plain).encode(), dtype=np.uint8).copy())
        write_tensors(path, tensors)

    def load(self, path: Path) -> None:
        """Take over everything that `save` wrote.

        Raises:
            BadCheckpointError: for a file that is damaged or of other nets.
        """
        tensors = read_tensors(path)
        try:
            plain = json.loads(tensors.pop(_JSON).numpy().tobytes())
            for kind, module in self._modules().items():
                module.load_state_dict(_below(tensors, kind))
            for phase, optimizer in self.optimizers.items():
                slots: dict[int, dict[str, Any]] = {}
                for name, value in _below(tensors, f"optimizer.{phase}").items():
                    index, key = name.split(".", 1)
                    slots.setdefault(int(index), {})[key] = value.clone()
                optimizer.load_state_dict({"state": slots, "param_groups": optimizer.state_dict()["param_groups"]})
            rows = _below(tensors, "progress")
            progress = [rows[str(i)].clone() for i in range(len(rows))]
            self.record = Record(**plain, progress=progress)
        except (KeyError, ValueError, TypeError, RuntimeError) as error:
            raise BadCheckpointError(f"{path} is not the state of this run ({error}): train it anew.") from None


def _below(tensors: dict[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {name.removeprefix(f"{prefix}."): t for name, t in tensors.items() if name.startswith(f"{prefix}.")}


def refuse_not_finite(tensors: dict[str, Tensor], step: int) -> None:
    """Raise `TrainingError` naming the first tensor that holds NaN or infinity, and the step."""
    for name, tensor in tensors.items():
        if tensor.is_floating_point() and not bool(tensor.isfinite().all()):
            raise TrainingError(
                f"Training broke down: {name} is not finite at step {step}; the last good state is kept, "
                "begin anew in another --out with a lower --lr or another --seed."
            )
