"""The playground within the site: a static copy of it with the aliases' models, and the page that shows it."""

from __future__ import annotations

from pathlib import Path

from docutils import nodes
from sphinx.application import Sphinx

from genzoo.playground.models import find_models
from genzoo.playground.site import Site
from genzoo.zoo.catalog import ALIASES
from zoo_pages import Page

FOLDER = "playground"
"""Of the site, where the copy lies."""


class Playground(Page):
    """The playground in a frame, and a link to it as a page of its own."""

    def shown(self) -> list[nodes.Node]:
        """The HTML of both."""
        address = self.file(f"{FOLDER}/index.html")
        html = (
            f'<iframe class="zoo-playground" src="{address}" title="The playground" loading="lazy"></iframe>'
            f'<p><a href="{address}" target="_blank">In a window of its own</a></p>'
        )
        return [nodes.raw("", html, format="html")]


def write_site(app: Sphinx, exception: Exception | None) -> None:
    """Write the copy."""
    if exception is None and app.builder.format == "html":
        Site(find_models(list(ALIASES)), public=True).write(Path(app.outdir) / FOLDER, overwrite=True)


def setup(app: Sphinx) -> dict[str, bool]:
    """Name the directive, and write the copy when the pages are written."""
    app.add_directive("playground", Playground)
    app.connect("build-finished", write_site, priority=400)
    return {"parallel_read_safe": True}
