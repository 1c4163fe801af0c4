"""Measuring a model, or images in files: what `metrics.json` holds."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

import torch
from torch import Tensor

from genzoo.checkpoint.files import sha256, write_text
from genzoo.checkpoint.folder import renew
from genzoo.checkpoint.layout import MODEL
from genzoo.checkpoint.measurement import (
    KernelSubsets,
    Measurement,
    Neighbours,
    Reference,
    Rows,
    read_metrics,
)
from genzoo.data import load_images
from genzoo.evaluate.extractors import REFERENCE_IMAGES, Extractor, Split, draw, find_extractor, refuse_unknown
from genzoo.evaluate.features import is_seen
from genzoo.evaluate.image_files import list_images, read_array, read_images
from genzoo.evaluate.intervals import Score, row_of, scores_of
from genzoo.evaluate.likelihood import likelihood_work, measure_likelihood
from genzoo.evaluate.neighbours import DENSITY_NEIGHBOURS, PRECISION_NEIGHBOURS
from genzoo.evaluate.progress import Progress, Report, quiet
from genzoo.evaluate.reference import floor_values, reference_sample
from genzoo.evaluate.scores import KERNEL_SUBSET_SIZE, KERNEL_SUBSETS, Sample, check_enough
from genzoo.evaluate.settings import Settings
from genzoo.images.pixels import to_levels
from genzoo.sampling.model import Model, load
from genzoo.sampling.priors import PRIORS, Prior
from genzoo.zoo.datasets import Dataset
from genzoo.zoo.metrics import metrics_of

_BATCH = 250
_SCORE_UNITS = 2500  # scoring a set takes about as long as generating this many images

Drawn = dict[tuple[Prior, int, int, str], Sample]
"""Samples of a model as a feature net sees them, by prior, seed, number and the net's name."""


def evaluate(
    model: Model | str | os.PathLike[str],
    settings: Settings | None = None,
    data_dir: str | Path | None = None,
    report: Report = quiet,
    *,
    metrics: Sequence[str] | None = None,
    drawn: Drawn | None = None,
) -> Measurement:
    """Measure a model's samples, and a VAE's likelihood and its samples from either prior.

    A VAE of images that no feature net takes is measured by its likelihood alone.

    Args:
        model: the model, or what `genzoo.load` takes.
        settings: number of images, seeds, reference and features.
        data_dir: where the datasets lie; needed for a VAE, and where reference features are not shipped.
        report: called as the work goes on.
        metrics: those of the samples from the standard normal that are measured, and nothing else; all unless told
            otherwise.
        drawn: samples that other measurements of this model have drawn, which are not drawn again; those of this one
            are put to them.

    Returns:
        What `metrics.json` holds; the same, byte for byte, each time on one machine.

    Raises:
        UsageError: for a GAN whose images no feature net takes, or fewer images than the metrics can bear.
        DataError: where a dataset is needed and not to be had.
        WeightsNotFoundError: when the feature net is not on this machine.
    """
    settings = settings or Settings()
    if not isinstance(model, Model):
        model = load(model)
    extractor = _find_extractor(model, settings)
    held_out = settings.reference == "test"
    as_vae = model.entry.is_vae and metrics is None
    images = load_images(model.entry.dataset, data_dir, train=not held_out) if as_vae else None
    priors: tuple[Prior, ...] = (PRIORS if as_vae else PRIORS[:1]) if extractor is not None else ()
    likelihood = likelihood_work(len(images), settings.likelihood_images) if images is not None else 0
    progress = Progress(report, len(priors) * len(settings.seeds) * (settings.n + 2 * _SCORE_UNITS) + likelihood)
    rows: dict[Prior, Rows] = {prior: {} for prior in PRIORS}
    if extractor is not None:
        reference = reference_sample(extractor, settings.reference, data_dir)
        for prior in priors:
            sets = (_generated(model, settings.n, seed, prior, extractor, progress, drawn) for seed in settings.seeds)
            rows[prior] = _sample_rows(sets, extractor, reference, settings, data_dir, progress, metrics)
    before = progress.done
    explained: Rows = {}
    if images is not None:
        explained = measure_likelihood(
            model,
            images,
            settings.likelihood_images,
            seed=settings.seeds[0],
            report=lambda done: progress.to(before + done, "likelihood"),
        )
    identity = _identity(model, extractor, settings)
    return replace(identity, rows={**rows["normal"], **explained}, mixture_prior=rows["mixture"])


