"""How often a run measures its nets, and what its bar says: on a clock that stands still until it is moved."""

from __future__ import annotations

import io
import json
import os
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import torch
from rich.console import Console

from genzoo.checkpoint.config import read_config
from genzoo.checkpoint.tensors import read_tensors
from genzoo.cli.progress import progress_bar
from genzoo.cli.train import _report
from genzoo.data import ImageData, load_images
from genzoo.data.digests import TRAINING_IMAGES
from genzoo.evaluate.extractors import REFERENCE_IMAGES, ZooFeatures, draw
from genzoo.evaluate.scores import Sample
from genzoo.hub import find_folder
from genzoo.train import Status, schedule, train
from genzoo.train.schedule import FULL_IMAGES, LEAST_IMAGES, SHARE, Clock, Cost, Looks, choose
from genzoo.train.selection import SelectionMeasure, best_of
from genzoo.train.state import STATE, Record
from genzoo.zoo.catalog import ENTRIES
from genzoo.zoo.registry import DATASETS

from .conftest import noise_images, plan

VAE = ENTRIES["mlpvae-mnist-z2-l1"]
REAL = Path(os.environ.get("GENZOO_DATA", "/nowhere"))


@dataclass
class Machine:
    """A run on a clock of its own: each step, look and trial takes the seconds that it is said to take."""

    steps: int
    step_seconds: float
    cost: Cost
    evaluations: int | None = None
    record: Record = field(default_factory=Record)
    probe_seconds: float = 0.0
    able: bool = True
    minutes: float | None = None
    time: float = 0.0
    probes: int = 0

    def probe(self, _: float) -> Cost | None:
        self.probes += 1
        self.time += self.probe_seconds
        return self.cost if self.able else None

    def run(self, until: int | None = None, seconds_of_a_look: float | None = None) -> list[tuple[int, int]]:
        """The looks of the run, (step, images), of this process."""
        todo = plan(VAE.name, Path("unused"), steps=self.steps, evaluations=self.evaluations, minutes=self.minutes)
        clock = Clock(todo, self.record, lambda: self.time)
        looks, taken = Looks(todo, self.record, clock, self.probe), list[tuple[int, int]]()

        def look(images: int) -> None:
            with looks.looking():
                self.time += self.cost.of(images) if seconds_of_a_look is None else seconds_of_a_look
            taken.append((self.record.step, images))
            row = {"step": self.record.step, "elbo": -1.0, "images": images}
            self.record.evaluations.append(row)

        share = clock.share
        while self.record.step < min(until or self.steps, self.steps) and clock.time_share < 1:
            self.time += self.step_seconds
            self.record.step += 1
            before, share = share, clock.share
            if images := looks.due(before, share):
                look(images)
        if until is None and (images := looks.due_at_end()):
            look(images)
        self.record.seconds = clock.seconds
        return taken


def test_a_long_run_has_ten_full_looks_within_its_share() -> None:
    hour = Machine(steps=3600, step_seconds=1.0, cost=Cost(2.0, 0.002), probe_seconds=3.0)
    assert hour.run() == [(360 * i, FULL_IMAGES) for i in range(1, 11)]
    assert hour.record.measuring == pytest.approx(3 + 10 * 12)
    assert hour.record.measuring <= SHARE * 3600
    assert hour.probes == 1


def test_a_short_run_ships_its_last_state_and_tries_nothing() -> None:
    epoch = Machine(steps=600, step_seconds=0.03, cost=Cost(0.1, 0.001))
    assert epoch.run() == []
    assert (epoch.probes, epoch.record.measuring) == (0, 0.0)


@pytest.mark.parametrize("seconds", [100, 101, 130, 200, 600, 3000, 30_000])
@pytest.mark.parametrize("image", [1e-4, 5e-4, 2e-3, 0.01])
def test_measuring_takes_no_more_than_its_share(seconds: int, image: float) -> None:
    run = Machine(steps=1000, step_seconds=seconds / 1000, cost=Cost(0.2, image), probe_seconds=0.4)
    taken = run.run()
    assert run.record.measuring <= SHARE * seconds * (1 + 1e-9)
    assert len(taken) != 1
    assert len({images for _, images in taken}) <= 1
    assert all(LEAST_IMAGES <= images <= FULL_IMAGES for _, images in taken)
    assert not taken or taken[-1][0] == 1000


