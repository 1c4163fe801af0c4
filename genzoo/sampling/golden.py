"""A checkpoint folder held against its golden values, by its graphs or by torch; and nets changed in memory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from genzoo.accel.sessions import Array, Session
from genzoo.checkpoint.graphs import has_graph, read_graph, refuse_other_tensors
from genzoo.checkpoint.layout import DISCRIMINATOR, GOLDEN, weights_of
from genzoo.checkpoint.nets import (
    GOLDEN_IMAGES,
    golden_outputs,
    mixture_shapes,
    read_golden,
    read_mixture,
    read_weights,
)
from genzoo.checkpoint.tensors import write_tensors
from genzoo.errors import BadCheckpointError, UsageError
from genzoo.sampling.graphs import OnnxModel, graph_at_hand
from genzoo.sampling.priors import Mixture

if TYPE_CHECKING:
    from torch import Tensor

    from genzoo.checkpoint.folder import Folder
    from genzoo.sampling.model import Model
    from genzoo.sampling.nets import HasNets
    from genzoo.zoo.spec import Entry

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
    """Load every net, and hold the nets, and their graphs, against the golden values of the folder.

    Raises:
        BadCheckpointError: for a net that does not load, golden values that are not there or not finite, images that
            are more than a grey level away from them, other outputs by more than a thousandth, and graphs of other
            nets.
        HubError: for a file on the Hub that cannot be fetched.
    """
    load_every_net(model)
    check_nets(model)
    check_graphs(model)


def check_nets(model: Model) -> None:
    """Raise `BadCheckpointError` unless a model's nets, by torch, give the golden values of its folder."""
    golden, second = read_golden(model.folder, model.entry), second_net(model.entry)
    _refuse_others(model.folder, "generator", outputs_of(model, "generator", golden.latents), [golden.images])
    if golden.outputs and _in_float32(model) and model.folder.has(weights_of(second)):
        _refuse_others(model.folder, second, outputs_of(model, second, golden.images), golden.outputs)


def check_graphs(model: Model) -> None:
    """Hold each graph of a model's folder against its net: the golden images to a grey level, all else to a thousandth.

    Raises:
        BadCheckpointError: for a graph that is refused, or gives something else.
        HubError: for a file on the Hub that cannot be fetched.
    """
    golden, second = read_golden(model.folder, model.entry), second_net(model.entry)
    if graph_at_hand(model.folder, "generator"):
        _compare(model, "generator", golden.latents, [golden.images])
    if _in_float32(model) and graph_at_hand(model.folder, second):
        _compare(model, second, golden.images, outputs_of(model, second, golden.images))


def is_checked_by_graphs(folder: Folder, entry: Entry) -> bool:
    """Whether a folder can be checked without torch: each net has a graph, and what that must give is known.

    Of an entry of the catalog the manifest has the hash of every graph, which is enough.
    """
    nets = nets_of(folder, entry)
    known = len(nets) == 1 or folder.pinned is not None or bool(read_golden(folder, entry).outputs)
    return known and all(has_graph(folder, net) for net in nets)


def check_by_graphs(folder: Folder, entry: Entry) -> None:
    """Hold the nets of a folder, run as graphs and without torch, against its golden values.

    Raises:
        BadCheckpointError: for weights that are not those of the graphs, a graph or a prior that is refused, and
            values that are none or others.
    """
    golden, nets = read_golden(folder, entry), nets_of(folder, entry)
    refuse_other_tensors(folder, nets, mixture_shapes(entry))
    if entry.is_vae:
        Mixture(read_mixture(folder, entry), entry.name)
    given = {"generator": (golden.latents, [golden.images]), second_net(entry): (golden.images, golden.outputs)}
    for net in nets:
        values, expected = given[net]
        found = Session(read_graph(folder, net, entry)).run(values)
        _refuse_others(folder, net, found, expected or found)


def second_net(entry: Entry) -> str:
    """The net beside the generator: `encoder` or `discriminator`."""
    return "encoder" if entry.is_vae else "discriminator"


def nets_of(folder: Folder, entry: Entry) -> list[str]:
    """The nets whose weights a folder holds: the generator, an encoder, and a discriminator where that is there."""
    return [net for net in ("generator", second_net(entry)) if folder.has(weights_of(net))]


def _in_float32(model: Model) -> bool:
    return str(model.dtype) == "torch.float32"


def _refuse_others(folder: Folder, net: str, found: Sequence[Array], golden: Sequence[Array]) -> None:
    """Raise `BadCheckpointError` for outputs of a net that are not finite, or not its golden ones."""
    if not are_alike(net, found, golden):
        what = {"generator": "images", "encoder": "means and log-variances", "discriminator": "scores"}[net]
        raise BadCheckpointError(f"{folder.path} does not give its golden {what}: it was altered after its training.")


def outputs_of(model: Model | OnnxModel, net: str, values: Array) -> list[Array]:
    """The outputs of a model's own net, by its engine: pixels, scores, or means and log-variances, (n, ...) each."""
    if model.engine == "onnx":
        return _given(model, net, values)
    import torch

    with torch.no_grad():
        return [each.cpu().numpy() for each in _given(model, net, torch.from_numpy(values))]


def _given(model: Any, net: str, x: Any) -> list[Any]:
    if net == "generator":
        return [model.decode(x)]
    return list(model.encode(x)) if net == "encoder" else [model.score(x)]


def are_alike(net: str, found: Sequence[Array], expected: Sequence[Array]) -> bool:
    """Whether two ways to compute a net agree: its images to a grey level, all else to a thousandth of the largest."""
    largest = max(float(np.abs(values).max()) for values in expected)
    most = _GREY_LEVEL if net == "generator" else _SHARE * max(1.0, largest)
    with np.errstate(invalid="ignore"):  # of infinite ones, which are not alike
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
    """Write what a model's nets give: images of (8, z) latents, and of these what its encoder or discriminator gives.

    Raises:
        BadCheckpointError: for weights that give images that are not finite.
        GenzooError: when they cannot be written.
    """
    images = model.sample(GOLDEN_IMAGES, 0)
    _write_golden(folder, model, {"latents": model.latents(GOLDEN_IMAGES, 0), "images": images})


def complete_golden(folder: Path, model: Model) -> None:
    """Add what a model's other net gives to golden images of an earlier version, which had none of it.

    Raises:
        BadCheckpointError: for golden images that are not there or not finite.
        GenzooError: when they cannot be written.
    """
    import torch

    latents, images, outputs = read_golden(model.folder, model.entry)
    if not outputs:
        _write_golden(folder, model, {"latents": torch.from_numpy(latents), "images": torch.from_numpy(images)})


def _write_golden(folder: Path, model: Model, golden: Mapping[str, Tensor]) -> None:
    import torch

    second = second_net(model.entry)
    outputs: dict[str, Tensor] = {}
    if model.folder.has(weights_of(second)):
        given = outputs_of(model, second, golden["images"].numpy())
        outputs = dict(zip(golden_outputs(model.entry), map(torch.from_numpy, given), strict=True))
    write_tensors(folder / GOLDEN, {**golden, **outputs})


def changed_nets(model: HasNets) -> list[str]:
    """The names of the loaded nets whose values are no longer those of their files.

    Raises:
        BadCheckpointError: for files that were altered or removed since they were read.
    """
    import torch

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
