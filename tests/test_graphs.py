"""Graphs of nets: what they compute, how they are written, and which are refused."""

from __future__ import annotations

import dataclasses
import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import onnx
import pytest
import torch
from torch import nn

import genzoo
from genzoo.accel.fastconv import ConvTranspose2d
from genzoo.accel.sessions import Session
from genzoo.checkpoint.config import read_config
from genzoo.checkpoint.folder import Folder, sign
from genzoo.checkpoint.graphs import Graph, read_graph
from genzoo.checkpoint.graphs.builder import Builder, UnwritableError
from genzoo.checkpoint.graphs.headers import read_header
from genzoo.checkpoint.graphs.layers import write_net
from genzoo.checkpoint.graphs.model import FLOAT, Model, Node, Port, Tensor, encode, parse
from genzoo.checkpoint.graphs.wire import Field, fields, message
from genzoo.checkpoint.graphs.write import graph_of, write_graphs
from genzoo.checkpoint.layout import DISCRIMINATOR, GRAPHS, MODEL, weights_of
from genzoo.checkpoint.manifest import read_manifest, weights_home
from genzoo.checkpoint.nets import load_nets, meta_nets
from genzoo.checkpoint.tensors import read_tensors, write_tensors
from genzoo.errors import BadCheckpointError, UsageError
from genzoo.images.pixels import to_pixels
from genzoo.nets.blocks import PiecewiseLeakyReLU
from genzoo.sampling.integrity import update_hashes
from genzoo.train import train
from genzoo.zoo.architecture import Architecture
from genzoo.zoo.catalog import ENTRIES
from genzoo.zoo.datasets import MNIST
from genzoo.zoo.families.mlp import MLPGAN
from genzoo.zoo.family import Family
from genzoo.zoo.spec import Entry

from .conftest import noise_images, plan

pytestmark = pytest.mark.numeric
GAN = "dcgan-mnist-z10-l3"
CPU = torch.device("cpu")


def difference(found: np.ndarray, expected: torch.Tensor) -> float:
    assert found.shape == tuple(expected.shape)
    return float(np.abs(found - expected.detach().numpy()).max())


@pytest.mark.parametrize("name", ENTRIES)
def test_the_graphs_of_an_entry_are_those_of_its_nets(name: str) -> None:
    folder, entry = Folder(weights_home() / name, read_manifest()[name]), ENTRIES[name]
    nets = load_nets(entry, folder, torch.float32, CPU)
    rng = torch.Generator().manual_seed(0)
    for net, layers in nets.items():
        graph = read_graph(folder, net)
        assert graph.model == graph_of(folder.path, entry, net, meta_nets(entry)[net]), "run tools/graphs.py"
        shape = (entry.latent_size,) if net == "generator" else entry.dataset.shape
        x = torch.randn((5, *shape), generator=rng) if net == "generator" else torch.rand((5, *shape), generator=rng)
        outputs, raw = Session(graph).run(x.numpy()), layers(x)
        if net == "generator":
            assert difference(outputs[0], to_pixels(raw, entry.output_activation)) < 0.1 / 255
        else:
            expected = raw.chunk(2, dim=1) if net == "encoder" else [raw]
            for output, right in zip(outputs, expected, strict=True):
                assert difference(output, right) < 1e-4 * max(1.0, float(right.abs().max()))


def run_net(net: nn.Module, x: torch.Tensor, folder: Path, dtype: torch.dtype = torch.float32) -> np.ndarray:
    """What a net's graph gives for `x`, with its weights in a file of a type."""
    state = {f"net.{name}": t.to(dtype) if t.is_floating_point() else t for name, t in net.state_dict().items()}
    write_tensors(folder / MODEL, state)
    b = Builder(MODEL, read_header(folder / MODEL), [Port("x", ("n", *x.shape[1:]))])
    b.op("Identity", write_net(b, "net.", net, "x"), outputs=["y"])
    data = encode(b.model([Port("y", ("n", *b.shape("y")[1:]))]))
    assert encode(parse(data)) == data
    return Session(Graph("generator", data, folder, folder / MODEL, trusted=False)).run(x.numpy())[0]


def settled(*layers: nn.Module) -> nn.Sequential:
    """Layers in evaluation mode, batch norm with statistics that are not the first ones."""
    torch.manual_seed(0)
    net = nn.Sequential(*layers)
    for layer in net:
        if isinstance(layer, nn.BatchNorm1d | nn.BatchNorm2d):
            for values in (layer.weight, layer.bias, layer.running_mean, layer.running_var):
                assert values is not None
                nn.init.uniform_(values, 0.5, 2)
    return net.eval()


