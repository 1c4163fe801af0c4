"""Images per second of genzoo's training loop beside a plain PyTorch loop, each in a process of its own, alternating.

    python benchmarks/train.py [--data-dir DIR] [--rounds 5] [--seconds 10] [--batch-size N] [--out FILE] [NAME ...]

The plain loop is written as the well-known DCGAN, WGAN-GP and VAE examples are: a DataLoader with two
workers and ToTensor, float32, the default memory layout, torch's own layers, Adam as it comes, a pass of
the discriminator for each batch.  Nets, losses, batches and noise are of the same sizes, the weights begin the same.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import platform
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import torch
import torchvision
from torch import Tensor, nn
from torch.nn import functional as F
from torch.utils.data import DataLoader
from torchvision.transforms import ToTensor

from genzoo.accel.memory import prepare_process
from genzoo.accel.processes import Processes
from genzoo.data import data_root, load_images
from genzoo.nets import build
from genzoo.nets.blocks import use_torch_layers
from genzoo.train import Plan, choose_precision
from genzoo.train.trainer import Trainer
from genzoo.zoo.catalog import find_entry
from genzoo.zoo.spec import Entry
from genzoo.zoo.variants import with_recipe

NAMES = (
    "dcgan-cifar10-z100-l4",
    "wgangp-cifar10",
    "mlpgan-mnist-z100-l3",
    "mlpvae-mnist-z2-l1",
    "vae-mnist-z20-l3",
    "dcgan-mnist-z100-l3",
)
Step = Callable[[], dict[str, float | Tensor]]


def batches(entry: Entry, root: Path) -> Iterator[Tensor]:
    name = {"mnist": "MNIST", "cifar10": "CIFAR10"}[entry.dataset.name]
    data = getattr(torchvision.datasets, name)(str(root), train=True, download=True, transform=ToTensor())
    # Workers that stay: starting them anew can take seconds beside a GPU, and would fall into some rounds alone.
    loader = DataLoader(
        data, entry.recipe.batch_size, shuffle=True, num_workers=2, drop_last=True, persistent_workers=True
    )
    while True:
        for images, _ in loader:
            yield images


def pixels(entry: Entry, raw: Tensor) -> Tensor:
    return torch.sigmoid(raw) if entry.output_activation == "sigmoid" else (torch.tanh(raw) + 1) / 2


def plain_step(entry: Entry, root: Path, device: torch.device, nets: nn.ModuleDict | None = None) -> Step:
    """A loop as the examples have it, of nets that are given or new ones."""
    torch.manual_seed(0)
    nets, images = (nets or build(entry)).to(device), batches(entry, root)
    use_torch_layers(nets)
    return (plain_vae if entry.is_vae else plain_gan)(entry, nets, images, device)


def adam(entry: Entry, net: nn.Module) -> torch.optim.Adam:
    return torch.optim.Adam(net.parameters(), entry.recipe.lr, (entry.recipe.beta1, entry.recipe.beta2))


def plain_vae(entry: Entry, nets: nn.ModuleDict, images: Iterator[Tensor], device: torch.device) -> Step:
    recipe, optimizer = entry.recipe, adam(entry, nets)

    def vae() -> dict[str, float | Tensor]:
        x = next(images).to(device)
        mean, log_variance = nets["encoder"](x).chunk(2, 1)
        raw = nets["generator"](mean + torch.exp(0.5 * log_variance) * torch.randn_like(mean))
        if recipe.likelihood == "bernoulli":
            reconstruction = F.binary_cross_entropy_with_logits(raw, x, reduction="sum")
        else:
            reconstruction = F.gaussian_nll_loss(
                torch.sigmoid(raw), x, torch.full_like(x, recipe.likelihood_sd**2), full=True, reduction="sum"
            )
        kl = -0.5 * torch.sum(1 + log_variance - mean.pow(2) - log_variance.exp())
        loss = (reconstruction + kl) / len(x)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        return {"loss": loss.item()}

    return vae


def plain_gan(entry: Entry, nets: nn.ModuleDict, images: Iterator[Tensor], device: torch.device) -> Step:
    recipe, generator, discriminator = entry.recipe, nets["generator"], nets["discriminator"]
    for_generator, for_discriminator = adam(entry, generator), adam(entry, discriminator)
    ones = torch.full((recipe.batch_size,), recipe.real_label, device=device)

    def noise() -> Tensor:
        return torch.randn(recipe.batch_size, entry.latent_size, device=device)

    def slopes(x: Tensor) -> Tensor:
        x.requires_grad_(True)
        scores = discriminator(x)
        gradient = torch.autograd.grad(scores, x, torch.ones_like(scores), create_graph=True)[0]
        return gradient.reshape(len(x), -1).div(2).norm(2, dim=1)

    def gan() -> dict[str, float | Tensor]:
        for _ in range(recipe.n_critic):
            real = next(images).to(device)
            fake = pixels(entry, generator(noise()))
            for_discriminator.zero_grad()
            on_real = F.binary_cross_entropy_with_logits(discriminator(real), ones)
            on_real.backward()
            on_fake = F.binary_cross_entropy_with_logits(discriminator(fake.detach()), torch.zeros_like(ones))
            on_fake.backward()
            if recipe.gradient_penalty:
                penalty = recipe.gradient_penalty / 2 * slopes(real).square().mean()
                penalty.backward()
            for_discriminator.step()
        for_generator.zero_grad()
        loss = F.binary_cross_entropy_with_logits(discriminator(fake), torch.ones_like(ones))
        loss.backward()
        for_generator.step()
        return {"discriminator": on_real.item() + on_fake.item(), "generator": loss.item()}

    def wgangp() -> dict[str, float | Tensor]:
        for _ in range(recipe.n_critic):
            real = next(images).to(device)
            for_discriminator.zero_grad()
            fake = pixels(entry, generator(noise())).detach()
            share = torch.rand(len(real), 1, 1, 1, device=device)
            penalty = ((slopes(share * real + (1 - share) * fake) - 1) ** 2).mean()
            loss = discriminator(fake).mean() - discriminator(real).mean() + recipe.gradient_penalty * penalty
            loss.backward()
            for_discriminator.step()
        for_generator.zero_grad()
        against = -discriminator(pixels(entry, generator(noise()))).mean()
        against.backward()
        for_generator.step()
        return {"discriminator": loss.item(), "generator": against.item()}

    return gan if recipe.objective == "gan" else wgangp


def genzoo_step(entry: Entry, root: Path, device: torch.device) -> Step:
    data = load_images(entry.dataset, root)
    plan = Plan(entry, Path("unused"), 10**6, 0, device, choose_precision("auto", device))
    trainer = Trainer(plan, data, Processes(device))

    def step() -> dict[str, float | Tensor]:
        losses = trainer.step()
        trainer.state.record.step += 1
        names = {"negative_elbo": "loss", "discriminator": "discriminator", "generator": "generator"}
        # Copies, which the next step leaves as they are; they are read when all steps are done, as the loop does.
        return {names[name]: value.clone() for name, value in losses.items() if name in names}

    return step


def processor() -> str:
    """The processor's name, with the bfloat16 instructions it has."""
    cpuinfo = Path("/proc/cpuinfo").read_text() if Path("/proc/cpuinfo").exists() else ""
    names = [line.split(":", 1)[1].strip() for line in cpuinfo.splitlines() if line.startswith("model name")]
    flags = [flag for flag in ("amx_bf16", "avx512_bf16") if flag in cpuinfo]
    return " ".join([names[0] if names else platform.machine(), *([f"({', '.join(flags)})"] if flags else [])])


