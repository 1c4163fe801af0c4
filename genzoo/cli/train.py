"""`genzoo train`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from genzoo.catalog import find_entry, with_architecture, with_recipe
from genzoo.cli.progress import progress_bar
from genzoo.errors import UsageError


@click.command()
@click.argument("name")
@click.option("--out", type=click.Path(path_type=Path), help="The run's folder.  [default: runs/NAME]")
@click.option("--epochs", type=click.IntRange(1), help="Passes over the data, instead of the recipe's.")
@click.option("--steps", type=click.IntRange(1), help="Generator steps, instead of epochs.")
@click.option("--minutes", type=click.FloatRange(0, min_open=True), help="Stop after this long, done or not.")
@click.option("--batch-size", type=click.IntRange(2), help="Images in a batch, over all processes.")
@click.option("--lr", type=click.FloatRange(0, min_open=True), help="Learning rate.")
@click.option("--seed", type=click.IntRange(0, 2**63 - 1), default=0, show_default=True)
@click.option("--device", default="auto", show_default=True, help="auto, cpu, cuda or mps.")
@click.option("--precision", type=click.Choice(["auto", "fp32", "bf16"]), default="auto", show_default=True)
@click.option("--data-dir", type=click.Path(path_type=Path), help="Where the datasets lie.  [env: GENZOO_DATA]")
@click.option("--latent-size", type=click.IntRange(1), help="Another latent size, and so another name.")
@click.option("--layers", type=click.IntRange(1), help="Another number of hidden layers, likewise.")
@click.option("--width", type=click.IntRange(1), help="Another width, likewise.")
@click.option("--set", "settings", multiple=True, metavar="KEY=VALUE", help="Another value in the recipe.")
@click.option("--save-minutes", type=click.FloatRange(0, min_open=True), default=5.0, show_default=True)
@click.option("--resume", is_flag=True, help="Go on with the run in the folder.")
def train(
    name: str,
    out: Path | None,
    epochs: int | None,
    steps: int | None,
    minutes: float | None,
    seed: int,
    device: str,
    precision: Any,
    data_dir: Path | None,
    settings: tuple[str, ...],
    save_minutes: float,
    resume: bool,
    batch_size: int | None,
    lr: float | None,
    **sizes: int | None,
) -> None:
    """Train NAME from scratch by its recipe; the result is a checkpoint folder."""
    if epochs is not None and steps is not None:
        raise UsageError("--epochs and --steps both say how long to train: give one of them.")
    given = {"epochs": epochs, "batch_size": batch_size, "lr": lr}
    changes = {key: str(value) for key, value in given.items() if value is not None} | _settings(settings)
    entry = with_recipe(with_architecture(find_entry(name), **sizes), changes)

    from genzoo.data import load_images
    from genzoo.model import find_device
    from genzoo.train import Plan, Status, choose_precision, steps_of
    from genzoo.train import train as run

    where = find_device(device)
    data = load_images(entry.dataset, data_dir)
    plan = Plan(
        entry=entry,
        out=out or Path("runs") / entry.name,
        steps=steps or steps_of(entry, len(data)),
        seed=seed,
        device=where,
        precision=choose_precision(precision, where),
        minutes=minutes,
        save_minutes=save_minutes,
    )
    with progress_bar(entry.name, plan.steps) as move:

        def report(status: Status) -> None:
            losses = " ".join(f"{key} {value:.3g}" for key, value in status.losses.items())
            move(status.step, f"{status.images_per_second:,.0f} images/s {losses}")

        folder = run(plan, data, resume=resume, report=report)
    click.echo(folder)


def _settings(texts: tuple[str, ...]) -> dict[str, str]:
    pairs = [text.partition("=") for text in texts]
    if wrong := [key for key, equals, _ in pairs if not equals]:
        raise UsageError(f"--set {wrong[0]} has no value: write --set {wrong[0]}=VALUE.")
    return {key: value for key, _, value in pairs}
