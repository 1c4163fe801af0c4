"""The metrics of a set of images beside torch-fidelity's and a plain density and coverage, on the same features.

    python benchmarks/evaluate.py [-n 10000] [--rounds 3] [--out FILE] [DATASET ...]

The features are those that ship of training and of test images.  Both sides take turns on one thread; what counts is
the processor time of the fastest run, which other processes on the machine disturb least.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch_fidelity.metric_fid import KEY_METRIC_FID, fid_features_to_statistics, fid_statistics_to_metric
from torch_fidelity.metric_kid import KEY_METRIC_KID_MEAN, kid_features_to_metric
from torch_fidelity.metric_prc import KEY_METRIC_PRECISION, KEY_METRIC_RECALL, prc_features_to_metric

from ablation import machine
from genzoo.evaluate.extractors import REFERENCE_IMAGES, find_extractor
from genzoo.evaluate.scores import KERNEL_SUBSET_SIZE, KERNEL_SUBSETS, Sample, score
from genzoo.zoo.registry import ALL_METRICS, DATASETS

Numbers = dict[str, float]


def peer_frechet(x: Tensor, y: Tensor) -> Numbers:
    statistics = [fid_features_to_statistics(each) for each in (x, y)]
    return {"frechet_distance": fid_statistics_to_metric(*statistics, False)[KEY_METRIC_FID]}


def peer_kernel(x: Tensor, y: Tensor) -> Numbers:
    sizes = {"kid_subsets": KERNEL_SUBSETS, "kid_subset_size": min(KERNEL_SUBSET_SIZE, len(x))}
    found = kid_features_to_metric(x, y, **sizes, rng_seed=0, verbose=False)
    return {"kernel_distance": found[KEY_METRIC_KID_MEAN]}


def peer_neighbours(x: Tensor, y: Tensor) -> Numbers:
    settings = {"prc_neighborhood": 3, "prc_batch_size": 500, "save_cpu_ram": True, "verbose": False}
    found = prc_features_to_metric(x, y, **settings)
    density, coverage = plain_density_coverage(x, y)
    return {
        "precision": found[KEY_METRIC_PRECISION],
        "recall": found[KEY_METRIC_RECALL],
        "density": density,
        "coverage": coverage,
    }


def plain_density_coverage(x: Tensor, y: Tensor, k: int = 5, rows: int = 500) -> tuple[float, float]:
    """As their authors' code has it, some rows at a time."""
    radii = torch.cat([torch.cdist(part, y).kthvalue(k + 1, dim=1).values for part in torch.split(y, rows)])
    inside, covered = 0, torch.zeros(len(y), dtype=torch.bool)
    for part in torch.split(x, rows):
        within = torch.cdist(part, y) <= radii
        inside += int(within.sum())
        covered |= within.any(0)
    return inside / (k * len(x)), float(covered.double().mean())


PEERS: tuple[Callable[[Tensor, Tensor], Numbers], ...] = (peer_frechet, peer_kernel, peer_neighbours)


def timed(run: Callable[[], Numbers]) -> tuple[Numbers, float]:
    before = time.process_time()
    found = run()
    return found, time.process_time() - before


def compare(dataset: str, n: int, rounds: int) -> list[dict[str, object]]:
    extractor = find_extractor(DATASETS[dataset])
    pool, real = extractor.real("train")[:n], extractor.real("test")[:REFERENCE_IMAGES]
    rows = []
    for peer in PEERS:
        own_times, peer_times = [], []
        for _ in range(rounds):
            theirs, seconds = timed(lambda: peer(pool.features.double(), real.features.double()))  # noqa: B023
            peer_times.append(seconds)
            # Samples anew, which remember nothing.
            sample, reference = (Sample(each.features, each.logits) for each in (pool, real))
            own, seconds = timed(lambda: score(sample, reference, 0, list(theirs)))  # noqa: B023
            own_times.append(seconds)
        rows.append(
            {
                "dataset": dataset,
                "n": n,
                "metrics": list(own),
                "peer_seconds": round(min(peer_times), 3),
                "genzoo_seconds": round(min(own_times), 3),
                "ratio": round(min(peer_times) / min(own_times), 1),
                "largest_difference": max(abs(own[key] - theirs[key]) for key in own),
            }
        )
    return rows


def table(report: dict[str, Any]) -> str:
    """The table of a report, in the docs."""
    lines = [
        f"| on {report['machine']} | features | images | torch-fidelity and a plain one, s | genzoo, s | |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for row in report["results"]:
        names = ", ".join(ALL_METRICS[name].label for name in row["metrics"])
        numbers = f"{row['peer_seconds']:.2f} | {row['genzoo_seconds']:.2f} | {row['ratio']:.1f} x"
        lines.append(f"| {names} | {row['dataset']} | {row['n']:,} | {numbers} |")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("datasets", nargs="*", default=("mnist", "cifar10"))
    parser.add_argument("-n", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    torch.set_num_threads(1)
    results = []
    for dataset in options.datasets:
        for row in compare(dataset, options.n, options.rounds):
            results.append(row)
            print(json.dumps(row), flush=True)
    if options.out:
        report = {"machine": machine(torch.device("cpu")), "torch": torch.__version__, "results": results}
        options.out.write_text(json.dumps(report, indent=2) + "\n")


if __name__ == "__main__":
    main()
