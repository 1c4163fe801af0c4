"""Exceptions of the Hub's client, told in a sentence each: of downloads, and of publications.

None of the client's own words are passed on, unless they are the Hub's answer to a publication: they may quote a
header, and so the token.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from genzoo.errors import BadCheckpointError, GenzooError, HubError, UsageError
from genzoo.hub.reach import is_no_way

_WITH_ANOTHER_TRY = (408, 416, 429, 500, 502, 503, 504)
_NO_ROOM = (402, 413, 507)
_OF_XET = r"HTTP status \w+ error \((\d{3})"
_MOST_WORDS = 200  # characters of what the Hub says itself


class OutOfReachError(HubError):
    """There is no such repository, or no connection to it: another attempt would fail in the same way."""


class OvertakenError(HubError):
    """Somebody else has committed since a publication began."""

    def __init__(self, repo: str) -> None:
        super().__init__(
            f"Somebody else has committed to {repo} meanwhile, and nothing was published: run this again to publish "
            "on top of that."
        )


class Request(NamedTuple):
    """A request to the Hub, as errors tell of it.

    Attributes:
        what: is wanted, e.g. `config.json of user/repo`.
        repo: where from, or where to.
        revision: the branch, tag or commit.
        publishes: whether it is part of a publication.
    """

    what: str
    repo: str
    revision: str
    publishes: bool = False


class Failure(NamedTuple):
    """A failed request.

    Attributes:
        error: the error to raise.
        passing: whether another attempt may go better.
        wait: the seconds that the server asks to wait, if it does.
        spoilt: whether what has been downloaded so far is of no use.
    """

    error: GenzooError
    passing: bool = False
    wait: float | None = None
    spoilt: bool = False


class _Answer(NamedTuple):
    """An answer of the Hub that is no success, and the exception that holds it."""

    error: BaseException
    status: int
    wait: float | None = None
    about_card: bool = False


def host() -> str:
    """The server that files come from, without the user and password an address may hold."""
    from urllib.parse import urlsplit

    from huggingface_hub import constants

    return urlsplit(constants.ENDPOINT).netloc.rpartition("@")[2] or "the Hub"


def explain(error: Exception, request: Request) -> Failure:
    """The failure that an exception stands for, of the client's or genzoo's own."""
    from huggingface_hub import errors

    if isinstance(error, GenzooError):
        return Failure(error)
    links = list(_chain(_root(error)))
    if any(isinstance(link, errors.OfflineModeIsEnabled) for link in links):
        return Failure(_of_offline(request))
    if any(isinstance(link, errors.HFValidationError) for link in links):
        return Failure(UsageError(f"{request.repo!r} cannot be a repository's name: one is written user/repo."))
    if answer := next((answer for link in links if (answer := _answer(link))), None):
        return _explain_answer(answer, links, request)
    return _explain_no_answer(links, request)


def _root(error: Exception) -> Exception:
    """The reason why a file that is in no cache could not be fetched."""
    from huggingface_hub.errors import LocalEntryNotFoundError

    wrapped = isinstance(error, LocalEntryNotFoundError) or type(error) is ValueError
    return error.__cause__ if wrapped and isinstance(error.__cause__, Exception) else error


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    """An exception, and what led to it, link by link."""
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        error = error.__cause__ or error.__context__


def _answer(error: BaseException) -> _Answer | None:
    """The Hub's answer, if this exception holds one; some clients raise their HTTP library's own error for it."""
    response: Any = getattr(error, "response", None)
    if response is not None:
        wait: str = response.headers.get("Retry-After", "")
        about_card = response.status_code == 400 and str(response.url).endswith("/validate-yaml")
        return _Answer(error, response.status_code, float(wait) if wait.isdecimal() else None, about_card)
    if type(error).__name__ == "XetAuthenticationError":
        return _Answer(error, 401)
    status = re.search(_OF_XET, str(error)) if isinstance(error, ConnectionError) else None
    return _Answer(error, int(status[1])) if status else None


def _explain_answer(answer: _Answer, links: list[BaseException], request: Request) -> Failure:
    status = answer.status
    # The client's word for a file on its way, to a store that knows nothing of tokens.
    if request.publishes and status not in _NO_ROOM and any(type(link) is RuntimeError for link in links):
        words = f"A file did not arrive at {host()} as it was sent ({status}): try again later."
        return Failure(HubError(words), passing=True, wait=answer.wait)
    error = _of_publication(answer, request) if request.publishes else _of_download(answer, request)
    return Failure(error, passing=status in _WITH_ANOTHER_TRY, wait=answer.wait, spoilt=status == 416)


def _of_offline(request: Request) -> GenzooError:
    if request.publishes:
        return HubError("HF_HUB_OFFLINE keeps genzoo from publishing: unset it.")
    return OutOfReachError(
        f"{request.what} is not on this machine, and HF_HUB_OFFLINE keeps genzoo from fetching it: unset that, or run "
        f"`genzoo pull {request.repo}` where there is a network."
    )


def _of_download(answer: _Answer, request: Request) -> GenzooError:
    from huggingface_hub import errors, get_token

    where, repo, revision, status = host(), request.repo, request.revision, answer.status
    match answer.error:
        case errors.GatedRepoError():
            return HubError(
                f"{repo} on {where} is gated: ask for access on its page there, and set HF_TOKEN to your token."
            )
        case errors.RepositoryNotFoundError():
            return OutOfReachError(
                f"There is no repository {repo} on {where}: check the name, or set HF_TOKEN if it is private."
            )
        case errors.RevisionNotFoundError():
            return HubError(f"{repo} on {where} has no revision {revision!r}: name a branch, a tag or a commit.")
        case errors.EntryNotFoundError():
            return BadCheckpointError(
                f"{request.what} is not there: {repo}@{revision} is not a whole checkpoint folder."
            )
    if status == 401:
        told = "refuses the token it was sent" if get_token() else "asks for a token"
        return HubError(f"{where} {told} for {repo}: set HF_TOKEN to a valid one, or unset it.")
    if status in (403, 451):
        return HubError(f"{where} forbids access to {repo} ({status}): check what your token may do.")
    return HubError(f"{request.what} could not be fetched, {where} {_busy(answer)}.")


def _of_publication(answer: _Answer, request: Request) -> GenzooError:
    from huggingface_hub import errors

    where, repo, status = host(), request.repo, answer.status
    if answer.about_card:
        return BadCheckpointError(f"{where} refuses the card's front matter: `genzoo card` writes a valid one.")
    match answer.error:
        case errors.RevisionNotFoundError():
            return HubError(f"{repo} on {where} has no branch {request.revision!r}: publish to main, or make it there.")
        case errors.RepositoryNotFoundError():  # also a gated one
            return HubError(
                f"{repo} on {where} is not there, or not yours to see: check the name, and what HF_TOKEN may do."
            )
    if status == 401:
        return HubError(f"{where} refuses the token it was sent: set HF_TOKEN to a valid one.")
    if status == 403:
        return HubError(
            f"{where} does not let you write to {repo} (403): publish under your own name, with a token that may write."
        )
    if status == 412:
        return OvertakenError(repo)
    if status in _NO_ROOM:
        return HubError(f"{where} has no room for {repo} ({status}): delete what you need no longer there.")
    if status in _WITH_ANOTHER_TRY:
        return HubError(f"{repo} could not be published, {where} {_busy(answer)}.")
    words = " ".join((getattr(answer.error, "server_message", None) or "").split())[:_MOST_WORDS]
    cause, way_out = (f'{status}, "{words}"', "change what that names") if words else (status, "try again later")
    return HubError(f"{where} does not take the publication of {repo} ({cause}): {way_out}.")


def _busy(answer: _Answer) -> str:
    """The words for a server that cannot help now, and when to ask again."""
    told = "has had too many requests" if answer.status == 429 else f"answered {answer.status}"
    return f"{told}: try again {f'in {answer.wait:.0f} seconds' if answer.wait else 'later'}"


def _explain_no_answer(links: list[BaseException], request: Request) -> Failure:
    """The failure of a request that nobody has answered, or not as the Hub does."""
    from huggingface_hub import errors

    where, root, publishes = host(), links[0], request.publishes
    away = any(map(is_no_way, links))
    broken = (json.JSONDecodeError, LookupError, AttributeError) if publishes else (errors.FileMetadataError,)
    if not away and isinstance(root, broken):
        return Failure(HubError(f"{where} does not answer as the Hub does: check HF_ENDPOINT and the proxy."))
    if not away and publishes and isinstance(root, ValueError) and str(root).startswith("LFS batch"):
        words = f"{where} does not take the files of {request.repo}: they may be too large for its quota."
        return Failure(HubError(words))
    if not away and isinstance(root, OSError) and root.errno and not isinstance(root, ConnectionError | TimeoutError):
        return Failure(_of_disk(root, request))
    if not away and isinstance(root, ValueError | TypeError):
        asked = request.repo if publishes else request.what
        return Failure(
            HubError(
                f"{asked} could not even be asked for ({type(root).__name__}): check HF_ENDPOINT and HF_TOKEN for "
                "signs that do not belong there."
            )
        )
    # The HTTP libraries that the client has used over the years share no class for a broken connection.
    lost = f"{request.repo} could not be published on" if publishes else f"{request.what} could not be fetched from"
    later = "" if publishes and away else ", or try again later"
    words = f"{lost} {where} ({_reason_of(root)}): check the network{later}."
    # The client's word for a file of another size than announced is an OSError without a number.
    return Failure(OutOfReachError(words) if away else HubError(words), passing=not away, spoilt=type(root) is OSError)


def _of_disk(error: OSError, request: Request) -> GenzooError:
    from huggingface_hub import constants

    reason = (error.strerror or type(error).__name__).lower()
    if request.publishes:
        return HubError(f"A file could not be read on its way to {host()} ({reason}): see to that.")
    return HubError(
        f"{request.what} could not be written to {constants.HF_HUB_CACHE} ({reason}): see to that, or set HF_HOME to "
        "another folder."
    )


def _reason_of(error: BaseException) -> str:
    """The system's words for what broke a connection, which stand at the end of a chain of exceptions."""
    reasons = [link.strerror.lower() for link in _chain(error) if isinstance(link, OSError) and link.strerror]
    return reasons[-1] if reasons else "the connection broke"