@pytest.mark.parametrize("side", [(1, 1), (2, 3), (5, 4), (12, 3)])
@pytest.mark.parametrize(
    "geometry", [(3, 1, 1, 0), (4, 2, 1, 0), (5, 2, 2, 1), (2, 2, 0, 1), (5, 3, 1, 2), (3, 2, 2, 1), (9, 2, 4, 1)]
)
@pytest.mark.parametrize("channels", [3, 6])
def test_transposed_convolutions(
    channels: int, geometry: tuple[int, int, int, int], side: tuple[int, int], tmp_path: Path
) -> None:
    kernel, stride, padding, more = geometry
    if min((each - 1) * stride - 2 * padding + kernel + more for each in side) < 1:
        with pytest.raises(RuntimeError):
            ConvTranspose2d(4, channels, kernel, stride, padding, more)(torch.zeros(1, 4, *side))
        return
    net = settled(ConvTranspose2d(4, channels, kernel, stride, padding, more), nn.BatchNorm2d(channels), nn.ReLU())
    x = torch.randn(3, 4, *side)
    assert difference(run_net(net, x, tmp_path), net(x)) < 1e-4


NETS: dict[str, Callable[[], nn.Sequential]] = {
    "maps of a linear layer": lambda: settled(
        nn.Linear(7, 24), nn.Unflatten(1, (6, 2, 2)), nn.BatchNorm2d(6), nn.LeakyReLU(0.1)
    ),
    "batch norm of values": lambda: settled(nn.Linear(7, 5), nn.BatchNorm1d(5), nn.Tanh(), nn.Dropout(0.5)),
    "no bias": lambda: settled(nn.Linear(7, 5, bias=False), nn.BatchNorm1d(5), PiecewiseLeakyReLU(), nn.Linear(5, 2)),
    "nested": lambda: settled(nn.Sequential(nn.Linear(7, 4), nn.Sigmoid()), nn.Identity(), nn.Linear(4, 3, bias=False)),
    "down": lambda: settled(
        nn.Unflatten(1, (1, 7, 1)), nn.Conv2d(1, 5, (3, 1), 2, (1, 0), bias=False), nn.BatchNorm2d(5), nn.Flatten()
    ),
    "pooled": lambda: settled(
        nn.Linear(7, 24), nn.Unflatten(1, (2, 4, 3)), nn.ReLU(), nn.MaxPool2d(2, stride=1), nn.Flatten()
    ),
}  # fmt: skip


@pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.bfloat16])
@pytest.mark.parametrize("kind", NETS)
def test_layers(kind: str, dtype: torch.dtype, tmp_path: Path) -> None:
    net = NETS[kind]().to(dtype).float()  # values that the file holds exactly
    x = torch.randn(3, 7)
    assert difference(run_net(net, x, tmp_path, dtype), net(x)) < 1e-5


@pytest.mark.parametrize(
    ("layer", "words"),
    [
        (nn.Sequential(nn.Linear(7, 7), nn.Softmax(1)), "a layer Softmax"),
        (nn.Sequential(nn.Unflatten(1, (7, 1, 1)), nn.Conv2d(7, 7, 1, groups=7)), "a layer Conv2d of other settings"),
        (nn.Sequential(nn.Unflatten(1, (7, 1, 1)), nn.Conv2d(7, 7, 1, padding="same")), "not given in numbers"),
        (nn.Sequential(nn.Linear(7, 7), nn.BatchNorm1d(7, affine=False)), "a layer BatchNorm1d of other settings"),
        (nn.utils.parametrizations.weight_norm(nn.Linear(7, 7)), "a layer ParametrizedLinear"),
    ],
)
def test_layers_that_no_graph_holds(layer: nn.Module, words: str, tmp_path: Path) -> None:
    with pytest.raises(UnwritableError, match=words):
        run_net(nn.Sequential(layer), torch.zeros(1, 7), tmp_path)


