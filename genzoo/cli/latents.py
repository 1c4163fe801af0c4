"""`genzoo traverse` and `genzoo manifold`: pictures of latent spaces."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from genzoo.cli.common.complete import complete_models
from genzoo.cli.common.group import examples
from genzoo.cli.common.output import wrote
from genzoo.errors import UsageError
from genzoo.hub import refuse_out_of_reach

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from genzoo.sampling.graphs import OnnxModel


@click.command(
    epilog=examples(
        "genzoo traverse dcgan-mnist directions.png", "genzoo traverse vae-mnist --directions 4 --steps 15 first.png"
    )
)
@click.argument("source", metavar="NAME|FOLDER|REPOSITORY", shell_complete=complete_models)
@click.argument("output")
@click.option("--directions", type=click.IntRange(1, 100), default=8, show_default=True, help="Rows of the picture.")
@click.option("--steps", type=click.IntRange(2, 100), default=9, show_default=True, help="Images in a row.")
@click.option("--seed", type=click.IntRange(0, 2**64 - 1), default=0, show_default=True, help="Of the first latent.")
@click.option("--origin", is_flag=True, help="Begin with the middle of all latents, not with a seed's.")
def traverse(source: str, output: str, directions: int, steps: int, seed: int, origin: bool) -> None:
    """Draw what the directions of a latent space do.

    Each row of the picture OUTPUT goes along one direction, the strongest first, from three standard deviations of the
    latents on one side to as many on the other; all else of the latent is that of the seed.  The directions are a
    VAE's latent dimensions by their KL divergence, or the principal directions of a GAN's first layer.
    """
    model = _open(source, output, directions * steps, steps)
    from genzoo.sampling.directions import find_directions

    found = find_directions(model, directions)
    latents = found.traverse(None if origin else model.latents(1, seed)[0], steps)
    _draw(model, latents.reshape(-1, model.entry.latent_size), output, steps)
    what = "KL divergence, nats" if found.method == "kl" else "singular value"
    rows = "\n".join(f"  {row + 1:3}  {strength:8.2f}" for row, strength in enumerate(found.strength))
    all_of_them = ", which has no more" if len(found.strength) < directions else ""
    wrote(
        output,
        f", a row for each of {len(found.strength)} directions of {model.name}{all_of_them}:\n  row  {what}\n{rows}",
    )


@click.command(
    epilog=examples("genzoo manifold mlpvae-mnist plane.png", "genzoo manifold mlpvae-mnist --side 15 plane.webp")
)
@click.argument("source", metavar="NAME|FOLDER|REPOSITORY", shell_complete=complete_models)
@click.argument("output")
@click.option(
    "--side", type=click.IntRange(1, 100), default=30, show_default=True, help="Images in a row and a column."
)
def manifold(source: str, output: str, side: int) -> None:
    """Draw the whole plane of a model with two latent dimensions.

    The picture OUTPUT shows the images of side x side latents, which share the normal distribution out evenly, through
    the inverse of its cumulative distribution function: the first number grows to the right, the second upwards.
    """
    model = _open(source, output, side * side, side)
    from genzoo.sampling.plane import plane_latents

    _draw(model, plane_latents(model.entry, side), output, side)
    wrote(output, f", {side} x {side} images of the plane of {model.name}")


def _open(source: str, output: str, n: int, nrow: int) -> OnnxModel:
    """The model, by its graphs alone, once it is sure that the picture can be."""
    refuse_out_of_reach(source)
    from genzoo.images.pixels import scale_to_see
    from genzoo.images.writers import GRIDS, check_output, check_room

    if Path(output).suffix.lower() not in GRIDS or output.endswith("/"):
        raise UsageError(f"{output} is no picture's name: end it in {', '.join(GRIDS)}.")
    check_output(output, n, nrow)
    from genzoo.sampling.model import load

    model = load(source, engine="onnx")
    shape = model.entry.dataset.shape
    check_room(output, n, shape, nrow, scale_to_see(n, shape, nrow))
    return model


def _draw(model: OnnxModel, latents: npt.NDArray[np.float32], output: str, nrow: int) -> None:
    from genzoo.images.pixels import scale_to_see
    from genzoo.images.writers import save_images
    from genzoo.sampling.batches import BATCH

    scale = scale_to_see(len(latents), model.entry.dataset.shape, nrow)
    batches = (model.decode(latents[first : first + BATCH]) for first in range(0, len(latents), BATCH))
    save_images(batches, output, n=len(latents), nrow=nrow, scale=scale)
