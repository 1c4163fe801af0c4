"""Each library is touched by one room, and what is imported costs what it may.

That imports go downward is import-linter's to hold: its contract stands in pyproject.toml.
"""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "genzoo"


def room_of(path: Path) -> str:
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


@pytest.mark.parametrize(
    ("library", "allowed"),
    [
        ("huggingface_hub", {"hub", "release"}),
        ("safetensors", {"checkpoint"}),
        ("accelerate", {"accel"}),
        ("onnxruntime", {"accel"}),
        ("click", {"cli"}),
        ("sklearn", {"data", "train"}),
        ("torch_fidelity", {"evaluate"}),
        ("jinja2", {"release"}),
        ("scipy", {"studies"}),
        ("matplotlib", {"plots"}),
        ("yaml", set()),
    ],
)
def test_one_room_touches_a_library(library: str, allowed: set[str]) -> None:
    users = {room_of(path) for path in SOURCES for name, _ in imports(path) if name.split(".")[0] == library}
    assert users <= allowed


def modules_after(code: str) -> set[str]:
    """What a fresh process has imported: libraries by their own names, genzoo's rooms as `genzoo.room`."""
    program = f"import sys\n{code}\nprint('\\n'.join(sys.modules))"
    out = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    parts = (line.split(".") for line in out.stdout.splitlines())
    return {".".join(part[:2]) if part[0] == "genzoo" else part[0] for part in parts}


COMMAND = "from genzoo.cli import main\ntry: main({args!r})\nexcept SystemExit as end: assert not end.code, end.code"


@pytest.mark.parametrize(
    "code",
    ["import genzoo", *(COMMAND.format(args=args) for args in (["--help"], ["list"], ["info", "vae-mnist"]))],
    ids=["import", "help", "list", "info"],
)
def test_no_torch_before_it_is_needed(code: str) -> None:
    heavy = {"torch", "torchvision", "numpy", "PIL", "huggingface_hub", "safetensors", "matplotlib", "rich"}
    assert not modules_after(code) & heavy


def test_a_card_that_a_wheel_brings_needs_nothing() -> None:
    cards = PACKAGE.parent / "cards"
    code = COMMAND.format(args=["card", "vae-mnist"])
    loaded = modules_after(f"import genzoo.cli.card\ngenzoo.cli.card._SHIPPED = {str(cards)!r}\n{code}")
    assert not loaded & {"torch", "numpy", "jinja2", "huggingface_hub", "genzoo.release", "genzoo.hub"}


def test_hashes_need_no_torch() -> None:
    loaded = modules_after(COMMAND.format(args=["verify", "--no-deep", "vae-mnist"]))
    assert not loaded & {"torch", "numpy", "safetensors", "httpx", "logging", "genzoo.release", "genzoo.nets"}


@pytest.mark.parametrize("args", [["list"], ["info", "vae-mnist"]], ids=["list", "info"])
def test_what_the_catalog_knows_is_told_without_the_hub(args: list[str]) -> None:
    rooms = {name for name in modules_after(COMMAND.format(args=args)) if name.startswith("genzoo.")}
    assert rooms <= {f"genzoo.{room}" for room in ("cli", "checkpoint", "zoo", "errors", "platforms", "version")}


@pytest.mark.parametrize("engine", ["onnx", "torch"])
def test_sampling_needs_its_engine_alone(engine: str, checkpoint: Path) -> None:
    program = f"import genzoo; genzoo.load({str(checkpoint)!r}, engine={engine!r}).sample(2)"
    loaded = modules_after(program)
    assert "onnxruntime" in loaded  # by which torch's models draw samples, too
    assert ("torch" in loaded) == (engine == "torch")
    assert not loaded & {"onnx", "torchvision", "huggingface_hub", "matplotlib", "accelerate", "sklearn"}
    assert not loaded & {"genzoo.release", "genzoo.train", "genzoo.evaluate", "genzoo.data"}
