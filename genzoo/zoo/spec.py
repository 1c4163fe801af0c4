"""What an entry is made of: frozen, typed, bounded, and the same in code and in `config.json`.

Nothing here imports torch: `genzoo list` and `genzoo info` read these classes alone.
"""

from __future__ import annotations

import typing
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal

from genzoo.errors import brief, brief_list
from genzoo.zoo.fields import check, decode, encode

FORMAT = 1
"""Version of `config.json`; a reader refuses what it does not know."""

Family = Literal["mlpgan", "mlpvae", "dcgan", "wgan", "wgangp", "vae", "convgan", "lstmgan"]
Activation = Literal["relu", "leaky_relu"]
Objective = Literal["gan", "wgan", "wgangp", "vae"]
Output = Literal["sigmoid", "tanh"]
FAMILIES: tuple[Family, ...] = typing.get_args(Family)
_MOST_LETTERS = 64
"""Of a part of a name: folders and files are called by names, and a file's name may have 255 letters."""
_MOST_SOURCE = 1000


def _check_sizes(what: str, sizes: tuple[int, ...], most: int, least_count: int = 1) -> None:
    check(
        least_count <= len(sizes) <= 16 and all(1 <= size <= most for size in sizes),
        f"{what} is {brief_list(sizes, 16)}, but {least_count} to 16 sizes between 1 and {most} are allowed.",
    )


def _check_dropout(dropout: float) -> None:
    check(0 <= dropout <= 0.9, f"a dropout of {dropout} is not between 0 and 0.9.")


@dataclass(frozen=True)
class Dataset:
    """A set of images: `shape` is (channels, height, width), `flips` allows mirrored copies."""

    name: str
    shape: tuple[int, int, int]
    flips: bool = False

    def __post_init__(self) -> None:
        check(
            self.name.isascii()
            and self.name.isalnum()
            and self.name == self.name.lower()
            and len(self.name) <= _MOST_LETTERS,
            f"the dataset name {brief(self.name)} must be lower-case letters and digits, at most {_MOST_LETTERS}.",
        )
        channels, height, width = self.shape
        check(
            channels in (1, 3) and height == width and 8 <= height <= 128,
            f"images of shape {list(self.shape)} are not supported: "
            "1 or 3 channels and squares of 8 to 128 pixels are.",
        )


@dataclass(frozen=True)
class Mlp:
    """Fully connected nets: `generator` and `critic` are hidden sizes from input to output.

    `critic` is the discriminator, or a VAE's encoder.  `dropout` acts after each hidden layer
    of a discriminator, `batch_norm` before each activation of both nets.
    """

    kind: ClassVar[str] = "mlp"
    generator: tuple[int, ...]
    critic: tuple[int, ...]
    activation: Activation = "leaky_relu"
    batch_norm: bool = False
    dropout: float = 0.0

    def __post_init__(self) -> None:
        _check_sizes("the generator's list of hidden sizes", self.generator, 8192)
        _check_sizes("the critic's list of hidden sizes", self.critic, 8192)
        _check_dropout(self.dropout)


@dataclass(frozen=True)
class Conv:
    """Stride-2 convolutions down to 4 x 4 (or less), and the mirror image of them.

    `channels` are those of the strided layers from the image inwards.  With `project` a linear
    layer joins the narrowest map and the latent; without, one more strided layer goes from
    2 x 2 to 1 x 1.  `extra` stride-1 layers of kernel 3 follow one strided layer each, from maps
    of 4 x 4 outwards.
    `dropout` acts on a discriminator's flattened features; `critic_norm` is its batch norm.
    """

    kind: ClassVar[str] = "conv"
    channels: tuple[int, ...]
    kernel: int
    extra: int = 0
    project: bool = True
    critic_norm: bool = True
    dropout: float = 0.0

    def __post_init__(self) -> None:
        _check_sizes("the list of channels", self.channels, 2048, least_count=2)
        check(2 <= self.kernel <= 9, f"a kernel of {self.kernel} is not between 2 and 9.")
        check(self.extra >= 0, f"{self.extra} extra layers are too few: 0 is the least.")
        _check_dropout(self.dropout)


