"""The tables of the README and the docs, each written anew from a benchmark's report, or from the catalog.

    python tools/tables.py

A table stands between `<!-- table: benchmarks/results/NAME.json -->` or `<!-- table: families -->` and `<!-- end -->`.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
sys.path.append(str(ROOT / "benchmarks"))
import ablation
import evaluate
import families
import light
import limits
import load
import playground
import sample
import startup
import train
import train_peers

TABLES: dict[str, Callable[[dict[str, Any]], str]] = {
    "ablation": ablation.table,
    "evaluate": evaluate.table,
    "light": light.table,
    "limits": limits.table,
    "load": load.table,
    "playground": playground.table,
    "sample": sample.table,
    "startup": startup.table,
    "train": train.table,
    "train_peers": train_peers.table,
}
"""By what the report's name begins with, up to a hyphen."""
OF_CATALOG: dict[str, Callable[[], str]] = {"families": families.families}
"""By their names."""
_PLACE = re.compile(r"(<!-- table: (\S+/(\w+)\S*\.json) -->\n).*?(<!-- end -->)", re.DOTALL)
_PLACE_OF_CATALOG = re.compile(r"(<!-- table: (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)


def with_tables(text: str) -> str:
    """A page with its tables as the reports have them."""

    def anew(place: re.Match[str]) -> str:
        report = json.loads((ROOT / place[2]).read_text())
        return f"{place[1]}{TABLES[place[3]](report)}\n{place[4]}"

    text = _PLACE_OF_CATALOG.sub(lambda place: f"{place[1]}{OF_CATALOG[place[2]]()}\n{place[3]}", text)
    return _PLACE.sub(anew, text)


if __name__ == "__main__":
    for page in (ROOT / "README.md", *(ROOT / "docs").glob("*.md")):
        if (text := with_tables(page.read_text())) != page.read_text():
            page.write_text(text)
            print(f"wrote {page.relative_to(ROOT)}")  # noqa: T201