class Cube(nn.Module):
    """Another library's activation."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x**3


@dataclasses.dataclass(frozen=True)
class Odd(Architecture):
    kind: ClassVar[str] = "odd"
    nets: ClassVar[str] = "tests.test_graphs:build_odd"
    units: int = 4

    @property
    def width(self) -> int:
        return self.units

    def hidden_layers(self, side: int) -> int:  # noqa: ARG002
        return 1


def build_odd(entry: Entry, arch: Odd) -> tuple[nn.Module, nn.Module]:
    shape = entry.dataset.shape
    generator = nn.Sequential(nn.Linear(entry.latent_size, arch.units), Cube(), nn.Linear(arch.units, 784))
    return nn.Sequential(generator, nn.Unflatten(1, shape)), nn.Sequential(nn.Flatten(), nn.Linear(784, 1), Squeeze())


class Squeeze(nn.Module):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x.squeeze(1)


@pytest.mark.usefixtures("tables")
def test_a_net_without_graph_trains_all_the_same(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    family = Family("oddgan", "A GAN of odd nets", Odd, MLPGAN.objective, MLPGAN.papers, "tanh")
    entry = Entry(family, MNIST, 3, 1, Odd(), ENTRIES["mlpgan-mnist-z100-l3"].recipe)
    genzoo.register(family, entry)
    out = train(replace(plan(GAN, tmp_path / "run"), entry=entry), noise_images(MNIST, 300))
    assert not any((out / name).exists() for name in GRAPHS.values())
    assert [record.getMessage() for record in caplog.records] == [
        f"{entry.name} has no {net}.onnx, since its {net} has a layer {layer}: torch alone runs it."
        for net, layer in (("generator", "Cube"), ("discriminator", "Squeeze"))
    ]
    model = genzoo.load(out)
    model.check()
    assert model.sample(2, seed=0).shape == (2, *MNIST.shape)
    with pytest.raises(BadCheckpointError, match=r"run has no generator\.onnx: load it with torch"):
        read_graph(Folder(out), "generator")
    # What lay there from nets of another kind is no graph of these.
    (out / "generator.onnx").write_bytes(b"another net's")
    write_graphs(out, entry)
    assert not (out / "generator.onnx").exists()


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A shipped GAN's folder."""
    folder = tmp_path_factory.mktemp("graphs") / GAN
    shutil.copytree(weights_home() / GAN, folder)
    return folder


@pytest.fixture
def folder(whole: Path, tmp_path: Path) -> Path:
    """The same, to be altered."""
    return Path(shutil.copytree(whole, tmp_path / "gan"))


def refused(folder: Path, data: bytes, words: str, net: str = "generator") -> None:
    (folder / GRAPHS[net]).write_bytes(data)
    with pytest.raises(BadCheckpointError, match=words) as caught:
        read_graph(Folder(folder), net)
    assert str(folder) in str(caught.value)
    assert str(caught.value).isprintable()


def first(model: Model, op: str) -> int:
    return next(place for place, node in enumerate(model.nodes) if node.op == op)


def other_node(kind: str, **changes: Any) -> Callable[[Model], Model]:
    """A change of the first node of an operator; attributes are added to its own."""

    def change(model: Model) -> Model:
        nodes, place = list(model.nodes), first(model, kind)
        attributes = {**nodes[place].attributes, **changes.pop("attributes", {})}
        nodes[place] = replace(nodes[place], attributes=attributes, **changes)
        return replace(model, nodes=tuple(nodes))

    return change


def other_weight(**changes: Any) -> Callable[[Model], Model]:
    """A change of the first tensor that lies in the safetensors file; those of its place are added to that."""

    def change(model: Model) -> Model:
        tensors = list(model.tensors)
        place = next(i for i, tensor in enumerate(tensors) if tensor.external)
        external = {**tensors[place].external, **changes.pop("external", {})}
        tensors[place] = replace(tensors[place], external=external, **changes)
        return replace(model, tensors=tuple(tensors))

    return change


def ending(*nodes: Node, tensors: tuple[Tensor, ...] = ()) -> Callable[[Model], Model]:
    """Nodes put before the last one."""
    return lambda model: replace(
        model, nodes=(*model.nodes[:-1], *nodes, model.nodes[-1]), tensors=(*model.tensors, *tensors)
    )


def integers(name: str, *values: int) -> Tensor:
    return Tensor(name, 7, (len(values),), np.array(values, "<i8").tobytes(), {})


def swap_inputs(model: Model) -> Model:
    return replace(model, inputs=(Port("z", ("n", 11)),))


