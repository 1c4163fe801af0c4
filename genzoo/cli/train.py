"""`genzoo train` and `genzoo finetune`."""

from __future__ import annotations

import contextlib
import dataclasses
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from genzoo.cli.common.complete import complete_models
from genzoo.cli.common.group import Sections, examples
from genzoo.cli.common.output import wrote
from genzoo.cli.common.plan import describe
from genzoo.cli.common.recipe import changes, fitted, for_fine_tuning, lists_keys
from genzoo.cli.options import OneOf, Positive, data_dir, dataset_names, device
from genzoo.cli.progress import NO_BREAK, Move, progress_bar
from genzoo.errors import UsageError
from genzoo.extras import TRAIN, refuse_missing
from genzoo.zoo.catalog import find_entry, is_wildcard
from genzoo.zoo.datasets import Dataset
from genzoo.zoo.registry import DATASETS, find_dataset
from genzoo.zoo.spec import Entry
from genzoo.zoo.variants import with_architecture, with_recipe

if TYPE_CHECKING:
    from genzoo.checkpoint.folder import Folder
    from genzoo.data import ImageData
    from genzoo.train import Status

F = TypeVar("F", bound=Callable[..., Any])
_DATA = click.option("--data", type=click.Path(path_type=Path), help="A folder of images, of any kind and size.")
_OPTIONS = (
    click.option(
        "--out",
        type=click.Path(path_type=Path),
        help="The run's folder; of several runs, the folder of their folders.  [default: runs/NAME]",
    ),
    click.option("--epochs", type=click.IntRange(1), help="Passes over the data, instead of the recipe's."),
    click.option("--steps", type=click.IntRange(1), help="Generator steps, instead of epochs."),
    click.option("--minutes", type=Positive(), help="Stop after this long, done or not."),
    click.option("--batch-size", type=click.IntRange(2), help="Images in a batch, over all processes."),
    click.option(
        "--lr",
        type=Positive(),
        help="Learning rate; where a discriminator has one of its own, that changes by the same factor.",
    ),
    click.option("--below", type=click.Path(path_type=Path), hidden=True),  # the folder of several runs
    click.option(
        "--seed",
        type=click.IntRange(0, 2**63 - 1),
        default=0,
        show_default=True,
        help="Of weights, the order of the images, and noise.",
    ),
    device("auto"),
    click.option(
        "--precision",
        type=OneOf(["auto", "fp32", "bf16"]),
        default="auto",
        show_default=True,
        help="auto is bf16 where the hardware multiplies it.",
    ),
    data_dir,
    click.option(
        "--set",
        "settings",
        multiple=True,
        metavar="KEY=VALUE",
        help="Another value in the recipe; `NAME --set help` lists the keys.",
    ),
    click.option("--save-minutes", type=Positive(), default=5.0, show_default=True, help="Between two saved states."),
    click.option(
        "--evaluations",
        type=click.IntRange(0),
        help="Times that the nets are measured on the training set, each time in full; the best state ships, with 0 "
        "the last.  [default: as often and as fully as 5% of the run's time allows]",
    ),
    click.option(
        "--snapshot-every",
        type=click.IntRange(1),
        metavar="EPOCHS",
        help="Keep a picture of the same latents in the run's folder, in snapshots/, every so many epochs.",
    ),
    click.option("--tensorboard", is_flag=True, help="Also log the losses for TensorBoard."),
    click.option("--dry-run", is_flag=True, help="Print the plan and how long it would take, and write nothing."),
    click.option("--resume", is_flag=True, help="Go on with the run in the folder."),
)

_SECTIONS = {
    "How long": ("epochs", "steps", "minutes"),
    "The recipe": ("batch_size", "lr", "settings", "seed"),
    "The run": ("out", "resume", "save_minutes", "evaluations", "snapshot_every", "tensorboard", "dry_run"),
    "The machine": ("device", "precision"),
}
"""Where help pages have these options."""


def _run_options(command: F) -> F:
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


