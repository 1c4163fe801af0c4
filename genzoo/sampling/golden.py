"""A model held against its checkpoint folder: nets that load, golden images, and nets that were changed in memory."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch

from genzoo.accel.sessions import Array, Session
from genzoo.checkpoint.graphs import read_graph
from genzoo.checkpoint.layout import DISCRIMINATOR, GOLDEN, weights_of
from genzoo.checkpoint.nets import GOLDEN_IMAGES, read_golden, read_weights
from genzoo.checkpoint.tensors import write_tensors
from genzoo.errors import BadCheckpointError, UsageError
from genzoo.sampling.graphs import graph_at_hand

if TYPE_CHECKING:
    from genzoo.sampling.model import Model
    from genzoo.sampling.nets import HasNets

_GREY_LEVEL = 1 / 255
_SHARE = 1e-3
"""Of the largest value, by which two ways to compute one net in float32 may differ."""


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
    """Load every net, and hold the generator's images, and those of its graph, against the golden ones of the folder.

    Raises:
        BadCheckpointError: for a net that does not load, golden images that are not there or not finite, images that
            are more than a grey level away from them, and graphs of other nets.
        HubError: for a file on the Hub that cannot be fetched.
    """
    load_every_net(model)
    check_images(model)
    check_graphs(model)


def check_images(model: Model) -> None:
    """Raise `BadCheckpointError` unless a model's generator gives the golden images of its folder to a grey level."""
    latents, images = read_golden(model.folder, model.entry)
    if not are_alike("generator", outputs_of(model, "generator", latents), [images]):
        raise BadCheckpointError(
            f"{model.folder.path} does not give its golden images: it was altered after its training."
        )


def check_graphs(model: Model) -> None:
    """Hold each graph of a model's folder against its net: the golden images to a grey level, all else to a thousandth.

    Raises:
        BadCheckpointError: for a graph that is refused, or gives something else.
        HubError: for a file on the Hub that cannot be fetched.
    """
    latents, images = read_golden(model.folder, model.entry)
    if graph_at_hand(model.folder, "generator"):
        _compare(model, "generator", latents, [images])
    second = "encoder" if model.entry.is_vae else "discriminator"
    if model.dtype is torch.float32 and graph_at_hand(model.folder, second):
        _compare(model, second, images, outputs_of(model, second, images))


def outputs_of(model: Model, net: str, values: Array) -> list[Array]:
    """The outputs of a model's own net, by torch: pixels, scores, or means and log-variances, (n, ...) each."""
    x = torch.from_numpy(values)
    with torch.no_grad():
        if net == "generator":
            found = [model.decode(x)]
        else:
            found = list(model.encode(x)) if net == "encoder" else [model.score(x)]
    return [each.cpu().numpy() for each in found]


def are_alike(net: str, found: Sequence[Array], expected: Sequence[Array]) -> bool:
    """Whether two ways to compute a net agree: its images to a grey level, all else to a thousandth of the largest."""
    largest = max(float(np.abs(values).max()) for values in expected)
    most = _GREY_LEVEL if net == "generator" else _SHARE * max(1.0, largest)
    return all(np.abs(values - right).max() <= most for values, right in zip(found, expected, strict=True))


def _compare(model: Model, net: str, values: Array, expected: Sequence[Array]) -> None:
    """Raise `BadCheckpointError` where a graph does not give the expected outputs."""
    graph = read_graph(model.folder, net, model.entry)
    if not are_alike(net, Session(graph).run(values), expected):
        raise BadCheckpointError(
            f"{graph.path} gives other values than the {net} beside it: fetch or train the folder again, or, if you "
            f"trust what is there, have `genzoo verify {model.folder.path} --update-hashes` write it anew."
        )


def write_golden(folder: Path, model: Model) -> None:
    """Write a model's golden images: (8, z) latents, and the (8, c, h, w) images that they give.

    Raises:
        BadCheckpointError: for weights that give images that are not finite.
        GenzooError: when they cannot be written.
    """
    golden = {"latents": model.latents(GOLDEN_IMAGES, 0), "images": model.sample(GOLDEN_IMAGES, 0)}
    write_tensors(folder / GOLDEN, golden)


def changed_nets(model: HasNets) -> list[str]:
    """The names of the loaded nets whose values are no longer those of their files.

    Raises:
        BadCheckpointError: for files that were altered or removed since they were read.
    """
    changed, nets = [], model.in_memory()
    for file in dict.fromkeys(weights_of(name) for name in nets):
        held = read_weights(model.entry, model.folder, file, model.dtype, torch.device("cpu"))
        for name in (name for name in held if name in nets):
            then, now = held[name].state_dict(), nets[name].state_dict()
            if now.keys() != then.keys() or not all(torch.equal(now[key].cpu(), then[key]) for key in then):
                changed.append(name)
    return changed


def refuse_changed(model: HasNets) -> None:
    """Raise `UsageError` for a model whose nets were changed in memory, so that its folder is not the model's."""
    if changed := changed_nets(model):
        raise UsageError(
            f"The {' and '.join(changed)} of {model.entry.name} changed since loading, and a checkpoint folder also "
            "holds what its nets were measured to be: save the state_dict, or train with genzoo."
        )