def serve(kind: str, entry: Entry, root: Path, device: torch.device, pipe: Connection) -> None:
    """One of the two loops, in a process of its own: runs for as long as it is told, again and again."""
    if kind == "genzoo":
        prepare_process()  # as `genzoo train` does; the plain loop runs in a process as it comes
    step = {"plain": plain_step, "genzoo": genzoo_step}[kind](entry, root, device)
    while (seconds := pipe.recv()) is not None:
        losses, began = [], time.perf_counter()
        while time.perf_counter() - began < seconds:
            losses.append(step())
        read = [{name: float(value) for name, value in each.items()} for each in losses]
        pipe.send((len(losses) / (time.perf_counter() - began), read))


class Loop:
    """A loop in its process, which rests while the other is measured."""

    def __init__(self, kind: str, entry: Entry, root: Path, device: torch.device) -> None:
        context = multiprocessing.get_context("spawn")
        self.pipe, theirs = context.Pipe()
        self.process = context.Process(target=serve, args=(kind, entry, root, device, theirs))
        self.process.start()
        self.losses: list[dict[str, float]] = []

    def rate(self, seconds: float) -> float:
        """Steps a second."""
        self.pipe.send(seconds)
        rate, losses = self.pipe.recv()
        self.losses += losses
        return float(rate)

    def end(self) -> None:
        self.pipe.send(None)
        self.process.join()


