"""Comparisons, and the commands."""

from __future__ import annotations

import json
import math
import re
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner, Result
from PIL import Image

from genzoo.checkpoint.measurement import QUANTILE, measurement_of, text_of_draws
from genzoo.cli.evaluate import evaluate as evaluate_command
from genzoo.cli.evaluate import train_features as train_features_command
from genzoo.errors import DataError, GenzooError, UnknownNameError, UsageError
from genzoo.evaluate import Measurement, compare, plot, to_table
from genzoo.evaluate.comparison import difference
from genzoo.evaluate.intervals import DRAWS
from genzoo.hub.measurement import find_metrics
from genzoo.images.writers import save_images
from genzoo.train import train
from genzoo.zoo.catalog import MNIST
from genzoo.zoo.metrics import metrics_of

from .conftest import noise_images, plan


def document(name: str, frechet: float, precision: float, **changes: Any) -> dict[str, Any]:
    row = {"std": 0.05, "floor": 0.5, "values": [1.0]}
    return {
        "format": 1,
        "name": name,
        "dataset": "mnist",
        "features": {"name": "genzoo-mnist", "version": 1, "size": 128},
        "reference": {"split": "test", "n": 10_000},
        "n": 10_000,
        "seeds": [0, 1, 2],
        "frechet_distance": {**row, "mean": frechet, "margin": 0.1},
        "precision": {**row, "mean": precision},
        **changes,
    }


def measurement(name: str, frechet: float, precision: float, **changes: Any) -> Measurement:
    return measurement_of(document(name, frechet, precision, **changes))


def nats(mean: float, likelihood: str) -> dict[str, Any]:
    return {"mean": mean, "standard_error": 0.5, "n": 10, "unit": "nats per image", "likelihood": likelihood}


PAIR = [measurement("first", 2.0, 0.9), measurement("second", 1.0, 0.8)]


def test_the_best_depends_on_the_metric() -> None:
    found = compare(PAIR)
    assert found.best == {"frechet_distance": ("second",), "precision": ("first",)}
    as_json = found.to_json()
    assert as_json["best"] == {"frechet_distance": ["second"], "precision": ["first"]}
    row = {"mean": 2.0, "std": 0.05, "floor": 0.5, "margin": 0.1}
    assert as_json["models"][0]["frechet_distance"] == row
    assert (as_json["n"], as_json["reference"]) == (10_000, {"split": "test", "n": 10_000})


def test_the_table_marks_the_best_and_shows_the_floor() -> None:
    lines = to_table(compare(PAIR), lambda text: f"*{text.strip()}*").splitlines()
    assert [line.split()[0] for line in lines[:4]] == ["MODEL", "first", "second", "(training"]
    assert "*0.9 ±0.05*" in lines[1]
    assert "*1.00 ±0.10*" in lines[2]
    assert lines[1].count("*") == lines[2].count("*") == 2
    assert lines[3].split()[-2:] == ["0.5", "0.5"]
    plain = to_table(compare(PAIR)).splitlines()
    assert plain[1].index("2.00 ±0.10") == plain[2].index("1.00 ±0.10")
    assert "Of 10,000 images each, against 10,000 of the test set of mnist, as genzoo-mnist v1 sees them" in lines[5]
    assert "95 of 100 repeated measurements" in lines[6]


def drawn(mean: float, *deviations: float) -> dict[str, Any]:
    """A row whose draws differ from its mean by these, over and over."""
    draws = [mean + deviation for deviation in deviations] * (DRAWS // len(deviations))
    return {"mean": mean, "margin": 1.0, "draws": text_of_draws(draws)}


def test_what_the_best_cannot_be_told_from_is_marked() -> None:
    models = [
        measurement("best", 0, 1, frechet_distance=drawn(1.0, -0.2, 0.2)),
        measurement("noisy", 0, 0.8, frechet_distance=drawn(1.3, 0.2, -0.2)),
        # It is off by as much, but together with the best: the real images are the same.
        measurement("alike", 0, 0.8, frechet_distance=drawn(1.3, -0.2, 0.2)),
        measurement("older", 1.01, 0.59),
    ]
    found = compare(models)
    assert found.best == {"frechet_distance": ("best",), "precision": ("best",)}
    assert found.ties == {"frechet_distance": ("noisy",), "precision": ()}
    lines = to_table(found).splitlines()
    assert [line.count("≈") for line in lines[:6]] == [0, 0, 1, 0, 0, 0]
    assert lines[-1].startswith("≈: not told apart from the best")
    low, high = difference(models[1].rows["frechet_distance"], models[0].rows["frechet_distance"]) or (0, 0)
    assert (low + high) / 2 == pytest.approx(0.3)
    assert (high - low) / 2 == pytest.approx(QUANTILE * 0.4 * math.sqrt(DRAWS / (DRAWS - 1)))
    assert difference(models[3].rows["frechet_distance"], models[0].rows["frechet_distance"]) is None


def test_nats_of_different_likelihoods_have_no_best() -> None:
    same = [measurement("a", 1, 1, elbo=nats(-90, "x")), measurement("b", 1, 1, elbo=nats(-80, "x"))]
    assert compare(same).best["elbo"] == ("b",)
    other = [same[0], measurement("b", 1, 1, elbo=nats(-80, "y"))]
    assert compare(other).best["elbo"] == ()
    assert compare([same[0], measurement("gan", 1, 1)]).best["elbo"] == ("a",)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("dataset", "cifar10"),
        ("n", 500),
        ("features", {"name": "inception", "version": 1, "size": 2048}),
        ("reference", {"split": "train", "n": 10_000}),
    ],
)
def test_what_was_measured_otherwise_is_not_compared(key: str, value: object) -> None:
    with pytest.raises(UsageError, match=f"measured otherwise in {key} .* cannot be compared"):
        compare([PAIR[0], measurement("other", 1.0, 1.0, **{key: value})])
    with pytest.raises(UsageError, match="two measurements or more"):
        compare(PAIR[:1])


