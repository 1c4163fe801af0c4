"""Sets of images: what they hold, how they are fetched, and which net judges images that are to look like theirs."""

from __future__ import annotations

from dataclasses import field
from typing import Any, ClassVar

from genzoo.zoo import papers
from genzoo.zoo.fields import NOT_STORED, check, check_name
from genzoo.zoo.papers import Paper
from genzoo.zoo.record import Record, record

_MOST_CHANNELS, _MOST_STAGES = 1024, 4


@record(frozen=True)
class FeatureSpec(Record):
    """A feature net's name and sizes.

    Attributes:
        dataset: the dataset whose classes it tells apart, and whose images it takes.
        version: changes with the weights, because numbers of two versions cannot be compared.
        channels: of each stage, from the image inwards; every stage halves the maps.
        features: size of the penultimate layer.
    """

    dataset: str
    version: int
    channels: tuple[int, ...]
    features: int = 128

    def __post_init__(self) -> None:
        check(self.version >= 1, f"the version {self.version} is not 1 or more.")
        check(
            1 <= len(self.channels) <= _MOST_STAGES
            and all(1 <= c <= _MOST_CHANNELS for c in (*self.channels, self.features)),
            f"1 to {_MOST_STAGES} stages and sizes up to {_MOST_CHANNELS} are allowed, "
            f"not {list(self.channels)} and {self.features}.",
        )

    @property
    def name(self) -> str:
        """Its name, such as `genzoo-mnist`."""
        return f"genzoo-{self.dataset}"

    @property
    def full_name(self) -> str:
        """Its name with its version, such as `genzoo-mnist-v1`, which is its folder's."""
        return f"{self.name}-v{self.version}"


@record(frozen=True)
class FeatureRecipe(Record):
    """How a feature net is trained: Nesterov's SGD with a triangular learning rate.

    Attributes:
        epochs: passes over the training images.
        batch_size: images in a step.
        lr: the learning rate at its peak, after `warmup` of the steps.
        weight_decay: on weights of convolutions and linear layers, not of batch norm.
        label_smoothing: share of a label's mass that goes to all classes alike.
        shift: pixels by which an image is moved at most, either way.
        cutout: side of the square that is blanked, 0 for none (DeVries and Taylor 2017).
    """

    epochs: int
    batch_size: int = 500
    lr: float = 0.5
    momentum: float = 0.9
    warmup: float = 0.2
    weight_decay: float = 1e-3
    label_smoothing: float = 0.1
    shift: int = 2
    cutout: int = 0


def _known(default: Any) -> Any:
    """A field of what the zoo knows of a dataset, which neither `config.json` nor equality has."""
    return field(default=default, compare=False, repr=False, metadata=NOT_STORED)


@record(frozen=True)
class Dataset(Record):
    """A set of images.

    Attributes:
        name: in lower-case letters and digits.
        shape: of an image, (channels, height, width).
        flips: whether mirrored copies are as good as the images.
        title: its name as people write it.
        subjects: what its images show, in words.
        classes: how many its labels tell apart; 0 without labels.
        size: how many training images it has; 0 where that is not known before they are read.
        images: the place of what reads it, as `module:name`: a class of torchvision's that is built like `MNIST` or
            `CIFAR10`, or a function (dataset, root, train) -> uint8 pixels, (n, c, h, w).
        hub_id: its repository on the Hub; empty where the Hub has none.
        licence: what its authors allow, in words.
        citation: the paper that it comes from; text is Markdown.
        held_out: what its test set is, in a sentence, where a reader would take it for more.
        features: the feature net that judges images which are to look like its own.
        feature_recipe: how that net is trained, where it is the dataset's own.
    """

    noun: ClassVar[str] = "dataset"
    name: str
    shape: tuple[int, int, int]
    flips: bool = False
    title: str = _known("")
    subjects: str = _known("")
    classes: int = _known(0)
    size: int = _known(0)
    images: str = _known("")
    hub_id: str = _known("")
    licence: str = _known("")
    citation: Paper | str = _known("")
    held_out: str = _known("")
    features: FeatureSpec | None = _known(None)
    feature_recipe: FeatureRecipe | None = _known(None)

    def __post_init__(self) -> None:
        check_name("dataset", self.name)
        channels, height, width = self.shape
        check(
            channels in (1, 3) and height == width and 8 <= height <= 128,
            f"images of shape {list(self.shape)} are not supported: "
            "1 or 3 channels and squares of 8 to 128 pixels are.",
        )


MNIST = Dataset(
    "mnist",
    (1, 28, 28),
    title="MNIST",
    subjects="handwritten digits",
    classes=10,
    size=60_000,
    images="torchvision.datasets:MNIST",
    hub_id="ylecun/mnist",
    licence="CC BY-SA 3.0",
    citation=papers.MNIST,
    features=FeatureSpec("mnist", version=1, channels=(32, 64, 128)),
    feature_recipe=FeatureRecipe(epochs=10, batch_size=250, lr=0.2),
)
FASHION_MNIST = Dataset(
    "fashionmnist",
    (1, 28, 28),
    title="FashionMNIST",
    subjects="clothes",
    classes=10,
    size=60_000,
    images="torchvision.datasets:FashionMNIST",
    hub_id="zalando-datasets/fashion_mnist",
    licence="MIT",
    citation=papers.FASHION_MNIST,
)
KMNIST = Dataset(
    "kmnist",
    (1, 28, 28),
    title="KMNIST",
    subjects="handwritten hiragana",
    classes=10,
    size=60_000,
    images="torchvision.datasets:KMNIST",
    licence="CC BY-SA 4.0",
    citation=papers.KMNIST,
)
CIFAR10 = Dataset(
    "cifar10",
    (3, 32, 32),
    flips=True,
    title="CIFAR-10",
    subjects="animals and vehicles",
    classes=10,
    size=50_000,
    images="torchvision.datasets:CIFAR10",
    hub_id="uoft-cs/cifar10",
    citation=papers.CIFAR10,
    features=FeatureSpec("cifar10", version=1, channels=(64, 256, 256)),
    feature_recipe=FeatureRecipe(epochs=16, cutout=6),
)
OLIVETTI = Dataset(
    "olivetti",
    (1, 64, 64),
    flips=True,
    title="Olivetti faces",
    subjects="faces",
    classes=40,
    size=360,
    images="genzoo.data.faces:load_faces",
    citation=papers.OLIVETTI,
    held_out="The test images are other pictures of the same 40 people: nothing is known of other faces.",
)

RECORDS = (MNIST, FASHION_MNIST, KMNIST, CIFAR10, OLIVETTI)
