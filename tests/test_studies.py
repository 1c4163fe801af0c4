"""Studies: real runs on a few digits, killed and resumed, shared, broken, measured, and held against each other."""

from __future__ import annotations

import dataclasses
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import torch
from click.testing import CliRunner
from PIL import Image
from scipy.stats import ttest_ind

import studies
from genzoo.checkpoint.history import thinned
from genzoo.checkpoint.layout import CONFIG, HISTORY, METRICS, MODEL, PROGRESS, SAMPLES, STATE
from genzoo.checkpoint.measurement import read_metrics
from genzoo.cli import main
from genzoo.cli.several import Runs
from genzoo.errors import DataError, InvalidEntryError, StoppedError, TrainingError, UnknownNameError, UsageError
from genzoo.evaluate import Settings
from genzoo.nets import build
from genzoo.platforms import lock
from genzoo.studies import catalog
from genzoo.studies import conduct as conducting
from genzoo.studies.catalog import STUDIES, find_studies
from genzoo.studies.conduct import conduct
from genzoo.studies.reports.catalog import claims_on, figures_of
from genzoo.studies.results import read_result, read_speed, read_study
from genzoo.studies.sharpness import laplacian_variance
from genzoo.studies.speed import measure_speed
from genzoo.studies.study import Run, Setting, all_runs
from genzoo.studies.summary import summarise, to_text
from genzoo.studies.verdict import (
    Verdict,
    against_best,
    best_of,
    compare_values,
    describe,
    mean_interval,
    neighbours,
    welch_interval,
)
from genzoo.train import Status
from genzoo.zoo import registry
from genzoo.zoo.catalog import ENTRIES, REPORTS
from genzoo.zoo.families.mlp import Mlp
from genzoo.zoo.registry import register
from genzoo.zoo.spec import Entry

from .few_digits import DIGITS, LATENTS, OBJECTIVES, load_digits, vae
from .few_digits import SAMPLES as FEW
from .test_rooms import modules_after

pytestmark = [pytest.mark.numeric, pytest.mark.usefixtures("digits")]

ROOT = Path(__file__).parents[1]
MEASURED = Settings(n=FEW, seeds=(0,), likelihood_images=4)


@pytest.fixture
def digits(tables: None) -> None:  # noqa: ARG001
    register(DIGITS)


def carry_out(run: Run, out: Path) -> Path:
    return conduct(run, out / "runs", out / "results", settings=MEASURED)


@pytest.fixture(scope="module")
def carried_out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of both studies' runs and results, each run carried out once."""
    out = tmp_path_factory.mktemp("studies")
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(registry._TABLES["dataset"], DIGITS.name, DIGITS)
        for run in all_runs([LATENTS, OBJECTIVES]):
            carry_out(run, out)
    return out


def test_a_result_holds_what_came_of_a_run(carried_out: Path) -> None:
    run = LATENTS.runs[0]
    folder = carried_out / "results" / run.name
    assert {path.name for path in folder.iterdir()} == {CONFIG, METRICS, HISTORY, SAMPLES, PROGRESS}
    assert sum(path.stat().st_size for path in folder.iterdir()) < 80_000  # of noise, which no file holds in less
    result = read_result(carried_out / "results", run)
    assert result is not None
    assert result.problem is None
    assert result.config["entry"] == run.setting.entry.to_json()
    assert (result.config["steps"], result.config["seed"]) == (30, 0)
    assert set(result.config["versions"]) == {"genzoo", "torch"}
    assert result.config["training"]["step"] == 30
    assert result.parameters == 784 * 32 + 32 + 32 * 4 + 4 + 2 * 32 + 32 + 32 * 784 + 784
    measurement = read_metrics(folder / METRICS)
    assert (measurement.n, list(measurement.seeds), measurement.reference.split) == (FEW, [0], "test")
    assert {"frechet_distance", "elbo"} <= set(measurement.rows)
    assert "frechet_distance" in measurement.mixture_prior
    assert result.value("elbo") == measurement.rows["elbo"].mean
    assert result.value("sharpness") == measurement.others["sharpness"]["mean"]
    assert result.value("nothing") is None
    assert [row["step"] for row in result.history()] == list(range(1, 31))
    for name in (SAMPLES, PROGRESS):
        with Image.open(folder / name) as picture:
            assert picture.size == (298, 148)
    second = {path.name for path in (carried_out / "results" / LATENTS.runs[2].name).iterdir()}
    assert second == {CONFIG, METRICS, HISTORY, SAMPLES}
    # Its weights stay where it was trained, without the state.
    assert (carried_out / "runs" / run.name / MODEL).is_file()
    assert not (carried_out / "runs" / run.name / STATE).exists()
    assert not list((carried_out / "runs").glob("*.lock"))


