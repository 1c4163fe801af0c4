"""Where each tensor of a safetensors file lies, read without the library and within bounds."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from genzoo.checkpoint.strict import parse_json, refuse_irregular
from genzoo.checkpoint.tensors import header_length

SIZES = {"F16": 2, "BF16": 2, "F32": 4, "I64": 8}
"""Bytes of a value of each type that a checkpoint's weights may have."""


@dataclass(frozen=True)
class Stored:
    """A tensor of a safetensors file: its type, shape, and place in bytes from the file's first."""

    dtype: str
    shape: tuple[int, ...]
    offset: int
    length: int


def read_header(path: Path) -> Mapping[str, Stored]:
    """The tensors of a safetensors file by name; none of their values is read.

    Raises:
        ValueError: for a file that is none, a tensor that does not lie in it, or bytes of none.
        OSError: when it cannot be read.
    """
    size = refuse_irregular(path)
    with path.open("rb") as file:
        length = header_length(file)
        header = parse_json(file.read(length))
    if not isinstance(header, dict):
        raise ValueError("its header is no object")
    header.pop("__metadata__", None)
    tensors = {name: _stored(facts, 8 + length, size) for name, facts in header.items()}
    if size != 8 + length + sum(tensor.length for tensor in tensors.values()):
        raise ValueError("its tensors do not fill it")
    return tensors


def _stored(facts: object, start: int, size: int) -> Stored:
    match facts:
        case {"dtype": str(dtype), "shape": list(shape), "data_offsets": [int(begin), int(end)]}:
            length = SIZES.get(dtype, 0) * math.prod(side for side in shape if _is_size(side))
            sound = all(map(_is_size, shape)) and len(shape) <= 8 and length == end - begin
            if sound and dtype in SIZES and 0 <= begin <= end <= size - start:
                return Stored(dtype, tuple(shape), start + begin, length)
    raise ValueError("a tensor of its header is not one that lies in it")


def _is_size(side: object) -> bool:
    return type(side) is int and 0 <= side < 2**40
