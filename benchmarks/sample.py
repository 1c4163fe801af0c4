"""What sampling costs by plain torch and by each of genzoo's engines: 64 images, and 10,000.

    python benchmarks/sample.py [--minutes 10] [--quick] [--out FILE] [NAME ...]

Each way is a process of its own, which rests while the others are measured, in turn, in one run: first with the machine
to itself, then beside a process that keeps a core busy.  The plain way is torch as people write it: the generator's
layers as torch has them, `eval`, `no_grad`, batches of 64, the default memory layout.  genzoo's way is
`genzoo.load(name).sample(n)`, and the same of `engine="onnx"`.  The limit is what the generator's multiply-adds would
take at the rate of a large matrix product.  All use as many threads as they do unless told otherwise.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib.metadata
import json
import multiprocessing
import os
import platform
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from multiprocessing.connection import Connection
from pathlib import Path
from typing import TYPE_CHECKING, Any

from genzoo.zoo.catalog import ALIASES

if TYPE_CHECKING:
    from torch import Tensor, nn

KINDS = ("plain", "genzoo", "onnx")
CONDITIONS = ("alone", "busy")
FEW, MANY, QUICK = 64, 10_000, 640
"""How many images: of a call that somebody waits for, of one that fills a folder, and of a trial run."""
CALLS, LONGEST = 5, 6.0
"""Calls for `FEW` images in each round, and the seconds that one for `MANY` may take: a slower way draws fewer."""
PRODUCT = 2048
"""The side of the matrices whose product sets the limit."""
Sample = Callable[[int], object]


def plain_net(net: nn.Module) -> nn.Module:
    """A net with torch's own layers in place of genzoo's, and its layout."""
    import torch

    from genzoo.nets.blocks import use_torch_layers

    use_torch_layers(net)
    return net.to(memory_format=torch.contiguous_format).eval()


def plain_sampler(name: str) -> Sample:
    """A loop as the examples have it."""
    import torch

    import genzoo

    model = genzoo.load(name)
    net = plain_net(model.generator)
    tanh, size = model.entry.output_activation == "tanh", model.entry.latent_size

    def sample(n: int) -> Tensor:
        batches = []
        with torch.no_grad():
            for first in range(0, n, FEW):
                raw = net(torch.randn(min(FEW, n - first), size))
                batches.append((torch.tanh(raw) + 1) / 2 if tanh else torch.sigmoid(raw))
        return torch.cat(batches)

    return sample


def genzoo_sampler(name: str) -> Sample:
    import genzoo

    model = genzoo.load(name)
    return lambda n: model.sample(n, seed=0)


def onnx_sampler(name: str) -> Sample:
    import genzoo

    model = genzoo.load(name, engine="onnx")
    return lambda n: model.sample(n, seed=0)


SAMPLERS = {"plain": plain_sampler, "genzoo": genzoo_sampler, "onnx": onnx_sampler}


def multiply_adds(net: nn.Module, latent_size: int) -> int:
    """Those of one image in a generator's convolutions, linear layers and LSTMs; all else is next to nothing."""
    import torch
    from torch import nn

    counted = 0

    def count(layer: nn.Module, inputs: tuple[Tensor, ...], output: Any) -> None:
        nonlocal counted
        x = inputs[0]
        if isinstance(layer, nn.Linear):
            counted += x.numel() * layer.out_features
        elif isinstance(layer, nn.Conv2d):
            counted += output.numel() * layer.weight[0].numel()
        elif isinstance(layer, nn.ConvTranspose2d):
            counted += x.numel() * layer.weight[0].numel()
        elif isinstance(layer, nn.LSTM):
            steps = x.shape[0] * x.shape[1]
            counted += steps * sum(weight.numel() for weight in layer.parameters() if weight.dim() > 1)

    hooks = [layer.register_forward_hook(count) for layer in net.modules()]
    with torch.no_grad():
        net.eval()(torch.zeros(1, latent_size))
    for hook in hooks:
        hook.remove()
    return counted


def generator_multiply_adds(name: str) -> int:
    import genzoo

    model = genzoo.load(name)
    return multiply_adds(model.generator, model.entry.latent_size)


def product_rate() -> float:
    """Multiply-adds a second of a large matrix product in float32, the best of five."""
    import torch

    a, b = torch.rand(PRODUCT, PRODUCT), torch.rand(PRODUCT, PRODUCT)
    return PRODUCT**3 / min(timed(lambda: a @ b) for _ in range(5))


def timed(call: Callable[[], object]) -> float:
    began = time.perf_counter()
    call()
    return time.perf_counter() - began


def serve(kind: str, name: str, pipe: Connection) -> None:
    """One of the ways, in a process of its own."""
    sample = SAMPLERS[kind](name)
    while (asked := pipe.recv()) is not None:
        match asked:
            case "product":
                pipe.send(product_rate())
            case "peak":
                pipe.send(peak_megabytes())
            case "multiply-adds":
                pipe.send(generator_multiply_adds(name))
            case n, calls:
                pipe.send([timed(lambda: sample(n)) for _ in range(calls)])


def peak_megabytes() -> float:
    """The most memory that this process has held."""
    status = Path("/proc/self/status")
    if status.exists():  # where `getrusage` counts what the process held from which this one was forked
        return int(status.read_text().split("VmHWM:")[1].split()[0]) * 1024 / 1e6
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6