def _find_extractor(model: Model, settings: Settings) -> Extractor | None:
    """The feature net for a model's samples; None for a VAE without one, whose likelihood can still be measured.

    Raises:
        UsageError: for a GAN without one, a dataset that is not known, or fewer images than the metrics can bear.
    """
    if model.entry.is_vae and settings.features == "genzoo" and not is_seen(model.entry.dataset):
        refuse_unknown(model.entry.dataset)
        return None
    extractor = find_extractor(model.entry.dataset, settings.features, model.device)
    check_enough(settings.n, extractor.identity.size)
    return extractor


def is_current(path: Path, model: Model, settings: Settings) -> bool:
    """Whether a file is the measurement that `evaluate` would give, as far as can be told without measuring.

    Raises:
        DataError: for a file that is no measurement.
    """
    if not path.is_file():
        return False
    found = read_metrics(path)
    extractor = _find_extractor(model, settings)
    of_samples = set(metrics_of("samples") if extractor else [])
    of_vaes = set(metrics_of("vae") if model.entry.is_vae else [])
    whole = of_samples | of_vaes <= set(found.rows) and (not of_vaes or of_samples <= set(found.mixture_prior))
    sure = all(row.interval for row in (*found.rows.values(), *found.mixture_prior.values()))
    # Of a test set with fewer images than are asked for all are taken, as for the error of reconstruction anyway.
    likelihood, error = found.rows.get("log_likelihood"), found.rows.get("reconstruction_error")
    all_of_them = settings.likelihood_images if error is None or error.n is None else error.n
    enough = likelihood is None or likelihood.n == min(settings.likelihood_images, all_of_them)
    same = replace(found, rows={}, mixture_prior={}, others={}) == _identity(model, extractor, settings)
    return same and whole and sure and enough


def evaluate_images(
    source: Path,
    dataset: Dataset,
    settings: Settings | None = None,
    data_dir: str | Path | None = None,
    device: torch.device | None = None,
    report: Report = quiet,
) -> Measurement:
    """Measure images that anybody's model has made.

    Of more than `settings.n` images each seed draws as many; of fewer, all are measured, once.

    Args:
        source: a folder of pictures, all of the dataset's size, or an array in a .npz, .npy or .safetensors file.
        dataset: the one that they are held against.
        settings: number of images, seeds, reference and features.
        data_dir: where the datasets lie, in case reference features are not shipped.
        device: where the feature net runs; the CPU unless told otherwise.
        report: called as the work goes on.

    Returns:
        What `metrics.json` holds.

    Raises:
        DataError: for images that cannot be read, of mixed sizes, or of another size than the dataset's.
        UsageError: for fewer images than the metrics can bear, or a dataset without a feature net.
    """
    settings = settings or Settings()
    extractor = find_extractor(dataset, settings.features, device)
    found = read_array(source, dataset) if os.path.isfile(source) else list_images(source)
    n = min(settings.n, len(found))
    check_enough(n, extractor.identity.size)
    seeds = settings.seeds if n < len(found) else settings.seeds[:1]
    progress = Progress(report, 2 * len(found) + len(seeds) * 2 * _SCORE_UNITS)
    if not isinstance(found, Tensor):
        found = read_images(found, dataset, lambda done: progress.to(done, "reading"))
    progress.to(len(found), "reading")
    whole = _features(extractor, torch.split(found, _BATCH), progress, "features")
    sets = (whole if n == len(whole) else whole[draw(len(whole), n, seed)] for seed in seeds)
    reference = reference_sample(extractor, settings.reference, data_dir)
    settings = replace(settings, n=n, seeds=seeds)
    rows = _sample_rows(sets, extractor, reference, settings, data_dir, progress)
    heading = _heading(source.resolve().name, dataset, extractor, settings.reference, n)
    return replace(heading, seeds=seeds, rows=rows)