def test_a_mixture_has_a_row_of_its_own(tmp_path: Path) -> None:
    vae = document("vae", 9.0, 0.5, mixture_prior={"frechet_distance": {"mean": 2.0, "std": 0.1, "floor": 0.5}})
    found = compare([measurement_of(vae), measurement("gan", 3.0, 0.9)])
    assert [model.name for model in found.models] == ["vae", "vae, mixture", "gan"]
    assert found.best == {"frechet_distance": ("vae, mixture",), "precision": ("gan",)}
    (tmp_path / "metrics.json").write_text(json.dumps({**vae, "mixture_prior": {"coverage": {"mean": "high"}}}))
    with pytest.raises(DataError, match=r"it\.mixture_prior\.coverage\.mean must be of type float"):
        find_metrics(str(tmp_path))


def test_two_measurements_of_one_name_are_told_apart(tmp_path: Path) -> None:
    worse, better = measurement("same", 9.0, 0.5), measurement("same", 1.0, 0.5)
    found = compare([better, worse, worse])
    assert [model.name for model in found.models] == ["same", "same (2)", "same (3)"]
    assert found.best["frechet_distance"] == ("same",)
    for name, one in (("a.json", worse), ("b.json", better)):
        (tmp_path / name).write_text(one.to_text())
    done = run(evaluate_command, "--compare", tmp_path / "a.json", tmp_path / "b.json", "--json")
    assert json.loads(done.stdout)["best"]["frechet_distance"] == [str(tmp_path / "b.json")]


@pytest.mark.parametrize("out", ["none/metrics.json", "folder"])
def test_where_nothing_can_be_written_is_said_before_measuring(
    out: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "folder").mkdir()
    monkeypatch.setattr("genzoo.evaluate.evaluate", lambda *_: pytest.fail("it was measured first"))
    error = run(evaluate_command, "mlpvae-mnist", "--out", tmp_path / out).exception
    assert isinstance(error, GenzooError)
    assert list(tmp_path.rglob("*")) == [tmp_path / "folder"]


@pytest.mark.parametrize("suffix", [".png", ".svg", ".pdf"])
def test_the_same_comparison_gives_the_same_picture(suffix: str, tmp_path: Path) -> None:
    measurements = [*PAIR, measurement("third", 3.0, 0.7, elbo=nats(-90, "x"))]
    for name in ("a", "b"):
        plot(compare(measurements), tmp_path / f"{name}{suffix}")
    if suffix == ".png":
        assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()
        with Image.open(tmp_path / "a.png") as picture:
            assert picture.width > picture.height
            assert len(picture.convert("RGB").getcolors(1 << 24) or []) > 10
    assert (tmp_path / f"a{suffix}").stat().st_size > 1000


def test_a_picture_needs_a_name_that_says_what_it_is(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"end its name in \.png"):
        plot(compare(PAIR), tmp_path / "out.txt")


def test_measurements_are_read_from_files_and_folders(tmp_path: Path) -> None:
    (tmp_path / "metrics.json").write_text(json.dumps(document("first", 2.0, 0.9)))
    assert find_metrics(str(tmp_path)) == find_metrics(str(tmp_path / "metrics.json")) == PAIR[0]
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match=r"empty has not been measured.*run `genzoo evaluate"):
        find_metrics(str(tmp_path / "empty"))
    (tmp_path / "seeds.json").write_text(json.dumps({**document("first", 2.0, 0.9), "seeds": 5}))
    with pytest.raises(DataError, match=r"it\.seeds must be a list of integers"):
        find_metrics(str(tmp_path / "seeds.json"))
    (tmp_path / "other.json").write_text('{"name": "x"}')
    with pytest.raises(DataError, match=r"other\.json is not a measurement"):
        find_metrics(str(tmp_path / "other.json"))
    with pytest.raises(UnknownNameError):
        find_metrics("no-such-model")


def run(command: click.Command, *args: object) -> Result:
    return CliRunner().invoke(command, [str(arg) for arg in args])


