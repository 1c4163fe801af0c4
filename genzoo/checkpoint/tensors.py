"""safetensors files, written in one step, and read after a check of their header.

This is the one module that touches safetensors.
"""

from __future__ import annotations

import contextlib
import json
import math
import os
import struct
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from genzoo.checkpoint.files import whole_file
from genzoo.checkpoint.strict import refuse_irregular
from genzoo.errors import BadCheckpointError, GenzooError, brief, brief_list

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    from torch import Tensor

Shapes = Mapping[str, tuple[int, ...]]
_MOST_HEADER_BYTES = 1_000_000
_FLOATS, _INTEGERS = ("F16", "BF16", "F32"), ("I64", "U8")
_COUNTER, _VARIANCE = "num_batches_tracked", "running_var"
"""Batch norm's tensors that are more than any numbers: an int64, and values that are never negative."""

_Header = Mapping[str, tuple[str, tuple[int, ...]]]


def write_tensors(path: Path, tensors: Mapping[str, Tensor]) -> None:
    """Write a safetensors file in one step, readable by whom the umask allows."""
    from safetensors.torch import save_file

    with whole_file(path) as part:
        # A single key of metadata keeps the bytes the same from run to run.
        with _errors_of_safetensors(part):
            save_file(
                {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}, part, {"format": "pt"}
            )
        umask = os.umask(0)
        os.umask(umask)
        part.chmod(0o666 & ~umask)


@contextlib.contextmanager
def _errors_of_safetensors(path: Path) -> Iterator[None]:
    from safetensors import SafetensorError

    try:
        yield
    except SafetensorError as error:
        # The library reports the system's errors as text; a full disk must stay recognisable.
        raise OSError(None, str(error), str(path)) from error


def read_tensors(path: Path, expected: Shapes | None = None, *, trusted: bool = False) -> dict[str, Tensor]:
    """The tensors of a safetensors file by name, mapped into memory, after a check of names, shapes and types.

    Args:
        path: the file.
        expected: the shape of every tensor that must be there, in float16, bfloat16 or float32, batch norm's
            counters in int64; None takes what is there, bytes and int64 too.
        trusted: the file's hash is known, so that its values need no look.

    Raises:
        BadCheckpointError: for a file that is damaged, incomplete, or not what was expected.
        GenzooError: for one that does not fit in memory.
    """
    import torch
    from safetensors import SafetensorError, safe_open

    try:
        _check_lengths(path, expected)
        # Older safetensors make tensors on the caller's default device, whatever they are asked for.
        with torch.device("cpu"), safe_open(path, framework="pt") as file:
            slices = {name: file.get_slice(name) for name in file.keys()}  # noqa: SIM118
            header = {name: (part.get_dtype(), tuple(part.get_shape())) for name, part in slices.items()}
            if expected is not None:
                _compare(path, header, expected)
            _check_types(path, header, expected is not None)
            tensors = {name: file.get_tensor(name) for name in header}
    except (SafetensorError, OSError, ValueError) as error:
        raise _damaged(path, error) from None
    except (MemoryError, RuntimeError):  # torch's kind of MemoryError
        raise GenzooError(f"{path} does not fit in memory: give genzoo more of it, or load a smaller model.") from None
    if not trusted:
        for name, tensor in tensors.items():
            _check_values(path, name, tensor)
    return tensors


def read_arrays(
    path: Path, expected: Shapes, optional: Shapes | None = None, *, among_others: bool = False
) -> dict[str, npt.NDArray[np.float32]]:
    """The tensors of a safetensors file as float32 arrays by name, without torch, after the same check.

    Args:
        path: the file.
        expected: the shape of every tensor that must be there, in float16, bfloat16 or float32.
        optional: those that may be there besides, all or none.
        among_others: leave alone what else is there, instead of refusing it.

    Raises:
        BadCheckpointError: for a file that is damaged, incomplete, not what was expected, or of values that are not
            finite.
    """
    import numpy as np
    from safetensors import SafetensorError, safe_open

    optional = optional or {}
    try:
        _check_lengths(path, None if among_others else {**expected, **optional})
        with safe_open(path, framework="np") as file:
            expected = {**expected, **optional} if optional.keys() & set(file.keys()) else expected
            names = [name for name in file.keys() if name in expected or not among_others]  # noqa: SIM118
            slices = {name: file.get_slice(name) for name in names}
            header = {name: (part.get_dtype(), tuple(part.get_shape())) for name, part in slices.items()}
        _compare(path, header, expected)
        _check_types(path, header, strictly=True)
        arrays = _as_float32(path, header)
    except (SafetensorError, OSError, ValueError) as error:
        raise _damaged(path, error) from None
    for name, array in arrays.items():
        if not np.isfinite(array).all():
            raise _not_finite(path, name)
    return arrays


