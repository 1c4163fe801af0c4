"""The command line in real processes: what a user sees, types wrongly, and gets back."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

import genzoo as package
from genzoo.checkpoint.layout import METRICS
from genzoo.checkpoint.manifest import read_manifest, weights_home
from genzoo.checkpoint.measurement import read_metrics
from genzoo.cli import main
from genzoo.images.pixels import to_uint8
from genzoo.zoo.catalog import ENTRIES

from .conftest import CommandLine
from .hub_process import install
from .peak import on_linux, on_posix


def test_generate_a_grid(genzoo: CommandLine, tmp_path: Path) -> None:
    told = {}
    for options, size in ((["-n", 100], (596, 596)), (["-n", 100, "--nrow", 20], (598, 148))):
        done = genzoo("generate", "--model", "vae-mnist", *options, "out.png")
        assert (done.returncode, done.stdout) == (0, ""), done.stderr
        told[size] = done.stderr
        with Image.open(tmp_path / "out.png") as picture:
            assert picture.size == size
    assert [*told.values()] == ["Wrote out.png, each pixel drawn as 2 x 2\n", "Wrote out.png\n"]


def test_a_grid_is_enlarged_by_whole_pixels(tmp_path: Path, checkpoint: Path) -> None:
    pictures = {}
    for scale in ("1", "3"):
        out = tmp_path / f"{scale}.png"
        done = CliRunner().invoke(main, ["generate", "-m", str(checkpoint), "-n", "5", "--scale", scale, str(out)])
        assert done.exit_code == 0, done.output
        with Image.open(out) as picture:
            pictures[scale] = np.asarray(picture)
    np.testing.assert_array_equal(np.asarray(package.make_grid(package.load(checkpoint).sample(5, 0))), pictures["1"])
    np.testing.assert_array_equal(np.kron(pictures["1"], np.ones((3, 3), np.uint8)), pictures["3"])


@on_linux
def test_the_systems_viewer_opens_what_was_written(genzoo: CommandLine, tmp_path: Path, checkpoint: Path) -> None:
    out = tmp_path / "out.png"
    sentence = f"Error: {out} is written, but this system has no viewer that genzoo finds: open it yourself."
    none = genzoo("generate", "-m", checkpoint, "-n", 4, "--open", out, PATH=str(tmp_path), DISPLAY=":0")
    assert (none.returncode, none.stderr.splitlines()[-1]) == (1, sentence)
    assert out.is_file()
    viewer = tmp_path / "xdg-open"
    viewer.write_text('#!/bin/sh\necho "$1" > "$1.seen"\n')
    viewer.chmod(0o755)
    path = f"{tmp_path}:{os.environ['PATH']}"
    nowhere = genzoo("generate", "-m", checkpoint, "-n", 4, "--open", out, PATH=path, DISPLAY="", WAYLAND_DISPLAY="")
    assert (nowhere.returncode, nowhere.stderr.splitlines()[-1]) == (1, sentence)
    done = genzoo("generate", "-m", checkpoint, "-n", 4, "--open", "out.png", PATH=path, DISPLAY=":0")
    assert done.returncode == 0, done.stderr
    seen = tmp_path / "out.png.seen"
    end = time.monotonic() + 30
    while not (seen.is_file() and seen.read_text()) and time.monotonic() < end:
        time.sleep(0.05)
    assert seen.read_text() == f"{out}\n"


def test_generate_is_sample(genzoo: CommandLine, tmp_path: Path, checkpoint: Path) -> None:
    done = genzoo("generate", "-m", checkpoint, "-n", 10, "--seed", 3, "--batch-size", 4, "out.npz")
    assert done.returncode == 0, done.stderr
    images = np.load(tmp_path / "out.npz")["images"]
    expected = to_uint8(package.load(checkpoint).sample(10, seed=3))
    assert np.abs(images.astype(int) - expected).max() <= 1


def test_list(genzoo: CommandLine) -> None:
    rows = json.loads(genzoo("list", "--json").stdout)
    assert [row["name"] for row in rows] == list(ENTRIES)
    shipped = {row["name"]: row for row in rows if row["weights"] == "here"}
    assert shipped["vae-mnist-z20-l5"]["bytes"] > 1_000_000  # an alias stands for it: an installed genzoo has it
    table = genzoo("list", "vae-mnist-*", "--dataset", "mnist", "--family", "vae").stdout.splitlines()
    assert table[0].split() == ["NAME", "ALIAS", "WEIGHTS", "SIZE", "FRECHET"]
    assert [line.split()[0] for line in table[1:]] == package.list_models("vae-mnist-*")
    with_weights = [line.split()[0] for line in genzoo("list", "--pretrained").stdout.splitlines()[1:]]
    assert with_weights == package.list_models(pretrained=True) == [name for name in ENTRIES if name in read_manifest()]


def test_entries_that_have_no_weights(genzoo: CommandLine, tmp_path: Path) -> None:
    source = Path(package.__file__).parent
    # A copy of the code alone, which `python -m genzoo` finds before the one that is installed.
    shutil.copytree(source, tmp_path / "genzoo", ignore=shutil.ignore_patterns("weights", "__pycache__"))
    assert genzoo("list", "vae-mnist").stdout.splitlines()[1].split() == [
        "vae-mnist-z20-l5", "vae-mnist", "not", "trained", "yet", "-", "-"
    ]  # fmt: skip
    assert genzoo("list", "--pretrained").returncode == 2
    done = genzoo("generate", "-m", "vae-mnist", "out.png")
    assert done.returncode == 1
    assert "`genzoo train vae-mnist-z20-l5` makes them" in done.stderr


def test_a_slim_installation(genzoo: CommandLine, tmp_path: Path) -> None:
    here, missing = "vae-mnist-z20-l5", "vae-mnist-z10-l3"
    site = install(tmp_path / "site", *(f"{here}/{file}" for file in read_manifest()[here]))
    rows = json.loads(genzoo("list", "--json", PYTHONPATH=str(site)).stdout)
    told = {row["name"]: row["weights"] for row in rows}
    assert told == {**dict.fromkeys(ENTRIES, "not in this installation"), here: "here"}
    assert all(row["bytes"] == sum(file.size for file in read_manifest()[row["name"]].values()) for row in rows)
    assert {row["name"] for row in rows if row["metrics"]} == {here}
    facts = genzoo("info", missing, PYTHONPATH=str(site)).stdout.splitlines()
    assert "weights        not in this installation" in facts
    assert not any(line.startswith(("metrics", "training")) for line in facts)


def test_info(genzoo: CommandLine) -> None:
    facts = json.loads(genzoo("info", "vae-mnist", "--json").stdout)
    assert facts["name"] == "vae-mnist-z20-l5"
    assert facts["entry"] == ENTRIES["vae-mnist-z20-l5"].to_json()
    told = genzoo("info", "vae-mnist").stdout
    assert "latent size    20" in told
    assert "image shape    1 x 28 x 28" in told
    assert "likelihood " in told
    assert "n critic" not in told
    assert "n critic" in genzoo("info", "wgan-mnist").stdout
    elbo = read_metrics(weights_home() / facts["name"] / METRICS).rows["elbo"]
    assert ["ELBO", *elbo.text.split()] in [line.split() for line in told.splitlines()]
    assert f"steps          {facts['training']['steps']}" in told
    of_folder = json.loads(genzoo("info", str(weights_home() / facts["name"]), "--json").stdout)
    assert (of_folder["metrics"], of_folder["training"]) == (facts["metrics"], facts["training"])


@pytest.mark.parametrize(
    ("args", "code", "words"),
    [
        ("generate -m vae-mnits out.png", 2, "did you mean vae-mnist"),
        ("generate -m DCGAN-MNIST out.png", 2, "did you mean dcgan-mnist?"),
        ("generate -m vae-mnist --prior mixtur out.png", 2, "'normal', 'mixture': did you mean mixture?"),
        ("generate -m vae-mnist --sed 1 out.png", 2, "--seed"),
        ("generate -m vae-mnist --scale 2 out.npz", 2, "out.npz has no scale"),
        ("generate -m vae-mnist --scale 0 out.png", 2, "0 is not in the range"),
        ("generate -m vae-mnist --scale 300 out.jpg", 2, "a .jpg has 65,500 a side at most: write .png"),
        ("generate -m vae-mnist --scale 200 out.png", 2, "or a smaller scale"),
        ("generate -m vae-mnist --open out.npz", 2, "out.npz is no picture to open"),
        ("generate -m ../../x out.png", 2, "neither a model's name nor a folder"),
        ("generate -m vae-mnist -n 0 out.png", 2, "0 is not in the range"),
        ("generate -m vae-mnist -n -5 out.png", 2, "-5 is not in the range"),
        ("generate -m vae-mnist -n many out.png", 2, "'many' is not a valid integer"),
        ("generate -m vae-mnist -n 20000 out.png", 2, "A grid shows 1 to 10,000 images"),
        ("generate -m vae-mnist -n 1000000000000000 out.npy", 1, "no space left on device for 1,000,000,000,000,000"),
        ("generate -m vae-mnist -n 1000000000000000 out/", 1, "512,000,000,000,000,000 bytes at least"),
        ("generate -m vae-mnist -n 3000 --nrow 3000 out.jpg", 2, "a .jpg has 65,500 a side at most: write .png"),
        ("generate -m vae-mnist --device meta out.png", 2, "is not on this machine"),
        ("generate -m vae-mnist --device hpu out.png", 2, "is not on this machine"),
        ("generate -m vae-mnist a\0b.png", 2, "holds a NUL"),
        ("generate -m vae-mnist --seed -1 out.png", 2, "-1 is not in the range"),
        ("generate -m vae-mnist --nrow 0 out.png", 2, "0 is not in the range"),
        ("generate -m vae-mnist --device tpu out.png", 2, "is not on this machine"),
        ("generate -m vae-mnist out", 2, "does not say what to write"),
        ("generate -m vae-mnist out.bmp", 2, "does not say what to write"),
        ("generate -m vae-mnist", 2, "Missing argument 'OUTPUT'"),
        ("generate out.png", 2, "Missing option"),
        ("generate -m vae-mnist none/out.png", 1, "no such file or directory"),
        ("generate -m vae-mnist folder.png", 1, "is a folder"),
        ("generate -m vae-mnist file/", 1, "is a file"),
        ("generate -m vae-mnist full/", 1, "is not empty"),
        ("generate -m vae-mnist /proc/out.png", 1, "could not be written"),
        ("generate -m folder.png out.png", 1, "has no config.json"),
        ("list zzz", 2, "No model matches 'zzz'"),
        ("list --family mlpwgan", 2, "No model matches '*' and --family mlpwgan: `genzoo list` shows every name."),
        ("list --family diffusion", 2, "There is no family 'diffusion'"),
        ("list --family dcgn", 2, "There is no family 'dcgn': did you mean dcgan"),
        ("list DCGAN-mnist", 2, "No model matches 'DCGAN-mnist': did you mean dcgan-mnist?"),
        ("info MLPVAE-MNIST-z2-l1", 2, "did you mean mlpvae-mnist-z2-l1?"),
        ("list --dataset imagenet", 2, "There is no dataset 'imagenet'"),
        ("info nothing", 2, "No model is called 'nothing'"),
        ("xyz", 2, "No such command 'xyz': `main --help` has them all."),
        ("Generat", 2, "No such command 'Generat': did you mean generate?"),
        ("study shw", 2, "No such command 'shw': did you mean show?"),
        ("train nothing", 2, "No model is called 'nothing'"),
        ("train vae-mnist --epochs 0", 2, "0 is not in the range"),
        ("train vae-mnist --epochs 1 --steps 1", 2, "give one of them"),
        ("train vae-mnist --minutes nan", 2, "'--minutes': nan is not a finite number"),
        ("train vae-mnist --minutes inf", 2, "'--minutes': inf is not a finite number"),
        ("train vae-mnist --save-minutes nan", 2, "'--save-minutes': nan is not a finite number"),
        ("train vae-mnist --save-minutes 0", 2, "'--save-minutes': 0.0 is not in the range"),
        ("train vae-mnist --lr nan", 2, "'--lr': nan is not a finite number"),
        ("finetune vae-mnist --dataset kmnist --minutes nan", 2, "'--minutes': nan is not a finite number"),
        ("train vae-mnist --set lr", 2, "write --set lr=VALUE"),
        ("train vae-mnist --set colour=red", 2, "There is no setting 'colour'"),
        ("train dcgan-mnist --layers 99", 2, "do not fit"),
    ],
)
def test_bad_input_is_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, args: str, code: int, words: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "folder.png").mkdir()
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine").touch()
    (tmp_path / "file").touch()
    before = sorted(tmp_path.rglob("*"))
    done = CliRunner().invoke(main, args.split())
    assert done.exit_code == code, done.output
    assert done.stdout == ""
    assert isinstance(done.exception, SystemExit)
    assert words in done.stderr
    assert "Traceback" not in done.stderr
    *usage, last = done.stderr.strip().splitlines()
    assert last.startswith("Error: ")
    assert all(line.startswith(("Usage:", "Try ")) or not line for line in usage)
    assert sorted(tmp_path.rglob("*")) == before


def test_what_no_disk_holds_is_not_drawn(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def drawn(*_: object, **__: object) -> None:
        pytest.fail("an image was drawn")

    monkeypatch.setattr("genzoo.sampling.model.Model.iter_samples", drawn)
    for form, n, options in (("out.npz", 10**15, ()), ("out/", 10**15, ()), ("out.webp", 900, ("--nrow", "900"))):
        done = CliRunner().invoke(
            main, ["generate", "-m", "mlpvae-mnist", "-n", str(n), f"{tmp_path}/{form}", *options]
        )
        assert isinstance(done.exception, SystemExit)
        assert done.stderr.count("\n") == 1


@pytest.mark.parametrize("args", ["list", "info vae-mnist --json", "--help", "train --help", "--version"])
def test_a_full_stdout(args: str) -> None:
    with open("/dev/full", "w") as full:
        command = [sys.executable, "-W", "error", "-m", "genzoo", *args.split()]
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert done.returncode == 1
    assert (
        done.stderr == "Error: The output could not be written (no space left on device): send it to another place.\n"
    )


@on_posix
def test_a_closed_stdout(genzoo: CommandLine) -> None:
    for args in (("list",), ("study", "list")):
        done = genzoo(*args, before=("sh", "-c", 'exec "$@" >&-', "sh"))
        assert (done.returncode, done.stderr) == (0, ""), done.stderr


def test_damaged_weights(genzoo: CommandLine, tmp_path: Path, checkpoint: Path) -> None:
    folder = Path(shutil.copytree(checkpoint, tmp_path / "run"))
    (folder / "model.safetensors").write_bytes((folder / "model.safetensors").read_bytes()[:1000])
    done = genzoo("generate", "-m", folder, "out.png")
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1
    assert "is damaged" in done.stderr
    assert not (tmp_path / "out.png").exists()


def test_a_full_disk(genzoo: CommandLine, tmp_path: Path, checkpoint: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = (
        "unshare",
        "-rm",
        "sh",
        "-c",
        f'mount -t tmpfs -o size=64k tmpfs {disk} && "$@"; end=$?; ls -A {disk}; exit $end',
        "sh",
    )
    # Some are too large from the start, some for the files' blocks, or for a picture that is compressed.
    for form, n in (("out.npy", 5000), ("out/", 5000), ("out/", 100), ("out.png", 5000)):
        done = genzoo("generate", "-m", checkpoint, "-n", n, f"{disk}/{form}", before=mounted)
        assert done.returncode == 1, done.stderr
        assert done.stderr.count("\n") == 1
        assert "no space left on device" in done.stderr
        assert done.stdout == "", "something was left on the disk"


def test_version(genzoo: CommandLine) -> None:
    assert package.__version__ in genzoo("--version").stdout
