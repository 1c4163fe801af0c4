"""Reporting the progress of a measurement."""

from __future__ import annotations

from collections.abc import Callable

Report = Callable[[int, int, str], None]
"""Called with the work done so far, all there is, and what is being done, in words."""


def quiet(*_: object) -> None:
    """Report nothing."""


class Progress:
    """Counts the work that is done, and reports it."""

    def __init__(self, report: Report, total: int) -> None:
        self.report, self.total, self.done = report, total, 0

    def to(self, done: int, words: str) -> None:
        """Report that `done` is done in all."""
        self.done = done
        self.report(done, self.total, words)

    def by(self, step: int, words: str) -> None:
        """Report that `step` more is done."""
        self.to(self.done + step, words)
