"""`genzoo pull` and `genzoo verify`."""

from __future__ import annotations

import dataclasses
import json

import click

from genzoo.errors import BadCheckpointError


@click.command()
@click.argument("sources", nargs=-1, required=True, metavar="NAME...")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
def pull(sources: tuple[str, ...], as_json: bool) -> None:
    """Fetch models from the Hub ahead of time, so that they load without a network.

    A NAME is a full name, an alias, a wildcard such as 'dcgan-*', or user/repo[@revision].
    """
    from genzoo.hub import pull as fetch

    rows = []
    for row in fetch(sources):
        rows.append(dataclasses.asdict(row) | {"path": str(row.path)})
        if not as_json:
            click.echo(f"{row.name}  {row.files} files, {row.bytes / 1e6:.1f} MB  {row.path}")
    if as_json:
        click.echo(json.dumps(rows, indent=2))


@click.command()
@click.argument("sources", nargs=-1, metavar="[NAME]...")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
def verify(sources: tuple[str, ...], as_json: bool) -> None:
    """Hash the weights on this machine again, and hold them against the manifest.

    Without a NAME all that the manifest lists is looked for. A repository's files, user/repo[@revision],
    are held against the Hub's own hashes.
    """
    from genzoo.hub import verify as hash_again

    rows = []
    for row in hash_again(sources):
        rows.append(row)
        if not as_json:
            right = f"ok, {row.files} files" if row.files else "not on this machine"
            wrong = "; ".join(f"{path}: {problem}" for path, problem in row.damaged.items())
            click.echo(f"{row.name}  {f'damaged, {wrong}' if wrong else right}")
    if as_json:
        click.echo(json.dumps([dataclasses.asdict(row) for row in rows], indent=2))
    if damaged := [row.name for row in rows if row.damaged]:
        raise BadCheckpointError(
            f"{', '.join(damaged)} cannot be trusted: fetch what is in the cache again with `genzoo pull`, and install "
            "genzoo anew where files of its own are damaged."
        )
