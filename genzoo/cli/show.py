"""`genzoo list` and `genzoo info`, which import as little as they can."""

from __future__ import annotations

import json
import os
from typing import Any

import click

from genzoo.checkpoint import manifest
from genzoo.checkpoint.layout import CONFIG, METRICS, MODEL
from genzoo.checkpoint.strict import read_json
from genzoo.cli.common.complete import complete_models
from genzoo.cli.common.group import examples
from genzoo.cli.common.output import terminal_width
from genzoo.errors import BadCheckpointError, UnknownNameError
from genzoo.values import folded, with_margin
from genzoo.zoo import catalog
from genzoo.zoo.spec import Entry


def describe(name: str) -> dict[str, Any]:
    """The facts of a catalog entry, by its full name, as `genzoo list --json` has them.

    Raises:
        BadCheckpointError: for a damaged manifest, or a damaged measurement of a shipped entry.
    """
    return {**_listed(name), "metrics": _read_shipped(name, METRICS) if name in manifest.read_manifest() else None}


def _listed(name: str) -> dict[str, Any]:
    """The same without its measurement: all that the manifest and the catalog say."""
    files = manifest.read_manifest().get(name, {})
    here = bool(files) and os.path.isfile(manifest.shipped_path(name, MODEL))
    return {
        **_facts(catalog.ENTRIES[name]),
        "weights": "here" if here else "not in this installation" if files else "not trained yet",
        "bytes": sum(file.size for file in files.values()) or None,
    }


def _facts(entry: Entry) -> dict[str, Any]:
    return {
        "name": entry.name,
        "aliases": catalog.aliases_of(entry.name),
        "family": entry.family.name,
        "dataset": entry.dataset.name,
        "image_shape": list(entry.dataset.shape),
        "latent_size": entry.latent_size,
        "hidden_layers": entry.hidden_layers,
        "dropout": entry.dropout or None,
        "source": entry.source,
    }


def _describe_source(source: str) -> tuple[Entry, dict[str, Any]]:
    """The entry and the facts of a checkpoint folder, or of a repository, of which `config.json` alone is fetched."""
    from genzoo.checkpoint.config import read_config
    from genzoo.checkpoint.measurement import read_metrics
    from genzoo.hub import find_folder

    folder = find_folder(source)
    config = read_config(folder)
    measured = os.path.isfile(folder.path / METRICS)
    return config.entry, {
        **_facts(config.entry),
        "weights": str(folder.path),
        "metrics": read_metrics(folder.file(METRICS)).to_json() if measured else None,
        "training": config.training,
        "entry": config.entry.to_json(),
    }


def _read_shipped(name: str, file: str) -> Any:
    """The value of a JSON file of an entry, None where it is not here; `genzoo verify` checks its hash."""
    path = manifest.shipped_path(name, file)
    if not os.path.isfile(path):
        return None
    try:
        return read_json(path)
    except ValueError as error:
        raise BadCheckpointError(f"{path} is damaged ({error}): install genzoo anew.") from None


def _training(name: str) -> dict[str, Any] | None:
    """The record of the training of an entry's weights; None where they are not here."""
    match _read_shipped(name, CONFIG) if manifest.is_here(name) else None:
        case None:
            return None
        case {"training": dict() as training}:
            return training
    raise BadCheckpointError(f"{manifest.shipped_path(name, CONFIG)} is damaged: install genzoo anew.")


