"""`genzoo pull` and `genzoo verify`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

from genzoo.checkpoint.checksums import SUMS
from genzoo.cli.common.complete import complete_models
from genzoo.cli.common.group import examples
from genzoo.cli.common.output import wrote
from genzoo.errors import BadCheckpointError, UsageError, WeightsNotFoundError
from genzoo.sampling import integrity
from genzoo.values import as_path
from genzoo.zoo.catalog import is_wildcard

if TYPE_CHECKING:
    from genzoo.hub import Verified


@click.command(epilog=examples("genzoo pull 'dcgan-*'", "genzoo pull user/repo@v1.0"))
@click.argument("sources", nargs=-1, required=True, metavar="NAME...", shell_complete=complete_models)
@click.option("--json", "as_json", is_flag=True, help="For programs.")
def pull(sources: tuple[str, ...], as_json: bool) -> None:
    """Fetch models from the Hub ahead of time, so that they load without a network.

    A NAME is a full name, an alias, a wildcard such as 'dcgan-*', or user/repo[@revision].
    """
    from genzoo.hub import pull as fetch

    rows = []
    for row in fetch(sources):
        rows.append(row._asdict() | {"path": str(row.path)})
        if not as_json:
            click.echo(f"{row.name}  {row.files} files, {row.bytes / 1e6:.1f} MB  {row.path}")
    if as_json:
        click.echo(json.dumps(rows, indent=2))


@click.command(epilog=examples("genzoo verify", "genzoo verify runs/mine", "genzoo verify --no-deep vae-mnist"))
@click.argument("sources", nargs=-1, metavar="[NAME|FOLDER]...", shell_complete=complete_models)
@click.option("--deep/--no-deep", default=True, show_default=True, help="Run every net, and compare golden values.")
@click.option("--update-hashes", is_flag=True, help="Sign each FOLDER as it is now: you altered it on purpose.")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
def verify(sources: tuple[str, ...], deep: bool, update_hashes: bool, as_json: bool) -> None:
    """Hash the weights on this machine again, run the nets, and compare the golden values they must give.

    Without a NAME all that the manifest lists is looked for. A repository's files, user/repo[@revision],
    are held against the Hub's own hashes, a checkpoint FOLDER's against its SHA256SUMS.
    """
    if update_hashes:
        _sign(sources)
    rows = []
    for row in integrity.verify(sources, deep=deep):
        rows.append(row)
        if not as_json:
            click.echo(f"{row.name}  {_state(row)}")
    if as_json:
        click.echo(json.dumps([row._asdict() for row in rows], indent=2))
    if damaged := [row.name for row in rows if row.damaged]:
        raise BadCheckpointError(
            f"{', '.join(damaged)} cannot be trusted: fetch what is in the cache again with `genzoo pull`, install "
            "genzoo anew where files of its own are damaged, and fetch or train a folder of yours again, or sign it "
            "with --update-hashes if you altered it on purpose."
        )
    absent = [row.name for row in rows if not row.files]
    if absent and sources and not any(map(is_wildcard, sources)):  # which stand for what is here
        raise WeightsNotFoundError(
            f"Nothing of {', '.join(absent)} is on this machine, or was checked: check the path of a folder, or fetch "
            "a model with `genzoo pull`."
        )


def _sign(sources: tuple[str, ...]) -> None:
    """Sign folders as they are; the files of each are counted on stderr."""
    if not sources or not all(map(integrity.is_folder, sources)):
        raise UsageError("--update-hashes signs checkpoint folders on this machine: name one, or several.")
    for source in sources:
        names = integrity.update_hashes(as_path(source))
        wrote(as_path(source) / SUMS, f" of {len(names)} files")


def _state(row: Verified) -> str:
    if row.damaged:
        return "damaged, " + "; ".join(f"{path}: {problem}" for path, problem in row.damaged.items())
    if not row.files:
        return "not on this machine"
    return f"ok, {row.files} files{', golden images come out' if row.golden else ''}"
