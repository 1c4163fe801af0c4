"""A study so far, in numbers and in words: what its runs have come to, and what they show.  No torch."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from typing import Any

from genzoo.studies.reports.catalog import claims_on, figures_of
from genzoo.studies.reports.record import Claim
from genzoo.studies.results import SHARPNESS, Result, label_of
from genzoo.studies.study import Study
from genzoo.studies.verdict import (
    CONFIDENCE,
    against_best,
    best_of,
    describe,
    loss_sign,
    mean_interval,
    neighbours,
)
from genzoo.values import in_columns

Found = Mapping[str, Sequence[Result]]
"""For the value of each setting, the results of its seeds."""


def values_of(found: Found, metric: str) -> dict[str, list[float]]:
    """For each setting a metric's value for each seed that has one."""
    each = {setting: (result.value(metric) for result in results) for setting, results in found.items()}
    return {setting: [value for value in values if value is not None] for setting, values in each.items()}


def measured_metrics(study: Study, found: Found) -> list[str]:
    """The study's metrics that any of its runs has a value of."""
    return [metric for metric in study.metrics if any(values_of(found, metric).values())]


def summarise(
    study: Study, found: Found, speed: Mapping[str, float] | None = None, outcomes: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """A study so far, as plain JSON values.

    Args:
        study: which.
        found: what `read_study` gives.
        speed: what `read_speed` gives.
        outcomes: what came of the reports' claims on it, by their ids.

    Returns:
        `settings`: for each its runs, those that broke down, its parameters, the processor time of a step in seconds,
        and each metric's values, mean and interval; `verdicts`: for each metric the best setting, and what its seeds
        show of each other one against it and against its neighbour on the axis.
    """
    metrics = measured_metrics(study, found)
    return {
        "study": study.name,
        "report": study.report,
        "figures": [figure.number for figure in figures_of(study.name)],
        "claims": {
            claim.id: {"claim": claim.text, "verdict": (outcomes or {}).get(claim.id)}
            for claim in claims_on(study.name)
        },
        "axis": study.axis,
        "steps": study.steps,
        "confidence": CONFIDENCE,
        "trained_on": trained_on(found),
        "runs": {"done": sum(map(len, found.values())), "all": len(study.runs)},
        "settings": {
            setting: {"seconds_per_step": (speed or {}).get(setting), **_row(results, metrics)}
            for setting, results in found.items()
        },
        "verdicts": {metric: _verdicts(metric, values_of(found, metric)) for metric in metrics},
    }


def _row(results: Sequence[Result], metrics: Sequence[str]) -> dict[str, Any]:
    broken = [result.problem for result in results if result.problem is not None]
    row: dict[str, Any] = {
        "runs": [result.folder.name for result in results],
        "broke_down": broken,
        "parameters": results[0].parameters if results else None,
    }
    for metric in metrics:
        if values := values_of({"": results}, metric)[""]:
            row[metric] = {"mean": statistics.fmean(values), "interval": mean_interval(values), "values": values}
    return row


def _verdicts(metric: str, values: Mapping[str, Sequence[float]]) -> dict[str, Any]:
    return {
        "best": best_of(metric, values),
        "against_best": {setting: vars(each) for setting, each in against_best(metric, values).items()},
        "against_neighbour": {setting: vars(each) for setting, each in neighbours(metric, values).items()},
    }


def to_text(
    study: Study,
    found: Found,
    speed: Mapping[str, float] | None = None,
    outcomes: Mapping[str, str] | None = None,
    width: int | None = None,
) -> str:
    """A study so far as lines of text: what is asked, a table of its settings, and what each metric shows.

    Arguments are those of `summarise`; in a place of a `width` that is too narrow for that table, it is turned on its
    side.
    """
    done = sum(map(len, found.values()))
    figures = ", ".join(figure.number for figure in figures_of(study.name))
    head = [
        f"{study.name}: {study.axis}, on {study.settings[0].entry.dataset.title}",
        *([f"{study.report} shows it: {figures}"] if figures else []),
        *(f"{study.report} says: {_claim(claim, outcomes or {})}" for claim in claims_on(study.name)),
        f"{describe_budget(study)}; {done} of {len(study.runs)} runs are done",
    ]
    if machines := trained_on(found):
        head.append(f"trained on {' and on '.join(machines)}")
    metrics = measured_metrics(study, found)
    lines = [*head, "", *in_columns(_table(study, found, metrics, speed or {}), width)]
    for metric in metrics:
        lines += ["", *_told(metric, values_of(found, metric))]
    broken = [f"{result.folder.name}: {result.problem}" for each in found.values() for result in each if result.problem]
    return "\n".join([*lines, *([""] if broken else []), *broken])


def _claim(claim: Claim, outcomes: Mapping[str, str]) -> str:
    return claim.text + (f" [{outcomes[claim.id]}]" if claim.id in outcomes else "")


def trained_on(found: Found) -> list[str]:
    """The devices and precisions that the runs were trained with, in words: rounding is all that may differ by them."""
    trainings = (result.config["training"] for results in found.values() for result in results)
    return sorted({f"{training.get('device')} in {training.get('precision')}" for training in trainings})


def describe_budget(study: Study) -> str:
    """How long each run of a study is, in words."""
    lengths = sorted({setting.steps for setting in study.settings})
    words = f"{lengths[0]:,}" + (f" to {lengths[-1]:,}" if len(lengths) > 1 else "")
    sizes = " or ".join(sorted({f"{setting.entry.recipe.batch_size}" for setting in study.settings}))
    return f"{words} steps in batches of {sizes}, seeds {', '.join(map(str, study.seeds))}"


def _table(study: Study, found: Found, metrics: Sequence[str], speed: Mapping[str, float]) -> list[list[str]]:
    labels = [" ".join(filter(None, (label_of(metric), _arrow(metric)))) for metric in metrics]
    cells = [[study.axis.upper(), "RUNS", "PARAMETERS", "MS A STEP", *labels]]
    for setting, results in found.items():
        broken = sum(result.problem is not None for result in results)
        runs = f"{len(results)}" + (f", {broken} broke down" if broken else "")
        parameters = f"{results[0].parameters:,}" if results else "-"
        each = [_cell(values_of({"": results}, metric)[""]) for metric in metrics]
        time = f"{1000 * speed[setting]:.3g}" if setting in speed else "-"
        cells.append([setting, runs, parameters, time, *each])
    return cells


def _arrow(metric: str) -> str:
    """Which way is better, of a metric that has such a way."""
    if metric == SHARPNESS:
        return ""
    return "↓" if loss_sign(metric) > 0 else "↑"


def _cell(values: Sequence[float]) -> str:
    if not values:
        return "-"
    interval = mean_interval(values)
    return f"{statistics.fmean(values):.4g}" + (f" [{interval[0]:.4g}, {interval[1]:.4g}]" if interval else "")


def _told(metric: str, values: Mapping[str, Sequence[float]]) -> list[str]:
    """Verdicts by a metric, a line for each comparison that the seeds are enough for."""
    best, before = best_of(metric, values), dict(zip(list(values)[1:], values, strict=False))
    pairs = [(s, "it", verdict) for s, verdict in against_best(metric, values).items()]
    beside = neighbours(metric, values).items()
    pairs += [(s, before[s], verdict) for s, verdict in beside if best not in (s, before[s])]
    lines = [f"  {s} against {other}: {describe(metric, v)}" for s, other, v in pairs if v.difference is not None]
    if not lines:
        return [f"{label_of(metric)}: too few seeds for a verdict"]
    return [f"{label_of(metric)}: {best} has the {'highest' if metric == SHARPNESS else 'best'} mean", *lines]