def halvings(side: int, times: int) -> list[int]:
    """Sides of an image and of its maps after each stride-2 'same' layer: 28 -> [28, 14, 7, 4]."""
    sides = [side]
    for _ in range(times):
        sides.append(-(-sides[-1] // 2))
    return sides


@dataclass(frozen=True)
class FlatConv:
    """Report 3's convolutional nets: two convolutions capped by a linear layer, and the mirror image of them.

    `pool` adds 2 x 2 pooling of stride 1 between the two.
    """

    kind: ClassVar[str] = "flatconv"
    channels: int = 5
    kernel: int = 3
    stride: int = 1
    pool: bool = False
    dropout: float = 0.5

    def __post_init__(self) -> None:
        check(1 <= self.channels <= 256, f"{self.channels} channels are not between 1 and 256.")
        check(self.kernel in (3, 5, 7), f"a kernel of {self.kernel} is not 3, 5 or 7.")
        check(self.stride in (1, 2), f"a stride of {self.stride} is not 1 or 2.")
        _check_dropout(self.dropout)


@dataclass(frozen=True)
class Lstm:
    """Report 3's LSTM nets: stacked layers over the rows of an image, capped by a linear layer."""

    kind: ClassVar[str] = "lstm"
    units: int = 256
    layers: int = 2
    dropout: float = 0.5

    def __post_init__(self) -> None:
        check(1 <= self.units <= 2048, f"{self.units} LSTM units are not between 1 and 2048.")
        check(1 <= self.layers <= 8, f"{self.layers} LSTM layers are not between 1 and 8.")
        _check_dropout(self.dropout)


Arch = Mlp | Conv | FlatConv | Lstm


def hidden_layers(arch: Arch, side: int) -> int:
    """Those of the generator, for images of this side.

    Raises:
        BadCheckpointError: when a stride-1 layer of a `Conv` has no map of 4 x 4 or larger to act on.
    """
    match arch:
        case Mlp(generator=sizes):
            return len(sizes)
        case Conv(channels=channels, extra=extra, project=project):
            sides = halvings(side, len(channels))[1:]
            room = sum(side >= 4 for side in sides)
            # Maps of 2 x 2 that a linear layer makes are its output, not a hidden layer's.
            strided = len(channels) - (project and sides[-1] < 4)
            check(
                extra <= room,
                f"{strided + extra} hidden layers do not fit on {room} maps of 4 x 4 and larger: "
                f"{strided + room} is the most.",
            )
            return strided + extra
        case Lstm(layers=layers):
            return layers
        case FlatConv():
            return 2


_OBJECTIVE_OF: dict[Family, Objective] = {
    "mlpgan": "gan", "convgan": "gan", "lstmgan": "gan", "dcgan": "gan",
    "wgan": "wgan", "wgangp": "wgangp", "mlpvae": "vae", "vae": "vae",
}  # fmt: skip

_ARCH_OF: dict[Family, type[Mlp] | type[Conv] | type[FlatConv] | type[Lstm]] = {
    "mlpgan": Mlp, "mlpvae": Mlp, "convgan": FlatConv, "lstmgan": Lstm,
    "dcgan": Conv, "wgan": Conv, "wgangp": Conv, "vae": Conv,
}  # fmt: skip


@dataclass(frozen=True)
class Recipe:
    """How an entry is trained; each number comes from its report, or from ours where it is silent.

    A step is one update of the generator (or VAE).  `epochs` passes over the training set are
    counted in the images that the critic, or the VAE, sees.  `likelihood_sd` is the standard
    deviation of a Gaussian likelihood; `binarize` draws the pixels of each batch anew from their
    grey levels, as the Bernoulli likelihood wants them.  `penalty` is the weight of WGAN-GP's gradient
    penalty, or of the one at real images (R1) that a GAN of convolutional nets may have.  With `decay` the
    learning rates fall linearly to zero over the run's steps.  Without `norm_bias` the biases of the
    critic's batch norm are not trained: they stay 0, or what a fine-tuned model's parent has.
    """

    objective: Objective
    epochs: int
    batch_size: int = 128
    lr: float = 2e-4
    critic_lr: float | None = None
    optimizer: Literal["adam", "rmsprop"] = "adam"
    beta1: float = 0.5
    beta2: float = 0.999
    critic_steps: int = 1
    real_label: float = 1.0
    clip: float = 0.0
    penalty: float = 0.0
    grad_norm: float = 0.0
    likelihood: Literal["bernoulli", "gaussian"] = "bernoulli"
    likelihood_sd: float = 1.0
    binarize: bool = False
    ema: float = 0.999
    decay: bool = False
    norm_bias: bool = True

    def __post_init__(self) -> None:
        check(1 <= self.epochs <= 1_000_000, f"{self.epochs} epochs are not between 1 and 1,000,000.")
        check(2 <= self.batch_size <= 65536, f"a batch of {self.batch_size} is not between 2 and 65536.")
        check(0 < self.lr <= 1, f"a learning rate of {self.lr} is not above 0 and at most 1.")
        check(
            self.critic_lr is None or 0 < self.critic_lr <= 1,
            f"a critic's learning rate of {self.critic_lr} is not above 0 and at most 1.",
        )
        for name in ("beta1", "beta2", "ema"):
            value = getattr(self, name)
            check(0 <= value < 1, f"{name} is {value}, but must be at least 0 and below 1.")
        check(1 <= self.critic_steps <= 100, f"{self.critic_steps} critic steps are not between 1 and 100.")
        check(0.5 < self.real_label <= 1, f"a real label of {self.real_label} is not above 0.5 and at most 1.")
        check(
            1e-6 <= self.likelihood_sd <= 1e6,
            f"a likelihood_sd of {self.likelihood_sd} is not between 0.000001 and 1,000,000.",
        )
        for name in ("clip", "penalty", "grad_norm"):
            check(getattr(self, name) >= 0, f"{name} is {getattr(self, name)}, but must not be negative.")
        check(
            (self.clip > 0) == (self.objective == "wgan"),
            f"a clip of {self.clip} does not go with {self.objective}: wgan alone has one.",
        )
        check(
            self.objective == "gan" or (self.penalty > 0) == (self.objective == "wgangp"),
            f"a penalty of {self.penalty} does not go with {self.objective}: wgangp has one, gan may, no other does.",
        )


@dataclass(frozen=True)
class Entry:
    """One model of the zoo: what it is, how it is trained, and where it comes from."""

    family: Family
    dataset: Dataset
    latent_size: int
    hidden_layers: int
    arch: Arch
    recipe: Recipe
    tag: str = ""
    output: Output = "sigmoid"
    source: str = field(default="", compare=False)

    def __post_init__(self) -> None:
        # A VAE's mixture has ten covariances of latent size by latent size.
        most = 1024 if self.is_vae else 4096
        check(1 <= self.latent_size <= most, f"a latent size of {self.latent_size} is not between 1 and {most}.")
        check(
            (all(part.isascii() and part.isalnum() for part in self.tag.split("-")) or not self.tag)
            and len(self.tag) <= _MOST_LETTERS,
            f"the tag {brief(self.tag)} may hold at most {_MOST_LETTERS} letters and digits joined by single hyphens.",
        )
        check(
            len(self.source) <= _MOST_SOURCE and self.source.isprintable(),
            f"the source {brief(self.source)} must be at most {_MOST_SOURCE} printable letters.",
        )
        check(
            isinstance(self.arch, _ARCH_OF[self.family]) and self.recipe.objective == _OBJECTIVE_OF[self.family],
            f"{self.name}: a {self.family} has no nets of kind {self.arch.kind} trained as {self.recipe.objective}.",
        )
        check(
            self.recipe.norm_bias or (isinstance(self.arch, Conv) and self.arch.critic_norm and not self.is_vae),
            f"{self.name}: norm_bias is off, but there is no critic with batch norm.",
        )
        check(
            self.recipe.penalty == 0 or (isinstance(self.arch, Conv) and not self.arch.critic_norm),
            f"{self.name}: a penalty of {self.recipe.penalty} is on each image's own gradient, "
            "and needs a convolutional critic without batch norm.",
        )
        layers = hidden_layers(self.arch, self.dataset.shape[1])
        check(self.hidden_layers == layers, f"{self.name}: its nets do not have that many layers.")

    @property
    def name(self) -> str:
        """The full name, derived from the fields so that it cannot disagree with them."""
        parts = [self.family, self.dataset.name, f"z{self.latent_size}", f"l{self.hidden_layers}"]
        return "-".join([*parts, self.tag] if self.tag else parts)

    @property
    def is_vae(self) -> bool:
        """Whether the entry has an encoder (and no critic)."""
        return self.recipe.objective == "vae"

    def to_json(self) -> dict[str, Any]:
        """The entry as plain JSON values, to be read by `from_json`."""
        return {"name": self.name, **encode(self)}

    @classmethod
    def from_json(cls, value: object) -> Entry:
        """The entry that `to_json` wrote; anything missing, unknown or out of bounds is refused.

        Raises:
            BadCheckpointError: with the field's name.
        """
        check(isinstance(value, dict), "the entry must be an object.")
        fields = dict(typing.cast("dict[str, Any]", value))
        name = fields.pop("name", None)
        entry = decode(cls, fields, "entry")
        check(name == entry.name, f"the entry's name is {brief(name)}, but its fields make it {entry.name!r}.")
        return entry
