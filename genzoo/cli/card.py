"""`genzoo card` and `genzoo cite`."""

from __future__ import annotations

import dataclasses
import os
from typing import TYPE_CHECKING

import click

from genzoo.cli.common.complete import complete_models
from genzoo.cli.common.group import examples
from genzoo.cli.common.output import terminal_width, wrote
from genzoo.errors import UsageError
from genzoo.version import __version__
from genzoo.zoo import catalog

if TYPE_CHECKING:
    from pathlib import Path

_SHIPPED = os.path.join(os.path.dirname(os.path.dirname(__file__)), "cards")
"""Where a wheel has the cards of the catalog's entries; a checkout has none here, and writes them anew."""
_WIDEST = 120


def _as_path(_context: click.Context, _parameter: click.Parameter, text: str | None) -> Path | None:
    if text is None:
        return None
    from pathlib import Path  # for which there is no time where a card is only shown

    return Path(text)


@click.command(epilog=examples("genzoo card vae-mnist", "genzoo card runs/mine --out runs/mine/README.md"))
@click.argument("source", metavar="[NAME|FOLDER]", required=False, shell_complete=complete_models)
@click.option("--all", "every", is_flag=True, help="The card of each entry whose weights are here, NAME.md in --out.")
@click.option("--out", type=click.Path(), callback=_as_path, help="A file; with --all, a folder.  [default: stdout]")
@click.option("--note", help="One sentence on the samples by who looked at them; kept for a NAME until they change.")
@click.option("--front-matter", is_flag=True, help="Show what the Hub's programs read of it, too; files have it.")
def card(source: str | None, every: bool, out: Path | None, note: str | None, front_matter: bool) -> None:
    """Show the model card of NAME or FOLDER, or write it, as README.md of a repository on the Hub.

    Its links to pictures lead from where it is written to where they lie.
    """
    if (source is None) != every:
        raise UsageError("Say whose card to write: a name, a folder, or --all with a folder --out.")
    if source is None:
        _write_all(out, note)
        return
    name = catalog.ALIASES.get(source, source)
    if out is None and note is None and (shipped := _shipped(name)):
        _show(shipped, front_matter)
        return
    from genzoo.hub import find_folder

    folder = find_folder(source)
    from genzoo.checkpoint.config import read_config
    from genzoo.checkpoint.files import refuse_unwritable, write_text
    from genzoo.checkpoint.folder import renew
    from genzoo.release.card import cards_home, check_note, render, write_note
    from genzoo.release.card.facts import relative

    read_config(folder)  # what is no checkpoint is said before torch is imported, and that no card can be written
    if out is not None:
        refuse_unwritable(out)
    if note is not None and name in catalog.ENTRIES:
        write_note(name, folder, note, cards_home())
    note = None if note is None else check_note(note)
    loads = None if name not in catalog.ENTRIES and os.path.isdir(source) else name
    text = render(folder, relative(folder.path, out.parent) if out else "", source=loads, note=note)
    if out is None:
        _show(text, front_matter)
        return
    write_text(out, text)
    renew(out)
    wrote(out, data=True)


def _show(text: str, front_matter: bool) -> None:
    """Print a card: to a terminal as a page, unless its source is wanted; elsewhere as Markdown."""
    if front_matter:
        click.echo(text, nl=False)
        return
    text = text.partition("\n---\n")[2].lstrip("\n")
    if (width := terminal_width()) is None:
        click.echo(text, nl=False)
        return
    from rich.console import Console
    from rich.markdown import Markdown

    Console(width=min(width, _WIDEST)).print(Markdown(text))


def _shipped(name: str) -> str | None:
    """The card of an entry as it lies beside its weights, if this installation brings it: nothing else is imported."""
    path = os.path.join(_SHIPPED, f"{name}.md")
    if name not in catalog.ENTRIES or not os.path.isfile(path):
        return None
    with open(path, encoding="utf-8") as file:
        return file.read().replace(f"](../weights/{name}/", "](")


def _write_all(cards: Path | None, note: str | None) -> None:
    if cards is None or note is not None:
        raise UsageError("--all writes into a folder, which --out names, and takes no --note.")
    from genzoo.checkpoint.manifest import is_here
    from genzoo.release.card import write_card

    for name in filter(is_here, catalog.ENTRIES):
        wrote(write_card(name, cards), data=True)


@click.command(epilog=examples("genzoo cite vae-mnist", "genzoo cite runs/mine > references.bib"))
@click.argument("source", metavar="NAME|FOLDER|REPOSITORY", shell_complete=complete_models)
def cite(source: str) -> None:
    """Print what to cite for a model, as BibTeX.

    That is the report which its entry comes from, genzoo, the paper of its dataset, and those of its method.
    """
    from genzoo.hub import info
    from genzoo.zoo.papers import GENZOO, bibtex

    this = dataclasses.replace(GENZOO, others=(*GENZOO.others, ("note", f"Version {__version__}")))
    click.echo("\n\n".join(bibtex(this if paper == GENZOO else paper) for paper in info(source).citations))
