"""Warnings, which go to the logger `genzoo`: whoever embeds the package hears them as it is told to, or not at all."""

from __future__ import annotations

_silent = True


def speak() -> None:
    """Let warnings that no handler takes go to stderr, as a command wants them."""
    global _silent
    _silent = False


def warn(text: str, *values: object) -> None:
    """Log a warning of `text % values`."""
    import logging  # which takes a tenth of the time of `genzoo list`

    logger = logging.getLogger("genzoo")
    if _silent and not logger.handlers:
        logger.addHandler(logging.NullHandler())  # without any, Python would print it
    logger.warning(text, *values)
