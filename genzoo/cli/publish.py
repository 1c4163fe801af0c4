"""`genzoo publish`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from genzoo.cli.common.complete import complete_models
from genzoo.cli.common.group import examples
from genzoo.errors import UsageError, WeightsNotFoundError
from genzoo.zoo import catalog

if TYPE_CHECKING:
    from genzoo.release.transfer import Draft


@click.command(
    epilog=examples(
        "genzoo publish runs/mine --repo-id user/digits --dry-run",
        "genzoo publish runs/mine --repo-id user/digits",
        "genzoo publish --all --namespace user",
    )
)
@click.argument("source", metavar="[NAME|FOLDER]", required=False, shell_complete=complete_models)
@click.option("--repo-id", metavar="USER/REPO", help="Where to; it is made if it is not there.")
@click.option("--all", "every", is_flag=True, help="Publish each entry whose weights are here, as NAMESPACE/NAME.")
@click.option("--namespace", help="The user or organization that --all publishes under.")
@click.option("--space", is_flag=True, help="Publish the playground of NAME or FOLDER, or of --all, as a static Space.")
@click.option("--private", is_flag=True, help="Only into a repository that its owner alone sees.")
@click.option("--revision", metavar="BRANCH", help="The branch to commit to.  [default: main]")
@click.option("--message", help="The commit's message.")
@click.option("--dry-run", is_flag=True, help="Check all, show what would be sent, and send nothing.")
def publish(
    source: str | None,
    repo_id: str | None,
    every: bool,
    namespace: str | None,
    space: bool,
    private: bool,
    revision: str | None,
    message: str | None,
    dry_run: bool,
) -> None:
    """Publish a trained model on the Hub, with its card, as one commit.

    The folder is checked first: it loads, gives its golden images, and its card is valid. A README.md in
    it is its card, otherwise one is written. What the repository holds already is not sent again, and what
    arrived is fetched back and checked. In the end the line that loads just this commit is printed.
    The token is that of HF_TOKEN or `hf auth login`.

    With --space it is the page of `genzoo demo` that is published, with all that it needs.
    """
    if space:
        _publish_space(source, repo_id, every, namespace, private, revision, message, dry_run)
        return
    targets = list(_targets(source, repo_id, every, namespace))
    from genzoo.checkpoint.config import read_config
    from genzoo.hub import find_folder
    from genzoo.release.transfer import demand_way, find_target

    ways = [find_target(repo, revision, private=private) for _, repo in targets]
    for name, _ in targets:
        read_config(find_folder(name))
    for way in ways:
        demand_way(way)
    from genzoo.release.publish import publish as run

    for name, repo in targets:
        pinned = run(
            find_folder(name),
            repo,
            private=private,
            branch=revision,
            message=message,
            dry_run=dry_run,
            report=lambda draft: _show(draft, dry_run),
        )
        if not dry_run:
            click.echo(f'genzoo.load("{pinned}")')


def _publish_space(
    source: str | None,
    repo: str | None,
    every: bool,
    namespace: str | None,
    private: bool,
    revision: str | None,
    message: str | None,
    dry_run: bool,
) -> None:
    """Publish the playground, and print its address."""
    if not repo or bool(source) == every or namespace:
        raise UsageError("Say what the Space is to show, and where: a name, a folder or --all, with --repo-id.")
    from genzoo.hub import refuse_out_of_reach
    from genzoo.release.transfer import demand_way, find_target

    if source:
        refuse_out_of_reach(source)
    demand_way(find_target(repo, revision, private=private, kind="space"))
    from genzoo.playground.models import find_models
    from genzoo.release.space import publish_space

    address = publish_space(
        find_models([source] if source else []),
        repo,
        private=private,
        branch=revision,
        message=message,
        dry_run=dry_run,
        report=lambda draft: _show(draft, dry_run),
    )
    if not dry_run:
        click.echo(address)


def _targets(source: str | None, repo: str | None, every: bool, namespace: str | None) -> Iterator[tuple[str, str]]:
    """Pairs of a source and the repository that it is published to."""
    if source and repo and not every and not namespace:
        yield source, repo
    elif every and namespace and not source and not repo:
        from genzoo.checkpoint.manifest import is_here

        names = [name for name in catalog.ENTRIES if is_here(name)]
        if not names:
            raise WeightsNotFoundError("No entry's weights are on this machine: `genzoo train` makes them.")
        yield from ((name, f"{namespace}/{name}") for name in names)
    else:
        raise UsageError(
            "Say what to publish, and where: a name or a folder with --repo-id, or --all with --namespace."
        )


def _show(draft: Draft, dry_run: bool) -> None:
    """Print the changes: to stdout in a dry run, else to stderr."""
    target = draft.target
    branch = "" if target.branch == "main" else f"@{target.branch}"
    state = "unchanged" if draft.is_current else "new" if draft.is_new else "changed"
    click.echo(f"{target.repo}{branch}  {state}", err=not dry_run)
    if draft.is_current and not dry_run:
        return
    for change in draft.changes:
        click.echo(f"  {change.state:9}  {change.size:>11,}  {change.name}", err=not dry_run)
