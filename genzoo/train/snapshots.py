"""Snapshots of a run: a picture at the end of an epoch, of the same latents each time, and of a VAE's same images."""

from __future__ import annotations

import torch

from genzoo.checkpoint.files import clear_io_errors, whole_file
from genzoo.checkpoint.layout import SNAPSHOTS
from genzoo.images.pixels import make_grid, to_levels, to_pixels
from genzoo.sampling.elbo import posterior, vae_input
from genzoo.train.finish import ROW_BATCHES, averaged_nets, images_of
from genzoo.train.trainer import Trainer

_ROW, _ROWS = 10, 10


def write_snapshot(trainer: Trainer, epoch: int) -> None:
    """Write `epoch-0005.png` of the first latents of seed 0, and of a VAE `epoch-0005-reconstructions.png`.

    The latter has rows of training images, and below each row those of their posterior means: the test set is not
    looked at in training.

    Raises:
        GenzooError: when they cannot be written.
    """
    folder = trainer.plan.out / SNAPSHOTS
    with clear_io_errors(folder):
        folder.mkdir(exist_ok=True)
    nets = averaged_nets(trainer, ROW_BATCHES)
    with whole_file(folder / f"epoch-{epoch:04}.png") as part:
        make_grid(images_of(trainer, nets, _ROW * _ROWS).numpy(), nrow=_ROW).save(part, "png")
    if trainer.plan.entry.is_vae:
        with whole_file(folder / f"epoch-{epoch:04}-reconstructions.png") as part:
            make_grid(_reconstructions(trainer, nets), nrow=_ROW).save(part, "png")


@torch.no_grad()
def _reconstructions(trainer: Trainer, nets: torch.nn.ModuleDict) -> torch.Tensor:
    """Rows of the first training images, each above the row of what becomes of them: (n, c, h, w) uint8."""
    data, entry = trainer.source.data, trainer.plan.entry
    n = min(_ROW * _ROWS // 2, len(data))
    images = data.batch(torch.arange(n, device=data.pixels.device))
    mean, _ = posterior(nets["encoder"](vae_input(images, entry.recipe, 0, 0)))
    shown = to_pixels(nets["generator"](mean), entry.output_activation)
    rows = zip(torch.split(to_levels(images), _ROW), torch.split(to_levels(shown), _ROW), strict=True)
    return torch.cat([row for pair in rows for row in pair]).cpu()
