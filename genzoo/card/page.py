"""A card's page: `card.md.jinja`, which reads as the card does, filled with the facts of a folder."""

from __future__ import annotations

import json
import re
import shlex
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING

from genzoo.card.facts import Facts
from genzoo.card.front import front_matter
from genzoo.card.nets import nets_of
from genzoo.card.ranking import ranking
from genzoo.card.text import plain
from genzoo.card.training import objective, optimizer, read_run, untold
from genzoo.card.words import FAMILIES, HELD_OUT, REPORTS, SHORTFALLS, SUBJECTS, papers, title
from genzoo.catalog import ENTRIES, aliases_of
from genzoo.weights import CRITIC, MIXTURE_COMPONENTS

if TYPE_CHECKING:
    from jinja2 import Template

_TEMPLATE = "card.md.jinja"
_EMPTY_LINES = re.compile("\n{3,}")


def page(facts: Facts) -> str:
    """The card of a folder: Markdown below its front matter."""
    entry, dataset = facts.entry, facts.entry.dataset
    channels, height, width = dataset.shape
    report = ENTRIES[entry.name].source if entry.name in ENTRIES else ""  # a folder's own may be anything
    text = _template().render(
        facts=facts,
        front=front_matter(facts),
        entry=entry,
        recipe=entry.recipe,
        kind=FAMILIES[entry.family],
        title=title(dataset.name),
        subject=SUBJECTS.get(dataset.name),
        held_out=HELD_OUT.get(dataset.name),
        channels=channels,
        height=height,
        width=width,
        shape=f"{channels}, {height}, {width}",
        report=report,
        report_words=REPORTS.get(report),
        aliases=aliases_of(entry.name),
        has_critic=facts.folder.has(CRITIC),
        mixture_components=MIXTURE_COMPONENTS,
        shortfalls=SHORTFALLS,
        ranking=ranking(facts),
        run=read_run(facts),
        objective=objective(entry.recipe),
        optimizer=optimizer(entry.recipe),
        untold=untold(entry.recipe),
        nets=nets_of(entry),
        papers=papers(entry),
    )
    return _EMPTY_LINES.sub("\n\n", text).strip() + "\n"


@cache
def _template() -> Template:
    from jinja2 import Environment, StrictUndefined

    # Markdown is not HTML: what must be escaped goes through `plain`.
    environment = Environment(undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True, autoescape=False)
    environment.filters |= {
        "plain": plain,
        "json": lambda value: json.dumps(value, ensure_ascii=False),
        "shell": shlex.quote,
    }
    return environment.from_string(resources.files(__package__).joinpath(_TEMPLATE).read_text(encoding="utf-8"))
