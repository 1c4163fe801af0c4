"""Which entry of a family stands for it on a dataset, by the rule: docs/aliases.md.

    python tools/aliases.py --out docs/aliases.md
    python tools/aliases.py --out docs/aliases.md --apply genzoo/zoo/catalog.py

The numbers are those of `tools/training-set.json`, which `tools/measure.py` writes; of a family that is not wholly in
it, those that the runs found on the way.  With --apply the catalog's aliases become those of the rule.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from genzoo.checkpoint.config import Config, read_config
from genzoo.checkpoint.files import sha256, write_text
from genzoo.checkpoint.folder import Folder
from genzoo.checkpoint.layout import CONFIG, MODEL
from genzoo.checkpoint.measurement import Measurement, MetricValue, measurement_of
from genzoo.checkpoint.nets import meta_nets
from genzoo.evaluate.comparison import are_tied
from genzoo.nets import count_parameters
from genzoo.release.card.text import table
from genzoo.zoo.catalog import ALIASES, ENTRIES
from genzoo.zoo.registry import ALL_METRICS
from page import parser_of, signature

TRAINING_SET = Path(__file__).with_name("training-set.json")
JUDGED = ("frechet_distance", "coverage", "recall")
INTRODUCTION = """# Which entry an alias stands for

An alias `<family>-<dataset>` is chosen by what the family's entries do on the training set, so that no choice saw the
test set, by samples of the standard normal:

1. The entries that are not told apart from the lowest Fréchet distance remain: the 95 % interval of the difference,
   over other samples and other real images, holds 0.
2. Of these, one that another beats goes: better by coverage or by recall, told apart, and worse by neither.
3. The smallest generator of the rest is the alias.

Where there are no intervals, two values tie only where they are equal. The chosen entries stand in bold; the others
come in the order of their distance."""
WITHOUT = "These were found while they trained, of 5,000 samples, without intervals."


@dataclass(frozen=True)
class Candidate:
    """An entry, what it does on the training set, and the parameters of its generator."""

    name: str
    rows: dict[str, MetricValue]
    parameters: int


def families(home: Path) -> dict[str, list[Candidate]]:
    """By alias, the entries it may stand for that have weights in a folder; of families that have several."""
    names: dict[str, list[str]] = {}
    for name, entry in ENTRIES.items():
        if (home / name / CONFIG).is_file():
            names.setdefault(f"{entry.family}-{entry.dataset.name}", []).append(name)
    measured = read_training_set(TRAINING_SET)
    return {alias: _candidates(home, found, measured) for alias, found in names.items() if len(found) > 1}


def read_training_set(path: Path) -> dict[str, Measurement]:
    """What was measured on the training set, by entry; nothing where there is no such file."""
    stored = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    return {name: measurement_of(document) for name, document in stored.items()}


def is_of(measurement: Measurement | None, folder: Path) -> bool:
    """Whether a measurement is of the weights in a folder."""
    return measurement is not None and measurement.weights_sha256 == sha256(folder / MODEL)


def _candidates(home: Path, names: Sequence[str], measured: dict[str, Measurement]) -> list[Candidate]:
    configs = {name: read_config(Folder(home / name)) for name in names}
    whole = all(is_of(measured.get(name), home / name) for name in names)
    rows = {name: dict(measured[name].rows) if whole else on_the_way(config) for name, config in configs.items()}
    sizes = {name: count_parameters(meta_nets(config.entry)["generator"]) for name, config in configs.items()}
    found = [Candidate(name, rows[name], sizes[name]) for name in names]
    return sorted(found, key=lambda one: one.rows["frechet_distance"].mean)


def on_the_way(config: Config) -> dict[str, MetricValue]:
    """What a run found of the state that ships."""
    training = config.training
    shipped = next(one for one in training["evaluations"] if one["step"] == training["step"])
    return {key: MetricValue(shipped[key]) for key in JUDGED if key in shipped}


def choose(candidates: Sequence[Candidate]) -> Candidate:
    """The one that the rule chooses of a family's entries."""
    first = min(candidates, key=lambda one: one.rows["frechet_distance"].mean)
    near = [one for one in candidates if one is first or are_alike(one, first, "frechet_distance")]
    unbeaten = [one for one in near if not any(beats(other, one) for other in near)]
    return min(unbeaten or near, key=lambda one: (one.parameters, one.rows["frechet_distance"].mean))


def are_alike(one: Candidate, other: Candidate, key: str) -> bool:
    """Whether a metric does not tell two entries apart."""
    return one.rows[key].mean == other.rows[key].mean or are_tied(one.rows[key], other.rows[key])


def beats(one: Candidate, other: Candidate) -> bool:
    """Whether an entry is better than another by coverage or recall, and worse by neither."""
    apart = [key for key in JUDGED[1:] if key in one.rows and key in other.rows and not are_alike(one, other, key)]
    better = [ALL_METRICS[key].loss(one.rows[key].mean) < ALL_METRICS[key].loss(other.rows[key].mean) for key in apart]
    return bool(better) and all(better)


def section(alias: str, candidates: Sequence[Candidate]) -> str:
    """A family's table."""
    chosen = choose(candidates)
    rows = []
    for one in candidates:
        name = f"**`{one.name}`**" if one is chosen else f"`{one.name}`"
        cells = [one.rows[key].text if key in one.rows else "-" for key in JUDGED]
        rows.append((name, f"{one.parameters:,}", *cells))
    labels = [ALL_METRICS[key].label for key in JUDGED]
    without = [] if chosen.rows["frechet_distance"].interval else [WITHOUT]
    return "\n\n".join([f"## `{alias}`", *without, table(("entry", "parameters", *labels), rows)])


def text(home: Path) -> str:
    """The whole page, from a folder of weights."""
    sections = (section(alias, candidates) for alias, candidates in families(home).items())
    return "\n\n".join([INTRODUCTION, *sections, signature("aliases")]) + "\n"


def apply(home: Path, catalog: Path) -> list[str]:
    """Make the catalog's aliases those of the rule, and return those that changed."""
    chosen = {alias: choose(candidates).name for alias, candidates in families(home).items()}
    source, changed = catalog.read_text(encoding="utf-8"), []
    for alias, name in chosen.items():
        if (before := ALIASES[alias]) != name:
            source = source.replace(f'"{alias}": "{before}"', f'"{alias}": "{name}"')
            changed.append(f"{alias}: {before} -> {name}")
    write_text(catalog, source)
    return changed


def main() -> None:
    """Write the page, and the catalog where that is wanted."""
    parser = parser_of(__doc__)
    parser.add_argument("--apply", type=Path, metavar="CATALOG")
    options = parser.parse_args()
    write_text(options.out, text(options.weights))
    if options.apply:
        changed = apply(options.weights, options.apply)
        sys.stderr.write("\n".join(changed or ["The aliases are those of the rule."]) + "\n")


if __name__ == "__main__":
    main()
