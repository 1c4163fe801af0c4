"""Takes a finished run into `weights/`, with its measurement and card."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from genzoo.checkpoint.config import read_config
from genzoo.checkpoint.files import whole_folder
from genzoo.checkpoint.folder import LocalFolder, sign
from genzoo.checkpoint.layout import (
    CARD,
    CONFIG,
    DISCRIMINATOR,
    GOLDEN,
    HISTORY,
    LAYOUT,
    METRICS,
    MODEL,
    PROGRESS,
    SAMPLES,
)
from genzoo.checkpoint.manifest import weights_home, write_manifest
from genzoo.errors import BadCheckpointError, UsageError
from genzoo.evaluate.progress import Report, quiet
from genzoo.hub import find_folder
from genzoo.release.card import cards_home, write_card
from genzoo.sampling.model import Model, load
from genzoo.zoo.catalog import ENTRIES
from genzoo.zoo.spec import Entry

if TYPE_CHECKING:
    import torch

    from genzoo.evaluate import Settings
    from genzoo.train.selection import Evaluation

_NEEDED = (CONFIG, MODEL, GOLDEN, HISTORY, SAMPLES, PROGRESS)


def published(entry: Entry) -> Settings:
    """The settings that an entry is measured with: a binarised VAE on the whole test set, as published ones are."""
    from genzoo.evaluate import Settings

    return Settings(likelihood_images=10_000) if entry.recipe.binarize else Settings()


def adopt(
    run: Path,
    home: Path | None = None,
    *,
    data_dir: str | Path | None = None,
    device: str | torch.device | None = None,
    settings: Settings | None = None,
    report: Report = quiet,
) -> Path:
    """Measure a finished run and take it into the zoo's weights, with its card, unless it is worse than what is there.

    Worse is decided on the training set: a GAN's Fréchet distance, a VAE's ELBO, as `genzoo train`
    measured them on the way.  The test set's numbers are for `metrics.json` and the card alone.

    Args:
        run: the checkpoint folder of an entry of the catalog.
        home: the folder of weights; the checkout's unless told otherwise.
        data_dir: where the datasets lie.
        device: where it is measured; the CPU unless told otherwise.
        settings: how it is measured; as the zoo's other entries unless told otherwise.
        report: called as the measurement goes on.

    Returns:
        The entry's folder, which replaces the one before in one step.

    Raises:
        UsageError: for a model that is not in the catalog, or is worse than the one it would replace.
        BadCheckpointError: for a folder that is not whole, or does not give its golden images.
    """
    home = home or weights_home()
    folder = check_run(run)
    from genzoo.checkpoint.graphs.write import write_graphs
    from genzoo.evaluate import evaluate, is_current, write_metrics

    model = load(run, device)
    model.check()
    settings = settings or published(model.entry)
    there = home / model.name
    if (there / MODEL).exists() and not there.samefile(run):
        _refuse_worse(model, load(there, device), data_dir)
    # A measurement that is not the listed one may be of a command that was killed before it signed it.
    if folder.problem(METRICS) or not is_current(run / METRICS, model, settings):
        write_metrics(run / METRICS, evaluate(model, settings, data_dir, report))
    with whole_folder(there, overwrite=True) as part:
        # All of a run but its card, which the zoo writes itself.
        for path in [folder.file(name) for name in LAYOUT if name != CARD and folder.has(name)]:
            shutil.copyfile(path, part / path.name)
        write_graphs(part, model.entry)
        sign(part)
    write_manifest(home)
    write_card(model.name, cards_home() if home == weights_home() else home / "cards", home)
    return there


def check_run(run: Path) -> LocalFolder:
    """The folder of a finished run of the catalog; torch is not imported.

    Raises:
        UsageError: for what is no folder, or a model that is not in the catalog.
        BadCheckpointError: for a folder that is not whole.
    """
    find_folder(run)
    folder = LocalFolder(run)
    entry = read_config(folder).entry
    if entry.name not in ENTRIES:
        raise UsageError(f"{entry.name} is not in the catalog: only its entries are shipped.")
    needed = [*_NEEDED, *([] if entry.is_vae else [DISCRIMINATOR])]
    if missing := [name for name in folder.missing(needed) if name != CARD]:
        raise BadCheckpointError(f"{run} lacks {', '.join(missing)}: let its training end, or resume it.")
    return folder


def _refuse_worse(model: Model, there: Model, data_dir: str | Path | None) -> None:
    """Raise `UsageError` when a model does worse on the training set than the one it would replace."""
    from genzoo.train.selection import loss_of, measured

    if not measured(model.entry):
        return
    ours, theirs = (_standing(one, data_dir) for one in (model, there))
    if loss_of(model.entry, ours) > loss_of(model.entry, theirs):
        measure = model.entry.family.objective.selection
        raise UsageError(
            f"{model.folder.path} is worse than what is there: on the training set its {measure} is {ours[measure]:g}, "
            f"that of {there.folder.path} is {theirs[measure]:g}; train it further, or remove that folder first."
        )


def _standing(model: Model, data_dir: str | Path | None) -> Evaluation:
    """The evaluation of a model on the training set by its run, where that was one in full, or else measured now."""
    from genzoo.data import load_images
    from genzoo.train.schedule import is_full
    from genzoo.train.selection import SelectionMeasure, best_of

    if evaluations := model.config.training.get("evaluations"):
        best = best_of(model.entry, evaluations)
        if is_full(best):
            return best
    nets = {"generator": model.generator, **({"encoder": model.encoder} if model.entry.is_vae else {})}
    judge = SelectionMeasure(model.entry, load_images(model.entry.dataset, data_dir), model.device)
    return judge.measure(nets)
