"""Both engines give what a seed gives, to a grey level; one of them never imports torch, the other minds what is done
to its nets.
"""

from __future__ import annotations

import copy
import json
import os
import pickle
import shutil
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from click.testing import CliRunner

import genzoo
from genzoo.accel import sessions
from genzoo.accel.sessions import Session
from genzoo.checkpoint.folder import sign
from genzoo.checkpoint.manifest import is_here, weights_home
from genzoo.checkpoint.tensors import read_arrays, read_tensors, write_tensors
from genzoo.cli import main
from genzoo.errors import BadCheckpointError, UsageError
from genzoo.images.pixels import make_grid, to_uint8
from genzoo.images.writers import save_images
from genzoo.sampling.model import Model
from genzoo.zoo.catalog import ENTRIES

from .peak import on_linux, on_posix

pytestmark = pytest.mark.numeric

GREY_LEVEL = 1 / 255
VAE, GAN = "mlpvae-mnist-z2-l1", "dcgan-cifar10-z10-l3"


def close(found: Any, expected: Any, most: float = GREY_LEVEL) -> None:
    np.testing.assert_allclose(np.asarray(found), np.asarray(expected), rtol=0, atol=most)


@pytest.fixture
def runs(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many images each run of a graph was asked for."""
    asked: list[int] = []
    run = Session.run

    def counted(session: Session, values: sessions.Array) -> tuple[sessions.Array, ...]:
        asked.append(len(values))
        return run(session, values)

    monkeypatch.setattr(Session, "run", counted)
    return asked


@pytest.mark.parametrize("name", [name for name in ENTRIES if is_here(name)])
def test_both_engines_give_the_same(name: str, runs: list[int]) -> None:
    model, other = genzoo.load(name), genzoo.load(name, engine="onnx")
    golden = read_tensors(weights_home() / name / "golden.safetensors")
    z = model.latents(5, seed=3, start=2)
    assert np.array_equal(z.numpy(), other.latents(5, seed=3, start=2))
    images = model.decode(z)
    assert not runs
    close(model.sample(3, seed=3, start=2, batch_size=2), images[:3])
    assert runs == [2, 1]
    close(other.sample(5, seed=3, start=2), images)
    close(other.decode(golden["latents"].float().numpy()), golden["images"].float())
    x = images.numpy()
    close(other.interpolate(other.latents(1)[0], z.numpy()[1], 3)[-1], images[1])
    if model.entry.is_vae:
        for found, expected in zip(other.encode(x), model.encode(images), strict=True):
            close(found, expected, 1e-3 * max(1.0, float(expected.abs().max())))
        close(other.reconstruct(x), model.reconstruct(images))
        close(other.sample(3, seed=3, prior="mixture"), model.sample(3, seed=3, prior="mixture"))
    else:
        scores = model.score(images)
        close(other.score(x), scores, 1e-3 * max(1.0, float(scores.abs().max())))


@pytest.mark.parametrize("name", [VAE, GAN])
def test_arrays_of_the_engine_without_torch(name: str) -> None:
    model = genzoo.load(name, engine="onnx")
    images = model.sample(70, seed=1)
    assert (str(images.dtype), images.shape) == ("float32", (70, *model.entry.dataset.shape))
    assert 0 <= images.min() < images.max() <= 1
    batches = list(model.iter_samples(70, seed=1, batch_size=32))
    assert [len(batch) for batch in batches] == [32, 32, 6]
    close(np.concatenate(batches), images)
    assert model.decode(model.latents(1)[:0]).shape == (0, *images.shape[1:])
    close(model.decode(model.latents(70, seed=1).astype(np.float64)), images)
    assert model.metrics == genzoo.load(name).metrics
    assert repr(model) == f"OnnxModel({name!r})"
    with pytest.raises(UsageError, match="is a VAE and has no discriminator" if model.entry.is_vae else "no encoder"):
        (model.score if model.entry.is_vae else model.encode)(images)


def test_images_of_either_engine_are_written_alike(tmp_path: Path) -> None:
    model = genzoo.load(GAN, engine="onnx")
    images = model.sample(9, seed=0)
    for name, given in (("array.npz", images), ("tensor.npz", torch.from_numpy(images))):
        save_images(given, tmp_path / name)
    assert (tmp_path / "array.npz").read_bytes() == (tmp_path / "tensor.npz").read_bytes()
    save_images(model.iter_samples(9, seed=0, batch_size=4), tmp_path / "batches.npy", n=9)
    assert np.abs(np.load(tmp_path / "batches.npy").astype(int) - to_uint8(torch.from_numpy(images))).max() <= 1
    assert make_grid(images).tobytes() == make_grid(torch.from_numpy(images)).tobytes()
    wrong: Any
    for wrong, words in (
        (images * 2, r"Pixels lie in \[0, 1\], not in"),
        (images - np.inf, "Pixels lie in"),
        (images[0], r"give one image as images\[:1\]"),
        (images.transpose(0, 2, 3, 1), "Arrays of images are uint8, not float32"),
        (images.astype(np.int64), "Arrays of images are uint8, not int64"),
    ):
        with pytest.raises(UsageError, match=words):
            make_grid(wrong)


WITHOUT_TORCH = """
import json, sys
from pathlib import Path
from genzoo import Model, load
from genzoo.cli import main

folder, out, arrays = sys.argv[1], Path(sys.argv[2]), []
for args in json.loads(sys.argv[3]):
    main(["generate", "-n", "3", "-m", *(text.format(folder=folder, out=out) for text in args)], standalone_mode=False)
for model in (load(folder, engine="onnx"), Model.from_pretrained("dcgan-cifar10-z10-l3", engine="onnx")):
    x = model.sample(3, seed=2, start=1)
    model.interpolate(*model.latents(2), 3)
    next(model.iter_samples(2))
    model.reconstruct(x) if model.entry.is_vae else model.score(x)
print(*sorted({name.partition(".")[0] for name in sys.modules}))
"""
COMMANDS = [
    ["vae-mnist-z20-l3", "{out}/name.png"],
    ["lstmgan-mnist", "{out}/alias.npz", "--seed", "4"],
    ["{folder}", "{out}/folder.npy", "--prior", "mixture", "--batch-size", "2"],
    ["{folder}", "{out}/pictures/"],
    ["dcgan-cifar10", "{out}/array.safetensors"],
]


def test_torch_sleeps(checkpoint: Path, tmp_path: Path) -> None:
    """And nothing of the user's home is touched, where newer runtimes write what they tell their makers."""
    args = [sys.executable, "-c", WITHOUT_TORCH, str(checkpoint), str(tmp_path), json.dumps(COMMANDS)]
    env = os.environ | {"HOME": str(tmp_path / "home")}
    done = subprocess.run(args, capture_output=True, text=True, check=False, env=env)
    assert done.returncode == 0, done.stderr
    assert all(line.startswith("Wrote ") for line in done.stderr.splitlines())
    loaded = set(done.stdout.split())
    assert {"genzoo", "numpy", "onnxruntime"} <= loaded
    assert not loaded & {"torch", "torchvision", "onnx", "huggingface_hub", "rich", "matplotlib", "sklearn", "jinja2"}
    model = genzoo.load("lstmgan-mnist")
    close(np.load(tmp_path / "alias.npz")["images"] / 255, to_uint8(model.sample(3, seed=4)) / 255, 1.01 * GREY_LEVEL)
    drawn = to_uint8(genzoo.load(checkpoint).sample(3, seed=0, prior="mixture")) / 255
    close(np.load(tmp_path / "folder.npy") / 255, drawn, 1.01 * GREY_LEVEL)
    names = ["alias.npz", "array.safetensors", "folder.npy", "name.png", "pictures"]
    assert sorted(path.name for path in tmp_path.iterdir()) == names  # and no home


def test_what_one_engine_lacks_names_the_other() -> None:
    model = genzoo.load(VAE, engine="onnx")
    x = model.sample(2, seed=0)
    calls: tuple[tuple[Callable[[], Any], str], ...] = (
        (lambda: genzoo.load(VAE, engine="onxx"), "There is no engine 'onxx': there are 'torch' and 'onnx'"),  # type: ignore[call-overload]
        (lambda: genzoo.load(VAE, "cuda", engine="onnx"), "on the CPU, not on 'cuda': take engine='torch'"),
        (
            lambda: genzoo.load(VAE, dtype=torch.float16, engine="onnx"),
            r"float32, not in 'torch\.float16': take engine",
        ),
        (lambda: model.elbo, f"engine='onnx' has no elbo: load {VAE} with engine='torch'"),  # type: ignore[attr-defined]
        (lambda: model.to("cuda"), "engine='onnx' has no to: load"),  # type: ignore[attr-defined]
        (lambda: model.generator, "engine='onnx' has no generator"),  # type: ignore[attr-defined]
        (lambda: model.decode(torch.zeros(1, 2)), r"not Tensor: give x\.numpy\(\), or load it with engine='torch'"),  # type: ignore[arg-type]
        (lambda: model.decode([[0.0, 0.0]]), "takes NumPy arrays with engine='onnx', not list"),  # type: ignore[arg-type]
        (lambda: model.decode(np.zeros((1, 2), "c8")), "latents of real numbers, not complex64"),
        (lambda: model.decode(np.array([["a", "b"]])), "takes arrays of numbers, not <U1"),
        (lambda: model.decode(np.zeros((2, 3))), r"shape \(n, 2\), not \(2, 3\)"),
        (lambda: model.encode(x[:, :, 1:]), r"images of shape \(n, 1, 28, 28\)"),
        (lambda: model.encode((255 * x).astype(np.uint8)), "not uint8: divide uint8 by 255"),
        (lambda: model.encode(x - 1), r"takes pixels in \[0, 1\], not in"),
        (lambda: model.interpolate(np.zeros((1, 2)), np.zeros(2), 3), "name one of several"),
        (lambda: model.sample(10**12), "more than there is: draw them in batches"),
        (lambda: next(model.iter_samples(10**12, batch_size=10**12)), "give a smaller batch_size"),
        (lambda: model.interpolate(np.zeros(2), np.ones(2), 2**70), "ask for fewer steps"),
    )
    for call, words in calls:
        with pytest.raises(UsageError, match=words):
            call()
    assert not hasattr(model, "elbo")
    with pytest.raises(AttributeError, match="has no attribute 'colour'"):
        model.colour  # type: ignore[attr-defined]  # noqa: B018
    assert repr(genzoo.load(VAE, engine="torch")) == repr(genzoo.load(VAE))


@pytest.mark.parametrize(
    "change",
    [
        lambda model: next(model.generator.parameters()).zero_(),
        lambda model: next(model.nets["generator"].parameters()).zero_(),
        lambda model: setattr(model, "generator", torch.nn.Sequential(model.generator, torch.nn.Tanh())),
    ],
    ids=["generator", "nets", "another net"],
)
def test_samples_are_of_the_nets_as_a_caller_changed_them(change: Callable[[Model], object], runs: list[int]) -> None:
    model = genzoo.load(VAE)
    before = model.sample(2, seed=0)
    assert runs == [2]
    with torch.no_grad():
        change(model)
    after = model.sample(2, seed=0)
    assert runs == [2]
    close(after, model.decode(model.latents(2, seed=0)).detach())
    assert (after - before).abs().max() > 0.05


def test_what_is_computed_by_torch_alone(checkpoint: Path, tmp_path: Path, runs: list[int]) -> None:
    drawn = genzoo.load(checkpoint).sample(2, seed=0)
    assert runs == [2]
    close(genzoo.load(checkpoint, dtype=torch.bfloat16).sample(2, seed=0), drawn, 0.05)
    assert runs == [2]
    folder = Path(shutil.copytree(checkpoint, tmp_path / "run"))
    (folder / "generator.onnx").unlink()
    sign(folder)
    close(genzoo.load(folder).sample(2, seed=0), drawn)
    done = CliRunner().invoke(main, ["generate", "-m", str(folder), "-n", "2", str(tmp_path / "out.npy")])
    assert done.exit_code == 0, done.stderr
    close(np.load(tmp_path / "out.npy") / 255, to_uint8(drawn) / 255, 1.01 * GREY_LEVEL)
    assert runs == [2]
    with pytest.raises(BadCheckpointError, match=r"has no generator\.onnx"):
        genzoo.load(folder, engine="onnx")


def test_a_damaged_graph_does_not_run(checkpoint: Path, tmp_path: Path, runs: list[int]) -> None:
    folder = Path(shutil.copytree(checkpoint, tmp_path / "run"))
    drawn = genzoo.load(checkpoint).sample(2, seed=0)
    graph = folder / "generator.onnx"
    graph.write_bytes(graph.read_bytes()[:-1] + b"\xff")
    with pytest.raises(BadCheckpointError, match=r"generator\.onnx is damaged or altered"):
        genzoo.load(folder, engine="onnx")
    runs.clear()
    close(genzoo.load(folder).sample(2, seed=0), drawn)  # torch needs none
    assert not runs


def test_a_folder_that_is_another_by_now(checkpoint: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(checkpoint, tmp_path / "run"))
    model = genzoo.load(folder)
    images = model.decode(model.latents(4, seed=0))
    shutil.rmtree(folder)
    shutil.copytree(weights_home() / VAE, folder)
    assert (genzoo.load(folder).sample(4, seed=0) - images).abs().max() > 0.1
    close(model.sample(4, seed=0), images)


def test_copies_of_a_model_give_what_it_gives() -> None:
    models: tuple[Any, ...] = (genzoo.load(VAE), genzoo.load(VAE, engine="onnx"))
    for model in models:
        images = model.sample(2, seed=0)
        for other in (copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
            close(other.sample(2, seed=0), images)
            close(other.decode(other.latents(2, seed=0)), images)


def test_threads_get_one_net_and_one_session(monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[Any] = []
    really = sessions._open

    def counted(graph: Any) -> Any:
        opened.append(graph)
        return really(graph)

    monkeypatch.setattr(sessions, "_open", counted)
    model = genzoo.load(GAN)
    with ThreadPoolExecutor(8) as pool:
        drawn = list(pool.map(lambda _: model.sample(3, seed=0), range(16)))
        nets = {id(net) for net in pool.map(lambda _: model.generator, range(16))}
    assert (len(opened), len(nets)) == (1, 1)
    for images in drawn:
        assert torch.equal(images, drawn[0])


FORKED = """
import os, sys, numpy as np, genzoo
model = genzoo.load(sys.argv[1], engine="onnx")
images = model.sample(80, seed=0)
if (child := os.fork()) == 0:
    sys.exit(0 if np.allclose(model.sample(80, seed=0), images, atol=1e-4) else 3)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""


@on_posix
def test_a_forked_process_has_threads_of_its_own() -> None:
    env = os.environ | {"OMP_NUM_THREADS": "2"}
    subprocess.run([sys.executable, "-c", FORKED, GAN], env=env, check=True, timeout=60)


@on_linux
def test_threads_are_torchs_or_the_environments(monkeypatch: pytest.MonkeyPatch) -> None:
    assert sessions.threads() == torch.get_num_threads()
    monkeypatch.delitem(sys.modules, "torch")
    for text, expected in (("3", 3), ("2,1", 2), ("0", None), ("many", None), ("", None)):
        monkeypatch.setenv("OMP_NUM_THREADS", text)
        assert sessions.threads() == (expected or len(os.sched_getaffinity(0)))


def test_arrays_are_read_as_tensors_are(tmp_path: Path) -> None:
    path, values = tmp_path / "some.safetensors", torch.tensor([[1.5, -0.1, 3e-8], [65504.0, 0.0, 1e-5]])
    kinds = {"half": torch.float16, "brain": torch.bfloat16, "single": torch.float32}
    write_tensors(path, {name: values.to(kind) for name, kind in kinds.items()})
    shapes = dict.fromkeys(kinds, (2, 3))
    arrays, tensors = read_arrays(path, shapes), read_tensors(path)
    for name in kinds:
        assert np.array_equal(arrays[name], tensors[name].float().numpy())
    assert list(read_arrays(path, {"brain": (2, 3)}, among_others=True)) == ["brain"]
    for expected, words in (
        ({"brain": (2, 3)}, r"unknown \['half', 'single'\]"),
        ({**shapes, "more": (1,)}, r"missing \['more'\]"),
        ({**shapes, "half": (3, 2)}, r"misshapen \['half \[2, 3\] for \[3, 2\]'\]"),
    ):
        with pytest.raises(BadCheckpointError, match=words):
            read_arrays(path, expected)
    write_tensors(path, {"one": torch.tensor([float("nan")])})
    with pytest.raises(BadCheckpointError, match="has values that are not finite"):
        read_arrays(path, {"one": (1,)})
    write_tensors(path, {"one": torch.tensor([1])})
    with pytest.raises(BadCheckpointError, match="its tensors are of other types"):
        read_arrays(path, {"one": (1,)})
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(BadCheckpointError, match="is damaged"):
        read_arrays(path, {"one": (1,)})
