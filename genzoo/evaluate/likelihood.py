"""A VAE's metrics on images it has not seen: reconstruction error, ELBO, and importance-weighted likelihood."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from genzoo.accel.devices import full_float32
from genzoo.accel.fastconv import any_rounding
from genzoo.checkpoint.measurement import MetricValue
from genzoo.data import ImageData
from genzoo.errors import UsageError
from genzoo.evaluate.extractors import batches_of, draw
from genzoo.evaluate.intervals import row_of_images
from genzoo.evaluate.progress import quiet
from genzoo.sampling import noise
from genzoo.sampling.elbo import log_likelihood, log_prior_ratio, reparameterize, vae_input
from genzoo.sampling.model import Model
from genzoo.zoo.metrics import metrics_of
from genzoo.zoo.registry import ALL_METRICS, resolve
from genzoo.zoo.spec import Entry, Recipe

SAMPLES = 500
LIKELIHOOD_IMAGES = 1000
BATCH = 200
_DECODED = 500  # images at a time; more fall out of a processor's cache


@dataclass(frozen=True)
class Likelihoods:
    """A VAE's metrics of single images: (n,) each.

    Attributes:
        reconstruction_error: squared error per pixel of the posterior mean's image, pixels in [0, 1].
        elbo: the evidence lower bound in nats, averaged over the posterior samples.
        log_likelihood: the importance-weighted bound in nats, Burda et al. 2016.
    """

    reconstruction_error: Tensor
    elbo: Tensor
    log_likelihood: Tensor


def describe_likelihood(recipe: Recipe) -> str:
    """The likelihood that a VAE's metrics assume, in words."""
    if recipe.likelihood == "gaussian":
        return (
            f"Gaussian of standard deviation {recipe.likelihood_sd:.6g} around each pixel in [0, 1]: a density, "
            "which bits per dimension multiply by the width of a grey level, 1/255"
        )
    if recipe.binarize:
        return "Bernoulli, of images whose pixels were drawn from their grey levels"
    return (
        "Bernoulli cross-entropy with grey levels as probabilities: no normalised likelihood of grey images, "
        "comparable only among VAEs measured likewise"
    )