def compare(entry: Entry, root: Path, device: torch.device, rounds: int, seconds: float) -> dict[str, object]:
    loops = {kind: Loop(kind, entry, root, device) for kind in ("plain", "genzoo")}
    rates: dict[str, list[float]] = {kind: [] for kind in loops}
    for loop in loops.values():
        loop.rate(1.0)
    for _ in range(rounds):
        for kind, loop in loops.items():
            rates[kind].append(loop.rate(seconds) * entry.recipe.batch_size * entry.recipe.n_critic)
    for loop in loops.values():
        loop.end()
    ratios = [own / plain for own, plain in zip(rates["genzoo"], rates["plain"], strict=True)]
    last = min(len(loop.losses) for loop in loops.values())  # the same steps of both
    window = slice(last // 2, last)
    means = {
        kind: {key: round(statistics.fmean(row[key] for row in loop.losses[window]), 3) for key in loop.losses[0]}
        for kind, loop in loops.items()
    }
    return {
        "name": entry.name,
        "batch_size": entry.recipe.batch_size,
        "precision": choose_precision("auto", device),
        "plain_images_per_second": round(statistics.median(rates["plain"])),
        "genzoo_images_per_second": round(statistics.median(rates["genzoo"])),
        "ratio": round(statistics.median(ratios), 2),
        "ratios": [round(ratio, 2) for ratio in ratios],
        "steps_compared": [window.start, window.stop],
        "mean_losses": means,
    }


def table(report: dict[str, Any]) -> str:
    """The README's table of a report."""
    lines = [
        f"| {report['machine']}, torch {report['torch'].split('+')[0]} "
        "| batch | plain, images/s | genzoo, images/s | ratio |",
        "| --- | --- | --- | --- | --- |",
    ]
    for row in report["results"]:
        speeds = f"{row['plain_images_per_second']:,} | {row['genzoo_images_per_second']:,}"
        lines.append(f"| `{row['name']}` | {row['batch_size']} | {speeds} | {row['ratio']:.1f} |")
    return "\n".join(lines)


def parser_of(description: str | None, names: Sequence[str], rounds: int, seconds: float) -> argparse.ArgumentParser:
    """The options of a benchmark of training steps."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", default=names)
    parser.add_argument("--data-dir", type=Path)
    parser.add_argument("--rounds", type=int, default=rounds)
    parser.add_argument("--seconds", type=float, default=seconds, help="of each measurement in a round")
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--out", type=Path)
    return parser


def main() -> None:
    parser = parser_of(__doc__, NAMES, 5, 10)
    parser.add_argument("--batch-size", type=int, help="instead of the recipes' own")
    options = parser.parse_args()
    device, root = torch.device(options.device), data_root(options.data_dir)
    cores = f"{processor()}, {len(os.sched_getaffinity(0))} cores"
    machine = torch.cuda.get_device_name() if device.type == "cuda" else cores
    results = []
    for name in options.names or NAMES:
        entry = find_entry(name)
        if options.batch_size:
            entry = with_recipe(entry, {"batch_size": str(options.batch_size)})
        results.append(compare(entry, root, device, options.rounds, options.seconds))
        print(json.dumps(results[-1]), flush=True)
    if options.out:
        report = {"machine": machine, "torch": torch.__version__, "results": results}
        options.out.write_text(json.dumps(report, indent=2) + "\n")


if __name__ == "__main__":
    main()
