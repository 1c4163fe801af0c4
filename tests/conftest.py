from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

# Small nets gain nothing from a second thread, and two test runs side by side lose much; processes inherit it.
os.environ["OMP_NUM_THREADS"] = "1"

import numpy as np
import torch
from PIL import Image

from genzoo.data import ImageData
from genzoo.train import Plan, train
from genzoo.zoo import registry
from genzoo.zoo.catalog import ENTRIES
from genzoo.zoo.datasets import Dataset

from .hub_server import HubServer

if TYPE_CHECKING:
    from playwright.sync_api import Browser

SHEETS = Path(__file__).parent / "data"
"""Sheets of real images."""

CommandLine = Callable[..., "subprocess.CompletedProcess[str]"]


def _move_home(patch: pytest.MonkeyPatch, home: Path) -> None:
    for name in ("HOME", "XDG_CACHE_HOME", "HF_HOME"):
        patch.setenv(name, str(home))


@pytest.fixture(scope="session", autouse=True)
def _shared_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """No fixture that tests share reads or writes the user's folders: it is made before a test's own are in place."""
    with pytest.MonkeyPatch.context() as patch:
        _move_home(patch, tmp_path_factory.mktemp("home"))
        yield


@pytest.fixture(autouse=True)
def _own_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No test reads or writes the user's folders, or another test's."""
    _move_home(monkeypatch, tmp_path / "home")
    monkeypatch.delenv("GENZOO_DATA", raising=False)


@pytest.fixture
def genzoo(tmp_path: Path) -> CommandLine:
    """The command in a process of its own, in a folder of its own; `before` is put in front of it."""

    def run(*args: object, before: tuple[str, ...] = (), **env: str) -> subprocess.CompletedProcess[str]:
        command = [*before, sys.executable, "-W", "error", "-m", "genzoo", *map(str, args)]
        return subprocess.run(command, cwd=tmp_path, env=os.environ | env, capture_output=True, text=True, check=False)

    return run


@pytest.fixture
def tables(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """What a test registers is gone after it, and packages are looked for anew."""
    before = {noun: dict(table) for noun, table in registry._TABLES.items()}
    monkeypatch.setattr(registry, "_looked", False)
    yield
    for noun, table in registry._TABLES.items():
        table.clear()
        table.update(before[noun])


@pytest.fixture
def hub() -> Iterator[HubServer]:
    with HubServer() as server:
        yield server


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A fresh cache of the Hub's client."""
    folder = tmp_path / "hf"
    folder.mkdir()
    return folder


@pytest.fixture
def small_reference(monkeypatch: pytest.MonkeyPatch) -> None:
    """Measure against 1,000 real images instead of 10,000, and draw four times for an interval."""
    monkeypatch.setattr("genzoo.evaluate.reference.REFERENCE_IMAGES", 1000)
    monkeypatch.setattr("genzoo.evaluate.intervals.DRAWS", 4)


def noise_images(dataset: Dataset, n: int = 64) -> ImageData:
    """Images whose content does not matter."""
    generator = torch.Generator().manual_seed(0)
    pixels = torch.randint(0, 256, (n, *dataset.shape), dtype=torch.uint8, generator=generator)
    return ImageData(dataset, pixels)


def digit_sheet(folder: Path) -> Path:
    """A folder of a hundred real digits, negative: another grey dataset than MNIST."""
    folder.mkdir()
    with Image.open(SHEETS / "digits.png") as picture:
        sheet = 255 - np.asarray(picture.convert("L"))
    for i in range(100):
        row, column = divmod(i, 10)
        Image.fromarray(sheet[28 * row : 28 * row + 28, 28 * column : 28 * column + 28]).save(folder / f"{i:03}.png")
    return folder


def plan(name: str, out: Path, steps: int = 2, **changes: object) -> Plan:
    settings: dict[str, object] = {"seed": 0, "device": torch.device("cpu"), "precision": "fp32", **changes}
    return Plan(entry=ENTRIES[name], out=out, steps=steps, **settings)  # type: ignore[arg-type]


@pytest.fixture(scope="session")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a small VAE after two steps."""
    out = tmp_path_factory.mktemp("runs") / "vae"
    entry = ENTRIES["mlpvae-mnist-z2-l1"]
    return train(plan(entry.name, out), noise_images(entry.dataset, 200))


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """The system's Chromium."""
    from playwright.sync_api import sync_playwright

    path = shutil.which("chromium") or shutil.which("google-chrome")
    assert path, "These tests need a browser: install Debian's package chromium."
    with sync_playwright() as playwright:
        one = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield one
        one.close()
