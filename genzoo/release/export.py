"""A trained net as one file that other programs run: ONNX, or an exported program of torch."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from genzoo.accel.sessions import Array, Session, folded
from genzoo.checkpoint.config import read_config
from genzoo.checkpoint.files import refuse_unwritable, whole_file
from genzoo.checkpoint.folder import Folder
from genzoo.checkpoint.graphs import Graph, operators, read_graph, with_one_opset
from genzoo.checkpoint.layout import GOLDEN
from genzoo.checkpoint.nets import read_golden
from genzoo.errors import GenzooError, UsageError, brief
from genzoo.hub import find_folder
from genzoo.sampling import noise
from genzoo.sampling.golden import are_alike, is_checked_by_graphs, outputs_of, second_net
from genzoo.sampling.graphs import OnnxModel
from genzoo.sampling.model import Model
from genzoo.values import as_path
from genzoo.zoo.spec import Entry

Net = Literal["generator", "encoder", "discriminator"]
Type = Literal["float32", "float16"]
_CHECKED = (1, 7, 64)
"""Numbers of images at which a written file is run."""


@dataclass(frozen=True)
class Exported:
    """A file that was written and checked.

    Attributes:
        path: the file.
        size: in bytes.
        operators: how many operations it has.
        program: lines of Python that run it, without genzoo.
    """

    path: Path
    size: int
    operators: int
    program: str


def export(
    source: str | os.PathLike[str],
    out: str | os.PathLike[str],
    net: Net = "generator",
    dtype: Type = "float32",
    *,
    overwrite: bool = False,
) -> Exported:
    """Write one net of a model as a file with its weights inside, for any number of images at a time.

    A generator gives pixels: latents (n, z) -> images (n, c, h, w) in [0, 1].  An encoder gives images' means and
    log-variances, (n, z) each, a discriminator scores, (n,).  Inputs and outputs are float32.

    Args:
        source: what `load` takes.
        out: the file, `*.onnx` for ONNX or `*.pt2` for `torch.export.load`.
        net: `generator`, `encoder` or `discriminator`.
        dtype: of the weights in the file, which are computed with in float32; float16 is half as large, and for ONNX
            alone.
        overwrite: replace a file that is there.

    Raises:
        UsageError: for another ending, a net that the model lacks, float16 in a `.pt2`, or a file that is there.
        BadCheckpointError: for a folder that is damaged, or has no graph of the net.
        GenzooError: when the file cannot be written, or gives something else than the model: none is left then.
    """
    path = _checked_path(as_path(out), dtype, overwrite)
    refuse_unwritable(path)
    folder = find_folder(source)
    entry = read_config(folder).entry
    _refuse_other_net(entry, net)
    by_graph = path.suffix == ".onnx" and _has_golden(folder, entry)
    model = OnnxModel.of_folder(folder) if by_graph else Model.of_folder(folder)
    with whole_file(path) as part:
        if path.suffix == ".onnx":
            count = _write_onnx(model, net, dtype, part)
            run = _runner_of_onnx(part, net)
        else:
            from genzoo.release.program import runner, write_program

            assert isinstance(model, Model)
            count = write_program(model, net, part)
            run = runner(part)
        _compare(model, net, run, path)
    return Exported(path, path.stat().st_size, count, _program(model.entry, net, path))


def _checked_path(path: Path, dtype: Type, overwrite: bool) -> Path:
    if path.suffix not in (".onnx", ".pt2"):
        raise UsageError(f"{brief(str(path))} has no ending that is known: end it in .onnx or .pt2.")
    if path.suffix == ".pt2" and dtype != "float32":
        raise UsageError("Weights in float16 are for .onnx alone: leave --dtype out, or end the name in .onnx.")
    if path.exists() and not path.is_dir() and not overwrite:
        raise UsageError(f"{path} is there already: name another file, or replace it by --overwrite.")
    return path


def _refuse_other_net(entry: Entry, net: Net) -> None:
    nets = ("generator", second_net(entry))
    if net not in nets:
        raise UsageError(f"{entry.name} has no {brief(net)}: it has {' and '.join(nets)}.")


def _has_golden(folder: Folder, entry: Entry) -> bool:
    """Whether a folder has golden values of its nets' graphs, so that torch need not say what is right."""
    try:
        return folder.has(GOLDEN) and is_checked_by_graphs(folder, entry)
    except GenzooError:  # they are damaged, or on the Hub and out of reach
        return False


def _write_onnx(model: Model | OnnxModel, net: Net, dtype: Type, part: Path) -> int:
    graph = read_graph(model.folder, net, model.entry)
    data = with_one_opset(folded(graph)) if dtype == "float32" else graph.whole()
    part.write_bytes(data)
    return operators(data)


def _runner_of_onnx(part: Path, net: Net) -> Callable[[Array], tuple[Array, ...]]:
    return Session(Graph(net, part.read_bytes(), part, part, trusted=True)).run


def input_shape(entry: Entry, net: Net) -> tuple[int, ...]:
    """The shape of one of a net's inputs: a latent's, or an image's."""
    return (entry.latent_size,) if net == "generator" else entry.dataset.shape


def _compare(model: Model | OnnxModel, net: Net, run: Callable[[Array], tuple[Array, ...]], path: Path) -> None:
    """Raise `GenzooError` unless a written file gives what the model gives, for one image and for several.

    A model that is run as a graph has golden values, too, which torch computed.
    """
    pairs = []
    for n in _CHECKED:
        z = noise.normals(0, 0, n, model.entry.latent_size)
        x = z if net == "generator" else outputs_of(model, "generator", z)[0]
        pairs.append((x, outputs_of(model, net, x)))
    if isinstance(model, OnnxModel):
        golden = read_golden(model.folder, model.entry)
        of_generator = (golden.latents, [golden.images])
        pairs.append(of_generator if net == "generator" else (golden.images, list(golden.outputs)))
    for x, expected in pairs:
        if expected and not are_alike(net, run(x), expected):
            raise GenzooError(f"{path} would give other values than {model.name}: upgrade ONNX Runtime, or torch.")


def _program(entry: Entry, net: Net, path: Path) -> str:
    """Five lines of Python that run a file."""
    shape = ", ".join(map(str, (16, *input_shape(entry, net))))
    given, results = {
        "generator": ("z", "images"), "encoder": ("images", "mean, log_variance"), "discriminator": ("images", "scores")
    }[net]  # fmt: skip
    if path.suffix == ".onnx":
        drawn = (
            f"standard_normal(({shape}), dtype=np.float32)" if net == "generator" else f"random(({shape}), np.float32)"
        )
        return (
            "import numpy as np\n"
            "import onnxruntime\n"
            f'session = onnxruntime.InferenceSession({str(path)!r}, providers=["CPUExecutionProvider"])\n'
            f"{given} = np.random.default_rng(0).{drawn}\n"
            f'{results} = session.run(None, {{"{given}": {given}}}){"" if net == "encoder" else "[0]"}'
        )
    return (
        "import torch\n"
        f"net = torch.export.load({str(path)!r}).module()\n"
        f"{given} = torch.{'randn' if net == 'generator' else 'rand'}({shape})\n"
        "with torch.no_grad():\n"
        f"    {results} = net({given})"
    )
