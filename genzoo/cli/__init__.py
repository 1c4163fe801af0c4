"""The `genzoo` command: a thin skin over functions that a notebook can call.

Data goes to stdout, talk and progress bars to stderr; an error is one sentence and exit code 1 or 2.
"""

from __future__ import annotations

import contextlib
import importlib
import os
import signal
import sys
from typing import Any

import click

from genzoo.errors import GenzooError
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

    def main(self, *args: Any, **kwargs: Any) -> Any:
        """Run the command; what cannot be written to stdout or stderr ends it in a sentence, too."""
        try:
            return super().main(*args, **kwargs)
        except OSError as error:
            if error.filename is not None:  # of a file, which is not the user's fault
                raise
            _leave_unwritten()
            reason = (error.strerror or str(error)).lower()
            with contextlib.suppress(OSError):
                click.echo(f"Error: The output could not be written ({reason}): send it to another place.", err=True)
            sys.exit(1)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if wrong := [arg for arg in args if "\0" in arg]:
            ctx.fail(f"{wrong[0]!r} holds a NUL, which no name, number or path does.")
        return super().parse_args(ctx, args)

    def invoke(self, ctx: click.Context) -> Any:
        # So that what is half written is removed as after Ctrl-C.
        with contextlib.suppress(ValueError):  # only the main thread may set it
            signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
        try:
            return super().invoke(ctx)
        except GenzooError as error:
            click.echo(f"Error: {error}", err=True)
            ctx.exit(error.exit_code)


def _leave_unwritten() -> None:
    """Give up what stdout still holds, which Python would try to write once more, and fail, as it ends."""
    with contextlib.suppress(OSError, AttributeError, ValueError):  # it is no file, or none at all
        nothing = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nothing, sys.stdout.fileno())
        os.close(nothing)


@click.group(cls=_Group, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="genzoo")
def main() -> None:
    """A zoo of small generative models with their trained weights."""
