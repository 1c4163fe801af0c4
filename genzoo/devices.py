"""Where a model runs."""

from __future__ import annotations

from contextlib import AbstractContextManager

import torch

from genzoo.errors import UsageError


def find_device(device: str | torch.device | None) -> torch.device:
    """The device of a name; `auto` takes the machine's accelerator, where there is one.

    Raises:
        UsageError: for a name that torch does not know or a device that is not there.
    """
    if device == "auto":
        if torch.cuda.is_available():
            return torch.device("cuda")
        return torch.device("mps" if torch.backends.mps.is_available() else "cpu")
    try:
        found = torch.device(device or "cpu")
        if found.type != "cpu":
            torch.zeros(1, device=found)
    except (RuntimeError, AssertionError, NotImplementedError):
        raise UsageError(f"The device {str(device)!r} is not on this machine: cpu always is.") from None
    return found


def full_float32() -> AbstractContextManager[None]:
    """No TF32 in convolutions: samples of one seed must agree between devices."""
    return torch.backends.cudnn.flags(allow_tf32=False)
