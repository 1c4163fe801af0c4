"""The wire format of protocol buffers, in which ONNX files are written: fields of numbers and of bytes."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

_VARINT, _BYTES, _FIXED32 = 0, 2, 5
_MOST_FIELDS = 20_000


class Field(NamedTuple):
    """One field of a message: its number, and a whole number, four bytes as a float, or bytes."""

    number: int
    value: int | float | bytes


def fields(message: bytes) -> list[Field]:
    """The fields of a message, in order.

    Raises:
        ValueError: for what is no message, or has fields of other kinds than ONNX files of small nets.
    """
    return list(_fields(message))


def _fields(message: bytes) -> Iterator[Field]:
    place = 0
    for _ in range(_MOST_FIELDS):
        if place == len(message):
            return
        key, place = _varint(message, place)
        kind, number = key & 7, key >> 3
        if kind == _VARINT:
            value, place = _varint(message, place)
            yield Field(number, value - (1 << 64) if value >> 63 else value)
        elif kind == _FIXED32 and place + 4 <= len(message):
            yield Field(number, struct.unpack_from("<f", message, place)[0])
            place += 4
        elif kind == _BYTES:
            length, place = _varint(message, place)
            if length > len(message) - place:
                raise ValueError("it is cut short")
            yield Field(number, message[place : place + length])
            place += length
        else:
            raise ValueError("it is no ONNX file")
    raise ValueError("it has too many parts")


def _varint(message: bytes, place: int) -> tuple[int, int]:
    """A whole number of 64 bits, seven to a byte, and the place behind it."""
    if place < len(message) and message[place] < 128:  # of one byte, as nearly all are
        return message[place], place + 1
    value = 0
    for shift in range(0, 64, 7):
        if place == len(message):
            raise ValueError("it is cut short")
        byte = message[place]
        place += 1
        value |= (byte & 127) << shift
        if byte < 128:
            return value & (2**64 - 1), place
    raise ValueError("it is no ONNX file")


def message(parts: Iterable[Field]) -> bytes:
    """A message of fields; the inverse of `fields`."""
    return b"".join(map(_encoded, parts))


def delimited(number: int, chunks: Sequence[bytes | memoryview]) -> list[bytes | memoryview]:
    """A field of bytes that are given in chunks, in chunks."""
    return [_encoded_varint(number << 3 | _BYTES) + _encoded_varint(sum(map(len, chunks))), *chunks]


def _encoded(field: Field) -> bytes:
    number, value = field
    if isinstance(value, bytes):
        return _encoded_varint(number << 3 | _BYTES) + _encoded_varint(len(value)) + value
    if isinstance(value, float):
        return _encoded_varint(number << 3 | _FIXED32) + struct.pack("<f", value)
    return _encoded_varint(number << 3 | _VARINT) + _encoded_varint(value & (2**64 - 1))


def _encoded_varint(value: int) -> bytes:
    groups = bytearray()
    while value > 127:
        groups.append(value & 127 | 128)
        value >>= 7
    groups.append(value)
    return bytes(groups)
