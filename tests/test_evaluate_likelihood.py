"""A VAE's likelihoods against numerical integration."""

from __future__ import annotations

import dataclasses
import math
import statistics
from pathlib import Path

import pytest
import torch
from torch import Tensor

from genzoo.checkpoint.measurement import Reference
from genzoo.data import ImageData
from genzoo.errors import UsageError
from genzoo.evaluate import Settings, evaluate, is_current, write_metrics
from genzoo.evaluate import likelihood as measured
from genzoo.evaluate.likelihood import (
    bits_per_dimension,
    describe_likelihood,
    likelihood_work,
    likelihoods,
    measure_likelihood,
)
from genzoo.hub.measurement import find_metrics
from genzoo.sampling.elbo import binarized, log_likelihood
from genzoo.sampling.model import Model, load
from genzoo.train import train
from genzoo.zoo.catalog import CIFAR10, ENTRIES, MNIST, OLIVETTI
from genzoo.zoo.metrics import metrics_of
from genzoo.zoo.variants import with_architecture

from .conftest import noise_images, plan

pytestmark = pytest.mark.numeric


@pytest.fixture(scope="module")
def vae(tmp_path_factory: pytest.TempPathFactory) -> Model:
    """A VAE of one latent dimension after two steps."""
    narrow = with_architecture(ENTRIES["mlpvae-mnist-z2-l1"], latent_size=1)
    one = dataclasses.replace(plan("mlpvae-mnist-z2-l1", tmp_path_factory.mktemp("runs") / "vae"), entry=narrow)
    return load(train(one, noise_images(MNIST, 200)))


def integrated(model: Model, x: Tensor) -> Tensor:
    """log p(x) by integrating over the one latent dimension on a grid."""
    z = torch.linspace(-9, 9, 4001).unsqueeze(1)
    prior = -0.5 * z.square().squeeze(1) - 0.5 * math.log(2 * math.pi)
    with torch.no_grad():
        raw = model.generator(z)
    rows = [
        (log_likelihood(image.expand(len(z), -1, -1, -1), raw, model.entry.recipe) + prior).double().logsumexp(0)
        for image in x
    ]
    return torch.stack(rows) + math.log(18 / 4000)


def test_the_bound_is_the_integral(vae: Model) -> None:
    images = noise_images(MNIST, 4)
    broad = load(vae.folder.path)
    for parameter in broad.encoder[-1].parameters():  # type: ignore[index]
        parameter.zero_()  # a posterior as broad as the prior, whose weights are bounded
    found = likelihoods(broad, images, samples=10_000)
    wanted = integrated(vae, images.batch(torch.arange(4)))
    torch.testing.assert_close(found.log_likelihood, wanted, rtol=0, atol=0.2)
    assert (found.elbo <= wanted + 0.05).all()


def test_more_samples_tighten_the_bound(vae: Model) -> None:
    images = noise_images(MNIST, 30)
    bounds = [float(likelihoods(vae, images, samples).log_likelihood.mean()) for samples in (1, 10, 200)]
    assert bounds == sorted(bounds)
    single = likelihoods(vae, images, 1)
    torch.testing.assert_close(single.elbo, single.log_likelihood)


def test_an_elbo_is_the_models_own(vae: Model) -> None:
    images = noise_images(MNIST, 50)
    with torch.no_grad():
        # The same estimate, but for the KL term, which is sampled here and exact there.
        own = vae.elbo(images.batch(torch.arange(50))).mean()
    found = likelihoods(vae, images, 100)
    assert float(found.elbo.mean()) == pytest.approx(float(own), abs=1.0)
    error = (vae.reconstruct(images.batch(torch.arange(50))) - images.batch(torch.arange(50))).square()
    assert float(found.reconstruction_error.mean()) == pytest.approx(float(error.mean()), rel=1e-5)


