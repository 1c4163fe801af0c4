"""Snapshots that a run keeps: when, of what, after a stop too, and that they are no part of the checkpoint."""

from __future__ import annotations

import dataclasses
import os
import shutil
import signal
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import genzoo
from genzoo.checkpoint.checksums import read_sums
from genzoo.checkpoint.layout import LAYOUT, SNAPSHOTS
from genzoo.errors import GenzooError, StoppedError
from genzoo.sampling.integrity import verify
from genzoo.train import train
from genzoo.train.plan import epoch_due, epochs_in, steps_of
from genzoo.zoo.catalog import ENTRIES

from .conftest import noise_images, plan

pytestmark = pytest.mark.numeric

VAE, GAN, WGAN = "mlpvae-mnist-z2-l1", "mlpgan-mnist-z100-l2", "wgan-mnist-z10-l3"


@pytest.mark.parametrize("name", [VAE, GAN, WGAN])
@pytest.mark.parametrize("batches", [1, 2, 7.5, 40])
@pytest.mark.parametrize("every", [1, 3])
def test_a_snapshot_is_due_where_an_epoch_ends(name: str, batches: float, every: int, tmp_path: Path) -> None:
    wanted = dataclasses.replace(plan(name, tmp_path), snapshot_every=every)
    images = int(batches * wanted.entry.recipe.batch_size)
    ends = {steps_of(wanted.entry, images, epoch): epoch for epoch in range(every, 30, every)}  # the last that ends
    found = {step: due for step in range(1, max(ends)) if (due := epoch_due(wanted, images, step))}
    assert found == {step: epoch for step, epoch in ends.items() if step < max(ends)}
    assert epochs_in(wanted.entry, images, 0) == 0
    assert epoch_due(plan(name, tmp_path), images, max(ends)) is None


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a run of two epochs and a half, with a snapshot of each."""
    return snapshots_of(VAE, tmp_path_factory.mktemp("kept") / "run")


def snapshots_of(name: str, out: Path, **options: object) -> Path:
    entry = ENTRIES[name]
    data = noise_images(entry.dataset, 4 * entry.recipe.batch_size)
    steps = steps_of(entry, len(data), 5) // 2
    return train(plan(name, out, steps=steps, snapshot_every=1), data, **options)  # type: ignore[arg-type]


def test_a_vae_keeps_samples_and_reconstructions(kept: Path) -> None:
    names = {path.name for path in (kept / SNAPSHOTS).iterdir()}
    assert names == {f"epoch-{epoch:04}{kind}.png" for epoch in (1, 2) for kind in ("", "-reconstructions")}
    for name in names:
        with Image.open(kept / SNAPSHOTS / name) as picture:
            assert picture.size == (298, 298)
    images = noise_images(ENTRIES[VAE].dataset, 4 * ENTRIES[VAE].recipe.batch_size).pixels[:20, 0]
    with Image.open(kept / SNAPSHOTS / "epoch-0002-reconstructions.png") as picture:
        rows = np.asarray(picture)
    cell = rows[60:88, 30:58]  # the second of the third row, which is the second of real images
    assert np.array_equal(cell, images[11].numpy())
    assert not np.array_equal(rows[90:118, 30:58], cell)


def test_the_latents_are_the_same_each_time(kept: Path, tmp_path: Path) -> None:
    """The last of a run's pictures shows what its `samples.png` does, from the same latents."""
    entry = ENTRIES[VAE]
    data = noise_images(entry.dataset, 4 * entry.recipe.batch_size)
    ended = train(plan(VAE, tmp_path / "run", steps=steps_of(entry, len(data), 2), evaluations=0), data)
    first, last = (np.asarray(Image.open(kept / SNAPSHOTS / f"epoch-000{epoch}.png")).astype(int) for epoch in (1, 2))
    shown = np.asarray(Image.open(ended / "samples.png")).astype(int)
    assert np.abs(last - shown).mean() < np.abs(first - shown).mean()
    assert np.abs(last - shown).max() <= 6  # float16, and batch norm from more batches


def test_a_gan_keeps_samples_alone(tmp_path: Path) -> None:
    folder = snapshots_of(GAN, tmp_path / "run")
    assert {path.name for path in (folder / SNAPSHOTS).iterdir()} == {"epoch-0001.png", "epoch-0002.png"}


def test_a_run_that_goes_on_keeps_the_same(kept: Path, tmp_path: Path) -> None:
    def stop(_: object) -> None:
        os.kill(os.getpid(), signal.SIGTERM)

    with pytest.raises(StoppedError):
        snapshots_of(VAE, tmp_path / "run", report=stop)
    folder = snapshots_of(VAE, tmp_path / "run", resume=True)
    there, here = (
        {path.name: path.read_bytes() for path in (each / SNAPSHOTS).iterdir()} for each in (kept, folder)
    )  # fmt: skip
    assert there == here


def test_it_changes_no_weights(kept: Path, tmp_path: Path) -> None:
    entry = ENTRIES[VAE]
    data = noise_images(entry.dataset, 4 * entry.recipe.batch_size)
    without = train(plan(VAE, tmp_path / "run", steps=steps_of(entry, len(data), 5) // 2), data)
    assert not (without / SNAPSHOTS).exists()
    for name in ("model.safetensors", "history.jsonl", "progress.png"):
        assert (without / name).read_bytes() == (kept / name).read_bytes()
    # What was begun without them may go on with them.
    longer = plan(VAE, without, steps=steps_of(entry, len(data), 3), snapshot_every=3)
    train(longer, data, resume=True)
    assert {path.name[:10] for path in (without / SNAPSHOTS).iterdir()} == {"epoch-0003"}


def test_it_is_no_part_of_the_checkpoint(kept: Path, tmp_path: Path) -> None:
    assert SNAPSHOTS not in LAYOUT
    assert not any(SNAPSHOTS in name for name in read_sums(kept))
    run = Path(shutil.copytree(kept, tmp_path / "run"))
    (run / SNAPSHOTS / "epoch-0001.png").write_bytes(b"altered")
    assert not any(found.damaged for found in verify([str(run)], deep=False))
    genzoo.load(run).save_pretrained(tmp_path / "copy")
    assert SNAPSHOTS not in {path.name for path in (tmp_path / "copy").iterdir()}


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    entry = ENTRIES[VAE]
    data = noise_images(entry.dataset, 2 * entry.recipe.batch_size)
    train(plan(VAE, tmp_path / "run", steps=1), data)
    (tmp_path / "run" / SNAPSHOTS).write_text("a file")
    with pytest.raises(GenzooError, match=rf"{SNAPSHOTS} could not be written \(file exists\)"):
        train(plan(VAE, tmp_path / "run", steps=4, snapshot_every=1), data, resume=True)
