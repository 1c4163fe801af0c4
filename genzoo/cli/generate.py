"""`genzoo generate`."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from genzoo.cli.common.complete import complete_models
from genzoo.cli.common.group import examples
from genzoo.cli.common.output import opened, wrote
from genzoo.cli.options import OneOf
from genzoo.cli.options import device as device_option
from genzoo.cli.progress import progress_bar
from genzoo.errors import GenzooError, UsageError
from genzoo.hub import refuse_out_of_reach

if TYPE_CHECKING:
    from genzoo.accel.processes import Processes
    from genzoo.images.pixels import Images
    from genzoo.sampling.graphs import OnnxModel
    from genzoo.sampling.model import Model
    from genzoo.sampling.priors import Prior


@click.command(
    epilog=examples(
        "genzoo generate -m dcgan-mnist --open digits.png",
        "genzoo generate -m dcgan-mnist -n 16 --seed 1 --scale 8 digits.webp",
        "genzoo generate -m vae-mnist -n 1000 digits.npz",
        "genzoo generate -m runs/mine -n 1000 digits/",
    )
)
@click.argument("output")
@click.option("-m", "--model", "source", required=True, shell_complete=complete_models,
              help="A name, an alias, a checkpoint folder, or user/repo.")  # fmt: skip
@click.option("-n", "--num", type=click.IntRange(1), default=64, show_default=True, help="Number of images.")
@click.option("--seed", type=click.IntRange(0, 2**64 - 1), default=0, show_default=True)
@click.option("--prior", type=OneOf(["normal", "mixture"]), default="normal", show_default=True,
              help="Where a VAE's latents come from.")  # fmt: skip
@device_option()
@click.option("--nrow", type=click.IntRange(1), help="Images in a row of a grid.  [default: a square]")
@click.option("--scale", type=click.IntRange(1), help="Draw each pixel of a grid so many pixels wide and high.  "
              "[default: 1 to 4, up to a grid of 600 pixels]")  # fmt: skip
@click.option("--open", "show", is_flag=True, help="Show the pictures in this system's viewer.")
@click.option("--batch-size", type=click.IntRange(1), default=256, show_default=True)
@click.option("--overwrite", is_flag=True, help="Replace a folder that is not empty.")
def generate(
    output: str,
    source: str,
    num: int,
    seed: int,
    prior: Prior,
    device: str,
    nrow: int | None,
    scale: int | None,
    show: bool,
    batch_size: int,
    overwrite: bool,
) -> None:
    """Draw images from a trained model and write them to OUTPUT.

    OUTPUT's name says what is written: a grid (.png, .jpg, .webp), one array of uint8 images
    (.npz, .npy, .safetensors), or, when it ends in /, a folder of numbered PNGs.
    """
    refuse_out_of_reach(source)
    from genzoo.images.pixels import scale_to_see
    from genzoo.images.writers import ARRAYS, check_output, check_place, check_room, is_grid, save_images

    check_output(output, num, nrow, scale)
    check_place(output, overwrite=overwrite)
    if show and output.lower().endswith(ARRAYS):
        raise UsageError(f"{output} is no picture to open: write a grid or a folder, or leave out --open.")
    model, processes = _load(source, device, prior)
    shape = model.entry.dataset.shape
    if scale is None and is_grid(output):
        scale = scale_to_see(num, shape, nrow)
    check_room(output, num, shape, nrow, scale, besides=0 if processes is None else num * math.prod(shape))
    draw = partial(model.iter_samples, seed=seed, batch_size=batch_size, prior=prior)
    if processes is not None:
        _share(processes, output, num, draw, nrow=nrow, scale=scale, overwrite=overwrite)
        if processes.first:
            _tell(output, scale, show)
        return
    with progress_bar(model.name, num) as move:

        def moving(batches: Iterator[Images]) -> Iterator[Images]:
            done = 0
            for batch in batches:
                yield batch
                done += len(batch)
                move(done, "")

        batches = moving(draw(num))
        save_images(batches, output, n=num, nrow=nrow, scale=scale, overwrite=overwrite)
    _tell(output, scale, show)


def _tell(output: str, scale: int | None, show: bool) -> None:
    """Say what was written, and show it where that is wanted."""
    wrote(output, f", each pixel drawn as {scale} x {scale}" if scale is not None and scale > 1 else "")
    if show and not opened(os.path.abspath(output)):
        raise GenzooError(f"{output} is written, but this system has no viewer that genzoo finds: open it yourself.")


def _load(source: str, device: str, prior: Prior) -> tuple[Model | OnnxModel, Processes | None]:
    """The model, by its graph where that is all it takes, so that torch sleeps; and processes that share the work."""
    from genzoo.accel.processes import Processes, several_processes
    from genzoo.checkpoint.config import read_config
    from genzoo.hub import find_folder
    from genzoo.sampling.arguments import refuse_mixture
    from genzoo.sampling.graphs import OnnxModel, graph_at_hand

    folder = find_folder(source)
    entry = read_config(folder).entry  # what is no checkpoint is said before anything else is imported
    if prior == "mixture":
        refuse_mixture(entry)
    if device == "cpu" and not several_processes() and graph_at_hand(folder):
        return OnnxModel.of_folder(folder), None
    from genzoo.accel.devices import find_device
    from genzoo.sampling.model import load

    processes = Processes(find_device(device))
    return load(source, processes.device), processes if processes.count > 1 else None


def _share(processes: Processes, output: str, num: int, draw: Callable[..., Iterator[Images]], **form: Any) -> None:
    """Each process draws its part of the images into a file; the first joins them, in order."""
    import numpy as np

    from genzoo.images.writers import save_images
    from genzoo.sampling.batches import BATCH

    target = Path(output)
    parts = [target.with_name(f".{target.name}.{rank}.npy") for rank in range(processes.count)]
    mine, own = processes.part(num), parts[processes.rank]
    try:
        if mine:
            save_images(draw(len(mine), start=mine.start), own, n=len(mine))
        processes.wait()

        def joined() -> Iterator[Images]:
            for rank, part in enumerate(parts):
                if not processes.part(num, rank):
                    continue
                if not part.exists():
                    raise GenzooError(f"{part} is not there: all processes need one disk to share their images on.")
                array = np.load(part, mmap_mode="r")
                for first in range(0, len(array), BATCH):
                    yield np.array(array[first : first + BATCH])

        if processes.first:
            save_images(joined(), output, n=num, **form)
        processes.wait()
    finally:
        own.unlink(missing_ok=True)
        processes.end()
