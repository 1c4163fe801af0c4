"""Options that several commands have."""

from __future__ import annotations

from pathlib import Path

import click

data_dir = click.option(
    "--data-dir",
    type=click.Path(path_type=Path),
    help="Where the datasets lie.  [env: GENZOO_DATA; default: ~/.cache/genzoo/data]",
)
