"""Settings of a process that trains: freed memory is kept, denormal numbers are zero; and errors of full memory."""

from __future__ import annotations

import contextlib
import ctypes
import platform
from collections.abc import Iterator

from genzoo.errors import GenzooError, UsageError

_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3  # glibc's malloc.h
_LARGEST_ON_HEAP = 32 * 2**20
"""The most that glibc takes as a threshold for mmap."""
_KEPT = 512 * 2**20


def prepare_process() -> None:
    """Set this process up for training, which only genzoo's own command does.

    Call it before any work with tensors: torch's threads keep the settings they began with.
    """
    import numpy as np
    import torch

    keep_freed_memory()
    # NumPy before 2.4 looks for the smallest numbers when it is first asked for a type's limits, and warns of none.
    for kind in (np.float32, np.float64):
        np.finfo(kind)
    # Numbers below 1e-38, as a still weight's moments become, would take a processor many times as long as others.
    torch.set_flush_denormal(True)


def keep_freed_memory() -> bool:
    """Have glibc keep up to half a gigabyte of freed memory for the next request.

    By default it returns large blocks to the system at once, and each step of a small net spends as
    long on having the same pages mapped and zeroed again as on its arithmetic.

    Returns:
        Whether the setting was taken; other C libraries have none.
    """
    if platform.libc_ver()[0] != "glibc":
        return False
    mallopt = ctypes.CDLL(None).mallopt
    return bool(mallopt(_M_MMAP_THRESHOLD, _LARGEST_ON_HEAP) and mallopt(_M_TRIM_THRESHOLD, _KEPT))


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an error, or one in its context, says that the memory of a processor or a GPU is full."""
    # torch's own kind is known by its name, so that torch is not imported to tell that it was not at work.
    if isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError":
        return True
    # For a processor's memory torch has no type of its own, nor for more bytes than it can count; nor ONNX Runtime.
    told = ("allocate memory", "Storage size calculation overflowed", "bad allocation", "bad_alloc")
    if isinstance(error, RuntimeError) and any(words in str(error) for words in told):
        return True
    return error.__context__ is not None and is_out_of_memory(error.__context__)


@contextlib.contextmanager
def clear_memory_errors(
    what: str, way_out: str, than: str = "than there is", kind: type[GenzooError] = UsageError
) -> Iterator[None]:
    """Turn an error that says that memory is full into one sentence: that `what` takes more `than`, and the way out.

    Raises:
        GenzooError: of that kind.
    """
    try:
        yield
    except (MemoryError, RuntimeError) as error:
        if not is_out_of_memory(error):
            raise
        raise kind(f"{what} more {than}: {way_out}.") from None
