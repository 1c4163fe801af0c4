"""genzoo's own feature nets: small residual classifiers whose penultimate layer measures images.

Inception features were learned from photographs of 299 pixels and say little about digits, and they
must be downloaded; these are shipped beside the entries, with a version in their name.
"""

from __future__ import annotations

import dataclasses
import itertools
import json
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from genzoo.accel.devices import full_float32
from genzoo.checkpoint.files import write_text
from genzoo.checkpoint.folder import Folder
from genzoo.checkpoint.layout import CONFIG, MODEL
from genzoo.checkpoint.manifest import read_manifest, weights_home
from genzoo.checkpoint.strict import check, read_json
from genzoo.checkpoint.tensors import read_tensors, write_tensors
from genzoo.data import ImageData
from genzoo.errors import BadCheckpointError, InvalidEntryError, UsageError, WeightsNotFoundError
from genzoo.nets.blocks import to_signed
from genzoo.zoo.datasets import Dataset, FeatureSpec
from genzoo.zoo.fields import decode
from genzoo.zoo.registry import DATASETS, find_dataset

FORMAT = 1
_LEAST_PROBABILITY = 1e-9
BATCH = 250


class _Stage(nn.Module):
    """Convolution and 2 x 2 pooling, then a residual convolution: (n, c, s, s) -> (n, wide, s / 2, s / 2)."""

    def __init__(self, narrow: int, wide: int) -> None:
        super().__init__()
        self.down = nn.Conv2d(narrow, wide, 3, padding=1, bias=False)
        self.down_norm = nn.BatchNorm2d(wide)
        self.same = nn.Conv2d(wide, wide, 3, padding=1, bias=False)
        self.same_norm = nn.BatchNorm2d(wide)

    def forward(self, x: Tensor) -> Tensor:
        x = F.gelu(self.down_norm(F.max_pool2d(self.down(x), 2)))
        return x + F.gelu(self.same_norm(self.same(x)))


class FeatureNet(nn.Module):
    """A residual net behind a fixed layer of whitened 2 x 2 patches, after airbench (Jordan 2024).

    Images are (n, c, h, w) float32 in [0, 1].  Pooling before batch norm keeps it cheap on a CPU.
    """

    def __init__(self, spec: FeatureSpec, label_smoothing: float = 0.0) -> None:
        super().__init__()
        self.spec, self.label_smoothing = spec, label_smoothing
        self.images = DATASETS[spec.dataset]
        channels = self.images.shape[0]
        self.whiten = nn.Conv2d(channels, 8 * channels, 2)
        self.whiten.weight.requires_grad_(False)
        sizes = (8 * channels, *spec.channels)
        self.stages = nn.Sequential(*(_Stage(a, b) for a, b in itertools.pairwise(sizes)))
        self.neck = nn.Linear(spec.channels[-1], spec.features, bias=False)
        self.neck_norm = nn.BatchNorm1d(spec.features)
        self.head = nn.Linear(spec.features, self.images.classes)

    def features(self, x: Tensor) -> Tensor:
        """The penultimate layer: (n, c, h, w) in [0, 1] -> (n, features)."""
        maps = self.stages(F.gelu(self.whiten(to_signed(x))))
        return F.gelu(self.neck_norm(self.neck(maps.amax((2, 3)))))

    def logits(self, features: Tensor) -> Tensor:
        """The classifier's logits of features: (n, features) -> (n, classes)."""
        logits: Tensor = self.head(features.to(self.head.weight.dtype))
        return logits

    def log_probabilities(self, features: Tensor) -> Tensor:
        """The classes' log-probabilities with the label smoothing of training undone: (n, features) -> (n, classes).

        A net that fits smoothed labels gives (1 - s) p + s / classes where p is meant.
        """
        smoothed = self.logits(features).cpu().double().softmax(1)  # not every accelerator has float64
        share, classes = self.label_smoothing, self.images.classes
        meant = ((smoothed - share / classes) / (1 - share)).clamp_min(_LEAST_PROBABILITY)
        return (meant / meant.sum(1, keepdim=True)).log()

    def forward(self, x: Tensor) -> Tensor:
        """Logits of images: (n, c, h, w) in [0, 1] -> (n, classes)."""
        return self.logits(self.features(x))


