"""Progress bars, on stderr."""

from __future__ import annotations

import contextlib
import os
import sys
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress

_SECONDS_BETWEEN_LINES = 30.0
_SECONDS_IN_NOTEBOOK = 1.0
_BAR_WIDTH = 20
_GAPS = 4
_SHORTEST = 8
NO_BREAK = "\u00a0"
"""Stands between two of a bar's words that are shown or dropped as one, such as a loss and its value."""


class Move(Protocol):
    """Moves a bar."""

    def __call__(
        self,
        done: int,
        words: str,
        *,
        what: str | None = None,
        total: int | None = None,
        seconds_left: float | None = None,
    ) -> None:
        """Show `words` beside a bar of which `done` is done.

        Args:
            done: so far.
            words: of what is at hand, the less important ones last.
            what: another name, from now on.
            total: another number of what is to be done, from now on.
            seconds_left: the time to show; that which the pace of the bar gives unless told otherwise.
        """


_OF_RICH = {"FORCE_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE"}
"""Settings by which rich takes what is no terminal for one, or the other way round."""

_NOTEBOOK = "JPY_PARENT_PID"
"""A setting that a notebook's kernel has, and hands on to what a cell begins with `!`."""


@contextlib.contextmanager
def progress_bar(what: str, total: int | None, console: Console | None = None) -> Iterator[Move]:
    """A progress bar of one line, from whose end words are dropped that find no room.

    Where stderr is no terminal, a line now and then takes its place; in a notebook, one line that is written over.

    Args:
        what: is going on.
        total: of what is to be done; None while it is not known.
        console: where the bar is shown; stderr unless told otherwise.

    Yields:
        A function that moves it.
    """
    # A notebook keeps all that was ever written to it: of rich's bar some 30 kB a second.
    if console is None and _NOTEBOOK in os.environ:
        with _one_line(what, total) as move:
            yield move
        return
    # rich takes longer to import than small nets to run
    if console is None and not (sys.stderr.isatty() or _OF_RICH & os.environ.keys()):
        yield _lines(sys.stderr.write, what, total)
        return
    from rich.console import Console

    console = console or Console(stderr=True)
    if not console.is_terminal:
        yield _lines(console.file.write, what, total)
        return
    with _columns(console) as progress:
        task = progress.add_task(what, total=total, words="", left=None)

        def move(
            done: int,
            words: str,
            *,
            what: str | None = None,
            total: int | None = None,
            seconds_left: float | None = None,
        ) -> None:
            progress.update(task, description=what, completed=done, total=total, words=words, left=seconds_left)

        yield move


def _columns(console: Console) -> Progress:
    """Name, bar, step, time left, and the words: of these the last give way first, each as a whole; then the name."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, Task, TimeRemainingColumn
    from rich.table import Column
    from rich.text import Text

    def fixed() -> Column:
        return Column(no_wrap=True)

    class Left(TimeRemainingColumn):
        """The time left as it is told, or else as the pace of the bar has it."""

        def render(self, task: Task) -> Text:
            left = task.fields["left"]
            return super().render(task) if left is None else Text(_clock(left), style="progress.remaining")

    steps, left = MofNCompleteColumn(table_column=fixed()), Left(table_column=fixed())

    def room(task: Task) -> int:
        """The columns that are there for the name and the words."""
        taken = _BAR_WIDTH + steps.render(task).cell_len + left.render(task).cell_len
        return console.width - taken - _GAPS

    class Name(ProgressColumn):
        def render(self, task: Task) -> Text:
            name = Text(task.description)
            name.truncate(max(room(task), _SHORTEST), overflow="ellipsis")
            return name

    class Words(ProgressColumn):
        def render(self, task: Task) -> Text:
            return Text(_fitting(task.fields["words"], room(task) - Text(task.description).cell_len))

    bar = BarColumn(_BAR_WIDTH, table_column=fixed())
    return Progress(Name(fixed()), bar, steps, left, Words(fixed()), console=console)


def _fitting(words: str, room: int) -> str:
    """As many of the words, from the first on, as there is room for; a no-break space holds two of them together."""
    fitting: list[str] = []
    for word in words.split(" "):
        if len(" ".join([*fitting, word])) > room:
            break
        fitting.append(word)
    return " ".join(fitting).replace(NO_BREAK, " ")


def _clock(seconds: float) -> str:
    """Seconds as hours, minutes and seconds: 0:12:34."""
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes // 60}:{minutes % 60:02}:{rest:02}"


def percent(move: Callable[[int, str], object]) -> Callable[[int, int, str], None]:
    """A function of (done, total, words) that moves a bar of 100."""

    def report(done: int, total: int, words: str) -> None:
        move(100 * done // total, words)

    return report


@contextlib.contextmanager
def _one_line(what: str, total: int | None) -> Iterator[Move]:
    """A line on stderr that is written over, and stays as it is at the end."""
    longest = 0

    def write(line: str) -> None:
        nonlocal longest
        longest = max(longest, len(line.rstrip()))
        sys.stderr.write(f"\r{line.rstrip():<{longest}}")

    try:
        yield _lines(write, what, total, _SECONDS_IN_NOTEBOOK)
    finally:
        if longest:
            sys.stderr.write("\n")


def _lines(
    write: Callable[[str], object], what: str, total: int | None, seconds: float = _SECONDS_BETWEEN_LINES
) -> Move:
    """Writes where things stand as a line, not more often than after so many seconds."""
    last = time.monotonic()
    shown = {"what": what, "total": total}

    def line(
        done: int,
        words: str,
        *,
        what: str | None = None,
        total: int | None = None,
        seconds_left: float | None = None,
    ) -> None:
        nonlocal last
        shown.update(what=what or shown["what"], total=total or shown["total"])
        if time.monotonic() - last > seconds:
            of = f" of {shown['total']:,}" if shown["total"] else ""
            left = f"{_clock(seconds_left)} left" if seconds_left is not None else ""
            told = ", ".join(filter(None, [f"{shown['what']}: {done:,}{of}", left, words]))
            write(told.replace(NO_BREAK, " ") + "\n")
            last = time.monotonic()

    return line
