"""Feature extractors: genzoo's own feature nets, and the field's Inception through torch-fidelity."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal, Protocol

import numpy as np
import torch
from torch import Tensor

from genzoo.accel.devices import full_float32
from genzoo.checkpoint.files import clear_io_errors
from genzoo.checkpoint.folder import Folder
from genzoo.checkpoint.measurement import Features
from genzoo.checkpoint.tensors import read_tensors, write_tensors
from genzoo.data import data_root, load_images
from genzoo.errors import GenzooError, UsageError
from genzoo.evaluate.features import BATCH, FeatureNet, extract, find_spec, load_net, shipped_folder
from genzoo.evaluate.scores import Sample
from genzoo.sampling import noise
from genzoo.zoo.datasets import Dataset
from genzoo.zoo.registry import DATASETS, find_dataset

Split = Literal["test", "train"]
FeatureName = Literal["genzoo", "inception"]

REFERENCE_IMAGES = 10_000
"""Images in a reference set: the test set, or as many of the training set."""

POOL_IMAGES = 30_000
"""Training images whose features are shipped: the reference set and those the floor is drawn from."""


class Extractor(Protocol):
    """A feature net for the images of a dataset: uint8 images in, features and logits out."""

    dataset: Dataset

    @property
    def identity(self) -> Features:
        """Name, version and number of features, as a measurement records them."""
        ...

    def extract(self, pixels: Tensor) -> Sample:
        """Features and logits of images: (n, c, h, w) uint8 -> (n, d) and (n, classes), on the CPU."""
        ...

    def real(self, split: Split, data_dir: str | Path | None = None) -> Sample:
        """The real images of a split: the test set, or `POOL_IMAGES` drawn from the training set."""
        ...


class ZooFeatures:
    """One of genzoo's own feature nets, with the shipped features of real images.

    It may judge another dataset than its own, of images of the same shape.
    """

    def __init__(self, folder: Folder, device: torch.device | None = None, dataset: Dataset | None = None) -> None:
        self.folder = folder
        self.net: FeatureNet = load_net(folder, device)
        self.dataset = dataset or self.net.images

    @property
    def identity(self) -> Features:
        """Name, version and number of features."""
        spec = self.net.spec
        return Features(spec.name, spec.version, spec.features)

    def extract(self, pixels: Tensor) -> Sample:
        """Features and logits of images: (n, c, h, w) uint8 -> (n, d) and (n, classes), on the CPU."""
        return self._sample(extract(self.net, pixels))

    def real(self, split: Split, data_dir: str | Path | None = None) -> Sample:
        """The shipped features of real images; where a split's are not shipped, the dataset's own.

        Raises:
            BadCheckpointError: for a file that is damaged.
            DataError: where neither the file nor the dataset is to be had.
        """
        if not self.has_shipped(file := reference_file(split)):
            return self.extract(real_pixels(self.dataset, split, data_dir))
        rows = REFERENCE_IMAGES if split == "test" else POOL_IMAGES
        shape = torch.Size((rows, self.net.spec.features))
        return self._sample(read_tensors(self.folder.file(file), {"features": shape})["features"].float())

    def has_shipped(self, file: str) -> bool:
        """Whether a file of real images' features or scores lies beside the net, and is of this dataset."""
        return self.dataset.name == self.net.spec.dataset and self.folder.has(file)

    def write_real(self, split: Split, data_dir: str | Path | None = None) -> None:
        """Write the features of a split's real images beside the net, in float16.

        Raises:
            DataError: for a dataset that is not to be had.
            GenzooError: when the file cannot be written.
        """
        features = self.extract(real_pixels(self.dataset, split, data_dir)).features
        write_tensors(self.folder.path / reference_file(split), {"features": features.half()})

    @torch.no_grad()
    def _sample(self, features: Tensor) -> Sample:
        device = self.net.head.weight.device
        return Sample(features, self.net.log_probabilities(features.to(device)))


