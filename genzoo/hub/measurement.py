"""Finds the measurement of a model."""

from __future__ import annotations

import os
from pathlib import Path

from genzoo.checkpoint.layout import CONFIG, METRICS
from genzoo.checkpoint.measurement import Measurement, read_metrics
from genzoo.errors import DataError
from genzoo.hub.folders import find_folder


def find_metrics(source: str) -> Measurement:
    """The measurement of a name, a checkpoint folder or a repository, or of a file of that form.

    Raises:
        DataError: when it has not been measured, or the file is not a measurement.
        UnknownNameError: for what is neither a name, a folder nor a file.
    """
    path = Path(source)
    if not os.path.isfile(path):
        folder = find_folder(source)
        if not folder.has(METRICS):
            missing = folder.path / METRICS
            raise DataError(
                f"{source} has not been measured, {missing} is not there: run `genzoo evaluate {source}` first."
            )
        # A folder of measurements alone is no checkpoint, and nobody signs one.
        path = folder.file(METRICS) if folder.has(CONFIG) else folder.path / METRICS
    return read_metrics(path)
