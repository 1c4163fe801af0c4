"""From a finished run to a folder of `weights/`, so that nothing is copied by hand."""

from __future__ import annotations

import shutil
from pathlib import Path

import torch

from genzoo.catalog import ENTRIES
from genzoo.errors import BadCheckpointError, UsageError
from genzoo.files import whole_folder
from genzoo.model import load
from genzoo.train.finish import HISTORY, PROGRESS, SAMPLES
from genzoo.weights import CONFIG, CRITIC, GOLDEN, METRICS, MODEL, read_tensors, weights_home, write_manifest

_NEEDED = (CONFIG, MODEL, GOLDEN, HISTORY, SAMPLES, PROGRESS)
_GREY_LEVEL = 1 / 255


def adopt(run: Path, home: Path | None = None) -> Path:
    """Take a finished run into the zoo's weights, after a check that it gives its golden images.

    Args:
        run: the checkpoint folder of an entry of the catalog.
        home: the folder of weights; the checkout's unless told otherwise.

    Returns:
        The entry's folder, which replaces the one before in one step.

    Raises:
        UsageError: for a model that is not in the catalog.
        BadCheckpointError: for a folder that is not whole, or does not give its golden images.
    """
    home = home or weights_home()
    model = load(run)
    if model.name not in ENTRIES:
        raise UsageError(f"{model.name} is not in the catalog: only its entries are shipped.")
    files = [*_NEEDED, *([] if model.entry.is_vae else [CRITIC])]
    if missing := [name for name in files if not (run / name).is_file()]:
        raise BadCheckpointError(f"{run} lacks {', '.join(missing)}: let its training end, or resume it.")
    golden = read_tensors(run / GOLDEN)
    with torch.no_grad():
        difference = (model.decode(golden["latents"]) - golden["images"]).abs().max()
    if difference > _GREY_LEVEL:
        raise BadCheckpointError(f"{run} does not give its golden images: it was altered after its training.")
    with whole_folder(home / model.name, overwrite=True) as part:
        for name in [*files, *([METRICS] if (run / METRICS).is_file() else [])]:
            shutil.copyfile(run / name, part / name)
    write_manifest(home)
    return home / model.name
