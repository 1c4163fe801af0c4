"""The playground in Chromium: how long the first picture takes, and a grid of 16 samples.

    python benchmarks/playground.py [--rounds 5] [--out FILE]

Each alias's page is opened `--rounds` times in a browser that has not seen the site; the first picture is there once
the grid is painted.  Then, by the page's own modules, 16 latents are drawn and decoded thrice: the nets run in one
thread.  What counts is the fastest; the processor's seconds are those of all the browser's processes.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from genzoo.playground.models import find_models
from genzoo.playground.server import Server
from genzoo.playground.site import Site
from genzoo.zoo.catalog import ALIASES
from sample import machine

if TYPE_CHECKING:
    from playwright.sync_api import Browser

GRID = """
async ([key, size]) => {
  const {decode} = await import("./engine/client.js");
  const {normalLatents} = await import("./engine/latents.js");
  const url = new URL(`models/${key}/`, document.baseURI).href;
  const began = performance.now();
  await decode(url, normalLatents("1", 16, size), size);
  return (performance.now() - began) / 1000;
}
"""
GRIDS = 3


def processor_seconds() -> float:
    """Of all processes that this one has begun, and those that they have, as Linux counts them."""
    parents: dict[int, tuple[int, float]] = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            fields = (folder / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue  # it has ended meanwhile
        # Its own, and that of those of its children that have ended.
        parents[int(folder.name)] = int(fields[1]), sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")

    def is_ours(process: int) -> bool:
        parent = parents.get(process, (0, 0.0))[0]
        return parent == os.getpid() or (parent > 1 and is_ours(parent))

    return sum(seconds for process, (_, seconds) in parents.items() if is_ours(process))


def measure_page(browser: Browser, url: str, name: str, size: int) -> dict[str, float]:
    """Seconds of one fresh visit."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    page = context.new_page()
    before, began = processor_seconds(), time.perf_counter()
    page.goto(f"{url}#model={name}")
    page.wait_for_selector(".sample canvas")
    first, first_processor = time.perf_counter() - began, processor_seconds() - before
    page.wait_for_selector(".stage[aria-busy=false]")
    before = processor_seconds()
    grids = [page.evaluate(GRID, [name, size]) for _ in range(GRIDS)]
    grid_processor = (processor_seconds() - before) / GRIDS
    context.close()
    return {"first": first, "first_processor": first_processor, "grid": min(grids), "grid_processor": grid_processor}


def measure(rounds: int) -> dict[str, Any]:
    """The fastest of each alias, in rounds that go over all of them."""
    from playwright.sync_api import sync_playwright

    path = shutil.which("chromium") or shutil.which("google-chrome")
    if path is None:
        raise SystemExit("There is no browser here: install Debian's package chromium.")
    models = {model.key: model for model in find_models(ALIASES)}
    taken: dict[str, list[dict[str, float]]] = {alias: [] for alias in ALIASES}
    with Server(Site(models.values())) as server, sync_playwright() as playwright:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        version = browser.version
        for _ in range(rounds):
            for alias, name in ALIASES.items():
                row = measure_page(browser, server.url, name, models[name].entry.latent_size)
                taken[alias].append(row)
        browser.close()
        server.shutdown()
    return {
        "machine": machine(),
        "browser": f"Chromium {version}",
        "rounds": rounds,
        "load_average": round(os.getloadavg()[0], 1),
        "seconds": {
            alias: {what: round(min(row[what] for row in rows), 3) for what in rows[0]} for alias, rows in taken.items()
        },
    }


def table(report: dict[str, Any]) -> str:
    """The table of a report, in docs/playground.md."""
    lines = [
        f"| {report['machine']}, a load of {report['load_average']}, {report['browser']} | first picture, s "
        "| of the processor, s | 16 samples, ms | of the processor, ms |",
        "| --- | --- | --- | --- | --- |",
    ]
    lines += [
        f"| `{alias}` | {row['first']:.2f} | {row['first_processor']:.2f} | {1000 * row['grid']:.0f} "
        f"| {1000 * row['grid_processor']:.0f} |"
        for alias, row in report["seconds"].items()
    ]
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    report = measure(options.rounds)
    print(table(report))
    if options.out:
        options.out.write_text(json.dumps(report, indent=2) + "\n")


if __name__ == "__main__":
    main()
