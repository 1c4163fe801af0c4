"""What a stranger's JSON and tensors are held to, one rule at a time; `test_fuzz` mixes them."""

from __future__ import annotations

import dataclasses
import json
import os
import shutil
from pathlib import Path
from typing import Any

import pytest
import safetensors
import torch

import genzoo
from genzoo.checkpoint import manifest
from genzoo.checkpoint.folder import sign
from genzoo.checkpoint.manifest import read_manifest
from genzoo.checkpoint.strict import parse_json, read_json, refuse_other_names
from genzoo.checkpoint.tensors import read_tensors, write_tensors
from genzoo.cli.show import describe
from genzoo.errors import BadCheckpointError, GenzooError, InvalidEntryError, brief, brief_list
from genzoo.nets import build
from genzoo.zoo.catalog import ENTRIES
from genzoo.zoo.datasets import Dataset
from genzoo.zoo.families.conv import Conv
from genzoo.zoo.families.flatconv import FlatConv
from genzoo.zoo.spec import Entry

from .peak import on_posix

_SAFETENSORS = tuple(map(int, safetensors.__version__.split(".")[:2]))


@pytest.fixture
def folder(checkpoint: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(checkpoint, tmp_path / "folder"))


def test_json_comes_back_as_it_was() -> None:
    value = {"a": [1, -2.5, True, None, "é\n", 2**64 - 1], "b": {"c": {}}}
    assert parse_json(json.dumps(value).encode()) == value
    assert parse_json(json.dumps(value, ensure_ascii=False).encode()) == value


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (b'{"a": 1, "b": 2, "a": 1}', "'a' is given more than once"),
        (b'{"a": {"b": 1, "b": 2}}', "'b' is given more than once"),
        (b"[NaN]", "NaN"),
        (b"[-Infinity]", "-Infinity"),
        (b"1e999", "too large"),
        (b"18446744073709551616", "too large"),
        (b"9" * 500_000, r"'9+'?\.\.\. is too large"),
        (b"[" * 33 + b"]" * 33, "nested more than 32"),
        (b"[" * 400_000 + b"]" * 400_000, "nested too deeply"),
        (b'"\\ud800"', "surrogates"),
        (b'{"\\udfff": 1}', "surrogates"),
        (b"\xef\xbb\xbf{}", "BOM"),
        (b'"\xff"', "utf-8"),
        ('"é"'.encode("utf-16"), "utf-8"),
        (b'"a\0b"', "control character"),
        (b"{} {}", "Extra data"),
        (b"", "Expecting value"),
    ],
)
def test_json_that_readers_would_disagree_about(text: bytes, words: str) -> None:
    with pytest.raises(ValueError, match=words) as caught:
        parse_json(text)
    assert len(str(caught.value)) < 300


def test_many_repeated_keys_take_no_time_to_find() -> None:
    text = "{" + ", ".join(f'"{i}": 0' for i in range(50_000)) + ', "49999": 1}'
    with pytest.raises(ValueError, match="'49999'"):
        parse_json(text.encode())


@on_posix
def test_only_files_are_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "large").write_bytes(b" " * 1001)
    for name, words in (
        ("pipe", "not a file"),
        (".", "not a file"),
        ("none", "no such file"),
        ("large", "1,000 bytes"),
    ):
        with pytest.raises(ValueError, match=words):
            read_json(tmp_path / name, 1000)
    (tmp_path / "large").write_bytes(b" " * 998 + b"{}")
    assert read_json(tmp_path / "large", 1000) == {}


def test_what_is_shown_of_a_strangers_values() -> None:
    assert brief("a\x1b[2J\u202e\n") == "'a\\x1b[2J\\u202e\\n'"
    assert brief("x" * 1000, 10) == "'xxxxxxxxx..."
    assert brief_list([]) == "[]"
    assert brief_list(["a", "b"], 2) == "['a', 'b']"
    assert brief_list(["a", "b", "c"], 2) == "['a', 'b', ... and 1 more]"


@pytest.mark.parametrize("name", ["config.json", "features/genzoo-mnist-v1", "a", "A_b.c-d", "x" * 255])
def test_plain_names(name: str) -> None:
    refuse_other_names(name)


@pytest.mark.parametrize(
    "name",
    ["", ".", "..", "../x", "a/../b", "/etc", "a//b", "a/", ".x", "-x", "C:x", "a\\b", "a\0", "a\n", "é", "x" * 256],
)
def test_names_that_lead_elsewhere(name: str) -> None:
    with pytest.raises(ValueError, match="not a plain name"):
        refuse_other_names(name)


