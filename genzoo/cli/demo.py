"""`genzoo demo`."""

from __future__ import annotations

from pathlib import Path

import click

from genzoo.cli.common.complete import complete_models
from genzoo.cli.common.group import examples
from genzoo.cli.common.output import opened, wrote
from genzoo.errors import UsageError


@click.command(epilog=examples("genzoo demo", "genzoo demo dcgan-mnist runs/mine", "genzoo demo vae-mnist --out site"))
@click.argument("sources", nargs=-1, metavar="[NAME|FOLDER|REPOSITORY]...", shell_complete=complete_models)
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="Where it answers.  [default: a free port]")
@click.option("--out", type=click.Path(path_type=Path), help="Write the site to this folder instead of serving it.")
@click.option("--overwrite", is_flag=True, help="Replace a folder that is not empty.")
@click.option("--no-open", is_flag=True, help="Do not open a browser.")
def demo(sources: tuple[str, ...], port: int, out: Path | None, overwrite: bool, no_open: bool) -> None:
    """Play with models in the browser: a page that runs their graphs there.

    It is served on this machine alone, without a network, until Ctrl-C, and shows the models that are named, or all
    entries that are here. With --out it is written as a static site, which any web server can serve.
    """
    from genzoo.cli.several import expand
    from genzoo.playground.models import find_models
    from genzoo.playground.server import serve
    from genzoo.playground.site import Site
    from genzoo.zoo.catalog import is_wildcard

    if overwrite and out is None:
        raise UsageError("--overwrite replaces the folder that --out names: give both.")
    if port and out is not None:
        raise UsageError("--port is where the page is served, and --out writes it instead: leave out one of them.")
    named = [name for source in sources for name in (expand([source]) if is_wildcard(source) else [source])]
    site = Site(find_models(named), public=out is not None)
    if not site.models:
        raise UsageError("There is no model here to show: name one, a folder, or a repository.")
    many = f"{len(site.models)} model{'s' if len(site.models) > 1 else ''}"
    if out is not None:
        site.write(out, overwrite=overwrite)
        wrote(out, f": {many}; `python -m http.server -d {out}` serves it")
        return

    def ready(url: str) -> None:
        address = f"{url}#model={site.models[0].key}" if len(site.models) == 1 else url
        click.echo(f"Serving {many} on this machine; Ctrl-C ends it", err=True)
        click.echo(address)
        if not no_open:
            opened(address)

    serve(site, port, ready)
