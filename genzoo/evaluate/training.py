"""Training of the feature nets: one fixed schedule, after which the test accuracy is read once."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from genzoo.accel.devices import has_fast_bfloat16
from genzoo.checkpoint.files import clear_io_errors
from genzoo.checkpoint.folder import Folder
from genzoo.data import ImageData, load_images, load_labels
from genzoo.errors import UsageError
from genzoo.evaluate.features import FeatureNet, extract, load_net, save_net
from genzoo.evaluate.progress import quiet
from genzoo.nets.blocks import to_signed
from genzoo.sampling import noise
from genzoo.zoo.datasets import FeatureRecipe
from genzoo.zoo.registry import find_dataset

Report = Callable[[int, int, dict[str, float]], None]
"""Called with the step, the number of steps, and the step's loss and accuracy."""


def train_features(
    dataset: str,
    out: Path,
    *,
    recipe: FeatureRecipe | None = None,
    seed: int = 0,
    data_dir: str | Path | None = None,
    device: torch.device | None = None,
    report: Report = quiet,
) -> dict[str, float]:
    """Train the feature net of a dataset and write it to a folder.

    Args:
        dataset: the name of one that has a feature net of its own.
        out: the folder to write.
        recipe: another schedule than the shipped net's.
        seed: of weights, order and augmentations.
        data_dir: where the datasets lie.
        device: where it trains; the CPU unless told otherwise.
        report: called after every step.

    Returns:
        The accuracy on the training and the test images, of the weights as they were written.

    Raises:
        UsageError: for a dataset that has no feature net of its own.
        DataError: for a dataset that is not to be had.
        GenzooError: when the folder cannot be written.
    """
    known, where = find_dataset(dataset), device or torch.device("cpu")
    spec, recipe = (known.features, recipe or known.feature_recipe) if known else (None, None)
    if known is None or spec is None or recipe is None:
        raise UsageError(f"{dataset} has no feature net of its own to train: its record names none.")
    images, labels = load_images(known, data_dir), load_labels(known, data_dir)
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        net = FeatureNet(spec, recipe.label_smoothing)
        _initialise(net, images)
        net = net.to(where).to(memory_format=torch.channels_last)
        _fit(net, images, labels, recipe, seed, report)
    training: dict[str, Any] = {"seed": seed, "recipe": dataclasses.asdict(recipe)}
    with clear_io_errors(out):
        save_net(out, net.cpu(), training)
        measured = _accuracies(load_net(Folder(out)), data_dir)
        save_net(out, net, {**training, "accuracy": measured})
    return measured


def accuracy(net: FeatureNet, images: ImageData, labels: Tensor) -> float:
    """The share of images that the net puts into their own class: in [0, 1]."""
    with torch.no_grad():
        guesses = net.logits(extract(net, images.pixels)).argmax(1).cpu()
    return float((guesses == labels).double().mean())


def _accuracies(net: FeatureNet, data_dir: str | Path | None) -> dict[str, float]:
    dataset = net.images
    return {
        split: accuracy(
            net,
            load_images(dataset, data_dir, train=split == "train"),
            load_labels(dataset, data_dir, train=split == "train"),
        )
        for split in ("train", "test")
    }


@torch.no_grad()
def _initialise(net: FeatureNet, images: ImageData, epsilon: float = 5e-4) -> None:
    """Whiten 2 x 2 patches in the first layer, and begin every other convolution near the identity."""
    some = to_signed(images.batch(torch.arange(min(len(images), 5000))))
    patches = F.unfold(some, 2).transpose(1, 2).flatten(0, 1).double()
    values, vectors = torch.linalg.eigh(patches.T @ patches / len(patches))
    filters = (vectors / (values + epsilon).sqrt()).T.reshape(-1, *net.whiten.weight.shape[1:])
    # Both signs of each direction, because what follows is nearly a rectifier.
    net.whiten.weight.copy_(torch.cat([filters, -filters]))
    net.whiten.bias.zero_()  # type: ignore[union-attr]
    for layer in net.stages.modules():
        if isinstance(layer, nn.Conv2d):
            nn.init.dirac_(layer.weight[: layer.in_channels])


