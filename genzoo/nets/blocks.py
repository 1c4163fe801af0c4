"""What the nets of several families share."""

from __future__ import annotations

from torch import Tensor, nn

from genzoo.images import to_signed
from genzoo.spec import Activation, Entry


class Signed(nn.Module):
    """Pixels in [0, 1] -> [-1, 1], the range in which discriminators see images."""

    def forward(self, x: Tensor) -> Tensor:
        return to_signed(x)


class Score(nn.Module):
    """(n, 1) -> (n,): one score an image."""

    def forward(self, x: Tensor) -> Tensor:
        return x.squeeze(1)


def activate(name: Activation) -> nn.Module:
    """ReLU, or LeakyReLU with the slope 0.2 that the reports and DCGAN use."""
    return nn.ReLU(inplace=True) if name == "relu" else nn.LeakyReLU(0.2, inplace=True)


def critic_ends(entry: Entry) -> tuple[list[nn.Module], int, list[nn.Module]]:
    """What stands before the layers that judge images, their number of outputs, and what follows."""
    if entry.is_vae:
        return [], 2 * entry.latent_size, []
    return [Signed()], 1, [Score()]
