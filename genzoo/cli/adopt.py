"""`genzoo adopt`."""

from __future__ import annotations

from pathlib import Path

import click

from genzoo.cli.common.group import examples
from genzoo.cli.common.output import wrote
from genzoo.cli.options import data_dir as data_dir_option
from genzoo.cli.options import device as device_option
from genzoo.cli.progress import percent, progress_bar


@click.command(epilog=examples("genzoo adopt runs/dcgan-mnist-z100-l3", "genzoo adopt runs/*"))
@click.argument("runs", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="RUN...")
@click.option("--weights", type=click.Path(path_type=Path), help="The folder of weights.  [default: the checkout's]")
@device_option()
@data_dir_option
def adopt(runs: tuple[Path, ...], weights: Path | None, device: str, data_dir: Path | None) -> None:
    """Measure each finished RUN of a catalog entry, and take it into the zoo's weights.

    A run that does worse on its training set than the weights that are there is refused.  Manifest and
    card are renewed.
    """
    from genzoo.release.adopt import adopt as take
    from genzoo.release.adopt import check_run

    for run in runs:
        check_run(run)  # of each, before any is measured
    for run in runs:
        with progress_bar(run.name, 100) as move:
            folder = take(run, weights, data_dir=data_dir, device=device, report=percent(move))
        wrote(folder, data=True)
