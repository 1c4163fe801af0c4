"""The five reports: every figure and claim is answered, verdicts follow from results, pages say what the files say."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from PIL import Image

import reports
import shipped_sizes
from genzoo.checkpoint.history import Row
from genzoo.checkpoint.layout import CONFIG, METRICS
from genzoo.checkpoint.measurement import Measurement, measurement_of
from genzoo.cli import main
from genzoo.errors import InvalidEntryError, UsageError
from genzoo.studies.catalog import STUDIES
from genzoo.studies.claims.comparisons import BestIs, Monotone, NoInfluence, better
from genzoo.studies.claims.entries import HasParameters, NotAnswerable, Ships, ShipsBetter
from genzoo.studies.claims.evidence import Evidence, Judgement, Place, places
from genzoo.studies.claims.influences import GainsLess, MattersMore, OrdersDiffer
from genzoo.studies.claims.judge import Judge
from genzoo.studies.claims.runs import BreakDown, Faster, LossMoves, Reaches
from genzoo.studies.reports.catalog import REPORTS, claims_on, figures_of
from genzoo.studies.reports.record import Claim, Figure, Report, claim, counted
from genzoo.studies.results import speed_file, write_result
from report_pictures import Of, Pictures, every_picture, small

pytestmark = pytest.mark.numeric

ROOT = Path(__file__).parents[1]
PAGES = ROOT / "docs" / "reports"
LATENT, LAYERS, GAN_LATENT = "vae-mnist-latent-size", "vae-mnist-hidden-layers", "dcgan-mnist-latent-size"
# Counted in the reports' own texts: figures with a number, tables with one, those of report 1 without any, and claims.
COUNTED = {
    "report 0": (7, 0, 0, 7),
    "report 1": (0, 0, 12, 9),
    "report 2": (2, 0, 0, 7),
    "report 3": (6, 2, 0, 23),
    "report 4": (38, 0, 0, 53),
}
DISTANCE, ELBO, SHARPNESS, COVERAGE = "frechet_distance", "elbo", "sharpness", "coverage"


@pytest.fixture(scope="module")
def measured() -> dict[str, Any]:
    """What was measured of a real run."""
    document: dict[str, Any] = json.loads(next((ROOT / "studies").glob("vae-mnist-z20-l3-*/metrics.json")).read_text())
    return document


class Runs:
    """Results of studies' runs that come out as a test wants them, in a folder of results."""

    def __init__(self, folder: Path, like: Mapping[str, Any]) -> None:
        self.folder, self._like = folder, like

    def leave(
        self, study: str, metric: str, values: Mapping[str, Sequence[float | None]], history: Sequence[Row] = ()
    ) -> None:
        """Results of a study's first seeds: a metric's value of each, or None for one that breaks down."""
        for run in STUDIES[study].runs:
            of_setting = values.get(run.setting.value, ())
            if run.seed >= len(of_setting):
                continue
            value = of_setting[run.seed]
            config = {
                "run": run.name, "seed": run.seed, "steps": run.setting.steps, "entry": run.setting.entry.to_json(),
                "parameters": {"generator": 1}, "training": {"device": "cpu", "precision": "fp32"}, "versions": {},
                "problem": "It broke down." if value is None else None,
            }  # fmt: skip
            rows = [{**row, "step": row["step"] + 0.0} for row in history] or [{"step": 1.0, "generator": 1.0}]
            write_result(self.folder, config, None if value is None else self._measurement(metric, value), rows, {})

    def _measurement(self, metric: str, value: float) -> Measurement:
        document = {**self._like, metric: {**self._like[metric], "mean": value}}
        return measurement_of(document)

    @property
    def evidence(self) -> Evidence:
        """The results so far."""
        return Evidence(self.folder, ROOT / "weights")


