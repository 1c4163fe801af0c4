"""Of every entry that has weights, whether `genzoo train` makes it: docs/reproduce.md.

    python tools/reproduce.py --out docs/reproduce.md

What was done is what `config.json` beside the weights recorded; what the command does follows from the catalog.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from genzoo.checkpoint.config import Config, read_config
from genzoo.checkpoint.folder import Folder
from genzoo.checkpoint.layout import CONFIG
from genzoo.release.card.facts import Facts
from genzoo.release.card.text import table
from genzoo.release.card.training import again, departures
from genzoo.zoo.registry import ENTRIES
from models import linked
from page import signature, write_page

INTRODUCTION = """# What `genzoo train` makes again

For each entry that has weights, whether `genzoo train NAME`, without options, does what was done to train them:
`config.json` beside the weights recorded that, and the catalog says what the command does. Where the two differ, the
last column has the command that makes another run like the one that ships; [experiments.md](experiments.md) says why.

"yes" means the same nets, recipe, number of steps and seed, on a processor, and a state that the command can choose. It
does not mean the same bits: another processor, number of threads or version of torch rounds otherwise, and the
difference grows from step to step."""


def text(home: Path) -> str:
    """The whole page, from the configs in a folder of weights."""
    configs = [read_config(Folder(home / name)) for name in ENTRIES if (home / name / CONFIG).is_file()]
    rows = [row(home, config) for config in configs]
    made = sum(cells[1] == "yes" for cells in rows)
    told = f"{made} of the {len(rows)} are what the command makes. {precisions(configs)}\n{versions(configs)}"
    heading = ("entry", "the command makes it", "what was done otherwise", "another run like it")
    return "\n\n".join([INTRODUCTION, told, table(heading, rows), signature("reproduce")]) + "\n"


def row(home: Path, config: Config) -> tuple[str, str, str, str]:
    """An entry's cells."""
    name, found = config.entry.name, list(departures(config))
    facts = Facts(Folder(home / name), config, None, name, "", None)
    return linked(name), "no" if found else "yes", "; ".join(found) or "-", f"`{again(facts)}`"


def precisions(configs: Sequence[Config]) -> str:
    """A sentence on what the entries were computed in."""
    counted = Counter(str(config.training.get("precision")) for config in configs)
    words = {"bf16": "bfloat16, which the command takes where the hardware multiplies it", "fp32": "float32"}
    return f"Trained in {' and '.join(f'{words[name]} ({count})' for name, count in counted.items())}."


def versions(configs: Sequence[Config]) -> str:
    """A sentence on the versions that trained them."""
    recorded = sum(config.versions is not None for config in configs)
    return f"The versions of genzoo and torch that did it are on record for {recorded or 'none'} of them."


if __name__ == "__main__":
    write_page(text, __doc__)
