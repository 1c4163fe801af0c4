"""The site's gallery and leaderboard in a real browser: they filter, sort by mouse and keyboard, and fit a phone."""

from __future__ import annotations

import csv
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from genzoo.zoo.catalog import ENTRIES

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[1]
PAGES = ("docs/index.md", "docs/reference/gallery.md", "docs/reference/leaderboard.md")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The two pages alone, and what they link to left out: `.ci/run` builds all, and follows the links."""
    out = tmp_path_factory.mktemp("site")
    pages = f"include_patterns={','.join(PAGES)}"
    command: list[str | Path] = [
        sys.executable,
        "-m",
        "sphinx",
        "-c",
        "docs",
        "-Q",
        "-D",
        pages,
        "-d",
        out / "trees",
        ".",
        out / "html",
    ]
    subprocess.run(command, cwd=ROOT, check=True)
    return out / "html"


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A page that may not complain."""
    errors: list[str] = []
    with browser.new_context(viewport={"width": 1280, "height": 900}) as context:
        one = context.new_page()
        one.on("pageerror", lambda error: errors.append(str(error)))
        yield one
    assert not errors


def test_a_board_sorts_both_ways_and_by_keyboard(page: Page, site: Path) -> None:
    page.goto((site / "docs" / "reference" / "leaderboard.html").as_uri())
    board = page.get_by_role("region", name="Samples: CIFAR-10")
    with (site / "_tables" / "samples-cifar10.csv").open(newline="") as file:
        ranked = list(csv.DictReader(file))

    def first() -> str:
        return board.locator("tbody th a").first.inner_text()

    heading = board.get_by_role("columnheader", name="Fréchet distance")
    expect(heading).to_have_attribute("aria-sort", "ascending")
    assert first() == ranked[0]["entry"]
    heading.get_by_role("button").click()
    expect(heading).to_have_attribute("aria-sort", "descending")
    assert first() == ranked[-1]["entry"]

    coverage = board.get_by_role("columnheader", name="Coverage")
    coverage.get_by_role("button").focus()
    page.keyboard.press("Enter")
    expect(coverage).to_have_attribute("aria-sort", "descending")  # the best first
    expect(board.locator("[aria-sort]")).to_have_count(1)
    assert first() == max(ranked, key=lambda row: float(row["coverage"]))["entry"]


def test_the_gallery_shows_what_was_chosen(page: Page, site: Path) -> None:
    page.goto((site / "docs" / "reference" / "gallery.html").as_uri())
    expect(page.locator("output")).to_have_text(f"{len(ENTRIES)} entries")
    page.get_by_label("family").select_option("wgan")
    page.get_by_label("dataset").select_option("cifar10")
    wanted = {name for name in ENTRIES if name.startswith("wgan-cifar10-")}
    expect(page.locator("output")).to_have_text(f"{len(wanted)} of {len(ENTRIES)} entries")
    shown = page.locator(".zoo-gallery a:visible")
    links = [shown.nth(i).get_attribute("href") for i in range(shown.count())]
    assert links == [f"../../cards/{name}.html" for name in ENTRIES if name in wanted]
    loaded = page.locator(".zoo-gallery img:visible").first.evaluate(
        "async (img) => { await img.decode(); return img.naturalWidth }"
    )
    assert loaded > 0


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("name", ["gallery", "leaderboard"])
def test_a_page_is_no_wider_than_the_window(name: str, width: int, page: Page, site: Path) -> None:
    page.set_viewport_size({"width": width, "height": 800})
    page.goto((site / "docs" / "reference" / f"{name}.html").as_uri())
    assert page.evaluate("document.documentElement.scrollWidth") == width
