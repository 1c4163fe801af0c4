"""What a training and a sampling step cost with and without each piece of genzoo.accel, alternating in one run.

    python benchmarks/ablation.py [--data-dir DIR] [--rounds 10] [--seconds 0.3] [--out FILE] [NAME ...]
    python benchmarks/ablation.py --table FILE

A piece is switched off from outside, in a process of its own, and all else is as `genzoo train` has it.  What counts is
the fastest step: on a processor the processor time of one thread, so that other work on the machine shows little; on
a GPU the time that a number of steps take from the first launch until the device has done the last.  Two processes
have all pieces: the faster is what the others are held against, and the slower says how far two that are alike differ.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import torch
from torch import nn

import genzoo
from genzoo.accel import casts, devices, fastconv, graph, memory, streams
from genzoo.data import data_root
from genzoo.zoo.catalog import find_entry
from genzoo.zoo.families.conv import Conv
from genzoo.zoo.spec import Entry
from train import genzoo_step, processor

NAMES = (
    "dcgan-cifar10-z100-l4",
    "wgangp-cifar10-z100-l4",
    "mlpgan-mnist-z100-l3",
    "mlpvae-mnist-z2-l1",
    "convgan-mnist-z100-l2-pool",
)
SAMPLES = 64
WARM_UP, WARM_UP_SECONDS = 1000, 8
"""Steps that do not count: a CUDA graph is recorded in them, and the moments of still weights grow small.  Beyond the
first five, no more are made than the seconds allow."""
WHOLE, ALIKE = "all pieces", "nothing"
UNMEASURED = "not measurable here"
STEPS = ("training", "sampling")


def _any(*_: object, **__: object) -> bool:
    return True


def _none(*_: object, **__: object) -> bool:
    return False


def _replace(owner: Any, name: str, new: object) -> None:
    assert hasattr(owner, name), f"{owner} has no {name}: nothing would be switched off"
    setattr(owner, name, new)


def _without_graphs() -> None:
    _replace(graph.CudaGraph, "__call__", lambda self: self._work())


def _without_streams() -> None:
    begin = streams.Aside.__init__
    _replace(streams.Aside, "__init__", lambda self, _device=None: begin(self, None))


def _without_copies() -> None:
    for name in ("refresh", "__call__"):
        _replace(casts.Cast, name, getattr(casts.Run, name))


def _without_convolutions() -> None:
    _replace(fastconv.Conv2d, "forward", nn.Conv2d.forward)
    _replace(fastconv.ConvTranspose2d, "forward", nn.ConvTranspose2d.forward)


def _without_channels_last() -> None:
    move = nn.Module.to

    def to(self: nn.Module, *args: Any, **kwargs: Any) -> nn.Module:
        kwargs.pop("memory_format", None)
        return move(self, *args, **kwargs) if args or kwargs else self

    _replace(nn.Module, "to", to)
    _replace(fastconv, "_as_channels_last", lambda maps: maps)
    _replace(fastconv, "_cast", lambda tensor: tensor.to(torch.bfloat16))


def _without_fusing() -> None:
    begin = torch.optim.Adam.__init__

    def init(self: torch.optim.Adam, *args: Any, fused: bool | None = None, **kwargs: Any) -> None:  # noqa: ARG001
        begin(self, *args, **kwargs)

    _replace(torch.optim.Adam, "__init__", init)


def _without_kept_memory() -> None:
    _replace(memory, "keep_freed_memory", _none)


def _without_flushing() -> None:
    _replace(torch, "set_flush_denormal", _none)


def _convolves(entry: Entry, _device: torch.device) -> bool:
    return entry.arch.channels_last


def _trains_convolutions(entry: Entry, device: torch.device) -> bool:
    return isinstance(entry.arch, Conv) and (device.type == "cpu" or bool(entry.recipe.gradient_penalty))


@dataclass(frozen=True)
class Piece:
    """What can be switched off, the entries that it is for, and the kind of device, where it is for one alone."""

    name: str
    switch_off: Callable[[], None]
    applies: Callable[[Entry, torch.device], bool] = _any
    device: str | None = None
    bfloat16: bool = False

    def here(self, entry: Entry, device: torch.device) -> bool:
        """Whether it is at work in a step of an entry on a device."""
        fast = not self.bfloat16 or devices.has_fast_bfloat16(device)
        return self.device in (None, device.type) and self.applies(entry, device) and fast


PIECES = (
    Piece("fast convolutions", _without_convolutions, _trains_convolutions),
    Piece("channels-last", _without_channels_last, _convolves),
    Piece("fused optimizers", _without_fusing, lambda entry, _: entry.recipe.optimizer == "adam"),
    Piece("freed memory is kept", _without_kept_memory, device="cpu"),
    Piece("smallest numbers are flushed", _without_flushing, device="cpu"),
    Piece("bfloat16 weight copies", _without_copies, device="cuda", bfloat16=True),
    Piece("side streams", _without_streams, lambda entry, _: not entry.is_vae, device="cuda"),
    Piece("CUDA graphs", _without_graphs, lambda entry, _: entry.arch.cuda_graph, device="cuda"),
)


def serve(piece: Piece | None, entry: Entry, root: Path, device: torch.device, pipe: Connection) -> None:
    """Both kinds of step without a piece: for as long as it is told, again and again, the seconds of the fastest."""
    if piece is not None:
        piece.switch_off()
    torch.set_num_threads(1)
    memory.prepare_process()
    model = genzoo.load(entry.name, device=device)
    steps: dict[str, Callable[[], object]] = {
        "training": genzoo_step(entry, root, device),
        "sampling": partial(model.sample, SAMPLES, seed=0),
    }
    for step in steps.values():
        began = time.perf_counter()
        for made in range(WARM_UP):
            if made >= 5 and time.perf_counter() - began > WARM_UP_SECONDS:
                break
            step()
    while (asked := pipe.recv()) is not None:
        kind, seconds = asked
        began, fastest = time.perf_counter(), float("inf")
        while time.perf_counter() - began < seconds:
            fastest = min(fastest, _seconds(steps[kind], device))
        pipe.send(fastest)


def _seconds(step: Callable[[], object], device: torch.device) -> float:
    """What one step takes."""
    if device.type == "cpu":
        before = time.process_time()
        step()
        return time.process_time() - before
    torch.cuda.synchronize(device)
    before, count = time.perf_counter(), 20
    for _ in range(count):
        step()
    torch.cuda.synchronize(device)
    return (time.perf_counter() - before) / count


class Variant:
    """A process without a piece, or with all, which rests while the others are measured."""

    def __init__(self, piece: Piece | None, entry: Entry, root: Path, device: torch.device) -> None:
        # Forked from a server that has imported torch once; it holds no piece switched off, and no GPU.
        context = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload(["torch", "torchvision"])
        self.pipe, theirs = context.Pipe()
        name = None if piece is None else piece.name
        self.process = context.Process(target=_serve_by_name, args=(name, entry, root, device, theirs))
        self.process.start()
        theirs.close()  # so that a process that breaks down ends the measurement
        self.fastest = dict.fromkeys(STEPS, float("inf"))

    def measure(self, seconds: float) -> None:
        for kind in STEPS:
            self.pipe.send((kind, seconds))
            self.fastest[kind] = min(self.fastest[kind], self.pipe.recv())

    def end(self) -> None:
        self.pipe.send(None)
        self.process.join()


def _serve_by_name(name: str | None, *arguments: Any) -> None:
    serve(next((piece for piece in PIECES if piece.name == name), None), *arguments)


def ablate(entry: Entry, root: Path, device: torch.device, rounds: int, seconds: float) -> list[dict[str, Any]]:
    """A row for each piece at work in an entry's steps: milliseconds with it and without it, of both kinds of step."""
    variants = {name: Variant(None, entry, root, device) for name in (WHOLE, ALIKE)}
    variants |= {piece.name: Variant(piece, entry, root, device) for piece in PIECES if piece.here(entry, device)}
    for turn in range(rounds):
        for variant in list(variants.values())[:: -1 if turn % 2 else 1]:
            variant.measure(seconds)
    for variant in variants.values():
        variant.end()
    found = {
        name: {kind: round(1000 * value, 3) for kind, value in variant.fastest.items()}
        for name, variant in variants.items()
    }
    both = found.pop(WHOLE), found[ALIKE]
    whole = {kind: min(each[kind] for each in both) for kind in STEPS}
    found[ALIKE] = {kind: max(each[kind] for each in both) for kind in STEPS}
    return [
        {
            "piece": name,
            "name": entry.name,
            **{kind: {"with": whole[kind], "without": taken[kind]} for kind in STEPS},
        }
        for name, taken in found.items()
    ]


