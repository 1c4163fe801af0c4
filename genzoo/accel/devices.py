"""Where a model runs, and what a processor has in bfloat16."""

from __future__ import annotations

import contextlib
import functools
import os
import threading
from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import nn

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


_LAYERS: dict[type[nn.Module], tuple[Callable[[], nn.Module], tuple[int, ...]]] = {
    nn.Linear: (lambda: nn.Linear(2, 2), (2, 2)),
    nn.Conv2d: (lambda: nn.Conv2d(2, 2, 3, 2, 1), (2, 2, 4, 4)),
    nn.ConvTranspose2d: (lambda: nn.ConvTranspose2d(2, 2, 4, 2, 1), (2, 2, 4, 4)),
    nn.LSTM: (lambda: nn.LSTM(2, 2, batch_first=True), (2, 3, 2)),
}
"""A small layer of each kind, and the shape of what it takes."""

_SLOW_CAPS = ("avx512_core", "avx512_core_vnni")
"""oneDNN's instruction sets that have bfloat16 by way of float32 alone; of those below torch tells that itself."""


@functools.cache
def runs_under_autocast(kind: type[nn.Module], dtype: torch.dtype = torch.bfloat16) -> bool:
    """Whether a layer goes forward and backward on this machine's processor under autocast to a type.

    It is found out by running a small one: torch offers bfloat16 on any processor, and on one without AVX-512 an
    LSTM then ends in an error of oneDNN's.  The caller's random generator is left alone.
    """
    make, shape = _LAYERS[kind]
    with (
        torch.random.fork_rng(devices=[]),
        torch.device("cpu"),
        torch.inference_mode(False),
        torch.enable_grad(),
        torch.autocast("cpu", dtype),
    ):
        try:
            found = make().float()(torch.ones(shape, dtype=torch.float32))
            (found[0] if isinstance(found, tuple) else found).float().sum().backward()
        except RuntimeError:
            return False
    return True


def has_bfloat16(device: torch.device) -> bool:
    """Whether nets train in bfloat16 on a device at all, however slowly; LSTM layers may be left in float32."""
    if device.type == "cpu":
        return all(runs_under_autocast(kind) for kind in (nn.Linear, nn.Conv2d, nn.ConvTranspose2d))
    return has_fast_bfloat16(device)


def has_fast_bfloat16(device: torch.device) -> bool:
    """Whether a device multiplies bfloat16 in hardware, and torch's libraries are allowed to use that.

    `ONEDNN_MAX_CPU_ISA` keeps oneDNN from instructions that the processor has.
    """
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    if device.type != "cpu" or not torch.backends.mkldnn.is_available():  # type: ignore[no-untyped-call]
        return False
    cap = os.environ.get("ONEDNN_MAX_CPU_ISA") or os.environ.get("DNNL_MAX_CPU_ISA") or ""
    allowed = torch.ops.mkldnn._is_mkldnn_bf16_supported() and cap.lower() not in _SLOW_CAPS
    checks = ("_is_avx512_bf16_supported", "_is_amx_tile_supported")
    return allowed and any(getattr(torch.cpu, check, lambda: False)() for check in checks)


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
