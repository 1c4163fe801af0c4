"""The tables of the README and the docs that benchmarks measured, each written anew from its report.

    python tools/tables.py

A table stands between `<!-- table: benchmarks/results/NAME.json -->` and `<!-- end -->`.
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
import light
import limits
import load
import playground
import sample
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
    "train": train.table,
    "train_peers": train_peers.table,
}
"""By what the report's name begins with, up to a hyphen."""
_PLACE = re.compile(r"(<!-- table: (\S+/(\w+)\S*\.json) -->\n).*?(<!-- end -->)", re.DOTALL)


def with_tables(text: str) -> str:
    """A page with its tables as the reports have them."""

    def anew(place: re.Match[str]) -> str:
        report = json.loads((ROOT / place[2]).read_text())
        return f"{place[1]}{TABLES[place[3]](report)}\n{place[4]}"

    return _PLACE.sub(anew, text)


if __name__ == "__main__":
    for page in (ROOT / "README.md", *(ROOT / "docs").glob("*.md")):
        if (text := with_tables(page.read_text())) != page.read_text():
            page.write_text(text)
            print(f"wrote {page.relative_to(ROOT)}")  # noqa: T201
