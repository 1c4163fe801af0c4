"""Random numbers that can be asked for by position: image i of a seed costs the same for every i.

Philox is a counter-based generator: its output is a function of (key, counter).  The key is the
seed and a stream's number, the counter is the image's place, so neither the batch size nor the
processes that share the work can change what an image is made of.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
import numpy.typing as npt

from genzoo.errors import UsageError

Stream = Literal["latents", "order", "flips", "steps", "mixture"]
_STREAMS: dict[Stream, int] = {"latents": 0, "order": 1, "flips": 2, "steps": 3, "mixture": 4}
_WORDS = 4  # 64-bit words that one tick of Philox's counter gives


def philox(seed: int, stream: Stream, counter: int = 0) -> np.random.Philox:
    """The counter-based generator of one stream of a seed, set to a counter.

    Raises:
        UsageError: for a seed that is not between 0 and 2**64 - 1.
    """
    if not 0 <= seed < 2**64:
        raise UsageError(f"The seed {seed} is not between 0 and 2**64 - 1.")
    key = np.array([seed, _STREAMS[stream]], dtype=np.uint64)
    return np.random.Philox(key=key).advance(counter)


def words(seed: int, stream: Stream, start: int, n: int, size: int) -> npt.NDArray[np.uint64]:
    """Rows `start` to `start + n` of a stream's table of `size` random 64-bit words a row: (n, size)."""
    ticks = -(-size // _WORDS)
    if n * ticks * _WORDS >= 2**60:  # where NumPy says something else
        raise MemoryError(f"{n} rows of {size} random words")
    raw = philox(seed, stream, start * ticks).random_raw(n * ticks * _WORDS)
    return np.asarray(raw, dtype=np.uint64).reshape(n, ticks * _WORDS)[:, :size]


def uniforms(seed: int, stream: Stream, start: int, n: int, size: int) -> npt.NDArray[np.float64]:
    """Rows `start` to `start + n` of a stream's table of `size` numbers in [0, 1) a row: (n, size)."""
    return (words(seed, stream, start, n, size) >> np.uint64(11)).astype(np.float64) * 2.0**-53


def normals(seed: int, start: int, n: int, size: int, stream: Stream = "latents") -> npt.NDArray[np.float32]:
    """Standard normal numbers of images `start` to `start + n` of a seed: (n, size) float32.

    Box and Muller's transform, which takes a fixed number of words for each normal.
    """
    pairs = -(-size // 2)
    uniform = uniforms(seed, stream, start, n, 2 * pairs)
    radius = np.sqrt(-2.0 * np.log1p(-uniform[:, :pairs]))  # 1 - u lies in (0, 1]
    angle = 2.0 * np.pi * uniform[:, pairs:]
    both = np.concatenate([radius * np.cos(angle), radius * np.sin(angle)], axis=1)
    return both[:, :size].astype(np.float32)