ALTERED: list[tuple[Callable[[Model], Model], str]] = [
    (other_node("Gemm", op="Loop"), "an operator 'Loop', which genzoo does not run"),
    (other_node("Gemm", op="\x1b[2J"), "it has a name that is none"),
    (other_node("Gemm", attributes={"alpha": 2.0}), "Gemm has an attribute 'alpha'"),
    (other_node("Gemm", attributes={"transB": 1.0}), "Gemm has an attribute 'transB', or one of another type"),
    (other_node("Gemm", inputs=("z",)), "Gemm has another number of inputs"),
    (other_node("Gemm", inputs=("z", "nothing")), "it uses 'nothing' before that is there"),
    (other_node("Cast", attributes={"to": 11}), "its shapes do not fit"),
    (other_node("Gemm", outputs=("z",)), "it makes 'z' twice"),
    (other_node("Sigmoid", outputs=("other",)), "its output images is not of the shape"),
    (other_node("Conv", attributes={"pads": (2**40,) * 4}), "its shapes do not fit"),
    (other_node("Conv", attributes={"pads": (-1, 0, 0, 0)}), "its shapes do not fit"),
    (other_node("Conv", attributes={"kernel_shape": (2**31, 1)}), "its shapes do not fit"),
    (other_node("ConvTranspose", attributes={"strides": (16, 16)}), "is not of the shape it says"),
    (other_node("ConvTranspose", attributes={"strides": (17, 17)}), "its shapes do not fit"),
    (other_node("DepthToSpace", attributes={"blocksize": 0}), "its shapes do not fit"),
    (other_node("LeakyRelu", attributes={"alpha": (1,)}), "an attribute 'alpha', or one of another type"),
    (other_weight(external={"location": "../model.safetensors"}), "are not those of model.safetensors"),
    (other_weight(external={"location": "/etc/passwd"}), "are not those of model.safetensors"),
    (other_weight(external={"location": DISCRIMINATOR}), "are not those of model.safetensors"),
    (other_weight(external={"offset": "0"}), "are not those of model.safetensors"),
    (other_weight(external={"offset": "99999999999"}), "are not those of model.safetensors"),
    (other_weight(external={"length": "1"}), "are not those of model.safetensors"),
    (other_weight(external={"checksum": "0"}), "are not those of model.safetensors"),
    (other_weight(shape=(2**40,)), "are not those of model.safetensors"),
    (other_weight(type=FLOAT), "are not those of model.safetensors"),
    (other_weight(name="critic.1.weight"), "are not in model.safetensors"),
    (ending(tensors=(integers("many", *range(17)),)), "'many' is too large for one"),
    (ending(tensors=(Tensor("double", 11, (1,), bytes(8), {}),)), "'double' is of another type"),
    (ending(tensors=(Tensor("short", 1, (2,), bytes(4), {}),)), "'short' is of another type"),
    (ending(tensors=(integers("i", 1), integers("i", 1))), "a constant twice"),
    (ending(tensors=(integers("z", 1),)), "its input is a constant"),
    (
        ending(Node("Unsqueeze", ("z", "i"), ("a",), {}), Node("Tile", ("a", "t"), ("b",), {}),
               tensors=(integers("i", 0), integers("t", 10**9, 1, 1))),
        "a map of 10,000,000,000 values for each image is too large",
    ),
    (
        ending(Node("Expand", ("0", "t"), ("b",), {}), tensors=(integers("t", 2**40, 1, 1),)),
        "it would take more memory than a small net does",
    ),
    (
        ending(Node("Unsqueeze", ("z", "i"), ("a",), {}),
               *(Node("Tile", ("a", "t"), (f"b{place}",), {}) for place in range(20)),
               tensors=(integers("i", 0), integers("t", 200_000, 1, 1))),
        "it would take more memory than a small net does",
    ),
    (lambda model: replace(model, inputs=(*model.inputs, Port("y", ("n", 2)))), "its inputs and outputs are not z"),
    (swap_inputs, r"its inputs and outputs are not z \['n', 10\] and images \['n', 1, 28, 28\]"),
    (lambda model: replace(model, outputs=(Port("images", (1, 1, 28, 28)),)), "its inputs and outputs are not"),
]  # fmt: skip


@pytest.mark.parametrize("case", range(len(ALTERED)))
def test_what_no_graph_may_hold(case: int, whole: Path, folder: Path) -> None:
    change, words = ALTERED[case]
    refused(folder, encode(change(parse((whole / "generator.onnx").read_bytes()))), words)


