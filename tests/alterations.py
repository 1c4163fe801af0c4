"""Strategies of altered files: bytes flipped and cut, JSON edited, safetensors headers that lie."""

from __future__ import annotations

import contextlib
import json
import struct
from collections.abc import Iterator
from typing import Any

from hypothesis import strategies as st

from genzoo.checkpoint.graphs.wire import Field, fields, message
from genzoo.errors import InvalidEntryError
from genzoo.zoo.datasets import Dataset
from genzoo.zoo.families.conv import Conv
from genzoo.zoo.families.flatconv import FlatConv
from genzoo.zoo.families.lstm import Lstm
from genzoo.zoo.families.mlp import Mlp
from genzoo.zoo.registry import FAMILIES
from genzoo.zoo.spec import Entry, Recipe


class Raw(str):
    """Text that goes into JSON as it is."""


class Pairs(list[tuple[str, Any]]):
    """An object that may give a key twice."""


def dump(value: Any) -> str:
    match value:
        case Raw():
            return str(value)
        case Pairs():
            return "{" + ", ".join(f"{json.dumps(key)}: {dump(item)}" for key, item in value) + "}"
        case list():
            return "[" + ", ".join(map(dump, value)) + "]"
    return json.dumps(value)


LITERALS = [
    *("NaN", "Infinity", "-Infinity", "1e999", "1e308", "-0.0", "1e-320", "0x10", "01", "1.0", "True", "'a'", "", "//"),
    *("9" * n for n in (19, 25, 400, 5000, 100_000)),
    *("[" * n + "]" * n for n in (20, 40, 900, 50_000)),
    *('{"a":' * n + "1" + "}" * n for n in (40, 50_000)),
    *('"\\ud800"', '"\\u0000"', '"\x00"', '"\x1b[2J"', '"\\u001b[2J"', '"\\u202e"', '"' + "x" * 300_000 + '"'),
]
NUMBERS = [0, 1, 2, 3, 7, 8, 9, 16, 17, 128, 129, 2048, 4096, 8192, 8193, 2**31, 2**32, 2**53, 2**63 - 1, 2**63, 2**64]
TEXTS = ["", "..", "../../etc", "/etc/passwd", "C:\\x", "a\nb", "mlpvae", "vae", "dcgan", "gan", "wgangp", "tanh", "é"]
TEXTS += ["mlp", "conv", "lstm", "flatconv", "F16", "F32", "BF16", "I64", "F64", "U8", "BOOL", "F8_E4M3", "C64", "F4"]

leaves = st.one_of(
    st.sampled_from(NUMBERS),
    st.sampled_from(NUMBERS).map(lambda n: -n),
    st.sampled_from(TEXTS),
    st.sampled_from(LITERALS).map(Raw),
    st.none(),
    st.booleans(),
    st.integers(-(2**70), 2**70),
    st.floats(),
    st.text(max_size=10),
)
values = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4), st.lists(st.tuples(st.text(max_size=5), inner), max_size=3).map(Pairs)
    ),
    max_leaves=6,
)


def places(value: Any) -> Iterator[tuple[Any, int]]:
    """Every container of a document with every place in it."""
    if isinstance(value, list):
        for index, item in enumerate(value):
            yield value, index
            yield from places(item[1] if isinstance(value, Pairs) else item)


