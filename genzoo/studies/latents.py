"""Pictures of what a study's VAEs have learned, which need their weights: reconstructions, latents and their plane."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch

from genzoo.checkpoint.checksums import SUMS
from genzoo.checkpoint.files import clear_io_errors
from genzoo.checkpoint.folder import Folder, LocalFolder
from genzoo.checkpoint.manifest import is_here, pinned_files, weights_home
from genzoo.data import has_labels, load_images, load_labels
from genzoo.errors import DataError
from genzoo.images.pixels import as_array, make_grid, to_levels
from genzoo.plots.points import Cloud, draw_clouds
from genzoo.plots.sheets import Tile, draw_plane, draw_tiles
from genzoo.sampling.model import Model
from genzoo.sampling.plane import plane_latents
from genzoo.studies.pictures import Drawn, title_of
from genzoo.studies.study import Study
from genzoo.zoo.datasets import Dataset
from genzoo.zoo.registry import ENTRIES

if TYPE_CHECKING:
    from torch import Tensor

    from genzoo.images.pixels import Levels

RECONSTRUCTIONS, LATENTS, MANIFOLD = "reconstructions.png", "latents.png", "manifold.png"
SIDE = 30
"""Images in a row of the plane, as in the reports."""
_SHOWN, _BATCH = 10, 500
_AXES = "first number of the latent", "second number of the latent"


@dataclass(frozen=True)
class _Test:
    """Test images (n, c, h, w) in [0, 1], their classes (n,), where they have any, and the places of some of each."""

    images: Tensor
    classes: Tensor | None

    @property
    def shown(self) -> Tensor:
        """One image of each class, in their order, or the first of all."""
        if self.classes is None:
            return self.images[:_SHOWN]
        places = (self.classes == one for one in range(_SHOWN))
        return self.images[[int(those.nonzero()[0]) for those in places if bool(those.any())]]


def draw_latents(study: Study, runs: Path, out: Path, data_dir: Path | None = None) -> Drawn:
    """Draw what the VAEs of a study make of test images, to the folder of its name below another.

    `reconstructions.png` has a row for each setting, `latents.png` the posterior means of all test images, by class,
    for each setting with latents of two numbers, and `manifold.png` the plane of the last of them.  A setting's weights
    are those of its first seed that has any in `runs`; where no setting has any, the entries that ship under the
    settings' names stand in, and the pictures say so.

    Args:
        study: which.
        runs: the folder of the runs' folders, which hold weights.
        out: the folder in which a folder is made for the study.
        data_dir: where the datasets lie.

    Returns:
        What was drawn, and what was not, for want of weights or of the dataset; neither for a study without VAEs.

    Raises:
        MissingLibraryError: without matplotlib.
        BadCheckpointError: for weights that are damaged or altered.
        GenzooError: when a picture cannot be written.
    """
    drawn = Drawn()
    if not any(setting.entry.is_vae for setting in study.settings):
        return drawn
    models = dict(_trained(study, runs)) or dict(_shipped(study))
    if lacking := [label for label in _labels(study).values() if label not in models]:
        drawn.missing.append(f"{study.name}: there are no weights in {runs} of {'; '.join(lacking)}.")
    if not models:
        return drawn
    try:
        test = _test_images(study.settings[0].entry.dataset, data_dir)
    except DataError as error:
        drawn.missing.append(f"{study.name}: {RECONSTRUCTIONS} is not drawn. {error}")
        return drawn
    folder = out / study.name
    with clear_io_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)
    _draw_reconstructions(study, models, test, folder / RECONSTRUCTIONS)
    drawn.paths.append(folder / RECONSTRUCTIONS)
    if planes := {label: model for label, model in models.items() if model.entry.latent_size == 2}:
        _draw_clouds(study, planes, test, folder / LATENTS)
        _draw_manifold(study, *list(planes.items())[-1], folder / MANIFOLD)
        drawn.paths.extend([folder / LATENTS, folder / MANIFOLD])
    return drawn


def _labels(study: Study) -> dict[str, str]:
    """How the models of a study's VAEs are labelled, by the values of their settings."""
    return {each.value: f"{study.axis}: {each.value}" for each in study.settings if each.entry.is_vae}


def _trained(study: Study, runs: Path) -> Iterator[tuple[str, Model]]:
    """The VAEs of a study's runs, by how they are labelled: one of each setting that has been trained."""
    for value, label in _labels(study).items():
        folders = [runs / run.name for run in study.runs if run.setting.value == value]
        if whole := [folder for folder in folders if (folder / SUMS).is_file()]:
            yield label, Model.of_folder(LocalFolder(whole[0]))


def _shipped(study: Study) -> Iterator[tuple[str, Model]]:
    """The VAEs that ship under the names of a study's settings."""
    for name in dict.fromkeys(setting.entry.name for setting in study.settings if setting.entry.is_vae):
        if name in ENTRIES and is_here(name):
            yield f"{name}, as shipped", Model.of_folder(Folder(weights_home() / name, pinned_files(name)))


def _test_images(dataset: Dataset, data_dir: Path | None) -> _Test:
    pixels = load_images(dataset, data_dir, train=False).pixels
    classes = load_labels(dataset, data_dir, train=False) if has_labels(dataset) else None
    return _Test(pixels.float() / 255, classes)


def _note(models: dict[str, Model]) -> str:
    shipped = any(label.endswith("as shipped") for label in models)
    return "The runs' weights are not here: shipped ones, of recipes of their own, stand in." if shipped else ""


def _draw_reconstructions(study: Study, models: dict[str, Model], test: _Test, path: Path) -> None:
    some = test.shown
    with torch.no_grad():
        rows = [to_levels(some), *(to_levels(model.reconstruct(some)) for model in models.values())]
    picture = _pixels(torch.cat(rows), len(some))
    note = " ".join(["Images of the test set, and those of their posterior means.", _note(models)])
    draw_tiles(path, [Tile("", picture, ["test images", *models])], title_of(study, "Reconstructions"), note)


def _draw_clouds(study: Study, models: dict[str, Model], test: _Test, path: Path) -> None:
    classes = None if test.classes is None else test.classes.numpy()
    clouds = []
    for label, model in models.items():
        with torch.no_grad():
            means = [model.encode(batch)[0] for batch in torch.split(test.images, _BATCH)]
        clouds.append(Cloud(label, torch.cat(means).numpy(), classes))
    by = ", by class" if classes is not None else ""
    note = " ".join([f"Posterior means of the {len(test.images):,} test images{by}.", _note(models)])
    draw_clouds(path, clouds, _AXES, title_of(study, "Latents"), note)


def _draw_manifold(study: Study, label: str, model: Model, path: Path) -> None:
    with torch.no_grad():
        images = model.decode(torch.from_numpy(plane_latents(model.entry, SIDE)))
    picture = _pixels(images, SIDE, padding=0)
    note = "Each image stands for as much of the standard normal's mass as any other."
    title = f"Plane of the latents, {label} ({study.name})"
    draw_plane(path, picture, _AXES, title, " ".join([note, _note({label: model})]))


def _pixels(images: Tensor, columns: int, padding: int = 2) -> Levels:
    """A grid of images as an array (h, w, c) uint8."""
    array = np.asarray(make_grid(as_array(images), nrow=columns, padding=padding))
    return array[:, :, None] if array.ndim == 2 else array