def table(report: dict[str, Any]) -> str:
    """The table of a report, in the docs: a row for each piece and entry."""
    lines = [
        f"| without, on {report['machine']}, torch {report['torch'].split('+')[0]} | entry "
        "| training, ms | without | | sampling, ms | without | |",
        "| --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    lines += [
        f"| {row['piece']} | `{row['name']}` | {' | '.join(_cells(row[kind]) for kind in STEPS)} |"
        for row in report["results"]
    ]
    lines += [f"| {name} | - | {UNMEASURED} | | | {UNMEASURED} | | |" for name in report["unmeasured"]]
    return "\n".join(lines)


def _cells(row: dict[str, float]) -> str:
    shown = [f"{value:,.0f}" if value >= 100 else f"{value:#.3g}" for value in row.values()]
    return f"{' | '.join(shown)} | {row['without'] / row['with']:.2f} x"


def machine(device: torch.device) -> str:
    """The name of what is measured, and what its libraries are kept from."""
    if device.type == "cuda":
        return torch.cuda.get_device_name()
    cap = os.environ.get("ONEDNN_MAX_CPU_ISA")
    return f"{processor()}, 1 thread" + (f", oneDNN held to {cap}" if cap else "")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", default=NAMES)
    parser.add_argument("--data-dir", type=Path)
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--seconds", type=float, default=0.3, help="of each kind of step, in each round")
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--out", type=Path)
    parser.add_argument("--table", type=Path, help="print the table of a report and measure nothing")
    options = parser.parse_args()
    if options.table:
        print(table(json.loads(options.table.read_text())))
        return
    device, root = torch.device(options.device), data_root(options.data_dir)
    results = []
    for name in options.names or NAMES:
        for row in ablate(find_entry(name), root, device, options.rounds, options.seconds):
            results.append(row)
            print(json.dumps(row), flush=True)
    results.sort(key=lambda row: [ALIKE, *(piece.name for piece in PIECES)].index(row["piece"]))
    measured = {row["piece"] for row in results}
    unmeasured = [piece.name for piece in PIECES if piece.name not in measured]
    report = {"machine": machine(device), "torch": torch.__version__, "results": results, "unmeasured": unmeasured}
    print(table(report))
    if options.out:
        options.out.write_text(json.dumps(report, indent=2) + "\n")


if __name__ == "__main__":
    main()
