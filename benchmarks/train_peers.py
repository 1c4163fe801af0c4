"""Seconds from a command to a checkpoint on disk: an epoch of `genzoo train`, and of another library's pipeline.

    python benchmarks/train_peers.py [--data-dir DIR] [--rounds 3] [--quick] [--peer-python PYTHON] [--out FILE] [NAME]

VAEs stand beside pythae's training pipeline, as its README has it (`pip install 'genzoo[benchmarks]'`, or any Python
that has pythae, named by --peer-python); a GAN beside a plain script, as PyTorch's DCGAN example has it.  Nets, data
and batches are the same, the peers' nets of torch's own layers.  Each is a process of its own, one after the other,
alternating.  genzoo's is the command as it comes: reading, training, measuring, mixture, pictures and hashes.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from genzoo.data import data_root
from genzoo.nets import build
from genzoo.nets.blocks import use_torch_layers
from genzoo.zoo.catalog import find_entry
from genzoo.zoo.spec import Entry
from train import plain_step, processor

NAMES = ("vae-mnist-z20-l3", "mlpvae-mnist-z2-l1", "dcgan-mnist-z100-l3")
QUICK_STEPS = 50


def train_images(root: Path, images: int) -> Tensor:
    from torchvision.datasets import MNIST

    pixels: Tensor = MNIST(str(root), train=True).data[:images]
    return pixels.unsqueeze(1) / 255  # (n, 1, 28, 28)


def pythae_peer(entry: Entry, root: Path, images: int, out: Path) -> None:
    from pythae.models import VAE, VAEConfig
    from pythae.models.base.base_utils import ModelOutput
    from pythae.models.nn import BaseDecoder, BaseEncoder
    from pythae.pipelines import TrainingPipeline
    from pythae.trainers import BaseTrainerConfig

    class Encoder(BaseEncoder):  # type: ignore[misc]  # pythae has no types
        def __init__(self, net: nn.Module) -> None:
            BaseEncoder.__init__(self)
            self.net = net

        def forward(self, x: Tensor) -> Any:
            mean, log_variance = self.net(x).chunk(2, 1)
            return ModelOutput(embedding=mean, log_covariance=log_variance)

    class Decoder(BaseDecoder):  # type: ignore[misc]
        def __init__(self, net: nn.Module) -> None:
            BaseDecoder.__init__(self)
            self.net = net

        def forward(self, z: Tensor) -> Any:
            return ModelOutput(reconstruction=torch.sigmoid(self.net(z)))

    recipe, nets = entry.recipe, build(entry)
    use_torch_layers(nets)
    loss = "bce" if recipe.likelihood == "bernoulli" else "mse"
    config = VAEConfig(input_dim=entry.dataset.shape, latent_dim=entry.latent_size, reconstruction_loss=loss)
    training = BaseTrainerConfig(
        output_dir=str(out),
        num_epochs=1,
        learning_rate=recipe.lr,
        per_device_train_batch_size=recipe.batch_size,
        optimizer_cls="Adam",
        optimizer_params={"betas": (recipe.beta1, recipe.beta2)},
    )
    model = VAE(config, Encoder(nets["encoder"]), Decoder(nets["generator"]))
    TrainingPipeline(training_config=training, model=model)(train_data=train_images(root, images))


def plain_peer(entry: Entry, root: Path, images: int, out: Path) -> None:
    from torchvision.utils import save_image

    nets = build(entry)
    step = plain_step(entry, root, torch.device("cpu"), nets)
    for _ in range(images // entry.recipe.batch_size):
        step()
    out.mkdir()
    torch.save(nets.state_dict(), out / "nets.pth")
    with torch.no_grad():
        save_image(nets["generator"](torch.randn(64, entry.latent_size)), out / "samples.png", normalize=True)


def seconds_of(command: list[str]) -> dict[str, float]:
    """The time of a command, and what its processor was at work for it."""
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    wall, after = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    busy = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return {"seconds": round(wall, 2), "processor_seconds": round(busy, 2)}


def compare(entry: Entry, root: Path, rounds: int, steps: int | None, peer_python: str) -> dict[str, Any]:
    recipe = entry.recipe
    images = (steps or 60_000 // recipe.batch_size) * recipe.batch_size
    ours = [sys.executable, "-m", "genzoo", "train", entry.name, "--data-dir", str(root), "--device", "cpu"]
    ours += ["--epochs", "1"] if steps is None else ["--steps", str(steps)]
    theirs = [peer_python if entry.is_vae else sys.executable, __file__, entry.name, "--data-dir", str(root)]
    commands = {"peer": [*theirs, "--peer-images", str(images)], "genzoo": ours}
    runs: dict[str, list[dict[str, float]]] = {kind: [] for kind in commands}
    with tempfile.TemporaryDirectory() as folder:
        for turn in range(rounds):
            for kind, command in commands.items():
                runs[kind].append(seconds_of([*command, "--out", f"{folder}/{kind}{turn}"]))
    ratios = {
        key: [round(peer[key] / own[key], 2) for peer, own in zip(runs["peer"], runs["genzoo"], strict=True)]
        for key in ("seconds", "processor_seconds")
    }
    return {
        "name": entry.name,
        "peer": "pythae" if entry.is_vae else "plain script",
        "images": images,
        "batch_size": recipe.batch_size,
        "peer_seconds": statistics.median(run["seconds"] for run in runs["peer"]),
        "genzoo_seconds": statistics.median(run["seconds"] for run in runs["genzoo"]),
        "ratio": statistics.median(ratios["seconds"]),
        "ratios": ratios["seconds"],
        "processor_ratio": statistics.median(ratios["processor_seconds"]),
        "runs": runs,
    }


def table(report: dict[str, Any]) -> str:
    """A report as Markdown."""
    lines = [
        f"| {report['machine']}, torch {report['torch'].split('+')[0]} | images | beside | it, s | genzoo, s | ratio |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for row in report["results"]:
        peer = f"pythae {report['pythae']}" if row["peer"] == "pythae" else row["peer"]
        seconds = f"{row['peer_seconds']:.0f} | {row['genzoo_seconds']:.0f}"
        lines.append(f"| `{row['name']}` | {row['images']:,} | {peer} | {seconds} | {row['ratio']:.2f} |")
    return "\n".join(lines)


def version_of(package: str, python: str) -> str:
    code = f"import importlib.metadata as m; print(m.version({package!r}))"
    done = subprocess.run([python, "-c", code], capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(
            f"{python} has no {package}: pip install 'genzoo[benchmarks]', or name one with --peer-python."
        )
    return done.stdout.strip()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", default=NAMES)
    parser.add_argument("--data-dir", type=Path)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--quick", action="store_true", help=f"one round of {QUICK_STEPS} steps: to see that it runs")
    parser.add_argument("--peer-python", default=sys.executable)
    parser.add_argument("--peer-images", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    root, entries = data_root(options.data_dir), [find_entry(name) for name in options.names]
    if options.peer_images:
        peer = pythae_peer if entries[0].is_vae else plain_peer
        peer(entries[0], root, options.peer_images, options.out)
        return
    pythae = version_of("pythae", options.peer_python) if any(entry.is_vae for entry in entries) else None
    rounds, steps = (1, QUICK_STEPS) if options.quick else (options.rounds, None)
    results = []
    for entry in entries:
        results.append(compare(entry, root, rounds, steps, options.peer_python))
        print(json.dumps(results[-1]), flush=True)
    if options.out:
        machine = f"{processor()}, {len(os.sched_getaffinity(0))} cores"
        report = {"machine": machine, "torch": torch.__version__, "pythae": pythae, "results": results}
        options.out.write_text(json.dumps(report, indent=2) + "\n")


if __name__ == "__main__":
    main()
