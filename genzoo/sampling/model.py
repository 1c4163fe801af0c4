"""A trained model: load it by name, sample it, look into its latent space."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, ClassVar, Literal, TypeAlias, overload

from genzoo.checkpoint.config import Config, read_config
from genzoo.extras import refuse_without_torch
from genzoo.hub import find_folder
from genzoo.images.pixels import to_pixels
from genzoo.sampling import arguments, noise
from genzoo.sampling.arguments import Engine
from genzoo.sampling.graphs import GeneratorGraph, OnnxModel
from genzoo.sampling.nets import HasNets
from genzoo.sampling.sampler import Sampler

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import torch
    from torch import Tensor

    from genzoo.checkpoint.folder import Folder

Source: TypeAlias = str | os.PathLike[str]


class Model(HasNets, Sampler["Tensor"]):
    """A generator with its latent space, and the encoder or discriminator it was trained with.

    Every method raises `UsageError` for arguments that it has no result for (images or latents of another shape, a
    number or a seed out of range, a prior or a net that the model lacks, more images than fit in memory).

    On the CPU in float32 `sample` and `iter_samples` go by the graph beside the weights, which is faster, where the
    folder has one; all else is computed by torch, and is differentiable.  Once `generator` or `nets` was asked for,
    and so may have been changed, samples are torch's too.

    Attributes:
        entry: architecture, dataset and recipe.
        config: the folder's `config.json`.
        folder: the checkpoint folder that the model comes from.
        device: where it runs.
        dtype: the type that it computes in.
        generator: latents (n, z) -> raw values (n, c, h, w), of which `decode` makes pixels.
    """

    engine: ClassVar[Engine] = "torch"

    def __init__(self, config: Config, folder: Folder, device: torch.device, dtype: torch.dtype) -> None:
        """Load what sampling needs of a checkpoint folder; the rest follows when it is needed."""
        HasNets.__init__(self, config.entry, folder, device, dtype)
        Sampler.__init__(self, config, folder)
        self._graph = GeneratorGraph(folder, self.entry)

    @overload
    @classmethod
    def from_pretrained(
        cls,
        source: Source,
        revision: str | None = None,
        device: str | torch.device | None = None,
        dtype: torch.dtype | None = None,
        *,
        engine: Literal["torch"] | None = None,
    ) -> Model: ...

    @overload
    @classmethod
    def from_pretrained(
        cls,
        source: Source,
        revision: str | None = None,
        device: str | torch.device | None = None,
        dtype: torch.dtype | None = None,
        *,
        engine: Literal["onnx"],
    ) -> OnnxModel: ...

    @classmethod
    def from_pretrained(
        cls,
        source: Source,
        revision: str | None = None,
        device: str | torch.device | None = None,
        dtype: torch.dtype | None = None,
        *,
        engine: Engine | None = None,
    ) -> Model | OnnxModel:
        """A model with its trained weights; arguments and errors are those of `load`.

        Beside them, `revision` is the repository's branch, tag or commit, unless `source` names it.
        """
        if arguments.chosen_engine(engine) == "onnx":
            arguments.refuse_settings_of_torch(device, dtype)
            return OnnxModel.of_folder(find_folder(source, revision))
        refuse_without_torch()
        from genzoo.accel.devices import find_device

        dtype = arguments.chosen_dtype(dtype)
        folder = find_folder(source, revision)
        return cls(read_config(folder), folder, find_device(device), dtype)

    @classmethod
    def of_folder(cls, folder: Folder) -> Model:
        """The model of a checkpoint folder, on the CPU and in float32; raises `BadCheckpointError` as `load` does."""
        import torch

        return cls(read_config(folder), folder, torch.device("cpu"), torch.float32)

    def __repr__(self) -> str:
        return f"Model({self.name!r}, device={str(self.device)!r}, dtype={self.dtype})"

    def check(self) -> None:
        """Raise `BadCheckpointError` unless every net loads, and the golden images come out to a grey level."""
        from genzoo.sampling.golden import check_golden

        check_golden(self)

    def decode(self, z: Tensor) -> Tensor:
        """Images of latents: (n, z) -> (n, c, h, w) float32 in [0, 1], differentiable in `z`."""
        arguments.refuse_other_latents(self.entry, z, self.engine)
        with self._full_precision():
            raw = self._net("generator")(z.to(self.device, self.dtype))
        return to_pixels(raw, self.entry.output_activation)

    def score(self, x: Tensor) -> Tensor:
        """The discriminator's scores of images, logits where it is a GAN's: (n, c, h, w) in [0, 1] -> (n,)."""
        arguments.refuse_score(self.entry)
        arguments.refuse_other_images(self.entry, x, self.engine)
        with self._full_precision():
            scores: Tensor = self._net("discriminator")(x.to(self.device, self.dtype)).float()
        return scores

    def encode(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """A VAE's posterior of images: (n, c, h, w) in [0, 1] -> mean and log-variance, (n, z) each."""
        from genzoo.sampling.elbo import posterior

        arguments.refuse_encode(self.entry)
        arguments.refuse_other_images(self.entry, x, self.engine)
        with self._full_precision():
            return posterior(self._net("encoder")(x.to(self.device, self.dtype)))

    def elbo(self, x: Tensor, seed: int | None = 0) -> Tensor:
        """A VAE's evidence lower bound in nats, with one posterior sample: (n, c, h, w) -> (n,).

        A VAE of binarised images sees grey ones binarised by the seed, as it was trained.
        """
        from genzoo.sampling.elbo import elbo_terms, vae_input

        arguments.refuse_encode(self.entry)
        seed, recipe = arguments.chosen_seed(seed), self.entry.recipe
        arguments.refuse_other_images(self.entry, x, self.engine)
        encoder, generator = self._net("encoder"), self._net("generator")
        with self._full_precision():
            return elbo_terms(
                vae_input(x, recipe, seed, 0).to(self.device),
                lambda images: encoder(images.to(self.dtype)),
                lambda z: generator(z.to(self.dtype)),
                self._real(noise.normals(seed, 0, len(x), self.entry.latent_size)),
                recipe,
            ).elbo

    def _draw(self, z: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        import torch

        plain = self.device.type == "cpu" and self.dtype == torch.float32 and "generator" not in vars(self)
        if plain and (session := self._graph.session()):
            return session.run(z)[0]
        with torch.no_grad():
            images: npt.NDArray[np.float32] = self.decode(torch.from_numpy(z)).cpu().numpy()
        return images

    def _real(self, values: Tensor | npt.NDArray[np.float32]) -> Tensor:
        import torch

        return torch.as_tensor(values, dtype=torch.float32, device=self.device)

    def _images(self, images: npt.NDArray[np.float32]) -> Tensor:
        import torch

        return torch.from_numpy(images)


@overload
def load(
    source: Source,
    device: str | torch.device | None = None,
    dtype: torch.dtype | None = None,
    *,
    engine: Literal["torch"] | None = None,
) -> Model: ...


@overload
def load(
    source: Source,
    device: str | torch.device | None = None,
    dtype: torch.dtype | None = None,
    *,
    engine: Literal["onnx"],
) -> OnnxModel: ...


def load(
    source: Source,
    device: str | torch.device | None = None,
    dtype: torch.dtype | None = None,
    *,
    engine: Engine | None = None,
) -> Model | OnnxModel:
    """A model with its trained weights.

    Args:
        source: a full name, an alias, a checkpoint folder (always, where it is a `Path`), or
            `user/repo[@revision]` on the Hub.
        device: where it runs; the CPU unless told otherwise.
        dtype: the type to compute in; float32 unless told otherwise.
        engine: what runs the nets: `"torch"`, unless told otherwise, or `"onnx"`, by which the model takes and gives
            NumPy arrays and torch is not imported.

    Raises:
        UnknownNameError: for what can be neither a name, a folder nor a repository.
        WeightsNotFoundError: for an entry that has no trained weights yet.
        HubError: when the Hub, or the way to it, does not give what is not on this machine.
        BadCheckpointError: for a folder that is damaged, altered or not genzoo's.
        UsageError: for a device or a type that nets cannot be computed on or in, or an engine that there is not.
    """
    # Each engine by its own call, as the overloads have it.
    if arguments.chosen_engine(engine) == "onnx":
        return Model.from_pretrained(source, device=device, dtype=dtype, engine="onnx")
    return Model.from_pretrained(source, device=device, dtype=dtype)
