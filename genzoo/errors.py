"""The errors of genzoo, each one sentence that names the cause and the way out."""

from __future__ import annotations

from collections.abc import Iterable


class GenzooError(Exception):
    """Something went wrong that the caller can mend; the command line exits with `exit_code`."""

    exit_code = 1


class UsageError(GenzooError, ValueError):
    """An argument that no model, file or machine could satisfy."""

    exit_code = 2


class UnknownNameError(UsageError):
    """A name that is in no catalog."""


class InvalidEntryError(GenzooError, ValueError):
    """A value that no entry, architecture, recipe or other record of the zoo can have."""


class RegistrationError(GenzooError, RuntimeError):
    """A registration that is refused: of a name that is taken, or of no record."""


class WeightsNotFoundError(GenzooError):
    """A catalog entry whose weights are not on this machine."""


class BadCheckpointError(GenzooError):
    """A checkpoint folder that is damaged, altered or not genzoo's."""


class HubError(GenzooError):
    """A file or an answer that the Hub, the connection to it, or the cache on this machine did not give."""


class DataError(GenzooError):
    """A dataset that is missing, too small or unreadable."""


class MissingLibraryError(GenzooError, ImportError):
    """A library of one of genzoo's extras that is not installed."""


class TrainingError(GenzooError):
    """A training run that cannot start, resume or go on."""


class DivergedError(TrainingError):
    """A training run whose losses or weights are no longer finite."""


class StoppedError(GenzooError):
    """Work that was interrupted by a signal after its state had been saved."""

    exit_code = 130


def brief(value: object, most: int = 120) -> str:
    """A value as an error may show it: what is not printable escaped, what is long cut off."""
    text = repr(value)
    return text if len(text) <= most else f"{text[:most]}..."


def brief_list(values: Iterable[object], most: int = 8) -> str:
    """The first of some values, and how many more there are."""
    every = list(values)
    more = f", ... and {len(every) - most} more" if len(every) > most else ""
    return f"[{', '.join(map(brief, every[:most]))}{more}]"
