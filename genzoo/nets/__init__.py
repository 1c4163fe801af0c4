"""The networks of every architecture: latents to raw images, images to scores or posteriors.

A generator (or decoder) gives raw values that `genzoo.images.pixels.to_pixels` turns into pixels; a
discriminator or encoder takes pixels in [0, 1].  `build` can run on torch's meta device,
where it allocates and initialises nothing.
It may import accel, zoo and errors.
"""

from __future__ import annotations

from torch import nn

from genzoo.zoo.registry import resolve
from genzoo.zoo.spec import Entry

__all__ = ["build", "count_parameters"]


def build(entry: Entry) -> nn.ModuleDict:
    """The entry's two nets: `generator`, and `encoder` for a VAE or `discriminator` for a GAN.

    Shapes: generator (n, latent_size) -> (n, c, h, w) raw; discriminator (n, c, h, w) -> (n,) scores;
    encoder (n, c, h, w) -> (n, 2 * latent_size), means beside log-variances.
    """
    generator, second = resolve(entry.arch.nets)(entry, entry.arch)
    return nn.ModuleDict({"generator": generator, entry.family.objective.second_net: second})


def count_parameters(net: nn.Module) -> int:
    """The number of learned values of a net."""
    return sum(parameter.numel() for parameter in net.parameters())