def other_fields(data: bytes, *path: int, put: Field) -> bytes:
    """An ONNX file with another field in the first message that a path of field numbers leads to."""
    parts = fields(data)
    if not path:
        kept = [part for part in parts if part.number != put.number or put.number in (5, 7)]
        return message([*kept, put])
    place = next(i for i, part in enumerate(parts) if part.number == path[0])
    inner = parts[place].value
    assert isinstance(inner, bytes)
    parts[place] = Field(path[0], other_fields(inner, *path[1:], put=put))
    return message(parts)


@pytest.mark.parametrize(
    ("path", "put", "words"),
    [
        ((), Field(25, b""), "it has a field 25, which no graph"),  # functions
        ((), Field(14, b"\n\x04path\x12\x01x"), "it has a field 14"),  # metadata
        ((), Field(1, 13), r"its version of ONNX and its opset are \(13, 17\)"),
        ((8,), Field(2, 99), r"are \(8, 99\), this genzoo reads \(8, 17\)"),
        ((8,), Field(1, b"ai.onnx.ml"), "its version of ONNX"),
        ((7,), Field(15, b""), "its graph has a field 15"),  # sparse initializers
        ((7, 1), Field(7, b"com.microsoft"), "a node has a field 7"),  # another domain
        ((7, 1, 5), Field(6, b""), "an attribute has a field 6"),  # a graph: control flow
        ((7, 1, 5), Field(20, 5), "of a type that no graph"),
        ((7, 5), Field(4, 1.0), "a constant has a field 4"),  # data in another form
        ((7, 5), Field(9, b"1234"), "a constant lies in two places"),
        ((7, 5), Field(14, 0), "a constant lies nowhere"),
        ((7, 5), Field(2, b"1"), "a constant has a field of another type"),
        ((7, 11, 2), Field(4, b""), "its type has a field 4"),  # a sequence
    ],
)
def test_what_no_file_may_hold(path: tuple[int, ...], put: Field, words: str, folder: Path) -> None:
    refused(folder, other_fields((folder / "generator.onnx").read_bytes(), *path, put=put), words)


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (lambda data: data[:-1], "it is cut short"),
        (lambda data: data + b"\x08", "it is cut short"),
        (lambda data: data + b"\x09" * 20, "it is no ONNX file"),
        (lambda data: data + b"\xff" * 20, "it is no ONNX file"),
        (lambda _: b"", "has its field 8 0 times"),
        (lambda data: data + bytes(64_000), "it is larger than 64,000 bytes"),
        (lambda data: data + b"\x08\x08", "has its field 1 2 times"),
    ],
)
def test_files_that_are_none(damage: Callable[[bytes], bytes], words: str, folder: Path) -> None:
    refused(folder, damage((folder / "generator.onnx").read_bytes()), words)


def test_a_graph_beside_other_weights(folder: Path) -> None:
    other = weights_home() / "dcgan-mnist-z20-l3"
    refused(folder, (other / "generator.onnx").read_bytes(), r"its inputs and outputs are not z \['n', 10\]")
    data = (folder / "discriminator.onnx").read_bytes()
    shutil.copy(other / DISCRIMINATOR, folder)
    assert read_graph(Folder(folder), "discriminator").model == data  # the same sizes lie in the same places
    tensors = read_tensors(other / DISCRIMINATOR)
    write_tensors(folder / DISCRIMINATOR, {name: t.float() for name, t in tensors.items() if t.is_floating_point()})
    refused(folder, data, "are not those of discriminator.safetensors", "discriminator")
    (folder / DISCRIMINATOR).write_bytes(b"\x10" + bytes(20))
    refused(folder, data, r"discriminator\.safetensors is refused", "discriminator")
    with pytest.raises(UsageError, match=r"no net 'critic' that has a graph: there are \['generator'"):
        read_graph(Folder(folder), "critic")


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("generator.0.weight", float("nan"), "has values that are not finite"),
        ("generator.0.bias", float("inf"), "has values that are not finite"),
        ("generator.2.running_var", -1.0, "has a variance below zero"),
    ],
)
def test_weights_that_are_no_numbers(name: str, value: float, words: str, folder: Path) -> None:
    tensors = {key: tensor.clone() for key, tensor in read_tensors(folder / MODEL).items()}
    tensors[name].view(-1)[3] = value
    write_tensors(folder / MODEL, tensors)
    graph = read_graph(Folder(folder), "generator")
    with pytest.raises(BadCheckpointError, match=f"model.safetensors is refused .its tensor '{name}' {words}"):
        graph.whole()