class InceptionFeatures:
    """The Inception-v3 of 2015 that FID is defined by, in torch-fidelity's port of it.

    Its weights are downloaded by torch-fidelity when they are first used.
    """

    def __init__(self, dataset: Dataset, device: torch.device | None = None) -> None:
        self.dataset = dataset
        self.device = device or torch.device("cpu")
        self.net = _inception().to(self.device)

    @property
    def identity(self) -> Features:
        """Name, version and number of features."""
        return Features("inception", 1, 2048)

    @torch.no_grad()
    def extract(self, pixels: Tensor) -> Sample:
        """Features and logits of images: (n, c, h, w) uint8 -> (n, d) and (n, classes); grey becomes three channels."""
        colour = pixels.expand(-1, 3, -1, -1)
        with full_float32(self.device):
            batches = [self.net(batch.to(self.device)) for batch in torch.split(colour, BATCH // 5)]
        features = torch.cat([batch[0].cpu() for batch in batches])
        return Sample(features, self._logits(features))

    def _logits(self, features: Tensor) -> Tensor:
        # Without the bias, as in the Inception Score's reference implementation.
        weight: Tensor = self.net.fc.weight.detach().cpu()
        return features @ weight.T

    def real(self, split: Split, data_dir: str | Path | None = None) -> Sample:
        """The features of real images, computed once and kept beside the datasets.

        Raises:
            DataError: for a dataset that is not to be had.
        """
        path = data_root(data_dir) / "features" / f"inception-{self.dataset.name}-{split}.safetensors"
        if path.is_file():
            features = read_tensors(path)["features"]
        else:
            # Each costs seconds here: two thirds of the pool must do for the floor.
            features = self.extract(real_pixels(self.dataset, split, data_dir)[: 2 * REFERENCE_IMAGES]).features.half()
            with clear_io_errors(path):
                path.parent.mkdir(parents=True, exist_ok=True)
            write_tensors(path, {"features": features})
        features = features.float()  # as every later measurement reads them
        return Sample(features, self._logits(features))


def _inception() -> Any:
    try:
        from torch_fidelity.feature_extractor_inceptionv3 import FeatureExtractorInceptionV3
    except ModuleNotFoundError:
        raise UsageError(
            "--features inception needs torch-fidelity: pip install torch-fidelity, or measure with --features genzoo."
        ) from None
    try:
        return FeatureExtractorInceptionV3("inception-v3-compat", ["2048"], verbose=False)
    except (OSError, RuntimeError) as error:
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise GenzooError(
            f"Inception's weights could not be downloaded ({reason}): measure with --features genzoo, which needs none."
        ) from None


def find_extractor(dataset: Dataset, features: FeatureName = "genzoo", device: torch.device | None = None) -> Extractor:
    """The feature net for the images of a dataset.

    Raises:
        UsageError: for a dataset that has none of genzoo's, or is none that genzoo knows; Inception takes every size,
            and needs torch-fidelity.
        WeightsNotFoundError: when its weights are not on this machine.
        GenzooError: when Inception's cannot be downloaded.
    """
    refuse_unknown(dataset)  # before weights are downloaded
    if features == "inception":
        return InceptionFeatures(dataset, device)
    return ZooFeatures(shipped_folder(find_spec(dataset)), device, dataset)


def refuse_unknown(dataset: Dataset) -> None:
    """Raise the error of images that there are no real ones to hold against: those of a folder, mostly.

    Raises:
        UsageError: for a dataset that is none of genzoo's or of a package's; it says what can be done instead.
    """
    if find_dataset(dataset.name) is None:
        raise UsageError(
            f"There are no images of {dataset.name} to measure against, since test images are those of "
            f"{', '.join(DATASETS)} alone: look at samples by `genzoo generate` and at the losses by `genzoo plot`, or "
            "write samples to a folder and hold it against one of these by `genzoo evaluate --images FOLDER --dataset "
            "NAME`."
        )


def reference_file(split: Split) -> str:
    """The name of the file in a feature net's folder that holds the features of a split's real images."""
    return f"{split}.safetensors"


def real_pixels(dataset: Dataset, split: Split, data_dir: str | Path | None = None) -> Tensor:
    """Real images: the test set's first 10,000, or 30,000 of the training set, uint8 (n, c, h, w).

    Raises:
        DataError: for a dataset that is not to be had.
    """
    images = load_images(dataset, data_dir, train=split == "train")
    if split == "test":
        return images.pixels[:REFERENCE_IMAGES]
    return images.pixels[draw(len(images), POOL_IMAGES, seed=0)]


def draw(n: int, size: int, seed: int) -> Tensor:
    """`size` different numbers below `n`, a function of the seed: (size,) int64."""
    generator = np.random.Generator(noise.philox(seed, "order"))
    return torch.from_numpy(generator.permutation(n)[:size].copy())


def batches_of(n: int, size: int) -> Iterator[slice]:
    """Slices of at most `size` places that cover `n` of them, in order."""
    return (slice(i * size, min((i + 1) * size, n)) for i in range(math.ceil(n / size)))
