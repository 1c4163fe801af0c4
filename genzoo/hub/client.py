"""Single requests to the Hub, repeated where another attempt may help; errors are told in a sentence."""

from __future__ import annotations

import contextlib
import gc
import os
import re
import time
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, TypeVar

from genzoo.errors import BadCheckpointError, UsageError
from genzoo.hub import reach
from genzoo.hub.failures import Failure, OutOfReachError, Request, explain
from genzoo.log import warn
from genzoo.values import as_path
from genzoo.version import __version__

if TYPE_CHECKING:
    import logging
    from pathlib import Path

T = TypeVar("T")

MAIN = "main"
AGENT: dict[str, Any] = {"library_name": "genzoo", "library_version": __version__}
_ATTEMPTS = 5
_FIRST_WAIT, PATIENCE = 0.5, 20.0
"""Seconds: what the first wait is at most, each next one being twice as long, and when no more waiting begins."""

_MOST_BYTES = 300_000_000
"""Of one file in a stranger's repository: more than genzoo's largest net would take in float32."""

_asked_for: ContextVar[str | None] = ContextVar("_asked_for", default=None)
"""The name of the file or answer that the client is fetching for genzoo."""
_WAITING = r"\b(?:Retrying in|Waiting) (\d+(?:\.\d+)?)s"


def fetch(
    repo: str,
    name: str,
    revision: str,
    *,
    again: bool = False,
    cache: Path | None = None,
    token: str | None = None,
) -> Path:
    """The path of one file of a repository in the client's cache, downloaded if it is not there yet.

    A file that is in the client's own cache is taken from there when the Hub cannot be reached.

    Args:
        repo: `user/repo`.
        name: the file.
        revision: a branch, a tag, or a commit.
        again: download it even if it is there.
        cache: where to; the client's own unless told otherwise.
        token: for the Hub; the client's own unless told otherwise.

    Raises:
        HubError: when it cannot be had.
        BadCheckpointError: when the repository has no such file.
    """

    def download(anew: bool) -> Path:
        from huggingface_hub import hf_hub_download

        return as_path(
            hf_hub_download(
                repo, name, revision=revision, cache_dir=cache, force_download=again or anew, token=token, **AGENT
            )
        )

    def stored() -> Path | None:
        return None if again or cache else cached(repo, name, revision)

    return patiently(download, Request(f"{name} of {repo}", repo, revision), stored)


def holds(repo: str) -> bool:
    """Whether the client's cache has anything of a repository."""
    _refuse_endpoint()
    try:
        from huggingface_hub import constants
    except ModuleNotFoundError:  # a light installation has neither the client nor its cache
        return False
    return os.path.isdir(os.path.join(constants.HF_HUB_CACHE, f"models--{repo.replace('/', '--')}"))


def cached(repo: str, name: str, revision: str = MAIN) -> Path | None:
    """The path of a file in the client's cache, or None; nothing is asked of the Hub."""
    if not holds(repo):  # what answers for one that is there takes a sixth of a second to import
        return None
    from huggingface_hub import try_to_load_from_cache

    try:
        path = try_to_load_from_cache(repo, name, revision=revision)
    except ValueError:  # for what is no repository's name, as that of a feature net
        return None
    return as_path(path) if isinstance(path, str) else None


def refuse_large(repo: str, name: str, revision: str, most: int = _MOST_BYTES) -> None:
    """Raise `BadCheckpointError` for a file that is too large, before it is fetched.

    Raises:
        BadCheckpointError: when it is larger than `most` bytes, by default any of genzoo's, or not there.
        HubError: when the Hub does not tell.
    """

    def ask(_: bool) -> int:
        from huggingface_hub import get_hf_file_metadata, hf_hub_url

        return get_hf_file_metadata(hf_hub_url(repo, name, revision=revision), **AGENT).size or 0

    size = patiently(ask, Request(f"{name} of {repo}", repo, revision))
    if size > most:
        raise BadCheckpointError(f"{name} of {repo} is refused: it has {size:,} bytes, genzoo's limit is {most:,}.")