@pytest.mark.parametrize(
    ("dtype", "words"),
    [
        (torch.float64, "F64 for F16/BF16/F32"),
        (torch.int32, "I32 for"),
        (torch.bool, "BOOL for"),
        pytest.param(
            torch.complex64,
            "C64 for",
            marks=pytest.mark.skipif(_SAFETENSORS < (0, 7), reason="an older safetensors neither writes nor reads it"),
        ),
        (torch.float8_e4m3fn, "F8_E4M3 for"),
        (torch.int64, "I64 for F16/BF16/F32"),
    ],
)
def test_types_that_genzoo_never_writes(folder: Path, dtype: torch.dtype, words: str) -> None:
    path = folder / "model.safetensors"
    tensors = {name: tensor.clone() for name, tensor in read_tensors(path).items()}
    name = min(tensors)
    write_tensors(path, tensors | {name: torch.zeros(tensors[name].shape).to(dtype)})
    sign(folder)
    with pytest.raises(BadCheckpointError, match=f"of other types, .*{name} {words}"):
        genzoo.load(folder)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32])
def test_types_that_load(folder: Path, dtype: torch.dtype) -> None:
    path = folder / "model.safetensors"
    write_tensors(path, {name: tensor.to(dtype) for name, tensor in read_tensors(path).items()})
    sign(folder)
    assert genzoo.load(folder).sample(2, seed=0).shape == (2, 1, 28, 28)


def test_batch_norms_own_tensors(tmp_path: Path) -> None:
    path, shapes = (
        tmp_path / "x.safetensors",
        {"0.running_var": torch.Size([2]), "0.num_batches_tracked": torch.Size([])},
    )
    good = {"0.running_var": torch.tensor([0.0, 1.0]), "0.num_batches_tracked": torch.tensor(3)}
    write_tensors(path, good)
    assert read_tensors(path, shapes)["0.num_batches_tracked"] == 3
    write_tensors(path, good | {"0.num_batches_tracked": torch.tensor(3.0)})
    with pytest.raises(BadCheckpointError, match="num_batches_tracked F32 for I64"):
        read_tensors(path, shapes)
    write_tensors(path, good | {"0.running_var": torch.tensor([1.0, -0.5])})
    with pytest.raises(BadCheckpointError, match="variance below zero"):
        read_tensors(path, shapes)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32])
def test_one_value_that_is_not_finite(tmp_path: Path, value: float, dtype: torch.dtype) -> None:
    tensor = torch.ones(3, 1001, dtype=dtype)
    tensor[1, 700] = value
    write_tensors(tmp_path / "x.safetensors", {"x": tensor})
    with pytest.raises(BadCheckpointError, match="'x' has values that are not finite"):
        read_tensors(tmp_path / "x.safetensors")


def test_weights_that_overflow_give_no_images(folder: Path) -> None:
    path = folder / "model.safetensors"
    tensors = {name: tensor.float() for name, tensor in read_tensors(path).items()}
    draws = torch.Generator().manual_seed(0)
    huge = {name: 3e38 * torch.randn(tensor.shape, generator=draws).sign() for name, tensor in tensors.items()}
    write_tensors(path, huge)
    sign(folder)
    model = genzoo.load(folder)
    with pytest.raises(BadCheckpointError, match="images that are not finite"):
        model.sample(2, seed=0)


@pytest.mark.parametrize("name", ["pytorch_model.bin", "model.pt", "generator.pth", "last.ckpt", "g.pkl"])
def test_a_folder_of_pickles(folder: Path, name: str) -> None:
    (folder / "model.safetensors").rename(folder / name)
    with pytest.raises(BadCheckpointError, match=f"holds \\['{name}'\\], and a pickle can run any program"):
        genzoo.load(folder)


def altered(name: str, /, **changes: Any) -> dict[str, Any]:
    """A catalog entry's JSON with other fields, `arch__x` being field x of the architecture."""
    value = ENTRIES[name].to_json()
    for key, change in changes.items():
        *outer, last = key.split("__")
        inner = value
        for part in outer:
            inner = inner[part]
        inner[last] = change
    return value


@pytest.mark.parametrize(
    ("name", "changes", "words"),
    [
        ("mlpvae-mnist-z2-l1", {"arch__kind": []}, "arch.kind must be one of"),
        ("mlpvae-mnist-z2-l1", {"family": "vae"}, "a vae has no nets of kind mlp"),
        ("mlpvae-mnist-z2-l1", {"recipe__objective": "gan"}, "a mlpvae has no nets of kind mlp trained as gan"),
        ("lstmgan-mnist-z100-l2", {"recipe__objective": "vae"}, "a lstmgan has no nets of kind lstm trained as vae"),
        ("mlpvae-mnist-z2-l1", {"recipe__likelihood_sd": 1e-300}, "likelihood_sd of 1e-300"),
        ("mlpvae-mnist-z2-l1", {"dataset__name": "../etc"}, "lower-case letters and digits"),
        ("mlpvae-mnist-z2-l1", {"dataset__name": "m" * 65}, "at most 64"),
        ("mlpvae-mnist-z2-l1", {"tag": "a/b"}, "letters and digits joined by single hyphens"),
        ("mlpvae-mnist-z2-l1", {"tag": "t" * 65}, "at most 64"),
        ("mlpvae-mnist-z2-l1", {"source": "a\x1b[2J"}, "printable"),
        ("mlpvae-mnist-z2-l1", {"source": "a" * 1001}, "at most 1000"),
        ("mlpvae-mnist-z2-l1", {"arch__generator": [1] * 100_000}, "and 99984 more"),
        ("mlpvae-mnist-z2-l1", {"name": "x" * 100_000}, "its fields make it 'mlpvae-mnist-z2-l1'"),
    ],
)
def test_entries_that_cannot_be(name: str, changes: dict[str, Any], words: str) -> None:
    with pytest.raises(InvalidEntryError, match=words) as caught:
        Entry.from_json(altered(name, **changes))
    assert len(str(caught.value)) < 1000


