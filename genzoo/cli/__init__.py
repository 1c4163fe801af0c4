"""The `genzoo` command: a thin skin over functions that a notebook can call.

Data goes to stdout, talk and progress bars to stderr; an error is one sentence and exit code 1 or 2.
"""

from __future__ import annotations

import contextlib
import signal
import sys
from typing import Any

import click

from genzoo.cli.adopt import adopt
from genzoo.cli.evaluate import evaluate, train_features
from genzoo.cli.generate import generate
from genzoo.cli.show import info, list_command
from genzoo.cli.train import finetune, train
from genzoo.errors import GenzooError
from genzoo.version import __version__


class _Group(click.Group):
    """The one place where an error becomes a sentence."""

    def invoke(self, ctx: click.Context) -> Any:
        # So that what is half written is removed as after Ctrl-C.
        with contextlib.suppress(ValueError):  # only the main thread may set it
            signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
        try:
            return super().invoke(ctx)
        except GenzooError as error:
            click.echo(f"Error: {error}", err=True)
            ctx.exit(error.exit_code)


@click.group(cls=_Group, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="genzoo")
def main() -> None:
    """A zoo of small generative models with their trained weights."""


for _command in (list_command, info, generate, train, finetune, evaluate, adopt, train_features):
    main.add_command(_command)
