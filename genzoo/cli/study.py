"""`genzoo study`: the reports' comparisons, as grids of runs."""

from __future__ import annotations

import fnmatch
import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from genzoo.checkpoint.manifest import weights_home
from genzoo.cli.common.group import Group, examples
from genzoo.cli.common.output import terminal_width, wrote
from genzoo.cli.options import OneOf, Positive, data_dir
from genzoo.cli.options import device as device_option
from genzoo.cli.progress import NO_BREAK, progress_bar
from genzoo.errors import StoppedError, TrainingError, UnknownNameError
from genzoo.extras import refuse_missing
from genzoo.platforms import STOP_SIGNALS
from genzoo.studies.catalog import STUDIES, find_studies
from genzoo.studies.claims.evidence import Evidence
from genzoo.studies.reports.catalog import claims_on, figures_of
from genzoo.studies.results import read_result, read_speed, read_study
from genzoo.studies.study import Run, Study, all_runs
from genzoo.studies.summary import Found, describe_budget, summarise, to_text
from genzoo.values import folded

if TYPE_CHECKING:
    from genzoo.studies.pictures import Drawn
    from genzoo.train import Status

_STOPPED = {0, None, StoppedError.exit_code, *(128 + kind for kind in STOP_SIGNALS), *(-kind for kind in STOP_SIGNALS)}
"""Exit codes of runs that are done, were not begun, or were asked to end."""
_results = click.option(
    "--results",
    type=click.Path(path_type=Path),
    default=Path("studies"),
    show_default=True,
    help="The folder of what runs leave.",
)
_runs = click.option(
    "--runs",
    type=click.Path(path_type=Path),
    default=Path("runs/studies"),
    show_default=True,
    help="The folder of the runs' weights and states.",
)
_precision = click.option(
    "--precision", type=OneOf(["auto", "fp32", "bf16"]), default="auto", show_default=True
)  # fmt: skip
_names = click.argument(
    "names",
    nargs=-1,
    required=True,
    metavar="NAME...",
    shell_complete=lambda ctx, param, begun: [name for name in STUDIES if name.startswith(begun)],  # noqa: ARG005
)


@click.group(cls=Group, epilog=examples("genzoo study list", "genzoo study show vae-mnist-latent-size"))
def study() -> None:
    """Carry out the reports' comparisons, and show what they come to.

    A study trains each of its settings alike, from three seeds, and holds them against each other.
    """


@study.command("list", epilog=examples("genzoo study list", "genzoo study list --json"))
@click.option("--json", "as_json", is_flag=True, help="For programs.")
@_results
def list_command(as_json: bool, results: Path) -> None:
    """List the studies, and how many of their runs are done."""
    found = [(each, len(each.runs) - len(_pending(each.runs, results))) for each in STUDIES.values()]
    if as_json:
        click.echo(json.dumps([_described(each, done) for each, done in found], indent=2, ensure_ascii=False))
        return
    lines = [("NAME", "REPORT", "DONE", "AXIS")]
    for each, done in found:
        settings = "; ".join(setting.value for setting in each.settings)
        lines.append((each.name, each.report, f"{done}/{len(each.runs)}", f"{each.axis}: {settings}"))
    click.echo("\n".join(folded(lines, terminal_width())))


def _described(each: Study, done: int) -> dict[str, Any]:
    return {
        "name": each.name,
        "report": each.report,
        "figures": [figure.number for figure in figures_of(each.name)],
        "claims": {claim.id: claim.text for claim in claims_on(each.name)},
        "axis": each.axis,
        "differs": list(each.differs),
        "settings": {setting.value: setting.name for setting in each.settings},
        "budget": describe_budget(each),
        "runs": len(each.runs),
        "done": done,
    }


@study.command(
    "run",
    epilog=examples(
        "genzoo study run vae-mnist-latent-size --jobs 2", "genzoo study run 'vae-*' --only '*-s0' --minutes 60"
    ),
)
@_names
@click.option("--only", multiple=True, metavar="RUN", help="Only runs of this name; wildcards as in '*-s0'.")
@click.option("--jobs", type=click.IntRange(1), default=1, show_default=True, help="Runs side by side.")
@click.option("--minutes", type=Positive(), help="Stop after this long; the same command goes on.")
@_runs
@_results
@click.option(
    "-n", "--num", type=click.IntRange(1), default=10_000, show_default=True, help="Samples to measure of each."
)
@device_option("auto")
@_precision
@data_dir
@click.option("--here", is_flag=True, hidden=True)  # in this process
@click.pass_context
def run_command(
    context: click.Context,
    /,
    names: tuple[str, ...],
    only: tuple[str, ...],
    jobs: int,
    minutes: float | None,
    runs: Path,
    results: Path,
    here: bool,
    **options: Any,
) -> None:
    """Carry out the runs of studies, the first seed of every setting first.

    Runs that are done are left alone, those that were begun go on: after a stop the same command goes on.
    """
    among = all_runs(find_studies(names))
    chosen = _chosen(among, only)
    pending = _pending(chosen, results)
    if here:
        for each in pending:
            click.echo(_conduct(each, among, runs, results, **options))
        return
    from genzoo.cli.several import Runs, arguments_given

    given = arguments_given(context, without=("names", "only", "jobs", "minutes", "here"))
    commands = {each.name: ["study", "run", *names, "--only", each.name, "--here", *given] for each in pending}
    codes = Runs(jobs).carry_out(commands, minutes)
    left = len(_pending(chosen, results))
    if failed := [name for name, code in codes.items() if code not in _STOPPED]:
        raise TrainingError(
            f"{len(failed)} of {len(commands)} runs did not end well: {', '.join(failed)}; what each said is above, "
            "and the same command goes on with them."
        )
    rest = f", {left} are left: the same command goes on" if left else ""
    click.echo(f"{len(chosen) - left} of {len(chosen)} runs are done{rest}.", err=True)


