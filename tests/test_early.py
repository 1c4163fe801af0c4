"""What can be known to be wrong with a command is said before anything is imported that takes a second."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

HEAVY = {"torch", "onnxruntime", "huggingface_hub", "matplotlib", "sklearn", "scipy", "torchvision", "jinja2"}
NO_NAME = "'vae-mnits' is neither a model's name nor a folder: did you mean vae-mnist, "
NO_CONFIG = "empty has no config.json: it is not a whole checkpoint folder."
NO_DEVICE = "The device 'tpu' is not on this machine: cpu always is."
CASES = [
    ("generate -m vae-mnits out.png", 2, NO_NAME),
    ("generate -m vae-mnist out.gif", 2, "'out.gif' does not say what to write: end it in .png"),
    ("generate -m vae-mnist none/out.png", 1, "none/out.png could not be written (no such file or directory)"),
    ("generate -m vae-mnist full/", 1, "full is not empty: name another folder, or replace it by --overwrite"),
    ("generate -m vae-mnist empty.png", 1, "empty.png is a folder: name a file, or end the name in /"),
    ("generate -m vae-mnist --device tpu out.png", 2, NO_DEVICE),
    ("generate -m dcgan-mnist --prior mixture out.png", 2, "dcgan-mnist-z100-l4 is no VAE and has no mixture"),
    ("generate -m empty out.png", 1, NO_CONFIG),
    ("export vae-mnits out.onnx", 2, NO_NAME),
    ("export vae-mnist out.bin", 2, "'out.bin' has no ending that is known: end it in .onnx or .pt2."),
    ("export vae-mnist there.onnx", 2, "there.onnx is there already: name another file, or replace it by --overwrite."),
    ("export vae-mnist out.pt2 --dtype float16", 2, "Weights in float16 are for .onnx alone"),
    ("export vae-mnist out.onnx --net discriminator", 2, "vae-mnist-z20-l5 has no 'discriminator'"),
    ("export vae-mnist none/out.pt2", 1, "none/out.pt2 could not be written"),
    ("train vae-mnits", 2, "No model is called 'vae-mnits': did you mean vae-mnist, "),
    ("train vae-mnist --set colour=red", 2, "There is no setting 'colour'"),
    ("train vae-mnist --precision fp8", 2, "Invalid value for '--precision': 'fp8' is not one of"),
    ("train vae-mnist --device tpu", 2, NO_DEVICE),
    ("train vae-mnist --data none", 1, "none cannot be found: name a folder of images."),
    ("train vae-mnist --data empty", 1, "empty holds no images: name a folder with "),
    ("train vae-mnist --out full", 1, "full holds other things than a run: name another --out, or empty it."),
    ("train vae-mnist --out there.onnx", 1, "there.onnx is a file: name a folder."),
    ("finetune vae-mnits --dataset kmnist", 2, NO_NAME),
    (
        "finetune vae-mnist --dataset cifar10",
        2,
        "vae-mnist-z20-l5 makes images of [1, 28, 28], cifar10 has [3, 32, 32]",
    ),
    ("finetune vae-mnist --dataset kmnist --out run", 1, "run holds a run already: go on with it by --resume"),
    ("evaluate vae-mnits", 2, NO_NAME),
    ("evaluate empty", 1, NO_CONFIG),
    ("evaluate vae-mnist --seeds a", 2, "--seeds a is not a list of numbers"),
    ("evaluate vae-mnist --seeds 0,0", 2, "--seeds 0,0 must be different numbers"),
    ("evaluate vae-mnist --seeds -1", 2, "--seeds -1 must be different numbers, of which 0 is the least"),
    ("evaluate vae-mnist --out none/metrics.json", 1, "none/metrics.json could not be written"),
    ("evaluate --images none --dataset mnist", 2, "none is neither a folder nor a file: name one with images"),
    ("evaluate --images there.onnx --dataset mnist", 2, "there.onnx is no array of images"),
    ("evaluate --compare vae-mnist", 2, "A comparison needs two measurements or more"),
    ("evaluate --compare vae-mnits vae-mnist", 2, NO_NAME),
    ("evaluate --compare vae-mnist vae-mnist --plot out.xyz", 2, "out.xyz does not say what to draw"),
    ("evaluate --compare vae-mnist vae-mnist --plot none/out.png", 1, "none/out.png could not be written"),
    ("card empty", 1, NO_CONFIG),
    ("card vae-mnist --out none/card.md", 1, "none/card.md could not be written"),
    ("card vae-mnist --note x --out card.md", 2, "The note 'x' is not a sentence"),
    ("publish vae-mnits --repo-id user/repo", 2, NO_NAME),
    ("publish empty --repo-id user/repo --dry-run", 1, NO_CONFIG),
    ("publish vae-mnist --repo-id repo", 2, "'repo' cannot be a repository's name: one is written user/repo."),
    ("adopt none", 2, "'none' is not a folder on this machine: name that of a checkpoint."),
    ("adopt empty", 1, NO_CONFIG),
    ("pull vae-mnits", 2, NO_NAME),
    ("verify vae-mnits", 2, "'vae-mnits' is neither a model's name nor a repository's: did you mean vae-mnist, "),
    ("study run nothing", 2, "There is no study 'nothing'"),
    ("study time nothing", 2, "There is no study 'nothing'"),
    ("train-features mnist --device tpu", 2, NO_DEVICE),
]

PROGRAM = f"""
import json, sys
from click.testing import CliRunner
from genzoo.cli import main

