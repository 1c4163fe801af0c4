"""What Windows and POSIX systems have each in their own way: this is the one module that asks which of them it is."""

from __future__ import annotations

import contextlib
import errno
import importlib
import os
import signal
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path
    from subprocess import Popen

WINDOWS = os.name == "nt"

STOP_SIGNALS = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGBREAK") if hasattr(signal, name))
"""What asks a process to end; SIGBREAK is Windows' own, and the one that a process can send there."""

_RESERVED = (
    r"(?is)(con|prn|aux|nul|conin\$|conout\$|(com|lpt)[1-9\u00b9\u00b2\u00b3])[ ]*(\..*)?"
    r'|.*[<>:"|?*\x00-\x1f].*|.*[ .]'
)
"""Names of devices, whatever their ending, signs that no name may have, and ends that Windows drops."""

_REPLACE_SECONDS = 2.0
_CONTENDED = (errno.EACCES, errno.EAGAIN, errno.EDEADLK)


def is_reserved(name: str) -> bool:
    """Whether a file of this name cannot be here: on Windows `nul.png` is a device, and `out.` becomes `out`."""
    import re

    return WINDOWS and re.fullmatch(_RESERVED, name) is not None


def sync(path: Path) -> None:
    """Have the system write a file (or a folder's list of files) through to the disk."""
    if WINDOWS and path.is_dir():
        return  # which cannot be opened there; its changes are written through with the file system's journal
    # Windows writes through what was opened for writing.
    descriptor = os.open(path, os.O_RDWR if WINDOWS else os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def replace(part: Path, path: Path) -> None:
    """Give a file its name in one step, also where another file has it."""
    give_up = time.monotonic() + _REPLACE_SECONDS
    while WINDOWS and time.monotonic() < give_up:
        # A file that somebody reads, a virus scanner say, cannot be replaced there until that is done.
        with contextlib.suppress(PermissionError):
            part.replace(path)
            return
        time.sleep(0.05)
    part.replace(path)


@contextlib.contextmanager
def lock(path: Path) -> Iterator[bool]:
    """Hold the lock of a file for as long as the block runs; the system ends it with the process, however that ends.

    The file is made for it, and removed again by who holds the lock.

    Yields:
        Whether it is held: False where another process, or this one, holds it.  A file system that has no locks
        keeps nobody out.

    Raises:
        OSError: when the file cannot be made.
    """
    descriptor, held = _take(path)
    try:
        yield held
    finally:
        if held and not WINDOWS:
            _remove(path)  # before the lock ends, so that it is not another's by then
        os.close(descriptor)
        if held and WINDOWS:
            _remove(path)  # which cannot be done there while anybody has it open


def _take(path: Path) -> tuple[int, bool]:
    while True:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
        held = _try_lock(descriptor)
        if WINDOWS or not held or _is_at(descriptor, path):
            return descriptor, held
        os.close(descriptor)  # of a file that its last holder has removed meanwhile


def _remove(path: Path) -> None:
    with contextlib.suppress(OSError):
        path.unlink()


def _try_lock(descriptor: int) -> bool:
    try:
        if WINDOWS:
            msvcrt: Any = importlib.import_module("msvcrt")
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        return error.errno not in _CONTENDED
    return True


def _is_at(descriptor: int, path: Path) -> bool:
    """Whether an open file is the one that has this name."""
    try:
        return os.path.samestat(os.fstat(descriptor), os.stat(path))
    except FileNotFoundError:
        return False


def start(command: list[str], **options: Any) -> Popen[str]:
    """Start a process of text that `ask_to_end` can ask to end."""
    import subprocess

    # On Windows one that is alone in its group can be sent a signal; POSIX's can be sent one as they are.
    flags = getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0) if WINDOWS else 0
    return subprocess.Popen(command, text=True, errors="backslashreplace", creationflags=flags, **options)


def ask_to_end(child: Popen[str]) -> None:
    """Send a process that was begun by `start` a signal that lets it save what it has."""
    if WINDOWS:
        child.send_signal(getattr(signal, "CTRL_BREAK_EVENT"))  # noqa: B009  # other systems' `signal` lacks it
    else:
        child.terminate()
