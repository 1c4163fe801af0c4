"""What a command takes before it does anything, beside the import of the libraries that it cannot do without.

    python benchmarks/startup.py [--rounds 20] [--before PYTHON] [--out FILE]

Each command is a process of its own, in turn with `python -c "import click, rich"`, and what counts is the processor
time of its fastest run: another process on the machine makes the others slower, and this one seldom.  It measures the
genzoo that it finds: an installed wheel has its bytecode and its cards, which a checkout writes when it is asked.
With `--before` another Python's genzoo, of another version, is measured in the same rounds.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import json
import platform
import resource
import subprocess
import sys
from pathlib import Path
from typing import Any

from sample import machine

BASE = "import click, rich"
COMMANDS = ("--help", "list", "info vae-mnist", "card vae-mnist", "verify --no-deep vae-mnist")
SCRIPT = "import sys; from genzoo.cli import main; sys.argv[0] = 'genzoo'; main()"


def seconds(python: str, *arguments: str) -> float:
    """The processor time of one run of Python."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([python, "-c", *arguments], check=True, stdout=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def measure(rounds: int, pythons: dict[str, str]) -> dict[str, dict[str, float]]:
    """Milliseconds of the base and of each command, with each Python."""
    programs = {BASE: (BASE,), **{f"genzoo {line}": (SCRIPT, *line.split()) for line in COMMANDS}}
    runs = [(kind, name) for name in programs for kind in pythons]
    taken: dict[tuple[str, str], list[float]] = {run: [] for run in runs}
    for _ in range(rounds):
        for kind, name in runs:
            taken[kind, name].append(seconds(pythons[kind], *programs[name]))
    return {kind: {name: round(1000 * min(taken[kind, name]), 1) for name in programs} for kind in pythons}


def table(report: dict[str, Any]) -> str:
    """The table of a report, in docs/install.md."""
    versions = ", ".join(f"{name} {version}" for name, version in report["versions"].items())
    found = report["milliseconds"]
    rows = [f"| `{name}` | {taken:.0f} | {taken / found[BASE]:.2f} |" for name, taken in found.items()]
    heading = f"| {report['machine']}, {versions} | processor time, ms | times that of the libraries |"
    return "\n".join([heading, "| --- | --- | --- |", *rows])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--before", metavar="PYTHON")
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    pythons = {"milliseconds": sys.executable, "before": options.before}
    report = {
        "machine": machine(),
        "versions": {
            "Python": platform.python_version(),
            **{name: importlib.metadata.version(name) for name in ("click", "rich")},
        },
        **measure(options.rounds, {kind: python for kind, python in pythons.items() if python}),
    }
    print(table(report))
    if options.out:
        options.out.write_text(json.dumps(report, indent=2) + "\n")


if __name__ == "__main__":
    main()
