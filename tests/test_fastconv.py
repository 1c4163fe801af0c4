"""The convolutions of training in bfloat16: the values and derivatives of torch's own."""

from __future__ import annotations

from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.autograd import gradcheck, gradgradcheck
from torch.utils._python_dispatch import TorchDispatchMode

from genzoo.accel.fastconv import (
    Conv2d,
    ConvTranspose2d,
    Geometry,
    any_rounding,
    convolve,
    gradients_of_maps_alone,
    transpose,
)
from genzoo.nets import build
from genzoo.zoo.catalog import find_entry

pytestmark = pytest.mark.numeric

# (wide channels, narrow channels, geometry): every way through the module, even and odd sides and kernels.
CASES = [
    (3, 2, Geometry(5, 2, 2, (6, 6))),  # to an image's channels, by 2 x 2 pixels a place
    (1, 4, Geometry(4, 2, 1, (6, 6))),
    (2, 2, Geometry(6, 2, 2, (8, 8))),
    (2, 3, Geometry(2, 2, 0, (4, 4))),
    (3, 2, Geometry(5, 2, 2, (4, 8))),
    (5, 2, Geometry(4, 2, 2, (7, 7))),  # an odd side
    (6, 3, Geometry(5, 2, 2, (4, 4))),  # products forward and for the weights
    (2, 3, Geometry(3, 1, 1, (4, 4))),  # products for the weights alone
    (5, 1, Geometry(5, 2, 2, (10, 10))),  # none
]


def numbers(*shape: int, dtype: torch.dtype = torch.float64) -> Tensor:
    return torch.randn(*shape, dtype=dtype, generator=torch.Generator().manual_seed(sum(shape)), requires_grad=True)


@pytest.mark.parametrize(("wide", "narrow", "at"), CASES, ids=str)
def test_values_and_all_derivatives_are_right(wide: int, narrow: int, at: Geometry) -> None:
    x, w = numbers(2, wide, *at.wide), numbers(narrow, wide, at.kernel, at.kernel)
    expected = F.conv2d(x, w, None, at.stride, at.padding)
    assert expected.shape[2:] == at.narrow
    torch.testing.assert_close(convolve(x, w, at), expected)
    g = numbers(*expected.shape)
    (transposed,) = torch.autograd.grad(expected, x, g)
    torch.testing.assert_close(transpose(g, w, at), transposed)
    for operation, inputs in ((convolve, (x, w)), (transpose, (g, w))):
        assert gradcheck(lambda a, b, o=operation: o(a, b, at), inputs)
        assert gradgradcheck(lambda a, b, o=operation: o(a, b, at), inputs)


LAYERS = [
    (Conv2d(8, 6, 5, 2, 2), nn.Conv2d, (4, 8, 4, 4)),
    (Conv2d(8, 6, 3, 1, 1, bias=False), nn.Conv2d, (4, 8, 4, 4)),
    (Conv2d(3, 6, 5, 2, 2), nn.Conv2d, (4, 3, 16, 16)),
    (ConvTranspose2d(8, 3, 5, 2, 2, 1), nn.ConvTranspose2d, (4, 8, 16, 16)),
    (ConvTranspose2d(8, 6, 4, 2, 2, 1, bias=False), nn.ConvTranspose2d, (4, 8, 4, 4)),
]


