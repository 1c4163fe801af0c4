"""The help page of every command, as the commands themselves write it."""

from __future__ import annotations

from collections.abc import Iterator

import click
from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from genzoo.cli import main

_WIDTH = 100


def pages(command: click.Command, context: click.Context) -> Iterator[tuple[str, str]]:
    """Names and help pages of a command and all those below it."""
    yield context.command_path, command.get_help(context)
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            if (below := command.get_command(context, name)) and not below.hidden:
                yield from pages(below, _context(below, name, context))


def _context(command: click.Command, name: str, parent: click.Context | None = None) -> click.Context:
    # Both widths, since a page is as wide as the terminal, and at most so wide.
    settings = {**command.context_settings, "terminal_width": _WIDTH, "max_content_width": _WIDTH}
    return click.Context(command, parent, info_name=name, **settings)


class Commands(SphinxDirective):
    """A section for each command."""

    def run(self) -> list[nodes.Node]:
        """The sections."""
        self.env.note_reread()  # the commands may be others by now
        sections: list[nodes.Node] = []
        for name, page in pages(main, _context(main, "genzoo")):
            section = nodes.section(ids=[name.replace(" ", "-")], names=[name])
            section += nodes.title("", "", nodes.literal(name, name))
            section += nodes.literal_block(page, page, language="text")
            self.state.document.note_explicit_target(section, section)
            sections.append(section)
        return sections


def setup(app: Sphinx) -> dict[str, bool]:
    """Name the directive."""
    app.add_directive("commands", Commands)
    return {"parallel_read_safe": True}
