"""Nets whose weights are cast all at once, beside autocast, which casts each where it is used."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from genzoo.accel.casts import Cast, Run
from genzoo.nets import build
from genzoo.zoo.catalog import ENTRIES

pytestmark = pytest.mark.numeric


def autocast() -> torch.autocast:
    return torch.autocast("cpu", torch.bfloat16)


def gradients(run: Run, net: torch.nn.Module, batches: list[Tensor]) -> list[Tensor]:
    net.zero_grad()
    run.refresh()
    sum(run(x).float().square().mean() for x in batches).backward()  # type: ignore[union-attr]
    return [parameter.grad.clone() for parameter in net.parameters() if parameter.grad is not None]


@pytest.mark.parametrize("name", ["mlpgan-mnist-z100-l2", "dcgan-cifar10-z100-l4", "wgan-mnist-z10-l3"])
def test_weights_cast_at_once_give_what_autocast_gives(name: str) -> None:
    entry = ENTRIES[name]
    torch.manual_seed(0)
    net = build(entry)["discriminator"].to(memory_format=torch.channels_last)
    if name.startswith("mlpgan"):
        net.eval()  # dropout would differ
    x, y = torch.rand(8, *entry.dataset.shape), torch.rand(8, *entry.dataset.shape)
    cast, plain = Cast(net, autocast), Run(net, autocast)
    for _ in range(2):
        got, expected = gradients(cast, net, [x]), gradients(plain, net, [x])
        assert len(got) == len(expected) == len(list(net.parameters()))
        assert all(map(torch.equal, got, expected))
        # Of two passes the sums are rounded to bfloat16, too.
        for one, other in zip(gradients(cast, net, [x, y]), gradients(plain, net, [x, y]), strict=True):
            assert one.dtype == torch.float32
            assert (one - other).norm() < 0.01 * other.norm()
        with torch.no_grad():
            for parameter in net.parameters():
                parameter.mul_(1.1)


def test_weights_are_cast_when_told_to() -> None:
    entry = ENTRIES["mlpgan-mnist-z100-l2"]
    net = build(entry)["generator"]
    run, z = Cast(net, autocast), torch.randn(4, entry.latent_size)
    run.refresh()
    before = run(z).clone()
    with torch.no_grad():
        for parameter in net.parameters():
            parameter.add_(0.5)
    assert torch.equal(run(z), before)
    run.refresh()
    assert not torch.equal(run(z), before)


def test_frozen_weights_get_no_gradients() -> None:
    entry = ENTRIES["dcgan-mnist-z10-l3"]
    net = build(entry)["discriminator"].requires_grad_(False)
    run, x = Cast(net, autocast), torch.rand(4, 1, 28, 28, requires_grad=True)
    run.refresh()
    run(x).sum().backward()
    assert x.grad is not None
    assert all(parameter.grad is None for parameter in net.parameters())
