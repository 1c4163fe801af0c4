"""Directions of latent spaces, the plane of two numbers, their pictures, and the page that tells of them."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
import textwrap
from pathlib import Path
from statistics import NormalDist
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from click.testing import CliRunner
from PIL import Image
from torch import Tensor, nn

import genzoo
from genzoo.checkpoint.folder import Folder
from genzoo.checkpoint.nets import read_latent_weight
from genzoo.cli import main
from genzoo.errors import UsageError
from genzoo.images.pixels import as_array
from genzoo.sampling.directions import IMAGES, Directions
from genzoo.sampling.elbo import gaussian_kl
from genzoo.sampling.plane import plane_latents
from genzoo.zoo.architecture import LatentWeight
from genzoo.zoo.catalog import ENTRIES

pytestmark = pytest.mark.numeric

PAGE = (Path(__file__).parents[1] / "docs" / "latents.md").read_text()
GANS = [
    "mlpgan-mnist-z100-l3",
    "dcgan-mnist-z10-l3",
    "dcgan-mnist-z100-l4-bn4",  # whose first layer is a transposed convolution
    "wgangp-cifar10-z100-l4",
    "convgan-mnist-z100-l2-s1",
    "lstmgan-mnist-z100-l2",
]
VAE = "mlpvae-mnist-z2-l2"


def first_layer(net: nn.Module, z: Tensor) -> Tensor:
    """How the first layer that has weights answers to latents, without its bias: (n, features)."""
    if isinstance(lstm := getattr(net, "lstm", None), nn.LSTM):
        return F.linear(z, lstm.get_parameter("weight_ih_l0"))
    seen: list[Tensor] = []
    layer = next(layer for layer in net if hasattr(layer, "weight"))  # type: ignore[attr-defined]
    handle = layer.register_forward_hook(lambda _, __, output: seen.append(output.flatten(1).clone()))
    net(torch.cat([torch.zeros_like(z[:1]), z]))
    handle.remove()
    return seen[0][1:] - seen[0][:1]


@pytest.mark.parametrize("name", GANS)
@torch.no_grad()
def test_the_principal_directions_move_the_first_layer_farthest(name: str) -> None:
    model = genzoo.load(name)
    found = genzoo.find_directions(model, 4)
    assert found.method == "principal"
    vectors = torch.from_numpy(found.vectors).float()
    moved = first_layer(model.generator, vectors).norm(dim=1)
    torch.testing.assert_close(moved, torch.from_numpy(found.strength).float(), rtol=1e-4, atol=1e-4)
    others = torch.randn(500, model.entry.latent_size, generator=torch.Generator().manual_seed(0))
    others -= others @ vectors.T @ vectors  # perpendicular to what was found
    others /= others.norm(dim=1, keepdim=True)
    assert float(first_layer(model.generator, others).norm(dim=1).max()) <= found.strength[-1]


def check(found: Directions) -> None:
    """Unit vectors at right angles, the strongest first, the largest number of each positive."""
    n, size = found.vectors.shape
    np.testing.assert_allclose(found.vectors @ found.vectors.T, np.eye(n), atol=1e-9)
    assert (np.diff(found.strength) <= 0).all()
    assert (found.vectors[np.arange(n), np.abs(found.vectors).argmax(1)] > 0).all()
    assert (found.origin.shape, found.span.shape, found.strength.shape) == ((size,), (n,), (n,))
    assert (found.span > 0).all()


@pytest.mark.parametrize("name", ["mlpgan-mnist-z100-l3", "dcgan-cifar10-z10-l3", VAE, "vae-mnist-z20-l3"])
def test_both_engines_find_the_same(name: str) -> None:
    by_torch = genzoo.find_directions(genzoo.load(name))
    by_graph = genzoo.find_directions(genzoo.load(name, engine="onnx"))
    check(by_torch)
    for attribute in ("origin", "vectors", "span", "strength"):
        np.testing.assert_allclose(getattr(by_torch, attribute), getattr(by_graph, attribute), atol=2e-3)
    assert len(by_torch.vectors) == min(8, ENTRIES[name].latent_size)
    stored = json.loads(json.dumps(by_graph.to_json()))
    assert stored["method"] == by_graph.method
    np.testing.assert_allclose(stored["vectors"], by_graph.vectors, atol=1e-9)


@torch.no_grad()
def test_a_vaes_dimensions_come_by_their_divergence() -> None:
    model = genzoo.load("vae-mnist-z200-l3")
    found = genzoo.find_directions(model, 1000)
    assert found.vectors.shape == (200, 200)
    assert found.method == "kl"
    check(found)
    mean, log_variance = model.encode(model.sample(IMAGES, seed=0))
    total = gaussian_kl(mean, log_variance).mean()
    torch.testing.assert_close(torch.tensor(found.strength.sum()).float(), total, rtol=1e-3, atol=0)
    first, last = (int(found.vectors[place].argmax()) for place in (0, -1))
    assert float(mean[:, first].std()) > 0.9, "the first tells images apart"
    assert float(mean[:, last].std()) < 0.1, "the last tells nothing"
    np.testing.assert_allclose(found.span[[0, -1]], 3, atol=0.6)


def test_traversals_change_one_coordinate() -> None:
    model = genzoo.load(GANS[0], engine="onnx")
    found = genzoo.find_directions(model, 3)
    z = model.latents(1, seed=4)[0]
    latents = found.traverse(z, steps=5)
    assert latents.shape == (3, 5, 100)
    assert latents.dtype == np.float32
    coordinates = latents @ found.vectors.T  # (directions, steps, directions)
    for row in range(3):
        np.testing.assert_allclose(coordinates[row, :, row], [-3, -1.5, 0, 1.5, 3], atol=1e-5)
        others = np.delete(coordinates[row], row, axis=1)
        np.testing.assert_allclose(others, np.delete(found.vectors @ z, row)[None].repeat(5, 0), atol=1e-5)
    np.testing.assert_allclose(found.traverse(torch.from_numpy(z), steps=5), latents)
    np.testing.assert_allclose(found.traverse(steps=3)[:, 1], 0, atol=1e-6)


def test_what_has_no_directions() -> None:
    model = genzoo.load(GANS[0], engine="onnx")
    found = genzoo.find_directions(model, 1)
    for ask, words in (
        (lambda: genzoo.find_directions(model, 0), "1 is the least"),
        (lambda: found.traverse(steps=1), "2 is the least"),
        (lambda: found.traverse(np.zeros((1, 100))), r"not \(1, 100\)"),
    ):
        with pytest.raises(UsageError, match=words):
            ask()


def test_nets_whose_first_weight_is_another(monkeypatch: pytest.MonkeyPatch) -> None:
    entry = ENTRIES[GANS[0]]
    folder: Folder = genzoo.load(GANS[0], engine="onnx").folder
    for name in ("first.weight", "0.bias", "2.weight"):  # none, no matrix, and of other inputs
        monkeypatch.setattr(type(entry.arch), "latent_weight", lambda *_, name=name: LatentWeight(name))
        with pytest.raises(UsageError, match=f"no weight generator.{name} that a latent meets"):
            read_latent_weight(folder, entry)


def test_a_plane_is_shared_out_evenly() -> None:
    places = plane_latents(ENTRIES[VAE], 5).reshape(5, 5, 2)
    mass = np.vectorize(NormalDist().cdf)(places)
    np.testing.assert_allclose(mass[..., 0], np.tile([0.1, 0.3, 0.5, 0.7, 0.9], (5, 1)), atol=1e-6)
    np.testing.assert_allclose(mass[..., 1].T, np.tile([0.9, 0.7, 0.5, 0.3, 0.1], (5, 1)), atol=1e-6)
    with pytest.raises(UsageError, match="1 is the least"):
        plane_latents(ENTRIES[VAE], 0)
    with pytest.raises(UsageError, match=f"latents of 20 numbers, and no plane: .*{VAE}.* have two"):
        plane_latents(ENTRIES["vae-mnist-z20-l3"])


def run(*args: object) -> str:
    """What a command says on stderr."""
    done = CliRunner().invoke(main, [*map(str, args)])
    assert done.exit_code == 0, done.output
    assert done.stdout == ""
    return done.stderr


def picture(path: Path) -> Any:
    with Image.open(path) as image:
        return np.asarray(image).astype(int)


def test_the_pictures_are_of_the_latents(tmp_path: Path) -> None:
    model = genzoo.load(GANS[0], engine="onnx")
    found, out = genzoo.find_directions(model, 2), tmp_path / "out.png"
    for options, z in ((("--seed", 3), model.latents(1, seed=3)[0]), (("--origin",), None)):
        said = run("traverse", GANS[0], out, "--directions", 2, "--steps", 3, *options)
        assert f"Wrote {out}, a row for each of 2 directions of {GANS[0]}:" in said
        assert f"{found.strength[1]:.2f}" in said
        last = as_array(model.decode(found.traverse(z, 3)[1]))[2, :, :, 0].astype(int)
        assert picture(out).shape == (4 * 58, 4 * 88)  # a small picture is enlarged, as that of `genzoo generate`
        assert np.abs(picture(out)[120::4, 240::4] - last).max() <= 1
    said = run("traverse", VAE, out, "--directions", 3, "--steps", 2)
    assert f", a row for each of 2 directions of {VAE}, which has no more:\n" in said
    assert picture(out).shape == (4 * 58, 4 * 58)
    said = run("manifold", VAE, out, "--side", 2)
    assert f"Wrote {out}, 2 x 2 images of the plane of {VAE}" in said
    vae = genzoo.load(VAE, engine="onnx")
    above = as_array(vae.decode(np.array([[0.6744898, 0.6744898]], np.float32)))[0, :, :, 0].astype(int)
    assert np.abs(picture(out)[: 4 * 28 : 4, 4 * 30 :: 4] - above).max() <= 1


@pytest.mark.parametrize(
    ("args", "code", "words"),
    [
        ("traverse vae-mnits out.png", 2, "did you mean vae-mnist"),
        ("traverse vae-mnist out.npz", 2, "end it in .png, .jpg"),
        ("traverse vae-mnist out.png/", 2, "end it in .png, .jpg"),
        ("traverse vae-mnist out.png --directions 0", 2, "0 is not in the range"),
        ("traverse vae-mnist none/out.png", 1, "no such file or directory"),
        ("manifold vae-mnist out.png", 2, "have two"),
        ("manifold mlpvae-mnist out.png --side 101", 2, "101 is not in the range"),
        ("manifold mlpvae-mnist folder.png", 1, "is a folder"),
    ],
)
def test_bad_input_is_one_sentence(
    args: str, code: int, words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "folder.png").mkdir()
    done = CliRunner().invoke(main, args.split())
    assert done.exit_code == code, done.output
    assert words in done.stderr.strip().splitlines()[-1]
    assert [path.name for path in tmp_path.rglob("*")] == ["folder.png"]


def test_torch_sleeps(checkpoint: Path, tmp_path: Path) -> None:
    program = textwrap.dedent("""
        import sys
        from genzoo.cli import main
        folder, out = sys.argv[1:]
        for args in (["traverse", folder], ["traverse", "dcgan-mnist-z10-l3"], ["manifold", folder, "--side", "3"]):
            main([*args, f"{out}/{args[0]}.png"], standalone_mode=False)
        print(*sorted({name.partition(".")[0] for name in sys.modules}))
    """)
    args = [sys.executable, "-W", "error", "-c", program, str(checkpoint), str(tmp_path)]
    done = subprocess.run(args, capture_output=True, text=True, check=True, env=dict(os.environ))
    loaded = set(done.stdout.split())
    assert {"genzoo", "numpy", "onnxruntime"} <= loaded
    assert not loaded & {"torch", "torchvision", "onnx", "huggingface_hub", "scipy", "matplotlib", "rich"}
    assert sorted(path.name for path in tmp_path.iterdir()) == ["manifold.png", "traverse.png"]


def test_the_page_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    lines = [line[4:] for line in PAGE.splitlines() if line.startswith("    ")]
    commands = [line for line in lines if line.startswith("genzoo ")]
    assert len(commands) == 4
    sizes = sorted(entry.latent_size for entry in ENTRIES.values())
    assert f"{sizes[0]} to {sizes[-1]} in the zoo" in PAGE
    for line in commands:
        run(*shlex.split(line, comments=True)[1:])
    exec("\n".join(line for line in lines if line not in commands), {})
    assert {path.name for path in tmp_path.iterdir()} == {
        *("between.png", "directions.png", "faces.png", "middle.png", "plane.png")
    }  # fmt: skip
