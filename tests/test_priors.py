"""A VAE's mixture: fitted to the latents of its images, and drawn from by place."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from genzoo.checkpoint.folder import sign
from genzoo.checkpoint.tensors import read_tensors, write_tensors
from genzoo.data import ImageData
from genzoo.errors import BadCheckpointError, UsageError
from genzoo.images.pixels import make_grid
from genzoo.sampling.model import Model, load
from genzoo.sampling.priors import Mixture
from genzoo.train.mixture import fit_mixture

pytestmark = pytest.mark.numeric

VAE = "mlpvae-mnist-z2-l1"


def tensors(k: int = 2, z: int = 2) -> dict[str, torch.Tensor]:
    means = torch.tensor([[-9.0, 0.0], [9.0, 1.0]])
    covariances = torch.tensor([[[1.0, 0.9], [0.9, 1.0]], [[4.0, 0.0], [0.0, 0.25]]])
    assert means.shape == (k, z)
    return {"weights": torch.tensor([0.25, 0.75]), "means": means, "covariances": covariances}


def test_latents_have_the_mixtures_moments() -> None:
    z = torch.from_numpy(Mixture(tensors(), "a model").latents(seed=5, start=0, n=40_000))
    for k, (share, right) in enumerate(((0.25, False), (0.75, True))):
        mine = z[(z[:, 0] > 0) == right]
        assert len(mine) / len(z) == pytest.approx(share, abs=0.01)
        torch.testing.assert_close(mine.mean(0), tensors()["means"][k], rtol=0, atol=0.05)
        torch.testing.assert_close(mine.T.cov(), tensors()["covariances"][k], rtol=0.05, atol=0.05)


def test_a_latent_depends_on_seed_and_place_alone() -> None:
    mixture = Mixture(tensors(), "a model")
    z = mixture.latents(seed=5, start=0, n=100)
    assert np.array_equal(mixture.latents(seed=5, start=40, n=20), z[40:60])
    assert not np.array_equal(mixture.latents(seed=6, start=0, n=100), z)


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("weights", torch.tensor([0.25, 0.25]), "no probabilities"),
        ("weights", torch.tensor([-0.25, 1.25]), "no probabilities"),
        ("covariances", torch.tensor([[[1.0, 2.0], [2.0, 1.0]]] * 2), "not positive definite"),
    ],
)
def test_what_is_no_mixture_is_refused(name: str, value: torch.Tensor, words: str) -> None:
    with pytest.raises(BadCheckpointError, match=f"a model is refused: .* {words}"):
        Mixture({**tensors(), name: value}, "a model")


class _Encoder(nn.Module):
    """An image of level l has the posterior N(scales * l + shift, 0.01): (n, 1, 1, 1) -> (n, 4)."""

    def __init__(self, *scales: float, shift: float = 0) -> None:
        super().__init__()
        self.scales, self.shift = nn.Parameter(torch.tensor(scales)), shift

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        mean = x.flatten(1) * self.scales + self.shift
        return torch.cat([mean, torch.full_like(mean, np.log(0.01))], 1)


def fitted(encoder: nn.Module, pixels: torch.Tensor) -> tuple[dict[str, torch.Tensor], torch.Tensor]:
    """The mixture that is fitted to the latents of grey levels, and 20,000 latents drawn from it."""
    entry = load(VAE).entry
    found = fit_mixture(encoder.eval(), ImageData(entry.dataset, pixels.view(-1, 1, 1, 1)), entry, seed=0)
    assert all(values.dtype == torch.float32 for values in found.values())
    found = {name.removeprefix("mixture."): values for name, values in found.items()}
    return found, torch.from_numpy(Mixture(found, "it").latents(0, 0, 20_000))


LEVELS = torch.tensor([0] * 300 + [255] * 900, dtype=torch.uint8)


def test_the_fit_finds_the_latents_of_the_images() -> None:
    _, z = fitted(_Encoder(10.0, -10.0), LEVELS)
    near = z[:, 0] < 5
    assert float(near.float().mean()) == pytest.approx(0.25, abs=0.02)
    torch.testing.assert_close(z[~near].mean(0), torch.tensor([10.0, -10.0]), rtol=0, atol=0.02)
    torch.testing.assert_close(z[~near].std(0), torch.tensor([0.1, 0.1]), rtol=0.1, atol=0)


def test_a_dimension_without_images_is_one_gaussian() -> None:
    found, z = fitted(_Encoder(10.0, 0.1, shift=3), LEVELS)
    near = z[:, 0] < 8
    assert float(near.float().mean()) == pytest.approx(0.25, abs=0.02)
    assert (found["means"][:, 1] == found["means"][0, 1]).all()
    assert not found["covariances"][:, 0, 1].any()
    torch.testing.assert_close(z[:, 1].mean(), torch.tensor(3.075), rtol=0, atol=0.01)
    torch.testing.assert_close(z[:, 1].var(), torch.tensor(0.01 + 0.1**2 * 0.25 * 0.75), rtol=0.1, atol=0)


def test_latents_that_tell_no_image_apart_are_one_gaussian() -> None:
    found, z = fitted(_Encoder(0.0, 0.0, shift=-1), LEVELS)
    torch.testing.assert_close(found["weights"], torch.full((10,), 0.1))
    torch.testing.assert_close(z.mean(0), torch.tensor([-1.0, -1.0]), rtol=0, atol=0.01)
    torch.testing.assert_close(z.std(0), torch.tensor([0.1, 0.1]), rtol=0.05, atol=0)


def test_latents_too_large_for_float32_have_their_mixture() -> None:
    levels = torch.randint(256, (2000,), generator=torch.Generator().manual_seed(0)).to(torch.uint8)
    _, z = fitted(_Encoder(5000.0, -5000.0), levels)
    torch.testing.assert_close(z[:, 0].mean(), 5000 * levels.float().mean() / 255, rtol=0.03, atol=0)
    torch.testing.assert_close(z.sum(1).std(), torch.tensor(0.1 * 2**0.5), rtol=0.1, atol=0)


@pytest.fixture(scope="module")
def vae() -> Model:
    return load(VAE)


def test_a_vae_is_sampled_from_either_prior(vae: Model, tmp_path: Path) -> None:
    images = vae.sample(60, seed=1, prior="mixture")
    torch.testing.assert_close(
        vae.sample(20, seed=1, start=40, prior="mixture", batch_size=7), images[40:], rtol=0, atol=1 / 255
    )
    assert (images - vae.sample(60, seed=1)).abs().max() > 0.5
    assert torch.equal(vae.sample(60, seed=1), vae.sample(60, seed=1, prior="normal"))
    make_grid(images).save(tmp_path / "grid.png")


def test_other_priors_and_models_are_refused(vae: Model) -> None:
    with pytest.raises(UsageError, match="There is no prior 'uniform': there are normal and mixture"):
        vae.sample(1, prior="uniform")  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="is no VAE and has no mixture"):
        load("mlpgan-mnist").iter_samples(1, prior="mixture")


def test_a_vae_without_its_mixture_is_not_whole(checkpoint: Path, tmp_path: Path) -> None:
    kept = {name: t for name, t in read_tensors(checkpoint / "model.safetensors").items() if "mixture" not in name}
    assert len(read_tensors(checkpoint / "model.safetensors")) == len(kept) + 3
    for file in checkpoint.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    write_tensors(tmp_path / "model.safetensors", kept)
    sign(tmp_path)
    with pytest.raises(
        BadCheckpointError, match=r"missing \['mixture.covariances', 'mixture.means', 'mixture.weights'\]"
    ):
        load(tmp_path)
