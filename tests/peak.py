"""The most memory that this process has held, as Linux tells it.

`getrusage` tells another thing: after exec its peak begins with what the process that started this one had held.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

on_posix = pytest.mark.skipif(os.name == "nt", reason="Windows has no such signals, limits, pipes or links")
on_linux = pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a process's memory this way")


def forget_peak() -> None:
    """Begin anew with what is held now."""
    Path("/proc/self/clear_refs").write_text("5")


def peak_memory() -> int:
    """The peak, in bytes."""
    status = Path("/proc/self/status").read_text().splitlines()
    (line,) = (line for line in status if line.startswith("VmHWM:"))
    return 1024 * int(line.split()[1])