def test_a_run_serves_two_studies(carried_out: Path) -> None:
    shared = {run.name for run in LATENTS.runs} & {run.name for run in OBJECTIVES.runs}
    assert len(shared) == 2
    assert {path.name for path in (carried_out / "results").iterdir()} == {
        run.name for run in [*LATENTS.runs, *OBJECTIVES.runs]
    }
    one, other = (read_study(carried_out / "results", study) for study in (LATENTS, OBJECTIVES))
    assert [result.folder for result in one["8"]] == [result.folder for result in other["8"]]


def test_a_run_that_is_done_is_left_alone(carried_out: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run, out = LATENTS.runs[0], Path(shutil.copytree(carried_out, tmp_path / "copy"))
    before = {path: path.stat().st_mtime_ns for path in (out / "results").rglob("*")}
    monkeypatch.delattr(conducting, "train")
    assert carry_out(run, out) == out / "results" / run.name
    assert {path: path.stat().st_mtime_ns for path in (out / "results").rglob("*")} == before
    # What was trained is measured anew where its result is lost, and comes out the same.
    shutil.rmtree(out / "results" / run.name)
    carry_out(run, out)
    for name in (METRICS, HISTORY, SAMPLES, PROGRESS):
        left, right = (folder / "results" / run.name / name for folder in (out, carried_out))
        assert left.read_bytes() == right.read_bytes(), name


def test_a_run_is_stopped_and_goes_on(carried_out: Path, tmp_path: Path) -> None:
    run = OBJECTIVES.runs[1]

    def stop(_: object) -> None:
        os.kill(os.getpid(), signal.SIGTERM)

    with pytest.raises(StoppedError, match="the same command goes on"):
        conduct(run, tmp_path / "runs", tmp_path / "results", settings=MEASURED, report=stop)
    assert (tmp_path / "runs" / run.name / STATE).exists()
    assert read_result(tmp_path / "results", run) is None
    carry_out(run, tmp_path)
    for name in (METRICS, HISTORY, SAMPLES, PROGRESS):
        left, right = (folder / "results" / run.name / name for folder in (tmp_path, carried_out))
        assert left.read_bytes() == right.read_bytes(), name


def test_a_longer_run_goes_on_from_a_shorter(tmp_path: Path) -> None:
    entry = OBJECTIVES.settings[1].entry
    by_steps = {steps: Run(Setting(str(steps), entry, steps), 0) for steps in (5, 10, 15)}
    among = list(by_steps.values())
    assert [[run.extends(other) for other in among] for run in among] == [
        [False, False, False], [True, False, False], [True, True, False],
    ]  # fmt: skip
    falling = dataclasses.replace(entry, recipe=dataclasses.replace(entry.recipe, lr_schedule="linear"))
    assert not Run(Setting("15", falling, 15), 0).extends(Run(Setting("5", falling, 5), 0))
    assert not Run(by_steps[15].setting, 1).extends(by_steps[5])
    begun: list[int] = []

    def carried_on(run: Run, folder: str, among: list[Run]) -> Path:
        out = tmp_path / folder
        first = [True]

        def report(status: Status) -> None:
            begun.extend([status.step] * first[0])
            first[0] = False

        return conduct(run, out / "runs", out / "results", among=among, settings=MEASURED, report=report)

    states = []
    for run in among:
        carried_on(run, "together", among)
        states.append([(tmp_path / "together" / "runs" / run.name / STATE).exists() for run in among])
    assert states == [[True, False, False], [True, True, False], [False, False, False]]
    assert begun == [1, 6, 11]
    alone = carried_on(by_steps[15], "alone", [])
    together = tmp_path / "together" / "results" / alone.name
    for name in (METRICS, HISTORY, SAMPLES):
        assert (alone / name).read_bytes() == (together / name).read_bytes(), name


def test_another_process_at_work_on_a_run(tmp_path: Path) -> None:
    run = LATENTS.runs[0]
    (tmp_path / "runs").mkdir()
    with lock(tmp_path / "runs" / f"{run.name}.lock") as held:
        assert held
        with pytest.raises(TrainingError, match=f"at work on {run.name}"):
            carry_out(run, tmp_path)
    assert not (tmp_path / "results" / run.name).exists()


def test_a_run_that_breaks_down_is_a_result(tmp_path: Path) -> None:
    recipe = dataclasses.replace(vae(2).recipe, lr=1.0)
    settings = tuple(Setting(str(z), vae(z, recipe), 200) for z in (2, 3))
    study = dataclasses.replace(LATENTS, settings=settings, seeds=(0, 1))
    for run in study.runs[:2]:
        carry_out(run, tmp_path)
    found = read_study(tmp_path / "results", study)
    assert all("broke down" in str(result.problem) for results in found.values() for result in results)
    assert summarise(study, found)["settings"]["2"]["broke_down"]
    told = to_text(study, found)
    assert "1, 1 broke down" in told
    assert f"{study.runs[0].name}: Training broke down" in told


def test_a_damaged_result_is_refused(carried_out: Path, tmp_path: Path) -> None:
    run, out = LATENTS.runs[0], Path(shutil.copytree(carried_out / "results", tmp_path / "results"))
    config = json.loads((out / run.name / CONFIG).read_text())
    for change in ({"format": 2}, {"run": "another-s0"}, {"parameters": 3}, {"parameters": {"generator": "many"}}):
        (out / run.name / CONFIG).write_text(json.dumps({**config, **change}))
        with pytest.raises(DataError, match="study run"):
            read_result(out, run)
    (out / run.name / CONFIG).write_text(json.dumps(config))
    (out / run.name / HISTORY).write_text("[]\n")
    result = read_result(out, run)
    assert result is not None
    with pytest.raises(DataError, match="no row of numbers"):
        result.history()
    document = json.loads((out / run.name / METRICS).read_text())
    (out / run.name / METRICS).write_text(json.dumps({**document, "n": 200}))
    with pytest.raises(UsageError, match="otherwise than one another in n"):
        read_study(out, LATENTS)


def test_a_study_in_words_and_numbers(carried_out: Path, tmp_path: Path) -> None:
    found = read_study(carried_out / "results", LATENTS)
    speed = measure_speed(LATENTS, tmp_path, rounds=2)
    assert json.loads(speed.read_text())["threads"] == torch.get_num_threads()
    seconds = read_speed(tmp_path, LATENTS)
    assert set(seconds) == {"2", "8"}
    assert all(value > 0 for value in seconds.values())
    summary = summarise(LATENTS, found, seconds)
    assert summary["runs"] == {"done": 4, "all": 4}
    assert summary["trained_on"] == ["cpu in fp32"]
    two, eight = (summary["settings"][value] for value in ("2", "8"))
    assert two["seconds_per_step"] == seconds["2"]
    values = [result.value("elbo") for result in found["8"]]
    assert eight["elbo"]["values"] == values
    verdict = summary["verdicts"]["elbo"]
    assert verdict["best"] == max(("2", "8"), key=lambda value: summary["settings"][value]["elbo"]["mean"])
    assert set(verdict["against_best"]) == {"2", "8"} - {verdict["best"]}
    told = to_text(LATENTS, found, seconds)
    assert told.splitlines()[0] == "few-latents: latent size, on a few digits"
    assert "30 steps in batches of 20, seeds 0, 1; 4 of 4 runs are done" in told
    assert "trained on cpu in fp32" in told.splitlines()
    assert f"Sharpness: {summary['verdicts']['sharpness']['best']} has the highest mean" in told
    assert f"ELBO: {verdict['best']} has the best mean" in told


def test_a_study_is_drawn_with_its_weights(carried_out: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(catalog, "STUDIES", {LATENTS.name: LATENTS})
    folders = ["--results", carried_out / "results", "--runs", carried_out / "runs", "--out", tmp_path]
    done = CliRunner().invoke(main, [*map(str, ["study", "show", LATENTS.name, *folders])])
    assert done.exit_code == 0, done.output
    names = ("losses", "metrics", "samples", "progress", "reconstructions", "latents", "manifold")
    assert done.stderr.splitlines() == [f"Wrote {tmp_path / LATENTS.name / name}.png" for name in names]
    with Image.open(tmp_path / LATENTS.name / "reconstructions.png") as picture:
        rows = np.asarray(picture.convert("L"))
    first = load_digits(DIGITS, Path(), False)[0, 0].numpy()
    twice = first.repeat(2, axis=0).repeat(2, axis=1)  # none smoothed
    assert [x for x in range(rows.shape[1] - 56) if np.array_equal(rows[44:100, x : x + 56], twice)] == [105]
    # Of a run whose weights are gone the picture says so.
    done = CliRunner().invoke(main, [*map(str, ["study", "show", LATENTS.name, *folders, "--runs", tmp_path])])
    assert done.stderr.splitlines()[-1] == (
        f"few-latents: there are no weights in {tmp_path} of latent size: 2; latent size: 8."
    )


def test_verdicts_in_words(carried_out: Path) -> None:
    assert describe("frechet_distance", Verdict("worse", 1.5, 1.25, 1.75)) == (
        "worse (1.5 times, at 95% between 1.25 and 1.75)"
    )
    assert describe("elbo", Verdict("better", 2.0, 1.0, 3.0)) == "better (2 more, at 95% between 1 and 3)"
    assert describe("sharpness", Verdict("worse", 0.5, 0.4, 0.6)).startswith("less sharp (0.5 times")
    assert describe("elbo", Verdict("too few seeds")) == "too few seeds"
    found = {value: results[:1] for value, results in read_study(carried_out / "results", LATENTS).items()}
    assert "ELBO: too few seeds for a verdict" in to_text(LATENTS, found).splitlines()


def test_what_is_not_done_yet_is_no_result(tmp_path: Path) -> None:
    found = read_study(tmp_path, LATENTS)
    assert found == {"2": [], "8": []}
    assert summarise(LATENTS, found)["verdicts"] == {}
    assert "0 of 4 runs are done" in to_text(LATENTS, found)


def environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT / "tests" / "study_site"), str(ROOT)])}


