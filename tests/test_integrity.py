"""Weights that were swapped, zeroed, flipped or lost: noticed by whatever reads them, and signed anew on purpose."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from click.testing import CliRunner, Result

import genzoo
from genzoo.checkpoint import folder as checkpoints
from genzoo.checkpoint import manifest
from genzoo.checkpoint.checksums import read_sums
from genzoo.checkpoint.files import sha256
from genzoo.checkpoint.folder import LocalFolder, renew, sign
from genzoo.checkpoint.graphs.model import encode, parse
from genzoo.checkpoint.manifest import is_here, read_manifest, weights_home
from genzoo.checkpoint.measurement import read_metrics
from genzoo.checkpoint.nets import read_golden
from genzoo.checkpoint.tensors import read_tensors, write_tensors
from genzoo.cli import main
from genzoo.errors import BadCheckpointError, GenzooError, UsageError
from genzoo.evaluate import write_metrics
from genzoo.sampling.golden import changed_nets
from genzoo.sampling.integrity import update_hashes, verify
from genzoo.train import train
from genzoo.zoo.catalog import ENTRIES

from .conftest import noise_images, plan
from .peak import on_linux

GAN, VAE = "dcgan-mnist-z10-l3", "mlpvae-mnist-z2-l1"
NOT_SIGNED = r"is damaged or altered: its SHA-256 is [0-9a-f]{64}, SHA256SUMS has [0-9a-f]{64}; .*--update-hashes"


@pytest.fixture
def folder(checkpoint: Path, tmp_path: Path) -> Path:
    """A finished run, which a test may alter."""
    return Path(shutil.copytree(checkpoint, tmp_path / "run"))


def command(*args: object) -> Result:
    return CliRunner().invoke(main, [*map(str, args)])


def flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[-100] ^= 1
    path.write_bytes(data)


def zero(path: Path) -> None:
    tensors = read_tensors(path).items()
    write_tensors(path, {name: t.clone() if name.startswith("mixture") else torch.zeros_like(t) for name, t in tensors})


def swap(path: Path) -> None:
    shutil.copyfile(weights_home() / VAE / path.name, path)


@pytest.mark.parametrize("alter", [flip, zero, swap])
def test_weights_that_were_altered_do_not_load(folder: Path, alter: Callable[[Path], None]) -> None:
    alter(folder / "model.safetensors")
    with pytest.raises(BadCheckpointError, match=rf"model\.safetensors {NOT_SIGNED}") as caught:
        genzoo.load(folder)
    assert str(caught.value).isprintable()
    done = command("generate", "-m", folder, folder.parent / "out.png")
    assert (done.exit_code, done.stdout) == (1, "")
    assert "model.safetensors is damaged or altered" in done.stderr
    sign(folder)  # or else it would have loaded, and drawn
    assert genzoo.load(folder).sample(1, seed=0).shape == (1, 1, 28, 28)


@pytest.mark.parametrize("source", ["run", "user/run"])
def test_each_file_is_held_against_its_hash_as_it_is_read(
    source: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = Path(shutil.copytree(weights_home() / GAN, tmp_path / source))
    monkeypatch.chdir(tmp_path)
    flip(folder / "discriminator.safetensors")
    flip(folder / "golden.safetensors")
    flip(folder / "metrics.json")
    model = genzoo.load(source)
    for name, read in (
        ("discriminator.safetensors", lambda: model.score(torch.zeros(1, 1, 28, 28))),
        ("golden.safetensors", lambda: read_golden(model.folder, model.entry)),
        ("metrics.json", lambda: model.metrics),
        ("metrics.json", lambda: genzoo.hub.find_folder(source).file("metrics.json")),
    ):
        with pytest.raises(BadCheckpointError, match=f"{name} {NOT_SIGNED}"):
            read()
    flip(folder / "config.json")
    for read_config in (genzoo.load, genzoo.info):
        with pytest.raises(BadCheckpointError, match=rf"config\.json {NOT_SIGNED}"):
            read_config(source)


@pytest.mark.parametrize("source", [None, VAE])
def test_what_is_read_is_hashed_once_each_time(
    source: str | None, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hashed: list[str] = []

    def count(path: Path) -> str:
        hashed.append(path.name)
        return sha256(path)

    monkeypatch.setattr(checkpoints, "sha256", count)
    model = genzoo.load(source or folder)
    # Nets and mixture of a folder that is not pinned are read at once, others when they are needed.
    at_once, later = (["model.safetensors"], []) if source is None else ([], ["model.safetensors"])
    assert hashed == ["config.json", *at_once, "model.safetensors", "generator.onnx"]
    hashed.clear()
    model.sample(2, seed=0, prior="mixture")
    assert hashed == [*later, "generator.onnx", "model.safetensors"]
    hashed.clear()
    for _ in range(2):
        model.reconstruct(model.sample(2, seed=0, prior="mixture"))
        assert hashed == later
    if source is None:
        swap(folder / "model.safetensors")
        with pytest.raises(BadCheckpointError, match=NOT_SIGNED):
            changed_nets(model)


def test_a_folder_that_nobody_signed(folder: Path) -> None:
    sums = read_sums(folder)
    (folder / "SHA256SUMS").write_text("".join(f"{sums[name]}  {name}\n" for name in sums if name[0] != "m"))
    with pytest.raises(BadCheckpointError, match=r"model\.safetensors .*: it is not listed in SHA256SUMS; "):
        genzoo.load(folder)
    (folder / "SHA256SUMS").unlink()
    (folder / "state.safetensors").unlink()
    with pytest.raises(BadCheckpointError, match=r"has no SHA256SUMS: without it nobody can tell .*--update-hashes"):
        genzoo.load(folder)
    (folder / "model.safetensors").rename(folder / "model.pt")
    with pytest.raises(BadCheckpointError, match=r"has no SHA256SUMS: it holds .*a pickle can run any program"):
        genzoo.load(folder)


A = "0" * 64


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (f"{A}  ../x\n", "its line 1 is '0{64}  ../x', not a SHA-256 and a plain name"),
        (f"{A}  a\n{A}  /etc/passwd\n", "its line 2 is"),
        (f"{A}  a/b\n", "its line 1 is"),
        (f"{A}  .a\n", "its line 1 is"),
        (f"{A}  {'a' * 256}\n", "its line 1 is"),
        (f"\\{A}  a\\nb\n", "its line 1 is"),
        (f"{A[1:]}  a\n", "its line 1 is"),
        (f"{'A' * 64}  a\n", "its line 1 is"),
        (f"{A}  a\r\n", "its line 1 is"),
        (f"{A}  a\n\n", "its line 2 is ''"),
        (f"{A} a\n", "its line 1 is"),
        ("\x1b[2J\n", r"its line 1 is '\\x1b\[2J'"),
        (f"{A}  a", "its last line is cut short"),
        (f"{A}  a\n{A[1:]}1  a\n", "it lists a twice"),
        (f"{A}  é\n", "it is not plain text"),
        (f"{A}  a\n" * 10_000, "it is larger than 64,000 bytes"),
    ],
)
def test_lists_that_are_none(folder: Path, text: str, words: str) -> None:
    (folder / "SHA256SUMS").write_bytes(text.encode())
    with pytest.raises(BadCheckpointError, match=rf"SHA256SUMS is damaged \({words}.*\): fetch or train") as caught:
        genzoo.load(folder)
    assert str(caught.value).isprintable()
    [row] = verify([str(folder)])
    assert list(row.damaged) == [str(folder / "SHA256SUMS")]


@pytest.mark.parametrize("target", ["/dev/zero", "nothing", "SHA256SUMS"])
def test_lists_that_lead_elsewhere(folder: Path, target: str) -> None:
    (folder / "SHA256SUMS").unlink()
    (folder / "SHA256SUMS").symlink_to(target)
    with pytest.raises(BadCheckpointError, match="has no SHA256SUMS"):
        genzoo.load(folder)
    (folder / "state.safetensors").unlink()
    update_hashes(folder)  # replaces the link, and writes nothing through it
    assert not (folder / "SHA256SUMS").is_symlink()
    genzoo.load(folder)


def test_a_file_too_large_to_be_hashed(folder: Path) -> None:
    os.truncate(folder / "model.safetensors", 10**12)
    with pytest.raises(BadCheckpointError, match="it has 1,000,000,000,000 bytes, more than any file of a small model"):
        genzoo.load(folder)


@on_linux
def test_sha256sum_reads_the_list(folder: Path) -> None:
    args = ["sha256sum", "-c", "--strict", "SHA256SUMS"]
    done = subprocess.run(args, cwd=folder, capture_output=True, text=True, check=True)
    files = {path.name for path in folder.iterdir()} - {"state.safetensors", "SHA256SUMS"}
    assert set(done.stdout.splitlines()) == {f"{name}: OK" for name in files}


def test_the_shipped_folders_are_signed() -> None:
    for name in ENTRIES:
        listed = read_manifest()[name]
        sums = read_sums(weights_home() / name)
        assert sums == {file: facts.sha256 for file, facts in listed.items() if file != "SHA256SUMS"}
        assert json.loads((weights_home() / name / "config.json").read_text()).get("versions", "absent") != "absent"


def test_verify_names_what_is_wrong(folder: Path) -> None:
    (folder / "diary.txt").write_text("my own")
    done = command("verify", folder)
    assert (done.exit_code, done.stdout) == (0, f"{folder}  ok, 9 files, golden images come out\n"), done.stderr
    flip(folder / "samples.png")
    (folder / "losses.png").unlink()
    (folder / "metrics.json").write_text("{}")
    done = command("verify", folder, "--json")
    [row] = json.loads(done.stdout)
    assert (done.exit_code, row["golden"]) == (1, False)
    words = ("samples.png", "its SHA-256 is"), ("losses.png", "it is missing"), ("metrics.json", "it is not listed")
    assert set(row["damaged"]) == {str(folder / name) for name, _ in words}
    assert all(row["damaged"][str(folder / name)].startswith(text) for name, text in words)
    assert f"Error: {folder} cannot be trusted" in done.stderr


def test_verify_loads_every_net_and_draws_golden_images(tmp_path: Path) -> None:
    folder = Path(shutil.copytree(weights_home() / GAN, tmp_path / "gan"))
    zero(folder / "model.safetensors")
    write_tensors(folder / "discriminator.safetensors", {"discriminator.x": torch.zeros(1)})
    sign(folder)
    assert "discriminator.safetensors does not fit its config.json" in command("verify", folder).stdout
    assert command("verify", folder, "--no-deep").stdout == f"{folder}  ok, 10 files\n"
    shutil.copy(weights_home() / GAN / "discriminator.safetensors", folder)
    sign(folder)
    done = command("verify", folder, GAN, "--deep")
    assert done.exit_code == 1
    altered, shipped = done.stdout.splitlines()
    assert "does not give its golden images" in altered
    assert shipped == f"{GAN}  ok, 11 files, golden images come out"


def without_torch(*sources: object) -> list[Any]:
    """What `genzoo verify --json` prints of folders in a process of its own, which must not import torch."""
    code = (
        "import sys\n"
        "from genzoo.cli import main\n"
        "main(['verify', '--json', *sys.argv[1:]], standalone_mode=False)\n"
        "print('torch' if 'torch' in sys.modules else '', file=sys.stderr, end='')\n"
    )
    args = [sys.executable, "-W", "error", "-c", code, *map(str, sources)]
    done = subprocess.run(args, capture_output=True, text=True, check=False)
    assert done.stderr == "", done.stdout
    rows: list[Any] = json.loads(done.stdout)
    return rows


@pytest.mark.numeric
def test_nets_of_each_family_are_verified_without_torch(checkpoint: Path) -> None:
    """Trained folders know what their other net must give; of an entry the manifest has the graph's hash."""
    sources = ["mlpgan-mnist", "mlpvae-mnist", "convgan-mnist", "lstmgan-mnist", "dcgan-cifar10", "vae-mnist"]
    assert all(row["golden"] and not row["damaged"] for row in without_torch(*sources, checkpoint))


