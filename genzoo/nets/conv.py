"""Convolutional nets of reports 2 and 4: stride-2 'same' layers, and the mirror image of them."""

from __future__ import annotations

from torch import nn

from genzoo.accel.fastconv import Conv2d, ConvTranspose2d, Flatten, Unflatten
from genzoo.errors import InvalidEntryError
from genzoo.nets.blocks import Dropout, PiecewiseLeakyReLU, activate, discriminator_ends, refuse_large_map
from genzoo.zoo.families.conv import Conv, halvings, padding
from genzoo.zoo.spec import Entry


def _block(arch: Conv, layer: nn.Module, channels: int, norm: bool) -> list[nn.Module]:
    return [layer, *([nn.BatchNorm2d(channels)] if norm else []), activate(arch.activation)]


def _twice_differentiable(layers: list[nn.Module]) -> list[nn.Module]:
    for layer in layers:
        if isinstance(layer, Conv2d):
            layer.twice_differentiable = True
    return [PiecewiseLeakyReLU() if isinstance(layer, nn.LeakyReLU) else layer for layer in layers]


def _down(wide: int, narrow: int, kernel: int, side: int, norm: bool) -> Conv2d:
    # A bias before batch norm would be subtracted again.
    return Conv2d(wide, narrow, kernel, 2, padding(kernel, side), bias=not norm)


def _up(narrow: int, wide: int, kernel: int, side: int, norm: bool) -> ConvTranspose2d:
    """The transpose of `_down`: to maps of `side`, from maps of half that."""
    cut = padding(kernel, side)
    grown = (-(-side // 2) - 1) * 2 - 2 * cut + kernel
    return ConvTranspose2d(narrow, wide, kernel, 2, cut, side - grown, bias=not norm)


def _same(channels: int, norm: bool) -> Conv2d:
    return Conv2d(channels, channels, 3, 1, 1, bias=not norm)


def _extras(arch: Conv, sizes: list[int]) -> set[int]:
    """Places in `channels` whose strided layer a stride-1 one follows: those of the narrowest maps from 4 x 4 up."""
    wide = [place for place in range(len(arch.channels)) if sizes[place + 1] >= 4]
    return set(wide[len(wide) - arch.extra :])


def _generator(entry: Entry, arch: Conv, sizes: list[int]) -> nn.Module:
    channels, extras, norm = arch.channels, _extras(arch, sizes), arch.generator_norm == "batch"
    layers: list[nn.Module] = []

    def add(layer: nn.Module, width: int) -> None:
        layers.extend(_block(arch, layer, width, norm))
        if arch.generator_dropout and not entry.is_vae:
            layers.append(Dropout(arch.generator_dropout))

    if arch.project:
        side = sizes[-1]
        layers.append(nn.Linear(entry.latent_size, channels[-1] * side * side))
        add(Unflatten(1, (channels[-1], side, side)), channels[-1])
    else:
        layers.append(Unflatten(1, (entry.latent_size, 1, 1)))
        add(_up(entry.latent_size, channels[-1], arch.kernel, sizes[-2], norm), channels[-1])
    for place in reversed(range(len(channels))):  # (n, channels[place], s, s) -> twice the side
        if place in extras:
            add(_same(channels[place], norm), channels[place])
        if place:
            add(_up(channels[place], channels[place - 1], arch.kernel, sizes[place], norm), channels[place - 1])
    layers.append(_up(channels[0], entry.dataset.shape[0], arch.kernel, sizes[0], norm=False))
    return nn.Sequential(*layers)


def _discriminator(entry: Entry, arch: Conv, sizes: list[int]) -> nn.Module:
    channels = (entry.dataset.shape[0], *arch.channels)
    norm = entry.is_vae or arch.discriminator_norm
    before, outputs, after = discriminator_ends(entry)
    layers, extras = list(before), _extras(arch, sizes)
    for place in range(len(arch.channels)):
        down = _down(channels[place], channels[place + 1], arch.kernel, sizes[place], norm)
        layers += _block(arch, down, channels[place + 1], norm)
        if place in extras:
            layers += _block(arch, _same(channels[place + 1], norm), channels[place + 1], norm)
    if arch.project:
        layers.append(Flatten())
        if arch.dropout and not entry.is_vae:
            layers.append(Dropout(arch.dropout))
        layers.append(nn.Linear(channels[-1] * sizes[-1] ** 2, outputs))
    else:
        layers += [_down(channels[-1], outputs, arch.kernel, sizes[-2], norm=False), Flatten()]
    if entry.recipe.gradient_penalty:
        layers = _twice_differentiable(layers)
    return nn.Sequential(*layers, *after)


def build_conv(entry: Entry, arch: Conv) -> tuple[nn.Module, nn.Module]:
    """Generator (or decoder) and discriminator (or encoder) of stride-2 layers.

    Raises:
        InvalidEntryError: when the strided layers do not end in maps of 4 x 4 or 2 x 2 (1 x 1 without `project`), or
            begin with maps too large for a small model.
    """
    sizes = halvings(entry.dataset.shape[1], len(arch.channels) + (not arch.project))
    ends = (4, 2) if arch.project else (1,)
    if sizes[-1] not in ends or sizes[-2] == sizes[-1]:
        raise InvalidEntryError(
            f"{entry.name}: {len(sizes) - 1} strided layers take images of {sizes[0]} pixels "
            f"to maps of {sizes[-1]}, not of {' or '.join(map(str, ends))}."
        )
    refuse_large_map(entry, max(channels * side**2 for channels, side in zip(arch.channels, sizes[1:], strict=False)))
    return _generator(entry, arch, sizes), _discriminator(entry, arch, sizes)
