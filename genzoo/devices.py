"""Where a model runs."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from typing import Any

import torch

from genzoo.errors import UsageError


def find_device(device: str | int | torch.device | None) -> torch.device:
    """The device of a name; `auto` takes the machine's accelerator, where there is one.

    Raises:
        UsageError: for a name that torch does not know or a device that is not there.
    """
    if device == "auto":
        if torch.cuda.is_available():
            return torch.device("cuda")
        return torch.device("mps" if torch.backends.mps.is_available() else "cpu")
    try:
        found = torch.device("cpu" if device is None else device)
        if found.type != "cpu":
            torch.zeros(1, device=found).tolist()  # which a device that holds no numbers, meta, cannot give back
    except (RuntimeError, AssertionError, ImportError, TypeError, UserWarning):  # as torch says it of one or another
        raise UsageError(f"The device {str(device)!r} is not on this machine: cpu always is.") from None
    return found


_CUDNN = threading.RLock()
"""Its settings are the whole process's."""


@contextlib.contextmanager
def full_float32(device: torch.device, cudnn: bool = True) -> Iterator[None]:
    """No TF32 on an NVIDIA GPU: samples of one seed must agree between devices.

    Args:
        device: where the net runs; elsewhere than on such a GPU nothing is done.
        cudnn: whether its kernels are used at all.  Those of an LSTM have no backward pass in evaluation mode.
    """
    if device.type != "cuda":
        yield
        return
    settings: Any = torch.backends.cudnn
    with _CUDNN:
        try:
            places: list[tuple[Any, str, object, object]] = [(settings, "allow_tf32", settings.allow_tf32, False)]
        except RuntimeError:  # set by torch's newer names for it, beside which the older cannot be read
            places = [(settings.conv, "fp32_precision", settings.conv.fp32_precision, "ieee")]
        places.append((settings, "enabled", settings.enabled, settings.enabled and cudnn))
        try:
            for owner, name, _, value in places:
                setattr(owner, name, value)
            yield
        finally:
            for owner, name, before, _ in places:
                setattr(owner, name, before)
