"""A card's page: `card.md.jinja`, which reads as the card does, filled with the facts of a folder."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator
from functools import cache, partial
from importlib import resources
from typing import TYPE_CHECKING, Any

from genzoo.checkpoint.layout import DISCRIMINATOR
from genzoo.checkpoint.nets import MIXTURE_COMPONENTS, meta_nets
from genzoo.release.card.departures import departures
from genzoo.release.card.facts import Facts
from genzoo.release.card.front import front_matter
from genzoo.release.card.ranking import ranking
from genzoo.release.card.text import plain
from genzoo.release.card.training import again, passes, ran, remade, untold
from genzoo.values import listed
from genzoo.zoo.catalog import REPORTS, aliases_of
from genzoo.zoo.papers import bibtex
from genzoo.zoo.registry import ENTRIES

if TYPE_CHECKING:
    from jinja2 import Template
    from torch import nn


def page(facts: Facts) -> str:
    """The card of a folder: Markdown below its front matter.

    Raises:
        DataError: for a `metrics.json` of a neighbour that is no measurement.
        BadCheckpointError: for a measurement that the Hub would not take, or a neighbour's of other weights.
    """
    entry, listed = facts.entry, ENTRIES.get(facts.entry.name)
    report = listed.source if listed else ""  # a folder's own may be anything
    body = _template().render(
        facts=facts,
        entry=entry,
        recipe=entry.recipe,
        title=entry.dataset.title or f"`{entry.dataset.name}`",
        report=report,
        report_words=REPORTS.get(report),
        origin=listed.origin.format(report=f"{report} of genzoo's five course reports") if listed else "",
        aliases=aliases_of(entry.name),
        has_discriminator=facts.folder.has(DISCRIMINATOR),
        mixture_components=MIXTURE_COMPONENTS,
        ranking=ranking(facts),
        data=facts.config.training.get("data"),
        steps=facts.config.training.get("steps"),
        passes=passes(facts),
        untold=untold(entry.recipe),
        ran=ran(facts),
        again=again(facts),
        remade=remade(facts),
        citation="\n\n".join(map(bibtex, entry.citations)),
        departures=departures(facts, report),
        nets={name: list(_layers(net)) for name, net in meta_nets(entry).items()},
    )
    body = re.sub("\n{3,}", "\n\n", body).strip()
    return f"---\n{front_matter(facts)}\n---\n\n{body}\n"


def _layers(net: nn.Module) -> Iterator[dict[str, Any]]:
    """The layers that have parameters: the kind, the shapes of weights (of biases where it has no others), a count.

    Dropout has none, and stands among them where it acts.
    """
    from genzoo.nets.blocks import Dropout

    for module in net.modules():
        if isinstance(module, Dropout) and module.p:
            yield {"kind": "Dropout", "weights": f"{module.p:g} of the values zeroed in training", "parameters": 0}
        if parameters := list(module.parameters(recurse=False)):
            weights = [parameter for parameter in parameters if parameter.dim() > 1] or parameters[:1]
            shapes = ", ".join(" x ".join(map(str, weight.shape)) for weight in weights)
            count = sum(parameter.numel() for parameter in parameters)
            dropout = getattr(module, "dropout", 0.0)  # an LSTM's own
            kind = type(module).__name__ + (f", dropout of {dropout:g} between its layers" if dropout else "")
            yield {"kind": kind, "weights": shapes, "parameters": count}


@cache
def _template() -> Template:
    from jinja2 import Environment, StrictUndefined

    # Jinja escapes for HTML; for Markdown the template does, by `plain`.
    environment = Environment(undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    environment.filters |= {
        "listed": listed,
        "plain": plain,
        "json": partial(json.dumps, ensure_ascii=False),
        "shell": shlex.quote,
    }
    return environment.from_string((resources.files(__package__) / "card.md.jinja").read_text(encoding="utf-8"))
