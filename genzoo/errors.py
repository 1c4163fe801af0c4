"""Every error genzoo raises on purpose: one sentence that names the cause and the way out."""


class GenzooError(Exception):
    """Something went wrong that the caller can mend; the command line exits with `exit_code`."""

    exit_code = 1


class UsageError(GenzooError, ValueError):
    """An argument that no model, file or machine could satisfy."""

    exit_code = 2


class UnknownNameError(UsageError):
    """A name that is in no catalog."""


class WeightsNotFoundError(GenzooError):
    """A catalog entry whose weights are not on this machine."""


class BadCheckpointError(GenzooError):
    """A checkpoint folder that is damaged, altered or not genzoo's."""


class HubError(GenzooError):
    """What the Hub, the way to it, or the cache on this machine did not give."""


class DataError(GenzooError):
    """A dataset that is missing, too small or unreadable."""


class TrainingError(GenzooError):
    """A training run that cannot start, resume or go on."""


class StoppedError(GenzooError):
    """Work that was interrupted by a signal after its state had been saved."""

    exit_code = 130
