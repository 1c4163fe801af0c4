"""The nets of a model in torch, each loaded when it is first needed, and its graphs, opened likewise."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import TYPE_CHECKING

from genzoo.checkpoint.layout import DISCRIMINATOR, MODEL
from genzoo.checkpoint.nets import empty_nets, read_weights
from genzoo.sampling import arguments

if TYPE_CHECKING:
    import torch
    from torch import nn
    from typing_extensions import Self

    from genzoo.checkpoint.folder import Folder
    from genzoo.zoo.spec import Entry

_LOADING = threading.RLock()
"""Held while a net is loaded, by any model: two threads must not get a net each, of which one is then changed."""


class HasNets:
    """Nets that are loaded when they are first needed, and are the caller's to change once they were asked for."""

    def __init__(self, entry: Entry, folder: Folder, device: torch.device, dtype: torch.dtype) -> None:
        self.entry, self.folder, self.device, self.dtype = entry, folder, device, dtype
        self._loaded: dict[str, nn.Module] = {}
        self._empty: Mapping[str, nn.Module] | None = None
        if folder.pinned is None:  # a stranger's folder: what is wrong with its weights is said at once
            self._net("generator")
        else:
            folder.file(MODEL)

    @cached_property
    def generator(self) -> nn.Module:
        """The generator: latents (n, z) -> raw values (n, c, h, w), of which `decode` makes pixels."""
        return self._net("generator")

    @cached_property
    def encoder(self) -> nn.Module:
        """A VAE's encoder: images (n, c, h, w) in [0, 1] -> means beside log-variances (n, 2 z)."""
        arguments.refuse_encode(self.entry)
        return self._net("encoder")

    @cached_property
    def discriminator(self) -> nn.Module:
        """The discriminator: images (n, c, h, w) in [0, 1] -> scores (n,).

        Raises:
            HubError: for a repository on the Hub, when that does not give it.
            BadCheckpointError: when the folder has none.
        """
        arguments.refuse_score(self.entry)
        return self._net("discriminator")

    @property
    def nets(self) -> dict[str, nn.Module]:
        """The nets by name: the generator, a VAE's encoder, and a discriminator once it was needed."""
        names = ["generator", "encoder"] if self.entry.is_vae else ["generator"]
        names += ["discriminator"] if "discriminator" in self.in_memory() else []
        return {name: getattr(self, name) for name in names}

    def to(self, device: str | torch.device) -> Self:
        """This model, with its nets moved to a device; raises `UsageError` for one that is not here."""
        from genzoo.accel.devices import find_device

        self.device = find_device(device)
        for net in self.in_memory().values():
            net.to(self.device)
        return self

    def in_memory(self) -> dict[str, nn.Module]:
        """The nets that were loaded by name, or that a caller has put in place of them; for reading alone."""
        names = ("generator", "encoder", "discriminator")
        return {**self._loaded, **{name: vars(self)[name] for name in names if name in vars(self)}}

    def _net(self, name: str) -> nn.Module:
        """A net, without its being the caller's: what is computed with it leaves it as it is."""
        with _LOADING:
            if name not in self.in_memory():
                file = DISCRIMINATOR if name == "discriminator" else MODEL
                if self._empty is None:
                    self._empty = empty_nets(self.entry, self.folder)
                self._loaded |= read_weights(self.entry, self.folder, file, self.dtype, self.device, self._empty)
            return self.in_memory()[name]

    def _refuse_changed(self) -> None:
        from genzoo.sampling.golden import refuse_changed

        refuse_changed(self)

    @contextlib.contextmanager
    def _full_precision(self) -> Iterator[None]:
        """Compute in the model's own dtype, in full: a caller's autocast or TF32 would change what a seed gives."""
        import torch

        from genzoo.accel.devices import full_float32

        kind = self.device.type
        cast = torch.amp.is_autocast_available(kind) and torch.is_autocast_enabled(kind)
        with (
            torch.autocast(kind, enabled=False) if cast else contextlib.nullcontext(),
            full_float32(self.device, cudnn=self.entry.arch.cudnn),
        ):
            yield