def _pending(runs: Sequence[Run], results: Path) -> list[Run]:
    return [run for run in runs if read_result(results, run) is None]


def _chosen(runs: Sequence[Run], patterns: Sequence[str]) -> list[Run]:
    for pattern in patterns:
        if not any(fnmatch.fnmatchcase(run.name, pattern) for run in runs):
            raise UnknownNameError(
                f"No run is called {pattern!r}: those of the first setting are {runs[0].name} and its like; "
                "`genzoo study list --json` names all."
            )
    return [run for run in runs if not patterns or any(fnmatch.fnmatchcase(run.name, p) for p in patterns)]


def _conduct(
    run: Run,
    among: Sequence[Run],
    runs: Path,
    results: Path,
    num: int,
    device: str,
    precision: Any,
    data_dir: Path | None,
) -> Path:
    import dataclasses

    from genzoo.accel.devices import find_device
    from genzoo.accel.memory import prepare_process
    from genzoo.studies.conduct import MEASURED, conduct
    from genzoo.train import choose_precision

    prepare_process()  # before the images, with which torch's threads begin
    where = find_device(device)
    with progress_bar(run.name, run.setting.steps) as move:

        def report(status: Status) -> None:
            move(status.step, " ".join(f"{key}{NO_BREAK}{value:.3g}" for key, value in status.losses.items()))

        return conduct(
            run,
            runs,
            results,
            among=among,
            data_dir=data_dir,
            device=where,
            precision=choose_precision(precision, where),
            settings=dataclasses.replace(MEASURED, n=num),
            report=report,
        )


@study.command("show", epilog=examples("genzoo study show vae-mnist-latent-size", "genzoo study show 'vae-*' --json"))
@_names
@_results
@click.option("--json", "as_json", is_flag=True, help="For programs.")
@click.option("--out", type=click.Path(path_type=Path), help="Draw pictures, too, to a folder of each study in this.")
@_runs
@data_dir
def show_command(
    names: tuple[str, ...], results: Path, as_json: bool, out: Path | None, runs: Path, data_dir: Path | None
) -> None:
    """Show what studies have come to: a table, and verdicts with the intervals that they are taken from.

    With --out it draws the losses, the metrics against the axis, and the settings' pictures beside each other; of VAEs
    whose weights are in --runs also reconstructions, and the plane of latents of two numbers.
    """
    if out is not None:
        refuse_missing("A plot", "matplotlib")
    evidence = Evidence(results, weights_home())
    found = {each: (read_study(results, each), read_speed(results, each)) for each in find_studies(names)}
    told = [(each, *so_far, _outcomes(each, evidence)) for each, so_far in found.items()]
    if as_json:
        click.echo(json.dumps([summarise(*each) for each in told], indent=2, ensure_ascii=False))
    else:
        click.echo("\n\n".join(to_text(*each, terminal_width()) for each in told))
    if out is not None:
        _draw({study: so_far for study, (so_far, _) in found.items()}, out, runs, data_dir)


def _outcomes(each: Study, evidence: Evidence) -> dict[str, str]:
    """What has come of the reports' claims on a study."""
    return {claim.id: claim.judge(evidence)[0] for claim in claims_on(each.name)}


def _draw(studies: dict[Study, Found], out: Path, runs: Path, data_dir: Path | None) -> None:
    """Draw studies, and say what was drawn and what was not."""
    from genzoo.studies.pictures import draw_study

    def tell(drawn: Drawn) -> None:
        for path in drawn.paths:
            wrote(path)
        for line in drawn.missing:
            click.echo(line, err=True)

    for study, found in studies.items():
        tell(draw_study(study, found, out))
        if any(setting.entry.is_vae for setting in study.settings):
            from genzoo.studies.latents import draw_latents  # which imports torch

            tell(draw_latents(study, runs, out, data_dir))


@study.command("time", epilog=examples("genzoo study time dcgan-mnist-kernel"))
@_names
@_results
@click.option("--rounds", type=click.IntRange(1), default=7, show_default=True, help="Turns of each setting.")
@_precision
@data_dir
def time_command(names: tuple[str, ...], results: Path, rounds: int, precision: Any, data_dir: Path | None) -> None:
    """Measure the processor time of a step of each setting of studies, in turns."""
    studies = find_studies(names)
    import torch

    from genzoo.accel.memory import prepare_process
    from genzoo.studies.speed import measure_speed
    from genzoo.train import choose_precision

    prepare_process()
    settled = choose_precision(precision, torch.device("cpu"))
    for each in studies:
        with progress_bar(each.name, rounds) as move:
            measured = measure_speed(
                each, results, data_dir=data_dir, precision=settled, rounds=rounds, report=lambda done: move(done, "")
            )
        wrote(measured, data=True)
