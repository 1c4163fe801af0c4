"""`genzoo export`: a net as one file that other programs run."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
import torch
from click.testing import CliRunner

import genzoo
from genzoo.checkpoint.folder import sign
from genzoo.checkpoint.graphs.model import encode, parse
from genzoo.checkpoint.manifest import weights_home
from genzoo.cli import main
from genzoo.errors import BadCheckpointError, GenzooError, UsageError
from genzoo.release.export import export
from genzoo.sampling import noise
from genzoo.sampling.integrity import update_hashes

pytestmark = pytest.mark.numeric
VAE, GAN, LSTM, PENALISED = (
    "vae-mnist-z10-l3",
    "dcgan-mnist-z10-l3",
    "lstmgan-mnist-z100-l2",
    "wgangp-mnist-z100-l3",
)


def shapes_after(program: str, names: str, folder: Path) -> list[str]:
    """The shapes of what five lines of Python leave, in a process that has no genzoo."""
    check = f"import sys\nassert 'genzoo' not in sys.modules\nprint(*(value.shape for value in ({names},)), sep=';')"
    command = [sys.executable, "-I", "-W", "error", "-c", f"{program}\n{check}"]
    run = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    return run.stdout.split(";")


def test_the_command_writes_a_file_and_the_program_that_runs_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    work = tmp_path / "work"
    work.mkdir()
    monkeypatch.chdir(work)
    with monkeypatch.context() as patched:
        patched.setattr("genzoo.sampling.model.Model.of_folder", None)  # which is torch's
        done = CliRunner().invoke(main, ["export", VAE, "digits.onnx"])
    assert done.exit_code == 0, done.stderr
    program = done.stdout.rstrip("\n")
    assert len(program.splitlines()) == 5
    assert shapes_after(program, "images", work) == ["(16, 1, 28, 28)\n"]
    model = onnx.load("digits.onnx")
    onnx.checker.check_model(model, full_check=True)
    assert [(opset.domain, opset.version) for opset in model.opset_import] == [("", 17)]
    operators = {node.op_type for node in model.graph.node}
    assert operators == {
        "Gemm", "LeakyRelu", "Reshape", "Conv", "Concat", "DepthToSpace", "Slice", "ConvTranspose", "Sigmoid"
    }  # fmt: skip
    size = Path("digits.onnx").stat().st_size
    assert f"Wrote digits.onnx: {size:,} bytes, {len(model.graph.node)} operators" in done.stderr
    again = CliRunner().invoke(main, ["export", VAE, "digits.onnx", "--dtype", "float16"])
    assert (again.exit_code, again.stdout) == (2, "")
    assert "digits.onnx is there already: name another file, or replace it by --overwrite." in again.stderr
    again = CliRunner().invoke(main, ["export", VAE, "digits.onnx", "--dtype", "float16", "--overwrite"])
    assert again.exit_code == 0, again.stderr
    assert Path("digits.onnx").stat().st_size < 0.6 * size
    assert os.listdir(work) == ["digits.onnx"]


@pytest.mark.parametrize(
    ("name", "net", "dtype"),
    [
        (VAE, "encoder", "float32"),
        (VAE, "encoder", "float16"),
        (GAN, "discriminator", "float16"),
        (LSTM, "generator", "float16"),
        (LSTM, "discriminator", "float32"),
        (PENALISED, "discriminator", "float32"),
    ],
)
def test_onnx_files_give_what_the_model_gives(name: str, net: Any, dtype: Any, tmp_path: Path) -> None:
    import onnxruntime

    done = export(name, tmp_path / "net.onnx", net, dtype)
    session = onnxruntime.InferenceSession(done.path, providers=["CPUExecutionProvider"])
    model = genzoo.load(name)
    images = model.sample(5, seed=1)
    z = noise.normals(1, 0, 5, model.entry.latent_size)
    expected: Any = images
    if net == "encoder":
        expected = torch.cat(model.encode(images))
    elif net == "discriminator":
        expected = model.score(images)
    port = session.get_inputs()[0]
    assert port.type == "tensor(float)"
    found = np.concatenate(session.run(None, {port.name: z if port.name == "z" else images.numpy()}))
    np.testing.assert_allclose(found, expected.numpy(), rtol=1e-4, atol=1e-3)


@pytest.mark.parametrize(
    ("name", "net"),
    [pytest.param(LSTM, "generator", marks=pytest.mark.slow), (VAE, "encoder"), (PENALISED, "discriminator")],
)
def test_exported_programs_of_torch(name: str, net: Any, tmp_path: Path) -> None:
    done = export(name, tmp_path / "net.pt2", net)
    assert done.size == done.path.stat().st_size
    names: dict[str, Any] = {}
    torch.manual_seed(0)
    exec(done.program, names)
    model = genzoo.load(name)
    if net == "generator":
        torch.testing.assert_close(names["images"], model.decode(names["z"]), rtol=0, atol=1e-4)
    elif net == "encoder":
        for found, right in zip((names["mean"], names["log_variance"]), model.encode(names["images"]), strict=True):
            torch.testing.assert_close(found, right, rtol=1e-4, atol=1e-3)
    else:
        torch.testing.assert_close(names["scores"], model.score(names["images"]), rtol=1e-4, atol=1e-3)


@pytest.mark.slow
def test_an_exported_program_runs_without_genzoo(tmp_path: Path) -> None:
    done = export(GAN, tmp_path / "net.pt2")
    assert shapes_after(done.program, "images", tmp_path) == ["torch.Size([16, 1, 28, 28])\n"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((VAE, "a.png"), r"'.*a\.png' has no ending that is known: end it in \.onnx or \.pt2"),
        ((VAE, "a.onnx", "discriminator"), "has no 'discriminator': it has generator and encoder"),
        ((GAN, "a.onnx", "encoder"), "has no 'encoder': it has generator and discriminator"),
        ((GAN, "a.pt2", "generator", "float16"), r"float16 are for \.onnx alone"),
        (("mnist-vae", "a.onnx"), "neither a model's name nor a folder"),
    ],
)
def test_what_cannot_be_exported(arguments: tuple[Any, ...], words: str, tmp_path: Path) -> None:
    source, file, *rest = arguments
    with pytest.raises(UsageError, match=words):
        export(source, tmp_path / file, *rest)
    assert not list(tmp_path.iterdir())


def test_places_that_cannot_be_written(tmp_path: Path) -> None:
    with pytest.raises(GenzooError, match="could not be written"):
        export(GAN, tmp_path / "nowhere" / "a.onnx")
    (tmp_path / "a.onnx").mkdir()
    with pytest.raises(GenzooError, match=r"a\.onnx is a folder"):
        export(GAN, tmp_path / "a.onnx", overwrite=True)


def test_torch_is_asked_where_golden_values_are_damaged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = Path(shutil.copytree(weights_home() / GAN, tmp_path / "gan"))
    update_hashes(folder)
    assert export(folder, tmp_path / "a.onnx").size
    (folder / "golden.safetensors").write_bytes(b"")
    assert export(folder, tmp_path / "b.onnx").size
    monkeypatch.setattr("genzoo.sampling.model.Model.of_folder", None)
    with pytest.raises(TypeError):
        export(folder, tmp_path / "c.onnx")


def steeper(data: bytes) -> bytes:
    model = parse(data)
    nodes = [replace(n, attributes={"alpha": 0.7}) if n.op == "LeakyRelu" else n for n in model.nodes]
    return encode(replace(model, nodes=tuple(nodes)))


@pytest.mark.parametrize(
    ("alter", "error", "words"),
    [(steeper, GenzooError, "would give other values than"), (lambda _: b"", BadCheckpointError, "is refused")],
)
@pytest.mark.parametrize("complete", [False, True])
def test_nothing_is_left_of_a_file_that_is_wrong(
    complete: bool, alter: Callable[[bytes], bytes], error: type[GenzooError], words: str, tmp_path: Path
) -> None:
    """By torch, and by golden values alone where the folder has those of both nets."""
    folder, out = tmp_path / "gan", tmp_path / "out"
    shutil.copytree(weights_home() / GAN, folder)
    if complete:
        update_hashes(folder)
    out.mkdir()
    (out / "net.onnx").write_bytes(b"what was there")
    (folder / "generator.onnx").write_bytes(alter((folder / "generator.onnx").read_bytes()))
    sign(folder)
    with pytest.raises(error, match=words):
        export(folder, out / "net.onnx", overwrite=True)
    assert [(path.name, path.read_bytes()) for path in out.iterdir()] == [("net.onnx", b"what was there")]