@pytest.mark.slow
def test_a_study_is_killed_and_goes_on(carried_out: Path, tmp_path: Path) -> None:
    command = [
        sys.executable, "-W", "error", "-m", "genzoo", "study", "run", "few-objectives", "--only", "*-s0",
        "-n", str(FEW), "--precision", "fp32", "--device", "cpu",
    ]  # fmt: skip
    options = {"cwd": tmp_path, "env": environment(), "start_new_session": True}
    with subprocess.Popen(command, stderr=subprocess.DEVNULL, **options) as one:  # type: ignore[call-overload]
        while one.poll() is None and not list((tmp_path / "studies").glob("*/config.json")):
            time.sleep(0.05)
        os.killpg(one.pid, signal.SIGKILL)
    done = [path.parent for path in (tmp_path / "studies").glob("*/config.json")]
    assert len(done) == 1
    before = {path: path.read_bytes() for path in done[0].iterdir()}
    again = subprocess.run(command, cwd=tmp_path, env=environment(), check=True, capture_output=True, text=True)
    assert again.stderr.endswith("2 of 2 runs are done.\n")
    assert {path: path.read_bytes() for path in before} == before
    there, here = (read_study(path, OBJECTIVES) for path in (tmp_path / "studies", carried_out / "results"))
    for value, (result,) in there.items():
        assert result.value("frechet_distance") == pytest.approx(here[value][0].value("frechet_distance"), rel=1e-3)
    listed = subprocess.run(
        [*command[:5], "study", "list"], cwd=tmp_path, env=environment(), check=True, capture_output=True, text=True
    )  # fmt: skip
    assert listed.stdout.split()[:4] == ["NAME", "REPORT", "DONE", "AXIS"]
    assert [line.split()[3] for line in listed.stdout.splitlines()[1:]] == ["1/4", "2/4"]


