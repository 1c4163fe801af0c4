"""Every objective against a value worked out by hand or by a plain independent formula."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from genzoo.accel.fastconv import Conv2d
from genzoo.nets import build
from genzoo.nets.blocks import PiecewiseLeakyReLU
from genzoo.sampling import elbo
from genzoo.train.losses import (
    discriminator_loss,
    generator_loss,
    gradient_penalty,
    real_gradient_penalty,
    wasserstein_loss,
)
from genzoo.train.phases import build_phases
from genzoo.zoo.catalog import ENTRIES
from genzoo.zoo.spec import Recipe
from genzoo.zoo.variants import with_architecture

pytestmark = pytest.mark.numeric


def sigmoid(x: float) -> float:
    return 1 / (1 + math.exp(-x))


def test_discriminator_loss() -> None:
    real, fake = [0.5, -1.0, 2.0], [0.3, -2.0, 1.0]
    for label in (1.0, 0.9):
        on_real = [-(label * math.log(sigmoid(x)) + (1 - label) * math.log(1 - sigmoid(x))) for x in real]
        on_fake = [-math.log(1 - sigmoid(x)) for x in fake]
        expected = sum(on_real) / 3 + sum(on_fake) / 3
        loss = discriminator_loss(torch.tensor(real), torch.tensor(fake), label)
        assert float(loss) == pytest.approx(expected, rel=1e-5)


def test_generator_loss_and_its_stability() -> None:
    expected = -(math.log(sigmoid(0.3)) + math.log(sigmoid(-2.0))) / 2
    assert float(generator_loss(torch.tensor([0.3, -2.0]))) == pytest.approx(expected, rel=1e-5)
    far = torch.tensor([-1000.0], requires_grad=True)
    loss = generator_loss(far)
    loss.backward()
    assert float(loss.detach()) == 1000
    assert far.grad is not None
    assert float(far.grad) == -1


def test_wasserstein_loss() -> None:
    assert float(wasserstein_loss(torch.tensor([1.0, 3.0]), torch.tensor([-1.0, 0.0]))) == -2.5


class Quadratic(nn.Module):
    """Score s(x) = sum of a * u^2 / 2 over u = 2x - 1, whose gradient by u is a * u."""

    def __init__(self, a: Tensor) -> None:
        super().__init__()
        self.a = nn.Parameter(a)

    def forward(self, x: Tensor) -> Tensor:
        return (self.a * (2 * x - 1).square() / 2).flatten(1).sum(1)


@pytest.mark.parametrize("channels", [1, 3])
def test_gradient_penalty_in_closed_form(channels: int) -> None:
    torch.manual_seed(0)
    shape = (5, channels, 4, 4)
    real, fake, share = torch.rand(shape), torch.rand(shape), torch.rand(5)
    a = torch.rand(shape[1:])
    mixed = share.view(-1, 1, 1, 1) * real + (1 - share.view(-1, 1, 1, 1)) * fake
    norms = (a * (2 * mixed - 1)).numpy().reshape(5, -1)
    expected = np.mean((np.sqrt((norms**2).sum(1)) - 1) ** 2)
    penalty = gradient_penalty(Quadratic(a), real, fake, share)
    assert float(penalty.detach()) == pytest.approx(float(expected), rel=1e-4)
    squared = ((a * (2 * real - 1)).numpy().reshape(5, -1) ** 2).sum(1)
    at_real = real_gradient_penalty(Quadratic(a), real)
    assert float(at_real.detach()) == pytest.approx(float(np.mean(squared)) / 2, rel=1e-4)
    assert not real.requires_grad


@pytest.mark.parametrize("name", ["wgangp-mnist-z100-l3", "dcgan-cifar10-z100-l4-r1"])
def test_gradient_penalty_against_finite_differences(name: str) -> None:
    torch.manual_seed(0)
    entry = with_architecture(ENTRIES[name], width=8)
    discriminator = build(entry)["discriminator"].double()

    def squared_slopes(image: Tensor) -> Tensor:
        # A step of 1e-6 in u = 2x - 1; the discriminator is piecewise linear, so differences are near exact.
        step = 1e-6
        around = image + torch.eye(image.numel(), dtype=torch.float64).view(-1, *entry.dataset.shape) * step / 2
        with torch.no_grad():
            return ((discriminator(around) - discriminator(image)) / step).square().sum()

    image = torch.rand(1, *entry.dataset.shape, dtype=torch.float64)
    other = torch.rand_like(image)
    expected = (squared_slopes(0.25 * image + 0.75 * other).sqrt() - 1) ** 2

    class Float(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            return discriminator(x.double())

    penalty = gradient_penalty(Float(), image, other, torch.tensor([0.25]))
    assert float(penalty.detach()) == pytest.approx(float(expected), rel=1e-3)
    at_real = real_gradient_penalty(Float(), image)
    assert float(at_real.detach()) == pytest.approx(float(squared_slopes(image)) / 2, rel=1e-3)


def test_gradient_penalty_has_a_gradient_at_zero() -> None:
    discriminator = Quadratic(torch.zeros(1, 4, 4))
    x = torch.rand(3, 1, 4, 4)
    penalty = gradient_penalty(discriminator, x, x, torch.rand(3))
    penalty.backward()
    assert float(penalty.detach()) == pytest.approx(1, abs=1e-5)
    assert discriminator.a.grad is not None
    assert discriminator.a.grad.isfinite().all()


def test_gaussian_kl_against_torch() -> None:
    torch.manual_seed(0)
    mean, log_variance = torch.randn(6, 3), torch.randn(6, 3)
    normal = torch.distributions.Normal(mean, (0.5 * log_variance).exp())
    expected = torch.distributions.kl_divergence(normal, torch.distributions.Normal(0.0, 1.0)).sum(1)
    torch.testing.assert_close(elbo.gaussian_kl(mean, log_variance), expected)


def test_bernoulli_likelihood_against_torch() -> None:
    torch.manual_seed(0)
    x, raw = (torch.rand(4, 1, 5, 5) > 0.5).float(), torch.randn(4, 1, 5, 5)
    expected = torch.distributions.Bernoulli(logits=raw).log_prob(x).flatten(1).sum(1)
    torch.testing.assert_close(elbo.log_likelihood(x, raw, Recipe("vae", 1)), expected)


@pytest.mark.parametrize("sd", [0.1, 0.5**0.5, 1.0])
def test_gaussian_likelihood_against_torch(sd: float) -> None:
    torch.manual_seed(0)
    x, raw = torch.rand(4, 3, 5, 5), torch.randn(4, 3, 5, 5)
    expected = torch.distributions.Normal(raw.sigmoid(), sd).log_prob(x).flatten(1).sum(1)
    recipe = Recipe("vae", 1, likelihood="gaussian", likelihood_sd=sd)
    torch.testing.assert_close(elbo.log_likelihood(x, raw, recipe), expected)


def test_report_1_loss_is_this_likelihood_up_to_a_constant() -> None:
    """784 x MSE, as its code has it."""
    torch.manual_seed(0)
    recipe = ENTRIES["mlpvae-mnist-z2-l1"].recipe
    x, raw = torch.rand(2, 1, 28, 28), torch.randn(2, 1, 28, 28)
    own = -elbo.log_likelihood(x, raw, recipe)
    report = 784 * (x - raw.sigmoid()).square().flatten(1).mean(1)
    torch.testing.assert_close(own[0] - own[1], report[0] - report[1], rtol=1e-4, atol=1e-3)


class Draws:
    """A draw whose numbers are known."""

    def __init__(self, images: Tensor, normal: Tensor, uniform: Tensor) -> None:
        self._images, self._normal, self._uniform = images, normal, uniform

    def images(self) -> Tensor:
        return self._images

    def normal(self, *shape: int) -> Tensor:
        assert self._normal.shape[1:] == shape
        return self._normal

    def uniform(self, *shape: int) -> Tensor:
        assert self._uniform.shape[1:] == shape
        return self._uniform


def test_phases_of_each_objective() -> None:
    def phases(name: str) -> list[tuple[str, int, float]]:
        found = build_phases(build(ENTRIES[name]), ENTRIES[name], torch.enable_grad)
        return [(phase.name, phase.repeats, phase.weight_clip) for phase in found]

    assert phases("dcgan-mnist-z100-l3") == [("discriminator", 1, 0.0), ("generator", 1, 0.0)]
    assert phases("wgan-mnist-z100-l4") == [("discriminator", 2, 0.01), ("generator", 1, 0.0)]
    assert phases("wgangp-cifar10-z100-l4") == [("discriminator", 5, 0.0), ("generator", 1, 0.0)]
    assert phases("vae-mnist-z20-l3") == [("vae", 1, 0.0)]


def test_wgangp_losses_by_hand() -> None:
    torch.manual_seed(0)
    entry = ENTRIES["wgangp-mnist-z100-l3"]
    nets = build(entry)
    real, z, share = torch.rand(4, 1, 28, 28), torch.randn(4, 100), torch.rand(4)
    discriminator_phase, generator_phase = build_phases(nets, entry, torch.enable_grad)
    draw = Draws(real, z, share)
    for _ in range(discriminator_phase.repeats):
        losses = discriminator_phase.losses(draw)
    with torch.no_grad():
        fake = (nets["generator"](z).tanh() + 1) / 2
        distance = nets["discriminator"](real).mean() - nets["discriminator"](fake).mean()
    penalty = gradient_penalty(nets["discriminator"], real, fake, share)
    torch.testing.assert_close(losses["wasserstein"], distance)
    torch.testing.assert_close(losses["discriminator"], -distance + 10 * penalty)
    torch.testing.assert_close(generator_phase.losses(draw)["generator"], -nets["discriminator"](fake).mean())


def test_gan_losses_with_a_penalty_by_hand() -> None:
    torch.manual_seed(0)
    entry = ENTRIES["dcgan-cifar10-z100-l4-r1"]
    nets = build(entry)
    real, z = torch.rand(4, 3, 32, 32), torch.randn(4, 100)
    discriminator_phase, _ = build_phases(nets, entry, torch.enable_grad)
    for _ in range(discriminator_phase.repeats):
        losses = discriminator_phase.losses(Draws(real, z, z))
    with torch.no_grad():
        scores = nets["discriminator"](real), nets["discriminator"]((nets["generator"](z).tanh() + 1) / 2)
    penalty = real_gradient_penalty(nets["discriminator"], real)
    torch.testing.assert_close(losses["penalty"], penalty)
    expected = discriminator_loss(*scores) + entry.recipe.gradient_penalty * penalty
    torch.testing.assert_close(losses["discriminator"], expected)


def test_only_the_last_discriminator_step_builds_the_generators_graph() -> None:
    entry = ENTRIES["wgan-mnist-z100-l3"]
    nets = build(entry)
    discriminator_phase, generator_phase = build_phases(nets, entry, torch.enable_grad)
    draw = Draws(torch.rand(4, 1, 28, 28), torch.randn(4, 100), torch.rand(4))
    for _ in range(2):
        for _ in range(entry.recipe.n_critic):
            discriminator_phase.losses(draw)["discriminator"].backward()
            assert all(parameter.grad is None for parameter in nets["generator"].parameters())
        generator_phase.losses(draw)["generator"].backward()
        assert all(parameter.grad is not None for parameter in nets["generator"].parameters())
        nets.zero_grad()


@pytest.mark.parametrize("name", ["mlpgan-mnist-z100-l3", "dcgan-mnist-z100-l3", "wgan-mnist-z100-l3"])
def test_black_and_white_pixels_have_a_gradient_in_bfloat16(name: str) -> None:
    entry = ENTRIES[name]
    nets = build(entry)
    layer = [module for module in nets["generator"].modules() if isinstance(module, nn.Linear | nn.ConvTranspose2d)][-1]
    assert layer.bias is not None
    nn.init.zeros_(layer.weight)
    nn.init.constant_(layer.bias, -5)
    draw = Draws(torch.rand(8, 1, 28, 28), torch.randn(8, entry.latent_size), torch.rand(8))
    discriminator_phase, generator_phase = build_phases(
        nets, entry, lambda: torch.autocast("cpu", dtype=torch.bfloat16)
    )
    for _ in range(discriminator_phase.repeats):
        discriminator_phase.losses(draw)
    generator_phase.losses(draw)["generator"].backward()
    assert layer.bias.grad is not None
    assert layer.bias.grad.abs().max() > 0


def test_binarized_pixels_are_drawn_from_their_grey_levels() -> None:
    import dataclasses

    base = ENTRIES["mlpvae-mnist-z2-l2"]
    entry = dataclasses.replace(base, recipe=dataclasses.replace(base.recipe, binarize=True))
    torch.manual_seed(0)
    nets = build(entry)
    grey, uniform, z = torch.rand(3, 1, 28, 28), torch.rand(3, 1, 28, 28), torch.randn(3, 2)
    binary = (uniform < grey).float()
    (phase,) = build_phases(nets, entry, torch.enable_grad)
    (plain,) = build_phases(nets, base, torch.enable_grad)
    expected = plain.losses(Draws(binary, z, uniform))["negative_elbo"]
    torch.testing.assert_close(phase.losses(Draws(grey, z, uniform))["negative_elbo"], expected)


def test_the_penalty_does_not_depend_on_how_its_layers_are_written() -> None:
    torch.manual_seed(0)
    entry = ENTRIES["wgangp-mnist-z100-l3"]
    discriminator = build(entry)["discriminator"]
    assert isinstance(discriminator, nn.Sequential)
    convolutions = [layer for layer in discriminator if isinstance(layer, Conv2d)]
    assert all(layer.twice_differentiable for layer in convolutions)
    real, fake, share = torch.rand(4, 1, 28, 28), torch.rand(4, 1, 28, 28), torch.rand(4)
    gradients = []
    for _ in range(2):
        discriminator.zero_grad()
        gradient_penalty(discriminator, real, fake, share).backward()
        gradients.append([p.grad.clone() for p in discriminator.parameters() if p.grad is not None and p.grad.any()])
        replaced = [i for i, layer in enumerate(discriminator) if isinstance(layer, PiecewiseLeakyReLU)]
        for i in replaced:
            discriminator[i] = nn.LeakyReLU(0.2)
        for layer in convolutions:
            layer.twice_differentiable = False
    assert len(gradients[0]) == len(gradients[1]) == 5  # the weights; biases do not matter
    for own, plain in zip(*gradients, strict=True):
        torch.testing.assert_close(own, plain)