for line in json.load(sys.stdin):
    done = CliRunner().invoke(main, line.split())
    loaded = sorted({HEAVY!r} & {{name.partition(".")[0] for name in sys.modules}})
    print(json.dumps([done.exit_code, done.stdout, done.stderr, loaded]))
"""


@pytest.fixture(scope="module")
def said(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[int, str, str, list[str]]]:
    """Exit code, stdout, stderr and the heavy modules that are there after each line, all of them in one process."""
    folder = tmp_path_factory.mktemp("early")
    for name in ("empty", "empty.png", "full", "run"):
        (folder / name).mkdir()
    for name in ("full/mine", "run/config.json", "there.onnx"):
        (folder / name).touch()
    before = sorted(folder.rglob("*"))
    lines = [line for line, *_ in CASES]
    command = [sys.executable, "-W", "error", "-c", PROGRAM]
    done = subprocess.run(command, cwd=folder, input=json.dumps(lines), capture_output=True, text=True, check=True)
    assert sorted(folder.rglob("*")) == before
    return {line: tuple(json.loads(text)) for line, text in zip(lines, done.stdout.splitlines(), strict=True)}


@pytest.mark.parametrize(("line", "code", "words"), CASES, ids=[line for line, *_ in CASES])
def test_what_is_wrong_is_said_at_once(
    line: str, code: int, words: str, said: dict[str, tuple[int, str, str, list[str]]]
) -> None:
    exit_code, stdout, stderr, loaded = said[line]
    assert (exit_code, stdout) == (code, "")
    *usage, last = stderr.strip().splitlines()
    assert last.startswith(f"Error: {words}"), last
    assert all(re.match("Usage:|Try |$", text) for text in usage)
    assert not loaded


def test_files_that_are_there_are_compared_without_torch(tmp_path: Path) -> None:
    code = (
        "import sys\nfrom genzoo.cli import main\n"
        "main(['evaluate', '--compare', 'vae-mnist', 'dcgan-mnist'], standalone_mode=False)\n"
        f"assert not {HEAVY!r} & set(sys.modules)"
    )
    done = subprocess.run([sys.executable, "-W", "error", "-c", code], cwd=tmp_path, capture_output=True, text=True,
                          check=False)  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("MODEL")