@pytest.fixture
def runs(tmp_path: Path, measured: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> Runs:
    monkeypatch.setattr("os.fsync", lambda _: None)  # dozens of small files, none of which need outlast the machine
    return Runs(tmp_path / "results", measured)


def around(*means: float) -> list[list[float]]:
    """Three seeds about each mean, close to each other."""
    return [[0.99 * mean, mean, 1.01 * mean] for mean in means]


def outcome(judge: Judge, runs: Runs) -> str:
    return judge.judge(runs.evidence).outcome


def of_latents(*means: float) -> dict[str, list[float]]:
    return dict(zip(("10", "20", "50", "100", "200"), around(*means), strict=True))


@pytest.mark.parametrize("name", list(REPORTS))
def test_every_figure_and_claim_is_there_and_answered(name: str) -> None:
    report, (figures, tables, others, claims) = REPORTS[name], COUNTED[name]
    numbers = [figure.number for figure in report.figures]
    assert [number for number in numbers if number.startswith("Figure")] == [f"Figure {i + 1}" for i in range(figures)]
    assert [number for number in numbers if re.fullmatch(r"Table \d", number)] == [
        f"Table {i + 1}" for i in range(tables)
    ]
    assert len(numbers) == figures + tables + others
    assert len(report.claims) == claims
    assert all(report.claims_in(section) for section in report.sections)
    for figure in report.figures:
        assert figure.studies or figure.entries or figure.answer
        assert figure.caption
    for one in report.claims:
        assert one.text.endswith(".")
        unanswerable = [judge for judge in one.judges if isinstance(judge, NotAnswerable)]
        assert (
            unanswerable or one.studies or all(isinstance(j, Ships | ShipsBetter | HasParameters) for j in one.judges)
        )
        assert all(len(judge.reason) > 10 for judge in unanswerable)


def test_what_claims_name_is_there() -> None:
    ids = [one.id for report in REPORTS.values() for one in report.claims]
    assert len(set(ids)) == len(ids)
    for one in (one for report in REPORTS.values() for one in report.claims):
        for judge in one.judges:
            for place in judge.needs:
                assert place.value in {setting.value for setting in STUDIES[place.study].settings}, (one.id, place)
            if isinstance(judge, Faster | BestIs):
                named = {judge.first, *judge.second} if isinstance(judge, Faster) else set(judge.values)
                assert named <= {setting.value for setting in STUDIES[judge.study].settings}, one.id
            assert judge.rule or isinstance(judge, NotAnswerable)
    unused = [study for study in STUDIES if not claims_on(study)]
    assert not unused, "a study that answers nothing"
    assert figures_of("vae-mnist-latent-size") == [REPORTS["report 4"].figures[i] for i in (2, 3, 4)]


def test_a_claim_is_open_until_its_runs_are_there(runs: Runs) -> None:
    best = BestIs(LATENT, ("20",), ELBO)
    assert best.judge(runs.evidence) == Judgement("open", ("0 of 15 runs are there",))
    runs.leave(LATENT, ELBO, {"10": [-99.0], "20": [-97.0, -97.1]})
    assert best.judge(runs.evidence) == Judgement("open", ("3 of 15 runs are there",))


def test_the_best_is_told_apart_from_all_others(runs: Runs) -> None:
    runs.leave(LATENT, DISTANCE, of_latents(5, 3, 6, 7, 8))
    assert outcome(BestIs(LATENT, ("20",)), runs) == "confirmed"
    assert outcome(BestIs(LATENT, ("10", "20")), runs) == "confirmed"
    assert outcome(BestIs(LATENT, ("10",)), runs) == "contradicted"
    assert outcome(BestIs(LATENT, ("200",), end="worst"), runs) == "confirmed"
    assert outcome(BestIs(LATENT, ("100",), end="worst"), runs) == "contradicted"
    runs.leave(LATENT, DISTANCE, of_latents(3.01, 3, 6, 7, 8))
    found = BestIs(LATENT, ("20",)).judge(runs.evidence)
    assert found.outcome == "not shown by three seeds"
    assert any("20 against 10: no difference that the seeds can show" in line for line in found.told)
    assert any(line.startswith("200: 8 [") for line in found.told)


def test_one_setting_is_better_than_others(runs: Runs) -> None:
    runs.leave(LATENT, DISTANCE, of_latents(5, 3, 6, 6, 8))
    assert outcome(better(LATENT, "20", ("10", "50")), runs) == "confirmed"
    assert outcome(better(LATENT, ("20", "50"), "10"), runs) == "contradicted"
    assert outcome(better(LATENT, "50", "100"), runs) == "not shown by three seeds"
    runs.leave(LATENT, SHARPNESS, of_latents(0.5, 0.9, 0.5, 0.5, 0.5))
    assert outcome(better(LATENT, "20", "10", SHARPNESS), runs) == "confirmed"
    assert outcome(better(LATENT, "10", "20", SHARPNESS), runs) == "contradicted"


def test_what_breaks_down_is_worse_than_what_does_not(runs: Runs) -> None:
    runs.leave(LATENT, DISTANCE, {**of_latents(5, 3, 6, 6, 8), "200": [None, None, 3.0]})
    found = better(LATENT, "20", "200").judge(runs.evidence)
    assert found == Judgement("confirmed", ("20 against 200: better, since 200 broke down",))
    assert outcome(better(LATENT, "200", "20"), runs) == "contradicted"
    every = places(LATENT)
    assert outcome(BreakDown(every, spared=4), runs) == "confirmed"
    assert outcome(BreakDown(every, spared=1), runs) == "contradicted"
    assert outcome(BreakDown(every), runs) == "contradicted"
    assert outcome(BreakDown(every[:4]), runs) == "confirmed"


def test_slight_is_within_a_bound(runs: Runs) -> None:
    runs.leave(LATENT, DISTANCE, {z: [5.0, 5.01, 4.99] for z in ("10", "20", "50", "100", "200")})
    assert outcome(NoInfluence(LATENT, 1.1), runs) == "confirmed"
    assert outcome(NoInfluence(LATENT, 1.0001), runs) == "not shown by three seeds"
    runs.leave(LATENT, DISTANCE, of_latents(5, 5, 5, 5, 9))
    assert outcome(NoInfluence(LATENT, 1.1), runs) == "contradicted"
    assert outcome(NoInfluence(LATENT, 1.1, values=("10", "20")), runs) == "confirmed"
    runs.leave(
        LATENT, ELBO, {z: [-97.0, -97.1, -97.2] for z in ("10", "20", "50", "100")} | {"200": [-99.5, -99.6, -99.4]}
    )
    assert outcome(NoInfluence(LATENT, 5.0, ELBO), runs) == "confirmed"
    assert outcome(NoInfluence(LATENT, 2.0, ELBO), runs) == "contradicted"


def test_the_further_the_better(runs: Runs) -> None:
    runs.leave(LATENT, DISTANCE, of_latents(9, 8, 7, 6.99, 5))
    assert outcome(Monotone(LATENT, "better"), runs) == "confirmed"
    assert outcome(Monotone(LATENT, "worse"), runs) == "contradicted"
    runs.leave(LATENT, DISTANCE, of_latents(9, 8, 7, 7.02, 5))
    assert outcome(Monotone(LATENT, "better"), runs) == "not shown by three seeds"
    runs.leave(
        LATENT,
        ELBO,
        {z: [-x, -x - 0.1, -x + 0.1] for z, x in zip(of_latents(1, 1, 1, 1, 1), (9, 8, 7, 6, 5), strict=True)},
    )
    assert outcome(Monotone(LATENT, "better", ELBO), runs) == "confirmed"
    assert outcome(Monotone(LATENT, "worse", ELBO), runs) == "contradicted"


def test_orders_that_differ(runs: Runs) -> None:
    differ = OrdersDiffer(GAN_LATENT, LATENT)
    runs.leave(LATENT, DISTANCE, of_latents(3, 5, 6, 7, 8))
    runs.leave(GAN_LATENT, DISTANCE, of_latents(8, 7, 6, 5, 3))
    found = differ.judge(runs.evidence)
    assert found.outcome == "confirmed"
    assert f"200 is better than 10 in `{GAN_LATENT}`, and worse in `{LATENT}`" in found.told
    runs.leave(GAN_LATENT, DISTANCE, of_latents(3, 5, 6, 7, 8))
    assert outcome(differ, runs) == "contradicted"
    runs.leave(GAN_LATENT, DISTANCE, of_latents(5, 5, 5, 5, 5))
    assert outcome(differ, runs) == "not shown by three seeds"


def test_one_size_matters_more_than_another(runs: Runs) -> None:
    matters = MattersMore((Place(LATENT, "10"), Place(LATENT, "20")), (LAYERS,))
    runs.leave(LATENT, DISTANCE, of_latents(9, 3, 5, 5, 5))
    three = ("3", "4", "5")
    runs.leave(LAYERS, DISTANCE, dict(zip(three, around(3, 3.3, 3.5), strict=True)))
    assert outcome(matters, runs) == "confirmed"
    runs.leave(LAYERS, DISTANCE, dict(zip(three, around(3, 30, 40), strict=True)))
    assert outcome(matters, runs) == "contradicted"


def test_going_on_brings_less(runs: Runs) -> None:
    linear, stride = "report3-linear-steps", "report3-stride1-steps"
    lengths = ("1,000", "2,000", "4,000", "8,000")
    less = GainsLess(linear, stride)
    runs.leave(linear, DISTANCE, dict(zip(lengths, around(10, 9, 9, 9), strict=True)))
    runs.leave(
        stride, DISTANCE, dict(zip(lengths, ([40.0, 41.0, 43.0], *around(30, 20), [4.0, 4.2, 4.4]), strict=True))
    )
    assert outcome(less, runs) == "confirmed"
    assert outcome(GainsLess(stride, linear), runs) == "contradicted"


def test_how_far_settings_come(runs: Runs) -> None:
    runs.leave(LATENT, COVERAGE, {**of_latents(0.5, 0.6, 0.7, 0.8, 0.9), "200": [None, None, None]})
    assert outcome(Reaches(places(LATENT, "50", "100"), COVERAGE, 0.65), runs) == "confirmed"
    assert outcome(Reaches(places(LATENT, "10", "100"), COVERAGE, 0.65), runs) == "contradicted"
    assert outcome(Reaches(places(LATENT, "20"), COVERAGE, 0.6), runs) == "not shown by three seeds"
    assert outcome(Reaches(places(LATENT, "10", "200"), COVERAGE, 0.65, "at most"), runs) == "confirmed"
    assert outcome(Reaches(places(LATENT, "200"), COVERAGE, 0.1), runs) == "contradicted"


def test_losses_that_rise_and_stray(runs: Runs) -> None:
    rising = [{"step": i + 1.0, "generator": 0.1 * i, "generator_spread": 2.0 - 0.01 * i} for i in range(100)]
    runs.leave(GAN_LATENT, DISTANCE, of_latents(5, 5, 5, 5, 5), rising)
    assert outcome(LossMoves(GAN_LATENT, "generator", "rises"), runs) == "confirmed"
    assert outcome(LossMoves(GAN_LATENT, "generator", "falls", (0.75, 1.0), ("10",)), runs) == "contradicted"
    assert outcome(LossMoves(GAN_LATENT, "generator_spread", "falls"), runs) == "confirmed"
    (first, *_) = runs.evidence.found(GAN_LATENT)["10"]
    assert first.value("unrest") == pytest.approx(sum(row["generator_spread"] for row in rising[50:]) / 50)
    assert outcome(Monotone(GAN_LATENT, "better", "unrest"), runs) == "not shown by three seeds"


def test_the_time_of_a_step(runs: Runs) -> None:
    faster = Faster(LATENT, "10", ("20", "50"))
    assert outcome(faster, runs) == "open"
    names = {setting.value: setting.name for setting in STUDIES[LATENT].settings}
    path = speed_file(runs.folder, STUDIES[LATENT])
    path.parent.mkdir(parents=True)
    path.write_text(
        json.dumps({"format": 1, "seconds_per_step": {names["10"]: 0.01, names["20"]: 0.02, names["50"]: 0.03}})
    )
    assert faster.judge(runs.evidence) == Judgement("confirmed", ("10: 10 ms", "20: 20 ms", "50: 30 ms"))
    assert outcome(Faster(LATENT, "20", ("10",)), runs) == "contradicted"


def test_claims_of_one_model_are_answered_by_what_ships(runs: Runs, tmp_path: Path) -> None:
    name, good = "mlpvae-mnist-z2-l1", "dcgan-mnist-z100-l5"
    assert outcome(HasParameters(name, "encoder", 403_972), runs) == "confirmed"
    assert outcome(HasParameters(name, "encoder", 403_971), runs) == "contradicted"
    assert outcome(Ships(good, COVERAGE, 0.5), runs) == "confirmed"
    assert outcome(Ships(good, COVERAGE, 0.99), runs) == "contradicted"
    assert outcome(ShipsBetter(good, name), runs) == "confirmed"
    assert outcome(ShipsBetter(name, good), runs) == "contradicted"
    nothing = Evidence(tmp_path, tmp_path)
    assert Ships(good, COVERAGE, 0.5).judge(nothing).outcome == "open"
    assert ShipsBetter(good, name).judge(nothing).outcome == "open"


def test_a_claim_of_several_parts(runs: Runs) -> None:
    runs.leave(LATENT, DISTANCE, of_latents(5, 3, 6, 6, 8))
    yes, no, unshown = better(LATENT, "20", "10"), better(LATENT, "10", "20"), better(LATENT, "50", "100")
    waiting, never = BestIs(LAYERS, ("5",)), NotAnswerable("nothing measures it")

    def judged(*judges: Judge) -> str:
        return claim("one", "1", "It is so.", *judges).judge(runs.evidence)[0]

    assert judged(yes, yes) == "confirmed"
    assert judged(yes, unshown) == "not shown by three seeds"
    assert judged(unshown, waiting) == "open"
    assert judged(waiting, no) == "contradicted"
    assert judged(yes, never) == "can't be answered"
    assert counted(["open", "confirmed", "open"]) == "1 confirmed, 2 open"


def test_records_that_name_nothing_are_refused() -> None:
    with pytest.raises(InvalidEntryError, match="not answered"):
        Figure("Figure 1", "something")
    with pytest.raises(InvalidEntryError, match="a study nothing"):
        Figure("Figure 1", "something", ("nothing",))
    with pytest.raises(InvalidEntryError, match="an entry nothing"):
        Figure("Figure 1", "something", entries=("nothing",))
    with pytest.raises(InvalidEntryError, match="nothing judges"):
        Claim("one", "1", "It is so.", ())
    twice = (claim("one", "1", "It is so.", NotAnswerable("nothing measures it")),) * 2
    with pytest.raises(InvalidEntryError, match="no section 1"):
        Report("report 9", "Nothing", "It says nothing.", {}, (), twice[:1])
    with pytest.raises(InvalidEntryError, match="two claims called one"):
        Report("report 9", "Nothing", "It says nothing.", {"1": "one"}, (), twice)


def test_the_pages_are_those_of_the_files() -> None:
    stale = [
        name
        for name, text in reports.pages(PAGES, ROOT / "studies", ROOT / "weights").items()
        if (PAGES / name).read_text() != text
    ]
    assert not stale, "renew them with `python tools/reports.py --out docs/reports`"


def test_a_page_tells_what_came_of_a_claim(runs: Runs) -> None:
    runs.leave(LATENT, ELBO, of_latents(-99, -95, -99, -99, -99))
    page = reports.pages(PAGES, runs.folder, ROOT / "weights")["report-4.md"]
    (line,) = (line for line in page.splitlines() if 'id="vae-mnist-latent-20"' in line)
    assert "**confirmed**: by the ELBO, 20 best of all (latent size): 10: -99 [" in line
    (line,) = (line for line in page.splitlines() if 'id="vae-mnist-layers-5"' in line)
    assert "**open**: 3 of 9 runs are there (`genzoo study run vae-mnist-hidden-layers`)" in line
    table = page.split(f"### `{LATENT}`\n")[1].split("\n\n")[1]
    assert [line.split(" | ")[1] for line in table.splitlines()[2:]] == ["3"] * 5


def test_a_study_is_shown_with_what_came_of_its_claims(runs: Runs) -> None:
    runs.leave(LATENT, ELBO, of_latents(-99, -95, -99, -99, -99))
    show = ["study", "show", LATENT, "--results", str(runs.folder)]
    told = CliRunner().invoke(main, show).stdout.splitlines()
    assert "report 4 shows it: Figure 3, Figure 4, Figure 5" in told
    assert "report 4 says: A latent size of 20 is best, and larger ones bring nothing. [confirmed]" in told
    (summary,) = json.loads(CliRunner().invoke(main, [*show, "--json"]).stdout)
    assert summary["claims"]["vae-mnist-latent-20"]["verdict"] == "confirmed"


def test_every_link_of_the_pages_leads_to_a_file() -> None:
    for page in PAGES.glob("*.md"):
        links = [link.partition("#")[0] for link in re.findall(r"\]\(([^)]+)\)", page.read_text())]
        assert all((PAGES / link).exists() for link in links if "://" not in link), page


def test_every_command_of_the_pages_names_what_there_is() -> None:
    text = "\n".join(page.read_text() for page in PAGES.glob("*.md"))
    studies = {
        name
        for names in re.findall(r"`genzoo study (?:run|show) ([^`]+?)(?: --out \w+)?`", text)
        for name in names.split()
    }
    drawn = {name for report in REPORTS.values() for figure in report.figures for name in figure.studies}
    assert drawn <= studies <= set(STUDIES)


def test_pictures_are_small_and_of_what_there_is() -> None:
    pictures = Pictures(PAGES / "images", Evidence(ROOT / "studies", ROOT / "weights"))
    assert not pictures.stale(), "renew them with `python tools/reports.py --out docs/reports --draw`"
    files = list((PAGES / "images").glob("*.webp"))
    assert {file.name for file in files} <= {of.file for of in every_picture()}
    assert all(file.stat().st_size < 60_000 for file in files)
    assert sum(file.stat().st_size for file in files) < 3_000_000


def test_a_picture_is_renewed_when_results_come_in(runs: Runs, tmp_path: Path) -> None:
    of, drawn = Of(LATENT, "losses"), tmp_path / "losses.png"
    Image.effect_noise((1600, 300), 90).save(drawn)
    assert of not in Pictures(tmp_path / "images", runs.evidence).stale()  # of nothing there is no picture
    runs.leave(LATENT, DISTANCE, {"10": [5.0]})
    pictures = Pictures(tmp_path / "images", runs.evidence)
    assert of in pictures.stale()
    pictures.keep(of, drawn)
    assert of not in Pictures(tmp_path / "images", runs.evidence).stale()
    with Image.open(tmp_path / "images" / f"{LATENT}-losses.webp") as picture:
        assert picture.width < 1600
    runs.leave(LATENT, DISTANCE, {"10": [5.0, 6.0]})
    assert of in Pictures(tmp_path / "images", runs.evidence).stale()
    assert len(small(drawn)) < 60_000


def test_a_picture_of_one_seed_is_renewed_when_others_come_in(runs: Runs, tmp_path: Path) -> None:
    of, drawn = Of(LATENT, "progress"), tmp_path / "progress.png"
    Image.new("RGB", (20, 20)).save(drawn)
    runs.leave(LATENT, DISTANCE, {"10": [5.0]})
    first = next(run for run in STUDIES[LATENT].runs if run.setting.value == "10")
    shutil.copy(drawn, runs.folder / first.name)
    Pictures(tmp_path / "images", runs.evidence).keep(of, drawn)
    assert of not in Pictures(tmp_path / "images", runs.evidence).stale()
    runs.leave(LATENT, DISTANCE, {"10": [5.0, 6.0]})
    shutil.copy(drawn, runs.folder / first.name)
    assert of in Pictures(tmp_path / "images", runs.evidence).stale()  # it says how many runs are done


@pytest.mark.slow
def test_pictures_are_drawn_by_the_commands_of_the_pages(
    runs: Runs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs.leave(GAN_LATENT, DISTANCE, {"10": [5.0]}, [{"step": i + 1.0, "generator": 1.0 / (i + 1)} for i in range(9)])
    wanted = [Of(GAN_LATENT, "losses"), Of("shipped-few", "losses", ("vae-mnist-z20-l3",))]
    monkeypatch.setattr("report_pictures.every_picture", lambda: wanted)
    reports.draw(tmp_path, runs.evidence, tmp_path / "runs", None)
    assert {path.name for path in (tmp_path / "images").iterdir()} == {"drawn.json", *(of.file for of in wanted)}
    assert not Pictures(tmp_path / "images", runs.evidence).stale()


def test_shipped_entries_by_size(tmp_path: Path) -> None:
    names = [f"vae-mnist-z{z}-l3" for z in (10, 20, 50, 100, 200)]
    for name in names:
        (tmp_path / name).mkdir()
        for file in (CONFIG, METRICS):
            (tmp_path / name / file).write_bytes((ROOT / "weights" / name / file).read_bytes())
    text = shipped_sizes.text(tmp_path)
    assert re.findall(r"^\| \[`(\S+)`\]", text, re.MULTILINE) == names
    assert "### Latent size of a VAE on MNIST" in text
    assert "The recipes differ" not in text
    config = json.loads((tmp_path / names[0] / CONFIG).read_text())
    config["entry"]["recipe"] |= {"beta1": 0.25}
    (tmp_path / names[0] / CONFIG).write_text(json.dumps(config))
    others = ", ".join(f"`{name}`" for name in names[1:])
    assert f"The recipes differ in `beta1`: 0.25 for `{names[0]}`; 0.9 for {others}." in shipped_sizes.text(tmp_path)
    document = json.loads((tmp_path / names[1] / METRICS).read_text())
    (tmp_path / names[1] / METRICS).write_text(json.dumps({**document, "n": 5000}))
    with pytest.raises(UsageError, match="cannot be compared"):
        shipped_sizes.text(tmp_path)
    (tmp_path / names[2] / METRICS).unlink()
    assert "###" not in shipped_sizes.text(tmp_path)
