"""Report 3's convolutional nets: two layers of five channels and a linear one, at the end away from the image.

The report's figures are lost and its text leaves the order and the sizes open: docs/experiments.md says how it is read.
"""

from __future__ import annotations

from torch import nn

from genzoo.accel.fastconv import Flatten, Unflatten
from genzoo.nets.blocks import Dropout, activate, discriminator_ends, refuse_large_map, start_as_glorot
from genzoo.zoo.families.flatconv import FlatConv
from genzoo.zoo.spec import Entry


def _up(arch: FlatConv, narrow: int, wide: int, side: int) -> nn.ConvTranspose2d:
    """To maps of `side`, from maps of that divided by the stride, rounded up."""
    spare = (side - 1) % arch.stride
    return nn.ConvTranspose2d(narrow, wide, arch.kernel, arch.stride, arch.kernel // 2, spare)


def _down(arch: FlatConv, wide: int, narrow: int) -> nn.Conv2d:
    return nn.Conv2d(wide, narrow, arch.kernel, arch.stride, arch.kernel // 2)


def _pool(arch: FlatConv) -> list[nn.Module]:
    return [nn.MaxPool2d(2, stride=1)] if arch.pool else []


def build_flatconv(entry: Entry, arch: FlatConv) -> tuple[nn.Module, nn.Module]:
    """Generator z -> linear -> two transposed convolutions, and its mirror; pooling stands between the two.

    Raises:
        InvalidEntryError: for maps too large for a small model.
    """
    image_channels, side, _ = entry.dataset.shape
    channels, stride, lost = arch.channels, arch.stride, int(arch.pool)
    outer = -(-side // stride)  # of the map next to the image
    first = -(-(outer + lost) // stride)
    refuse_large_map(entry, channels * (outer + lost) ** 2)
    generator = nn.Sequential(
        nn.Linear(entry.latent_size, channels * first**2),
        activate("leaky_relu"),
        Unflatten(1, (channels, first, first)),
        _up(arch, channels, channels, outer + lost),
        activate("leaky_relu"),
        *_pool(arch),
        _up(arch, channels, image_channels, side),
    )
    last = -(-(outer - lost) // stride)
    before, outputs, after = discriminator_ends(entry)
    discriminator = nn.Sequential(
        *before,
        _down(arch, image_channels, channels),
        activate("leaky_relu"),
        *_pool(arch),
        _down(arch, channels, channels),
        activate("leaky_relu"),
        Flatten(),
        Dropout(0.0 if entry.is_vae else arch.dropout),
        nn.Linear(channels * last**2, outputs),
        *after,
    )
    # Larger start weights drive the generator's pixels into the flat ends of tanh.
    generator.apply(start_as_glorot)
    discriminator.apply(start_as_glorot)
    return generator, discriminator
