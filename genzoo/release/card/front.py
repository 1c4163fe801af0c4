"""A card's front matter: what the Hub reads of it, and whether it can."""

from __future__ import annotations

import math
import os
import re
from collections.abc import Mapping
from typing import Any

import yaml

from genzoo.checkpoint.strict import check
from genzoo.checkpoint.weights import MODEL, read_manifest
from genzoo.errors import BadCheckpointError
from genzoo.hub.folders import NAMESPACE, repository_of
from genzoo.release.card.facts import Facts, Row
from genzoo.release.card.words import HUB_DATASETS, TITLES

TASK = "unconditional-image-generation"
_ID = re.compile(r"[\w-][\w.-]*(/[\w-][\w.-]*)?", re.ASCII)
_BLOCK = re.compile(r"---\n(.*?)\n---\n", re.DOTALL)
_MOST_CHARACTERS = 1_000_000


def front_matter(facts: Facts) -> str:
    """The YAML block at a card's top, with its fences."""
    entry = facts.entry
    kind = "vae" if entry.is_vae else "gan"
    fields: dict[str, Any] = {
        "library_name": "genzoo",
        "license": "apache-2.0",
        "pipeline_tag": TASK,
        "tags": list(dict.fromkeys([kind, entry.family.name, "image-generation", entry.dataset.name])),
    }
    if entry.dataset.name in HUB_DATASETS:
        fields["datasets"] = [HUB_DATASETS[entry.dataset.name]]
    # Who names the namespace says that the catalog's entries are published there.
    if (parent := facts.config.parent) and is_of_catalog(parent) and os.environ.get(NAMESPACE):
        fields |= {"base_model": repository_of(parent["name"]), "base_model_relation": "finetune"}
    if metrics := _metrics(facts):
        result = {"task": {"type": TASK, "name": "Unconditional image generation"}, "dataset": _dataset(facts)}
        fields["model-index"] = [{"name": entry.name, "results": [{**result, "metrics": metrics}]}]
    return f"---\n{yaml.safe_dump(fields, sort_keys=False, allow_unicode=True, width=1000)}---\n"


def is_of_catalog(parent: Mapping[str, Any] | None) -> bool:
    """Whether what a model was fine-tuned from had the catalog's own weights."""
    if parent is None:
        return False
    ours = read_manifest().get(parent["name"], {}).get(MODEL, {}).get("sha256")
    return ours is not None and ours == parent["sha256"].get(MODEL)


def _dataset(facts: Facts) -> dict[str, str]:
    document = facts.document or {}
    name = str(document["dataset"])
    split = (document["reference"] or {}).get("split", "test")
    return {"type": HUB_DATASETS.get(name, name), "name": TITLES.get(name, name), "split": str(split)}


def _metrics(facts: Facts) -> list[dict[str, Any]]:
    features = features_name(facts)
    named = [("", facts.rows), *facts.more_rows]
    return [
        {"type": row.key, "value": row.mean, "name": _label(row, words, features)}
        for words, rows in named
        for row in rows
    ]


def _label(row: Row, words: str, features: str) -> str:
    # A sample's metric means nothing without the net that it was seen through.
    marks = [row.unit, "" if row.standard_error is not None else features, words]
    return f"{row.metric.label} ({', '.join(filter(None, marks))})"


def features_name(facts: Facts) -> str:
    """The feature net of a measurement, with its version."""
    features = (facts.document or {}).get("features") or {}
    return f"{features.get('name')} v{features['version']}" if "version" in features else str(features.get("name", ""))


def check_card(text: str) -> dict[str, Any]:
    """A card's front matter, once it is what the Hub and genzoo's users need.

    Args:
        text: the card, as README.md holds it.

    Returns:
        The fields of the front matter.

    Raises:
        BadCheckpointError: naming the field that is wrong.
    """
    try:
        fields = _fields(text)
        _check_heads(fields)
        for where, value in (("datasets", fields.get("datasets", [])), ("base_model", fields.get("base_model", []))):
            ids = value if isinstance(value, list) else [value]
            check(all(isinstance(i, str) and _ID.fullmatch(i) for i in ids), f"{where} must be ids of the Hub.")
        _check_index(fields.get("model-index", []))
    except BadCheckpointError as error:
        raise BadCheckpointError(f"The card is refused: {error} `genzoo card` writes a valid one.") from None
    return fields


def _fields(text: str) -> dict[str, Any]:
    check(len(text) <= _MOST_CHARACTERS, f"it is longer than {_MOST_CHARACTERS:,} characters.")
    block = _BLOCK.match(text)
    check(block is not None, "it does not begin with a block of YAML between two lines of ---.")
    assert block is not None
    try:
        fields = yaml.safe_load(block[1])
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        words = " ".join(str(error).split())
        raise BadCheckpointError(f"its front matter is not YAML ({words}).") from None
    check(isinstance(fields, dict) and all(isinstance(key, str) for key in fields), "its front matter has no fields.")
    check(bool(text[block.end() :].strip()), "it has nothing below its front matter.")
    checked: dict[str, Any] = fields
    return checked


def _check_heads(fields: Mapping[str, Any]) -> None:
    empty = [key for key, value in fields.items() if value is None or value in ("", [])]
    check(not empty, f"{', '.join(empty)} must not be empty.")
    check(fields.get("library_name") == "genzoo", "library_name must be genzoo.")
    check(isinstance(fields.get("license"), str), "license must name a licence of the Hub, e.g. apache-2.0.")
    check(fields.get("pipeline_tag") == TASK, f"pipeline_tag must be {TASK}.")
    tags = fields.get("tags", [])
    check(isinstance(tags, list) and all(isinstance(tag, str) and tag for tag in tags), "tags must be a list of words.")


def _check_index(index: object) -> None:
    shape = "model-index must be a list of models with a name and results, each with task, dataset and metrics."
    check(isinstance(index, list), shape)
    for model in index if isinstance(index, list) else []:
        check(isinstance(model, dict) and isinstance(model.get("name"), str), shape)
        check(isinstance(model.get("results"), list) and bool(model["results"]), shape)
        for result in model["results"]:
            check(isinstance(result, dict), shape)
            _check_result(result)


def _check_result(result: Mapping[str, Any]) -> None:
    for part, keys in (("task", ("type",)), ("dataset", ("type", "name"))):
        value = result.get(part)
        check(
            isinstance(value, dict) and all(isinstance(value.get(key), str) and value[key] for key in keys),
            f"a {part} in model-index must have {' and '.join(keys)}.",
        )
    metrics = result.get("metrics")
    check(isinstance(metrics, list) and bool(metrics), "a result in model-index must have metrics.")
    for metric in metrics or []:
        check(
            isinstance(metric, dict) and isinstance(metric.get("type"), str) and _is_value(metric.get("value")),
            "a metric in model-index must have a type, and a value that is a finite number or text.",
        )


def _is_value(value: object) -> bool:
    if isinstance(value, str):
        return bool(value)
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