def _fit(net: FeatureNet, images: ImageData, labels: Tensor, recipe: FeatureRecipe, seed: int, report: Report) -> None:
    device = net.head.weight.device
    learned = [p for p in net.parameters() if p.requires_grad]
    groups = [
        {"params": [p for p in learned if p.dim() > 1], "weight_decay": recipe.weight_decay},
        {"params": [p for p in learned if p.dim() == 1], "weight_decay": 0.0},
    ]
    optimizer = torch.optim.SGD(groups, lr=recipe.lr, momentum=recipe.momentum, nesterov=True)
    steps = recipe.epochs * (len(images) // recipe.batch_size)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: triangle(step / steps, recipe.warmup))
    net.train()
    for step, index in enumerate(_batches(len(images), recipe, seed), start=1):
        rng = np.random.Generator(noise.philox(seed, "steps", step << 32))
        x = augment(images, index, recipe, rng).to(device)
        y = labels[index].to(device)
        with torch.autocast(device.type, torch.bfloat16, enabled=has_fast_bfloat16(device)):
            logits = net(x.contiguous(memory_format=torch.channels_last))
        loss = F.cross_entropy(logits.float(), y, label_smoothing=recipe.label_smoothing)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        schedule.step()
        right = (logits.argmax(1) == y).float().mean()
        report(step, steps, {"loss": float(loss.detach()), "accuracy": float(right)})
    net.eval()


def triangle(share: float, warmup: float) -> float:
    """The learning rate's factor after a share of the steps: from 0 to 1 over `warmup`, then back to 0."""
    return share / warmup if share < warmup else max(0.0, (1 - share) / (1 - warmup))


def _batches(n: int, recipe: FeatureRecipe, seed: int) -> Iterator[Tensor]:
    for epoch in range(recipe.epochs):
        order = np.random.Generator(noise.philox(seed, "order", epoch << 32)).permutation(n)
        for i in range(n // recipe.batch_size):
            yield torch.from_numpy(order[i * recipe.batch_size : (i + 1) * recipe.batch_size])


def augment(images: ImageData, index: Tensor, recipe: FeatureRecipe, rng: np.random.Generator) -> Tensor:
    """A batch, shifted, mirrored where the dataset allows it, with a square blanked: (n,) -> (n, c, h, w) in [0, 1]."""
    flip = torch.from_numpy(rng.random(len(index)) < 0.5) if images.dataset.flips else None
    x = images.batch(index, flip)
    n, _, height, width = x.shape
    border = "reflect" if images.dataset.flips else "constant"  # digits stand on black
    padded = F.pad(x, [recipe.shift] * 4, mode=border).permute(0, 2, 3, 1)
    top, left = (torch.from_numpy(rng.integers(0, 2 * recipe.shift + 1, (n, 1))) for _ in range(2))
    rows, columns = top + torch.arange(height), left + torch.arange(width)
    moved = padded[torch.arange(n).view(n, 1, 1), rows.unsqueeze(2), columns.unsqueeze(1)].permute(0, 3, 1, 2)
    if recipe.cutout:
        corner = torch.from_numpy(rng.integers(0, (height - recipe.cutout + 1, width - recipe.cutout + 1), (n, 2)))
        inside = [_between(corner[:, i], side, recipe.cutout) for i, side in enumerate((height, width))]
        moved = moved.masked_fill((inside[0].unsqueeze(2) & inside[1].unsqueeze(1)).unsqueeze(1), 0.5)
    return moved


def _between(start: Tensor, side: int, length: int) -> Tensor:
    """A mask of the `length` places from each start, of `side` places: (n,) -> (n, side) bool."""
    places = torch.arange(side) - start.unsqueeze(1)
    return (places >= 0) & (places < length)
