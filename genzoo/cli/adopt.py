"""`genzoo adopt`."""

from __future__ import annotations

from pathlib import Path

import click


@click.command()
@click.argument("run", type=click.Path(path_type=Path))
@click.option("--weights", type=click.Path(path_type=Path), help="The folder of weights.  [default: the checkout's]")
def adopt(run: Path, weights: Path | None) -> None:
    """Take the finished RUN of a catalog entry into the zoo's weights, and renew the manifest."""
    from genzoo.train.adopt import adopt as take

    click.echo(take(run, weights))