@click.command("list", epilog=examples("genzoo list", "genzoo list 'vae-*' --dataset mnist"))
@click.argument("pattern", default="*", shell_complete=complete_models)
@click.option("--family", help="Only this family, e.g. dcgan.")
@click.option("--dataset", help="Only this dataset, e.g. mnist.")
@click.option("--pretrained", is_flag=True, help="Only those that have weights, in this installation or not.")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
def list_command(pattern: str, family: str | None, dataset: str | None, pretrained: bool, as_json: bool) -> None:
    """List the models whose names match PATTERN, e.g. 'dcgan-*'."""
    names = manifest.list_models(pattern, family, dataset, pretrained=pretrained)
    if not names:
        narrowed = "".join(f" --{key} {value}" for key, value in (("family", family), ("dataset", dataset)) if value)
        if narrowed:
            raise UnknownNameError(f"No model matches {pattern!r} and{narrowed}: `genzoo list` shows every name.")
        known = catalog.nearest(pattern, [*catalog.ALIASES, *catalog.ENTRIES])
        raise UnknownNameError(f"No model matches {pattern!r}: {known}")
    click.echo(json.dumps([*map(describe, names)], indent=2) if as_json else _table([*map(_listed, names)]))


def _table(rows: list[dict[str, Any]]) -> str:
    headlines = manifest.read_headlines()
    lines = [("NAME", "ALIAS", "WEIGHTS", "SIZE", "FRECHET")]
    for row in rows:
        size = f"{row['bytes'] / 1e6:.1f} MB" if row["bytes"] else "-"
        distance = _headline(headlines[row["name"]]) if row["name"] in headlines else "-"
        lines.append((row["name"], ", ".join(row["aliases"]) or "-", row["weights"], size, distance))
    return "\n".join(folded(lines, terminal_width()))


def _headline(row: manifest.Headline) -> str:
    return f"{row.mean:.2f}" + ("" if row.margin is None else f" ±{row.margin:.2f}")


def _value(metrics: Any, key: str) -> tuple[float, float | None] | None:
    """A metric's mean and margin, of a measurement as its file has it: `genzoo list` has no time for records."""
    match metrics.get(key) if isinstance(metrics, dict) else None:
        case {"mean": int() | float() as mean, "margin": int() | float() as margin} if margin >= 0:
            return mean, margin
        case {"mean": int() | float() as mean}:
            return mean, None
    return None


@click.command(epilog=examples("genzoo info vae-mnist", "genzoo info runs/mine --json"))
@click.argument("source", metavar="NAME|FOLDER|REPOSITORY", shell_complete=complete_models)
@click.option("--json", "as_json", is_flag=True, help="For programs.")
def info(source: str, as_json: bool) -> None:
    """Show all that is known of a model: its nets, its recipe, its weights."""
    from genzoo.zoo.registry import ALL_METRICS
    from genzoo.zoo.variants import settings_of

    if manifest.is_of_catalog(source):
        entry = catalog.find_entry(source)
        facts = {**describe(entry.name), "training": _training(entry.name), "entry": entry.to_json()}
    else:
        entry, facts = _describe_source(source)
    if as_json:
        click.echo(json.dumps(facts, indent=2))
        return
    own = {"objective", *settings_of(entry)}  # a recipe has other objectives' fields, too
    recipe = {key: value for key, value in facts["entry"]["recipe"].items() if key in own}
    nested = {"arch": facts["entry"]["arch"], "recipe": recipe}
    plain = {key: value for key, value in facts.items() if key not in ("entry", "metrics", "training")}
    plain["image_shape"] = " x ".join(map(str, facts["image_shape"]))
    if facts.get("bytes"):
        plain["bytes"] = f"{facts['bytes']:,}"
    plain["aliases"] = ", ".join(facts["aliases"]) or "-"
    for key, value in plain.items():
        click.echo(f"{key.replace('_', ' '):14} {'-' if value is None else value}")
    values = {metric.label: _value(facts["metrics"], key) for key, metric in ALL_METRICS.items()}
    nested["metrics"] = {label: with_margin(*value) for label, value in values.items() if value is not None}
    told = ("steps", "step", "seed", "precision", "device")
    nested["training"] = {key: facts["training"][key] for key in told if key in (facts["training"] or {})}
    for key, fields in nested.items():
        if not fields:
            continue
        click.echo(f"{key}:")
        width = max(14, *map(len, fields))
        for field, value in fields.items():
            click.echo(f"  {field.replace('_', ' '):{width}} {value}")