def test_commands_side_by_side() -> None:
    assert Runs(2).carry_out({"right": ["list"], "wrong": ["info", "nothing"]}) == {"right": 0, "wrong": 2}
    codes = Runs(2).carry_out({f"{i}": ["list"] for i in range(60)}, minutes=0.001)
    assert len(codes) == 60
    assert codes["59"] is None  # the time was up before it was begun


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (["run", "vae-mnist-latent"], "did you mean vae-mnist-latent-size"),
        (["show", "*-nothing"], "There is no study"),
        (["run", "vae-mnist-nets", "--only", "*-s7"], "No run is called '*-s7'"),
    ],
)
def test_names_that_are_not_there(args: list[str], words: str, genzoo: object) -> None:
    done = genzoo("study", *args)  # type: ignore[operator]
    assert done.returncode == 2
    assert words in done.stderr
    assert done.stderr.count("\n") == 1


def test_listing_imports_no_torch() -> None:
    code = "from genzoo.cli import main\ntry: main(['study', 'list'])\nexcept SystemExit as end: assert not end.code"
    assert not modules_after(code) & {"torch", "torchvision", "numpy", "scipy", "PIL", "matplotlib"}
    show = code.replace("'list'", "'show', 'vae-mnist-nets'")
    assert not modules_after(show) & {"torch", "torchvision", "PIL", "matplotlib"}