@torch.no_grad()
def extract(net: FeatureNet, pixels: Tensor, batch_size: int = BATCH) -> Tensor:
    """Features of uint8 images: (n, c, h, w) -> (n, features) float32, on the CPU."""
    data = ImageData(net.images, pixels)
    device = net.head.weight.device
    with full_float32(device):
        batches = [
            net.features(data.batch(torch.arange(i, min(i + batch_size, len(data)))).to(device)).cpu()
            for i in range(0, len(data), batch_size)
        ]
    return torch.cat(batches)


def shipped_folder(spec: FeatureSpec) -> Folder:
    """The folder in which a feature net ships; its files' digests are pinned where the manifest lists them."""
    name = f"features/{spec.full_name}"
    return Folder(weights_home() / name, read_manifest().get(name))


def is_seen(dataset: Dataset) -> bool:
    """Whether there is a feature net for the images of a dataset."""
    spec = _spec_of(dataset)
    return spec is not None and DATASETS[spec.dataset].shape == dataset.shape


def _spec_of(dataset: Dataset) -> FeatureSpec | None:
    known = find_dataset(dataset.name)
    return known.features if known else None


def find_spec(dataset: Dataset) -> FeatureSpec:
    """The feature net for the images of a dataset.

    Raises:
        UsageError: when there is none; the error lists those there are.
    """
    spec = _spec_of(dataset)
    if spec is None or not is_seen(dataset):
        nets = ((known.features.name, known) for known in DATASETS.values() if known.feature_recipe and known.features)
        words = " and ".join(f"{name} ({known.name}, {_size(known)})" for name, known in nets)
        raise UsageError(
            f"No feature net knows {dataset.name} ({_size(dataset)}), so that it cannot be measured: there are {words}."
        )
    return spec


def _size(dataset: Dataset) -> str:
    channels, height, width = dataset.shape
    return f"{height} x {width}, {'grey' if channels == 1 else 'colour'}"


def save_net(folder: Path, net: FeatureNet, training: dict[str, Any]) -> None:
    """Write a feature net: `config.json`, and `model.safetensors` with its weights in float16.

    Raises:
        OSError: when the folder cannot be made.
        GenzooError: when a file cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    # The few values a channel has stay in float32: running variances can lie beyond float16's range.
    tensors = {name: tensor.half() if tensor.dim() > 1 else tensor for name, tensor in net.state_dict().items()}
    write_tensors(folder / MODEL, {name: tensor.contiguous() for name, tensor in tensors.items()})
    config = {"format": FORMAT, "net": dataclasses.asdict(net.spec), "training": training}
    write_text(folder / CONFIG, json.dumps(config, indent=2) + "\n")


def load_net(folder: Folder, device: torch.device | None = None) -> FeatureNet:
    """A feature net from its folder, in float32 and evaluation mode.

    Raises:
        WeightsNotFoundError: when there is no such folder.
        BadCheckpointError: when it is damaged or not a feature net's.
    """
    if not folder.has(CONFIG):
        raise WeightsNotFoundError(
            f"The feature net {folder.path.name} is not in {folder.path.parent}: "
            "train it with `genzoo train-features`, or install genzoo anew."
        )
    net = FeatureNet(*_read_config(folder.file(CONFIG)))
    shapes = {name: tensor.shape for name, tensor in net.state_dict().items()}
    tensors = read_tensors(folder.file(MODEL), shapes)
    net.load_state_dict({name: t.float() if t.is_floating_point() else t for name, t in tensors.items()})
    # Channels-last is how these convolutions are fastest on every processor.
    net = net.to(device or torch.device("cpu"))
    return net.to(memory_format=torch.channels_last).eval().requires_grad_(False)


def _read_config(path: Path) -> tuple[FeatureSpec, float]:
    """The net's sizes, and the label smoothing it was trained with."""
    try:
        value = read_json(path)
        check(isinstance(value, dict) and set(value) == {"format", "net", "training"}, "its fields are not a net's.")
        check(value["format"] == FORMAT, f"its format is {value['format']!r}, this genzoo reads {FORMAT}.")
        smoothing = value["training"]["recipe"]["label_smoothing"]
        check(isinstance(smoothing, float) and 0 <= smoothing < 1, f"its label smoothing is {smoothing!r}.")
        spec = decode(FeatureSpec, value["net"], "net")
        check(spec.dataset in DATASETS, f"there is no dataset {spec.dataset!r}.")
        return spec, smoothing
    except (BadCheckpointError, InvalidEntryError) as error:
        raise BadCheckpointError(f"{path} is refused: {error}") from None
    except (ValueError, KeyError, TypeError) as error:
        raise BadCheckpointError(f"{path} is not JSON that genzoo can read ({error}).") from None