def test_looks_that_turn_out_dearer_are_left_out_but_for_the_last() -> None:
    run = Machine(steps=1000, step_seconds=1.0, cost=Cost(0.0, 0.001))
    taken = run.run(seconds_of_a_look=15.0)
    assert taken == [(100, FULL_IMAGES), (200, FULL_IMAGES), (1000, FULL_IMAGES)]
    assert run.record.measuring == 45 <= SHARE * 1000


def test_as_many_as_are_asked_for_are_full() -> None:
    short = Machine(steps=8, step_seconds=0.001, cost=Cost(9.0, 9.0), evaluations=4)
    assert short.run() == [(2, FULL_IMAGES), (4, FULL_IMAGES), (6, FULL_IMAGES), (8, FULL_IMAGES)]
    assert short.probes == 0
    none = Machine(steps=3600, step_seconds=1.0, cost=Cost(0.0, 1e-4), evaluations=0)
    assert (none.run(), none.probes) == ([], 0)


def test_a_run_whose_reference_would_take_too_long_is_tried_once() -> None:
    run = Machine(steps=1000, step_seconds=0.2, cost=Cost(1.0, 1.0), able=False)
    assert (run.run(), run.probes) == ([], 1)


def test_a_run_that_the_clock_ends_has_looks_by_the_clock() -> None:
    run = Machine(steps=10**6, step_seconds=1.0, cost=Cost(1.0, 0.001), minutes=60)
    taken = run.run()
    assert len(taken) == 10
    assert run.record.measuring <= SHARE * 3600
    assert taken[-1][0] == run.record.step


def test_a_resumed_run_measures_with_as_many_images_within_the_share_of_the_whole() -> None:
    run = Machine(steps=1000, step_seconds=1.0, cost=Cost(1.0, 0.001), probe_seconds=1.0)
    first = run.run(until=450)
    second = run.run()
    assert first
    assert second
    assert len({images for _, images in first + second}) == 1
    assert run.record.measuring <= SHARE * 1000
    # Another machine, on which as many images cost more: fewer looks, and none with fewer images.
    run = Machine(steps=1000, step_seconds=1.0, cost=Cost(1.0, 0.001))
    first = run.run(until=450)
    run.cost = Cost(1.0, 0.003)
    assert {images for _, images in run.run()} == {images for _, images in first}
    assert run.record.measuring <= SHARE * 1000


def test_what_a_budget_allows() -> None:
    assert choose(200.0, Cost(0.0, 0.001)) == (10, 5000)
    assert choose(30.0, Cost(0.0, 0.001)) == (10, 3000)
    assert choose(5.0, Cost(0.0, 0.001)) == (5, 1000)
    assert choose(1.9, Cost(0.0, 0.001)) == (0, 1000)
    assert choose(30.0, Cost(0.0, 0.001), images=5000) == (6, 5000)


def test_only_states_measured_with_as_many_images_compare() -> None:
    rows = [
        {"step": 1, "elbo": -10.0, "images": 1000},
        {"step": 2, "elbo": -90.0},
        {"step": 3, "elbo": -95.0, "images": FULL_IMAGES},
    ]
    assert best_of(VAE, rows)["step"] == 2
    assert best_of(VAE, [*rows, {"step": 4, "elbo": -99.0, "images": 1000}])["step"] == 1


