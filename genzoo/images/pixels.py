"""Ranges, layouts and grids of pixels.

Images in genzoo are float32 in [0, 1], shaped (n, c, h, w); files and arrays hold uint8, (n, h, w, c).
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import numpy.typing as npt

from genzoo.errors import UsageError
from genzoo.values import whole_number
from genzoo.zoo.family import OutputActivation

if TYPE_CHECKING:
    from PIL.Image import Image
    from torch import Tensor

Levels = npt.NDArray[np.uint8]
Pixels = npt.NDArray[np.floating]
Images: TypeAlias = "Tensor | Pixels | Levels"
"""A tensor (n, c, h, w) in [0, 1] or uint8, an array (n, c, h, w) in [0, 1], or an array (n, h, w, c) uint8."""
_BEYOND = 0.01
"""The most by which pixels may lie outside of [0, 1], as after a gradient step."""
MOST_IN_GRID = 10_000
"""A grid lies in memory as a whole, unlike every other form of output."""
PADDING = 2
_MOST_PIXELS = 2**30
"""Of a grid: more than the most images of the largest kind take."""
_SMALL = 600
_MOST_ENLARGED = 4


def to_pixels(raw: Tensor, output: OutputActivation) -> Tensor:
    """A generator's raw values as pixels in [0, 1], float32: through the sigmoid, or tanh moved to [0, 1]."""
    # In bfloat16 tanh is exactly 1 from 3.5 on: a pixel that is black or white would have no gradient.
    raw = raw.float()
    if output == "sigmoid":
        return raw.sigmoid()
    import torch

    # (1 + tanh) / 2 in one pass over memory instead of two.
    # The number lies on the processor, whatever the default device: without dimensions it goes with any.
    return torch.add(torch.tensor(0.5, device="cpu"), raw.tanh(), alpha=0.5)


def is_tensor(value: object) -> bool:
    """Whether a value is a tensor of torch, which is not imported to tell."""
    return hasattr(value, "is_floating_point")


def has_values(pixels: Tensor) -> bool:
    """Whether a tensor is dense and has memory, unlike sparse ones and those of the meta device."""
    import torch

    return pixels.layout is torch.strided and not pixels.is_meta


def range_beyond(pixels: Tensor | Pixels) -> str:
    """The range of floats that do not lie in [0, 1], or are not finite, as an error shows it; empty for pixels."""
    if isinstance(pixels, np.ndarray):
        ends = (pixels.min(), pixels.max()) if pixels.dtype.kind == "f" and pixels.size else (0, 1)
    elif pixels.is_floating_point() and pixels.numel():
        ends = pixels.detach().float().aminmax()
    else:
        return ""
    least, most = map(float, ends)
    inside = least >= -_BEYOND and most <= 1 + _BEYOND  # not a number is neither
    return "" if inside else f"[{least:.3g}, {most:.3g}]"


def to_levels(pixels: Tensor) -> Tensor:
    """Pixels in [0, 1] (or uint8) as the 256 levels of files: (n, c, h, w) -> (n, c, h, w) uint8, rounded.

    Raises:
        UsageError: for another shape or another type.
    """
    _refuse_other_than_batches(tuple(pixels.shape), "(n, c, h, w)", channels=1)
    if pixels.is_floating_point():
        return pixels.detach().float().mul(255).round().clamp(0, 255).byte()
    if str(pixels.dtype) != "torch.uint8":
        raise UsageError(f"Images are float in [0, 1] or uint8, not {pixels.dtype}.")
    return pixels


def to_uint8(pixels: Tensor) -> Levels:
    """The levels of pixels as files hold them: (n, c, h, w) -> (n, h, w, c) uint8.

    Raises:
        UsageError: for another shape or another type.
    """
    array: Levels = to_levels(pixels).permute(0, 2, 3, 1).contiguous().cpu().numpy()
    return array


def _refuse_other_than_batches(shape: tuple[int, ...], wanted: str, channels: int) -> None:
    """Raise `UsageError` for what is not `wanted`, whose channels, 1 or 3, stand at a place."""
    if len(shape) != 4:
        raise UsageError(f"Images have the shape {wanted}, not {shape}: give one image as images[:1].")
    if shape[channels] not in (1, 3):
        raise UsageError(f"Images have the shape {wanted} with 1 or 3 channels, not {shape}.")
    if 0 in shape[1:]:
        raise UsageError(f"Images have the shape {wanted} with pixels in them, not {shape}.")


def as_array(images: Images) -> Levels:
    """Images of any form as files hold them: (n, h, w, c) uint8.

    Args:
        images: a tensor (n, c, h, w) in [0, 1] or uint8, an array (n, c, h, w) in [0, 1], or an array (n, h, w, c)
            uint8.

    Raises:
        UsageError: for another form, shape, type or range.
    """
    if isinstance(images, np.ndarray):
        return _array_of_array(images)
    if not is_tensor(images):
        raise UsageError(f"Images are a tensor (n, c, h, w) or an array (n, h, w, c), not {type(images).__name__}.")
    if not has_values(images):
        raise UsageError("Images are dense tensors, not sparse ones or those of the meta device.")
    _refuse_other_range(images)
    return to_uint8(images)