@pytest.mark.parametrize(("layer", "plain", "shape"), LAYERS, ids=str)
def test_layers_agree_with_torch(layer: nn.Module, plain: type[nn.Module], shape: tuple[int, ...]) -> None:
    with torch.random.fork_rng(), torch.no_grad():
        torch.manual_seed(0)
        for parameter in layer.parameters():  # a bias's gradient may all but cancel, and round to more than 1%
            parameter.uniform_(-0.1, 0.1)
    x = numbers(*shape, dtype=torch.float32)
    expected = plain.forward(layer, x)
    with torch.no_grad():
        assert torch.equal(layer(x), expected), "where nothing is trained they are torch's"
        with any_rounding():
            torch.testing.assert_close(layer(x), expected)
    tensors = [x, *layer.parameters()]
    exact = torch.autograd.grad(expected.square().sum(), tensors)
    y = layer(x)
    torch.testing.assert_close(y, expected)
    for got, wanted in zip(torch.autograd.grad(y.square().sum(), tensors), exact, strict=True):
        torch.testing.assert_close(got, wanted, rtol=1e-4, atol=1e-4 * float(wanted.abs().max()))
    with torch.autocast("cpu", torch.bfloat16):
        y = layer(x)
    assert y.dtype == torch.bfloat16
    assert y.is_contiguous(memory_format=torch.channels_last)
    torch.testing.assert_close(y.float(), expected, rtol=0.02, atol=0.02)
    for got, wanted in zip(torch.autograd.grad(y.float().square().sum(), tensors), exact, strict=True):
        assert got.dtype == torch.float32
        assert (got - wanted).norm() < 0.01 * wanted.norm()


def test_a_gradient_of_maps_alone_can_be_differentiated_by_the_weights() -> None:
    layer = Conv2d(4, 6, 5, 2, 2)
    x = numbers(2, 4, 8, 8, dtype=torch.float32)
    found = []
    for layer.twice_differentiable in (False, True):
        y = layer(x).square().sum()
        with gradients_of_maps_alone():
            (gradient,) = torch.autograd.grad(y, x, create_graph=True)
        found.append(torch.autograd.grad(gradient.square().sum(), layer.weight)[0])
    torch.testing.assert_close(*found)
    with gradients_of_maps_alone():
        assert torch.autograd.grad(layer(x).sum(), layer.weight, allow_unused=True)[0] is None


def test_a_dcgan_has_the_gradients_of_float32() -> None:
    entry = find_entry("dcgan-cifar10-z100-l4")
    torch.manual_seed(0)
    nets = build(entry).to(memory_format=torch.channels_last)
    z = numbers(32, entry.latent_size, dtype=torch.float32)

    def gradients() -> list[Tensor]:
        scores = nets["discriminator"](nets["generator"](z).float().sigmoid())
        return list(torch.autograd.grad(scores.float().square().mean(), list(nets.parameters())))

    exact = gradients()
    with torch.autocast("cpu", torch.bfloat16):
        rounded = gradients()
    for got, wanted in zip(rounded, exact, strict=True):
        # Rounding to eight bits, through batch norm of two nets, turns a gradient by a few degrees.
        assert F.cosine_similarity(got.flatten(), wanted.flatten(), dim=0) > 0.95


class _Layouts(TorchDispatchMode):
    """Names the element-wise operations of activations that meet maps of two memory layouts."""

    def __init__(self) -> None:
        super().__init__()
        self.met, self.mixed = 0, set[str]()

    def __torch_dispatch__(self, function: Any, _types: Any, args: Any = (), kwargs: Any = None) -> Any:
        result = function(*args, **(kwargs or {}))
        if "leaky_relu" in function.__name__ or "batch_norm" in function.__name__:
            tensors = [*args, *(result if isinstance(result, tuple) else [result])]
            maps = [t for t in tensors if isinstance(t, Tensor) and t.dim() == 4 and t.shape[2] > 1]
            self.met += bool(maps)
            if not all(t.is_contiguous(memory_format=torch.channels_last) for t in maps):
                self.mixed.add(function.__name__)
        return result


@pytest.mark.parametrize(
    ("name", "least"),
    [("dcgan-cifar10-z100-l4", 20), ("wgan-mnist-z10-l3", 20), ("vae-mnist", 20), ("convgan-mnist-z100-l2-s1", 5)],
)
def test_all_maps_of_a_step_have_one_memory_layout(name: str, least: int) -> None:
    entry = find_entry(name)
    nets = build(entry).to(memory_format=torch.channels_last)
    judge = nets["encoder" if entry.is_vae else "discriminator"]
    with _Layouts() as layouts:
        with torch.autocast("cpu", torch.bfloat16):
            outputs = judge(nets["generator"](torch.zeros(2, entry.latent_size)))
        outputs.float().sum().backward()
    assert layouts.met > least
    assert not layouts.mixed
