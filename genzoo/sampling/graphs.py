"""Models whose nets are run as graphs, by ONNX Runtime and without torch."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import numpy.typing as npt

from genzoo.accel.sessions import Array, Session
from genzoo.checkpoint.config import Config, read_config
from genzoo.checkpoint.folder import Folder, LocalFolder
from genzoo.checkpoint.graphs import has_graph, read_graph
from genzoo.checkpoint.layout import GRAPHS
from genzoo.errors import GenzooError, HubError, UsageError
from genzoo.sampling import arguments
from genzoo.sampling.arguments import Engine
from genzoo.sampling.sampler import Sampler
from genzoo.zoo.spec import Entry

Floats = npt.NDArray[np.floating]
"""Given in any precision, computed and returned in float32."""

_OPENING = threading.RLock()
"""Held while a session is opened, by any model: two threads need only one."""
_OF_TORCH = ("generator", "encoder", "discriminator", "nets", "device", "dtype", "to", "elbo", "check")


class OnlyTorchError(UsageError, AttributeError):
    """A thing that engine='onnx' lacks: an argument that another engine could satisfy, and an attribute not there."""


class Sessions:
    """The sessions of a folder's graphs, each opened when it is first needed."""

    def __init__(self, folder: Folder, entry: Entry) -> None:
        self._folder, self._entry = folder, entry
        self._open: dict[str, Session] = {}

    def __getstate__(self) -> dict[str, Any]:
        return {**vars(self), "_open": {}}  # a session cannot be copied, nor sent to another process

    def get(self, net: str) -> Session:
        """The session of a net's graph; raises what `read_graph` raises."""
        with _OPENING:
            if net not in self._open:
                self._open[net] = Session(read_graph(self._folder, net, self._entry))
            return self._open[net]


def graph_at_hand(folder: Folder, net: str = "generator") -> bool:
    """Whether a net of a folder can be run as a graph; not where only the Hub, out of reach, could tell."""
    try:
        return has_graph(folder, net)
    except HubError:
        return False


class GeneratorGraph:
    """The generator's graph beside torch's nets, for as long as it is sure to be of the same weights."""

    def __init__(self, folder: Folder, entry: Entry) -> None:
        """Fetch the graph, where it is on the Hub: like the nets it is all here once a model is loaded."""
        self._folder, self._sessions = folder, Sessions(folder, entry)
        self._sums = folder.sums() if isinstance(folder, LocalFolder) else None
        self._usable: bool | None = None
        try:
            signed = type(folder) is not Folder or folder.pinned is not None
            if not (signed and has_graph(folder, "generator") and folder.file(GRAPHS["generator"])):
                self._usable = False
        except GenzooError:  # torch does without it, and `genzoo verify` tells
            self._usable = False

    def __getstate__(self) -> dict[str, Any]:
        return {**vars(self), "_usable": False if self._usable is False else None}

    def session(self) -> Session | None:
        """Its session; None where there is no graph that runs, or the folder is another by now."""
        try:
            found = None if self._usable is False else self._sessions.get("generator")
            if self._usable is None:
                self._usable = not isinstance(self._folder, LocalFolder) or self._folder.sums() == self._sums
        except GenzooError:
            self._usable = False
        return found if self._usable else None


class OnnxModel(Sampler[Floats]):
    """A model of `engine="onnx"`: NumPy arrays in and out, on the CPU in float32, and torch is not imported.

    Every method raises `UsageError` for arguments that it has no result for, and for what torch alone can do:
    gradients, other devices and types, the nets themselves and `elbo`.

    Attributes:
        entry: architecture, dataset and recipe.
        config: the folder's `config.json`.
        folder: the checkpoint folder that the model comes from.
    """

    engine: ClassVar[Engine] = "onnx"

    def __init__(self, config: Config, folder: Folder) -> None:
        """Open the generator's graph; other graphs follow when they are needed."""
        super().__init__(config, folder)
        self._sessions = Sessions(folder, self.entry)
        self._sessions.get("generator")

    @classmethod
    def of_folder(cls, folder: Folder) -> OnnxModel:
        """The model of a checkpoint folder; raises `BadCheckpointError` as `load` does."""
        return cls(read_config(folder), folder)

    def __repr__(self) -> str:
        return f"OnnxModel({self.name!r})"

    if not TYPE_CHECKING:  # a type checker is to miss what is not there

        def __getattr__(self, name):
            if name in _OF_TORCH:
                raise OnlyTorchError(f"engine='onnx' has no {name}: load {self.name} with engine='torch'.")
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")

    def decode(self, z: Floats) -> Floats:
        """Images of latents: (n, z) -> (n, c, h, w) float32 in [0, 1]."""
        arguments.refuse_other_latents(self.entry, z, self.engine)
        return self._draw(self._real(z))

    def encode(self, x: Floats) -> tuple[Floats, Floats]:
        """A VAE's posterior of images: (n, c, h, w) in [0, 1] -> mean and log-variance, (n, z) each."""
        arguments.refuse_encode(self.entry)
        arguments.refuse_other_images(self.entry, x, self.engine)
        mean, log_variance = self._sessions.get("encoder").run(self._real(x))
        return mean, log_variance

    def score(self, x: Floats) -> Floats:
        """The discriminator's scores of images, logits where it is a GAN's: (n, c, h, w) in [0, 1] -> (n,)."""
        arguments.refuse_score(self.entry)
        arguments.refuse_other_images(self.entry, x, self.engine)
        return self._sessions.get("discriminator").run(self._real(x))[0]

    def _draw(self, z: Array) -> Array:
        return self._sessions.get("generator").run(z)[0]

    def _real(self, values: Floats) -> Array:
        return np.asarray(values, dtype=np.float32)

    def _images(self, images: Array) -> Floats:
        return images