def _array_of_array(images: npt.NDArray[Any]) -> Levels:
    if images.dtype == np.uint8:
        _refuse_other_than_batches(images.shape, "(n, h, w, c)", channels=3)
        return images
    if images.dtype.kind != "f" or (images.ndim == 4 and images.shape[1] not in (1, 3)):
        raise UsageError(
            f"Arrays of images are uint8, not {images.dtype}, in the shape (n, h, w, c), or floats in (n, c, h, w)."
        )
    _refuse_other_than_batches(images.shape, "(n, c, h, w)", channels=1)
    _refuse_other_range(images)
    levels = np.clip(np.rint(images.astype(np.float32, copy=False) * np.float32(255)), 0, 255).astype(np.uint8)
    return np.ascontiguousarray(levels.transpose(0, 2, 3, 1))


def _refuse_other_range(pixels: Tensor | Pixels) -> None:
    if found := range_beyond(pixels):
        raise UsageError(f"Pixels lie in [0, 1], not in {found}: scale them, or give uint8.")


def make_grid(images: Images, nrow: int | None = None, padding: int = PADDING, scale: int = 1) -> Image:
    """Images side by side as one picture.

    Args:
        images: a tensor (n, c, h, w) in [0, 1] or uint8, an array (n, c, h, w) in [0, 1], or an array (n, h, w, c)
            uint8.
        nrow: images in a row; by default the grid is as square as it can be.
        padding: white pixels between images.
        scale: how many pixels wide and high each pixel is drawn.

    Raises:
        UsageError: for no images, for more than a grid can show, for an `nrow` or a `scale` below 1 or a `padding`
            below 0, for another shape or range, or for a picture too large to be held in memory.
    """
    array = as_array(images)
    n, height, width, channels = array.shape
    check_grid(n, nrow)
    padding = whole_number("padding", padding)
    if padding < 0:
        raise UsageError(f"A padding of {padding} pixels cannot be drawn: 0 is the least.")
    scale = whole_number("scale", scale)
    if scale < 1:
        raise UsageError(f"A grid at a scale of {scale} cannot be drawn: 1 is the least.")
    columns, rows = grid_of(n, nrow)
    if columns * (width + padding) * rows * (height + padding) * scale**2 > _MOST_PIXELS:
        raise UsageError(
            f"A grid of more than {_MOST_PIXELS:,} pixels cannot be drawn: give it less padding, or a smaller scale."
        )
    cells = np.full((rows * columns, height + padding, width + padding, channels), 255, dtype=np.uint8)
    cells[:, :height, :width] = 0
    cells[:n, :height, :width] = array
    cells[n:] = 255
    sheet = cells.reshape(rows, columns, height + padding, width + padding, channels).swapaxes(1, 2)
    sheet = sheet.reshape(rows * (height + padding), columns * (width + padding), channels)
    sheet = sheet[: sheet.shape[0] - padding, : sheet.shape[1] - padding]
    return to_picture(sheet.repeat(scale, axis=0).repeat(scale, axis=1))


def check_grid(n: int, nrow: int | None) -> None:
    """Raise `UsageError` unless `n` images in rows of `nrow` make a picture."""
    if not 1 <= n <= MOST_IN_GRID:
        raise UsageError(f"A grid shows 1 to {MOST_IN_GRID:,} images, not {n:,}: write an array or a folder instead.")
    if nrow is not None and whole_number("nrow", nrow) < 1:
        raise UsageError(f"A grid of {nrow} images a row cannot be drawn: 1 is the least.")


def grid_of(n: int, nrow: int | None) -> tuple[int, int]:
    """The number of columns and of rows of a grid of `n` images: `nrow` columns, or as square as it can be."""
    columns = min(math.ceil(math.sqrt(n)) if nrow is None else whole_number("nrow", nrow), n)
    return columns, math.ceil(n / columns)


def size_of_grid(n: int, shape: tuple[int, int, int], nrow: int | None = None, scale: int = 1) -> tuple[int, int]:
    """The pixels across and down of a grid of `n` images of a shape (c, h, w)."""
    columns, rows = grid_of(n, nrow)
    return scale * (columns * (shape[2] + PADDING) - PADDING), scale * (rows * (shape[1] + PADDING) - PADDING)


def scale_to_see(n: int, shape: tuple[int, int, int], nrow: int | None = None) -> int:
    """The scale at which a grid is easily seen: a small one is enlarged, to 600 pixels a side and 4 times at most."""
    return min(_MOST_ENLARGED, max(1, _SMALL // max(size_of_grid(n, shape, nrow))))


def to_picture(array: Levels) -> Image:
    """A Pillow image of an array (h, w, 1) or (h, w, 3) uint8."""
    from PIL.Image import fromarray

    return fromarray(array[:, :, 0] if array.shape[2] == 1 else array)
