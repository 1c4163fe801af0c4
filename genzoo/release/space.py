"""Publishing the playground: a static site as a Space of the Hub."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path

from genzoo.errors import HubError
from genzoo.playground.models import Shown
from genzoo.playground.site import Site
from genzoo.release.transfer import Draft, demand_token, find_target, prepare, send
from genzoo.version import __version__

_README = """\
---
title: genzoo playground
emoji: 🔢
colorFrom: indigo
colorTo: blue
sdk: static
app_file: index.html
license: apache-2.0
short_description: Small generative models that run in the browser
---

The playground of genzoo, a zoo of small generative models with their trained weights: samples by seed, walks through
latent space, and reconstructions of one's own pictures, computed in the browser. Shown are:

"""


class _AllButGits:
    """The names of a Space's files, all of which are the site's but Git's own."""

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and not name.startswith(".git")


def publish_space(
    models: Iterable[Shown],
    repo: str,
    *,
    private: bool = False,
    branch: str | None = None,
    message: str | None = None,
    token: str | None = None,
    dry_run: bool = False,
    report: Callable[[Draft], object] = lambda _: None,
) -> str:
    """Publish the playground of some models as a static Space, by one commit, and hold what arrived against it.

    What the Space holds of an earlier publication, and the site lacks, is deleted.

    Args:
        models: those that the page shows.
        repo: where to, `user/space`; it is made if it is not there.
        private: whether the Space must be one that only its owner sees.
        branch: to commit to, begun at the head of main if it is not there; main unless told otherwise.
        message: of the commit.
        token: for the Hub; `HF_TOKEN`, or that of `hf auth login`, unless told otherwise.
        dry_run: change nothing.
        report: called with what is to be done, before anything is sent.

    Returns:
        The Space's address.

    Raises:
        UsageError: for a repository or branch that cannot be, or a public one where a private one is wanted.
        BadCheckpointError: for a model with a file that is damaged or altered.
        HubError: when the Hub does not take it, or does not hold what was sent.
    """
    from huggingface_hub.constants import ENDPOINT

    target, site = find_target(repo, branch, private=private, token=token, kind="space"), Site(models, public=True)
    with tempfile.TemporaryDirectory(prefix="genzoo-") as temporary:
        folder = Path(temporary) / "site"
        site.write(folder)
        names = "".join(f"- `{model.entry.name}`\n" for model in site.models)
        (folder / "README.md").write_text(_README + names, encoding="utf-8", newline="\n")
        demand_token(target)
        draft = prepare(target, folder, _AllButGits())
        report(draft)
        if not dry_run and (draft.head is None or not draft.is_current):
            send(draft, folder, message or f"The playground, published with genzoo {__version__}")
            if not prepare(target, folder, _AllButGits()).is_current:
                raise HubError(f"{repo} does not hold what was sent: publish it again.")
    return f"{ENDPOINT}/spaces/{repo}"
