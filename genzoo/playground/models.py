"""Models that the playground shows: which files of each the page reads, and what it says of them."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from genzoo.checkpoint import manifest
from genzoo.checkpoint.config import Config, read_config
from genzoo.checkpoint.files import clear_io_errors, sha256
from genzoo.checkpoint.folder import Folder
from genzoo.checkpoint.graphs import read_graph
from genzoo.checkpoint.layout import CONFIG, DISCRIMINATOR, GRAPHS, METRICS, MODEL, PROGRESS, SAMPLES
from genzoo.checkpoint.measurement import read_metrics
from genzoo.errors import UsageError
from genzoo.hub import find_folder
from genzoo.hub.folders import HubFolder
from genzoo.sampling.directions import find_directions
from genzoo.sampling.graphs import OnnxModel
from genzoo.zoo.catalog import aliases_of
from genzoo.zoo.registry import ALL_METRICS
from genzoo.zoo.spec import Entry

DIRECTIONS = "directions.json"
"""The file of a model's directions, which no checkpoint folder holds."""
_FILES = (CONFIG, MODEL, DISCRIMINATOR, *GRAPHS.values(), METRICS, SAMPLES, PROGRESS)


@dataclass(frozen=True)
class Shown:
    """A model that the playground shows.

    Attributes:
        key: what the page calls it: the entry's name, numbered where several have it.
        folder: where its files lie.
        config: the folder's `config.json`.
    """

    key: str
    folder: Folder
    config: Config

    @property
    def entry(self) -> Entry:
        """The architecture and recipe."""
        return self.config.entry

    @cached_property
    def files(self) -> list[str]:
        """The names of those of its files that the page reads."""
        return [*(name for name in _FILES if self.folder.has(name)), *([DIRECTIONS] if self._has_directions else [])]

    def read(self, name: str) -> bytes:
        """The contents of one of its files, after a look at its hash.

        Raises:
            GenzooError: what `Folder.file` raises, and `find_directions` for the file of the directions.
        """
        if name == DIRECTIONS:
            return self._directions
        path = self.folder.file(name)
        with clear_io_errors(path, "read"):
            return path.read_bytes()

    @cached_property
    def _directions(self) -> bytes:
        model = OnnxModel.of_folder(self.folder)
        return json.dumps(find_directions(model).to_json()).encode()

    @property
    def _has_directions(self) -> bool:
        """Whether they can be found: of the catalog's nets they can, of a plug-in's perhaps not."""
        if self.folder.pinned is None:
            with contextlib.suppress(UsageError):
                return bool(self._directions)
            return False
        return True

    def facts(self, *, public: bool = False) -> dict[str, Any]:
        """What the page says of it, as JSON values; where others are to see it, no path of this machine.

        Raises:
            BadCheckpointError: for files that are damaged or altered.
            DataError: for a `metrics.json` that is no measurement.
        """
        entry, training = self.entry, self.config.training
        return {
            "key": self.key,
            "name": entry.name,
            "aliases": aliases_of(entry.name) if self.folder.pinned is not None else [],
            "words": entry.family.words,
            "family": entry.family.name,
            "dataset": entry.dataset.name,
            "title": entry.dataset.title or entry.dataset.name,
            "shape": entry.dataset.shape,
            "latent_size": entry.latent_size,
            "is_vae": entry.is_vae,
            "scores": entry.family.objective.scores,
            "source": entry.source,
            "steps": _count(training.get("steps")),
            "step": _count(training.get("step")),
            "load": self._source(public),
            "files": self.files,
            **self._measured(),
        }

    def _source(self, public: bool) -> str | None:
        """What commands call it."""
        if self.folder.pinned is not None:
            return self.entry.name
        if isinstance(self.folder, HubFolder):
            return f"{self.folder.repo}@{self.folder.commit}"
        return None if public else str(self.folder.path)

    def _measured(self) -> dict[str, Any]:
        """Its metrics in the order of all metrics; none where another state of the weights was measured."""
        measurement = read_metrics(self.folder.file(METRICS)) if METRICS in self.files else None
        if measurement is None or measurement.weights_sha256 != self._sha256_of_weights():
            return {"numbers": [], "has_intervals": False}
        rows = [(metric, row) for name, metric in ALL_METRICS.items() if (row := measurement.rows.get(name))]
        return {
            "numbers": [
                {"label": metric.label, "text": row.text, "better": metric.better, "unit": row.unit or metric.unit}
                for metric, row in rows
            ],
            "has_intervals": any(row.interval for _, row in rows),
        }

    def _sha256_of_weights(self) -> str:
        return self.folder.pinned[MODEL].sha256 if self.folder.pinned else sha256(self.folder.file(MODEL))


def find_models(sources: Iterable[str | os.PathLike[str]] = ()) -> list[Shown]:
    """The models of names, aliases, checkpoint folders and repositories; without any, all entries that are here.

    The graphs of what is no entry of the catalog are checked first, as before they are run here.

    Raises:
        GenzooError: what `load` raises for a source, and for a folder without the graph of its generator.
    """
    found: dict[str, Shown] = {}
    for source in list(sources) or [name for name in manifest.list_models(pretrained=True) if manifest.is_here(name)]:
        folder = find_folder(source)
        config = read_config(folder)
        if folder.pinned is None:
            _check_graphs(folder, config.entry)
        key, number = config.entry.name, 1
        while key in found:
            if found[key].folder.path == folder.path:
                break
            number += 1
            key = f"{config.entry.name}.{number}"
        found[key] = Shown(key, folder, config)
    return list(found.values())


def index(models: Iterable[Shown], *, public: bool = False) -> dict[str, Any]:
    """What the page has to know before a model is chosen, as JSON values; raises what `Shown.facts` raises."""
    return {"format": 1, "models": [model.facts(public=public) for model in models]}


def page_files() -> dict[str, Path]:
    """The page's own files, the runtime's among them, by their names with slashes."""
    page = Path(__file__).parent / "page"
    return {path.relative_to(page).as_posix(): path for path in sorted(page.rglob("*")) if path.is_file()}


def _check_graphs(folder: Folder, entry: Entry) -> None:
    """Raise `BadCheckpointError` unless the folder has its generator's graph, and all its graphs are sound."""
    for net in GRAPHS:
        if net == "generator" or folder.has(GRAPHS[net]):
            read_graph(folder, net, entry)


def _count(value: object) -> int | None:
    """A number of steps; None for anything else that a stranger's `config.json` may hold."""
    return value if type(value) is int and value >= 0 else None