def write_metrics(path: Path, measurement: Measurement) -> None:
    """Write `metrics.json` in one step, and in a checkpoint folder its line in `SHA256SUMS`.

    Whoever is killed between the two writes the same measurement again.

    Raises:
        GenzooError: when it cannot be written.
    """
    write_text(path, measurement.to_text())
    renew(path)


def _generated(
    model: Model, n: int, seed: int, prior: Prior, extractor: Extractor, progress: Progress, drawn: Drawn | None
) -> Sample:
    words = f"seed {seed}" if prior == "normal" else f"seed {seed}, {prior}"
    key = (prior, seed, n, extractor.identity.name)
    if drawn is not None and key in drawn:
        progress.by(n, words)
        return drawn[key]
    batches = model.iter_samples(n, seed, batch_size=_BATCH, prior=prior)
    # The levels of files, so that a folder of the same images gives the same numbers.
    pixels = (to_levels(batch).cpu() for batch in batches)
    found = _features(extractor, pixels, progress, words)
    if drawn is not None:
        drawn[key] = found
    return found


def _features(extractor: Extractor, batches: Iterable[Tensor], progress: Progress, words: str) -> Sample:
    def extract(batch: Tensor) -> Sample:
        extracted = extractor.extract(batch)
        progress.by(len(batch), words)
        return extracted

    return Sample.concatenated(map(extract, batches))


def _sample_rows(
    sets: Iterable[Sample],
    extractor: Extractor,
    reference: Sample,
    settings: Settings,
    data_dir: str | Path | None,
    progress: Progress,
    metrics: Sequence[str] | None = None,
) -> Rows:
    """Each metric's row: its value for each seed, their mean and standard deviation, its floor and its interval."""
    n, seeds = settings.n, settings.seeds
    scores: list[dict[str, Score]] = []
    for seed, sample in zip(seeds, sets, strict=True):
        scores.append(scores_of(sample, reference, seed, metrics))
        progress.by(_SCORE_UNITS, f"metrics of seed {seed}")
    before, end = progress.done, progress.done + len(seeds) * _SCORE_UNITS
    progress.to(before, f"floor: the metrics of {n:,} training images, which are kept for the next time")
    floor = floor_values(
        extractor, settings.reference, reference, n, seeds, data_dir, lambda _: progress.by(_SCORE_UNITS, "floor")
    )
    progress.to(end, "floor")
    return {key: row_of([of_seed[key] for of_seed in scores], (floor or {}).get(key)) for key in scores[0]}


def _identity(model: Model, extractor: Extractor | None, settings: Settings) -> Measurement:
    """Which weights are measured, and how; without rows."""
    # Where no net sees samples, none are drawn: the likelihood takes the first seed alone.
    n, seeds = (settings.n, settings.seeds) if extractor else (0, settings.seeds[:1])
    return replace(
        _heading(model.name, model.entry.dataset, extractor, settings.reference, n),
        weights_sha256=sha256(model.folder.file(MODEL)),
        step=model.config.training.get("step"),
        seeds=seeds,
    )


def _heading(name: str, dataset: Dataset, extractor: Extractor | None, split: Split, n: int) -> Measurement:
    if extractor is None:
        return Measurement(name, dataset.name, Reference(split), n)
    return Measurement(
        name,
        dataset.name,
        Reference(split, REFERENCE_IMAGES),
        n,
        features=extractor.identity,
        neighbours=Neighbours(PRECISION_NEIGHBOURS, DENSITY_NEIGHBOURS),
        kernel_subsets=KernelSubsets(KERNEL_SUBSETS, min(KERNEL_SUBSET_SIZE, n)),
    )
