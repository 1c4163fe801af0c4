"""What the client raises, told in a sentence.

None of the client's own words are passed on: they may quote a header, and so the token.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from genzoo.errors import BadCheckpointError, GenzooError, HubError, UsageError
from genzoo.hub.reach import is_no_way

WITH_ANOTHER_TRY = (408, 416, 429, 500, 502, 503, 504)


class OutOfReachError(HubError):
    """There is no such repository, or no way to it: another attempt would end the same way."""


@dataclass(frozen=True)
class Failure:
    """Why a request came to nothing.

    Attributes:
        error: what the user is told.
        passing: whether it may go better in a moment.
        wait: the seconds that the server asks to wait, if it does.
        spoilt: whether what has been downloaded so far is of no use.
    """

    error: GenzooError
    passing: bool = False
    wait: float | None = None
    spoilt: bool = False


def host() -> str:
    """The server that files come from, without the user and password an address may hold."""
    from huggingface_hub import constants

    return urlsplit(constants.ENDPOINT).netloc.rpartition("@")[2] or "the Hub"


def explain(error: Exception, what: str, repo: str, revision: str) -> Failure:
    """The failure that an exception of the client's stands for.

    Args:
        error: what was raised.
        what: was wanted, e.g. `config.json of user/repo`.
        repo: where from.
        revision: the branch, tag or commit asked for.
    """
    from huggingface_hub import errors

    root = _root(error)
    if isinstance(root, errors.OfflineModeIsEnabled):
        return Failure(
            OutOfReachError(
                f"{what} is not on this machine, and HF_HUB_OFFLINE keeps genzoo from fetching it: unset that, or run "
                f"`genzoo pull {repo}` where there is a network."
            )
        )
    if getattr(root, "response", None) is not None:  # some clients raise their HTTP library's own error for it
        return _explain_answer(root, what, repo, revision)
    if isinstance(root, errors.FileMetadataError):
        return Failure(HubError(f"{host()} does not answer as the Hub does: check HF_ENDPOINT and the proxy."))
    if isinstance(root, errors.HFValidationError):
        return Failure(UsageError(f"{repo!r} cannot be a repository's name: one is written user/repo."))
    away = any(map(is_no_way, chain(error)))
    if not away and isinstance(root, OSError) and root.errno and not isinstance(root, ConnectionError | TimeoutError):
        return _explain_disk(root, what)
    if not away and isinstance(root, ValueError | TypeError):
        return Failure(
            HubError(
                f"{what} could not even be asked for ({type(root).__name__}): check HF_ENDPOINT and HF_TOKEN for "
                "signs that do not belong there."
            )
        )
    # The HTTP libraries that the client has used over the years share no class for a broken connection.
    words = f"{what} could not be fetched from {host()} ({reason_of(root)}): check the network, or try again later."
    return Failure(
        OutOfReachError(words) if away else HubError(words),
        passing=not away,
        spoilt=type(root) is OSError,  # the client's word for a file of another size than announced
    )


def _root(error: Exception) -> Exception:
    """The reason why a file that is in no cache could not be fetched."""
    from huggingface_hub.errors import LocalEntryNotFoundError

    wrapped = isinstance(error, LocalEntryNotFoundError) or type(error) is ValueError
    return error.__cause__ if wrapped and isinstance(error.__cause__, Exception) else error


def _explain_answer(error: Exception, what: str, repo: str, revision: str) -> Failure:
    from huggingface_hub import errors, get_token

    where, response = host(), error.response  # type: ignore[attr-defined]
    status: int = response.status_code
    if isinstance(error, errors.GatedRepoError):
        return Failure(
            HubError(f"{repo} on {where} is gated: ask for access on its page there, and set HF_TOKEN to your token.")
        )
    if isinstance(error, errors.RepositoryNotFoundError):
        return Failure(
            OutOfReachError(
                f"There is no repository {repo} on {where}: check the name, or set HF_TOKEN if it is private."
            )
        )
    if isinstance(error, errors.RevisionNotFoundError):
        return Failure(HubError(f"{repo} on {where} has no revision {revision!r}: name a branch, a tag or a commit."))
    if isinstance(error, errors.EntryNotFoundError):
        return Failure(BadCheckpointError(f"{what} is not there: {repo}@{revision} is not a whole checkpoint folder."))
    if status == 401:
        told = "refuses the token it was sent" if get_token() else "asks for a token"
        return Failure(HubError(f"{where} {told} for {repo}: set HF_TOKEN to a valid one, or unset it."))
    if status in (403, 451):
        return Failure(HubError(f"{where} forbids access to {repo} ({status}): check what your token may do."))
    seconds = retry_after(response)
    return Failure(
        HubError(f"{what} could not be fetched, {where} {busy(status, seconds)}."),
        passing=status in WITH_ANOTHER_TRY,
        wait=seconds,
        spoilt=status == 416,
    )


def retry_after(response: Any) -> float | None:
    """The seconds that an answer asks to wait, if it does."""
    wait: str = response.headers.get("Retry-After", "")
    return float(wait) if wait.isdecimal() else None


def busy(status: int, wait: float | None) -> str:
    """What a server that cannot help now has said, and when to ask again."""
    told = "has had too many requests" if status == 429 else f"answered {status}"
    later = f"in {wait:.0f} seconds" if wait else "later"
    return f"{told}: try again {later}"


def _explain_disk(error: OSError, what: str) -> Failure:
    from huggingface_hub import constants

    reason = (error.strerror or type(error).__name__).lower()
    return Failure(
        HubError(
            f"{what} could not be written to {constants.HF_HUB_CACHE} ({reason}): see to that, or set HF_HOME to "
            "another folder."
        )
    )


def reason_of(error: BaseException) -> str:
    """The system's words for what broke a connection, which stand at the end of a chain of exceptions."""
    reasons = [link.strerror.lower() for link in chain(error) if isinstance(link, OSError) and link.strerror]
    return reasons[-1] if reasons else "the connection broke"


def chain(error: BaseException | None) -> Iterator[BaseException]:
    """An exception, and what led to it, link by link."""
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        error = error.__cause__ or error.__context__
