"""The base of architectures, and the checks that several have in common."""

from __future__ import annotations

from typing import ClassVar, Literal, NamedTuple, TypeVar

from genzoo.errors import brief_list
from genzoo.zoo.fields import check
from genzoo.zoo.record import Record, record

Activation = Literal["relu", "leaky_relu"]
A = TypeVar("A", bound="Architecture")


class LatentWeight(NamedTuple):
    """A generator's weight that a latent meets first.

    Attributes:
        name: the tensor's, below `generator.`: of a linear or recurrent layer, (outputs, z), or of a transposed
            convolution from maps of one pixel, (z, channels, h, w).
        taps: the rows and columns of that kernel which reach the map that comes out.
    """

    name: str
    taps: slice = slice(None)


@record(frozen=True)
class Architecture(Record):
    """The sizes of an entry's nets, as `config.json` holds them under its `kind`.

    Attributes:
        kind: its name in `config.json`.
        nets: the place of its builder, as `module:function`, (entry, architecture) -> the generator, and the
            discriminator or encoder.
        channels_last: whether its nets are trained channels-last.
        cuda_graph: whether a training step of its nets can be recorded as a CUDA graph.
        cudnn: whether its nets are sampled with cuDNN's kernels.
    """

    kind: ClassVar[str]
    nets: ClassVar[str]
    channels_last: ClassVar[bool] = False
    cuda_graph: ClassVar[bool] = True
    cudnn: ClassVar[bool] = True

    @property
    def width(self) -> int:
        """The size that `with_width` scales, e.g. the channels next to the image."""
        raise NotImplementedError

    def hidden_layers(self, side: int) -> int:
        """The generator's hidden layers, for images of this side.

        Raises:
            InvalidEntryError: where the nets cannot make such images.
        """
        raise NotImplementedError

    def with_layers(self: A, layers: int, side: int) -> A:  # noqa: ARG002
        """The architecture with another number of hidden layers, for images of this side.

        Raises:
            InvalidEntryError: for a number that it cannot have.
        """
        check(False, f"nets of kind {self.kind} have a fixed number of layers: leave --layers out.")
        return self

    def with_width(self: A, width: int) -> A:
        """The architecture with its sizes scaled to another width."""
        raise NotImplementedError

    def latent_weight(self, side: int) -> LatentWeight:  # noqa: ARG002
        """The generator's weight that a latent meets first, for images of this side."""
        return LatentWeight("0.weight")

    @property
    def dropout_words(self) -> str:
        """Where dropout acts in a GAN's nets, and with which probability, in words; empty where there is none."""
        return ""

    @property
    def norm_biases(self) -> bool:
        """Whether the discriminator has batch norm of maps, whose biases a recipe may hold at 0."""
        return False

    @property
    def gradient_penalty(self) -> bool:
        """Whether the discriminator judges each image by itself, twice differentiably, as gradient penalties need."""
        return False


def check_sizes(what: str, sizes: tuple[int, ...], most: int, least_count: int = 1) -> None:
    """Raise `InvalidEntryError` unless a list of layers' sizes is within bounds."""
    check(
        least_count <= len(sizes) <= 16 and all(1 <= size <= most for size in sizes),
        f"{what} is {brief_list(sizes, 16)}, but {least_count} to 16 sizes between 1 and {most} are allowed.",
    )


def check_dropout(dropout: float) -> None:
    """Raise `InvalidEntryError` unless a dropout's probability is within bounds."""
    check(0 <= dropout <= 0.9, f"a dropout of {dropout} is not between 0 and 0.9.")


def check_least(layers: int, least: int = 1) -> None:
    """Raise `InvalidEntryError` for fewer layers than an architecture can have."""
    check(layers >= least, f"{layers} layers are too few: {least} is the least.")


def scaled(sizes: tuple[int, ...], width: int, old: int) -> tuple[int, ...]:
    """Sizes in the same proportions, where `old` becomes `width`."""
    return tuple(max(size * width // old, 1) for size in sizes)
