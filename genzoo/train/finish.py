"""From a trainer's state to the files of a checkpoint folder."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn
from torch.optim.swa_utils import update_bn

from genzoo.checkpoint.files import whole_file, write_text
from genzoo.checkpoint.folder import renew
from genzoo.checkpoint.layout import CRITIC, EVALUATIONS, HISTORY, LOSSES, MODEL, PROGRESS, SAMPLES
from genzoo.checkpoint.tensors import write_tensors
from genzoo.errors import TrainingError
from genzoo.images.pixels import make_grid, to_pixels, to_uint8
from genzoo.nets import build
from genzoo.sampling import noise
from genzoo.sampling.elbo import binarized, sample_posterior
from genzoo.sampling.golden import write_golden
from genzoo.train.loop import PROGRESS_ROWS, Trainer
from genzoo.train.mixture import fit_mixture

if TYPE_CHECKING:
    from genzoo.sampling.model import Model

_BATCH_NORM_BATCHES = 100
_ROW, _GRID = 20, 100


class _PosteriorSamples(nn.Module):
    """A VAE as training runs it: image -> posterior sample -> raw image."""

    def __init__(self, nets: nn.ModuleDict, latents: Iterable[Tensor]) -> None:
        super().__init__()
        self.nets, self.latents = nets, iter(latents)

    def forward(self, images: Tensor) -> Tensor:
        *_, z = sample_posterior(self.nets["encoder"](images), next(self.latents))
        raw: Tensor = self.nets["generator"](z)
        return raw


def averaged_nets(trainer: Trainer, batches: int = _BATCH_NORM_BATCHES) -> nn.ModuleDict:
    """A copy of the averaged nets with batch-norm statistics estimated from their own activations.

    Statistics copied from the nets in training do not fit averaged weights.  A generator's are
    taken from latents, a VAE's from training images and posterior samples.
    """
    nets = copy.deepcopy(trainer.averaged)
    entry, device, size = trainer.plan.entry, trainer.plan.device, trainer.source.batch_size

    def latents() -> Iterable[Tensor]:
        for i in range(batches):
            # The end of the range, which no sample of any seed's beginning shares.
            drawn = noise.normals(trainer.plan.seed, 2**40 + i * size, size, entry.latent_size)
            yield torch.from_numpy(drawn).to(device)

    if entry.is_vae:
        with torch.no_grad():
            update_bn(_seen_images(trainer, batches), _PosteriorSamples(nets, latents()))
    else:
        update_bn(latents(), nets["generator"])
    return nets.eval()


def _seen_images(trainer: Trainer, batches: int) -> Iterator[Tensor]:
    """The run's first batches, as its encoder sees them: binarised where the recipe says so."""
    source, device = trainer.source, trainer.plan.device
    for i in range(batches):
        images = source.data.batch(source.indices(i).to(device))
        if trainer.plan.entry.recipe.binarize:
            images = binarized(images.cpu(), trainer.plan.seed, i * source.batch_size).to(device)
        yield images


def fixed_images(trainer: Trainer, n: int = _ROW) -> Tensor:
    """Images of the first latents of seed 0 under the averaged generator: (n, h, w, c) uint8."""
    entry = trainer.plan.entry
    z = torch.from_numpy(noise.normals(0, 0, n, entry.latent_size)).to(trainer.plan.device)
    with torch.no_grad():
        raw = averaged_nets(trainer, batches=20)["generator"](z)
    return torch.from_numpy(to_uint8(to_pixels(raw, entry.output)))


def write_pictures(trainer: Trainer) -> None:
    """What a running run shows: its history, and samples of the averaged generator."""
    out = trainer.plan.out
    write_history(trainer)
    with whole_file(out / SAMPLES) as part:
        make_grid(fixed_images(trainer, _GRID).numpy()).save(part, "png")
    for name in (HISTORY, EVALUATIONS, SAMPLES):  # where a finished run is made longer, its weights stay signed
        renew(out / name)


