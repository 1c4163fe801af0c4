"""What a command takes before it does anything, beside the import of the libraries that it cannot do without.

    python benchmarks/startup.py [--rounds 20] [--out FILE]

Each command is a process of its own, in turn with `python -c "import click, rich"`, and what counts is the processor
time of its fastest run: another process on the machine makes the others slower, and this one seldom.  It measures the
genzoo that it finds: an installed wheel has its bytecode and its cards, which a checkout writes when it is asked.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
from pathlib import Path

BASE = ("-c", "import click, rich")
COMMANDS = ("--help", "list", "info vae-mnist", "card vae-mnist", "verify --no-deep vae-mnist")
SCRIPT = "import sys; from genzoo.cli import main; sys.argv[0] = 'genzoo'; main()"


def seconds(*arguments: str) -> float:
    """The processor time of one run of Python."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, *arguments], check=True, stdout=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def measure(rounds: int) -> dict[str, float]:
    """Milliseconds of the base and of each command."""
    runs = {"import click, rich": BASE, **{f"genzoo {line}": ("-c", SCRIPT, *line.split()) for line in COMMANDS}}
    taken: dict[str, list[float]] = {name: [] for name in runs}
    for _ in range(rounds):
        for name, arguments in runs.items():
            taken[name].append(seconds(*arguments))
    return {name: round(1000 * min(times), 1) for name, times in taken.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    found = measure(options.rounds)
    base = next(iter(found.values()))
    for name, taken in found.items():
        print(f"{name:35} {taken:6.1f} ms  {taken / base:.2f}x")
    if options.out:
        options.out.write_text(json.dumps(found, indent=2) + "\n")


if __name__ == "__main__":
    main()
