"""Pictures of training and of studies: what is drawn in them, from what is there, and that all of it can be read."""

from __future__ import annotations

import dataclasses
import itertools
import json
import shutil
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from click.testing import CliRunner, Result
from matplotlib.figure import Figure
from matplotlib.text import Text
from PIL import Image

from genzoo.checkpoint.checksums import SUMS
from genzoo.checkpoint.layout import EVALUATIONS, HISTORY, MODEL, PROGRESS, SAMPLES
from genzoo.checkpoint.manifest import weights_home
from genzoo.checkpoint.measurement import read_metrics
from genzoo.cli import main
from genzoo.data import ImageData, has_labels, load_labels
from genzoo.errors import DataError
from genzoo.plots import bars, curves, figure, points, sheets
from genzoo.plots.curves import Curve, CurvePanel, draw_curves
from genzoo.plots.points import Cloud, draw_clouds
from genzoo.studies import latents
from genzoo.studies.catalog import STUDIES
from genzoo.studies.conduct import _png
from genzoo.studies.latents import draw_latents
from genzoo.studies.pictures import draw_study
from genzoo.studies.results import read_study, write_result
from genzoo.studies.study import Run
from genzoo.studies.verdict import mean_interval
from genzoo.zoo.catalog import ENTRIES
from genzoo.zoo.datasets import MNIST

from .few_digits import DIGITS, load_digits
from .test_rooms import COMMAND, modules_after

STUDY = STUDIES["vae-mnist-latent-size"]
EPOCHS = STUDIES["mlpvae-mnist-z2-l1-epochs"]
GAN = "mlpgan-mnist-z100-l3"
BESIDE = STUDIES["report0-gan-beside-vae"]


