"""How the C library's allocator treats the memory that a training step takes and gives back."""

from __future__ import annotations

import ctypes
import platform

_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3  # glibc's malloc.h
_LARGEST_ON_HEAP = 32 * 2**20
"""The most that glibc takes as a threshold for mmap."""
_KEPT = 512 * 2**20


def keep_freed_memory() -> bool:
    """Have glibc keep freed memory for the next request, up to half a gigabyte of it.

    By default it returns large blocks to the system at once, and each step of a small net spends as
    long on having the same pages mapped and zeroed again as on its arithmetic.

    Returns:
        Whether the setting was taken; other C libraries have none.
    """
    if platform.libc_ver()[0] != "glibc":
        return False
    mallopt = ctypes.CDLL(None).mallopt
    return bool(mallopt(_M_MMAP_THRESHOLD, _LARGEST_ON_HEAP) and mallopt(_M_TRIM_THRESHOLD, _KEPT))