def test_every_study_trains_alike() -> None:
    assert {study.report for study in STUDIES.values()} == set(REPORTS)
    for study in STUDIES.values():
        assert claims_on(study.name) or figures_of(study.name)
        assert [run.seed for run in study.runs] == sorted(run.seed for run in study.runs)
        assert {setting.entry.recipe.batch_size for setting in study.settings} in ({64}, {256})
    names = {setting.name for study in STUDIES.values() for setting in study.settings}
    by_name = {s.name: (s.entry, s.steps) for study in STUDIES.values() for s in study.settings}
    assert len(set(by_name.values())) == len(names)
    assert [study.name for study in find_studies(["report0-*", "report0-gan-beside-vae"])] == ["report0-gan-beside-vae"]
    with pytest.raises(UnknownNameError):
        find_studies(["nothing"])


def test_every_setting_can_be_trained_and_read_again() -> None:
    entries = {s.name: s.entry for study in STUDIES.values() for s in study.settings}.values()
    for entry in entries:
        assert Entry.from_json(json.loads(json.dumps(entry.to_json()))) == entry
    for entry in {(entry.family, entry.dataset, entry.arch): entry for entry in entries}.values():
        with torch.device("meta"):
            assert set(build(entry)) == {"generator", entry.family.objective.second_net}


def test_what_report_4_compares() -> None:
    sizes = {f"{family}-{data}" for family in ("vae", "dcgan", "wgan") for data in ("mnist", "cifar10")}
    assert {f"{one}-{axis}" for one in sizes for axis in ("latent-size", "hidden-layers", "nets")} <= set(STUDIES)
    for one in sizes:
        latents, layers = (STUDIES[f"{one}-{axis}"].settings for axis in ("latent-size", "hidden-layers"))
        assert [int(setting.value) for setting in latents] == [setting.entry.latent_size for setting in latents]
        assert [int(setting.value) for setting in layers] == [setting.entry.hidden_layers for setting in layers]
        assert len({setting.name for setting in (*latents, *layers)}) == len(latents) + len(layers) - 1


def test_the_recipe_is_that_of_all_layers() -> None:
    """The shipped DCGAN of 5 layers has a recipe of its own, by which it does not collapse."""
    recipes = {setting.entry.recipe for setting in STUDIES["dcgan-mnist-hidden-layers"].settings}
    assert len(recipes) == 1
    assert {(recipe.real_label, recipe.beta2) for recipe in recipes} == {(1.0, 0.999)}
    assert ENTRIES["dcgan-mnist-z100-l5"].recipe.real_label == 0.8


def test_settings_that_are_not_alike_are_refused() -> None:
    one = LATENTS.settings[0]
    other = Setting("other", vae(3, dataclasses.replace(vae(3).recipe, lr=1e-4)), 30)
    with pytest.raises(InvalidEntryError, match="differ in lr, which it does not say"):
        dataclasses.replace(LATENTS, settings=(one, other))
    assert dataclasses.replace(LATENTS, settings=(one, other), differs=("lr", "latent_size")).runs
    wider = dataclasses.replace(vae(2), arch=Mlp((64,), (32,)))
    with pytest.raises(InvalidEntryError, match="differ in generator"):
        dataclasses.replace(LATENTS, settings=(one, Setting("wider", wider, 30)))
    with pytest.raises(InvalidEntryError, match="differ in latent_size"):
        dataclasses.replace(LATENTS, differs=())
    with pytest.raises(InvalidEntryError, match="differ in steps"):
        dataclasses.replace(LATENTS, settings=(one, dataclasses.replace(LATENTS.settings[1], steps=31)))
    with pytest.raises(InvalidEntryError, match="compares nothing"):
        dataclasses.replace(LATENTS, settings=(one,))
    with pytest.raises(InvalidEntryError, match="the same value"):
        dataclasses.replace(LATENTS, settings=(one, one))
    with pytest.raises(InvalidEntryError, match="one seed"):
        dataclasses.replace(LATENTS, seeds=(0,))
    with pytest.raises(InvalidEntryError, match="0 steps"):
        dataclasses.replace(one, steps=0)


