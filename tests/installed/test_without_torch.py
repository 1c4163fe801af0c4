"""The lightest installation that docs/without-torch.md tells of, in an environment of its own."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import venv
from pathlib import Path

import pytest

pytestmark = pytest.mark.installed

OTHERS = {
    "list",
    "info vae-mnist",
    "card vae-mnist",
    "cite vae-mnist",
    "verify vae-mnist lstmgan-mnist",
    "evaluate --compare vae-mnist dcgan-mnist",
}
PAGE = (Path(__file__).parents[2] / "docs" / "without-torch.md").read_text()


@pytest.fixture(scope="module")
def light(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Python of that installation."""
    folder = tmp_path_factory.mktemp("light")
    venv.create(folder / "venv", with_pip=True)
    python = folder / "venv" / ("Scripts" if os.name == "nt" else "bin") / "python"
    beside = re.search(r"^    pip install (click .*)$", PAGE, re.MULTILINE)
    assert beside is not None
    pip = [str(python), "-m", "pip", "install", "-q", "--disable-pip-version-check"]
    subprocess.run([*pip, "--no-deps", os.environ["GENZOO_WHEEL"]], check=True)
    subprocess.run([*pip, *shlex.split(beside[1])], check=True)
    return python


def run(python: Path, *args: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    command = [str(python), "-W", "error", *args]
    return subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, check=False)


def test_it_has_neither_torch_nor_what_needs_it(light: Path, tmp_path: Path) -> None:
    for module in ("torch", "sklearn", "matplotlib", "torch_fidelity", "torchvision", "huggingface_hub", "jinja2"):
        assert "ModuleNotFoundError" in run(light, "-c", f"import {module}", cwd=tmp_path).stderr


def test_the_page_runs(light: Path, tmp_path: Path) -> None:
    commands = re.findall(r"^    genzoo (generate .*)$", PAGE, re.MULTILINE)
    assert commands
    for command in {*commands, *OTHERS}:
        done = run(light, "-m", "genzoo", *shlex.split(command), cwd=tmp_path)
        assert done.returncode == 0, done.stderr
    (code,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    done = run(light, "-c", code, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert {path.name for path in tmp_path.iterdir()} == {"out.png", "grid.png"}


@pytest.mark.parametrize(
    ("command", "package"),
    [
        ("generate -m vae-mnist --device auto out.png", "torch"),
        ("generate -m user/repo out.png", "huggingface-hub"),
        ("publish vae-mnist --repo-id user/repo", "huggingface-hub"),
        ("card vae-mnist --out card.md", "jinja2"),
        ("train vae-mnist", "torchvision"),
    ],
)
def test_what_is_missing_is_named_in_a_sentence(command: str, package: str, light: Path, tmp_path: Path) -> None:
    done = run(light, "-m", "genzoo", *shlex.split(command), cwd=tmp_path)
    assert (done.returncode, done.stdout) == (1, "")
    assert re.fullmatch(rf"Error: .* needs .*\b{package}\b.*: pip install [^\n]*\n", done.stderr)
    assert list(tmp_path.iterdir()) == []


def test_the_other_engine_is_named(light: Path, tmp_path: Path) -> None:
    code = "import genzoo\ntry: genzoo.load('vae-mnist')\nexcept genzoo.GenzooError as error: print(error)"
    done = run(light, "-c", code, cwd=tmp_path)
    assert done.stdout.startswith("engine='torch' needs torch, which is not installed: pip install torch, or load with")
