"""Results of runs, which are kept for good: small folders without weights, written and read.  No torch."""

from __future__ import annotations

import itertools
import json
import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from genzoo.checkpoint.files import whole_file, whole_folder, write_text
from genzoo.checkpoint.history import SPREAD, Row, read_rows, thinned
from genzoo.checkpoint.layout import CONFIG, HISTORY, METRICS
from genzoo.checkpoint.measurement import SAME, Measurement, read_metrics
from genzoo.checkpoint.strict import read_json
from genzoo.errors import DataError, UsageError, brief
from genzoo.studies.study import Run, Study
from genzoo.zoo.registry import ALL_METRICS

FORMAT = 1
SHARPNESS = "sharpness"
"""A study's own measure, in `metrics.json` beside those that `genzoo evaluate` takes."""
UNREST = "unrest"
"""How far the generator's (or VAE's) loss strays: its mean deviation within the points of a run's second half."""
_SPREADS = (f"generator{SPREAD}", f"negative_elbo{SPREAD}")
_FIELDS = {"format", "run", "seed", "steps", "entry", "parameters", "training", "versions", "problem"}


@dataclass(frozen=True)
class Own:
    """A measure of a study's own, of which neither way is better: its name, and what more and less of it are called."""

    label: str
    more: str
    less: str


OWN: Mapping[str, Own] = {
    SHARPNESS: Own("Sharpness", "sharper", "less sharp"),
    UNREST: Own("Unrest of the loss", "more restless", "less restless"),
}