@pytest.fixture
def figures(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Every figure that is written, by its file's name; each is seen to be legible."""
    seen: dict[str, Any] = {}  # figures, of whose parts matplotlib's types say too little

    def save(drawn: Figure, path: Path) -> None:
        figure.save(drawn, path)
        if path.suffix == ".png":
            with warnings.catch_warnings():
                warnings.filterwarnings("ignore", message="Glyph")
                refuse_cut_off(drawn)
        seen[path.name] = drawn

    for module in (bars, curves, points, sheets):
        monkeypatch.setattr(module, "save", save)
    return seen


def tick_labels(panel: Any) -> list[Text]:
    low, high = sorted(panel.get_xlim())
    labels = zip(panel.get_xticks(), panel.get_xticklabels(), strict=True)
    return [label for place, label in labels if low <= place <= high and label.get_text()]


def refuse_cut_off(drawn: Figure) -> None:
    """No title, note or label ends outside of a picture; no note lies upon a panel, nor a label upon the next."""
    assert drawn.bbox.width >= 600
    outer, panels = drawn.bbox, [panel for panel in drawn.axes if panel.get_visible()]
    named = [text for panel in panels for text in (panel.title, panel.xaxis.label, panel.yaxis.label, *panel.texts)]
    for text in [*drawn.texts, *named, *(label for panel in panels for label in tick_labels(panel))]:
        if text.get_text().strip():
            box = text.get_window_extent()
            assert min(box.x0 - outer.x0, box.y0 - outer.y0) >= -1, text.get_text()
            assert max(box.x1 - outer.x1, box.y1 - outer.y1) <= 1, text.get_text()
    around = [text.get_window_extent() for text in drawn.texts if text.get_text().strip()]
    around += [legend.get_window_extent() for legend in drawn.legends]
    for panel in panels:
        assert not any(panel.get_window_extent().overlaps(box) for box in around)
        boxes = [label.get_window_extent() for label in tick_labels(panel) if not label.get_rotation()]
        assert not any(one.overlaps(other) for one, other in itertools.pairwise(boxes))


def command(*args: object) -> Result:
    return CliRunner().invoke(main, [*map(str, args)])


def grey_picture() -> bytes:
    """Five rows of ten digits that are none."""
    return _png(Image.fromarray(np.full((5 * 30 - 2, 10 * 30 - 2), 99, dtype=np.uint8)))


def leave(results: Path, run: Run, scale: float = 1.0, problem: str | None = None) -> None:
    """The result of a run that was never carried out, with the measurement of a shipped model."""
    shipped = weights_home() / "mlpvae-mnist-z2-l1" / "metrics.json"
    measurement = read_metrics(shipped)
    rows = {key: dataclasses.replace(row, mean=row.mean * scale) for key, row in measurement.rows.items()}
    measurement = dataclasses.replace(measurement, seeds=(0,), rows=rows, others={"sharpness": {"mean": 0.1 * scale}})
    entry = run.setting.entry
    config = {
        "run": run.name, "seed": run.seed, "steps": run.setting.steps, "entry": entry.to_json(),
        "parameters": {"generator": 1}, "training": {}, "versions": {}, "problem": problem,
    }  # fmt: skip
    names = ("negative_elbo", "reconstruction", "kl") if entry.is_vae else ("discriminator", "generator")
    history = [
        {"step": run.setting.steps * (i + 1) / 20, **dict.fromkeys(names, scale * 100 / (i + 1))} for i in range(20)
    ]
    pictures = dict.fromkeys((SAMPLES, PROGRESS) if run.seed == 0 else (SAMPLES,), grey_picture())
    if problem is None:
        write_result(results, config, measurement, history, pictures)
    else:
        write_result(results, config, None, [], {})


@pytest.fixture
def results(tmp_path: Path) -> Path:
    """Results of two settings from three seeds, of one that broke down, and of two none."""
    for run in STUDY.runs:
        place = [setting.value for setting in STUDY.settings].index(run.setting.value)
        if place < 2:
            leave(tmp_path / "results", run, 1 + place + run.seed / 10)
        elif place == 2:
            leave(tmp_path / "results", run, problem="Training broke down: it does.")
    return tmp_path / "results"


def test_a_study_is_drawn(results: Path, tmp_path: Path, figures: dict[str, Any]) -> None:
    found = read_study(results, STUDY)
    drawn = draw_study(STUDY, found, tmp_path / "out")
    assert drawn.missing == []
    assert [path.name for path in drawn.paths] == ["losses.png", "metrics.png", "samples.png", "progress.png"]
    assert {path.parent for path in drawn.paths} == {tmp_path / "out" / STUDY.name}
    losses = figures["losses.png"]
    panels = {panel.get_ylabel(): panel for panel in losses.axes if panel.get_visible()}
    assert list(panels) == [
        "Negative ELBO, nats an image",
        "Reconstruction, nats an image",
        "KL divergence, nats an image",
    ]
    for panel in panels.values():  # a line for each setting that has one, a band from the lowest to the highest seed
        ten, twenty = panel.get_lines()
        assert np.allclose(ten.get_ydata(), [1.1 * 100 / (i + 1) for i in range(20)], rtol=1e-3)
        assert np.allclose(twenty.get_ydata(), [2.1 * 100 / (i + 1) for i in range(20)], rtol=1e-3)
        assert ten.get_color() != twenty.get_color()
        band = panel.collections[0].get_paths()[0].vertices
        assert np.isclose(band[:, 1].max(), 120)
        assert np.isclose(band[:, 1].min(), 5)
    assert [text.get_text() for text in losses.legends[0].get_texts()] == ["10", "20"]
    note = losses.legends[0].get_title().get_text().replace("\n", " ")
    assert note.endswith("9 of 15 runs are done, none of 100; 200 yet.")
    metrics = {panel.get_ylabel().split("\n")[0]: panel for panel in figures["metrics.png"].axes if panel.get_visible()}
    assert list(metrics) == ["Fréchet distance", "ELBO, nats per image", "Coverage", "Class balance", "Sharpness"]
    panel = metrics["Sharpness"]
    assert [label.get_text() for label in panel.get_xticklabels()] == ["10", "20", "50", "100", "200"]
    seeds = [0.1, 0.11, 0.12]
    interval = mean_interval(seeds)
    assert interval is not None
    (segment,) = panel.containers[0][2][0].get_segments()
    assert np.allclose(segment[:, 1], interval)
    shown = [list(line.get_ydata()) for line in panel.get_lines()]
    assert seeds in [[round(float(value), 6) for value in values] for values in shown]


def test_curves_and_studies_without_vaes_need_no_torch(tmp_path: Path) -> None:
    study = STUDIES["dcgan-mnist-kernel"]
    leave(tmp_path / "results", study.runs[0])
    show = ["study", "show", study.name, "--results", str(tmp_path / "results"), "--out", str(tmp_path / "out")]
    plot = ["plot", GAN, "--out", str(tmp_path / "out.png")]
    for args in (show, plot):
        assert not modules_after(COMMAND.format(args=args)) & {"torch", "torchvision", "scipy", "huggingface_hub"}
    assert len([*(tmp_path / "out" / study.name).iterdir()]) == 4


def test_what_is_missing_is_said_in_the_picture(results: Path, tmp_path: Path, figures: dict[str, Any]) -> None:
    draw_study(STUDY, read_study(results, STUDY), tmp_path / "out")
    samples, progress = (
        {panel.get_title(): panel for panel in figures[name].axes} for name in ("samples.png", "progress.png")
    )
    assert list(samples) == [f"latent size: {size}" for size in (10, 20, 50, 100, 200)]
    assert len(samples["latent size: 10"].get_images()) == 1
    assert [text.get_text() for text in samples["latent size: 50"].texts] == ["broke down"]
    assert [text.get_text() for text in samples["latent size: 100"].texts] == ["not trained yet"]
    rows = [text.get_text() for text in progress["latent size: 20"].texts]
    assert rows == ["1,000", "2,000", "3,000", "4,000", "5,000"]
    shown = samples["latent size: 20"]
    box = shown.get_window_extent()
    assert (round(box.width), round(box.height)) == (298, 148)  # a pixel for each, none smoothed


def test_lengths_of_many_orders_have_a_logarithmic_axis(tmp_path: Path, figures: dict[str, Any]) -> None:
    for run in EPOCHS.runs[:5]:
        leave(tmp_path / "results", run, 1.0 + len(run.setting.value))
    draw_study(EPOCHS, read_study(tmp_path / "results", EPOCHS), tmp_path / "out")
    assert {panel.get_xscale() for panel in figures["losses.png"].axes if panel.get_visible()} == {"log"}
    assert "error per pixel" in "".join(panel.get_ylabel() for panel in figures["metrics.png"].axes)


def test_a_study_of_unlike_models(tmp_path: Path, figures: dict[str, Any]) -> None:
    for place, run in enumerate(BESIDE.runs[:4]):
        leave(tmp_path / "results", run, 40.0**place)
    draw_study(BESIDE, read_study(tmp_path / "results", BESIDE), tmp_path / "out")
    panels = {panel.get_ylabel(): panel for panel in figures["losses.png"].axes if panel.get_visible()}
    assert len(panels["Discriminator's loss"].get_lines()) == 2
    assert len(panels["KL divergence, nats an image"].get_lines()) == 2
    scales = {panel.get_ylabel().split("\n")[0]: panel.get_yscale() for panel in figures["metrics.png"].axes}
    assert (scales["Fréchet distance"], scales["Precision"]) == ("log", "linear")


def test_a_study_of_which_nothing_is_done(tmp_path: Path) -> None:
    drawn = draw_study(STUDY, read_study(tmp_path, STUDY), tmp_path / "out")
    assert drawn.paths == []
    assert drawn.missing == [f"{STUDY.name}: none of its runs is done, so there is nothing to draw yet."]
    assert not (tmp_path / "out").exists()
    leave(tmp_path, STUDY.runs[0], problem="Training broke down: it does.")
    drawn = draw_study(STUDY, read_study(tmp_path, STUDY), tmp_path / "out")
    assert drawn.paths == []
    assert [line.split(" is ")[0] for line in drawn.missing] == [
        f"{STUDY.name}: {name}.png" for name in ("losses", "metrics", "samples", "progress")
    ]


@pytest.mark.parametrize("data", [b"", b"\x89PNG\r\n\x1a\n" + bytes(40)], ids=["empty", "broken"])
def test_a_damaged_picture_is_named(data: bytes, results: Path, tmp_path: Path) -> None:
    path = results / STUDY.runs[0].name / SAMPLES
    path.write_bytes(data)
    with pytest.raises(DataError, match=rf"{path} is not a picture .*study run"):
        draw_study(STUDY, read_study(results, STUDY), tmp_path / "out")


@pytest.fixture
def few_test_images(monkeypatch: pytest.MonkeyPatch) -> None:
    """The test set of MNIST is some digits, whose classes are made up."""
    pixels = load_digits(DIGITS, Path(), False)
    monkeypatch.setattr(latents, "load_images", lambda *_, **__: ImageData(MNIST, pixels))
    monkeypatch.setattr(latents, "load_labels", lambda *_, **__: torch.arange(len(pixels)) % 10)


@pytest.mark.usefixtures("few_test_images")
def test_shipped_weights_stand_in(tmp_path: Path, figures: dict[str, Any]) -> None:
    drawn = draw_latents(EPOCHS, tmp_path / "runs", tmp_path / "out")
    assert [path.name for path in drawn.paths] == ["reconstructions.png", "latents.png", "manifold.png"]
    assert drawn.missing == [
        f"{EPOCHS.name}: there are no weights in {tmp_path / 'runs'} of "
        "epochs: 1; epochs: 5; epochs: 25; epochs: 50; epochs: 100."
    ]
    rows = [text.get_text() for text in figures["reconstructions.png"].axes[0].texts]
    assert rows == ["test images", "mlpvae-mnist-z2-l1, as shipped"]
    (picture,) = figures["reconstructions.png"].axes[0].get_images()
    assert np.asarray(picture.get_array()).shape == (58, 298, 3)
    assert any("shipped ones" in text.get_text() for text in figures["manifold.png"].texts)
    (plane,) = figures["manifold.png"].axes[0].get_images()
    assert np.asarray(plane.get_array()).shape == (30 * 28, 30 * 28, 3)
    cloud = figures["latents.png"].axes[0]
    assert len(cloud.collections[0].get_offsets()) == 200
    assert [text.get_text() for text in figures["latents.png"].legends[0].get_texts()] == [*"0123456789"]
    assert sorted(text.get_text() for text in cloud.texts) == [*"0123456789"]


def test_what_needs_the_dataset_is_left_out_without_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> ImageData:
        raise DataError("MNIST is not whole.")

    monkeypatch.setattr(latents, "load_images", refuse)
    drawn = draw_latents(EPOCHS, tmp_path / "runs", tmp_path / "out")
    assert drawn.paths == []
    assert drawn.missing[-1] == f"{EPOCHS.name}: reconstructions.png is not drawn. MNIST is not whole."
    assert draw_latents(STUDIES["dcgan-mnist-kernel"], tmp_path / "runs", tmp_path / "out").missing == []


@pytest.mark.usefixtures("tables")
def test_labels_are_torchvisions() -> None:
    from genzoo.zoo.registry import register

    register(DIGITS)
    assert has_labels(MNIST)
    assert not has_labels(DIGITS)
    with pytest.raises(DataError, match="no labels of fewdigits"):
        load_labels(DIGITS)


def test_the_command_draws_beside_its_text(tmp_path: Path) -> None:
    study = STUDIES["dcgan-mnist-kernel"]
    leave(tmp_path / "results", study.runs[0])
    show = ("study", "show", study.name, "--results", tmp_path / "results")
    out = tmp_path / "out"
    for more in ((), ("--json",)):
        plain, drawn = command(*show, *more), command(*show, *more, "--out", out)
        assert (drawn.exit_code, drawn.stdout) == (0, plain.stdout)
        names = ("losses", "metrics", "samples", "progress")
        assert drawn.stderr.splitlines() == [f"Wrote {out / study.name / name}.png" for name in names]
        assert all((out / study.name / f"{name}.png").is_file() for name in names)


@pytest.fixture
def run(tmp_path: Path, checkpoint: Path) -> Path:
    """A finished run's folder, to be altered."""
    return Path(shutil.copytree(checkpoint, tmp_path / "run"))


def drawn_lines(drawn: Any) -> dict[str, list[int]]:
    """The number of points of each line, by its panel."""
    visible = [panel for panel in drawn.axes if panel.get_visible()]
    return {panel.get_ylabel(): [len(line.get_xdata()) for line in panel.get_lines()] for panel in visible}


def test_curves_of_entries_and_runs(run: Path, tmp_path: Path, figures: dict[str, Any]) -> None:
    (run / SUMS).unlink()  # it still goes on
    out = tmp_path / "out.png"
    done = command("plot", "mlpgan-mnist-z100-l*", "vae-mnist", run, "--out", out)
    assert (done.exit_code, done.stdout, done.stderr) == (0, f"{out}\n", f"Wrote {out}\n")
    names = [name for name in ENTRIES if name.startswith("mlpgan-mnist-z100-l")]
    legend = [text.get_text() for text in figures["out.png"].legends[0].get_texts()]
    assert sorted(legend) == sorted([*names, "vae-mnist", str(run)])
    lines = drawn_lines(figures["out.png"])
    assert list(lines)[:2] == ["Discriminator's loss", "Score of real images (0 to 1)"]
    assert lines["Generator's loss"] == [100] * len(names)
    assert lines["KL divergence, nats an image"] == [100, 2]
    assert "Losses in the training of" in figures["out.png"].texts[0].get_text()


def test_one_entry_has_bands_and_no_legend(tmp_path: Path, figures: dict[str, Any]) -> None:
    assert command("plot", GAN, "--out", tmp_path / "one.png").exit_code == 0
    assert figures["one.png"].legends == []
    panels = [panel for panel in figures["one.png"].axes if panel.get_visible()]
    assert all(len(panel.collections) == 1 for panel in panels)
    rows = [json.loads(line) for line in (weights_home() / GAN / HISTORY).read_text().splitlines()]
    line = panels[-1].get_lines()[0]
    assert panels[-1].get_ylabel() == "Generator's loss"
    size = -(-len(rows) // 100)
    assert np.isclose(line.get_ydata()[0], np.mean([row["generator"] for row in rows[:size]]), rtol=1e-3)


def test_curves_of_what_was_measured_on_the_way(run: Path, tmp_path: Path, figures: dict[str, Any]) -> None:
    rows = [{"step": step, "frechet_distance": 9.0 / step, "elbo": -90.0, "images": 1000} for step in (1, 2)]
    (run / SUMS).unlink()
    (run / EVALUATIONS).write_text("".join(json.dumps(row) + "\n" for row in rows))
    args = ("--metric", "frechet_distance", "--metric", "elbo", "--out", tmp_path / "out.svg")
    done = command("plot", GAN, run, *args)
    assert done.exit_code == 0, done.output
    kept = json.loads((weights_home() / GAN / "config.json").read_text())["training"]["evaluations"]
    assert drawn_lines(figures["out.svg"]) == {
        "Fréchet distance\n(lower is better)": [len(kept), 2],
        "ELBO, nats per image\n(higher is better)": [2],
    }
    done = command("plot", GAN, "--metric", "elbo", "--out", tmp_path / "no.png")
    assert done.exit_code == 2
    assert done.stderr == (
        "Error: 'elbo' was not measured in the training of any of these: there are frechet_distance, coverage.\n"
    )
    assert not (tmp_path / "no.png").exists()


def without_measurements(run: Path) -> Sequence[object]:
    return run, "--metric", "elbo"


def without_losses(run: Path) -> Sequence[object]:
    (run / SUMS).unlink()
    (run / HISTORY).unlink()
    return (run,)


def with_a_damaged_history(run: Path) -> Sequence[object]:
    (run / SUMS).unlink()
    (run / HISTORY).write_text('{"step": 1, "generator": "low"}\n')
    return (run,)


def with_an_altered_history(run: Path) -> Sequence[object]:
    (run / HISTORY).write_text('{"step": 1, "generator": 1.0}\n')
    return (run,)


def without_a_config(run: Path) -> Sequence[object]:
    shutil.rmtree(run)
    run.mkdir()
    return (run,)


@pytest.mark.parametrize(
    ("alter", "words"),
    [
        (without_measurements, "Error: There is nothing to draw"),
        (without_losses, "Error: There is nothing to draw"),
        (with_a_damaged_history, "is damaged (a line is no row of numbers with a step)"),
        (with_an_altered_history, "is damaged or altered: its SHA-256 is"),
        (without_a_config, "has no config.json"),
        (lambda _: ("dcgan-nothing-*",), "No model's name matches 'dcgan-nothing-*'"),
        (lambda _: ("dcgan-mnust",), "did you mean dcgan-mnist"),
        (lambda _: ("vae-mnist", "--out", "curves.txt"), "end its name in .png, .svg or .pdf"),
    ],
)
def test_what_cannot_be_drawn(
    alter: Callable[[Path], Sequence[object]], words: str, run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(run.parent)
    done = command("plot", *alter(run))
    assert done.exit_code in (1, 2)
    assert words in done.stderr
    assert done.stderr.splitlines()[-1].startswith("Error: ")
    assert not (run.parent / "curves.png").exists()


def test_names_are_drawn_as_they_are(tmp_path: Path, figures: dict[str, Any]) -> None:
    names = ["a$b$c", "_hidden", "$x", "数字"]
    lines = [Curve(name, [1, 2, 3], [place, 2.0, 1.0]) for place, name in enumerate(names)]
    for suffix in ("png", "svg", "pdf"):
        draw_curves(tmp_path / f"out.{suffix}", [CurvePanel("a_$b$", lines)], "a $title$", "a $note$ _")
    legend = figures["out.png"].legends[0].get_texts()
    assert [text.get_text().strip().replace("\\", "") for text in legend] == names
    assert (tmp_path / "out.png").read_bytes() == draw_again(tmp_path, lines)


def draw_again(folder: Path, lines: Sequence[Curve]) -> bytes:
    draw_curves(folder / "again.png", [CurvePanel("a_$b$", lines)], "a $title$", "a $note$ _")
    return (folder / "again.png").read_bytes()


def test_first_losses_leave_the_rest_its_room(tmp_path: Path, figures: dict[str, Any]) -> None:
    steps = range(1, 101)
    steep = Curve("", steps, [1000.0 / step**2 for step in steps])
    even = Curve("", steps, [float(step) for step in steps])
    draw_curves(tmp_path / "out.png", [CurvePanel("steep", [steep]), CurvePanel("even", [even])])
    one, other = figures["out.png"].axes
    assert one.get_ylim()[1] < 300
    assert (other.get_ylim()[0] <= 1, other.get_ylim()[1] >= 100) == (True, True)


def test_a_cloud_without_classes(tmp_path: Path, figures: dict[str, Any]) -> None:
    clouds = [Cloud("one", np.zeros((3, 2))), Cloud("other", np.ones((3, 2)), np.array([1, 1, 2]))]
    draw_clouds(tmp_path / "out.png", clouds, ("x", "y"), "A title")
    assert [len(panel.texts) for panel in figures["out.png"].axes] == [0, 2]
    assert [text.get_text() for text in figures["out.png"].legends[0].get_texts()] == ["1", "2"]


def test_weights_are_not_needed_for_curves(run: Path, tmp_path: Path) -> None:
    (run / MODEL).unlink()
    assert command("plot", run, "--out", tmp_path / "out.png").exit_code == 0
