"""A dataset's images in memory, as every source of them gives them."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor

from genzoo.zoo.datasets import Dataset


@dataclass(frozen=True)
class ImageData:
    """A dataset's images in memory: `pixels` is (n, c, h, w) uint8."""

    dataset: Dataset
    pixels: Tensor

    def __len__(self) -> int:
        return len(self.pixels)

    @cached_property
    def sha256(self) -> str:
        """The SHA-256 of the pixels, in hexadecimal."""
        return hashlib.sha256(self.pixels.cpu().contiguous().numpy().data).hexdigest()

    def to(self, device: torch.device) -> ImageData:
        """The same images on another device."""
        return ImageData(self.dataset, self.pixels.to(device))

    def batch(self, index: Tensor, flip: Tensor | None = None) -> Tensor:
        """A batch in [0, 1]: (n, c, h, w) float32, channels last in memory.

        Args:
            index: the images' numbers: (n,) int64.
            flip: which of them are mirrored: (n,) bool; None for none.
        """
        pixels = self.pixels.index_select(0, index)  # a fifth of the time of `pixels[index]`
        if flip is not None:
            pixels = torch.where(flip.view(-1, 1, 1, 1), pixels.flip(3), pixels)
        return pixels.to(torch.float32, memory_format=torch.channels_last).div_(255)
