"""A stranger's folder is data: whatever it holds, it loads right or is refused in a sentence; see `fuzzing`."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from tests.fuzzing import MEMORY, STRANGE
from tests.peak import on_linux

FILES = ("config.json", "model.safetensors", "discriminator.safetensors", "golden.safetensors", "metrics.json",
         "generator.onnx", "encoder.onnx", "discriminator.onnx", "SHA256SUMS")  # fmt: skip


@on_linux
@pytest.mark.parametrize("examples", [200, pytest.param(4000, marks=pytest.mark.slow)])
def test_altered_folders(examples: int) -> None:
    run = subprocess.run(
        [sys.executable, "-m", "tests.fuzzing", str(examples), "0"],
        cwd=Path(__file__).parents[1],
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr[-8000:]
    found = json.loads(run.stdout)
    assert found["peak"] < MEMORY
    outcomes = Counter(found["outcomes"])
    # Files were both read and refused, or the alterations are too coarse or too fine.
    assert all(outcomes[f"{name} BadCheckpointError"] + outcomes[f"{name} DataError"] for name in FILES)
    assert sum(outcomes[f"{name} right"] for name in FILES) > examples // 50
    assert outcomes["large right"]
    assert not any(outcomes[f"{kind} right"] for kind in STRANGE)
    assert sum(outcomes.values()) >= examples
