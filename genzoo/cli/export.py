"""`genzoo export`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from genzoo.cli.common.complete import complete_models
from genzoo.cli.common.group import examples
from genzoo.cli.common.output import wrote
from genzoo.cli.options import OneOf

if TYPE_CHECKING:
    from genzoo.release.export import Net, Type


@click.command(
    epilog=examples("genzoo export dcgan-mnist digits.onnx", "genzoo export vae-mnist encoder.pt2 --net encoder")
)
@click.argument("source", metavar="NAME|FOLDER|REPOSITORY", shell_complete=complete_models)
@click.argument("output", type=click.Path(path_type=Path))
@click.option("--net", type=OneOf(["generator", "encoder", "discriminator"]), default="generator",
              show_default=True, help="A VAE has an encoder, a GAN a discriminator.")  # fmt: skip
@click.option("--dtype", type=OneOf(["float32", "float16"]), default="float32", show_default=True,
              help="Of the weights in the file; inputs, outputs and arithmetic are float32.")  # fmt: skip
@click.option("--overwrite", is_flag=True, help="Replace a file that is there.")
def export(source: str, output: Path, net: Net, dtype: Type, overwrite: bool) -> None:
    """Write a trained net to OUTPUT as one file that other programs run, with its weights inside.

    OUTPUT ends in .onnx, or in .pt2 for torch.export.load. The file is run for 1, 7 and 64 images, and held against the
    model's own. Five lines of Python that run it without genzoo go to stdout.
    """
    from genzoo.hub import refuse_out_of_reach
    from genzoo.release.export import export as write

    refuse_out_of_reach(source)
    done = write(source, output, net, dtype, overwrite=overwrite)
    wrote(done.path, f": {done.size:,} bytes, {done.operators} operators")
    click.echo(done.program)
