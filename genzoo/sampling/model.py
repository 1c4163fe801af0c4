"""A trained model: load it by name, sample it, look into its latent space."""

from __future__ import annotations

import os
from collections.abc import Iterator
from functools import cached_property

import torch
from torch import Tensor, nn

from genzoo.accel.devices import find_device
from genzoo.accel.memory import clear_memory_errors
from genzoo.checkpoint.config import Config, read_config
from genzoo.checkpoint.folder import Folder
from genzoo.checkpoint.layout import DISCRIMINATOR, METRICS, MODEL
from genzoo.checkpoint.measurement import Measurement, read_metrics
from genzoo.checkpoint.nets import read_weights
from genzoo.errors import UsageError
from genzoo.hub import find_folder
from genzoo.images.pixels import to_pixels
from genzoo.sampling import arguments
from genzoo.sampling.batches import BATCH, draw_batches, draw_latents, great_circle, join_batches, own_dtype
from genzoo.sampling.elbo import elbo_terms, posterior, vae_input
from genzoo.sampling.golden import check_golden, refuse_changed
from genzoo.sampling.priors import Mixture, Prior
from genzoo.zoo.registry import FAMILIES
from genzoo.zoo.spec import Entry


class Model:
    """A generator with its latent space, and the encoder or discriminator it was trained with.

    Every method raises `UsageError` for arguments that it has no result for (images or latents of another shape, a
    number or a seed out of range, a prior or a net that the model lacks, more images than fit in memory).

    Attributes:
        entry: architecture, dataset and recipe.
        config: the folder's `config.json`.
        folder: the checkpoint folder that the model comes from.
        device: where it runs.
        dtype: the type that it computes in.
        generator: latents (n, z) -> raw values (n, c, h, w), of which `decode` makes pixels.
    """

    generator: nn.Module

    def __init__(self, config: Config, folder: Folder, device: torch.device, dtype: torch.dtype) -> None:
        """Load what sampling needs of a checkpoint folder; a discriminator follows when it is needed."""
        self.config, self.folder, self.device, self.dtype = config, folder, device, dtype
        self.entry: Entry = config.entry
        weights = read_weights(self.entry, folder, MODEL, dtype, device)
        vars(self).update(weights.nets)  # `generator`, and a VAE's `encoder`
        self._mixture = weights.mixture

    @classmethod
    def from_pretrained(
        cls,
        source: str | os.PathLike[str],
        revision: str | None = None,
        device: str | torch.device | None = None,
        dtype: torch.dtype | None = None,
    ) -> Model:
        """A model with its trained weights; arguments and errors are those of `load`.

        Beside them, `revision` is the repository's branch, tag or commit, unless `source` names it.
        """
        dtype = arguments.chosen_dtype(dtype)
        folder = find_folder(source, revision)
        return cls(read_config(folder), folder, find_device(device), dtype)

    @classmethod
    def of_folder(cls, folder: Folder) -> Model:
        """The model of a checkpoint folder, on the CPU and in float32; raises `BadCheckpointError` as `load` does."""
        return cls(read_config(folder), folder, torch.device("cpu"), torch.float32)

    def save_pretrained(self, save_directory: str | os.PathLike[str]) -> None:
        """Write the checkpoint folder that the model was loaded from to another place, whole or not at all.

        Its files are copied as they are, golden images and measurement among them.

        Raises:
            UsageError: for a folder that is not empty, or nets that were changed in memory.
            GenzooError: when it cannot be written, or a file is on the Hub and cannot be fetched.
        """
        from genzoo.release.publish import save

        refuse_changed(self)
        save(self.folder, save_directory)

    def push_to_hub(
        self,
        repo_id: str,
        *,
        private: bool = False,
        revision: str | None = None,
        commit_message: str | None = None,
        token: str | None = None,
    ) -> str:
        """Publish the checkpoint folder that the model was loaded from, checked, as one commit on the Hub.

        Args:
            repo_id: `user/repo`; it is made if it is not there.
            private: whether it must be one that only its owner sees.
            revision: the branch to commit to; main unless told otherwise.
            commit_message: of the commit.
            token: for the Hub; `HF_TOKEN`, or that of `hf auth login`, unless told otherwise.

        Returns:
            A source that loads just this commit, `user/repo@<commit>`.

        Raises:
            UsageError: for a repository or branch that cannot be, one that is public where a private one is wanted,
                or nets that were changed in memory.
            BadCheckpointError: for a folder, or a card in it, that is not sound.
            HubError: when the Hub does not take it.
        """
        from genzoo.release.publish import publish

        refuse_changed(self)
        return publish(self.folder, repo_id, private=private, branch=revision, message=commit_message, token=token)

    def __repr__(self) -> str:
        return f"Model({self.name!r}, device={str(self.device)!r}, dtype={self.dtype})"

    @property
    def metrics(self) -> Measurement | None:
        """What `metrics.json` holds, e.g. `metrics.rows["frechet_distance"].mean`; None where it was not measured.

        Raises:
            DataError: if the file is no measurement.
        """
        return read_metrics(self.folder.file(METRICS)) if self.folder.has(METRICS) else None

    @property
    def name(self) -> str:
        """The entry's full name."""
        return self.entry.name

    @property
    def nets(self) -> dict[str, nn.Module]:
        """The nets that are loaded, by name: a discriminator is once it was needed."""
        return {name: vars(self)[name] for name in ("generator", "encoder", "discriminator") if name in vars(self)}

    @cached_property
    def discriminator(self) -> nn.Module:
        """The discriminator: images (n, c, h, w) in [0, 1] -> scores (n,).

        Raises:
            HubError: for a repository on the Hub, when that does not give it.
            BadCheckpointError: when the folder has none.
        """
        if self.entry.is_vae:
            raise UsageError(f"{self.name} is a VAE and has no discriminator: use `elbo` to score images.")
        return read_weights(self.entry, self.folder, DISCRIMINATOR, self.dtype, self.device).nets["discriminator"]

    @cached_property
    def encoder(self) -> nn.Module:
        """A VAE's encoder: images (n, c, h, w) in [0, 1] -> means beside log-variances (n, 2 z)."""
        known = " or ".join(family.name for family in FAMILIES.values() if family.is_vae)
        raise UsageError(f"{self.name} is no VAE and has no encoder: the VAEs' names begin with {known}.")

    @cached_property
    def mixture(self) -> Mixture:
        """A VAE's second prior, a mixture of Gaussians; raises `BadCheckpointError` if it is no distribution."""
        if self._mixture:
            return Mixture(self._mixture, self.name)
        raise UsageError(f"{self.name} is no VAE and has no mixture: its latents are normal.")

    def to(self, device: str | torch.device) -> Model:
        """This model, with its nets moved to a device; raises `UsageError` for one that is not here."""
        self.device = find_device(device)
        for net in self.nets.values():
            net.to(self.device)
        return self

    def check(self) -> None:
        """Raise `BadCheckpointError` unless every net loads, and the golden images come out to a grey level."""
        check_golden(self)

    def latents(self, n: int, seed: int | None = None, start: int = 0, prior: Prior = "normal") -> Tensor:
        """Latents `start` to `start + n` of a seed: (n, z) float32, of the standard normal or a VAE's mixture.

        Latent i of a seed depends on nothing but the seed, the prior and i; no seed takes a new one.
        """
        n, start = arguments.chosen_range(n, start)
        with clear_memory_errors(f"{n:,} latents take", "ask for fewer at a time, by start"):
            return draw_latents(self, n, arguments.chosen_seed(seed), start, prior)

    def decode(self, z: Tensor) -> Tensor:
        """Images of latents: (n, z) -> (n, c, h, w) float32 in [0, 1], differentiable in `z`."""
        arguments.refuse_other_latents(self.entry, z)
        with own_dtype(self.entry, self.device):
            raw = self.generator(z.to(self.device, self.dtype))
        return to_pixels(raw, self.entry.output_activation)

    def iter_samples(
        self, n: int, seed: int | None = None, *, start: int = 0, batch_size: int = BATCH, prior: Prior = "normal"
    ) -> Iterator[Tensor]:
        """Samples in batches, (<= batch_size, c, h, w) each, in constant memory; see `sample`.

        What is wrong with the arguments is said at once.
        """
        n, start = arguments.chosen_range(n, start)
        batch_size, seed = arguments.chosen_batch_size(batch_size), arguments.chosen_seed(seed)
        draw_latents(self, 1, seed, start, prior)  # so that what is wrong is said before a batch is asked for
        return draw_batches(self, n, seed, start, batch_size, prior)

    def sample(
        self, n: int, seed: int | None = None, *, start: int = 0, batch_size: int = BATCH, prior: Prior = "normal"
    ) -> Tensor:
        """Images `start` to `start + n` of a seed: (n, c, h, w) float32 in [0, 1], on the CPU.

        Image i depends on the model, the seed and i alone: not on n, the batch size or the device,
        to within one grey level of 255.  Without a seed each call gives other images.  A VAE also draws
        from its `mixture`, which leaves out latents that no training image has.

        Raises:
            BadCheckpointError: for weights that give images that are not finite.
        """
        batches = self.iter_samples(n, seed, start=start, batch_size=batch_size, prior=prior)
        return join_batches(batches, arguments.chosen_range(n, start)[0], self.entry.dataset.shape)

    def interpolate(self, z0: Tensor, z1: Tensor, steps: int) -> Tensor:
        """Images on the great circle from one latent to another: (z,), (z,) -> (steps, c, h, w).

        Spherical interpolation keeps the norm that latents of a normal distribution have.
        """
        arguments.refuse_other_ends(self.entry, z0, z1)
        steps = arguments.chosen_steps(steps)
        with clear_memory_errors(f"{steps:,} images take", "ask for fewer steps"):
            return self.decode(great_circle(z0.to(self.device).float(), z1.to(self.device).float(), steps))

    def score(self, x: Tensor) -> Tensor:
        """The discriminator's scores of images, logits where it is a GAN's: (n, c, h, w) in [0, 1] -> (n,)."""
        discriminator = self.discriminator
        with own_dtype(self.entry, self.device):
            scores: Tensor = discriminator(self._images(x)).float()
        return scores

    def encode(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """A VAE's posterior of images: (n, c, h, w) in [0, 1] -> mean and log-variance, (n, z) each."""
        encoder = self.encoder
        with own_dtype(self.entry, self.device):
            return posterior(encoder(self._images(x)))

    def reconstruct(self, x: Tensor) -> Tensor:
        """A VAE's images of the posterior means: (n, c, h, w) -> (n, c, h, w), both in [0, 1]."""
        return self.decode(self.encode(x)[0])

    def elbo(self, x: Tensor, seed: int | None = 0) -> Tensor:
        """A VAE's evidence lower bound in nats, with one posterior sample: (n, c, h, w) -> (n,).

        A VAE of binarised images sees grey ones binarised by the seed, as it was trained.
        """
        seed, encoder, recipe = arguments.chosen_seed(seed), self.encoder, self.entry.recipe
        arguments.refuse_other_images(self.entry, x)
        with own_dtype(self.entry, self.device):
            return elbo_terms(
                vae_input(x, recipe, seed, 0).to(self.device),
                lambda images: encoder(images.to(self.dtype)),
                lambda z: self.generator(z.to(self.dtype)),
                draw_latents(self, len(x), seed, 0),
                recipe,
            ).elbo

    def _images(self, x: Tensor) -> Tensor:
        arguments.refuse_other_images(self.entry, x)
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
        dtype: the type to compute in; float32 unless told otherwise.

    Raises:
        UnknownNameError: for what can be neither a name, a folder nor a repository.
        WeightsNotFoundError: for an entry that has no trained weights yet.
        HubError: when the Hub, or the way to it, does not give what is not on this machine.
        BadCheckpointError: for a folder that is damaged, altered or not genzoo's.
        UsageError: for a device or a type that nets cannot be computed on or in.
    """
    return Model.from_pretrained(source, device=device, dtype=dtype)
