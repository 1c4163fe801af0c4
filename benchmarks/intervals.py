"""How often the 95 % intervals of `genzoo evaluate` hold: against other samples and other real images.

    python benchmarks/intervals.py dcgan-mnist-z100-l5 mlpgan-mnist-z100-l3 wgangp-cifar10-z100-l4 --work runs/intervals

An entry's samples of several seeds are measured against parts of the training set that have no image in common. Every
three seeds with every part are a measurement with its intervals; the scores of every other seed with every other part
say how many measured anew lie within. Two measurements of one entry with other seeds, against the same part, ought to
be told apart in 5 of 100 cases. What was computed is kept in the folder --work, and not computed again.
"""

from __future__ import annotations

import argparse
import itertools
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch

from genzoo.checkpoint.files import write_text
from genzoo.checkpoint.measurement import MetricValue
from genzoo.checkpoint.tensors import read_tensors, write_tensors
from genzoo.data import load_images
from genzoo.evaluate.comparison import are_tied
from genzoo.evaluate.extractors import Extractor, draw, find_extractor
from genzoo.evaluate.intervals import Score, row_of, scores_of
from genzoo.evaluate.scores import Sample
from genzoo.images.pixels import to_levels
from genzoo.release.card.text import table as markdown
from genzoo.sampling.model import load
from genzoo.zoo.metrics import metrics_of

SEEDS_OF_A_MEASUREMENT = 3
Scores = dict[tuple[int, int], dict[str, Score]]
"""By seed and part: each metric's score."""


def stored(path: Path, compute: Any) -> Sample:
    """Features and logits from a file, or computed and written to it."""
    if not path.is_file():
        sample: Sample = compute()
        write_tensors(path, {"features": sample.features, "logits": sample.logits.float()})
    return Sample(**read_tensors(path))


def parts_of(extractor: Extractor, arguments: argparse.Namespace) -> list[Sample]:
    """Parts of the training set without an image in common, as the feature net sees them."""
    dataset, n = extractor.dataset, arguments.num

    def seen() -> Sample:
        pixels = load_images(dataset, arguments.data_dir).pixels
        return extractor.extract(pixels[draw(len(pixels), n * arguments.parts, seed=0)])

    whole = stored(arguments.work / f"{dataset.name}-{n}-{arguments.parts}.safetensors", seen)
    return [whole[start : start + n] for start in range(0, n * arguments.parts, n)]


def scores(name: str, arguments: argparse.Namespace) -> Scores:
    """Every seed's samples against every part."""
    n, work = arguments.num, arguments.work
    model = load(name)
    extractor = find_extractor(model.entry.dataset)
    parts = parts_of(extractor, arguments)
    found: Scores = {}
    for seed in range(arguments.seeds):
        batches = model.iter_samples(n, seed, batch_size=250)
        sample = stored(
            work / f"{model.name}-{n}-{seed}.safetensors",
            lambda: Sample.concatenated(extractor.extract(to_levels(batch)) for batch in batches),  # noqa: B023
        )
        for part, reference in enumerate(parts):
            found[seed, part] = scores_of(sample, reference, seed, arguments.metrics)
        print(f"{model.name}: seed {seed}", flush=True)
    return found


def measurements(cells: Scores, metric: str) -> dict[tuple[tuple[int, ...], int], MetricValue]:
    """By three seeds and a part: a metric's row."""
    seeds, parts = (sorted({cell[place] for cell in cells}) for place in (0, 1))
    threes = [tuple(seeds[i : i + SEEDS_OF_A_MEASUREMENT]) for i in range(0, len(seeds), SEEDS_OF_A_MEASUREMENT)]
    return {
        (three, part): row_of([cells[seed, part][metric] for seed in three], None) for three in threes for part in parts
    }


def held(cells: Scores, metric: str) -> dict[str, float]:
    """How a metric's intervals fare."""
    rows = measurements(cells, metric)
    within = [
        row.interval[0] <= cells[seed, other][metric].value <= row.interval[1]
        for (three, part), row in rows.items()
        for seed, other in cells
        if row.interval and seed not in three and other != part
    ]
    apart = [
        not are_tied(one, two)
        for ((three, part), one), ((others, same), two) in itertools.combinations(rows.items(), 2)
        if part == same and three != others
    ]
    values = np.array([cell[metric].value for cell in cells.values()])
    return {
        "mean": round(float(values.mean()), 5),
        "std": round(float(values.std(ddof=1)), 5),
        "margin": round(float(np.mean([row.margin for row in rows.values()])), 5),
        "inside": round(float(np.mean(within)), 4),
        "told_apart_from_itself": round(float(np.mean(apart)), 4),
    }


def summary(entries: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """What is said of each metric over all entries, and of all metrics."""
    metrics = list(dict.fromkeys(metric for entry in entries.values() for metric in entry["metrics"]))
    found: dict[str, Any] = {"overall": {}, "metrics": {metric: {} for metric in metrics}}
    for key in ("inside", "told_apart_from_itself"):
        for metric in metrics:
            each = [entry["metrics"][metric][key] for entry in entries.values() if metric in entry["metrics"]]
            found["metrics"][metric][key] = round(float(np.mean(each)), 3)
        found["overall"][key] = round(float(np.mean([row[key] for row in found["metrics"].values()])), 3)
    return found


def table(found: Mapping[str, Any]) -> str:
    """What docs/evaluate.md shows of it."""
    entries = [
        (f"`{name}`", f"{entry['num']:,}", str(entry["seeds"]), str(entry["parts"]), f"{inside(entry):.1%}")
        for name, entry in found["entries"].items()
    ]
    metrics = [
        (f"`{name}`", f"{row['inside']:.1%}", f"{row['told_apart_from_itself']:.1%}")
        for name, row in {**found["metrics"], "all": found["overall"]}.items()
    ]
    return "\n\n".join(
        [
            markdown(("entry", "images", "seeds", "parts", "measured anew within"), entries),
            markdown(("metric", "measured anew within", "told apart from itself"), metrics),
        ]
    )


def inside(entry: Mapping[str, Any]) -> float:
    """The share of an entry's fresh scores that lie in the intervals, over all metrics."""
    return float(np.mean([row["inside"] for row in entry["metrics"].values()]))


def main() -> None:
    """Measure, and write what was found; entries that the file has already, and that are not named, stay in it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="+")
    parser.add_argument("-n", "--num", type=int, default=5000, help="images of each seed, and of each part")
    parser.add_argument("--seeds", type=int, default=6, help="a multiple of three")
    parser.add_argument("--parts", type=int, default=6)
    parser.add_argument("--metrics", nargs="+", default=metrics_of("samples"))
    parser.add_argument("--data-dir", type=Path)
    parser.add_argument("--work", type=Path, required=True, help="a folder for what was computed")
    parser.add_argument("--out", type=Path, default=Path(__file__).with_suffix(".json"))
    arguments = parser.parse_args()
    arguments.work.mkdir(parents=True, exist_ok=True)
    torch.set_grad_enabled(False)
    entries = json.loads(arguments.out.read_text())["entries"] if arguments.out.is_file() else {}
    settings = {key: getattr(arguments, key) for key in ("num", "seeds", "parts")}
    for name in arguments.names:
        cells = scores(name, arguments)
        entries[name] = {**settings, "metrics": {metric: held(cells, metric) for metric in arguments.metrics}}
        write_text(arguments.out, json.dumps({**summary(entries), "entries": entries}, indent=2) + "\n")


if __name__ == "__main__":
    main()
