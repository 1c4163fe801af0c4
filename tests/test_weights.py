"""Folders that are damaged, altered, or absurd: each one refused in a sentence, before memory is taken for it."""

from __future__ import annotations

import dataclasses
import json
import shutil
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

import genzoo
from genzoo.checkpoint import manifest
from genzoo.checkpoint.files import sha256
from genzoo.checkpoint.folder import Folder, sign
from genzoo.checkpoint.layout import MODEL
from genzoo.checkpoint.manifest import PinnedFile, write_manifest
from genzoo.checkpoint.nets import meta_nets, read_weights
from genzoo.checkpoint.tensors import read_tensors, write_tensors
from genzoo.errors import BadCheckpointError, GenzooError, UnknownNameError, WeightsNotFoundError
from genzoo.zoo.catalog import ENTRIES
from genzoo.zoo.families.mlp import Mlp

from .peak import forget_peak, on_linux, on_posix, peak_memory


@pytest.fixture
def folder(checkpoint: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(checkpoint, tmp_path / "folder"))


def refused(folder: Path, words: str) -> None:
    """What a stranger signed is looked at as closely as what nobody did; see `test_integrity` for the signature."""
    sign(folder)
    with pytest.raises(BadCheckpointError, match=words) as caught:
        genzoo.load(folder)
    assert "\n" not in str(caught.value)
    assert str(folder) in str(caught.value)


def change(path: Path, edit: Callable[[Any], None]) -> None:
    value = json.loads(path.read_text())
    edit(value)
    path.write_text(json.dumps(value))


@pytest.mark.parametrize("kept", [0, 7, 8, 300, -1])
def test_a_truncated_file(folder: Path, kept: int) -> None:
    path = folder / "model.safetensors"
    path.write_bytes(path.read_bytes()[:kept])
    refused(folder, "damaged")


def test_an_absurd_header_length(folder: Path) -> None:
    path = folder / "model.safetensors"
    path.write_bytes(b"\xff" * 8 + path.read_bytes()[8:])
    refused(folder, "damaged")


def test_other_tensors(folder: Path) -> None:
    path = folder / "model.safetensors"
    tensors = {name: tensor.clone() for name, tensor in read_tensors(path).items()}
    name = next(iter(tensors))
    for altered, words in (
        ({k: v for k, v in tensors.items() if k != name}, f"missing \\['{name}'\\]"),
        (tensors | {"generator.surplus": torch.zeros(1)}, "unknown \\['generator.surplus'\\]"),
        (tensors | {name: torch.zeros(3, 3)}, "misshapen"),
        (tensors | {name: torch.full_like(tensors[name], float("nan"))}, "not finite"),
    ):
        write_tensors(path, altered)
        refused(folder, words)


def test_a_missing_file(folder: Path) -> None:
    (folder / "model.safetensors").unlink()
    refused(folder, "has no model.safetensors")
    (folder / "config.json").unlink()
    refused(folder, "has no config.json")


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", "null", '{"format": 99}', "[" * 100_000, '{"format": 1, "entry": 5}', "\udcff", "x" * 2_000_000],
)
def test_a_config_that_is_none(folder: Path, text: str) -> None:
    (folder / "config.json").write_bytes(text.encode(errors="surrogateescape"))
    refused(folder, "config.json")


@on_linux
def test_absurd_sizes_take_no_memory(folder: Path) -> None:
    def grow(config: Any) -> None:
        config["entry"]["arch"]["generator"] = [8192] * 16
        config["entry"]["hidden_layers"] = 16
        config["entry"]["name"] = "mlpvae-mnist-z2-l16"

    change(folder / "config.json", grow)
    forget_peak()
    before = peak_memory()
    refused(folder.resolve(), "limit is 64,000,000")
    assert peak_memory() - before < 200_000_000


