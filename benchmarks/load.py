"""What it takes to load entries, beside building their nets and `torch.load`, in turn, with torch imported already.

    python benchmarks/load.py [--rounds 5] [--out FILE] [NAME ...]

The plain way is written as examples write it: the nets are built, with weights at random as torch's layers come, and
given a state dict in float32 that `torch.save` wrote; no hash is checked.  genzoo's checks the hash of each file.
What counts is the processor time of each entry's fastest round.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

import genzoo
from genzoo.checkpoint.manifest import list_models
from genzoo.nets import build
from genzoo.zoo.catalog import find_entry
from genzoo.zoo.spec import Entry
from train import processor

ENTRIES = 20


def every_net(name: str) -> dict[str, torch.nn.Module]:
    """All nets of an entry, loaded by genzoo."""
    model = genzoo.load(name)
    if not model.entry.is_vae:
        _ = model.discriminator
    return model.nets


def plain(entry: Entry, path: Path) -> torch.nn.ModuleDict:
    """All nets of an entry, loaded as examples do it."""
    nets = build(entry)
    nets.load_state_dict(torch.load(path))
    return nets.eval()


def ways(name: str, folder: Path) -> dict[str, Callable[[], object]]:
    """The ways to load an entry, by what they are called in the report."""
    entry, path = find_entry(name), folder / f"{name}.pt"
    torch.save(torch.nn.ModuleDict(every_net(name)).state_dict(), path)
    return {
        "plain": lambda: plain(entry, path),
        "genzoo, every net": lambda: every_net(name),
        "genzoo": lambda: genzoo.load(name),
        "genzoo, engine onnx": lambda: genzoo.load(name, engine="onnx"),
    }


def measure(names: list[str], rounds: int) -> dict[str, dict[str, float]]:
    """Milliseconds of each way for each entry."""
    with tempfile.TemporaryDirectory() as folder:
        found = {name: ways(name, Path(folder)) for name in names}
        taken: dict[str, dict[str, float]] = {name: {} for name in names}
        for _ in range(rounds + 1):  # the first is not kept to, as it imports what each way needs
            for name, each in found.items():
                for way, run in each.items():
                    before = time.process_time()
                    run()
                    seconds = time.process_time() - before
                    taken[name][way] = min(seconds, taken[name].get(way, seconds))
    return {name: {way: round(1000 * took, 2) for way, took in each.items()} for name, each in taken.items()}


def table(report: dict[str, Any]) -> str:
    """The table of a report, in docs/install.md."""
    lines = [
        f"| {report['machine']}, torch {report['torch'].split('+')[0]} "
        f"| {len(report['entries'])} entries, ms | the slowest, ms |",
        "| --- | --- | --- |",
    ]
    words = {
        "plain": "nets built, `torch.load`, `load_state_dict`",
        "genzoo, every net": "`genzoo.load(name)`, and every net asked for",
        "genzoo": "`genzoo.load(name)`",
        "genzoo, engine onnx": '`genzoo.load(name, engine="onnx")`, ready to sample',
    }
    for way, text in words.items():
        lines.append(f"| {text} | {report['total'][way]:.0f} | {report['longest'][way]:.0f} |")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    every = list_models(pretrained=True)
    parser.add_argument("names", nargs="*", default=every[:: max(1, len(every) // ENTRIES)][:ENTRIES])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    found = measure(list(options.names), options.rounds)
    ways_taken = list(next(iter(found.values())))
    total = {way: round(sum(each[way] for each in found.values()), 1) for way in ways_taken}
    longest = {way: max(each[way] for each in found.values()) for way in ways_taken}
    for way in ways_taken:
        print(f"{way:20} {total[way]:8.1f} ms in all, {longest[way]:6.1f} ms at most")
    if options.out:
        machine = f"{processor()}, {len(os.sched_getaffinity(0))} cores"
        report = {"machine": machine, "torch": torch.__version__, "total": total, "longest": longest, "entries": found}
        options.out.write_text(json.dumps(report, indent=2) + "\n")


if __name__ == "__main__":
    main()
