"""How an entry departs from the report that it comes from, for its card."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from genzoo.release.card.facts import Facts
from genzoo.release.card.text import plain_value
from genzoo.release.card.training import passes
from genzoo.studies.reports.recipes import EPOCHS, READERS, recipe_of

_MORE = {
    "lr_schedule": "rates that fall to zero",
    "real_label": "real images labelled {value:g}",
    "norm_bias": "a discriminator whose batch norm has no trained biases",
    "n_critic": "{value} discriminator steps to one of the generator",
    "r1_gamma": "a gradient penalty at real images",
    "gp_weight": "a gradient penalty",
    "binarize": "pixels that are drawn from their grey levels",
}
"""Fields of a recipe that a report may have nothing of, in words."""
_AT_LEAST_0 = ("beta1",)
"""What an entry has at 0, too."""
_STATED = {"real_label": "real labels"}


def departures(facts: Facts, report: str) -> dict[str, Any] | None:
    """What a card says of them; None of a model that is no report's.

    Args:
        facts: of the folder.
        report: the source of the catalog's entry of that name.

    Returns:
        `rows`: for each thing that is not as the report has it its name, the report's value and the entry's;
        `more`: what the entry has beyond the report, in words; `silent`: what the report says nothing of.
    """
    said = recipe_of(report, facts.entry.name)
    if said is None:
        return None
    rows = [
        (word, f"{plain_value(value)}{source}", ours)
        for values, source in ((said.text, ""), (said.code, ", by its code"))
        for word, value in values.items()
        if (ours := _ours(facts, word, value))
    ]
    return {"rows": rows, "more": list(_more(facts, {*said.text, *said.code})), "silent": said.silent}


def _ours(facts: Facts, word: str, value: Any) -> str:
    """What the entry has in place of a report's value; empty where it has the same, or that is not known."""
    if word == EPOCHS:
        done = passes(facts)
        return "" if done is None or round(done) == value else f"{done:.4g}"
    ours = READERS[word](facts.entry)
    same = bool(ours) if isinstance(value, str) and not isinstance(ours, str) else ours == value
    return "" if same else plain_value(ours) if ours or word in _AT_LEAST_0 else "none"


def _more(facts: Facts, stated: set[str]) -> Iterator[str]:
    recipe = facts.entry.recipe
    if recipe.ema_decay:
        yield "the average of the weights that ships"
    if measured := len(facts.config.training.get("evaluations") or []):
        yield f"the choice of the best of {measured} states"
    plain = type(recipe)(recipe.objective, epochs=recipe.epochs)
    for name, words in _MORE.items():
        value = getattr(recipe, name)
        if value != getattr(plain, name) and _STATED.get(name, "") not in stated:
            yield words.format(value=value)