@click.command(
    cls=Sections,
    sections={
        "The images": ("data", "data_dir"),
        "The nets": ("latent_size", "layers", "width"),
        **_SECTIONS,
        "Several runs": ("jobs",),
    },
    epilog=examples(
        "genzoo train vae-mnist --epochs 10 --out runs/mine",
        "genzoo train vae-mnist --epochs 10 --out runs/mine --resume",
        "genzoo train vae-mnist --data drawings --set lr=0.002",
        "genzoo train 'wgan-mnist-*' --jobs 2",
    ),
)
@click.argument("names", nargs=-1, required=True, metavar="NAME...", shell_complete=complete_models)
@_DATA
@click.option("--latent-size", type=click.IntRange(1), help="Another latent size, and so another name.")
@click.option("--layers", type=click.IntRange(1), help="Another number of hidden layers, likewise.")
@click.option("--width", type=click.IntRange(1), help="Another width, likewise.")
@click.option("--jobs", type=click.IntRange(1), default=1, show_default=True, help="Runs side by side.")
@_run_options
@click.pass_context
def train(
    context: click.Context,
    /,
    names: tuple[str, ...],
    data: Path | None,
    latent_size: int | None,
    layers: int | None,
    width: int | None,
    jobs: int,
    **options: Any,
) -> None:
    """Train NAME from scratch by its recipe; the result is a checkpoint folder.

    Of several names, or a wildcard as in 'wgan-*', each has a run of its own, in a folder below --out;
    with --resume those that are done are left alone.
    """
    refuse_missing("Training", *TRAIN)
    from genzoo.cli.several import Runs, arguments_given, expand

    expanded = expand(names)
    sizes = {"latent_size": latent_size, "layers": layers, "width": width}
    if len(names) > 1 or is_wildcard(names[0]):
        given = arguments_given(context, without=("names", "jobs", "out", "below"))
        # Entries that differ in nothing but what an option says become one.
        runs = {with_architecture(find_entry(name), **sizes).name: name for name in expanded}
        Runs(jobs).train(list(runs.values()), options["out"] or Path("runs"), given)
        return
    entry = with_architecture(find_entry(expanded[0]), **sizes)
    if lists_keys(entry, options["settings"]):
        return
    entry = with_recipe(entry, changes(entry.recipe, **options))
    _refuse_places(entry, data, **options)
    with _bar(entry.name, options["dry_run"]) as move:
        images = _images(entry.dataset, data, **options)
        folder = _run(dataclasses.replace(entry, dataset=images.dataset), images, None, move, **options)
    _tell(folder)


@click.command(
    cls=Sections,
    sections={"The images": ("data", "dataset", "data_dir"), **_SECTIONS},
    epilog=examples("genzoo finetune dcgan-mnist --dataset kmnist", "genzoo finetune runs/mine --data drawings"),
)
@click.argument("source", metavar="NAME|FOLDER|REPOSITORY", shell_complete=complete_models)
@_DATA
@click.option("--dataset", type=dataset_names(), help="One of the known datasets instead of a folder.")
@_run_options
def finetune(source: str, data: Path | None, dataset: str | None, **options: Any) -> None:
    """Train NAME, FOLDER or REPOSITORY further on other images, at half its recipe's learning rate."""
    refuse_missing("Training", *TRAIN)
    if (data is None) == (dataset is None) and "help" not in options["settings"]:
        raise UsageError("Say what to fine-tune on: either --data with a folder of images or --dataset with a name.")
    from genzoo.checkpoint.config import read_config
    from genzoo.hub import find_folder

    parent = find_folder(source)
    entry = read_config(parent).entry
    parent_name = entry.name
    if lists_keys(entry, options["settings"]):
        return
    slower = for_fine_tuning(entry.recipe)
    entry = with_recipe(dataclasses.replace(entry, recipe=slower), changes(slower, **options))
    entry = dataclasses.replace(entry, tag="-".join(filter(None, (entry.tag, "ft"))))
    wanted = DATASETS[dataset] if dataset else entry.dataset  # of which a folder's images get the shape
    if wanted.shape != entry.dataset.shape:
        raise UsageError(
            f"{parent_name} makes images of {list(entry.dataset.shape)}, {wanted.name} has "
            f"{list(wanted.shape)}: name a model of that size, or a folder of images with --data."
        )
    entry = dataclasses.replace(entry, dataset=wanted)
    _refuse_places(entry, data, **options)
    with _bar(entry.name, options["dry_run"]) as move:
        images = _images(wanted, data, **options)
        folder = _run(dataclasses.replace(entry, dataset=images.dataset), images, parent, move, **options)
    _tell(folder)


