"""Write docs/reports/: a page for each of the five reports, with every figure, table and claim answered.

    python tools/reports.py --out docs/reports                      the pages, from files alone
    python tools/reports.py --out docs/reports --draw               the pictures of studies anew, too
    python tools/reports.py --out docs/reports --draw --runs runs/studies --data-dir DATA

Every number comes from the results in studies/ and the files beside the weights.  Pictures are those that
`genzoo study show NAME --out FOLDER` and `genzoo plot` draw, made small; drawn.json has the digests of what each was
drawn from.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

import shipped_sizes
from genzoo.checkpoint.files import write_text
from genzoo.checkpoint.manifest import weights_home
from genzoo.studies.claims.evidence import Evidence
from genzoo.studies.reports.catalog import REPORTS
from report_page import index, page
from report_pictures import Pictures

ROOT = Path(__file__).parents[1]


def pages(out: Path, results: Path, weights: Path) -> dict[str, str]:
    """Every page by its file's name.

    Args:
        out: where they are to lie, beside the pictures that they show.
        results: the folder of the studies' results.
        weights: the folder of the entries' folders.
    """
    evidence = Evidence(results, weights)
    pictures = Pictures(out / "images", evidence)
    more = {"report 4": shipped_sizes.text(weights)}
    written = {
        f"{name.replace(' ', '-')}.md": page(report, evidence, pictures, more.get(name, ""))
        for name, report in REPORTS.items()
    }
    return {"README.md": index(evidence), **written}


def write(out: Path, results: Path, weights: Path) -> None:
    """Write all pages to a folder."""
    out.mkdir(parents=True, exist_ok=True)
    for name, text in pages(out, results, weights).items():
        write_text(out / name, text)


def draw(out: Path, evidence: Evidence, runs: Path, data_dir: Path | None) -> None:
    """Draw the pictures whose results have changed, by the commands that the pages name."""
    pictures = Pictures(out / "images", evidence)
    with tempfile.TemporaryDirectory() as folder:
        for of in pictures.stale():
            drawn = Path(folder) / of.name / f"{of.kind}.png"
            if of.entries:
                drawn.parent.mkdir()
                _command("plot", *of.entries, "--out", drawn)
            elif not drawn.parent.is_dir():  # which has all of the study's pictures
                where = ["--data-dir", data_dir] if data_dir else []
                _command(
                    "study", "show", of.name, "--out", folder, "--results", evidence.results, "--runs", runs, *where
                )
            if drawn.is_file():
                pictures.keep(of, drawn)


def _command(*words: object) -> None:
    """Run genzoo; what it says of its own stays out of the way of what this script says."""
    subprocess.run([sys.executable, "-m", "genzoo", *map(str, words)], check=True, stdout=subprocess.DEVNULL)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--results", type=Path, default=ROOT / "studies", help="the folder of the studies' results")
    parser.add_argument("--weights", type=Path, default=weights_home(), help="the folder of the entries' folders")
    parser.add_argument(
        "--draw", action="store_true", help="draw the studies' pictures anew where results have come in"
    )
    parser.add_argument("--runs", type=Path, default=ROOT / "runs" / "studies", help="the runs' weights, to draw with")
    parser.add_argument("--data-dir", type=Path, help="the datasets' folder, to draw with")
    given = parser.parse_args()
    if given.draw:
        draw(given.out, Evidence(given.results, given.weights), given.runs, given.data_dir)
    write(given.out, given.results, given.weights)