def test_rate_and_time_left_are_those_of_steps_and_looks() -> None:
    todo = plan(VAE.name, Path("unused"), steps=100)
    record, time = Record(), 0.0
    clock = Clock(todo, record, lambda: time)
    assert clock.status({}).images_per_second == 0
    time, record.step = 5.0, 10
    with clock.aside():
        time = 95.0
    status = clock.status({"loss": torch.tensor(2.0)}, measuring=7.0)
    assert status.images_per_second == pytest.approx(todo.entry.recipe.batch_size * 2)
    assert status.seconds_left == pytest.approx(90 * 0.5 + 7)
    assert clock.seconds == 95


@pytest.fixture
def eager(monkeypatch: pytest.MonkeyPatch) -> None:
    """Looks of few images by the rule, in a run of some steps."""
    monkeypatch.setattr(schedule, "_LEAST_SECONDS", 0.0)
    monkeypatch.setattr(schedule, "SHARE", 1e9)
    monkeypatch.setattr(schedule, "MOST", 3)
    monkeypatch.setattr(schedule, "FULL_IMAGES", 500)
    monkeypatch.setattr(schedule, "LEAST_IMAGES", 250)


def evaluations(folder: Path) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads((folder / "config.json").read_text())["training"]["evaluations"]
    return found


@pytest.mark.numeric
@pytest.mark.usefixtures("eager")
def test_the_candidates_stand_in_the_checkpoint(tmp_path: Path) -> None:
    seen: list[Status] = []
    data = noise_images(VAE.dataset, 300)
    out = train(plan(VAE.name, tmp_path / "run", steps=6, evaluations=None), data, report=seen.append)
    rows = evaluations(out)
    assert [row["step"] for row in rows] == [2, 4, 6]
    assert {row["images"] for row in rows} == {500}
    assert [json.loads(row) for row in (out / "evaluations.jsonl").read_text().splitlines()] == rows
    told = [status.activity for status in seen]
    assert (told[0], told.count("measuring"), told[-1]) == ("training", 3, "finishing")
    train(plan(VAE.name, out, steps=12), data, resume=True)
    assert evaluations(out)[:3] == rows
    assert [row["step"] for row in evaluations(out)[3:]] == [8, 12]
    assert {row["images"] for row in evaluations(out)} == {500}
    plain = train(plan(VAE.name, tmp_path / "plain", steps=12, evaluations=0), data)
    assert evaluations(plain) == []
    assert not (plain / "evaluations.jsonl").exists()
    measured, unmeasured = (read_tensors(folder / STATE) for folder in (out, plain))
    for name in unmeasured.keys() - {"json"}:
        assert torch.equal(measured[name], unmeasured[name]), name


def test_training_images_features_are_computed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    data, calls = noise_images(VAE.dataset, 300), list[int]()
    extract = ZooFeatures.extract

    def counted(self: ZooFeatures, pixels: torch.Tensor) -> Sample:
        calls.append(len(pixels))
        return extract(self, pixels)

    monkeypatch.setattr(ZooFeatures, "extract", counted)
    first, second = (SelectionMeasure(VAE, data, torch.device("cpu"))._reference for _ in range(2))
    assert calls == [300]
    assert torch.equal(first.features, second.features)
    monkeypatch.setattr("genzoo.train.selection.TRAINING_IMAGES", {VAE.dataset.name: data.sha256})
    shipped = SelectionMeasure(VAE, data, torch.device("cpu"))._reference
    assert len(shipped) == REFERENCE_IMAGES
    other = ImageData(data.dataset, 255 - data.pixels)
    assert not torch.equal(SelectionMeasure(VAE, other, torch.device("cpu"))._reference.features, first.features)
    assert calls == [300, 300]


def test_shipped_features_are_of_the_images_that_the_entries_were_trained_on() -> None:
    ran = [read_config(find_folder(name)).training["data"] for name in ("vae-mnist-z20-l3", "dcgan-cifar10-z100-l4")]
    assert {data["name"]: data["sha256"] for data in ran} == dict(TRAINING_IMAGES)


