"""`genzoo evaluate` and `genzoo train-features`."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from genzoo.cli.common.complete import complete_models
from genzoo.cli.common.group import examples
from genzoo.cli.common.output import terminal_width, wrote
from genzoo.cli.options import OneOf, dataset_names
from genzoo.cli.options import data_dir as data_dir_option
from genzoo.cli.options import device as device_option
from genzoo.cli.progress import percent, progress_bar
from genzoo.errors import UsageError
from genzoo.extras import refuse_missing
from genzoo.zoo.registry import DATASETS

if TYPE_CHECKING:
    from genzoo.checkpoint.measurement import Measurement, Rows
    from genzoo.evaluate import Settings


@click.command(
    epilog=examples(
        "genzoo evaluate runs/mine",
        "genzoo evaluate --images pictures --dataset mnist",
        "genzoo evaluate --compare dcgan-mnist wgan-mnist --plot out.png",
    )
)
@click.argument("sources", nargs=-1, metavar="[NAME|FOLDER|REPOSITORY]...", shell_complete=complete_models)
@click.option("-n", "--num", type=click.IntRange(1), default=10_000, show_default=True, help="Images of each seed.")
@click.option("--seeds", default="0,1,2", show_default=True, help="A set of images each.")
@click.option(
    "--reference",
    type=OneOf(["test", "train"]),
    default="test",
    show_default=True,
    help="The real images; choose between models on `train`, publish numbers on `test`.",
)
@click.option(
    "--features",
    type=OneOf(["genzoo", "inception"]),
    default="genzoo",
    show_default=True,
    help="genzoo's own feature nets, or Inception, which is downloaded.",
)
@click.option("--likelihood-images", type=click.IntRange(2), default=1000, show_default=True,
              help="Test images for a VAE's importance-weighted log-likelihood.")  # fmt: skip
@click.option("--images", type=click.Path(path_type=Path), metavar="PATH",
              help="Measure a folder of images, or an array (.npz, .npy, .safetensors), not a model.")  # fmt: skip
@click.option("--dataset", type=dataset_names(), help="What the images of --images are to look like.")
@click.option("--compare", is_flag=True, help="Show the measurements of several models side by side.")
@click.option("--plot", type=click.Path(path_type=Path), help="Draw the comparison, e.g. to out.png.")
@click.option("--out", type=click.Path(path_type=Path), help="Where to write.  [default: metrics.json in FOLDER]")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
@device_option()
@data_dir_option
@click.pass_context
def evaluate(
    context: click.Context,
    /,
    sources: tuple[str, ...],
    num: int,
    seeds: str,
    images: Path | None,
    dataset: str | None,
    compare: bool,
    plot: Path | None,
    out: Path | None,
    as_json: bool,
    device: str,
    data_dir: Path | None,
    **rest: Any,
) -> None:
    """Measure a model's samples against real images, and write metrics.json.

    A checkpoint FOLDER gets its metrics.json; those of a NAME, or of a REPOSITORY on the Hub, are written
    to NAME-metrics.json, because their own files are pinned.  --compare reads such files, or those of models.
    """
    _check_usage(sources, images, dataset, compare, plot)
    if compare:
        _refuse_unused(context)
        _compare(sources, plot, as_json)
        return
    numbers = _seeds(seeds)
    _refuse_unmeasurable(sources, images, out)
    from genzoo.evaluate import Settings
    from genzoo.evaluate.measure import write_metrics

    settings = Settings(n=num, seeds=numbers, **rest)
    if images is not None and dataset is not None:
        measurement, target = _measure_images(images, dataset, settings, device, data_dir), out
    else:
        measurement, target = _measure_model(sources[0], settings, device, data_dir, out)
    if target is not None:  # before it is shown: a closed pipe must not lose it
        write_metrics(target, measurement)
        wrote(target)
    _show(measurement, as_json)


def _refuse_unused(context: click.Context) -> None:
    """Raise `UsageError` for options that say how to measure, beside --compare, which measures nothing."""
    used = {"sources", "compare", "plot", "as_json"}
    for parameter in context.command.params:
        given = context.get_parameter_source(parameter.name or "") is click.core.ParameterSource.COMMANDLINE
        if given and parameter.name not in used:
            flag = parameter.opts[-1]
            raise UsageError(
                f"--compare shows measurements that are there: leave out {flag}, or measure with it first."
            )


def _check_usage(
    sources: tuple[str, ...], images: Path | None, dataset: str | None, compare: bool, plot: Path | None
) -> None:
    if compare and images:
        raise UsageError("--compare takes measurements, not --images: measure those first, with --out.")
    if plot and not compare:
        raise UsageError("--plot draws a comparison: add --compare and two models or more.")
    if (images is None) != (dataset is None):
        raise UsageError("--images and --dataset go together: where the images are, and what they are to look like.")
    if images and sources:
        raise UsageError(f"Either a model or --images is measured, not both: leave out {sources[0]} or --images.")
    if not compare and not images and len(sources) != 1:
        raise UsageError(f"{len(sources)} models were named: name one, or add --compare to see several side by side.")


def _refuse_unmeasurable(sources: tuple[str, ...], images: Path | None, out: Path | None) -> None:
    """Raise the error of a model or images that are none, or of a file that cannot be written, without torch."""
    from genzoo.checkpoint.config import read_config
    from genzoo.checkpoint.files import refuse_unwritable
    from genzoo.hub import find_folder

    if out is not None:
        refuse_unwritable(out)
    if images is not None:
        from genzoo.evaluate.image_files import refuse_no_images

        refuse_no_images(images)
    for source in sources:
        read_config(find_folder(source))


def _seeds(text: str) -> tuple[int, ...]:
    try:
        seeds = tuple(int(seed) for seed in text.split(","))
    except ValueError:
        raise UsageError(f"--seeds {text} is not a list of numbers: write them as in --seeds 0,1,2.") from None
    if len(set(seeds)) < len(seeds) or not all(0 <= seed < 2**64 for seed in seeds):
        raise UsageError(f"--seeds {text} must be different numbers, of which 0 is the least, and 2**64 - 1 the most.")
    return seeds


def _measure_model(
    source: str, settings: Settings, device: str, data_dir: Path | None, out: Path | None
) -> tuple[Measurement, Path]:
    from genzoo.evaluate import evaluate as run
    from genzoo.evaluate.settings import metrics_name
    from genzoo.sampling.model import load

    model = load(source, device)
    name, folder = metrics_name(settings), model.folder
    target = out or (folder.path / name if folder.writable else Path(f"{model.name}-{name}"))
    with progress_bar(model.name, 100) as move:
        return run(model, settings, data_dir, percent(move)), target


def _measure_images(images: Path, dataset: str, settings: Settings, device: str, data_dir: Path | None) -> Measurement:
    from genzoo.accel.devices import find_device
    from genzoo.evaluate import evaluate_images

    with progress_bar(str(images), 100) as move:
        return evaluate_images(images, DATASETS[dataset], settings, data_dir, find_device(device), percent(move))


def _compare(sources: tuple[str, ...], plot: Path | None, as_json: bool) -> None:
    from dataclasses import replace

    from genzoo.checkpoint.files import refuse_unwritable
    from genzoo.plots.figure import refuse_undrawable

    if plot:
        refuse_undrawable(plot)
        refuse_unwritable(plot)
    from genzoo.evaluate import compare as side_by_side
    from genzoo.evaluate import plot as draw
    from genzoo.evaluate import to_table
    from genzoo.hub.measurement import find_metrics

    found = [find_metrics(source) for source in sources]
    if len({one.name for one in found}) < len(found):
        from genzoo.data.picture import shown

        # As a run of one's own beside the zoo's.
        found = [replace(one, name=shown(source)[-255:]) for one, source in zip(found, sources, strict=True)]
    comparison = side_by_side(found)
    if plot:
        draw(comparison, plot)
        wrote(plot)
    text = json.dumps(comparison.to_json(), indent=2, ensure_ascii=False)
    click.echo(text if as_json else to_table(comparison, partial(click.style, bold=True), terminal_width()))


def _show(measurement: Measurement, as_json: bool) -> None:
    from genzoo.evaluate import Settings
    from genzoo.evaluate.display import described

    if as_json:
        click.echo(measurement.to_text(), nl=False)
        return
    click.echo(described(measurement))
    published = Settings()
    if measurement.features and (measurement.n, measurement.reference.split) != (published.n, published.reference):
        click.echo(
            f"They cannot be compared with the cards' numbers, which are of {published.n:,} images against the "
            f"{published.reference} set."
        )
    if len(measurement.seeds) > 1 and measurement.features:
        click.echo(f"Means over the seeds {', '.join(map(str, measurement.seeds))}.")
    click.echo("±: 95 of 100 repeated measurements, of other samples against other real images, lie within it.\n")
    _show_rows(measurement.rows)
    if measurement.mixture_prior:
        click.echo("\nSamples from the mixture prior:")
        _show_rows(measurement.mixture_prior)


def _show_rows(rows: Rows) -> None:
    from genzoo.zoo.registry import ALL_METRICS

    for key, metric in ALL_METRICS.items():
        if (row := rows.get(key)) is not None:
            floor = "" if row.floor is None else f"(training set {row.floor:.4g})"
            click.echo(" ".join(part for part in (f"{metric.label:22}{row.text:>20}", floor, metric.unit) if part))


@click.command("train-features", epilog=examples("genzoo train-features mnist --out runs/features"))
@click.argument("dataset", type=dataset_names(trained=True))
@click.option("--out", type=click.Path(path_type=Path), help="The net's folder.  [default: runs/genzoo-DATASET-v1]")
@click.option("--epochs", type=click.IntRange(1), help="Passes over the data, instead of the recipe's.")
@click.option("--seed", type=click.IntRange(0, 2**63 - 1), default=0, show_default=True)
@click.option("--references-only", is_flag=True, help="Keep the net; write its reference features and floors anew.")
@device_option()
@data_dir_option
def train_features(
    dataset: str,
    out: Path | None,
    epochs: int | None,
    seed: int,
    references_only: bool,
    device: str,
    data_dir: Path | None,
) -> None:
    """Train genzoo's feature net for a dataset, and write what ships beside it."""
    import dataclasses

    refuse_missing("Training a feature net", "torchvision")
    from genzoo.accel.devices import find_device
    from genzoo.evaluate.reference import write_references
    from genzoo.evaluate.training import train_features as run

    known = DATASETS[dataset]
    assert known.features is not None
    assert known.feature_recipe is not None
    where, folder = find_device(device), out or Path("runs") / known.features.full_name
    if not references_only:
        recipe = known.feature_recipe if epochs is None else dataclasses.replace(known.feature_recipe, epochs=epochs)
        with progress_bar(folder.name, 100) as move:

            def report(step: int, steps: int, values: dict[str, float]) -> None:
                move(100 * step // steps, " ".join(f"{key} {value:.3f}" for key, value in values.items()))

            found = run(dataset, folder, recipe=recipe, seed=seed, data_dir=data_dir, device=where, report=report)
        click.echo(f"accuracy: training {found['train']:.2%}, test {found['test']:.2%}", err=True)
    write_references(folder, data_dir, where, lambda words: click.echo(words, err=True))
    wrote(folder, data=True)
