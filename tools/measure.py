"""Measures the whole zoo anew, where that is wanted, and writes all that tells of it.

    python tools/measure.py --data-dir DATA

Each entry is measured on the test set, into its `metrics.json`, and, where its family has several on its dataset, on
the training set, into `tools/training-set.json`; its samples are drawn once for both.  What is current is skipped, so
that the command goes on where it was stopped.  Then the manifest, the cards, docs/models.md, docs/reports/,
docs/aliases.md, docs/reproduce.md and the README's table are written.  An alias that the rule gives to another entry is
named, and `tools/aliases.py --apply` moves it.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import re
import sys
from collections import Counter
from pathlib import Path

import aliases
import models
import reports
import reproduce
from genzoo.checkpoint.files import write_text
from genzoo.checkpoint.layout import METRICS, MODEL
from genzoo.checkpoint.manifest import weights_home, write_manifest
from genzoo.checkpoint.measurement import Measurement
from genzoo.evaluate import Drawn, Settings, evaluate, is_current, write_metrics
from genzoo.release.adopt import published
from genzoo.release.card import cards_home, write_card
from genzoo.sampling.model import load
from genzoo.zoo.catalog import ALIASES, ENTRIES
from genzoo.zoo.spec import Entry

ROOT = Path(__file__).parents[1]
_TABLE = re.compile(r"^\| samples \| alias \|.*?(?=\n\n)", re.DOTALL | re.MULTILINE)


def measure(name: str, home: Path, settings: Settings, data_dir: Path | None, drawn: Drawn) -> bool:
    """Measure an entry into its `metrics.json`, unless that is current; whether it was."""
    model = load(home / name)
    if is_current(home / name / METRICS, model, settings):
        return False
    write_metrics(home / name / METRICS, evaluate(model, settings, data_dir, drawn=drawn))
    return True


def measure_on_training_set(
    name: str, home: Path, settings: Settings, data_dir: Path | None, drawn: Drawn, path: Path
) -> bool:
    """Measure what aliases rest on of an entry, into a file of all entries, unless that is current; whether it was."""
    found, model = aliases.read_training_set(path), load(home / name)
    settings = dataclasses.replace(settings, reference="train")
    if _is_kept(found.get(name), home / name, settings):
        return False
    found[name] = evaluate(model, settings, data_dir, metrics=aliases.JUDGED, drawn=drawn)
    stored = {key: found[key].to_json() for key in ENTRIES if key in found}
    write_text(path, json.dumps(stored, indent=1, ensure_ascii=False) + "\n")
    return True


def _is_kept(found: Measurement | None, folder: Path, settings: Settings) -> bool:
    """Whether a measurement of three metrics is of these weights, by these settings, and has intervals."""
    return (
        found is not None
        and aliases.is_of(found, folder)
        and (found.n, found.seeds) == (settings.n, settings.seeds)
        and all(row.interval for row in found.rows.values())
    )


def write_all(home: Path, root: Path, cards: Path) -> None:
    """Write the manifest, the cards, the pages and the README's table of a folder of weights."""
    write_manifest(home)
    for name in ENTRIES:
        if (home / name / MODEL).is_file():
            write_card(name, cards, home)
    for page in (models, aliases, reproduce):
        write_text(root / "docs" / f"{page.__name__}.md", page.text(home))
    reports.write(root / "docs" / "reports", root / "studies", home)
    readme = root / "README.md"
    table = models.families(models.measured(home), "weights")
    write_text(readme, _TABLE.sub(lambda _: table, readme.read_text(encoding="utf-8"), count=1))


def main() -> None:
    """Measure what is not current, one entry after the other, and write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data-dir", type=Path, help="the datasets' folder")
    parser.add_argument("names", nargs="*", default=list(ENTRIES), help="entries; all unless told otherwise")
    options = parser.parse_args()
    home = weights_home()
    there = [name for name in ENTRIES if (home / name / MODEL).is_file()]
    families = Counter(_family(ENTRIES[name]) for name in there)
    chosen = [name for name in there if name in options.names]
    for place, name in enumerate(chosen, 1):
        settings, drawn = published(ENTRIES[name]), Drawn()
        done = ["test set"] if measure(name, home, settings, options.data_dir, drawn) else []
        if families[_family(ENTRIES[name])] > 1 and measure_on_training_set(
            name, home, settings, options.data_dir, drawn, aliases.TRAINING_SET
        ):
            done.append("training set")
        sys.stderr.write(f"{place} of {len(chosen)}: {name}: {' and '.join(done) or 'current'}\n")
    write_all(home, ROOT, cards_home())
    for alias, candidates in aliases.families(home).items():
        if (name := aliases.choose(candidates).name) != ALIASES[alias]:
            sys.stderr.write(
                f"By the rule {alias} is {name}, not {ALIASES[alias]}: tools/aliases.py --apply moves it.\n"
            )


def _family(entry: Entry) -> str:
    return f"{entry.family}-{entry.dataset.name}"


if __name__ == "__main__":
    main()
