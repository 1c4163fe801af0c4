"""Reading a picture file, of any kind and from anyone, as an array of a given shape."""

from __future__ import annotations

import contextlib
import functools
import os
import re
import stat
import warnings
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image, UnidentifiedImageError

from genzoo.errors import DataError

SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".webp", ".bmp", ".gif", ".tif", ".tiff"})
"""Endings, in lower case, of the names of picture files."""

MOST_PIXELS = 89_478_485
"""A picture of more pixels is not decoded: 256 MiB as RGB, where Pillow begins to warn."""

_FORMATS = ("PNG", "JPEG", "WEBP", "BMP", "GIF", "TIFF")
_ORIENTATION = 0x0112
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


@contextlib.contextmanager
def quiet_pillow() -> Iterator[None]:
    """Silence Pillow's warnings about odd files, and have those about decompression bombs raised."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        yield


def read_picture(path: str | Path, shape: tuple[int, int, int]) -> npt.NDArray[np.uint8]:
    """A picture turned as its EXIF says, cropped to its central square and resized, antialiased.

    Colours become grey by ITU-R 601's weights, transparent parts lie on white, 16-bit levels are
    divided by 257, and of an animation the first picture is taken.  Colour profiles are not applied.

    Args:
        path: a PNG, JPEG, WebP, BMP, GIF or TIFF file.
        shape: (channels, size, size), of 1 or 3 channels.

    Returns:
        uint8 of that shape.

    Raises:
        DataError: for what is no such file, is damaged, or has more than `MOST_PIXELS` pixels.
    """
    channels, size, _ = shape
    try:
        if not stat.S_ISREG(os.stat(path).st_mode):
            raise ValueError("it is not a file")
        with Image.open(path, formats=_formats()) as opened:
            if opened.width * opened.height > MOST_PIXELS:
                raise Image.DecompressionBombError
            # A JPEG is decoded at a fraction of its size where that leaves four times what is needed.
            opened.draft(None, (4 * size, 4 * size))
            square = _square(_turned(opened))
            image = _as_mode(square, "L" if channels == 1 else "RGB")
        array: npt.NDArray[np.uint8] = np.asarray(image.resize((size, size), Image.Resampling.BICUBIC))
    except MemoryError:
        raise
    except Exception as error:
        # On damaged bytes Pillow's plugins raise whatever their parsers happen to.
        raise DataError(f"{shown(path)} cannot be used: {_reason(error, path)}.") from error
    return array.reshape(size, size, channels).transpose(2, 0, 1)


def shown(path: str | Path) -> str:
    """A path as text for messages, with what is not printable escaped."""
    text = os.fspath(path)
    return text if text.isprintable() else ascii(text)[1:-1]


@functools.cache
def _formats() -> tuple[str, ...]:
    Image.init()
    return tuple(name for name in _FORMATS if name in Image.OPEN)


def _turned(image: Image.Image) -> Image.Image:
    try:
        turn = _TURNS.get(image.getexif().get(_ORIENTATION, 1))
    except Exception:
        # Viewers show a picture with damaged EXIF data as it lies.
        turn = None
    return image if turn is None else image.transpose(turn)


def _square(image: Image.Image) -> Image.Image:
    # Whole pixels, so that a picture of the right size is left as it is.
    side = min(image.size)
    left, top = (image.width - side) // 2, (image.height - side) // 2
    return image.crop((left, top, left + side, top + side))


def _as_mode(image: Image.Image, mode: str) -> Image.Image:
    if image.mode.startswith(("I", "F")):
        image = Image.fromarray(_levels(image))
    elif image.has_transparency_data:
        image = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image).convert("RGB")
    elif image.mode not in ("1", "L", "RGB"):
        image = image.convert("RGB")
    return image.convert(mode)


def _levels(image: Image.Image) -> npt.NDArray[np.uint8]:
    """The pixels of an image of 16-bit, 32-bit or floating-point levels, (h, w)."""
    values = np.asarray(image).astype(np.float64 if image.mode == "F" else np.int64)
    most = 1 if image.mode == "F" else 65535
    if not (values.min() >= 0 and values.max() <= most):
        raise ValueError(f"its levels are not between 0 and {most}")
    levels: npt.NDArray[np.uint8] = np.rint(values * (255 / most)).astype(np.uint8)
    if isinstance(transparent := image.info.get("transparency"), int):
        levels[values == transparent] = 255
    return levels


def _reason(error: Exception, path: str | Path) -> str:
    match error:
        case Image.DecompressionBombError() | Image.DecompressionBombWarning():
            return f"it has more than the {MOST_PIXELS:,} pixels that are safe to decode"
        case UnidentifiedImageError() if os.path.getsize(path) == 0:
            return "the file is empty"
        case UnidentifiedImageError():
            return "it is no PNG, JPEG, WebP, BMP, GIF or TIFF picture, or a damaged one"
        case OSError(strerror=str(text)):
            return text.lower()
    lines = str(error).strip().splitlines()
    # Some of Pillow's errors are a bare number.
    return shown(lines[0].rstrip(".")) if lines and re.search("[a-z]", lines[0]) else "its data are damaged"
