"""How near a training step comes to the speed of matrix products, of which nearly all of it consists.

    python benchmarks/limits.py [--data-dir DIR] [--rounds 10] [--out FILE] [NAME ...]

Steps and products of 2,048 x 2,048 float32 matrices take turns on one thread; what counts is the processor time of the
fastest of each.  Operations are those of the step's convolutions and products; what else it does counts as none, and
takes its time.  ONEDNN_MAX_CPU_ISA=AVX2 ATEN_CPU_CAPABILITY=avx2 make a processor without bfloat16 of one that has it.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import flop_registry

from ablation import machine
from genzoo.accel.memory import prepare_process
from genzoo.data import data_root
from genzoo.train import choose_precision
from genzoo.zoo.catalog import find_entry
from train import genzoo_step

NAMES = ("dcgan-cifar10-z100-l4", "wgangp-cifar10", "vae-mnist-z20-l3", "dcgan-mnist-z100-l3")
CPU, SIDE, WARM = torch.device("cpu"), 2048, 3


class Operations(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Counts them; torch's own counter stumbles over a gradient of a gradient."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.total = 0

    def __torch_dispatch__(self, function: Any, _types: Any, args: Any = (), kwargs: Any = None) -> Any:
        result = function(*args, **(kwargs or {}))
        if (count := flop_registry.get(function._overloadpacket)) is not None:
            self.total += count(*args, **(kwargs or {}), out_val=result)
        return result


def seconds(run: Callable[[], object]) -> float:
    before = time.process_time()
    run()
    return time.process_time() - before


def measure(name: str, root: Path, rounds: int) -> dict[str, object]:
    entry = find_entry(name)
    step = genzoo_step(entry, root, CPU)
    for _ in range(WARM):
        step()
    with Operations() as counted:
        step()
    matrix = torch.randn(SIDE, SIDE)
    times = [(seconds(step), seconds(lambda: matrix @ matrix)) for _ in range(rounds)]
    of_step, of_product = (min(each) for each in zip(*times, strict=True))
    rate, limit = counted.total / of_step, 2 * SIDE**3 / of_product
    return {
        "name": entry.name,
        "batch_size": entry.recipe.batch_size,
        "precision": choose_precision("auto", CPU),
        "milliseconds": round(1000 * of_step, 1),
        "gigaflops": round(counted.total / 1e9, 2),
        "gigaflops_per_second": round(rate / 1e9, 1),
        "of_matrix_products": round(limit / 1e9, 1),
        "share": round(rate / limit, 2),
    }


def table(report: dict[str, Any]) -> str:
    """The table of a report, in the docs."""
    lines = [
        f"| a training step on {report['machine']}, torch {report['torch'].split('+')[0]} "
        "| batch | precision | ms | GFLOP | GFLOP/s | of matrix products |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    for row in report["results"]:
        numbers = f"{row['milliseconds']:.0f} | {row['gigaflops']:.1f} | {row['gigaflops_per_second']:.0f}"
        share = f"{row['share']:.0%} of {row['of_matrix_products']:.0f}"
        lines.append(f"| `{row['name']}` | {row['batch_size']} | {row['precision']} | {numbers} | {share} |")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", default=NAMES)
    parser.add_argument("--data-dir", type=Path)
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    torch.set_num_threads(1)
    prepare_process()
    results = []
    for name in options.names or NAMES:
        results.append(measure(name, data_root(options.data_dir), options.rounds))
        print(json.dumps(results[-1]), flush=True)
    if options.out:
        report = {"machine": machine(CPU), "torch": torch.__version__, "results": results}
        options.out.write_text(json.dumps(report, indent=2) + "\n")


if __name__ == "__main__":
    main()
