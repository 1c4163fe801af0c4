"""A trained model: load it by name, sample it, look into its latent space."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from functools import cached_property
from typing import Any

import torch
from torch import Tensor, nn

from genzoo.accel.devices import find_device, full_float32
from genzoo.accel.memory import clear_memory_errors
from genzoo.checkpoint.measurement import read_metrics
from genzoo.checkpoint.weights import CRITIC, METRICS, Config, Folder, load_net, read_golden, read_mixture
from genzoo.errors import BadCheckpointError, UsageError
from genzoo.images.pixels import to_pixels
from genzoo.sampling import noise
from genzoo.sampling.arguments import (
    chosen_batch_size,
    chosen_range,
    chosen_seed,
    chosen_steps,
    refuse_other_ends,
    refuse_other_images,
    refuse_other_latents,
)
from genzoo.sampling.elbo import binarized, gaussian_kl, log_likelihood, posterior, sample_posterior
from genzoo.sampling.pretrained import Pretrained
from genzoo.sampling.priors import PRIORS, Mixture, Prior
from genzoo.zoo.registry import FAMILIES
from genzoo.zoo.spec import Entry

BATCH = 256
"""Images computed at a time unless told otherwise: large enough for any processor, small in memory."""
_GREY_LEVEL = 1 / 255


class Model(Pretrained):
    """A generator with its latent space, and the encoder or critic it was trained with."""

    def __init__(self, config: Config, folder: Folder, device: torch.device, dtype: torch.dtype) -> None:
        """Load the generator of a checkpoint folder; the other nets follow when they are needed."""
        super().__init__(config, folder, device, dtype)
        self.entry: Entry = config.entry
        self.generator: nn.Module = load_net(self.entry, folder, "generator", dtype, device)

    def __repr__(self) -> str:
        return f"Model({self.name!r}, device={str(self.device)!r}, dtype={self.dtype})"

    @property
    def metrics(self) -> dict[str, Any] | None:
        """What `genzoo evaluate` measured, as `metrics.json` holds it; None where it has not measured.

        Raises:
            DataError: for a file that is no measurement.
        """
        return read_metrics(self.folder.file(METRICS)) if self.folder.has(METRICS) else None

    @property
    def name(self) -> str:
        """The entry's full name."""
        return self.entry.name

    @cached_property
    def critic(self) -> nn.Module:
        """The discriminator or critic: images (n, c, h, w) in [0, 1] -> scores (n,).

        Raises:
            UsageError: for a VAE.
            HubError: for a repository on the Hub, when that does not give it.
            BadCheckpointError: when the folder has none.
        """
        if self.entry.is_vae:
            raise UsageError(f"{self.name} is a VAE and has no critic: use `elbo` to score images.")
        return load_net(self.entry, self.folder, "critic", self.dtype, self.device)

    @cached_property
    def encoder(self) -> nn.Module:
        """The encoder: images (n, c, h, w) in [0, 1] -> means beside log-variances (n, 2 z).

        Raises:
            UsageError: for a model that is no VAE.
        """
        if not self.entry.is_vae:
            known = " or ".join(family.name for family in FAMILIES.values() if family.is_vae)
            raise UsageError(f"{self.name} is no VAE and has no encoder: the VAEs' names begin with {known}.")
        return load_net(self.entry, self.folder, "encoder", self.dtype, self.device)

    @cached_property
    def mixture(self) -> Mixture:
        """A VAE's second prior: Gaussians fitted to the latents of its training images.

        Raises:
            UsageError: for a model that is no VAE.
            BadCheckpointError: when the folder's is damaged.
        """
        if not self.entry.is_vae:
            raise UsageError(f"{self.name} is no VAE and has no mixture: its latents are normal.")
        return Mixture(read_mixture(self.folder), self.name)

    def to(self, device: str | torch.device) -> Model:
        """The same model, with its nets moved to a device.

        Raises:
            UsageError: for a device that this machine does not have.
        """
        self.device = find_device(device)
        for net in self._loaded().values():
            net.to(self.device)
        return self

    def _loaded(self) -> dict[str, nn.Module]:
        """The generator, and those of the other nets that were needed so far."""
        return {name: vars(self)[name] for name in ("generator", "encoder", "critic") if name in vars(self)}

    def changed(self) -> list[str]:
        """The names of nets that are no longer what their files hold."""

        def same(name: str, net: nn.Module) -> bool:
            held = load_net(self.entry, self.folder, name, self.dtype, torch.device("cpu")).state_dict()
            now = net.state_dict()
            return now.keys() == held.keys() and all(torch.equal(now[key].cpu(), held[key]) for key in held)

        return [name for name, net in self._loaded().items() if not same(name, net)]

    def load_nets(self) -> None:
        """Load every net of the folder, those too that sampling does without.

        Raises:
            BadCheckpointError: for one that does not load.
        """
        if self.entry.is_vae:
            _ = self.encoder, self.mixture
        elif self.folder.has(CRITIC):
            _ = self.critic

    def check(self) -> None:
        """Load every net, and hold what the generator gives against the folder's golden images.

        Raises:
            BadCheckpointError: for a net that does not load, golden images that are not there or not finite, and
                images that are more than a grey level away from them.
        """
        self.load_nets()
        latents, images = read_golden(self.folder, self.entry)
        with torch.no_grad():
            difference = (self.decode(latents).cpu() - images).abs().max()
        if not difference <= _GREY_LEVEL:
            raise BadCheckpointError(
                f"{self.folder.path} does not give its golden images: it was altered after its training."
            )

    def latents(self, n: int, seed: int | None = None, start: int = 0, prior: Prior = "normal") -> Tensor:
        """Latents `start` to `start + n` of a seed: (n, z) float32, of the standard normal or a VAE's mixture.

        Latent i of a seed depends on nothing but the seed, the prior and i; no seed takes a new one.

        Raises:
            UsageError: for an `n` below 1, a negative start, a seed out of range or a prior the model lacks, and for
                more than fit in memory.
        """
        n, start = chosen_range(n, start)
        with clear_memory_errors(f"{n:,} latents take", "ask for fewer at a time, by start"):
            return self._latents(n, chosen_seed(seed), start, prior)

    def _latents(self, n: int, seed: int, start: int, prior: Prior = "normal") -> Tensor:
        if prior == "mixture":
            return self.mixture.latents(seed, start, n).to(self.device)
        if prior != "normal":
            raise UsageError(f"There is no prior {prior!r}: there are {' and '.join(PRIORS)}.")
        return torch.from_numpy(noise.normals(seed, start, n, self.entry.latent_size)).to(self.device)

    def decode(self, z: Tensor) -> Tensor:
        """Images of latents: (n, z) -> (n, c, h, w) float32 in [0, 1], differentiable in `z`.

        Raises:
            UsageError: for latents of another shape.
        """
        refuse_other_latents(self.entry, z)
        with self._exactly():
            raw = self.generator(z.to(self.device, self.dtype))
        return to_pixels(raw, self.entry.output)

    def iter_samples(
        self, n: int, seed: int | None = None, *, start: int = 0, batch_size: int = BATCH, prior: Prior = "normal"
    ) -> Iterator[Tensor]:
        """Samples in batches, (<= batch_size, c, h, w) each, in constant memory; see `sample`.

        Raises:
            UsageError: at once, for an `n` or `batch_size` below 1, a negative start or a bad seed or prior.
            BadCheckpointError: for weights that give images that are not finite.
        """
        n, start = chosen_range(n, start)
        batch_size, seed = chosen_batch_size(batch_size), chosen_seed(seed)
        self._latents(1, seed, start, prior)  # so that what is wrong is said before the first batch is asked for
        return self._batches(n, seed, start, batch_size, prior)

    def _batches(self, n: int, seed: int, start: int, batch_size: int, prior: Prior) -> Iterator[Tensor]:
        for first in range(start, start + n, batch_size):
            count = min(batch_size, start + n - first)
            with torch.no_grad(), clear_memory_errors(f"{count:,} images at a time take", "give a smaller batch_size"):
                z = self._latents(count, seed, first, prior)
                images = self.decode(z).cpu()
            if not bool(images.isfinite().all()):
                raise BadCheckpointError(
                    f"{self.name} gives images that are not finite: its weights are damaged, or too large for "
                    f"{self.dtype}; fetch or train it again, or load it in float32."
                )
            yield images

    def sample(
        self, n: int, seed: int | None = None, *, start: int = 0, batch_size: int = BATCH, prior: Prior = "normal"
    ) -> Tensor:
        """Images `start` to `start + n` of a seed: (n, c, h, w) float32 in [0, 1], on the CPU.

        Image i depends on the model, the seed and i alone: not on n, the batch size or the device,
        to within one grey level of 255.  Without a seed each call gives other images.  A VAE also draws
        from its `mixture`, which leaves out latents that no training image has.

        Raises:
            UsageError: for an `n` or `batch_size` below 1, a negative start, a seed out of range or a
                prior the model lacks.
            BadCheckpointError: for weights that give images that are not finite.
        """
        batches = self.iter_samples(n, seed, start=start, batch_size=batch_size, prior=prior)
        (n, _), shape = chosen_range(n, start), self.entry.dataset.shape
        size = f"{4 * n * math.prod(shape) / 1e9:,.1f} GB"
        with clear_memory_errors(f"{n:,} images take {size},", "draw them in batches, with iter_samples"):
            images = torch.empty((n, *shape), dtype=torch.float32, device="cpu")
        done = 0
        for batch in batches:
            images[done : done + len(batch)] = batch
            done += len(batch)
        return images

    def interpolate(self, z0: Tensor, z1: Tensor, steps: int) -> Tensor:
        """Images on the great circle from one latent to another: (z,), (z,) -> (steps, c, h, w).

        Spherical interpolation keeps the norm that latents of a normal distribution have.

        Raises:
            UsageError: for fewer than 2 steps, more than fit in memory, or latents of another shape.
        """
        refuse_other_ends(self.entry, z0, z1)
        steps = chosen_steps(steps)
        with clear_memory_errors(f"{steps:,} images take", "ask for fewer steps"):
            return self._interpolate(z0, z1, steps)

    def _interpolate(self, z0: Tensor, z1: Tensor, steps: int) -> Tensor:
        if steps >= 2**60:  # where torch says something else
            raise MemoryError
        share = torch.linspace(0, 1, steps, dtype=torch.float32, device=self.device).unsqueeze(1)
        z0, z1 = z0.to(self.device).float(), z1.to(self.device).float()
        cosine = torch.nn.functional.cosine_similarity(z0, z1, dim=0).clamp(-1, 1)
        angle = cosine.acos()
        if angle.sin().abs() < 1e-4:
            path = torch.lerp(z0.expand(steps, -1), z1.expand(steps, -1), share)
        else:
            path = (((1 - share) * angle).sin() * z0 + (share * angle).sin() * z1) / angle.sin()
        return self.decode(path)

    def score(self, x: Tensor) -> Tensor:
        """The discriminator's logits (or critic's scores) of images: (n, c, h, w) in [0, 1] -> (n,).

        Raises:
            UsageError: for a VAE, or images of another shape.
        """
        critic = self.critic
        with self._exactly():
            scores: Tensor = critic(self._images(x)).float()
        return scores

    def encode(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """A VAE's posterior of images: (n, c, h, w) in [0, 1] -> mean and log-variance, (n, z) each.

        Raises:
            UsageError: for a model that is no VAE, or images of another shape.
        """
        encoder = self.encoder
        with self._exactly():
            return posterior(encoder(self._images(x)))

    def reconstruct(self, x: Tensor) -> Tensor:
        """A VAE's images of the posterior means: (n, c, h, w) -> (n, c, h, w), both in [0, 1].

        Raises:
            UsageError: for a model that is no VAE, or images of another shape.
        """
        return self.decode(self.encode(x)[0])

    def elbo(self, x: Tensor, seed: int | None = 0) -> Tensor:
        """A VAE's evidence lower bound in nats, with one posterior sample: (n, c, h, w) -> (n,).

        A VAE of binarised images sees grey ones binarised by the seed, as it was trained.

        Raises:
            UsageError: for a model that is no VAE, or images of another shape.
        """
        seed = chosen_seed(seed)
        if self.entry.recipe.binarize:
            refuse_other_images(self.entry, x)
            x = binarized(x.cpu().float(), seed, 0)
        encoder = self.encoder
        with self._exactly():
            encoded = encoder(self._images(x))
            mean, log_variance, z = sample_posterior(encoded, self._latents(len(x), seed, 0))
            raw = self.generator(z.to(self.dtype)).float()
        likelihood = log_likelihood(x.to(self.device).float(), raw, self.entry.recipe)
        return likelihood - gaussian_kl(mean, log_variance)

    @contextmanager
    def _exactly(self) -> Iterator[None]:
        """In the model's own dtype: a caller's autocast would change what a seed gives."""
        kind = self.device.type
        cast = torch.amp.is_autocast_available(kind) and torch.is_autocast_enabled(kind)
        with (
            torch.autocast(kind, enabled=False) if cast else nullcontext(),
            full_float32(self.device, cudnn=self.entry.arch.cudnn),
        ):
            yield

    def _images(self, x: Tensor) -> Tensor:
        refuse_other_images(self.entry, x)
        return x.to(self.device, self.dtype)


def load(
    source: str | os.PathLike[str],
    device: str | torch.device | None = None,
    dtype: torch.dtype | None = None,
) -> Model:
    """A model with its trained weights.

    Args:
        source: a full name, an alias, a checkpoint folder (always, where it is a `Path`), or
            `user/repo[@revision]` on the Hub.
        device: where it runs; the CPU unless told otherwise.
        dtype: what it computes in; float32 unless told otherwise.

    Raises:
        UnknownNameError: for what can be neither a name, a folder nor a repository.
        WeightsNotFoundError: for an entry that has no trained weights yet.
        HubError: when the Hub, or the way to it, does not give what is not on this machine.
        BadCheckpointError: for a folder that is damaged, altered or not genzoo's.
        UsageError: for a device that this machine does not have.
    """
    return Model.from_pretrained(source, device=device, dtype=dtype)