def write_history(trainer: Trainer) -> None:
    """Write the loss curves, and what was measured on the way, a line of JSON for each point."""
    record, out = trainer.state.record, trainer.plan.out
    for name, rows in ((HISTORY, record.history), (EVALUATIONS, record.evaluations)):
        if rows or name == HISTORY:
            write_text(out / name, "".join(json.dumps(row) + "\n" for row in rows))


def to_ship(trainer: Trainer, nets: nn.ModuleDict) -> dict[str, Tensor]:
    """The tensors of a state that ship, in float16: averaged nets, and a GAN's critic as it is."""
    shipped = dict(nets.items())
    if not trainer.plan.entry.is_vae:
        shipped["critic"] = trainer.state.nets["critic"]
    return {
        name: tensor.half().contiguous() if tensor.is_floating_point() else tensor.clone()
        for name, tensor in nn.ModuleDict(shipped).state_dict().items()
    }


def write_weights(trainer: Trainer) -> None:
    """Write the best state's weights, or the last one's where none was evaluated; a VAE's with a mixture."""
    out, tensors = trainer.plan.out, trainer.state.record.best or to_ship(trainer, averaged_nets(trainer))
    entry = trainer.plan.entry
    if entry.is_vae:
        nets = build(entry).to(trainer.plan.device)
        nets.load_state_dict(tensors)
        mixture = fit_mixture(nets["encoder"].eval(), trainer.source.data, entry.recipe, trainer.plan.seed)
        tensors = {**tensors, **mixture}
    critic = {name: tensor for name, tensor in tensors.items() if name.startswith("critic.")}
    write_tensors(out / MODEL, {name: tensor for name, tensor in tensors.items() if name not in critic})
    if critic:
        write_tensors(out / CRITIC, critic)


def write_proofs(trainer: Trainer, model: Model) -> None:
    """What the loaded weights give: golden images, the sample grid, and the run's pictures."""
    out, record = trainer.plan.out, trainer.state.record
    write_golden(out, model)
    with whole_file(out / SAMPLES) as part:
        make_grid(model.sample(_GRID, seed=0)).save(part, "png")
    rows = list(record.progress)
    if missing := PROGRESS_ROWS - len(rows):  # of a run that the clock ended; it may go on, so its state keeps none
        rows += [fixed_images(trainer)] * missing
    with whole_file(out / PROGRESS) as part:
        make_grid(torch.cat(rows).numpy(), nrow=_ROW).save(part, "png")
    write_history(trainer)
    plot_losses(out, record.history)


def summary_writer() -> Callable[..., Any]:
    """TensorBoard's writer.

    Raises:
        TrainingError: where TensorBoard is not installed.
    """
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError:
        raise TrainingError("--tensorboard needs TensorBoard: pip install 'genzoo[tensorboard]'.") from None
    return SummaryWriter


def tensorboard_log(make: Callable[..., Any], out: Path, step: int) -> Callable[[dict[str, float]], None]:
    """What logs rows of the history for TensorBoard; points after `step` are those of a lost run."""
    writer = make(str(out / "tensorboard"), purge_step=step + 1)

    def log(row: dict[str, float]) -> None:
        for name, value in row.items():
            if name != "step":
                writer.add_scalar(name, value, int(row["step"]))
        writer.flush()

    return log


def plot_losses(out: Path, history: list[dict[str, float]]) -> None:
    """Draw the loss curves, one panel for each, to `losses.png`."""
    from matplotlib.figure import Figure

    if not history:
        return
    names = [name for name in history[0] if name != "step"]
    figure = Figure(figsize=(6, 2 * len(names)), layout="constrained")
    panels = figure.subplots(len(names), 1, sharex=True, squeeze=False)[:, 0]
    for panel, name in zip(panels, names, strict=True):
        panel.plot([row["step"] for row in history], [row[name] for row in history], linewidth=0.8)
        panel.set_ylabel(name)
    panels[-1].set_xlabel("step")
    with whole_file(out / LOSSES) as part:
        figure.savefig(part, format="png", dpi=120)