@on_linux
@pytest.mark.parametrize("pinned", [False, True])
@pytest.mark.parametrize("stored", [torch.float32, torch.float16])
def test_loading_copies_nothing_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stored: torch.dtype, pinned: bool
) -> None:
    entry = ENTRIES["mlpgan-mnist-z100-l2"]
    assert isinstance(entry.arch, Mlp)
    entry = dataclasses.replace(entry, arch=dataclasses.replace(entry.arch, generator=(4096, 4096)))
    state = meta_nets(entry)["generator"].state_dict()
    folder, temporary = tmp_path / "folder", tmp_path / "temporary"
    folder.mkdir()
    temporary.mkdir()
    path = folder / "model.safetensors"
    write_tensors(path, {f"generator.{name}": torch.full(t.shape, 0.5, dtype=stored) for name, t in state.items()})
    facts = {path.name: PinnedFile(path.stat().st_size, sha256(path))} if pinned else None
    for name in ("HOME", "TMPDIR", "HF_HOME", "XDG_CACHE_HOME"):
        monkeypatch.setenv(name, str(temporary))
    forget_peak()
    before = peak_memory()
    cpu = torch.device("cpu")
    net = read_weights(entry, Folder(folder, facts), MODEL, torch.float32, cpu)["generator"]
    assert net(torch.zeros(1, 100)).isfinite().all()
    # The file's own pages, and one copy of its numbers, which a later change of the file does not reach.
    copied = sum(tensor.numel() * 4 for tensor in state.values())
    assert peak_memory() - before < path.stat().st_size + copied + 10_000_000
    assert list(temporary.iterdir()) == []


def test_a_shipped_file_is_held_against_the_manifest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = tmp_path / "weights"
    name = "vae-mnist-z20-l3"
    shutil.copytree(manifest.weights_home() / name, home / name)
    write_manifest(home)
    monkeypatch.setattr(manifest, "weights_root", lambda: str(home))
    assert genzoo.load(name).sample(1).shape == (1, 1, 28, 28)
    path = home / name / "model.safetensors"
    data = bytearray(path.read_bytes())
    data[-100] ^= 1
    path.write_bytes(data)
    with pytest.raises(BadCheckpointError, match=r"SHA-256 is [0-9a-f]{64}, the manifest's is [0-9a-f]{64}"):
        genzoo.load(name)


def test_the_manifest_is_that_of_the_files(tmp_path: Path) -> None:
    home = manifest.weights_home()
    before = (home / "manifest.json").read_text()
    copy = Path(shutil.copytree(home, tmp_path / "weights"))
    write_manifest(copy)
    assert (copy / "manifest.json").read_text() == before
    files = [path for path in home.rglob("*") if path.is_file()]
    assert max(path.stat().st_size for path in files) < 8_000_000
    assert sum(path.stat().st_size for path in files) < 260_000_000


@pytest.mark.parametrize(
    "name", ["../../x", "/nowhere", "vae-mnits", "", "user/repo/x", "vae-mnist\n", "a\0b", "x" * 5000]
)
def test_a_name_that_is_none(name: str) -> None:
    with pytest.raises(UnknownNameError, match="neither a model's name nor a folder"):
        genzoo.load(name)


def test_loading_maps_and_assigns(checkpoint: Path) -> None:
    nets = meta_nets(ENTRIES["mlpvae-mnist-z2-l1"])
    assert {parameter.device.type for parameter in nets.parameters()} == {"meta"}
    model = genzoo.load(checkpoint)
    assert {parameter.device.type for parameter in model.generator.parameters()} == {"cpu"}
    assert not any(parameter.requires_grad for parameter in model.generator.parameters())
    assert not model.generator.training


@on_posix
def test_files_are_readable_by_whom_the_umask_allows(tmp_path: Path) -> None:
    write_tensors(tmp_path / "x.safetensors", {"x": torch.zeros(2)})
    assert stat.S_IMODE((tmp_path / "x.safetensors").stat().st_mode) == 0o666 & ~umask()


def umask() -> int:
    import os

    mask = os.umask(0)
    os.umask(mask)
    return mask


@on_posix
def test_a_failed_write_leaves_the_old_file(tmp_path: Path) -> None:
    import resource

    path = tmp_path / "x.safetensors"
    write_tensors(path, {"x": torch.zeros(2)})
    old = path.read_bytes()
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, limits[1]))
    try:
        with pytest.raises(GenzooError, match="could not be written"):
            write_tensors(path, {"x": torch.zeros(100_000)})
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert path.read_bytes() == old
    assert [file.name for file in tmp_path.iterdir() if file.name.startswith(".")] == []


def test_a_pinned_file_that_is_not_here(tmp_path: Path) -> None:
    folder = Folder(tmp_path, manifest.read_manifest()["features/genzoo-mnist-v1"])
    with pytest.raises(WeightsNotFoundError, match=r"has no train\.safetensors, which the manifest lists: install"):
        folder.file("train.safetensors")
