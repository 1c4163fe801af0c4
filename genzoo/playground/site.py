"""The playground's site: every file of it by its path, read when it is asked for, or written to a folder."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache, partial
from pathlib import Path

from genzoo.checkpoint.files import clear_io_errors, whole_folder
from genzoo.playground.models import Shown, index, page_files
from genzoo.values import as_path

INDEX = "index.json"
MODELS = "models"
"""The folder below which each model's files lie, in one of its own."""


class Site(Mapping[str, bytes]):
    """The files of a site by their paths, which have slashes and do not begin with one.

    A lookup reads the file, and raises `GenzooError` where that is damaged; what is no path of the site is a KeyError,
    whatever lies on the disk.
    """

    def __init__(self, models: Iterable[Shown], *, public: bool = False) -> None:
        """The site of some models; a `public` one names no path of this machine."""
        self.models = list(models)
        self._files: dict[str, Callable[[], bytes]] = {
            name: partial(_read, path) for name, path in page_files().items()
        }
        self._files[INDEX] = cache(lambda: _json(index(self.models, public=public)))
        for model in self.models:
            self._files |= {f"{MODELS}/{model.key}/{name}": partial(model.read, name) for name in model.files}

    def __getitem__(self, path: str) -> bytes:
        return self._files[path]()

    def __contains__(self, path: object) -> bool:
        return path in self._files  # without reading it

    def __iter__(self) -> Iterator[str]:
        return iter(self._files)

    def __len__(self) -> int:
        return len(self._files)

    def write(self, folder: str | os.PathLike[str], *, overwrite: bool = False) -> None:
        """Write the site to a folder that any web server can serve, whole or not at all.

        Raises:
            GenzooError: when it cannot be written, holds something and not `overwrite`, or a model's file is damaged.
        """
        with whole_folder(as_path(folder), overwrite=overwrite) as part:
            for path in self:
                target = part / path
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(self[path])


def _read(path: Path) -> bytes:
    with clear_io_errors(path, "read"):
        return path.read_bytes()


def _json(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