def test_few_weights_that_ask_for_much_memory() -> None:
    entry = ENTRIES["vae-olivetti-z32-l4"]
    assert isinstance(entry.arch, Conv)
    wide = dataclasses.replace(entry.arch, channels=(2048, 1, 1, 1, 1), kernel=2)
    with pytest.raises(InvalidEntryError, match="a map of 2,097,152 values for each image is too large"):
        build(dataclasses.replace(entry, arch=wide))
    flat = dataclasses.replace(ENTRIES["convgan-mnist-z100-l2-s1"], dataset=Dataset("custom", (1, 128, 128)))
    with pytest.raises(InvalidEntryError, match="a map of 4,194,304 values for each image is too large"):
        build(dataclasses.replace(flat, latent_size=8, arch=FlatConv(channels=256, kernel=7)))


@pytest.mark.parametrize(
    "parent",
    [
        [],
        {},
        {"name": "../../x", "sha256": {}},
        {"name": ["x"], "sha256": {}},
        {"name": "x", "sha256": {"/etc/passwd": "0" * 64}},
        {"name": "x", "sha256": {"model.safetensors": "0" * 63}},
        {"name": "x", "sha256": {}, "more": 1},
    ],
)
def test_parents_that_are_none(folder: Path, parent: object) -> None:
    path = folder / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"parent": parent}))
    sign(folder)
    with pytest.raises(BadCheckpointError, match=r"config\.json"):
        genzoo.load(folder)


@pytest.mark.parametrize("version", [True, 1.0, "1", None, 2])
def test_formats_that_are_not_this_one(folder: Path, version: object) -> None:
    path = folder / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"format": version}))
    sign(folder)
    with pytest.raises(BadCheckpointError, match="its format is"):
        genzoo.load(folder)


@pytest.mark.parametrize(
    "versions",
    [[], "2.14", {}, {"genzoo": "0.1.0"}, {"genzoo": "0.1.0", "torch": 2}, {"genzoo": "0.1.0", "torch": "2\x1b[2J"},
     {"genzoo": "0.1.0", "torch": "2" * 65}, {"genzoo": "0.1.0", "torch": "2.14", "numpy": "2.0"}],
)  # fmt: skip
def test_versions_that_are_none(folder: Path, versions: object) -> None:
    path = folder / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"versions": versions}))
    sign(folder)
    with pytest.raises(BadCheckpointError, match=r"config\.json is refused: its .*versions") as caught:
        genzoo.load(folder)
    assert str(caught.value).isprintable()


@pytest.mark.parametrize(
    "entries",
    [
        {"../x": {}},
        {"mlpvae-mnist-z2-l1": {"../../x": {"size": 1, "sha256": "0" * 64}}},
        {"mlpvae-mnist-z2-l1": {"/etc/passwd": {"size": 1, "sha256": "0" * 64}}},
        {"mlpvae-mnist-z2-l1": {"config.json": {"size": "1", "sha256": "0" * 64}}},
        {"mlpvae-mnist-z2-l1": {"config.json": {"size": 1, "sha256": "x"}}},
        {"mlpvae-mnist-z2-l1": {"config.json": {"size": 1, "sha256": 5}}},
        {"mlpvae-mnist-z2-l1": []},
        [],
        None,
    ],
)
def test_manifests_that_are_none(entries: object, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "manifest.json").write_text(json.dumps({"format": 1, "entries": entries}))
    monkeypatch.setattr(manifest, "weights_home", lambda: tmp_path)
    with pytest.raises(BadCheckpointError, match="is not a manifest"):
        read_manifest()


@pytest.mark.parametrize("text", ["[1]", '{"frechet_distance": []}', '{"frechet_distance": {"mean": "x"}}', "{"])
def test_a_shipped_measurement_that_is_none(text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    name = "mlpvae-mnist-z2-l1"
    shutil.copytree(manifest.weights_home() / name, tmp_path / name)
    manifest.write_manifest(tmp_path)
    (tmp_path / name / "metrics.json").write_text(text)
    monkeypatch.setattr(manifest, "weights_home", lambda: tmp_path)
    monkeypatch.setattr("genzoo.cli.show.weights_home", lambda: tmp_path)
    if text == "{":
        with pytest.raises(GenzooError, match="damaged"):
            describe(name)
    else:
        assert describe(name)["name"] == name
