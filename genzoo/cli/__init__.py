"""The `genzoo` command: a thin skin over functions that a notebook can call.

Data goes to stdout, talk and progress bars to stderr; an error is one sentence and exit code 1 or 2.
"""

from __future__ import annotations

import contextlib
import importlib
import io
import signal
import sys
from typing import Any

import click

from genzoo.errors import GenzooError
from genzoo.platforms import STOP_SIGNALS
from genzoo.version import __version__

_COMMANDS = {
    "list": "show:list_command",
    "info": "show:info",
    "generate": "generate:generate",
    "train": "train:train",
    "finetune": "train:finetune",
    "evaluate": "evaluate:evaluate",
    "pull": "hub:pull",
    "verify": "hub:verify",
    "card": "card:card",
    "publish": "publish:publish",
    "adopt": "adopt:adopt",
    "train-features": "evaluate:train_features",
}
"""Each command's module and function, imported when it is asked for."""


class _Group(click.Group):
    """The one place where an error becomes a sentence."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name not in _COMMANDS:
            return None
        module, function = _COMMANDS[cmd_name].split(":")
        command: click.Command = getattr(importlib.import_module(f"genzoo.cli.{module}"), function)
        return command

    def invoke(self, ctx: click.Context) -> Any:
        _prepare_process()
        try:
            return super().invoke(ctx)
        except GenzooError as error:
            click.echo(f"Error: {error}", err=True)
            ctx.exit(error.exit_code)


def _prepare_process() -> None:
    """Let signals end this process as Ctrl-C does, and no sign be one that its output cannot have."""
    # So that what is half written is removed as after Ctrl-C.
    with contextlib.suppress(ValueError):  # only the main thread may set it
        for kind in STOP_SIGNALS:
            if kind != signal.SIGINT:
                signal.signal(kind, lambda number, _: sys.exit(128 + number))
    # In a file or a pipe Windows has no arrows, and not all letters that a folder's name may have.
    if isinstance(sys.stdout, io.TextIOWrapper) and sys.stdout.errors == "strict":
        sys.stdout.reconfigure(errors="backslashreplace")


@click.group(cls=_Group, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="genzoo")
def main() -> None:
    """A zoo of small generative models with their trained weights."""
