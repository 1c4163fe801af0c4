"""A trained net as one file that other programs run: ONNX, or an exported program of torch."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import torch
from torch import Tensor, nn

from genzoo.accel.sessions import Array, Session, folded
from genzoo.checkpoint.files import refuse_unwritable, whole_file
from genzoo.checkpoint.graphs import Graph, operators, read_graph, with_one_opset
from genzoo.errors import GenzooError, UsageError, brief
from genzoo.images.pixels import to_pixels
from genzoo.nets.blocks import Signed, use_torch_layers
from genzoo.sampling import noise
from genzoo.sampling.elbo import posterior
from genzoo.sampling.golden import are_alike, outputs_of
from genzoo.sampling.model import Model, load
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
    model = load(source)
    _refuse_other_net(model.entry, net)
    with whole_file(path) as part:
        if path.suffix == ".onnx":
            count = _write_onnx(model, net, dtype, part)
            run = _runner_of_onnx(part, net)
        else:
            count = _write_pt2(model, net, part)
            run = _runner_of_pt2(part)
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
    nets = ("generator", "encoder" if entry.is_vae else "discriminator")
    if net not in nets:
        raise UsageError(f"{entry.name} has no {brief(net)}: it has {' and '.join(nets)}.")


def _write_onnx(model: Model, net: Net, dtype: Type, part: Path) -> int:
    graph = read_graph(model.folder, net, model.entry)
    data = with_one_opset(folded(graph)) if dtype == "float32" else graph.whole()
    part.write_bytes(data)
    return operators(data)


def _runner_of_onnx(part: Path, net: Net) -> Callable[[Array], tuple[Array, ...]]:
    return Session(Graph(net, part.read_bytes(), part, part, trusted=True)).run


class _Signed(nn.Module):
    """Pixels in [0, 1] -> [-1, 1]."""

    def forward(self, x: Tensor) -> Tensor:
        return 2 * x - 1


class _Whole(nn.Module):
    """A net from what users have to what they want: pixels, or an encoder's two halves."""

    def __init__(self, layers: nn.Module, entry: Entry, net: Net) -> None:
        super().__init__()
        self.layers, self.net, self.output = layers, net, entry.output_activation

    def forward(self, x: Tensor) -> Tensor | tuple[Tensor, Tensor]:
        y: Tensor = self.layers(x)
        if self.net == "generator":
            return to_pixels(y, self.output)
        return posterior(y) if self.net == "encoder" else y


def _write_pt2(model: Model, net: Net, part: Path) -> int:
    layers = getattr(model, net)
    use_torch_layers(layers)  # older versions of torch cannot follow how genzoo's choose, nor gradients of their own
    for name, layer in list(layers.named_modules()):
        if isinstance(layer, Signed):  # whose constant older versions of torch warn of in a program
            layers.set_submodule(name, _Signed())
    inputs = (torch.zeros(2, *_shape(model.entry, net)),)
    n = torch.export.Dim("n", min=1, max=2**20)
    with torch.no_grad(), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of an LSTM's weights, which it keeps in a list, too
        try:
            program = torch.export.export(_Whole(layers, model.entry, net), inputs, dynamic_shapes=({0: n},))
        except Exception as error:  # its kinds have no common class
            reason = brief(" ".join(str(error).split()))[1:-1]
            raise GenzooError(f"torch does not export the {net} of {model.name} ({reason}): try .onnx.") from None
    with part.open("wb") as file:
        torch.export.save(program, file)
    return sum(node.op == "call_function" for node in program.graph.nodes)


def _runner_of_pt2(part: Path) -> Callable[[Array], tuple[Array, ...]]:
    with part.open("rb") as file:
        layers = torch.export.load(file).module()

    def run(values: Array) -> tuple[Array, ...]:
        with torch.no_grad():
            outputs = layers(torch.from_numpy(values))
        return tuple(output.numpy() for output in ([outputs] if isinstance(outputs, Tensor) else outputs))

    return run


def _shape(entry: Entry, net: Net) -> tuple[int, ...]:
    return (entry.latent_size,) if net == "generator" else entry.dataset.shape


def _compare(model: Model, net: Net, run: Callable[[Array], tuple[Array, ...]], path: Path) -> None:
    """Raise `GenzooError` unless a written file gives what the model gives, for one image and for several."""
    for n in _CHECKED:
        z = noise.normals(0, 0, n, model.entry.latent_size)
        x = z if net == "generator" else outputs_of(model, "generator", z)[0]
        if not are_alike(net, run(x), outputs_of(model, net, x)):
            raise GenzooError(f"{path} would give other values than {model.name}: upgrade ONNX Runtime, or torch.")


def _program(entry: Entry, net: Net, path: Path) -> str:
    """Five lines of Python that run a file."""
    shape = ", ".join(map(str, (16, *_shape(entry, net))))
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
