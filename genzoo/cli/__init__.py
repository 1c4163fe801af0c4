"""The `genzoo` command: a thin skin over functions that a notebook can call.

Data goes to stdout, talk and progress bars to stderr; an error is one sentence and exit code 1 or 2.
It may import every room, and does so when a command is called; it alone touches click.
"""

from __future__ import annotations

import contextlib
import errno
import gc
import importlib
import io
import os
import signal
import sys
from typing import TYPE_CHECKING, Any

import click

from genzoo import log
from genzoo.cli.common.group import Group, examples
from genzoo.errors import GenzooError
from genzoo.platforms import STOP_SIGNALS
from genzoo.version import __version__

if TYPE_CHECKING:
    from types import ModuleType

    from click.shell_completion import CompletionItem

_COMMANDS = {
    "list": ("show", "list_command", "List the models whose names match PATTERN."),
    "info": ("show", "info", "Show all that is known of a model."),
    "card": ("card", "card", "Show or write the model card of NAME or FOLDER."),
    "cite": ("card", "cite", "Print what to cite for a model, as BibTeX."),
    "generate": ("generate", "generate", "Draw images from a trained model."),
    "traverse": ("latents", "traverse", "Draw what the directions of a latent space do."),
    "manifold": ("latents", "manifold", "Draw the plane of a model with two latent dimensions."),
    "demo": ("demo", "demo", "Play with models in the browser."),
    "export": ("export", "export", "Write a trained net as one file that other programs run."),
    "pull": ("hub", "pull", "Fetch models from the Hub ahead of time."),
    "train": ("train", "train", "Train models and leave a checkpoint folder each."),
    "finetune": ("train", "finetune", "Train a model further, on other images."),
    "evaluate": ("evaluate", "evaluate", "Measure a model's samples against real images."),
    "plot": ("plot", "plot", "Draw the curves of models' training."),
    "study": ("study", "study", "Carry out the reports' comparisons and show them."),
    "publish": ("publish", "publish", "Publish a trained model on the Hub."),
    "verify": ("hub", "verify", "Hash the weights on this machine again."),
    "adopt": ("adopt", "adopt", "Take finished runs into the zoo's weights."),
    "train-features": ("evaluate", "train_features", "Train genzoo's feature net for a dataset."),
}
"""Each command's module and function, and the line that `genzoo --help` has for it, which then imports neither."""
_SECTIONS = {
    "Look": ("list", "info", "card", "cite"),
    "Sample": ("generate", "traverse", "manifold", "demo", "export", "pull"),
    "Train and measure": ("train", "finetune", "evaluate", "plot", "study"),
    "Publish": ("publish",),
    "Maintain": ("verify", "adopt", "train-features"),
}
"""Where `genzoo --help` has each command."""

_NOT_WRITTEN = (errno.ENOSPC, errno.EFBIG, errno.EIO, errno.EBADF)
"""The errors of a stdout or stderr that takes no more; of a closed pipe click takes care."""


class _Group(Group):
    """The group of all commands, which turns every `GenzooError` into a sentence and an exit code."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name not in _COMMANDS:
            return None
        module, function, _ = _COMMANDS[cmd_name]
        command: click.Command = getattr(_imported(f"genzoo.cli.{module}"), function)
        return command

    def main(self, *args: Any, **kwargs: Any) -> Any:
        """Run the command; what cannot be written to stdout or stderr ends it in a sentence, too."""
        try:
            return super().main(*args, **kwargs)
        except OSError as error:
            if error.filename is not None or error.errno not in _NOT_WRITTEN:
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

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        width = max(map(len, _COMMANDS))
        for title, names in _SECTIONS.items():
            with formatter.section(title):
                formatter.write_dl([(name.ljust(width), _COMMANDS[name][-1]) for name in names])

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """For the shell: the commands that begin so, none of which is imported for it."""
        from click.shell_completion import CompletionItem

        found = [(name, summary) for name, (*_, summary) in _COMMANDS.items() if name.startswith(incomplete)]
        return [CompletionItem(name, help=summary) for name, summary in found] + click.Command.shell_complete(
            self, ctx, incomplete
        )

    def invoke(self, ctx: click.Context) -> Any:
        _prepare_process()
        try:
            return super().invoke(ctx)
        except GenzooError as error:
            click.echo(f"Error: {error}", err=True)
            ctx.exit(error.exit_code)
        except ModuleNotFoundError as error:
            from genzoo.extras import about_missing

            if (sentence := about_missing(error)) is None:
                raise
            click.echo(f"Error: {sentence}", err=True)
            ctx.exit(1)


def _imported(name: str) -> ModuleType:
    """A module, all of which, as of those that it imports, stays until the process ends.

    To look for garbage in there, at last as Python ends, would take a tenth of the time of `genzoo list`.
    """
    if name in sys.modules or not gc.isenabled():
        return importlib.import_module(name)
    gc.disable()
    try:
        return importlib.import_module(name)
    finally:
        gc.freeze()
        gc.enable()


def _leave_unwritten() -> None:
    """Drop the rest of stdout's buffer, which Python would try to write once more, and fail, as it ends."""
    with contextlib.suppress(OSError, AttributeError, ValueError):  # it is no file, or none at all
        nothing = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nothing, sys.stdout.fileno())
        os.close(nothing)


def _prepare_process() -> None:
    """Let signals end this process as Ctrl-C does, and escape characters that its output cannot encode."""
    log.speak()
    # So that what is half written is removed as after Ctrl-C.
    with contextlib.suppress(ValueError):  # only the main thread may set it
        for kind in STOP_SIGNALS:
            if kind != signal.SIGINT:
                signal.signal(kind, lambda number, _: sys.exit(128 + number))
    # In a file or a pipe Windows has no arrows, and not all letters that a folder's name may have.
    if isinstance(sys.stdout, io.TextIOWrapper) and sys.stdout.errors == "strict":
        sys.stdout.reconfigure(errors="backslashreplace")


@click.group(
    cls=_Group,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog=examples("genzoo list 'dcgan-*'", "genzoo generate -m dcgan-mnist --open digits.png"),
)
@click.version_option(__version__, prog_name="genzoo")
def main() -> None:
    """A zoo of small generative models with their trained weights."""