def _refuse_places(
    entry: Entry, data: Path | None, out: Path | None, below: Path | None, resume: bool, dry_run: bool, **_: object
) -> None:
    """Raise the error of a folder without images, or of one that is no place for the run, before torch is imported."""
    if data is not None:
        from genzoo.data.folder import refuse_no_pictures

        refuse_no_pictures(data)
    if out is None and data is None:  # else the run is called by its images, which are not known yet
        out = (below or Path("runs")) / entry.name
    if out is not None and not dry_run:
        from genzoo.checkpoint.folder import holds_run

        holds_run(out, resume=resume)


def _first_process() -> bool:
    return os.environ.get("RANK", "0") == "0"


def _say(text: str) -> None:
    """A word on stderr, once for all processes."""
    if _first_process():
        click.echo(text, err=True)


def _images(dataset: Dataset, folder: Path | None, data_dir: Path | None, dry_run: bool, **_: object) -> ImageData:
    from genzoo.accel.memory import prepare_process
    from genzoo.data import ImageData, load_folder, load_images, stand_in

    prepare_process()  # before the images, with which torch's threads begin
    if folder is None:
        return stand_in(dataset) if dry_run and dataset.size else load_images(dataset, data_dir)
    images = load_folder(folder, dataset, _say)
    if find_dataset(images.dataset.name):
        # A folder called mnist is not MNIST, and its models must not be called so.
        images = ImageData(dataclasses.replace(images.dataset, name=f"{images.dataset.name}folder"), images.pixels)
    return images


@contextlib.contextmanager
def _bar(name: str, dry_run: bool) -> Iterator[Move]:
    """A run's bar, which the first process alone shows, from before the images are read."""
    if dry_run or not _first_process():
        yield lambda *_, **__: None
        return
    with progress_bar(name, None) as move:
        move(0, "reading")
        yield move


def _report(move: Move, name: str) -> Callable[[Status], None]:
    """A function that shows a run's status on a bar; what comes last gives way where there is no room."""

    def report(status: Status) -> None:
        rate = f"{status.images_per_second:,.0f}{NO_BREAK}images/s" if status.images_per_second else ""
        losses = " ".join(f"{key}{NO_BREAK}{value:.3g}" for key, value in status.losses.items())
        words = " ".join(filter(None, (status.activity, rate, losses)))
        move(status.step, words, what=name, total=status.steps, seconds_left=status.seconds_left)

    return report


def _tell(folder: Path | None) -> None:
    """Print where a run's checkpoint lies, once for all processes."""
    if folder is not None and _first_process():
        wrote(folder, data=True)


def _run(entry: Entry, images: ImageData, parent: Folder | None, move: Move, **options: Any) -> Path | None:
    """Train, and give the run's folder; or only describe the plan, where that is wanted."""
    from genzoo.accel.devices import find_device
    from genzoo.train import Plan, choose_precision, steps_of
    from genzoo.train import train as run

    device = find_device(options["device"])
    entry = fitted(entry, len(images), _say, **options)
    plan = Plan(
        entry=entry,
        out=options["out"] or (options["below"] or Path("runs")) / entry.name,
        steps=options["steps"] or steps_of(entry, len(images)),
        seed=options["seed"],
        device=device,
        precision=choose_precision(options["precision"], device),
        minutes=options["minutes"],
        save_minutes=options["save_minutes"],
        parent=parent,
        tensorboard=options["tensorboard"],
        evaluations=options["evaluations"],
        snapshot_every=options["snapshot_every"],
    )
    if options["dry_run"]:
        described = describe(plan, images)
        if _first_process():
            click.echo(described + ("\n" if options["below"] else ""))  # one of several
        return None
    return run(plan, images, resume=options["resume"], report=_report(move, entry.name))
