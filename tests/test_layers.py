"""Imports go downward only, and cost what they may."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "genzoo"
LAYERS = (
    {"__main__"},
    {"cli", "demo"},
    {"train", "evaluate", "study", "export"},
    {"integrity"},
    {"model", "arguments", "pretrained", "priors", "writers", "processes"},
    {"publish"},
    {"card"},
    {"metrics"},
    {"hub", "weights", "objectives", "data"},
    {"nets"},
    {"images"},
    {"variants"},
    {"catalog", "checkpoint"},
    {"tensors", "casts", "streams", "checksums"},
    {"noise", "files", "memory", "spec", "devices"},
    {"fields", "values"},
    {"strict", "platforms"},
    {"errors", "version"},
)
LEVEL = {name: len(LAYERS) - level for level, names in enumerate(LAYERS) for name in names}


def module_of(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imports(path: Path) -> Iterator[tuple[str, int]]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module:
            assert node.level == 0, f"{path}:{node.lineno} imports relatively"
            names = [f"{node.module}.{alias.name}" if node.module == "genzoo" else node.module for alias in node.names]
        elif isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        else:
            continue
        for name in names:
            yield name, node.lineno


SOURCES = sorted(path for path in PACKAGE.rglob("*.py") if path != PACKAGE / "__init__.py")


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_go_downward(path: Path) -> None:
    here = module_of(path)
    for name, line in imports(path):
        parts = name.split(".")
        if parts[0] != "genzoo" or len(parts) == 1 or parts[1] == here:
            continue
        assert LEVEL[parts[1]] <= LEVEL[here], f"{path}:{line} imports {name} from above"


@pytest.mark.parametrize(
    ("library", "allowed"),
    [
        ("huggingface_hub", {"hub", "card"}),  # whose front matter is the client's own
        ("jinja2", {"card"}),
        ("yaml", set()),  # the client of the Hub reads and writes it
        ("safetensors", {"tensors"}),
        ("accelerate", {"processes"}),
        ("click", {"cli"}),
        ("sklearn", {"data", "train"}),
        ("torch_fidelity", {"evaluate"}),
    ],
)
def test_one_module_touches_a_library(library: str, allowed: set[str]) -> None:
    users = {module_of(path) for path in SOURCES for name, _ in imports(path) if name.split(".")[0] == library}
    assert users <= allowed


def modules_after(code: str) -> set[str]:
    program = f"import sys\n{code}\nprint('\\n'.join(sys.modules))"
    out = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    return {line.split(".")[0] for line in out.stdout.splitlines()}


COMMAND = "from genzoo.cli import main\ntry: main({args!r})\nexcept SystemExit as end: assert not end.code, end.code"


@pytest.mark.parametrize(
    "code",
    ["import genzoo", *(COMMAND.format(args=args) for args in (["--help"], ["list"], ["info", "vae-mnist"]))],
    ids=["import", "help", "list", "info"],
)
def test_no_torch_before_it_is_needed(code: str) -> None:
    heavy = {"torch", "torchvision", "numpy", "PIL", "huggingface_hub", "safetensors", "matplotlib", "rich"}
    assert not modules_after(code) & heavy


def test_generate_needs_torch_alone(checkpoint: Path, tmp_path: Path) -> None:
    args = ["generate", "-m", str(checkpoint), "-n", "2", str(tmp_path / "out.npz")]
    loaded = modules_after(COMMAND.format(args=args))
    assert "torch" in loaded
    assert not loaded & {"torchvision", "huggingface_hub", "matplotlib", "accelerate", "sklearn"}
