"""Why a publication came to nothing, told in a sentence; see `failures`."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass

from genzoo.errors import BadCheckpointError, GenzooError, HubError, UsageError
from genzoo.hub.failures import WITH_ANOTHER_TRY, Failure, OutOfReachError, busy, chain, host, reason_of, retry_after
from genzoo.hub.reach import is_no_way

_MOST_WORDS = 200  # characters of what the Hub says itself
_OF_XET = re.compile(r"HTTP status \w+ error \((\d{3})")
_NO_ROOM = (402, 413, 507)


class OvertakenError(HubError):
    """Somebody else has committed since the work began."""

    def __init__(self, repo: str) -> None:
        super().__init__(
            f"Somebody else has committed to {repo} meanwhile, and nothing was published: run this again to publish "
            "on top of that."
        )


@dataclass(frozen=True)
class _Answer:
    """What the Hub answered, and to what."""

    error: BaseException
    status: int
    wait: float | None = None
    about_card: bool = False


def explain_refusal(error: Exception, what: str, repo: str, branch: str) -> Failure:
    """The failure that an exception stands for, of the client's or genzoo's own.

    Args:
        error: what was raised.
        what: was wanted; left to `failures.explain`.
        repo: where to.
        branch: of the repository.
    """
    from huggingface_hub import errors

    del what
    if isinstance(error, GenzooError):
        return Failure(error)
    links = list(chain(error))
    if any(isinstance(link, errors.OfflineModeIsEnabled) for link in links):
        return Failure(HubError("HF_HUB_OFFLINE keeps genzoo from publishing: unset it."))
    if any(isinstance(link, errors.HFValidationError) for link in links):
        return Failure(UsageError(f"{repo!r} cannot be a repository's name: one is written user/repo."))
    if answer := next((answer for link in links if (answer := _answer(link))), None):
        # The client's word for a file on its way, to a store that knows nothing of tokens.
        uploading = any(type(link) is RuntimeError for link in links) and answer.status not in _NO_ROOM
        return _explain_upload(answer) if uploading else _explain_answer(answer, repo, branch)
    return _explain_the_rest(links, repo)


def _answer(error: BaseException) -> _Answer | None:
    """What the Hub answered, if it is in this exception."""
    response = getattr(error, "response", None)
    if response is not None:
        about_card = response.status_code == 400 and str(response.url).endswith("/validate-yaml")
        return _Answer(error, response.status_code, retry_after(response), about_card)
    if type(error).__name__ == "XetAuthenticationError":
        return _Answer(error, 401)
    status = _OF_XET.search(str(error)) if isinstance(error, ConnectionError) else None
    return _Answer(error, int(status[1])) if status else None


def _explain_upload(answer: _Answer) -> Failure:
    return Failure(
        HubError(f"A file did not arrive at {host()} as it was sent ({answer.status}): try again later."),
        passing=True,
        wait=answer.wait,
    )


def _explain_answer(answer: _Answer, repo: str, branch: str) -> Failure:
    from huggingface_hub import errors

    where, status = host(), answer.status
    if answer.about_card:
        return Failure(
            BadCheckpointError(f"{where} refuses the card's front matter: `genzoo card` writes a valid one.")
        )
    if isinstance(answer.error, errors.RevisionNotFoundError):
        return Failure(HubError(f"{repo} on {where} has no branch {branch!r}: publish to main, or make it there."))
    if isinstance(answer.error, errors.RepositoryNotFoundError):  # also a gated one
        return Failure(
            HubError(f"{repo} on {where} is not there, or not yours to see: check the name, and what HF_TOKEN may do.")
        )
    if status == 401:
        return Failure(HubError(f"{where} refuses the token it was sent: set HF_TOKEN to a valid one."))
    if status == 403:
        return Failure(
            HubError(
                f"{where} does not let you write to {repo} (403): publish under your own name, with a token that may "
                "write."
            )
        )
    if status == 412:
        return Failure(OvertakenError(repo))
    if status in _NO_ROOM:
        return Failure(HubError(f"{where} has no room for {repo} ({status}): delete what you need no longer there."))
    if status not in WITH_ANOTHER_TRY:
        words = " ".join((getattr(answer.error, "server_message", None) or "").split())[:_MOST_WORDS]
        cause, way_out = (f'{status}, "{words}"', "change what that names") if words else (status, "try again later")
        return Failure(HubError(f"{where} does not take the publication of {repo} ({cause}): {way_out}."))
    return Failure(
        HubError(f"{repo} could not be published, {where} {busy(status, answer.wait)}."),
        passing=True,
        wait=answer.wait,
    )


def _explain_the_rest(links: list[BaseException], repo: str) -> Failure:
    where, root = host(), links[0]
    if any(map(is_no_way, links)):
        return Failure(
            OutOfReachError(f"{repo} could not be published on {where} ({reason_of(root)}): check the network.")
        )
    if isinstance(root, json.JSONDecodeError | LookupError | AttributeError):
        return Failure(HubError(f"{where} does not answer as the Hub does: check HF_ENDPOINT and the proxy."))
    if isinstance(root, ValueError) and str(root).startswith("LFS batch"):
        return Failure(HubError(f"{where} does not take the files of {repo}: they may be too large for its quota."))
    if isinstance(root, ValueError | TypeError):
        return Failure(
            HubError(
                f"{repo} could not even be asked for ({type(root).__name__}): check HF_ENDPOINT and HF_TOKEN for signs "
                "that do not belong there."
            )
        )
    if isinstance(root, OSError) and root.errno and not isinstance(root, ConnectionError | TimeoutError):
        reason = (root.strerror or type(root).__name__).lower()
        return Failure(HubError(f"A file could not be read on its way to {where} ({reason}): see to that."))
    return Failure(
        HubError(
            f"{repo} could not be published on {where} ({reason_of(root)}): check the network, or try again later."
        ),
        passing=True,
    )
