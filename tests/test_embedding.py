"""What a program that embeds genzoo relies on, as docs/embedding.md tells it."""

from __future__ import annotations

import logging
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from genzoo.zoo.catalog import DATASETS, ENTRIES
from genzoo.zoo.datasets import RECORDS

PAGE = (Path(__file__).parents[1] / "docs" / "embedding.md").read_text(encoding="utf-8")

WARN = "from genzoo.log import warn\nwarn('%s is %d', 'this', 5)"
LISTEN = "import logging\nlogging.basicConfig(format='%(name)s %(levelname)s %(message)s')\n"
COMMAND = "from genzoo.cli import main\nmain(['list', 'vae-olivetti'], standalone_mode=False)\n"


@pytest.mark.parametrize(
    ("program", "told"),
    [(WARN, ""), (LISTEN + WARN, "genzoo WARNING this is 5\n"), (COMMAND + WARN, "this is 5\n")],
    ids=["embedded", "listening", "command"],
)
def test_who_hears_a_warning(program: str, told: str) -> None:
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stderr == told


@pytest.fixture
def _as_before() -> Iterator[None]:
    threads, handlers = torch.get_num_threads(), [*logging.getLogger("genzoo").handlers]
    yield
    torch.set_num_threads(threads)
    logging.getLogger("genzoo").handlers[:] = handlers


@pytest.mark.usefixtures("_as_before")
def test_the_code_of_the_page_runs() -> None:
    blocks = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    assert len(blocks) == 3
    for block in blocks:
        exec(block, {})


def test_the_licences_are_the_records() -> None:
    table = dict(re.findall(r"^\| (.*?) \| (.*?) \|$", PAGE.split("## Licences")[1], re.MULTILINE))
    told = {dataset.title: dataset.licence or "none is stated" for dataset in RECORDS}
    assert {title: table[title] for title in told} == told
    trained_on = {entry.dataset.name for entry in ENTRIES.values()}
    unused = {DATASETS[name].title for name in ("fashionmnist", "kmnist")}
    assert {dataset.title for dataset in RECORDS if dataset.name not in trained_on} == unused
