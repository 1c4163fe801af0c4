"""The blocks of code in a Markdown file, fenced or indented, each with its language."""

from __future__ import annotations

import ast
import re
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass

_SHELL = re.compile(r"^(?:[A-Z_]+=\S+ )*(?:accelerate|genzoo|git|pip|pytest|python|ruff|torchrun) ", re.MULTILINE)
_NOT_RUN = re.compile(r"<!-- not run: (?P<reason>.+?) -->\s*\Z", re.DOTALL)
_FENCE = re.compile(r"^```(?P<language>[^\n]*)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
# A line of a list goes on indented, too; a block has an empty line before it, and no list.
_INDENTED = re.compile(r"(?<=\n\n)(?: {4}[^\n]*\n(?:\n(?= {4}))*)+")


@dataclass(frozen=True)
class Block:
    """A block of code.

    Attributes:
        line: of the file, from 1, that its first line is.
        language: `python`, `sh`, `text`, or what its fence says.
        text: without fence and indentation.
        not_run: the reason in a comment `<!-- not run: REASON -->` before it; empty where there is none.
    """

    line: int
    language: str
    text: str
    not_run: str = ""


def language(text: str) -> str:
    """What an indented block is written in: `python`, `sh` or `text`."""
    if _SHELL.search(text):
        return "sh"
    try:
        ast.parse(text)
    except SyntaxError:
        return "text"
    return "python"


def blocks(markdown: str) -> Iterator[Block]:
    """All blocks of a Markdown file, in their order."""
    found = {match.start(): _fenced(match, markdown) for match in _FENCE.finditer(markdown)}
    # What is indented within a fence is none by itself; lines stay where they are.
    rest = _FENCE.sub(lambda match: re.sub(r"[^\n]", "`", match[0]), markdown)
    for match in _INDENTED.finditer(rest):
        text = textwrap.dedent(match[0]).strip("\n") + "\n"
        found[match.start()] = Block(_line(markdown, match.start()), language(text), text, _reason(markdown, match))
    yield from (found[place] for place in sorted(found))


def _fenced(match: re.Match[str], markdown: str) -> Block:
    line = _line(markdown, match.start("text"))
    return Block(line, match["language"].strip() or "text", match["text"], _reason(markdown, match))


def _line(markdown: str, place: int) -> int:
    return markdown.count("\n", 0, place) + 1


def _reason(markdown: str, match: re.Match[str]) -> str:
    comment = _NOT_RUN.search(markdown, 0, match.start())
    return comment["reason"] if comment else ""