def _as_float32(path: Path, header: _Header) -> dict[str, npt.NDArray[np.float32]]:
    """Tensors of a file that the library has checked, read by offset, since NumPy has no bfloat16."""
    import numpy as np

    arrays = {}
    with path.open("rb") as file:
        length = header_length(file)
        places = json.loads(file.read(length))
        for name, (kind, shape) in header.items():
            begin, end = places[name]["data_offsets"]
            file.seek(8 + length + begin)
            stored = np.frombuffer(file.read(end - begin), {"F16": "<f2", "BF16": "<u2", "F32": "<f4"}[kind])
            if kind == "BF16":  # the high half of a float32
                stored = (stored.astype(np.uint32) << 16).view(np.float32)
            arrays[name] = stored.astype(np.float32).reshape(shape)
    return arrays


def _damaged(path: Path, error: Exception) -> BadCheckpointError:
    return BadCheckpointError(f"{path} is damaged ({brief(str(error))[1:-1]}): fetch or train it again.")


def _not_finite(path: Path, name: str) -> BadCheckpointError:
    return BadCheckpointError(f"{path} is refused: its tensor {brief(name)} has values that are not finite.")


def header_length(file: BinaryIO) -> int:
    """The bytes of a safetensors file's header, which follows; raises ValueError for more than any small model has."""
    length = int.from_bytes(file.read(8), "little")
    if length > _MOST_HEADER_BYTES:
        raise ValueError(f"its header would have {length:,} bytes, the limit is {_MOST_HEADER_BYTES:,}")
    return length


def _check_lengths(path: Path, expected: Shapes | None) -> None:
    """Raise ValueError for a header or a file too long to be opened, since the library reads headers of 100 MB."""
    size = refuse_irregular(path)
    with path.open("rb") as file:
        header = header_length(file)
    if expected is not None and size > (most := 8 + header + sum(8 * math.prod(shape) for shape in expected.values())):
        raise ValueError(f"it has {size:,} bytes, its tensors would take {most:,} at most")


def _compare(path: Path, header: _Header, expected: Shapes) -> None:
    found = {name: shape for name, (_, shape) in header.items()}
    missing, unknown = sorted(set(expected) - set(found)), sorted(set(found) - set(expected))
    misshapen = [
        f"{name} {list(found[name])} for {list(expected[name])}"
        for name in sorted(set(found) & set(expected))
        if found[name] != tuple(expected[name])
    ]
    if missing or unknown or misshapen:
        raise BadCheckpointError(
            f"{path} does not fit its config.json: missing {brief_list(missing)}, unknown {brief_list(unknown)}, "
            f"misshapen {brief_list(misshapen)}."
        )


def _check_types(path: Path, header: _Header, strictly: bool) -> None:
    def allowed(name: str) -> tuple[str, ...]:
        if not strictly:
            return (*_FLOATS, *_INTEGERS)
        return ("I64",) if name.endswith(_COUNTER) else _FLOATS

    if wrong := [f"{name} {kind} for {'/'.join(allowed(name))}" for name, (kind, _) in header.items()
                 if kind not in allowed(name)]:  # fmt: skip
        raise BadCheckpointError(f"{path} is refused: its tensors are of other types, {brief_list(wrong)}.")


def _check_values(path: Path, name: str, tensor: Tensor) -> None:
    if not tensor.is_floating_point() or not tensor.numel():
        return
    # The ends of the range alone take no memory, and NaN shows in both.
    low, high = (float(end) for end in tensor.aminmax())
    if not (math.isfinite(low) and math.isfinite(high)):
        raise _not_finite(path, name)
    if low < 0 and name.endswith(_VARIANCE):
        raise BadCheckpointError(f"{path} is refused: its tensor {brief(name)} has a variance below zero, {low:g}.")


def safetensors_header(name: str, shape: tuple[int, ...]) -> bytes:
    """The first bytes of a safetensors file of one uint8 tensor, for writers that stream its values."""
    header = json.dumps({name: {"dtype": "U8", "shape": list(shape), "data_offsets": [0, math.prod(shape)]}})
    padded = header + " " * (-len(header) % 8)
    return struct.pack("<Q", len(padded)) + padded.encode("ascii")
