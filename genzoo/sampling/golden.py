"""A model held against its checkpoint folder: nets that load, golden images, and nets that were changed in memory."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import torch

from genzoo.checkpoint.layout import DISCRIMINATOR, GOLDEN, MODEL
from genzoo.checkpoint.nets import GOLDEN_IMAGES, read_golden, read_weights
from genzoo.checkpoint.tensors import write_tensors
from genzoo.errors import BadCheckpointError, UsageError

if TYPE_CHECKING:
    from genzoo.sampling.model import Model

_GREY_LEVEL = 1 / 255


def load_every_net(model: Model) -> None:
    """Load every net and the prior of a model's folder, those too that sampling does without.

    Raises:
        BadCheckpointError: for one that does not load.
    """
    if model.entry.is_vae:
        _ = model.mixture
    elif model.folder.has(DISCRIMINATOR):
        _ = model.discriminator


def check_golden(model: Model) -> None:
    """Load every net, and hold the generator's images against the golden ones of the folder.

    Raises:
        BadCheckpointError: for a net that does not load, golden images that are not there or not finite, and
            images that are more than a grey level away from them.
    """
    load_every_net(model)
    latents, images = map(torch.from_numpy, read_golden(model.folder, model.entry))
    with torch.no_grad():
        difference = (model.decode(latents).cpu() - images).abs().max()
    if not difference <= _GREY_LEVEL:
        raise BadCheckpointError(
            f"{model.folder.path} does not give its golden images: it was altered after its training."
        )


def write_golden(folder: Path, model: Model) -> None:
    """Write a model's golden images: (8, z) latents, and the (8, c, h, w) images that they give.

    Raises:
        BadCheckpointError: for weights that give images that are not finite.
        GenzooError: when they cannot be written.
    """
    golden = {"latents": model.latents(GOLDEN_IMAGES, 0), "images": model.sample(GOLDEN_IMAGES, 0)}
    write_tensors(folder / GOLDEN, golden)


def changed_nets(model: Model) -> list[str]:
    """The names of the loaded nets whose values are no longer those of their files.

    Raises:
        BadCheckpointError: for files that were altered or removed since they were read.
    """
    changed = []
    for file in (MODEL, DISCRIMINATOR) if "discriminator" in model.nets else (MODEL,):
        held = read_weights(model.entry, model.folder, file, model.dtype, torch.device("cpu"))
        for name, net in held.items():
            then, now = net.state_dict(), model.nets[name].state_dict()
            if now.keys() != then.keys() or not all(torch.equal(now[key].cpu(), then[key]) for key in then):
                changed.append(name)
    return changed


def refuse_changed(model: Model) -> None:
    """Raise `UsageError` for a model whose nets were changed in memory, so that its folder is not the model's."""
    if changed := changed_nets(model):
        raise UsageError(
            f"The {' and '.join(changed)} of {model.name} changed since loading, and a checkpoint folder also holds "
            "what its nets were measured to be: save the state_dict, or train with genzoo."
        )
