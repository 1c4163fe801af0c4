"""Fresh processes that load from the Hub on loopback, with a fresh cache."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from genzoo.checkpoint.manifest import weights_home

from .hub_server import HubServer

ROOT = Path(__file__).parents[1]

FETCH = """
import json, sys, time, traceback
sleep = time.sleep
time.sleep = lambda seconds: sleep(min(seconds, 0.01))  # what is waited for does not come sooner or later here
from genzoo.errors import GenzooError
from genzoo.hub import find_folder
for line in sys.argv[1:]:
    source, *files = line.split()
    try:
        folder = find_folder(source)
        found = {"paths": [str(folder.file(file)) for file in files or ["model.safetensors"]]}
    except GenzooError as error:
        found = {"error": type(error).__name__, "text": str(error), "trace": traceback.format_exc()}
    print(json.dumps(found), flush=True)
"""
"""Fetches files of each `SOURCE [FILE]...`, and tells where they are, or what went wrong."""


def environment(hub: HubServer | None, home: Path, **more: str) -> dict[str, str]:
    """What a process needs to see of the Hub and its cache, and nothing of the user's."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("HF_", "GENZOO_"))}
    own = {"HF_HOME": str(home), "HOME": str(home), "NO_PROXY": "127.0.0.1,localhost", "PYTHONPATH": str(ROOT)}
    return kept | own | ({"HF_ENDPOINT": hub.url} if hub else {}) | more


def run(
    program: str, *args: str, env: dict[str, str], before: tuple[str, ...] = ()
) -> subprocess.CompletedProcess[str]:
    """A program in a process of its own."""
    command = [*before, sys.executable, "-c", program, *args]
    return subprocess.run(command, env=env, capture_output=True, text=True, check=False, cwd=env["HF_HOME"])


def fetch(*lines: str, env: dict[str, str]) -> list[dict[str, Any]]:
    """What `FETCH` tells of each line."""
    done = run(FETCH, *lines, env=env)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def install(site: Path, *kept: str) -> Path:
    """A copy of the package with the whole manifest, and of the weights only the `kept` files, e.g. `NAME/model...`."""
    shutil.copytree(ROOT / "genzoo", site / "genzoo", ignore=shutil.ignore_patterns("__pycache__"))
    home = site / "genzoo" / "weights"
    for name in ("manifest.json", *kept):
        (home / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(weights_home() / name, home / name)
    return site


def contents(folder: Path) -> dict[str, bytes]:
    """The files of a folder, as a repository holds them."""
    return {path.name: path.read_bytes() for path in folder.iterdir()}
