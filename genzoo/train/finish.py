"""Writing a trainer's state as the files of a checkpoint folder."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn
from torch.optim.swa_utils import update_bn

from genzoo.checkpoint.files import whole_file
from genzoo.checkpoint.folder import renew
from genzoo.checkpoint.layout import DISCRIMINATOR, EVALUATIONS, HISTORY, MODEL, PROGRESS, SAMPLES
from genzoo.checkpoint.nets import name_in_file
from genzoo.checkpoint.tensors import write_tensors
from genzoo.images.pixels import make_grid, to_pixels, to_uint8
from genzoo.sampling import noise
from genzoo.sampling.elbo import sample_posterior, vae_input
from genzoo.sampling.golden import write_golden
from genzoo.train.history import plot_losses, write_history
from genzoo.train.loop import PROGRESS_ROWS
from genzoo.train.mixture import fit_mixture
from genzoo.train.trainer import Trainer

if TYPE_CHECKING:
    from genzoo.sampling.model import Model

_SHIPPED_BATCHES, _LOOK_BATCHES, ROW_BATCHES = 50, 20, 5
"""Batches that batch norm is estimated from: by 50 Fréchet distances vary by 1%, by 20 by 3%."""
_ROW, _GRID = 20, 100


class _PosteriorSamples(nn.Module):
    """A VAE as training runs it: image -> posterior sample -> raw values."""

    def __init__(self, nets: nn.ModuleDict, latents: Iterable[Tensor]) -> None:
        super().__init__()
        self.nets, self.latents = nets, iter(latents)

    def forward(self, images: Tensor) -> Tensor:
        *_, z = sample_posterior(self.nets["encoder"](images), next(self.latents))
        raw: Tensor = self.nets["generator"](z)
        return raw


def averaged_nets(
    trainer: Trainer, batches: int = _LOOK_BATCHES, weights: Mapping[str, Tensor] | None = None
) -> nn.ModuleDict:
    """A copy of the averaged nets in evaluation mode, with batch-norm statistics of their own activations.

    Statistics copied from the nets in training do not fit averaged weights.  A generator's are
    taken from latents, a VAE's from training images and posterior samples.

    Args:
        trainer: whose nets they are.
        batches: those that the statistics are estimated from.
        weights: of an earlier state of the same nets, as `to_ship` gave them, in place of the trainer's.
    """
    nets = copy.deepcopy(trainer.averaged)
    if weights:
        nets.load_state_dict({name: weights[name] for name in nets.state_dict()})
    entry, device, size = trainer.plan.entry, trainer.plan.device, trainer.source.batch_size

    def latents() -> Iterable[Tensor]:
        for i in range(batches):
            # The end of the range, which no sample of any seed's beginning shares.
            drawn = noise.normals(trainer.plan.seed, 2**40 + i * size, size, entry.latent_size)
            yield torch.from_numpy(drawn).to(device)

    if entry.is_vae:
        with torch.no_grad():
            update_bn(_training_images(trainer, batches), _PosteriorSamples(nets, latents()))
    else:
        update_bn(latents(), nets["generator"])
    return nets.eval()


def _training_images(trainer: Trainer, batches: int) -> Iterator[Tensor]:
    """The run's first batches, as its encoder sees them: binarised where the recipe says so."""
    source, device = trainer.source, trainer.plan.device
    for i in range(batches):
        images = source.data.batch(source.indices(i).to(device))
        yield vae_input(images, trainer.plan.entry.recipe, trainer.plan.seed, i * source.batch_size)


def fixed_images(trainer: Trainer, n: int = _ROW) -> Tensor:
    """Images of the first latents of seed 0 under the averaged generator: (n, h, w, c) uint8."""
    return images_of(trainer, averaged_nets(trainer, ROW_BATCHES), n)


def images_of(trainer: Trainer, nets: nn.ModuleDict, n: int) -> Tensor:
    """Images of the first latents of seed 0 under a trainer's averaged nets as they are given: (n, h, w, c) uint8."""
    entry = trainer.plan.entry
    z = torch.from_numpy(noise.normals(0, 0, n, entry.latent_size)).to(trainer.plan.device)
    with torch.no_grad():
        raw = nets["generator"](z)
    return torch.from_numpy(to_uint8(to_pixels(raw, entry.output_activation)))


def write_pictures(trainer: Trainer) -> None:
    """Write what a run shows while it goes on: its history, and samples of the averaged generator.

    Raises:
        GenzooError: when they cannot be written.
    """
    out = trainer.plan.out
    write_history(out, trainer.state.record)
    with whole_file(out / SAMPLES) as part:
        make_grid(fixed_images(trainer, _GRID).numpy()).save(part, "png")
    for name in (HISTORY, EVALUATIONS, SAMPLES):  # where a finished run is made longer, its weights stay signed
        renew(out / name)


def to_ship(trainer: Trainer, nets: nn.ModuleDict) -> dict[str, Tensor]:
    """The tensors of a state that ship, in float16: averaged nets, and a GAN's discriminator, which is not averaged."""
    shipped = dict(nets.items())
    if not trainer.plan.entry.is_vae:
        shipped["discriminator"] = trainer.state.nets["discriminator"]
    return {
        name: tensor.half().contiguous() if tensor.is_floating_point() else tensor.clone()
        for name, tensor in nn.ModuleDict(shipped).state_dict().items()
    }


def write_weights(trainer: Trainer) -> None:
    """Write the best state's weights, or the last one's where none was evaluated; a VAE's with a mixture.

    Raises:
        TrainingError: for a VAE whose latents are not finite.
        GenzooError: when they cannot be written.
    """
    out, entry, best = trainer.plan.out, trainer.plan.entry, trainer.state.record.best
    nets = averaged_nets(trainer, _SHIPPED_BATCHES, best)
    tensors = to_ship(trainer, nets)
    tensors |= {name: tensor for name, tensor in best.items() if name.startswith("discriminator.")}  # that of its time
    if entry.is_vae:
        nets.load_state_dict(tensors)  # rounded as they ship
        tensors |= fit_mixture(nets["encoder"], trainer.source.data, entry, trainer.plan.seed)
    discriminator = {name: tensor for name, tensor in tensors.items() if name.startswith("discriminator.")}
    write_tensors(out / MODEL, {name: tensor for name, tensor in tensors.items() if name not in discriminator})
    if discriminator:
        write_tensors(out / DISCRIMINATOR, {name_in_file(name): tensor for name, tensor in discriminator.items()})


def write_proofs(trainer: Trainer, model: Model) -> None:
    """Write what the shipped weights give: golden images and the sample grid; and the run's history and pictures.

    Raises:
        GenzooError: when they cannot be written.
    """
    out, record = trainer.plan.out, trainer.state.record
    write_golden(out, model)
    with whole_file(out / SAMPLES) as part:
        make_grid(model.sample(_GRID, seed=0)).save(part, "png")
    rows = list(record.progress)
    if missing := PROGRESS_ROWS - len(rows):  # of a run that the clock ended; it may go on, so its state keeps none
        rows += [fixed_images(trainer)] * missing
    with whole_file(out / PROGRESS) as part:
        make_grid(torch.cat(rows).numpy(), nrow=_ROW).save(part, "png")
    write_history(out, record)
    plot_losses(out, record.history)
