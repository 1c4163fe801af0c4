"""A card's front matter: what the Hub reads of it, and whether it can."""

from __future__ import annotations

import math
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from genzoo.checkpoint.strict import check
from genzoo.errors import BadCheckpointError
from genzoo.hub.folders import NAMESPACE, repository_of
from genzoo.release.card.facts import Facts
from genzoo.zoo.registry import find_dataset

if TYPE_CHECKING:
    from huggingface_hub import EvalResult

TASK = "unconditional-image-generation"
_ID = re.compile(r"[\w-][\w.-]*(/[\w-][\w.-]*)?", re.ASCII)
_MOST_CHARACTERS = 1_000_000


def front_matter(facts: Facts) -> str:
    """The YAML at a card's top, without its fences.

    Raises:
        BadCheckpointError: for a measurement that the Hub would not take.
    """
    from huggingface_hub import ModelCardData

    entry, results = facts.entry, list(_results(facts))
    data = ModelCardData(
        library_name="genzoo",
        license="apache-2.0",
        pipeline_tag=TASK,
        tags=[entry.family.objective.tag, entry.family.name, "image-generation", entry.dataset.name],
        datasets=[entry.dataset.hub_id] if entry.dataset.hub_id else None,
        model_name=entry.name if results else None,
        eval_results=results or None,
    )
    # Who names the namespace says that the catalog's entries are published there.
    if facts.config.parent and facts.is_tuned_from_catalog and os.environ.get(NAMESPACE):
        data["base_model"], data["base_model_relation"] = repository_of(facts.config.parent["name"]), "finetune"
    with _refusing("Measure anew with `genzoo evaluate`."):
        _check_fields(data.to_dict())  # type: ignore[no-untyped-call]
    return data.to_yaml()


def _results(facts: Facts) -> Iterator[EvalResult]:
    from huggingface_hub import EvalResult

    if (measured := facts.measurement) is None:
        return
    known, features = find_dataset(measured.dataset), measured.features
    net = f"{features.name} v{features.version}" if features else ""
    for words, rows in facts.measurements:
        for metric, row in rows:
            # A sample's metric means nothing without the net that it was seen through.
            marks = filter(None, [metric.unit, net if metric.needs == "samples" else "", words])
            yield EvalResult(
                task_type=TASK,
                task_name="Unconditional image generation",
                dataset_type=(known and known.hub_id) or measured.dataset,
                dataset_name=(known and known.title) or measured.dataset,
                dataset_split=measured.reference.split,
                metric_type=metric.name,
                metric_name=f"{metric.label} ({', '.join(marks)})",
                metric_value=row.mean,
            )


def check_card(text: str) -> dict[str, Any]:
    """A card's front matter, once it is what the Hub and genzoo's users need.

    Args:
        text: the card, as README.md holds it.

    Returns:
        The fields of the front matter.

    Raises:
        BadCheckpointError: naming the field that is wrong.
    """
    with _refusing("`genzoo card` writes a valid one."):
        fields = _read_fields(text)
        _check_fields(fields)
    return fields


@contextmanager
def _refusing(way_out: str) -> Iterator[None]:
    try:
        yield
    except BadCheckpointError as error:
        raise BadCheckpointError(f"The card is refused: {error} {way_out}") from None


def _read_fields(text: str) -> dict[str, Any]:
    from huggingface_hub import RepoCard
    from huggingface_hub.repocard import REGEX_YAML_BLOCK

    check(len(text) <= _MOST_CHARACTERS, f"it is longer than {_MOST_CHARACTERS:,} characters.")
    # Without one the client warns, and goes on.
    check(bool(REGEX_YAML_BLOCK.match(text)), "it does not begin with a block of YAML between two lines of ---.")
    try:
        card = RepoCard(text)
    except Exception as error:  # those of the parser of YAML are no ValueErrors
        words = " ".join(str(error).split())
        raise BadCheckpointError(f"its front matter is not YAML that has fields ({words}).") from None
    check(bool(card.text.strip()), "it has nothing below its front matter.")
    return vars(card.data)  # which, unlike a `ModelCard`, keeps all fields as they are written


def _check_fields(fields: Mapping[str, Any]) -> None:
    empty = [key for key, value in fields.items() if value is None or value in ("", [])]
    check(not empty, f"{', '.join(empty)} must not be empty.")
    check(fields.get("library_name") == "genzoo", "library_name must be genzoo.")
    check(isinstance(fields.get("license"), str), "license must name a licence of the Hub, e.g. apache-2.0.")
    check(fields.get("pipeline_tag") == TASK, f"pipeline_tag must be {TASK}.")
    tags = fields.get("tags", [])
    check(isinstance(tags, list) and all(isinstance(tag, str) and tag for tag in tags), "tags must be a list of words.")
    for key in ("datasets", "base_model"):
        ids = value if isinstance(value := fields.get(key, []), list) else [value]
        check(all(isinstance(i, str) and _ID.fullmatch(i) for i in ids), f"{key} must be ids of the Hub.")
    if "model-index" in fields:
        _check_index(fields["model-index"])


def _check_index(index: Any) -> None:
    from huggingface_hub.repocard_data import model_index_to_eval_results

    shape = "model-index must be a list of models with a name and results, each with task, dataset and metrics."
    check(isinstance(index, list) and bool(index), shape)
    try:
        name, results = model_index_to_eval_results(index)
    except KeyError as error:
        raise BadCheckpointError(f"a {error.args[0]} in model-index is missing.") from None
    except (AttributeError, TypeError, ValueError):
        raise BadCheckpointError(shape) from None
    check(_is_word(name) and bool(results), shape)
    for result in results:
        check(_is_word(result.task_type), "a task in model-index must have a type.")
        check(
            _is_word(result.dataset_type) and _is_word(result.dataset_name),
            "a dataset in model-index must have type and name.",
        )
        check(
            _is_word(result.metric_type) and (_is_word(result.metric_value) or _is_number(result.metric_value)),
            "a metric in model-index must have a type, and a value that is a finite number or text.",
        )


def _is_word(value: object) -> bool:
    return isinstance(value, str) and bool(value)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
