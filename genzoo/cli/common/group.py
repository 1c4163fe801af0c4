"""Groups of commands and their help pages.  It imports nothing of genzoo: `genzoo --help` has no time for it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import click

_WHOLE = 1000


class Group(click.Group):
    """A group of commands that names the nearest of them for one that it lacks, and cuts no summary."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The command that the arguments begin with, and the rest of them."""
        name, known = args[0], self.list_commands(ctx)
        if name not in known and not name.startswith("-") and not ctx.resilient_parsing:
            from genzoo.zoo.catalog import nearest

            ctx.fail(f"No such command {name!r}: {nearest(name, known, f'`{ctx.command_path} --help` has them all.')}")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the commands, each with its summary."""
        commands = [(name, self.get_command(ctx, name)) for name in self.list_commands(ctx)]
        with formatter.section("Commands"):
            formatter.write_dl([(name, one.get_short_help_str(limit=_WHOLE)) for name, one in commands if one])


class Sections(click.Command):
    """A command on whose help page options stand in sections; those of no section come last.

    Args:
        sections: for the title of each section the names of its parameters.
    """

    def __init__(self, *args: Any, sections: Mapping[str, Sequence[str]], **settings: Any) -> None:
        super().__init__(*args, **settings)
        self.sections = sections

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the sections."""
        options = (param for param in self.get_params(ctx) if isinstance(param, click.Option))
        rows = {option.name: row for option in options if (row := option.get_help_record(ctx)) is not None}
        for title, names in self.sections.items():
            with formatter.section(title):
                formatter.write_dl([rows.pop(name) for name in names])
        with formatter.section("Other options"):
            formatter.write_dl([*rows.values()])


def examples(*lines: str) -> str:
    """The end of a help page: command lines, each of which a test parses."""
    return "\b\n" + "\n".join(["Examples:", *(f"  {line}" for line in lines)])