def test_an_images_numbers_do_not_depend_on_the_others(vae: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    images = noise_images(MNIST, 12)
    whole = likelihoods(vae, images, 20)
    monkeypatch.setattr(measured, "_DECODED", 70)
    parts = likelihoods(vae, images, 20)
    torch.testing.assert_close(parts.log_likelihood, whole.log_likelihood, rtol=1e-5, atol=1e-3)
    first = likelihoods(vae, ImageData(MNIST, images.pixels[:5]), 20)
    torch.testing.assert_close(first.elbo, whole.elbo[:5], rtol=1e-5, atol=1e-3)


def test_the_measurement_names_what_it_assumes(vae: Model) -> None:
    done: list[int] = []
    found = measure_likelihood(vae, noise_images(MNIST, 40), images=10, samples=25, report=done.append)
    assert set(found) == set(metrics_of("vae"))
    assert found["elbo"].n == 40
    assert (found["log_likelihood"].n, found["log_likelihood"].samples) == (10, 25)
    assert found["elbo"].likelihood.startswith("Gaussian of standard deviation 0.707107")
    for row in found.values():
        assert row.margin == pytest.approx(1.96 * math.sqrt(2) * (row.standard_error or 0), rel=1e-2)
        assert statistics.fmean(row.drawn) == pytest.approx(row.mean, rel=1e-4)
    # Half of the images vary as all of them would.
    assert statistics.stdev(found["elbo"].drawn) == pytest.approx(found["elbo"].standard_error, rel=0.4)
    assert done[-1] == likelihood_work(40, 10, 25)
    assert done == sorted(done)
    dimensions = 28 * 28
    bits = -found["log_likelihood"].mean / dimensions / math.log(2) + math.log2(255)
    assert found["bits_per_dimension"].mean == pytest.approx(bits, rel=1e-4)


def test_each_likelihood_is_described() -> None:
    vae_recipe = ENTRIES["vae-mnist-z20-l3"].recipe
    plain = dataclasses.replace(vae_recipe, likelihood="bernoulli", binarize=False)
    assert "no normalised likelihood" in describe_likelihood(plain)
    assert "drawn from their grey levels" in describe_likelihood(dataclasses.replace(plain, binarize=True))
    bits = bits_per_dimension(torch.tensor([-784 * math.log(2)]), plain, 784)
    assert bits.tolist() == pytest.approx([1.0])


def test_a_uniform_density_costs_eight_bits() -> None:
    gaussian = dataclasses.replace(ENTRIES["vae-cifar10-z100-l3"].recipe, likelihood="gaussian")
    # A density of 1 over [0, 1] tells nothing of the 255 levels' widths.
    assert bits_per_dimension(torch.zeros(1), gaussian, math.prod(CIFAR10.shape)).item() == pytest.approx(
        math.log2(255)
    )


def test_binarized_pixels_follow_their_grey_levels() -> None:
    x = torch.tensor([0.0, 0.25, 1.0]).view(1, 1, 1, 3).expand(4000, 1, 1, 3)
    drawn = binarized(x, seed=0, start=0)
    assert drawn.unique().tolist() == [0, 1]
    assert drawn.mean(0).flatten().tolist() == pytest.approx([0, 0.25, 1], abs=0.03)
    assert torch.equal(binarized(x[:10], 0, 100), drawn[100:110])


def test_evaluate_adds_a_vaes_numbers(vae: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("genzoo.evaluate.reference.REFERENCE_IMAGES", 500)
    monkeypatch.setattr("genzoo.evaluate.intervals.DRAWS", 4)
    asked: list[bool] = []

    def images(*_: object, train: bool) -> ImageData:
        asked.append(train)
        return noise_images(MNIST, 30)

    monkeypatch.setattr("genzoo.evaluate.measure.load_images", images)
    found = evaluate(vae, Settings(n=150, seeds=(4,), likelihood_images=3))
    assert (found.rows["log_likelihood"].n, found.rows["reconstruction_error"].n) == (3, 30)
    assert set(found.mixture_prior) == set(metrics_of("samples"))
    mixture, normal = (rows["frechet_distance"] for rows in (found.mixture_prior, found.rows))
    assert mixture.floor == normal.floor
    assert mixture.mean != normal.mean
    evaluate(vae, Settings(n=150, seeds=(4,), likelihood_images=3, reference="train"))
    assert asked == [False, True], "what chooses between models does not see the test images"
    with pytest.raises(UsageError, match="2 is the least"):
        Settings(likelihood_images=1)


@pytest.mark.slow
def test_faces_that_no_net_sees_are_measured_by_their_likelihood(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    faces = noise_images(OLIVETTI, 60)
    monkeypatch.setattr("genzoo.evaluate.measure.load_images", lambda *_, **__: faces)
    model = load(train(plan("vae-olivetti-z32-l4", tmp_path / "vae", evaluations=1), faces))
    found = evaluate(model, Settings(likelihood_images=2))
    write_metrics(tmp_path / "metrics.json", found)
    assert set(found.rows) == set(metrics_of("vae"))
    assert (found.n, found.reference, found.seeds) == (0, Reference("test"), (0,))
    assert is_current(tmp_path / "metrics.json", model, Settings(likelihood_images=2))
    assert not is_current(tmp_path / "metrics.json", model, Settings(likelihood_images=3))
    assert find_metrics(str(tmp_path / "metrics.json")) == found
    # Of a test set that has fewer images than are asked for, all are enough.
    faces = noise_images(OLIVETTI, 3)
    write_metrics(tmp_path / "metrics.json", evaluate(model, Settings(likelihood_images=4)))
    assert is_current(tmp_path / "metrics.json", model, Settings(likelihood_images=1000))
    assert not is_current(tmp_path / "metrics.json", model, Settings(likelihood_images=2))


def test_a_gan_has_no_likelihood(tmp_path: Path) -> None:
    model = load(train(plan("mlpgan-mnist-z100-l2", tmp_path / "gan"), noise_images(MNIST, 600)))
    with pytest.raises(UsageError, match="is no VAE"):
        likelihoods(model, noise_images(MNIST, 2), 2)