@pytest.mark.data
def test_shipped_features_are_those_of_training_images() -> None:
    data = load_images(DATASETS["mnist"], REAL)
    assert data.sha256 == TRAINING_IMAGES["mnist"]
    judge = SelectionMeasure(VAE, data, torch.device("cpu"))
    some = draw(len(data), REFERENCE_IMAGES, seed=0)[:100]
    assert judge._shipped
    found = judge._extractor.extract(data.pixels[some]).features
    torch.testing.assert_close(judge._reference.features[:100], found, rtol=2e-3, atol=2e-3)


def shown(columns: int, *statuses: Status) -> list[str]:
    """What a bar of so many columns shows in the end of each status, without colours."""
    lines = []
    for status in statuses:
        file = io.StringIO()
        console = Console(file=file, width=columns, force_terminal=True, color_system=None, legacy_windows=False)
        with progress_bar("dcgan-cifar10-z100-l4", None, console) as move:
            _report(move, "dcgan-cifar10-z100-l4-ft")(status)
        text = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", file.getvalue())
        lines.append([line for line in re.split(r"[\r\n]+", text) if line.strip()][-1])
    return lines


LOSSES = {"discriminator": 1.234, "generator": 0.987, "real_score": 0.5, "fake_score": 0.4}


def test_at_80_columns_the_bar_keeps_name_step_and_time_and_drops_losses_first() -> None:
    training = Status(12_345, 40_000, 1234.5, 3723.0, LOSSES)
    narrow, wide = (shown(columns, training)[0] for columns in (80, 200))
    assert "discriminator 1.23 generator 0.987 real_score 0.5 fake_score 0.4" in wide
    for line in (narrow, wide):
        assert line.startswith("dcgan-cifar10-z100-l4-ft ")
        assert "━" in line
        assert "12345/40000 1:02:03 " in line
    assert len(narrow) <= 80
    assert narrow.rstrip().endswith("1:02:03 training")
    some = shown(120, training)[0]
    assert some.rstrip().endswith("training 1,234 images/s discriminator 1.23")  # and no part of another


def test_a_long_name_gives_way_before_step_and_time() -> None:
    file = io.StringIO()
    console = Console(file=file, width=60, force_terminal=True, color_system=None, legacy_windows=False)
    with progress_bar("vae", None, console) as move:
        _report(move, "vae-mydrawings-z128-l5-w64-ft")(Status(12_345, 40_000, 1234.5, 3723.0, LOSSES))
    line = [
        line for line in re.split(r"[\r\n]+", re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", file.getvalue())) if line.strip()
    ][-1]
    assert re.fullmatch(r"vae-mydrawings-z1… ━+ +12345/40000 1:02:03", line.rstrip())


def test_in_a_log_the_bar_is_a_line_now_and_then(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]
    monkeypatch.setattr("genzoo.cli.progress.time.monotonic", lambda: now[0])
    file = io.StringIO()
    with progress_bar("vae", None, Console(file=file)) as move:
        for second in range(100):
            now[0] = second
            _report(move, "vae")(Status(second, 100, 1234.5, 100.0 - second, {"negative_elbo": 99.5}))
    lines = file.getvalue().splitlines()
    assert lines[0] == "vae: 31 of 100, 0:01:09 left, training 1,234 images/s negative_elbo 99.5"
    assert len(lines) == 3


def test_the_bar_says_what_the_run_is_at() -> None:
    lines = shown(120, *(Status(1, 10, 50.0, 9.0, {}, each) for each in ("training", "measuring", "finishing")))
    for activity, line in zip(("training", "measuring", "finishing"), lines, strict=True):
        assert line.rstrip().endswith(f"0:00:09 {activity} 50 images/s")
    file = io.StringIO()
    with progress_bar("vae", None, Console(file=file, width=80, force_terminal=True, legacy_windows=False)) as move:
        move(0, "reading")
    assert "reading" in file.getvalue()


def test_a_digest_is_of_the_pixels() -> None:
    data = noise_images(VAE.dataset, 4)
    assert data.sha256 == ImageData(VAE.dataset, data.pixels.clone()).sha256
    assert data.sha256 != ImageData(VAE.dataset, 255 - data.pixels).sha256
