"""What the docs show holds: Python runs, commands exist with the options given, and every page has its place."""

from __future__ import annotations

import fnmatch
import json
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from fences import Block, blocks, language
from genzoo.cli import main
from zoo_links import broken

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
NAMES = [path.relative_to(ROOT).as_posix() for path in PAGES]
FOLLOWED = "CONTRIBUTING.md"
"""Its blocks are files, which `test_contributing` writes."""


def blocks_of(page: str, *languages: str) -> list[Block]:
    return [block for block in blocks((ROOT / page).read_text()) if block.language in languages]


def python_pages() -> list[str]:
    return [page for page in NAMES if page != FOLLOWED and blocks_of(page, "python")]


@pytest.mark.parametrize("page", python_pages())
def test_python_runs(page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "weights").symlink_to(ROOT / "weights")
    names: dict[str, object] = {}
    for block in blocks_of(page, "python"):
        if not block.not_run:
            # Lines are counted as in the page, which a failure names.
            exec(compile("\n" * (block.line - 1) + block.text, page, "exec"), names)


def commands(block: Block) -> Iterator[tuple[int, list[str]]]:
    """The arguments of each call of genzoo, with its line."""
    for number, line in enumerate(block.text.splitlines(), block.line):
        for call in re.split(r" && | \| ", line):
            words = shlex.split(call, comments=True)
            while words and "=" in words[0]:
                del words[0]
            if words[:1] == ["genzoo"] and words[1:]:
                yield number, words[1:]
            elif "-m" in words and words[words.index("-m") + 1] == "genzoo":
                yield number, words[words.index("-m") + 2 :]


def parse(arguments: list[str]) -> click.Context:
    """Arguments as genzoo takes them, without what would be done then; raises `click.UsageError`."""
    command: click.Command = main
    context = click.Context(main, info_name="genzoo")
    while isinstance(command, click.Group):
        name, *arguments = arguments
        found = command.get_command(context, name)
        if found is None:
            raise click.UsageError(f"there is no command {name}")
        parent, command = context, found
        context = click.Context(command, parent, info_name=name)
    return command.make_context(context.info_name, arguments, parent=context.parent)


def refusal(arguments: list[str]) -> str:
    """Why genzoo does not take arguments; empty where it does."""
    try:
        parse(arguments)
    except click.UsageError as error:
        return error.format_message()
    return ""


def shell_pages() -> list[str]:
    return [page for page in NAMES if any(list(commands(block)) for block in blocks_of(page, "sh"))]


@pytest.mark.parametrize("page", shell_pages())
def test_commands_parse(page: str) -> None:
    refused: dict[int, str] = {}
    for block in blocks_of(page, "sh"):
        refused |= {line: reason for line, arguments in commands(block) if (reason := refusal(arguments))}
    assert not refused, f"lines of {page} that genzoo does not take"


@pytest.mark.parametrize(
    "arguments", ["drawing x.png", "generate -m vae-mnist --nrows 4 x.png", "list a b", "study drew", "train"]
)
def test_a_wrong_command_does_not(arguments: str) -> None:
    assert refusal(arguments.split())


def test_every_page_has_its_place() -> None:
    index = (ROOT / "docs" / "index.md").read_text()
    listed = [line for block in blocks(index) if block.language == "{toctree}" for line in block.text.splitlines()]
    for page in (ROOT / "docs").rglob("*.md"):
        name = page.relative_to(ROOT / "docs").with_suffix("").as_posix()
        assert name == "index" or any(fnmatch.fnmatch(name, pattern) for pattern in listed), name


def test_blocks_are_found_with_their_language_and_line() -> None:
    text = "# A page\n\n    pip install .\n\n    genzoo list\n\nWords\n    that go on.\n"
    text += "\n```python\nimport os\n\n    \n```\n"
    text += "\n<!-- not run: it takes\nminutes -->\n```python\nos.fork()\n```\n\n    x = 1\n"
    assert list(blocks(text)) == [
        Block(3, "sh", "pip install .\n\ngenzoo list\n"),
        Block(11, "python", "import os\n\n    \n"),
        Block(19, "python", "os.fork()\n", "it takes\nminutes"),
        Block(22, "python", "x = 1\n"),
    ]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("genzoo list\n", "sh"),
        ("HF_HUB_OFFLINE=1 genzoo pull x\n", "sh"),
        ("genzoo.load('x')\n", "python"),
        ("name -> zoo\n", "text"),
    ],
)
def test_the_language_of_an_indented_block(text: str, found: str) -> None:
    assert language(text) == found


def test_links_of_the_site_are_followed_to_their_places(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "one.html").write_text(
        '<p id="here"><a href="#here"><a href="#gone"><a href="../two.html#there"><a href="../two.html#gone">'
        '<img src="no.png"><a href="https://example.org/x"><a href="../picture%20one.png"><a href="../a">'
    )
    (tmp_path / "two.html").write_text('<a id="there" href="a/one.html?x=1#here"></a>')
    (tmp_path / "picture one.png").touch()
    assert broken(tmp_path) == [(Path("a/one.html"), link) for link in ("#gone", "../a", "../two.html#gone", "no.png")]


@pytest.mark.parametrize("path", sorted((ROOT / "examples").glob("*.ipynb")), ids=lambda path: path.stem)
def test_notebooks_are_kept_without_what_a_run_leaves(path: Path) -> None:
    code = [cell for cell in json.loads(path.read_text())["cells"] if cell["cell_type"] == "code"]
    assert code
    assert all(not cell["outputs"] and cell["execution_count"] is None for cell in code)