class Way:
    """A way of sampling in its process, which rests while another is measured."""

    def __init__(self, kind: str, name: str) -> None:
        context = multiprocessing.get_context("spawn")
        self.pipe, theirs = context.Pipe()
        self.process = context.Process(target=serve, args=(kind, name, theirs), daemon=True)
        self.process.start()
        theirs.close()

    def ask(self, what: object) -> Any:
        self.pipe.send(what)
        return self.pipe.recv()

    def end(self) -> None:
        self.pipe.send(None)
        self.process.join()


@contextlib.contextmanager
def busy_core() -> Iterator[None]:
    with subprocess.Popen([sys.executable, "-c", "while True: pass"]) as spinning:
        try:
            yield
        finally:
            spinning.kill()


def rounds(ways: dict[str, Way], many: int, seconds: float) -> dict[str, Any]:
    """What each way takes under one condition, measured in turn until the time is up, and once at least."""
    few: dict[str, list[float]] = {kind: [] for kind in ways}
    rates: dict[str, list[float]] = {kind: [] for kind in ways}
    products: list[float] = []
    end = time.monotonic() + seconds
    while not products or time.monotonic() < end:
        products.append(ways["plain"].ask("product"))
        for kind, way in ways.items():
            few[kind] += way.ask((FEW, CALLS))
            n = max(FEW, min(many, int(LONGEST / min(few[kind])) * FEW))
            rates[kind] += [n / taken for taken in way.ask((n, 1))]
    return {
        "milliseconds": {kind: round(1e3 * statistics.median(taken), 2) for kind, taken in few.items()},
        "images_per_second": {kind: round(statistics.median(found)) for kind, found in rates.items()},
        "gain": {
            kind: round(statistics.median(own / plain for own, plain in zip(found, rates["plain"], strict=True)), 2)
            for kind, found in rates.items()
        },
        "product": max(products),
        "rounds": len(products),
    }


def measure(alias: str, many: int, seconds: float) -> dict[str, Any]:
    """Everything of one model."""
    ways = {kind: Way(kind, alias) for kind in KINDS}
    for way in ways.values():
        way.ask((FEW, 3))  # what is done once, such as a session's start
    found = {}
    for condition in CONDITIONS:
        with busy_core() if condition == "busy" else contextlib.nullcontext():
            found[condition] = rounds(ways, many, seconds / len(CONDITIONS))
    peaks = {kind: round(way.ask("peak")) for kind, way in ways.items()}
    counted = ways["plain"].ask("multiply-adds")
    for way in ways.values():
        way.end()
    limit = round(found["alone"]["product"] / counted)
    return {
        "name": alias,
        "entry": ALIASES[alias],
        **found,
        "peak_megabytes": peaks,
        "multiply_adds": counted,
        "limit_images_per_second": limit,
    }


def machine() -> str:
    """The processor's name, and how many of its cores this process may use."""
    info = Path("/proc/cpuinfo")
    names = [line.split(":", 1)[1].strip() for line in info.read_text().splitlines() if line.startswith("model name")]
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return f"{names[0] if names else platform.machine()}, {cores} core{'s' if cores != 1 else ''}"


def table(report: dict[str, Any]) -> str:
    """The README's table of a report."""
    versions = ", ".join(f"{name} {version.split('+')[0]}" for name, version in report["versions"].items())
    lines = [
        f'| {report["machine"]}, {versions} | {report["few"]} images, ms: plain | genzoo | `engine="onnx"` '
        f'| {report["many"]:,} images, images/s: plain | genzoo | `engine="onnx"` | limit | gain '
        '| beside a busy core: gain | peak memory, MB: plain | genzoo | `engine="onnx"` |',
        "| --- |" + " --- |" * 12,
    ]
    for row in report["results"]:
        alone = row["alone"]
        cells = [
            *(f"{alone['milliseconds'][kind]:.3g}" for kind in KINDS),
            *(f"{alone['images_per_second'][kind]:,}" for kind in KINDS),
            f"{row['limit_images_per_second']:,}",
            *(f"{row[condition]['gain']['genzoo']:.1f}" for condition in CONDITIONS),
            *(f"{row['peak_megabytes'][kind]:,}" for kind in KINDS),
        ]
        lines.append(f"| `{row['name']}` | {' | '.join(cells)} |")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", default=[*ALIASES], metavar="NAME", help="aliases  [default: all]")
    parser.add_argument("--minutes", type=float, default=10, help="in all, but for what a single round takes")
    parser.add_argument("--quick", action="store_true", help=f"one round each, of {QUICK} images")
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    end, results = time.monotonic() + (0 if options.quick else 60 * options.minutes), []
    for done, name in enumerate(options.names):
        share = max(0.0, end - time.monotonic()) / (len(options.names) - done)
        results.append(measure(name, QUICK if options.quick else MANY, share))
        print(json.dumps(results[-1]), flush=True)
    report = {
        "machine": machine(),
        "versions": {name: importlib.metadata.version(name) for name in ("torch", "onnxruntime")},
        "few": FEW,
        "many": QUICK if options.quick else MANY,
        "results": results,
    }
    print(table(report))
    if options.out:
        options.out.write_text(json.dumps(report, indent=2) + "\n")


if __name__ == "__main__":
    main()