@pytest.mark.usefixtures("small_reference")
def test_a_checkpoint_folder_gets_its_metrics(tmp_path: Path) -> None:
    folder = train(plan("mlpgan-mnist-z100-l2", tmp_path / "gan"), noise_images(MNIST, 600))
    shown = run(evaluate_command, folder, "-n", 150, "--seeds", "0,5")
    assert shown.exit_code == 0, shown.output
    written = (folder / "metrics.json").read_text()
    assert json.loads(written)["seeds"] == [0, 5]
    assert shown.stdout.startswith(
        "Of 150 images each, against 10,000 of the test set of mnist, as genzoo-mnist v1 sees them; the training set's "
        "numbers are of 150 training images.\nThey cannot be compared with the cards' numbers, which are of 10,000 "
        "images against the test set.\nMeans over the seeds 0, 5.\n"
    )
    assert re.search(r"^Fréchet distance +[\d.]+ ± [\d.]+ \(training set [\d.]+\)$", shown.stdout, re.MULTILINE)
    again = run(evaluate_command, folder, "-n", 150, "--seeds", "0,5", "--json")
    assert again.stdout == written == (folder / "metrics.json").read_text()
    # What is chosen by is kept apart from what is published.
    run(evaluate_command, folder, "-n", 150, "--seeds", "0", "--reference", "train")
    assert json.loads((folder / "metrics-train.json").read_text())["reference"]["split"] == "train"
    assert (folder / "metrics.json").read_text() == written
    both = run(evaluate_command, "--compare", folder, folder / "metrics.json", "--plot", tmp_path / "out.png")
    assert both.exit_code == 0, both.output
    assert both.stdout.splitlines()[0].startswith("MODEL")
    assert (tmp_path / "out.png").is_file()
    as_json = json.loads(run(evaluate_command, "--compare", folder, folder, "--json").stdout)
    assert set(as_json["best"]) == set(metrics_of("samples"))


@pytest.mark.usefixtures("small_reference")
def test_a_folder_of_images_is_measured(tmp_path: Path) -> None:
    save_images(noise_images(MNIST, 140).pixels.float() / 255, f"{tmp_path}/out/")
    shown = run(evaluate_command, "--images", tmp_path / "out", "--dataset", "mnist", "--json")
    assert shown.exit_code == 0, shown.output
    assert json.loads(shown.stdout)["n"] == 140
    assert not (tmp_path / "out" / "metrics.json").exists()


@pytest.mark.usefixtures("small_reference")
def test_a_measurement_is_kept_where_it_cannot_be_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise BrokenPipeError

    save_images(noise_images(MNIST, 140).pixels.float() / 255, f"{tmp_path}/out/")
    monkeypatch.setattr("genzoo.cli.evaluate._show", broken)
    run(evaluate_command, "--images", tmp_path / "out", "--dataset", "mnist", "--out", tmp_path / "m.json")
    assert json.loads((tmp_path / "m.json").read_text())["n"] == 140


@pytest.mark.parametrize(
    ("args", "words"),
    [
        ((), "0 models were named"),
        (("a", "b"), "add --compare"),
        (("--images", "x"), "--images and --dataset go together"),
        (("a", "--dataset", "mnist"), "--images and --dataset go together"),
        (("a", "--images", "x", "--dataset", "mnist"), "not both"),
        (("a", "--plot", "x.png"), "--plot draws a comparison"),
        (("--compare", "a", "--images", "x"), "--compare takes measurements"),
        (("--compare", "a", "b", "--reference", "train"), "leave out --reference"),
        (("--compare", "a", "b", "-n", "500"), "leave out --num"),
        (("--compare", "a", "b", "--out", "x.json"), "leave out --out"),
        (("a", "--seeds", "one"), "is not a list of numbers"),
        (("a", "--seeds", "1,1"), "different numbers"),
    ],
)
def test_wrong_usage_is_one_sentence(args: tuple[str, ...], words: str) -> None:
    error = run(evaluate_command, *args).exception
    assert isinstance(error, GenzooError)
    assert error.exit_code == 2
    assert words in str(error)
    assert str(error).endswith(".")


def test_training_writes_a_net_and_its_references(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[tuple[Any, ...]] = []

    def trained(dataset: str, out: Path, *, recipe: Any, seed: int, report: Any, **_: object) -> dict[str, float]:
        calls.append((dataset, out, recipe.epochs, seed))
        report(1, 1, {"loss": 1.0})
        return {"train": 0.5, "test": 0.25}

    monkeypatch.setattr("genzoo.evaluate.training.train_features", trained)
    monkeypatch.setattr("genzoo.evaluate.reference.write_references", lambda folder, *_: calls.append((folder,)))
    shown = run(train_features_command, "mnist", "--out", tmp_path / "net", "--epochs", 3, "--seed", 7)
    assert shown.exit_code == 0, shown.output
    assert calls == [("mnist", tmp_path / "net", 3, 7), (tmp_path / "net",)]
    assert "test 25.00%" in shown.stderr
    assert shown.stdout.strip() == str(tmp_path / "net")
    run(train_features_command, "mnist", "--out", tmp_path / "net", "--references-only")
    assert len(calls) == 3
