"""The Olivetti faces: an image folder, written from scikit-learn's copy where it is missing."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from genzoo.checkpoint.files import whole_folder
from genzoo.data.download import DOWNLOAD_ERRORS, downloading, reason
from genzoo.data.folder import load_folder
from genzoo.errors import DataError
from genzoo.extras import refuse_missing
from genzoo.images.pixels import to_picture
from genzoo.zoo.datasets import Dataset

FACES = 400
PIXELS = "a3f75007cc103363b61a63e06bec8ea4846407682ef6e7c9ae1eb9c1bd0e8a00"
"""The SHA-256 of the 400 faces' grey levels, (400, 64, 64) uint8, in whatever files they lie: those of the file that
scikit-learn downloads, and holds against its own SHA-256."""
_PER_PERSON = 10
_BRIGHTEST = 242
"""The highest grey level of the dataset, which scikit-learn stretches to 1."""


def load_faces(dataset: Dataset, root: Path, train: bool = True) -> Tensor:
    """The Olivetti faces, ten each of forty people in order, from `root`/olivetti.

    The dataset has no test images of its own: the tenth face of each person is held out.  Where the
    folder is missing, scikit-learn's copy is written there, with the original grey levels and not
    scikit-learn's stretched ones.

    Returns:
        uint8 pixels, (360, 1, 64, 64), or (40, 1, 64, 64) held out.

    Raises:
        DataError: for a folder of more or fewer images than 400, or of others, and when the faces are neither
            there nor to be had.
    """
    folder = root / "olivetti"
    if not folder.exists():
        _fetch(root, folder)
    data = load_folder(folder, dataset)
    if len(data) != FACES:
        raise DataError(
            f"{folder} holds {len(data):,} images, but the Olivetti faces are {FACES}: "
            "complete the folder, remove it to have it downloaded, or train on it as a folder of your own."
        )
    found = hashlib.sha256(data.pixels.numpy().tobytes()).hexdigest()
    if found != PIXELS:
        raise DataError(
            f"{folder} holds other images than the Olivetti faces, the SHA-256 of its grey levels is {found}, not "
            f"{PIXELS}: remove the folder to have it downloaded, or train on it as a folder of your own."
        )
    held_out = torch.arange(FACES) % _PER_PERSON == _PER_PERSON - 1
    return data.pixels[~held_out if train else held_out]


def _fetch(root: Path, folder: Path) -> None:
    layout = "the 400 faces there as images, person00/0.png to person39/9.png"
    refuse_missing("The download of the Olivetti faces", "sklearn")
    from sklearn.datasets import fetch_olivetti_faces

    try:
        with downloading(root, "olivetti") as part:
            faces = fetch_olivetti_faces(data_home=str(part), n_retries=1).images
    except DOWNLOAD_ERRORS as error:
        raise DataError(
            f"The Olivetti faces are not in {folder} and could not be downloaded ({reason(error)}): put {layout}, "
            "or name the folder that has the dataset with --data-dir or GENZOO_DATA."
        ) from None
    levels = np.rint(np.asarray(faces, dtype=np.float64) * _BRIGHTEST).astype(np.uint8)  # (400, 64, 64)
    with whole_folder(folder, overwrite=True) as part:
        for i, face in enumerate(levels):
            person = part / f"person{i // 10:02d}"
            person.mkdir(exist_ok=True)
            to_picture(face[:, :, None]).save(person / f"{i % 10}.png")
