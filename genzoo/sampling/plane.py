"""The plane of a model that has two latent dimensions, as one picture shows all that it draws."""

from __future__ import annotations

from statistics import NormalDist

import numpy as np
import numpy.typing as npt

from genzoo.errors import UsageError
from genzoo.values import whole_number
from genzoo.zoo.registry import ENTRIES
from genzoo.zoo.spec import Entry


def plane_latents(entry: Entry, side: int = 30) -> npt.NDArray[np.float32]:
    """Latents that share a plane out evenly, each with as much of the standard normal's mass: (side * side, 2).

    A square is divided into side x side cells, whose middles go through the inverse of the normal's cumulative
    distribution function.  They are in the order of a grid's cells: the first number grows to the right, the second
    from the bottom row to the top one.

    Raises:
        UsageError: for an entry whose latents have not two numbers, or a `side` below 1.
    """
    if entry.latent_size != 2:
        known = ", ".join(one.name for one in ENTRIES.values() if one.latent_size == 2)
        raise UsageError(f"{entry.name} has latents of {entry.latent_size} numbers, and no plane: {known} have two.")
    if (count := whole_number("side", side)) < 1:
        raise UsageError(f"A plane of {count} images a side cannot be drawn: 1 is the least.")
    normal = NormalDist()
    places = [normal.inv_cdf((i + 0.5) / count) for i in range(count)]
    right, up = np.meshgrid(places, places[::-1])
    return np.stack([right.ravel(), up.ravel()], axis=1).astype(np.float32)
