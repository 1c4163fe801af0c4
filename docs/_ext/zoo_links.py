"""Follows every link of the built site that stays within it, to the file and the place in it."""

from __future__ import annotations

from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

from sphinx.application import Sphinx
from sphinx.util import logging

_log = logging.getLogger(__name__)


class _Page(HTMLParser):
    """What a page points at, and what in it can be pointed at."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.links: set[str] = set()
        self.places: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: ARG002
        """Note its links and its names."""
        for name, value in attrs:
            if value and name in ("href", "src"):
                self.links.add(value)
            elif value and name in ("id", "name"):
                self.places.add(value)


@cache
def _read(path: Path) -> _Page:
    return _Page(path.read_text())


def broken(site: Path) -> list[tuple[Path, str]]:
    """Every page's links to files or places of the site that are not there."""
    return [
        (path.relative_to(site), link)
        for path in sorted(site.rglob("*.html"))
        for link in sorted(_read(path).links)
        if not _leads_somewhere(path, link)
    ]


def _leads_somewhere(page: Path, link: str) -> bool:
    parts = urlsplit(link)
    if parts.scheme or parts.netloc:
        return True
    target = page if not parts.path else page.parent / unquote(parts.path)
    if not target.is_file():
        return False
    if not parts.fragment or target.suffix != ".html":
        return True
    return unquote(parts.fragment) in _read(target.resolve() if target != page else page).places


def check(app: Sphinx, exception: Exception | None) -> None:
    """Warn of each, which ends a build with `-W`."""
    if exception is not None or app.builder.format != "html":
        return
    _read.cache_clear()
    for page, link in broken(Path(app.outdir)):
        _log.warning("%s links to %s, which is not there", page, link)


def setup(app: Sphinx) -> dict[str, bool]:
    """Look when all is written."""
    app.connect("build-finished", check, priority=900)
    return {"parallel_read_safe": True}
