"""A model's checkpoint folder: what it says of the model, and how it goes to another place."""

from __future__ import annotations

import os
from functools import cached_property

from genzoo.checkpoint.config import Config
from genzoo.checkpoint.folder import Folder
from genzoo.checkpoint.layout import METRICS
from genzoo.checkpoint.measurement import Measurement, read_metrics
from genzoo.checkpoint.nets import read_mixture
from genzoo.sampling.arguments import refuse_mixture
from genzoo.sampling.priors import Mixture
from genzoo.zoo.spec import Entry


class Pretrained:
    """A checkpoint folder that a model was loaded from, which can be saved and published as it is."""

    def __init__(self, config: Config, folder: Folder) -> None:
        self.config, self.folder = config, folder
        self.entry: Entry = config.entry
        # Of what the manifest has no hash, all is read at once: it may be another by the time that it is needed.
        self._mixture = read_mixture(folder, self.entry) if folder.pinned is None else None

    @property
    def name(self) -> str:
        """The entry's full name."""
        return self.entry.name

    @property
    def metrics(self) -> Measurement | None:
        """The contents of `metrics.json`, e.g. `metrics.rows["frechet_distance"].mean`; None where it was not measured.

        Raises:
            DataError: if the file is no measurement.
        """
        return read_metrics(self.folder.file(METRICS)) if self.folder.has(METRICS) else None

    @cached_property
    def mixture(self) -> Mixture:
        """A VAE's second prior, a mixture of Gaussians; raises `BadCheckpointError` if it is no distribution."""
        refuse_mixture(self.entry)
        tensors = read_mixture(self.folder, self.entry) if self._mixture is None else self._mixture
        return Mixture(tensors, self.name)

    def save_pretrained(self, save_directory: str | os.PathLike[str]) -> None:
        """Write the checkpoint folder that the model was loaded from to another place, whole or not at all.

        Its files are copied as they are, golden images and measurement among them.

        Raises:
            UsageError: for a folder that is not empty, or nets that were changed in memory.
            GenzooError: when it cannot be written, or a file is on the Hub and cannot be fetched.
        """
        from genzoo.release.publish import save

        self._refuse_changed()
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

        self._refuse_changed()
        return publish(self.folder, repo_id, private=private, branch=revision, message=commit_message, token=token)

    def _refuse_changed(self) -> None:
        """Raise `UsageError` for nets that were changed in memory, so that the folder is not the model's."""
