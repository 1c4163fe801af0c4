"""Verdicts from a few seeds: intervals of differences, and their outcome in words.

The interval is Welch's, of the difference of two means over seeds, at 95%.  Three seeds a side allow no test without a
distribution: of the 20 ways to share out six values even the most telling has a chance of one in ten, so that a
permutation test could never say anything.  Welch's asks for values about normal, and for no equal spreads, of which a
setting that collapses now and then has none.  Distances and other ratios, which lie above 0 and spread the more the
larger they are, are compared as logarithms: a difference of these is a factor.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from genzoo.extras import refuse_missing
from genzoo.studies.results import OWN, SHARPNESS, UNREST
from genzoo.zoo.registry import ALL_METRICS

CONFIDENCE = 0.95
RATIOS = frozenset({"frechet_distance", SHARPNESS, UNREST, "reconstruction_error"})
"""Metrics that are compared by their quotient."""
Outcome = Literal["better", "worse", "no difference that the seeds can show", "too few seeds"]


@dataclass(frozen=True)
class Verdict:
    """One setting against another, by one metric.

    Attributes:
        outcome: of the first against the second; of a metric for which neither way is better, `higher` is `better`.
        difference: of their means, or their quotient for a metric of `RATIOS`; None with too few seeds.
        low: the least that the interval leaves for it.
        high: the most.
    """

    outcome: Outcome
    difference: float | None = None
    low: float | None = None
    high: float | None = None


def loss_sign(metric: str) -> int:
    """1 for a metric that is better the lower it is, else -1."""
    lower = metric in ALL_METRICS and ALL_METRICS[metric].better == "lower"
    return 1 if lower else -1


def compare_values(metric: str, first: Sequence[float], second: Sequence[float]) -> Verdict:
    """The verdict on the difference between two settings.

    Args:
        metric: what was measured; it says which way is better, and whether the quotient counts.
        first: its value for each seed of one setting.
        second: of the other.
    """
    ratio = metric in RATIOS and min([*first, *second], default=0.0) > 0
    if ratio:
        first, second = ([math.log(value) for value in values] for values in (first, second))
    if min(len(first), len(second)) < 2:
        return Verdict("too few seeds")
    difference = statistics.fmean(first) - statistics.fmean(second)
    low, high = welch_interval(first, second)
    outcome: Outcome = "no difference that the seeds can show"
    if low > 0 or high < 0:
        outcome = "worse" if (difference > 0) == (loss_sign(metric) > 0) else "better"
    if ratio:
        difference, low, high = math.exp(difference), math.exp(low), math.exp(high)
    return Verdict(outcome, difference, low, high)


def welch_interval(first: Sequence[float], second: Sequence[float]) -> tuple[float, float]:
    """Welch's interval of the difference of two means, at 95%; of two values or more each."""
    difference = statistics.fmean(first) - statistics.fmean(second)
    errors = [statistics.variance(values) / len(values) for values in (first, second)]
    if not sum(errors):  # no spread at all, as of classes of which none is ever drawn
        return difference, difference
    freedom = sum(errors) ** 2 / (errors[0] ** 2 / (len(first) - 1) + errors[1] ** 2 / (len(second) - 1))
    reach = _quantile(freedom) * math.sqrt(sum(errors))
    return difference - reach, difference + reach


def mean_interval(values: Sequence[float]) -> tuple[float, float] | None:
    """Student's interval of a mean over seeds, at 95%; None of fewer than two values."""
    if len(values) < 2:
        return None
    mean, error = statistics.fmean(values), statistics.stdev(values) / math.sqrt(len(values))
    reach = _quantile(len(values) - 1) * error
    return mean - reach, mean + reach


def _quantile(freedom: float) -> float:
    """Of Student's distribution, the value that the interval reaches to on either side."""
    refuse_missing("A verdict", "scipy")
    from scipy.special import stdtrit

    return float(stdtrit(freedom, (1 + CONFIDENCE) / 2))


def best_of(metric: str, values: Mapping[str, Sequence[float]]) -> str | None:
    """The setting with the best mean, of those that have a value; None where none has."""
    means = {setting: statistics.fmean(each) for setting, each in values.items() if each}
    return min(means, key=lambda setting: loss_sign(metric) * means[setting]) if means else None


def against_best(metric: str, values: Mapping[str, Sequence[float]]) -> dict[str, Verdict]:
    """Each setting but the best against the best."""
    best = best_of(metric, values)
    return {s: compare_values(metric, each, values[best]) for s, each in values.items() if best and s != best}


def neighbours(metric: str, values: Mapping[str, Sequence[float]]) -> dict[str, Verdict]:
    """Each setting but the first against the one before it on the axis."""
    settings = list(values)
    pairs = zip(settings[1:], settings, strict=False)
    return {after: compare_values(metric, values[after], values[before]) for after, before in pairs}


def describe(metric: str, verdict: Verdict) -> str:
    """A verdict in words, with the interval that it is taken from."""
    if verdict.difference is None:
        return verdict.outcome
    words = "times" if metric in RATIOS else "more"
    outcome: str = verdict.outcome
    if metric in OWN:
        outcome = {"better": OWN[metric].more, "worse": OWN[metric].less}.get(outcome, outcome)
    return f"{outcome} ({verdict.difference:.4g} {words}, at 95% between {verdict.low:.4g} and {verdict.high:.4g})"