@torch.no_grad()
def likelihoods(
    model: Model,
    images: ImageData,
    samples: int = SAMPLES,
    seed: int = 0,
    report: Callable[[int], None] = quiet,
) -> Likelihoods:
    """A VAE's reconstruction error, ELBO and importance-weighted log-likelihood of each image.

    Args:
        model: the VAE.
        images: those whose likelihood is estimated.
        samples: posterior samples of each image.
        seed: of the samples; those of image i depend on the seed, i and `samples` alone.
        report: called with the number of images done.

    Returns:
        Metrics of each image, in float64.

    Raises:
        UsageError: for a model that is no VAE, images of another shape, or fewer than one sample.
    """
    if samples < 1:
        raise UsageError(f"{samples} posterior samples cannot be averaged: 1 is the least.")
    # Transposed convolutions are half as fast again channels-last; the copy leaves the model as it was.
    generator = copy.deepcopy(model.generator).to(memory_format=torch.channels_last)
    found: list[tuple[Tensor, Tensor, Tensor]] = []
    for place in batches_of(len(images), max(1, min(BATCH, _DECODED // samples))):
        x = vae_input(images.batch(torch.arange(place.start, place.stop)), model.entry.recipe, seed, place.start)
        x = x.to(model.device)
        posterior = model.encode(x)
        # Not every accelerator has float64.
        weights = log_weights(model, generator, x, posterior, samples, seed, place.start).cpu().double()
        error = (model.decode(posterior[0]) - x).square().flatten(1).mean(1).cpu().double()
        bound = weights.logsumexp(1) - math.log(samples)
        found.append((error, weights.mean(1), bound))
        report(place.stop)
    error, elbo, bound = (torch.cat(parts) for parts in zip(*found, strict=True))
    return Likelihoods(error, elbo, bound)


@torch.no_grad()
def log_weights(
    model: Model,
    generator: nn.Module,
    x: Tensor,
    posterior: tuple[Tensor, Tensor],
    samples: int,
    seed: int = 0,
    start: int = 0,
) -> Tensor:
    """Logarithms of importance weights: (n, c, h, w), and mean and log-variance (n, z) -> (n, samples) nats.

    They are log p(x | z) + log p(z) - log q(z | x) for samples z of the posterior.  Their mean estimates the ELBO,
    the logarithm of the mean of their exponentials a tighter bound.  Images `start` to `start + n` of a dataset are
    given; `generator` is the model's, in whatever memory format.
    """
    mean, log_variance = posterior
    n, size = mean.shape
    drawn = noise.normals(seed, start * samples, n * samples, size, stream="latents")
    epsilon = torch.from_numpy(drawn).view(n, samples, size).to(mean.device)
    mean, log_variance = mean.unsqueeze(1), log_variance.unsqueeze(1)
    z = reparameterize(mean, log_variance, epsilon)
    ratio = log_prior_ratio(z, log_variance, epsilon)
    parts = []
    for image, latents in zip(_repeated(x, samples), torch.split(z.flatten(0, 1), _DECODED), strict=True):
        with full_float32(model.device), any_rounding():
            raw = generator(latents.to(model.dtype)).float()
        parts.append(log_likelihood(image.float(), raw, model.entry.recipe))
    return torch.cat(parts).view(n, samples) + ratio


def _repeated(x: Tensor, samples: int) -> Iterator[Tensor]:
    """Each image as often as it has samples, in pieces of the size that is decoded at a time."""
    index = torch.arange(len(x), device=x.device).repeat_interleave(samples)
    return (x[part] for part in torch.split(index, _DECODED))


def posterior_inputs(
    data: ImageData, entry: Entry, seed: int, device: torch.device, repeat: int = 0
) -> Iterator[tuple[Tensor, Tensor]]:
    """Images in batches, as an entry's VAE is trained on them, and the noise of one posterior sample of each.

    Args:
        data: the images.
        entry: whose recipe says whether they are binarised.
        seed: of the noise, and of the binarisation.
        device: where both are wanted.
        repeat: which sample of an image it is, the first being 0.

    Returns:
        Images (n, c, h, w), and standard normal numbers (n, z).
    """
    for place in batches_of(len(data), BATCH):
        x = data.batch(torch.arange(place.start, place.stop, device=data.pixels.device))
        drawn = noise.normals(seed, repeat * len(data) + place.start, len(x), entry.latent_size)
        yield vae_input(x, entry.recipe, seed, place.start).to(device), torch.from_numpy(drawn).to(device)


@dataclass(frozen=True)
class Explained:
    """A VAE's terms of test images; each metric of VAEs is a function of them.

    A metric gives its value for each of some images, (n,), and of its row `samples` and `likelihood`, where it has any.

    Attributes:
        each: of all the images, with one posterior sample.
        bound: the importance-weighted bound of some of them, in nats: (n,).
        samples: posterior samples of that bound.
        recipe: whose likelihood is meant.
        dimensions: values of an image.
    """

    each: Likelihoods
    bound: Tensor
    samples: int
    recipe: Recipe
    dimensions: int

    def reconstruction_error(self) -> tuple[Tensor, dict[str, Any]]:
        """Squared error of the posterior mean's image."""
        return self.each.reconstruction_error, {}

    def elbo(self) -> tuple[Tensor, dict[str, Any]]:
        """With one posterior sample."""
        return self.each.elbo, {"likelihood": describe_likelihood(self.recipe)}

    def log_likelihood(self) -> tuple[Tensor, dict[str, Any]]:
        """The importance-weighted bound."""
        return self.bound, {"samples": self.samples, "likelihood": describe_likelihood(self.recipe)}

    def bits_per_dimension(self) -> tuple[Tensor, dict[str, Any]]:
        """That bound by pixel and channel."""
        bound, more = self.log_likelihood()
        return bits_per_dimension(bound, self.recipe, self.dimensions), more


def measure_likelihood(
    model: Model,
    test: ImageData,
    images: int = LIKELIHOOD_IMAGES,
    samples: int = SAMPLES,
    seed: int = 0,
    report: Callable[[int], None] = quiet,
) -> dict[str, MetricValue]:
    """A VAE's metrics on test images, each with its standard error, n, unit, likelihood and interval.

    Args:
        model: the VAE.
        test: the test images.
        images: for how many of them, drawn by the seed, the importance-weighted bound is computed;
            reconstruction error and ELBO are computed for all.
        samples: posterior samples of the importance-weighted bound.
        seed: of the draw and of the samples.
        report: called with how much is done, of what `likelihood_work` says.

    Returns:
        By metric, its row.

    Raises:
        UsageError: for a model that is no VAE, or images of another shape.
    """
    each = likelihoods(model, test, 1, seed, report)
    chosen = draw(len(test), min(images, len(test)), seed)
    some = ImageData(test.dataset, test.pixels[chosen])
    before, each_costs = len(test), _cost(samples)
    bound = likelihoods(model, some, samples, seed, lambda done: report(before + each_costs * done)).log_likelihood
    explained = Explained(each, bound, samples, model.entry.recipe, math.prod(test.dataset.shape))
    found = {name: resolve(ALL_METRICS[name].compute)(explained) for name in metrics_of("vae")}
    return {name: row_of_images(values, ALL_METRICS[name].unit, **more) for name, (values, more) in found.items()}


def likelihood_work(test: int, images: int, samples: int = SAMPLES) -> int:
    """The number that `measure_likelihood` counts to in its reports, for a number of test images."""
    return test + min(images, test) * _cost(samples)


def _cost(samples: int) -> int:
    # Decoding is most of it; an image of one sample costs about as much as 20 more samples.
    return 1 + samples // 20


def bits_per_dimension(log_likelihood: Tensor, recipe: Recipe, dimensions: int) -> Tensor:
    """Nats per image as bits per pixel and channel: (n,) -> (n,).

    A Gaussian's density is multiplied by the width of a grey level, 1/255.
    """
    bits = -log_likelihood / (dimensions * math.log(2))
    return bits + math.log2(255) if recipe.likelihood == "gaussian" else bits