def test_other_graphs_than_the_nets_are_noticed(folder: Path) -> None:
    genzoo.load(folder).check()
    for net in ("generator", "discriminator"):
        path = folder / GRAPHS[net]
        right = path.read_bytes()
        path.write_bytes(encode(other_node("LeakyRelu", attributes={"alpha": 0.7})(parse(right))))
        sign(folder)
        with pytest.raises(BadCheckpointError, match=f"{net}.onnx gives other values than the {net} beside it"):
            genzoo.load(folder).check()
        update_hashes(folder)
        assert path.read_bytes() == right
        genzoo.load(folder).check()


def test_a_folder_of_links_has_graphs(whole: Path, tmp_path: Path) -> None:
    """As the Hub's client keeps one: the names lead to files in another place, which have other names."""
    blobs, snapshot = tmp_path / "blobs", tmp_path / "snapshots" / "0"
    blobs.mkdir()
    snapshot.mkdir(parents=True)
    for path in whole.iterdir():
        shutil.copy(path, blobs / f"{abs(hash(path.name))}")
        (snapshot / path.name).symlink_to(Path("..", "..", "blobs", f"{abs(hash(path.name))}"))
    z = np.zeros((2, 10), np.float32)
    expected = genzoo.load(whole).decode(torch.from_numpy(z))
    assert difference(Session(read_graph(Folder(snapshot), "generator")).run(z)[0], expected) < 1e-5


def test_another_runtime_reads_the_two_files(whole: Path) -> None:
    """As they lie there, by the format's own rules: weights are found by their offsets."""
    import onnxruntime

    onnx.checker.check_model(read_graph(Folder(whole), "generator").whole(), full_check=True)
    session = onnxruntime.InferenceSession(whole / "generator.onnx", providers=["CPUExecutionProvider"])
    z = np.zeros((2, 10), np.float32)
    expected = genzoo.load(whole).decode(torch.from_numpy(z))
    assert difference(session.run(None, {"z": z})[0], expected) < 1e-5
    for net in ("generator", "discriminator"):
        model = onnx.load(whole / GRAPHS[net], load_external_data=False)
        files = {
            entry.value for one in model.graph.initializer for entry in one.external_data if entry.key == "location"
        }
        assert files == {weights_of(net)}
        onnx.checker.check_model(str(whole / GRAPHS[net]), full_check=True)


def test_writing_again_gives_the_same_bytes(folder: Path) -> None:
    before = {name: (folder / name).read_bytes() for name in GRAPHS.values() if (folder / name).exists()}
    assert set(before) == {"generator.onnx", "discriminator.onnx"}
    for name in before:
        (folder / name).unlink()
    entry = read_config(Folder(folder)).entry
    write_graphs(folder, entry)
    assert {name: (folder / name).read_bytes() for name in before} == before
    (folder / DISCRIMINATOR).unlink()
    (folder / "discriminator.onnx").unlink()
    write_graphs(folder, entry)
    assert not (folder / "discriminator.onnx").exists()
    (folder / MODEL).write_bytes(b"")
    with pytest.raises(BadCheckpointError, match=r"model\.safetensors is damaged"):
        write_graphs(folder, entry)


def test_a_header_that_lies(folder: Path) -> None:
    """Tensors that would lie outside of their file are refused before anything is read of them."""
    path = folder / MODEL
    data = path.read_bytes()
    size = int.from_bytes(data[:8], "little")
    header = json.loads(data[8 : 8 + size])
    for change in (
        {"data_offsets": [0, 2**40]},
        {"shape": [2**40]},
        {"dtype": "F64"},
        {"shape": [-1, -1]},
        {"shape": 1},
    ):
        text = json.dumps({**header, "generator.0.weight": {**header["generator.0.weight"], **change}}).encode()
        path.write_bytes(len(text).to_bytes(8, "little") + text + data[8 + size :])
        with pytest.raises(ValueError, match="is not one that lies in it"):
            read_header(path)
    path.write_bytes(data + bytes(8))
    with pytest.raises(ValueError, match="its tensors do not fill it"):
        read_header(path)
    path.write_bytes((2**60).to_bytes(8, "little") + data[8:])
    with pytest.raises(ValueError, match="the limit is 1,000,000"):
        read_header(path)