@pytest.mark.slow
@pytest.mark.numeric
def test_every_entry_is_verified_without_torch() -> None:
    rows = without_torch()
    assert [row["name"] for row in rows] == list(read_manifest())
    assert not any(row["damaged"] for row in rows)
    assert {row["name"] for row in rows if row["golden"]} == {name for name in ENTRIES if is_here(name)}


@pytest.fixture(scope="module")
def runs(checkpoint: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A VAE's folder and a GAN's, both of this version."""
    folder = Path(shutil.copytree(weights_home() / GAN, tmp_path_factory.mktemp("gan") / "run"))
    update_hashes(folder)
    return {"encoder": checkpoint, "discriminator": folder}


def other_slope(path: Path) -> None:
    graph = parse(path.read_bytes())
    nodes = [
        dataclasses.replace(node, op="LeakyRelu", attributes={"alpha": 0.7}) if node.op.endswith("Relu") else node
        for node in graph.nodes
    ]
    path.write_bytes(encode(dataclasses.replace(graph, nodes=tuple(nodes))))


def other_tensors(change: Callable[[dict[str, torch.Tensor]], object]) -> Callable[[Path], None]:
    def alter(path: Path) -> None:
        tensors = {name: tensor.clone() for name, tensor in read_tensors(path).items()}
        change(tensors)
        write_tensors(path, tensors)

    return alter


@pytest.mark.parametrize(
    ("net", "file", "alter", "words"),
    [
        ("encoder", "generator.onnx", other_slope, "does not give its golden images"),
        ("encoder", "encoder.onnx", other_slope, "does not give its golden means and log-variances"),
        ("discriminator", "discriminator.onnx", other_slope, "does not give its golden scores"),
        ("discriminator", "discriminator.safetensors", zero, "does not give its golden scores"),
        ("discriminator", "golden.safetensors", other_tensors(lambda t: t["scores"].add_(0.5)), "golden scores"),
        ("discriminator", "golden.safetensors", other_tensors(lambda t: t.update(logits=t.pop("scores"))),
         "missing [], unknown ['logits']"),
        ("encoder", "golden.safetensors", other_tensors(lambda t: t.pop("mean")), "missing ['mean']"),
        ("encoder", "model.safetensors", other_tensors(lambda t: t.update(x=torch.zeros(1))), "unknown ['x']"),
        ("encoder", "model.safetensors", other_tensors(lambda t: t.pop("encoder.1.bias")),
         "missing ['encoder.1.bias']"),
        ("encoder", "model.safetensors", other_tensors(lambda t: t["mixture.covariances"].zero_()),
         "positive definite"),
        ("encoder", "model.safetensors", other_tensors(lambda t: t["encoder.1.bias"].fill_(float("nan"))),
         "values that are not finite"),
    ],
)  # fmt: skip
def test_what_graphs_alone_notice(
    runs: dict[str, Path],
    net: str,
    file: str,
    alter: Callable[[Path], None],
    words: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("genzoo.sampling.model.Model.of_folder", None)  # which is torch's
    folder = Path(shutil.copytree(runs[net], tmp_path / "run"))
    assert [row.damaged for row in verify([str(folder)])] == [{}]
    alter(folder / file)
    sign(folder)
    [row] = verify([str(folder)])
    assert not row.golden
    assert words in row.damaged[str(folder)]


def test_folders_of_earlier_versions_are_held_against_torch(runs: dict[str, Path], tmp_path: Path) -> None:
    folder = Path(shutil.copytree(runs["discriminator"], tmp_path / "run"))
    before = (folder / "golden.safetensors").read_bytes()
    other_tensors(lambda tensors: tensors.pop("scores"))(folder / "golden.safetensors")
    sign(folder)
    assert command("verify", folder).exit_code == 0
    other_slope(folder / "discriminator.onnx")
    sign(folder)
    assert "discriminator.onnx gives other values than the discriminator beside it" in command("verify", folder).stdout
    update_hashes(folder)
    assert (folder / "golden.safetensors").read_bytes() == before
    genzoo.load(folder).check()
    zero(folder / "discriminator.safetensors")
    sign(folder)
    with pytest.raises(BadCheckpointError, match="does not give its golden scores"):
        genzoo.load(folder).check()


def test_a_shipped_entry_whose_golden_images_are_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = tmp_path / "weights"
    shutil.copytree(weights_home() / VAE, home / VAE)
    zero(home / VAE / "model.safetensors")
    manifest.write_manifest(home)
    monkeypatch.setattr(manifest, "weights_root", lambda: str(home))
    [row] = verify()
    assert list(row.damaged) == [str(home / VAE)]
    assert [row.damaged for row in verify(deep=False)] == [{}]


def test_who_alters_weights_on_purpose_signs_them(folder: Path) -> None:
    zero(folder / "model.safetensors")
    kept = {path.name: path.read_bytes() for path in folder.iterdir()}
    done = command("verify", folder, "--update-hashes")
    assert (done.exit_code, done.stdout) == (0, f"{folder}  ok, 9 files, golden images come out\n"), done.stderr
    assert f"Wrote {folder / 'SHA256SUMS'} of 9 files" in done.stderr
    changed = {name for name in kept if (folder / name).read_bytes() != kept[name]}
    assert changed == {"SHA256SUMS", "golden.safetensors"}
    assert set(kept) == {path.name for path in folder.iterdir()}
    genzoo.load(folder).check()


def test_what_does_not_load_is_not_signed(folder: Path) -> None:
    def refused(words: str) -> None:
        before = {path: path.read_bytes() for path in folder.iterdir()}
        with pytest.raises(GenzooError, match=words):
            update_hashes(folder)
        assert {path: path.read_bytes() for path in folder.iterdir()} == before

    path, right = folder / "model.safetensors", (folder / "model.safetensors").read_bytes()
    write_tensors(path, {"generator.x": torch.zeros(1)})
    refused("does not fit its config")
    path.write_bytes(right)
    tensors = {name: t.float() if name.startswith("mixture") else t.float() * 1e38 for name, t in
               read_tensors(path).items()}  # fmt: skip
    write_tensors(path, tensors)
    refused("images that are not finite")
    path.write_bytes(right)
    (folder / "SHA256SUMS").unlink()
    refused("it holds a run that has not ended: go on with it")
    with pytest.raises(UsageError, match="is not a folder on this machine"):
        update_hashes(folder / "none")
    for sources in ((), (VAE,), (folder, "user/model")):
        done = command("verify", "--update-hashes", *sources)
        assert (done.exit_code, done.stdout) == (2, "")
        assert "--update-hashes signs checkpoint folders on this machine" in done.stderr


def test_a_measurement_renews_its_own_line_alone(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    measured = read_metrics(weights_home() / VAE / "metrics.json")
    other = dataclasses.replace(measured, n=5)

    def interrupted(_: Path) -> None:
        raise KeyboardInterrupt

    before = read_sums(folder)
    write_metrics(folder / "metrics.json", measured)
    with monkeypatch.context() as patched:
        patched.setattr("genzoo.evaluate.measure.renew", interrupted)
        with pytest.raises(KeyboardInterrupt):
            write_metrics(folder / "metrics.json", other)
    assert genzoo.load(folder).sample(1).shape == (1, 1, 28, 28)
    with pytest.raises(BadCheckpointError, match=rf"metrics\.json {NOT_SIGNED}"):
        _ = genzoo.load(folder).metrics
    write_metrics(folder / "metrics.json", other)
    assert genzoo.load(folder).metrics == other
    assert read_sums(folder) == before | {"metrics.json": sha256(folder / "metrics.json")}
    # What somebody altered meanwhile stays altered.
    flip(folder / "model.safetensors")
    write_metrics(folder / "metrics.json", measured)
    assert LocalFolder(folder).problem("metrics.json") is None
    with pytest.raises(BadCheckpointError, match=rf"model\.safetensors {NOT_SIGNED}"):
        genzoo.load(folder)


def test_other_lists_are_left_alone(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "metrics.json").write_text("{}")
    renew(tmp_path / "metrics.json")
    assert not (tmp_path / "SHA256SUMS").exists()
    (tmp_path / "SHA256SUMS").write_text("of something else")
    renew(tmp_path / "metrics.json")
    assert (tmp_path / "SHA256SUMS").read_text() == "of something else"
    before = read_sums(folder)
    renew(folder / "state.safetensors")
    renew(folder / "metrics.json")  # which is not there
    assert read_sums(folder) == before
    (folder / "SHA256SUMS").write_text("cut")
    with pytest.raises(BadCheckpointError, match="its last line is cut short"):
        renew(folder / "samples.png")


def test_a_run_that_is_made_longer_stays_signed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = noise_images(ENTRIES[VAE].dataset, 300)
    run = plan(VAE, tmp_path / "run", save_minutes=1e-6)
    out = train(run, data)
    kept, history = (out / "model.safetensors").read_bytes(), (out / "history.jsonl").read_bytes()

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("genzoo.train.run._finish", interrupted)
        with pytest.raises(KeyboardInterrupt):
            train(dataclasses.replace(run, steps=8), data, resume=True)
    assert (out / "model.safetensors").read_bytes() == kept
    assert (out / "history.jsonl").read_bytes() != history
    assert [row.damaged for row in verify([str(out)])] == [{}]


def test_a_copy_is_signed_with_the_card_of_its_owner(folder: Path, tmp_path: Path) -> None:
    (folder / "README.md").write_text("Mine.")
    genzoo.load(folder).save_pretrained(tmp_path / "saved")
    sums = read_sums(tmp_path / "saved")
    assert sums == read_sums(folder) | {"README.md": hashlib.sha256(b"Mine.").hexdigest()}
    (folder / "samples.png").write_bytes(b"another grid")
    with pytest.raises(BadCheckpointError, match=rf"samples\.png {NOT_SIGNED}"):
        genzoo.load(folder).save_pretrained(tmp_path / "again")
    assert not (tmp_path / "again").exists()