@dataclass(frozen=True)
class Result:
    """The result of a run.

    Attributes:
        folder: where it lies.
        config: the contents of its `config.json`: the entry, how it was trained, and the versions that did it.
        measurement: with a row `SHARPNESS` among its others; None for a run that broke down.
    """

    folder: Path
    config: Mapping[str, Any]
    measurement: Measurement | None

    @property
    def problem(self) -> str | None:
        """The end of a run that broke down, in a sentence; None for one that was trained to its end."""
        problem: str | None = self.config["problem"]
        return problem

    @property
    def parameters(self) -> int:
        """The learned values of all its nets."""
        return sum(self.config["parameters"].values())

    @property
    def way_out(self) -> str:
        """What to do about a damaged file of the result, as the end of a sentence."""
        return _way_out(self.folder)

    def value(self, metric: str) -> float | None:
        """A metric's value; None where it was not measured, and of a run that broke down."""
        if self.measurement is None:
            return None
        if metric == UNREST:
            return self._unrest()
        if metric == SHARPNESS:
            return float(self.measurement.others[SHARPNESS]["mean"])
        row = self.measurement.rows.get(metric)
        return None if row is None else row.mean

    def _unrest(self) -> float | None:
        rows = self.history()
        spreads = [row[key] for row in rows[len(rows) // 2 :] for key in row if key in _SPREADS]
        return statistics.fmean(spreads) if spreads else None

    def history(self) -> list[Row]:
        """The loss curves: the step, and the mean of each loss since the row before.

        Raises:
            DataError: for a file that is no history.
        """
        path = self.folder / HISTORY
        try:
            return read_rows(path)
        except ValueError as error:
            raise DataError(f"{path} is not a run's history ({error}): {self.way_out}") from None


def read_result(results: Path, run: Run) -> Result | None:
    """The result of a run below a folder; None where it has not ended yet.

    Raises:
        DataError: for files that are not a run's, or another's.
    """
    folder = results / run.name
    if not (folder / CONFIG).is_file():
        return None
    try:
        config = read_json(folder / CONFIG)
        if not isinstance(config, dict) or not set(config) >= _FIELDS:
            raise ValueError("its fields are not a run's")
        if config["format"] != FORMAT:
            raise ValueError(f"its format is {brief(config['format'])}, this genzoo reads {FORMAT}")
        if (config["run"], config["seed"]) != (run.name, run.seed):
            raise ValueError(f"it is of {brief(config['run'])}")
        if not all(isinstance(value, int) for value in config["parameters"].values()):
            raise ValueError("its parameters are no numbers")
    except (ValueError, AttributeError) as error:
        raise DataError(f"{folder / CONFIG} is not a run's ({error}): {_way_out(folder)}") from None
    measurement = read_metrics(folder / METRICS) if config["problem"] is None else None
    if measurement is not None and not _is_row(measurement.others.get(SHARPNESS)):
        raise DataError(f"{folder / METRICS} has no {SHARPNESS}: {_way_out(folder)}")
    return Result(folder, config, measurement)


def _is_row(value: object) -> bool:
    return isinstance(value, dict) and isinstance(value.get("mean"), int | float)


def _way_out(folder: Path) -> str:
    return f"take {folder} away, and `genzoo study run` makes it anew."


def write_result(
    results: Path,
    config: Mapping[str, Any],
    measurement: Measurement | None,
    history: Sequence[Row],
    pictures: Pictures,
) -> Path:
    """Write a run's folder, whole or not at all.

    Args:
        results: the folder of such folders.
        config: the contents of `config.json`, but for its format.
        measurement: what `metrics.json` is to hold; None where there is nothing to measure.
        history: the loss curves, which are thinned.
        pictures: by the names of their files.

    Raises:
        GenzooError: when it cannot be written.
    """
    folder = results / str(config["run"])
    with whole_folder(folder, overwrite=True) as part:
        write_text(part / CONFIG, _text({"format": FORMAT, **config}))
        if measurement is not None:
            write_text(part / METRICS, _text(measurement.to_json()))
        write_text(part / HISTORY, "".join(json.dumps(row) + "\n" for row in thinned(history)))
        for name, data in pictures.items():
            with whole_file(part / name) as path:
                path.write_bytes(data)
    return folder


Pictures = Mapping[str, bytes]


def _text(value: Mapping[str, Any]) -> str:
    return json.dumps(value, indent=1, ensure_ascii=False) + "\n"


def read_study(results: Path, study: Study) -> dict[str, list[Result]]:
    """The results of a study so far: for the value of each setting those of its seeds, in their order.

    Raises:
        DataError: for files that are not a run's.
        UsageError: for runs that were measured otherwise than one another.
    """
    found: dict[str, list[Result]] = {setting.value: [] for setting in study.settings}
    for run in study.runs:
        if (result := read_result(results, run)) is not None:
            found[run.setting.value].append(result)
    _check_alike(study, itertools.chain.from_iterable(found.values()))
    return found


def _check_alike(study: Study, results: Iterable[Result]) -> None:
    documents = [result.measurement.to_json() for result in results if result.measurement is not None]
    for key in (*SAME, "seeds"):
        if len({json.dumps(document[key], sort_keys=True) for document in documents}) > 1:
            raise UsageError(
                f"The runs of {study.name} were measured otherwise than one another in {key}: "
                "take away those that differ, and `genzoo study run` measures them anew."
            )


def speed_file(results: Path, study: Study) -> Path:
    """Where the time of a step of a study's settings lies below its results."""
    return results / "speed" / f"{study.name}.json"


def read_speed(results: Path, study: Study) -> dict[str, float]:
    """The processor time of a step in seconds, by the values of a study's settings; empty where none was measured.

    Raises:
        DataError: for a file that is no such measurement.
    """
    path = speed_file(results, study)
    if not path.is_file():
        return {}
    try:
        document = read_json(path)
        if document["format"] != FORMAT:
            raise ValueError(f"its format is {brief(document['format'])}, this genzoo reads {FORMAT}")
        seconds = {name: float(value) for name, value in document["seconds_per_step"].items()}
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise DataError(f"{path} is not a measurement of speed ({error}): `genzoo study time` makes it anew.") from None
    return {each.value: seconds[each.name] for each in study.settings if each.name in seconds}


def label_of(metric: str) -> str:
    """A metric's name as people write it."""
    return OWN[metric].label if metric in OWN else ALL_METRICS[metric].label
