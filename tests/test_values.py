from __future__ import annotations

import re
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pytest
import torch

import genzoo
from genzoo.errors import UsageError
from genzoo.values import as_path, folded, in_columns, whole_number

ROOT = Path(__file__).parents[1]


@pytest.mark.parametrize(
    "value",
    [
        100, np.int8(100), np.uint8(100), np.int64(100), np.array(100),
        torch.tensor(100), torch.tensor(100, dtype=torch.int8),
    ],
    ids=repr,
)  # fmt: skip
def test_whole_numbers_of_every_kind_are_pythons(value: object) -> None:
    found = whole_number("n", value)
    assert (type(found), found) == (int, 100)


@pytest.mark.parametrize(
    "value",
    [
        True, np.True_, torch.tensor(True), 1.0, np.float32(1), torch.tensor(1.0), "1", None, [1], 1j,
        torch.tensor([1]), np.array([1]), torch.zeros(3, 3), torch.tensor(1, device="meta"),
    ],
    ids=repr,
)  # fmt: skip
def test_what_is_no_whole_number(value: object) -> None:
    with pytest.raises(UsageError, match=r"\An must be a whole number, not [^\n]+\.\Z"):
        whole_number("n", value)


def test_paths() -> None:
    assert as_path("a/b") == as_path(Path("a/b")) == Path("a/b")
    for wrong in (None, 5, b"a", ["a"], "a\0b", Path("a\0b"), "a\ud800"):
        with pytest.raises(UsageError, match="is no name or path: give text without NUL, or a Path"):
            as_path(wrong)


def test_there_is_one_version() -> None:
    changes = (ROOT / "CHANGELOG.md").read_text()
    released = re.findall(r"^## \[(\d+\.\d+\.\d+)\] - \d{4}-\d\d-\d\d$", changes, re.MULTILINE)
    assert re.findall(r"^## .*", changes, re.MULTILINE)[0] == "## [Unreleased]"
    assert released[0] == genzoo.__version__
    # What pip installed here, from a wheel that hatch gave this version's number.
    assert version("genzoo") == genzoo.__version__
    assert 'path = "genzoo/version.py"' in (ROOT / "pyproject.toml").read_text()


TABLE = [("MODEL", "Distance", "Coverage"), ("first", "\x1b[1m0.25\x1b[0m", "0.5"), ("the second", "10", "0.75")]


def test_a_table_lines_up_whatever_its_type() -> None:
    for width in (None, 30):
        assert in_columns(TABLE, width) == folded(TABLE, width) == [
            "MODEL       Distance  Coverage",
            "first       \x1b[1m0.25\x1b[0m      0.5",
            "the second  10        0.75",
        ]  # fmt: skip


def test_a_table_that_is_too_wide_is_turned_on_its_side() -> None:
    assert in_columns(TABLE, 29) == [
        "MODEL     first  the second",
        "Distance  \x1b[1m0.25\x1b[0m   10",
        "Coverage  0.5    0.75",
    ]
    halves = ["MODEL     first", "Distance  \x1b[1m0.25\x1b[0m", "Coverage  0.5", ""]
    halves += ["MODEL     the second", "Distance  10", "Coverage  0.75"]
    assert in_columns(TABLE, 26) == in_columns(TABLE, 3) == halves


def test_a_table_of_many_rows_is_folded() -> None:
    assert folded(TABLE, 24)[:3] == ["MODEL       Distance", "    Coverage", "first       \x1b[1m0.25\x1b[0m"]
    long = folded([("NAME", "AXIS"), ("study", "latent size: 10; 20; 50")], 20)
    assert long == ["NAME", "    AXIS", "study", "    latent size: 10;", "    20; 50"]
