"""What a model has to do with checkpoint folders: it comes from one, is saved as one, and published as one."""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from typing import TypeVar

import torch

from genzoo.accel.devices import find_device
from genzoo.checkpoint.files import whole_folder
from genzoo.checkpoint.folder import Folder, sign
from genzoo.checkpoint.weights import Config, read_config
from genzoo.errors import UsageError
from genzoo.hub import find_folder
from genzoo.values import as_path

M = TypeVar("M", bound="Pretrained")
_DTYPES = (torch.float32, torch.bfloat16, torch.float16, torch.float64)
"""In which all that nets are made of is computed; torch stores numbers in others."""


class Pretrained(ABC):
    """A model as its checkpoint folder has it, under the names that the Hub's users know."""

    def __init__(self, config: Config, folder: Folder, device: torch.device, dtype: torch.dtype) -> None:
        self.config, self.folder = config, folder
        self.device, self.dtype = device, dtype

    @classmethod
    def from_pretrained(
        cls: type[M],
        source: str | os.PathLike[str],
        revision: str | None = None,
        device: str | torch.device | None = None,
        dtype: torch.dtype | None = None,
    ) -> M:
        """A model with its trained weights, as `load` gives it.

        Args:
            source: a full name, an alias, a checkpoint folder (always, where it is a `Path`), or
                `user/repo[@revision]` on the Hub.
            revision: the repository's branch, tag or commit, unless `source` names it.
            device: where it runs; the CPU unless told otherwise.
            dtype: what it computes in; float32 unless told otherwise.

        Raises:
            GenzooError: as `load` does.
        """
        if dtype is not None and not isinstance(dtype, torch.dtype):
            raise UsageError(f"{dtype!r} is no type of torch's: give torch.float16, say, and not its name.")
        if dtype not in (None, *_DTYPES):
            raise UsageError(f"Nets do not compute in {dtype}: give torch.float32, torch.bfloat16 or torch.float16.")
        folder = find_folder(source, revision)
        return cls(read_config(folder), folder, find_device(device), dtype or torch.float32)

    @classmethod
    def of_folder(cls: type[M], folder: Folder) -> M:
        """The model of a folder that is at hand, on the CPU and in float32.

        Raises:
            BadCheckpointError: for a folder that is damaged, altered or not genzoo's.
        """
        return cls(read_config(folder), folder, torch.device("cpu"), torch.float32)

    @classmethod
    def check_folder(cls, folder: Folder) -> None:
        """Load every net of a folder, and hold what it gives against its golden images.

        Raises:
            BadCheckpointError: for a folder that does not load, or gives something else.
        """
        cls.of_folder(folder).check()

    @abstractmethod
    def check(self) -> None:
        """Raise `BadCheckpointError` unless every net loads, and the golden images come out."""

    @abstractmethod
    def changed(self) -> list[str]:
        """The names of nets that are no longer what their files hold."""

    def _refuse_changed(self) -> None:
        if changed := self.changed():
            raise UsageError(
                f"The {' and '.join(changed)} of {self.config.entry.name} changed since loading, and a checkpoint "
                "folder also holds what its nets were measured to be: save the state_dict, or train with genzoo."
            )

    def save_pretrained(self, save_directory: str | os.PathLike[str]) -> None:
        """Write the checkpoint folder that the model was loaded from to another place, whole or not at all.

        Its files are copied as they are, golden images and measurement among them.

        Raises:
            UsageError: for a folder that is not empty, or nets that were changed in memory.
            GenzooError: when it cannot be written, or a file is on the Hub and cannot be fetched.
        """
        self._refuse_changed()
        path = as_path(save_directory)
        if os.path.isdir(path) and any(path.iterdir()):  # which answers for any name, too long ones too
            raise UsageError(f"{path} is not empty: name another folder.")
        from genzoo.release.publish import copy_folder

        with whole_folder(path, overwrite=False) as part:
            copy_folder(self.folder, part)
            sign(part)

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
            What loads just what was published, `user/repo@<commit>`.

        Raises:
            UsageError: for a repository or branch that cannot be, a public one where a private one is wanted, or nets
                that were changed in memory.
            BadCheckpointError: for a folder, or a card in it, that is not sound.
            HubError: when the Hub does not take it.
        """
        from genzoo.release.publish import publish

        self._refuse_changed()
        return publish(
            self.folder,
            repo_id,
            type(self).check_folder,
            private=private,
            branch=revision,
            message=commit_message,
            token=token,
        )