def list_files(repo: str, revision: str) -> frozenset[str]:
    """The names of all files of a repository.

    Raises:
        HubError: when they cannot be had.
    """

    def ask(_: bool) -> frozenset[str]:
        from huggingface_hub import HfApi

        info = HfApi(**AGENT).model_info(repo, revision=revision, timeout=10)
        return frozenset(file.rfilename for file in info.siblings or ())

    return patiently(ask, Request(f"the list of files of {repo}", repo, revision))


def is_offline() -> bool:
    """Whether HF_HUB_OFFLINE keeps the client off the network."""
    _refuse_endpoint()
    from huggingface_hub import constants

    return constants.HF_HUB_OFFLINE


def _refuse_endpoint() -> None:
    """Raise `UsageError` for an HF_ENDPOINT that is no address, on which the client may break when it is imported."""
    if (endpoint := os.environ.get("HF_ENDPOINT")) is None:
        return
    from urllib.parse import urlsplit

    try:
        url = urlsplit(endpoint)
        right = url.scheme in ("http", "https") and url.hostname and url.port != 0
    except ValueError:
        right = False
    if not right:
        raise UsageError("HF_ENDPOINT is not an address: write it as in https://huggingface.co, or unset it.")


def is_reachable() -> bool:
    """Whether the client is not offline and the Hub's server can be connected to."""
    if is_offline():
        return False
    try:
        reach.probe()
    except reach.NoWayError:
        return False
    return True


def patiently(
    call: Callable[[bool], T],
    request: Request,
    stored: Callable[[], T | None] = lambda: None,
    patience: float = PATIENCE,
) -> T:
    """The result of `call`, which is called again, a few times, after failures that may pass.

    What nobody answers at all is asked for once.  The client retries much else by itself, but gives up at once on a
    reset connection, and on a CDN's 503.

    Args:
        call: asks the Hub; it is told whether what an earlier attempt has downloaded is to be discarded.
        request: what is asked for, as errors name it.
        stored: a substitute for what cannot be fetched, or None.
        patience: seconds after which no new attempt begins.

    Raises:
        GenzooError: for what `call` raised last, as `explain` tells it.
    """
    _refuse_endpoint()
    started, attempt, spoilt = time.monotonic(), 1, False
    while True:
        outcome = _try(call, spoilt, request)
        if not isinstance(outcome, Failure):
            return outcome
        # The client leaves an upload's progress bar open in a cycle of references: collected, it ends its line.
        gc.collect()
        if (outcome.passing or isinstance(outcome.error, OutOfReachError)) and (found := stored()) is not None:
            return found
        wait = outcome.wait
        if wait is None:
            import random

            wait = _FIRST_WAIT * 2 ** (attempt - 1) * random.uniform(0.5, 1)
        if not outcome.passing or attempt == _ATTEMPTS or time.monotonic() - started + wait > patience:
            break
        warn("%s did not come, next try in %.1f s", request.what, wait)
        time.sleep(wait)
        attempt, spoilt = attempt + 1, outcome.spoilt
    # Raised out here, so that the client's exception, which may hold the token, is not carried along.
    raise outcome.error


def _try(call: Callable[[bool], T], anew: bool, request: Request) -> T | Failure:
    try:
        with _in_own_words(request.what):
            if not is_offline():
                reach.probe()
            return call(anew)
    except Exception as error:
        # Three HTTP libraries and a storage engine raise what they will, depending on the client's version.
        return explain(error, request)


@contextlib.contextmanager
def _in_own_words(what: str) -> Iterator[None]:
    """Keep the client's warnings off stderr, but for waits, which are told as genzoo's own are."""
    from huggingface_hub.utils.logging import get_logger

    for handler in get_logger("huggingface_hub").handlers:
        handler.addFilter(_tell_waits)  # once, however often it is added
    token = _asked_for.set(what)
    try:
        yield
    finally:
        _asked_for.reset(token)


def _tell_waits(record: logging.LogRecord) -> bool:
    """A log filter: False for the client's own warnings while genzoo tells of a request in its own words."""
    import logging

    what = _asked_for.get()
    asked = logging.getLogger("huggingface_hub").level < logging.WARNING  # by HF_HUB_VERBOSITY, say
    if what is None or asked or record.levelno > logging.WARNING:
        return True
    if wait := re.search(_WAITING, record.getMessage()):
        warn("%s did not come, next try in %.1f s", what, float(wait[1]))
    return False