def test_a_name_says_what_decides_a_result() -> None:
    setting = Setting("2", vae(2), 30)
    recipe = vae(2).recipe
    assert Setting("other words", vae(2, dataclasses.replace(recipe, epochs=9)), 30).name == setting.name
    changed = [
        Setting("2", vae(2), 31),
        Setting("2", vae(2, dataclasses.replace(recipe, beta2=0.99)), 30),
        Setting("2", vae(3), 30),
    ]
    assert len({each.name for each in [setting, *changed]}) == 4
    assert setting.name == "mlpvae-fewdigits-z2-l1-" + setting.name[-6:]


def test_a_thinned_history_has_the_same_means() -> None:
    rows = [{"step": 3.0 * (i + 1), "loss": float(i)} for i in range(250)]
    thin = thinned(rows, 100)
    assert len(thin) == 84
    assert thin[0] == {"step": 9.0, "loss": 1.0, "loss_spread": 1.0}
    assert thin[-1] == {"step": 750.0, "loss": 249.0}
    assert thinned(rows[:2], 100) == rows[:2]
    assert thinned([], 100) == []


def test_sharpness_falls_with_blur() -> None:
    generator = torch.Generator().manual_seed(0)
    images = torch.randint(0, 256, (8, 1, 28, 28), generator=generator, dtype=torch.uint8)
    blurred = torch.nn.functional.avg_pool2d(images / 255, 3, 1)
    assert laplacian_variance(blurred) < 0.1 * laplacian_variance(images)
    assert laplacian_variance(torch.full((2, 3, 8, 8), 0.5)) == 0
    step = torch.zeros(1, 1, 3, 4)
    step[..., 2:] = 1  # the Laplacian is 1 on one side of the edge and -1 on the other
    assert laplacian_variance(step) == 2
    assert laplacian_variance(step.expand(1, 3, 3, 4)) == pytest.approx(2)


@pytest.mark.parametrize(("first", "second"), [([1.0, 2.0, 4.0], [7.0, 7.5, 9.0]), ([1.0, 1.1, 0.8], [0.9, 30.0, 2.0])])
def test_the_interval_is_welchs(first: list[float], second: list[float]) -> None:
    known = ttest_ind(first, second, equal_var=False).confidence_interval(0.95)
    assert welch_interval(first, second) == pytest.approx((known.low, known.high))
    assert mean_interval(first) is not None
    assert mean_interval([1.0]) is None
    assert welch_interval([1.0, 1.0], [3.0, 3.0]) == (-2.0, -2.0)


def test_verdicts() -> None:
    good, near, bad = [10.0, 10.2, 9.9], [10.1, 9.8, 10.3], [20.0, 21.0, 19.5]
    assert compare_values("frechet_distance", bad, good).outcome == "worse"
    assert compare_values("frechet_distance", good, bad).outcome == "better"
    assert compare_values("coverage", bad, good).outcome == "better"
    assert compare_values("elbo", [-x for x in bad], [-x for x in good]).outcome == "worse"
    assert compare_values("frechet_distance", good, near).outcome == "no difference that the seeds can show"
    assert compare_values("frechet_distance", good[:1], bad).outcome == "too few seeds"
    # A distance is compared by its quotient: seeds that collapse to between 40 and 120 are worse than 2, though they
    # spread by as much as the difference.
    verdict = compare_values("frechet_distance", [40.0, 120.0, 70.0], [2.0, 2.1, 1.9])
    assert (verdict.outcome, verdict.low is not None and verdict.low > 1) == ("worse", True)
    assert verdict.difference == pytest.approx((40 * 120 * 70 / 2 / 2.1 / 1.9) ** (1 / 3))
    assert compare_values("kernel_distance", [-0.1, 0.1, 0.0], [0.9, 1.0, 1.1]).outcome == "better"
    values = {"3": bad, "4": good, "5": near, "6": []}
    assert best_of("frechet_distance", values) == "4"
    against = {setting: verdict.outcome for setting, verdict in against_best("frechet_distance", values).items()}
    assert against == {"3": "worse", "5": "no difference that the seeds can show", "6": "too few seeds"}
    beside = {setting: verdict.outcome for setting, verdict in neighbours("frechet_distance", values).items()}
    assert beside == {"4": "better", "5": "no difference that the seeds can show", "6": "too few seeds"}
    assert best_of("frechet_distance", {"3": []}) is None
    assert against_best("frechet_distance", {"3": []}) == {}


def test_the_page_tells_every_study() -> None:
    assert (ROOT / "docs" / "studies.md").read_text() == studies.text(ROOT / "studies")
