"""Fully connected nets of reports 0 to 3."""

from __future__ import annotations

from itertools import pairwise
from math import prod

from torch import nn

from genzoo.nets.blocks import Dropout, activate, discriminator_ends, start_as_glorot
from genzoo.zoo.families.mlp import Mlp
from genzoo.zoo.spec import Entry


def _hidden(arch: Mlp, sizes: list[int], dropout: float) -> list[nn.Module]:
    layers: list[nn.Module] = []
    for narrow, wide in pairwise(sizes):
        layers.append(nn.Linear(narrow, wide))
        if arch.batch_norm:
            layers.append(nn.BatchNorm1d(wide))
        layers.append(activate(arch.activation))
        if dropout:
            layers.append(Dropout(dropout))
    return layers


def build_mlp(entry: Entry, arch: Mlp) -> tuple[nn.Module, nn.Module]:
    """Generator z -> hidden sizes -> pixels, and the discriminator or encoder the other way."""
    shape = entry.dataset.shape
    pixels = prod(shape)
    generator = nn.Sequential(
        *_hidden(arch, [entry.latent_size, *arch.generator], 0.0),
        nn.Linear(arch.generator[-1], pixels),
        nn.Unflatten(1, shape),
    )
    before, outputs, after = discriminator_ends(entry)
    discriminator = nn.Sequential(
        *before,
        nn.Flatten(),
        *_hidden(arch, [pixels, *arch.discriminator], 0.0 if entry.is_vae else arch.dropout),
        nn.Linear(arch.discriminator[-1], outputs),
        *after,
    )
    if not entry.is_vae:
        # With torch's smaller start the discriminator wins for good; Glorot's is Keras's, as report 1 had it.
        for net in (generator, discriminator):
            if arch.activation == "relu":
                _start_for_relu(net)
            else:
                net.apply(start_as_glorot)
    return generator, discriminator


def _start_for_relu(net: nn.Sequential) -> None:
    """Start weights that keep the spread of values from layer to layer, with ReLU between them: He et al. 2015."""
    layers = [layer for layer in net if isinstance(layer, nn.Linear)]
    for layer in layers:
        gain = 1 if layer is layers[-1] else 2
        nn.init.normal_(layer.weight, std=(gain / layer.in_features) ** 0.5)
        nn.init.zeros_(layer.bias)
