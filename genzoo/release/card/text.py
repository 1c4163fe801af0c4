"""Markdown: tables, and what somebody else wrote as text that stays text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence


def plain(value: object) -> str:
    """A value of a folder's JSON in one line, with nothing that begins a table cell, a tag or code."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"
    return " ".join(str(value).split()).replace("|", "\\|").replace("<", "&lt;").replace("`", "'")


def plain_value(value: object) -> str:
    """A JSON value in one line; of nested ones, names and values."""
    if isinstance(value, Mapping):
        return ", ".join(f"{plain(key)} {plain_value(item)}".replace("_", " ") for key, item in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(map(plain_value, value))
    return "" if value is None else plain(value)


def table(heading: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table."""
    lines = [heading, ["---"] * len(heading), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
