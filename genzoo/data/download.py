"""A place for other libraries' downloaders: silent, with a timeout, and apart from finished files."""

from __future__ import annotations

import contextlib
import http.client
import io
import re
import socket
import tarfile
import tempfile
import warnings
import zlib
from collections.abc import Iterator
from pathlib import Path

DOWNLOAD_ERRORS = (OSError, RuntimeError, ValueError, EOFError, http.client.HTTPException, tarfile.TarError, zlib.error)
"""The errors that downloading or unpacking can raise."""

_PATIENCE = 15.0
"""Seconds without a byte after which a connection counts as dead; Python by itself waits for ever."""


@contextlib.contextmanager
def downloading(root: Path, name: str) -> Iterator[Path]:
    """A private folder in `root` to download to, removed in the end.

    Only whole files are to be moved out of it, so that neither a failed download nor a second process leaves half
    a file.  Within the block nothing is printed to stdout, no warning is shown, and a dead network raises in seconds.
    """
    root.mkdir(parents=True, exist_ok=True)
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(_PATIENCE if before is None else before)
    try:
        with (
            tempfile.TemporaryDirectory(prefix=f".{name}.", suffix=".part", dir=root) as part,
            contextlib.redirect_stdout(io.StringIO()),
            warnings.catch_warnings(),
        ):
            warnings.simplefilter("ignore")
            yield Path(part)
    finally:
        socket.setdefaulttimeout(before)


def reason(error: BaseException) -> str:
    """Why a download failed, in a few words."""
    if isinstance(error, OSError) and error.strerror:
        return error.strerror.lower()
    lines = str(error).strip().splitlines() or [type(error).__name__]
    wrapped = re.fullmatch(r"<urlopen error (?:\[Errno -?\d+\] )?(.+)>", lines[-1].strip())
    return wrapped[1].lower() if wrapped else lines[-1].strip().rstrip(".")
