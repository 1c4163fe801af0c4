"""What commands say, and how wide the place is that they say it in."""

from __future__ import annotations

import os
import sys

import click


def terminal_width() -> int | None:
    """The columns of the terminal that stdout is; None where it is none, and nothing is made to fit."""
    if not _is_terminal():
        return None
    import shutil

    return shutil.get_terminal_size().columns


def wrote(path: str | os.PathLike[str], words: str = "", *, data: bool = False) -> None:
    """Say on stderr what was written.

    Args:
        path: of the file or folder.
        words: more of it.
        data: its path goes to stdout, too, for the next command; but not to a terminal, which has it already.
    """
    click.echo(f"Wrote {os.fspath(path)}{words}", err=True)
    if data and not _is_terminal():
        click.echo(os.fspath(path))


def opened(target: str) -> bool:
    """Whether this system's viewer or browser was begun with a file's path, or an address.

    Where Linux has no display, `xdg-open` would look for browsers of the terminal, and list those that are missing.
    """
    if sys.platform.startswith("linux") and not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
        return False
    return click.launch(target) == 0


def _is_terminal() -> bool:
    return sys.stdout is not None and sys.stdout.isatty()  # it is None where it was closed before
