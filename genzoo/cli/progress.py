"""Progress bars, on stderr."""

from __future__ import annotations

import contextlib
import os
import sys
import time
from collections.abc import Callable, Iterator

_SECONDS_BETWEEN_LINES = 30.0
_OF_RICH = {"FORCE_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE"}
"""Settings by which rich takes what is no terminal for one, or the other way round."""


@contextlib.contextmanager
def progress_bar(what: str, total: int) -> Iterator[Callable[[int, str], None]]:
    """A progress bar: yields a function of (done, words) that moves it to `done` of `total`.

    Where stderr is no terminal, a line now and then takes its place.
    """
    if not (sys.stderr.isatty() or _OF_RICH & os.environ.keys()):  # rich takes longer to import than small nets to run
        yield _lines(sys.stderr.write, what, total)
        return
    from rich.console import Console

    console = Console(stderr=True)
    if not console.is_terminal:
        yield _lines(console.file.write, what, total)
        return
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[words]}"),
    )
    with Progress(*columns, console=console) as progress:
        task = progress.add_task(what, total=total, words="")
        yield lambda done, words: progress.update(task, completed=done, words=words)


def percent(move: Callable[[int, str], object]) -> Callable[[int, int, str], None]:
    """A function of (done, total, words) that moves a bar of 100."""

    def report(done: int, total: int, words: str) -> None:
        move(100 * done // total, words)

    return report


def _lines(write: Callable[[str], object], what: str, total: int) -> Callable[[int, str], None]:
    last = time.monotonic()

    def line(done: int, words: str) -> None:
        nonlocal last
        if time.monotonic() - last > _SECONDS_BETWEEN_LINES:
            write(f"{what}: {done:,} of {total:,} {words}".rstrip() + "\n")
            last = time.monotonic()

    return line
