"""What a notebook shows of models and entries."""

from __future__ import annotations

import base64
import contextlib
import dataclasses
import io
import itertools
import re
import time
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

import genzoo
from genzoo.cli import progress
from genzoo.images.pixels import make_grid
from genzoo.zoo.catalog import find_entry
from genzoo.zoo.spec import Entry

ROOT = Path(__file__).parents[1]


class Texts(HTMLParser):
    """The cells' texts of a page, once every tag was found to be closed."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.texts: list[str] = []
        self.feed(page)
        assert not self.open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: ARG002
        if tag != "img":
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


def picture(page: str) -> bytes:
    found = re.search(r'src="data:image/png;base64,([^"]*)"', page)
    assert found
    return base64.b64decode(found[1])


@pytest.mark.parametrize("engine", ["torch", "onnx"])
def test_a_model_shows_its_samples_and_numbers(engine: str) -> None:
    model = genzoo.load("dcgan-mnist", engine=engine)  # type: ignore[call-overload]
    page = model._repr_html_()
    texts = Texts(page).texts
    assert {model.name, engine, "MNIST", "28 x 28, grey"} <= {*texts}
    assert model.metrics.rows["frechet_distance"].text in texts
    with Image.open(io.BytesIO(picture(page))) as shown:
        assert np.array_equal(np.asarray(shown), np.asarray(make_grid(model.sample(16, seed=0))))


def test_changed_nets_show_other_samples_and_no_numbers() -> None:
    model = genzoo.load("mlpgan-mnist")
    before = model._repr_html_()
    with torch.no_grad():
        next(model.generator.parameters()).mul_(0.5)
    after = model._repr_html_()
    assert picture(before) != picture(after)
    assert "Coverage" in Texts(before).texts
    assert "Coverage" not in Texts(after).texts


def test_an_entry_shows_the_picture_beside_its_weights() -> None:
    entry = genzoo.info("vae-mnist")
    page = entry._repr_html_()
    assert picture(page) == (ROOT / "weights" / entry.name / "samples.png").read_bytes()
    assert {entry.name, "latent size", "20", "ELBO"} <= {*Texts(page).texts}


def other(entry: Entry) -> Entry:
    return dataclasses.replace(entry, recipe=dataclasses.replace(entry.recipe, lr=0.5), source="<script>&")


def test_another_entry_of_the_name_shows_neither_and_is_escaped() -> None:
    entry = other(find_entry("vae-mnist"))
    page = entry._repr_html_()
    assert "<img" not in page
    assert "<script" not in page
    texts = Texts(page).texts
    assert "<script>&" in texts
    assert "ELBO" not in texts


def test_an_entry_whose_files_are_damaged_shows_none(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    entry = find_entry("vae-mnist")
    home = tmp_path / entry.name
    home.mkdir()
    for file in (ROOT / "weights" / entry.name).iterdir():
        (home / file.name).symlink_to(file)
    (home / "samples.png").unlink()
    (home / "samples.png").write_bytes(b"<script>")
    monkeypatch.setattr("genzoo.checkpoint.manifest.weights_root", lambda: str(tmp_path))
    page = entry._repr_html_()
    assert "<img" not in page
    assert entry.name in Texts(page).texts


@pytest.fixture
def seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    """A kernel's process, in which two thirds of a second pass with each look at the clock."""
    monkeypatch.setenv("JPY_PARENT_PID", "1")
    monkeypatch.setattr(time, "monotonic", itertools.count(0, 2 / 3).__next__)


@pytest.mark.usefixtures("seconds")
def test_a_bar_is_one_line_that_is_written_over(capsys: pytest.CaptureFixture[str]) -> None:
    with contextlib.suppress(KeyboardInterrupt), progress.progress_bar("vae", 10) as move:
        for done, words in enumerate(("", "a longer line", "", ""), 1):
            move(done, words)
        raise KeyboardInterrupt
    out, err = capsys.readouterr()
    assert out == ""
    _, longer, shorter = err.split("\r")
    assert longer.startswith("vae: 2 of 10")
    assert longer.endswith(" a longer line")
    assert shorter == "vae: 4 of 10".ljust(len(longer)) + "\n"  # nothing of the longer one stays


@pytest.mark.usefixtures("seconds")
def test_a_short_work_leaves_no_line(capsys: pytest.CaptureFixture[str]) -> None:
    with progress.progress_bar("vae", 10) as move:
        move(10, "")
    assert capsys.readouterr() == ("", "")
