"""The lightest installation: what its libraries take on the disk, and its command beside `import torch`.

    python benchmarks/light.py WHEEL [--rounds 10] [--out FILE]

A fresh environment gets the wheel and the packages that docs/without-torch.md lists, and nothing else.  There the
README's main job is run, in turn with `python -c "import torch"` in the environment of this script; what counts is the
fastest run of each.  What torch takes on the disk is counted there, too, with all that it depends on.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import json
import os
import re
import resource
import shlex
import subprocess
import sys
import tempfile
import time
import venv
from collections.abc import Iterable
from importlib.metadata import Distribution
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement

from sample import machine

PAGE = Path(__file__).parents[1] / "docs" / "without-torch.md"
JOB = ("generate", "--model", "vae-mnist", "-n", "100", "out.png")
TORCH = ("-c", "import torch")


def packages() -> list[str]:
    """What the page has one install beside genzoo itself."""
    line = re.search(r"^    pip install (click .*)$", PAGE.read_text(), re.MULTILINE)
    assert line is not None
    return shlex.split(line[1])


def name_of(distribution: Distribution) -> str:
    """Its name, as all write it."""
    return re.sub(r"[-_.]+", "-", distribution.metadata["Name"]).lower()


def needed(name: str, known: dict[str, Distribution]) -> set[str]:
    """A distribution of an environment, and all that it depends on there."""
    found: set[str] = set()
    waiting = [name]
    while waiting:
        if (one := re.sub(r"[-_.]+", "-", waiting.pop()).lower()) in found or one not in known:
            continue
        found.add(one)
        asked = map(Requirement, known[one].requires or ())
        waiting += [other.name for other in asked if other.marker is None or other.marker.evaluate({"extra": ""})]
    return found


def megabytes(distributions: Iterable[Distribution]) -> float:
    """What their files take, the bytecode left out."""
    paths = {Path(str(file.locate())) for one in distributions for file in one.files or () if file.suffix != ".pyc"}
    return round(sum(path.stat().st_size for path in paths if path.is_file()) / 1e6, 1)


def run(*command: object, cwd: Path) -> tuple[float, float]:
    """Seconds on the clock and of the processor that a process takes."""
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    subprocess.run([*map(str, command)], check=True, cwd=cwd, env=environment, stdout=subprocess.DEVNULL)
    taken, after = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    return taken, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def measure(wheel: Path, rounds: int) -> dict[str, Any]:
    """Sizes of both kinds of installation, and the times of the job and of torch's import."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        venv.create(folder / "venv", with_pip=True)
        python = folder / "venv" / ("Scripts" if os.name == "nt" else "bin") / "python"
        pip = [str(python), "-m", "pip", "install", "-q", "--disable-pip-version-check"]
        subprocess.run([*pip, *packages()], check=True)
        subprocess.run([*pip, "--no-deps", str(wheel)], check=True)
        (site,) = (folder / "venv").rglob("site-packages")
        there = {name_of(one): one for one in importlib.metadata.distributions(path=[str(site)])}
        light = {name: one for name, one in there.items() if name not in ("genzoo", "pip", "setuptools")}
        size = megabytes(light.values())
        runs = {"job": (python, "-m", "genzoo", *JOB), "torch": (sys.executable, *TORCH)}
        taken: dict[str, list[tuple[float, float]]] = {kind: [] for kind in runs}
        for command in runs.values():
            run(*command, cwd=folder)  # bytecode is written, and files are read from the disk
        for _ in range(rounds):
            for kind, command in runs.items():
                taken[kind].append(run(*command, cwd=folder))
    known = {name_of(one): one for one in importlib.metadata.distributions()}
    more = megabytes(known[name] for name in needed("torch", known) - {*light})
    fastest = {kind: [min(column) for column in zip(*times, strict=True)] for kind, times in taken.items()}
    return {
        "machine": machine(),
        "versions": {name: importlib.metadata.version(name) for name in ("torch", "onnxruntime")},
        "packages": sorted(light),
        "megabytes": {"light": size, "torch": more},
        "seconds": {kind: round(clock, 3) for kind, (clock, _) in fastest.items()},
        "processor_seconds": {kind: round(processor, 3) for kind, (_, processor) in fastest.items()},
    }


def table(report: dict[str, Any]) -> str:
    """The table of a report, in docs/without-torch.md."""
    sizes, seconds, processor = report["megabytes"], report["seconds"], report["processor_seconds"]
    versions = ", ".join(f"{name} {version.split('+')[0]}" for name, version in report["versions"].items())
    return "\n".join(
        [
            f'| {report["machine"]}, {versions} | `genzoo generate` without torch | `python -c "import torch"` |',
            "| --- | --- | --- |",
            f"| seconds | {seconds['job']:.2f} | {seconds['torch']:.2f} |",
            f"| seconds of the processor | {processor['job']:.2f} | {processor['torch']:.2f} |",
            f"| libraries on the disk, MB | {sizes['light']:,.0f} | {sizes['torch']:,.0f} more |",
        ]
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("wheel", type=Path, help="`python -m build --wheel` makes one")
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    report = measure(options.wheel.resolve(), options.rounds)
    print(table(report))
    if options.out:
        options.out.write_text(json.dumps(report, indent=2) + "\n")


if __name__ == "__main__":
    main()