def edit(draw: st.DrawFn, document: Any) -> None:
    """One change at any place of a document."""
    spots = list(places(document))
    if not spots:
        return
    container, index = spots[draw(st.integers(0, len(spots) - 1))]
    old = container[index]
    key, item = old if isinstance(container, Pairs) else ("", old)
    how = draw(
        st.sampled_from(["replace", "replace", "replace", "near", "near", "remove", "twice", "rename", "wrap", "add"])
    )
    match how:
        case "near" if isinstance(item, bool):
            item = not item
        case "near" if isinstance(item, int | float):
            item = draw(st.sampled_from([item - 1, item + 1, item * 2, item // 2, item / 2, -item, item * 1e200]))
        case "wrap":
            item = draw(st.sampled_from([[item], Pairs([("a", item)])]))
        case "rename":
            key = draw(st.one_of(st.sampled_from(TEXTS), st.text(max_size=5), st.just(key + "x")))
        case _:
            item = draw(values)
    if how == "remove":
        del container[index]
    elif how in ("twice", "add"):
        key = key if how == "twice" else draw(st.text(max_size=8))
        container.insert(draw(st.integers(0, len(container))), (key, item) if isinstance(container, Pairs) else item)
    else:
        container[index] = (key, item) if isinstance(container, Pairs) else item


@st.composite
def altered_json(draw: st.DrawFn, data: bytes) -> bytes:
    """A JSON text after up to three changes of its values, keys and structure."""
    document = json.loads(data, object_pairs_hook=Pairs)
    for _ in range(draw(st.integers(1, 3))):
        edit(draw, document)
    before = draw(st.sampled_from([b""] * 12 + [b"\xef\xbb\xbf", b"\0", b"\xff", b" \n"]))
    encoding = draw(st.sampled_from(["utf-8"] * 12 + ["utf-16", "latin-1"]))
    return before + dump(document).encode(encoding, errors="replace")


@st.composite
def altered_header(draw: st.DrawFn, data: bytes) -> bytes:
    """A safetensors file after changes of its header, its length, or what follows it."""
    size = int.from_bytes(data[:8], "little")
    header = altered_json(data[8 : 8 + size]) if draw(st.booleans()) else altered_offsets(data[8 : 8 + size])
    text = draw(header)
    lengths = [len(text)] * 12 + [len(text) + 1, len(text) - 1, 0, size, 999_999, 10**8, 2**31, 2**60, 2**63, 2**64 - 1]
    length = draw(st.sampled_from(lengths))
    values = data[8 + size :]
    end = draw(st.sampled_from([len(values)] * 8 + [0, 1, len(values) // 2, len(values) - 1]))
    more = draw(st.sampled_from([b""] * 8 + [b"\0", bytes(64), bytes(4096)]))
    return struct.pack("<Q", length) + text + values[:end] + more


@st.composite
def altered_offsets(draw: st.DrawFn, header: bytes) -> bytes:
    """A header whose tensors overlap, leave gaps, change places, names, types or shapes."""
    tensors = json.loads(header)
    names = [name for name in tensors if name != "__metadata__"]
    one, other = (draw(st.sampled_from(names)) for _ in range(2))
    a, b = tensors[one], tensors[other]
    how = draw(st.integers(0, 8))
    if how == 0:
        tensors[one], tensors[other] = b, a
    elif how == 1:
        a["data_offsets"] = b["data_offsets"]
    elif how == 2:
        a["dtype"] = draw(st.sampled_from(["F16", "BF16", "I16", "U16", "F32", "F64", "I64", "U8", "F8_E4M3", "BOOL"]))
    elif how == 3:
        a["shape"] = draw(st.sampled_from([a["shape"][::-1], [*a["shape"], 1], [1, *a["shape"]], [], [0], [0, 2**60]]))
    elif how == 4:
        begin, end = a["data_offsets"]
        a["data_offsets"] = draw(
            st.sampled_from([[end, begin], [begin, end + 1], [begin + 2, end], [begin, 2**64 - 1]])
        )
    elif how == 5:
        a["shape"] = draw(st.lists(st.sampled_from([1, 2, 2**16, 2**32, 2**62, 2**63]), max_size=6))
    elif how == 6:  # the same values by another type: all of the file still fits
        a["dtype"], b["dtype"] = b["dtype"], a["dtype"]
    elif how == 7:
        tensors = dict(draw(st.permutations(list(tensors.items()))))
    else:
        tensors[f"{one}.more"] = {"dtype": "F16", "shape": [0], "data_offsets": [a["data_offsets"][1]] * 2}
    return json.dumps(tensors).encode() + b" " * draw(st.integers(0, 9))


@st.composite
def altered_bytes(draw: st.DrawFn, data: bytes) -> bytes:
    """Any file after flips, cuts, insertions and repetitions."""
    changed = bytearray(data)
    near = st.integers(0, min(len(data), 2000))  # headers lie at the beginning
    for _ in range(draw(st.integers(0, 4))):
        at = min(draw(st.one_of(near, st.integers(0, len(data)))), max(len(changed) - 1, 0))
        length = draw(st.sampled_from([1, 1, 2, 8, 100, 10_000]))
        match draw(st.integers(0, 5)):
            case 0 if changed:
                changed[at] ^= 1 << draw(st.integers(0, 7))
            case 1 if changed:
                changed[at] = draw(st.integers(0, 255))
            case 2:
                del changed[at:]
            case 3:
                del changed[at : at + length]
            case 4:
                changed[at:at] = draw(st.binary(max_size=20))
            case _:
                changed[at:at] = changed[at : at + length]
    return bytes(changed)


GRAPH_NUMBERS = [*(-(2**63), -2, -1), *NUMBERS[:-2], 10, 16, 17]
GRAPH_TEXTS = [
    *("Add", "Cast", "Concat", "Constant", "Conv", "ConvTranspose", "Expand", "Gather", "Gemm", "If", "LSTM", "Loop"),
    *("MatMul", "Pad", "Reshape", "Resize", "Scan", "Slice", "Squeeze", "Tile", "Transpose", "com.microsoft"),
    *("0", "1", "2", "z", "images", "scores", "n", "location", "offset", "length", "model.safetensors", "/dev/zero"),
    *("../model.safetensors", "discriminator.safetensors", "8", "99999999999999999999", "-1", "0x10", "kernel_shape"),
    *("pads", "strides", "perm", "axis", "auto_pad", "dilations", "group", "to", "hidden_size", "[2,3]"),
]


@st.composite
def altered_graph(draw: st.DrawFn, data: bytes) -> bytes:
    """An ONNX file after up to three changes of fields anywhere in it, all lengths around them put right."""
    for _ in range(draw(st.integers(1, 3))):
        data = draw(_altered_message(data, draw(st.integers(0, 5))))
    return data


@st.composite
def _altered_message(draw: st.DrawFn, data: bytes, depth: int) -> bytes:
    """A message with one field changed, no deeper than that many messages within one another."""
    try:
        parts = fields(data)
    except ValueError:
        return draw(altered_bytes(data))
    at = draw(st.integers(0, max(len(parts) - 1, 0)))
    how = draw(st.sampled_from(["within"] * 8 + ["remove", "twice", "swap", "number", "add"]))
    number, value = parts[at] if parts else (1, b"")
    if how == "within" and depth and isinstance(value, bytes) and value:
        parts[at] = Field(number, draw(_altered_message(value, depth - 1)))
    elif how == "remove":
        del parts[at : at + 1]
    elif how == "twice":
        parts.insert(at, Field(number, value))
    elif how == "swap" and parts:
        other = draw(st.integers(0, len(parts) - 1))
        parts[at], parts[other] = parts[other], parts[at]
    elif how in ("number", "add"):
        parts.insert(at, Field(draw(st.integers(1, 30)), draw(_values)))
    elif parts:
        parts[at] = Field(number, draw(_near(value)))
    return message(parts)


_values = st.one_of(
    st.sampled_from(GRAPH_NUMBERS), st.floats(width=32), st.sampled_from([text.encode() for text in GRAPH_TEXTS])
)


def _near(value: int | float | bytes) -> st.SearchStrategy[int | float | bytes]:
    """Another value, mostly of the same type."""
    if isinstance(value, bytes):
        return st.one_of(_values, st.sampled_from([text.encode() for text in GRAPH_TEXTS]), st.binary(max_size=24))
    if isinstance(value, int):
        return st.one_of(st.sampled_from([value + 1, value - 1, value * 2, -value, *GRAPH_NUMBERS]), _values)
    return st.one_of(st.floats(width=32), _values)


@st.composite
def altered_sums(draw: st.DrawFn, data: bytes) -> bytes:
    """A SHA256SUMS whose lines are dropped, given twice, written otherwise, or lead elsewhere."""
    lines = data.decode("ascii").split("\n")[:-1]
    at = draw(st.integers(0, len(lines) - 1))
    digest, name = lines[at].split("  ")
    match draw(st.integers(0, 8)):
        case 0:
            del lines[at]
        case 1:
            lines.insert(at, lines[draw(st.integers(0, len(lines) - 1))])
        case 2:
            lines[at] = f"{digest}  {draw(st.sampled_from([*TEXTS, f'./{name}', f'{name} ', 'x' * 300]))}"
        case 3:
            lines[at] = f"{draw(st.sampled_from(['', '0' * 63, '0' * 64, '0' * 65, digest.upper(), 'g' * 64]))}  {name}"
        case 4:
            lines[at] = digest + draw(st.sampled_from(["", " ", " *", "\t", "   ", "\\"])) + name
        case 5:
            lines[at] = draw(st.text(max_size=80))
        case 6:
            lines *= draw(st.sampled_from([0, 2, 200]))
        case 7:
            lines = draw(st.permutations(lines))
        case _:
            lines.append(f"{digest}  other.bin")
    end = draw(st.sampled_from(["\n"] * 8 + ["", "\r\n", "\n\n", "\n\0"]))
    return draw(st.sampled_from(["", "", "", "\ufeff", "\\"])).encode() + ("\n".join(lines) + end).encode()


@st.composite
def large_entries(draw: st.DrawFn) -> Entry | None:
    """An entry with sizes anywhere within their bounds; None where they do not go together."""
    family: Any = draw(st.sampled_from(["mlpgan", "mlpvae", "dcgan", "wgan", "vae", "convgan", "lstmgan"]))
    wide = st.lists(st.sampled_from([1, 3, 64, 700, 2048, 8192]), min_size=1, max_size=6).map(tuple)
    narrow = st.lists(st.sampled_from([1, 2, 16, 64, 250, 512, 2048]), min_size=2, max_size=7).map(tuple)
    arch: Any = {
        "mlpgan": st.builds(Mlp, wide, wide, batch_norm=st.booleans()),
        "mlpvae": st.builds(Mlp, wide, wide, batch_norm=st.booleans()),
        "convgan": st.builds(
            FlatConv, st.sampled_from([1, 5, 256]), st.sampled_from([3, 5, 7]), st.integers(1, 2), st.booleans()
        ),
        "lstmgan": st.builds(Lstm, st.sampled_from([1, 100, 1024, 2048]), st.integers(1, 8)),
    }.get(family, st.builds(Conv, narrow, st.integers(2, 9), st.integers(0, 3), st.booleans(), st.booleans()))
    side = draw(st.sampled_from([8, 9, 15, 28, 32, 33, 64, 127, 128]))
    channels, z = draw(st.sampled_from([1, 3])), draw(st.sampled_from([1, 2, 4, 100, 1024, 4096]))
    objective: Any = "vae" if family.endswith("vae") else "wgan" if family == "wgan" else "gan"
    with contextlib.suppress(InvalidEntryError):
        nets = draw(arch)
        data, layers = Dataset("custom", (channels, side, side)), nets.hidden_layers(side)
        return Entry(
            FAMILIES[family],
            data,
            z,
            layers,
            nets,
            Recipe(objective, 1),
            output_activation=draw(st.sampled_from(["sigmoid", "tanh"])),
        )
    return None
