"""Files that a stranger may have written, read within bounds: JSON above all."""

from __future__ import annotations

import json
import math
import os
import re
import stat
from collections import Counter
from typing import TYPE_CHECKING, Any

from genzoo.errors import BadCheckpointError, brief

if TYPE_CHECKING:
    from pathlib import Path

MOST_JSON_BYTES = 1_000_000
_MOST_DEPTH = 32
_MOST_INTEGER = 2**64 - 1
_MOST_DIGITS = len(str(-_MOST_INTEGER))
_NAME = re.compile("[A-Za-z0-9][A-Za-z0-9._-]{0,254}")


def check(condition: bool, message: str) -> None:
    """Raise `BadCheckpointError` with `message` unless `condition` holds."""
    if not condition:
        raise BadCheckpointError(message)


def refuse_other_names(path: str) -> None:
    """Raise ValueError unless a path is made of plain names, so that it stays in the folder it is meant for."""
    if not all(map(_NAME.fullmatch, path.split("/"))):
        raise ValueError(f"{brief(path)} is not a plain name")


def is_sha256(text: object) -> bool:
    """Whether a value is a SHA-256 in hexadecimal, in small letters."""
    return isinstance(text, str) and len(text) == 64 and not text.strip("0123456789abcdef")


def refuse_irregular(path: str | Path) -> int:
    """The size in bytes of a file, which must not be a folder, a device or a pipe: opening a pipe would wait.

    Raises:
        OSError: when it is not there.
        ValueError: for what is not a file.
    """
    status = os.stat(path)
    if not stat.S_ISREG(status.st_mode):
        raise ValueError("it is not a file")
    return status.st_size


def read_bytes(path: str | Path, most: int) -> bytes:
    """The contents of a file of at most `most` bytes.

    Raises:
        ValueError: saying what is wrong with the file.
    """
    try:
        refuse_irregular(path)
        with open(path, "rb") as file:
            data = file.read(most + 1)
    except OSError as error:
        raise ValueError((error.strerror or str(error)).lower()) from None
    if len(data) > most:
        raise ValueError(f"it is larger than {most:,} bytes")
    return data


def read_json(path: str | Path, most: int = MOST_JSON_BYTES) -> Any:
    """The value of a JSON file of at most `most` bytes; see `parse_json`.

    Raises:
        ValueError: saying what is wrong with the file.
    """
    return parse_json(read_bytes(path, most))


def parse_json(data: bytes) -> Any:
    """The value of a JSON text that every reader understands alike.

    Raises:
        ValueError: for what is not JSON in UTF-8, for NaN and Infinity, numbers beyond float64 or 64 bits,
            lone surrogates, a key given twice in an object, and more than 32 levels of nesting.
    """
    if data.startswith(b"\xef\xbb\xbf"):
        raise ValueError("it begins with a byte order mark (BOM)")
    try:
        value = _DECODER.decode(data.decode("utf-8"))
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    # `genzoo list` reads dozens of files: what their bytes rule out is not looked for.
    if data.count(b"[") + data.count(b"{") > _MOST_DEPTH:
        _refuse_deep(value)
    if b"\\u" in data:
        json.dumps(value, ensure_ascii=False).encode("utf-8")  # fails on lone surrogates, which nothing can print
    return value


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) < len(pairs):
        (key, _), *_ = Counter(key for key, _ in pairs).most_common(1)
        raise ValueError(f"the key {brief(key)} is given more than once")
    return value


def _refuse_constant(text: str) -> None:
    raise ValueError(f"{text} is not a number of JSON")


def _float(text: str) -> float:
    if not math.isfinite(value := float(text)):
        raise ValueError(f"the number {brief(text)} is too large")
    return value


def _integer(text: str) -> int:
    if len(text) < _MOST_DIGITS - 1:
        return int(text)
    # Counted first: the time to convert digits grows with their square.
    if len(text) > _MOST_DIGITS or abs(value := int(text)) > _MOST_INTEGER:
        raise ValueError(f"the number {brief(text)} is too large")
    return value


_DECODER = json.JSONDecoder(
    object_pairs_hook=_object, parse_constant=_refuse_constant, parse_float=_float, parse_int=_integer
)


def _refuse_deep(value: Any) -> None:
    level = [value]
    for _ in range(_MOST_DEPTH):
        inner = (item.values() if isinstance(item, dict) else item for item in level if isinstance(item, dict | list))
        level = [child for children in inner for child in children]
        if not level:
            return
    raise ValueError(f"it is nested more than {_MOST_DEPTH} levels deep")
