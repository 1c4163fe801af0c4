"""Saying how far a measurement has come."""

from __future__ import annotations

from collections.abc import Callable

Report = Callable[[int, int, str], None]
"""Called with how much is done, of how much, and what is being done."""


def quiet(*_: object) -> None:
    """The report of a caller that wants none."""


class Progress:
    """Counts what is done, of all that there is to do, and says so."""

    def __init__(self, report: Report, total: int) -> None:
        self.report, self.total, self.done = report, total, 0

    def to(self, done: int, words: str) -> None:
        """Say that `done` is done in all."""
        self.done = done
        self.report(done, self.total, words)

    def by(self, step: int, words: str) -> None:
        """Say that `step` more is done."""
        self.to(self.done + step, words)
