"""Two processes on gloo: they share batches and ranges, and come to what one process comes to."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from genzoo.checkpoint.tensors import read_tensors
from genzoo.platforms import lock

pytestmark = pytest.mark.numeric

ROOT = Path(__file__).parents[1]
TORCHRUN = ("torch.distributed.run", "--nproc-per-node", "2", "--master-port", "0", "--rdzv-backend", "c10d",
            "--rdzv-endpoint", "localhost:0")  # fmt: skip
# `--cpu` starts several processes by mpirun alone; what `--multi_gpu` starts may run on the processor.
ACCELERATE = ("accelerate.commands.launch", "--multi_gpu", "--num_processes", "2", "--num_machines", "1",
              "--mixed_precision", "no", "--dynamo_backend", "no")  # fmt: skip


def run(*args: object, cwd: Path) -> str:
    env = os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        [sys.executable, "-m", *map(str, args)], cwd=cwd, env=env, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


@pytest.fixture(scope="module")
def digits(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of real digits."""
    from PIL import Image

    folder = tmp_path_factory.mktemp("digits")
    sheet = np.asarray(Image.open(ROOT / "tests/data/digits.png").convert("L"))
    for i in range(100):
        row, column = divmod(i, 10)
        Image.fromarray(sheet[28 * row : 28 * row + 28, 28 * column : 28 * column + 28]).save(folder / f"{i:03}.png")
    return folder


TRAIN = ("train", "mlpgan-mnist-z100-l4", "--steps", 12, "--batch-size", 20, "--device", "cpu", "--precision", "fp32")


@pytest.mark.slow
@pytest.mark.parametrize("launcher", [TORCHRUN, ACCELERATE], ids=["torchrun", "accelerate"])
def test_two_processes_train_what_one_trains(launcher: tuple[str, ...], digits: Path, tmp_path: Path) -> None:
    module = ("-m", "genzoo") if launcher is TORCHRUN else ("--module", "genzoo")
    # `--resume` begins what is not there, in all processes alike.
    run(*launcher, *module, *TRAIN, "--data", digits, "--out", "two", "--resume", cwd=tmp_path)
    run("genzoo", *TRAIN, "--data", digits, "--out", "one", cwd=tmp_path)
    two, one = (read_tensors(tmp_path / name / "state.safetensors") for name in ("two", "one"))
    assert two.keys() == one.keys()
    for name in one:
        if name.startswith(("nets.", "average.")):
            torch.testing.assert_close(two[name], one[name], rtol=1e-3, atol=1e-4)
    settings = json.loads((tmp_path / "two" / "config.json").read_text())["training"]
    assert settings["processes"] == 2


@pytest.mark.slow
def test_two_processes_are_kept_out_of_a_locked_folder(digits: Path, tmp_path: Path) -> None:
    out = tmp_path / "run"
    out.mkdir()
    args = (*TORCHRUN, "-m", "genzoo", *TRAIN, "--data", digits, "--out", out)
    env = os.environ | {"PYTHONPATH": str(ROOT)}
    with lock(out / ".lock"):
        done = subprocess.run(
            [sys.executable, "-m", *map(str, args)], env=env, capture_output=True, text=True, check=False
        )
        assert done.returncode != 0
        assert f"Error: Another process is training in {out}" in done.stderr
        assert [path.name for path in out.iterdir()] == [".lock"]


@pytest.mark.slow
def test_two_processes_print_one_plan(digits: Path, tmp_path: Path) -> None:
    plan = run(*TORCHRUN, "-m", "genzoo", *TRAIN, "--data", digits, "--dry-run", cwd=tmp_path)
    assert plan.count("images/s") == 1
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
@pytest.mark.parametrize("form", ["out.npy", "out/"])
def test_two_processes_draw_what_one_draws(checkpoint: Path, tmp_path: Path, form: str) -> None:
    from PIL import Image

    args = ("generate", "-m", checkpoint, "-n", 101, "--seed", 5, "--batch-size", 16)
    run(*TORCHRUN, "-m", "genzoo", *args, form, cwd=tmp_path)
    run("genzoo", *args, "one.npy", cwd=tmp_path)
    one = np.load(tmp_path / "one.npy")
    if form == "out.npy":
        two = np.load(tmp_path / form)
    else:
        two = np.stack([np.asarray(Image.open(file))[..., None] for file in sorted((tmp_path / "out").iterdir())])
    assert np.abs(two.astype(int) - one).max() <= 1
    assert {path.name for path in tmp_path.iterdir()} == {"one.npy", form.strip("/")}
