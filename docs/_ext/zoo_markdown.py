"""What Markdown written for a repository's pages lacks on a site, and docstrings that napoleon would misread."""

from __future__ import annotations

from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.ext.napoleon.docstring import GoogleDocstring

from fences import language

_FOLDERS = {"cards/": "docs/reference/gallery.md", "examples/": "docs/notebooks.md"}
"""Folders that a page links to, and the page that shows what lies there."""


def lead_folders_to_pages(app: Sphinx, docname: str, source: list[str]) -> None:  # noqa: ARG001
    """A site has no listing of a folder."""
    up = "../" * docname.count("/")
    for folder, page in _FOLDERS.items():
        source[0] = source[0].replace(f"]({up}{folder})", f"]({up}{page})")


def name_languages(app: Sphinx, doctree: nodes.document) -> None:  # noqa: ARG001
    """Give each indented block the language that it is written in, for which Markdown has no place."""
    for block in doctree.findall(nodes.literal_block):
        if block.get("language", "default") in ("default", "none"):
            block["language"] = language(block.astext())


def keep_colons(app: Sphinx, what: str, name: str, obj: Any, options: Any, lines: list[str]) -> None:
    """Napoleon takes what stands before the colon in a property's first line for its type, and not in a method's."""
    if what in ("property", "attribute", "data"):
        lines[:] = ["..", "", *GoogleDocstring(lines, app.config, app, "method", name, obj, options).lines()]


def setup(app: Sphinx) -> dict[str, bool]:
    """Connect them."""
    app.connect("source-read", lead_folders_to_pages)
    app.connect("doctree-read", name_languages)
    app.connect("autodoc-process-docstring", keep_colons, priority=100)
    return {"parallel_read_safe": True}
