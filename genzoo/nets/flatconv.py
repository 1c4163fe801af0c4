"""Report 3's convolutional nets: two layers of five channels, capped by a linear layer.

The report's figures are lost and its text leaves the sizes open.  Here the latent is an image of
10 x 10, the generator's maps grow by the stride up to the 28 x 28 of the image and no further
(which keeps the linear layer below 4M parameters), and the discriminator mirrors that.
"""

from __future__ import annotations

from math import isqrt, prod

from torch import Tensor, nn

from genzoo.fields import check
from genzoo.nets.blocks import Dropout, activate, critic_ends
from genzoo.spec import Entry, FlatConv


class Crop(nn.Module):
    """The centre of a map, at most `side` pixels wide: (n, c, h, w) -> (n, c, side, side)."""

    def __init__(self, side: int) -> None:
        super().__init__()
        self.side = side

    def forward(self, x: Tensor) -> Tensor:
        spare = max(x.shape[-1] - self.side, 0)
        start = spare // 2
        end = x.shape[-1] - (spare - start)
        return x[..., start:end, start:end]


def _pool(arch: FlatConv, side: int) -> tuple[list[nn.Module], int]:
    if not arch.pool:
        return [], side
    check(side > 1, "its maps are of one pixel, which cannot be pooled: its latent size is too small.")
    return [nn.MaxPool2d(2, stride=1)], side - 1


def _up(arch: FlatConv, side: int, limit: int) -> tuple[list[nn.Module], int]:
    """Two transposed convolutions from maps of `side`, with the side of the last map."""
    layers: list[nn.Module] = []
    for narrow in (1, arch.channels):
        padding, spare = arch.kernel // 2, arch.stride - 1
        up = nn.ConvTranspose2d(narrow, arch.channels, arch.kernel, arch.stride, padding, spare)
        side = min(side * arch.stride, limit)
        pool, pooled = _pool(arch, side)
        layers += [up, Crop(side), activate("relu"), *pool]
        side = pooled
    return layers, side


def _down(arch: FlatConv, channels: int, side: int) -> tuple[list[nn.Module], int]:
    """Two convolutions from maps of `side`, with the side of the last map."""
    layers: list[nn.Module] = []
    for wide in (channels, arch.channels):
        pool, pooled = _pool(arch, -(-side // arch.stride))
        down = nn.Conv2d(wide, arch.channels, arch.kernel, arch.stride, arch.kernel // 2)
        layers += [down, activate("relu"), *pool]
        side = pooled
    return layers, side


def build_flatconv(entry: Entry, arch: FlatConv) -> tuple[nn.Module, nn.Module]:
    """Generator z -> 1 x 10 x 10 -> two transposed convolutions -> linear, and its mirror."""
    shape = entry.dataset.shape
    latent_side = isqrt(entry.latent_size)
    up, side = _up(arch, latent_side, shape[1])
    generator = nn.Sequential(
        nn.Unflatten(1, (1, latent_side, latent_side)),
        *up,
        nn.Flatten(),
        nn.Linear(arch.channels * side * side, prod(shape)),
        nn.Unflatten(1, shape),
    )
    before, outputs, after = critic_ends(entry)
    down, side = _down(arch, shape[0], shape[1])
    critic = nn.Sequential(
        *before,
        *down,
        nn.Flatten(),
        Dropout(0.0 if entry.is_vae else arch.dropout),
        nn.Linear(arch.channels * side * side, outputs),
        *after,
    )
    return generator, critic
