"""What the shell completes.  It imports nothing until it is asked."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import click
    from click.shell_completion import CompletionItem


def complete_models(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:  # noqa: ARG001
    """For the shell: the aliases and names that begin so, or else folders."""
    from click.shell_completion import CompletionItem

    from genzoo.zoo.catalog import ALIASES, ENTRIES
    from genzoo.zoo.registry import load_plugins

    load_plugins()
    names = [name for name in (*ALIASES, *ENTRIES) if name.startswith(incomplete)]
    return [*map(CompletionItem, names)] or [CompletionItem(incomplete, type="dir")]
