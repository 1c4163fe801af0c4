"""What the scripts have in common that write a page from the measurements beside the weights."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

from genzoo.checkpoint.manifest import weights_home


def signature(script: str) -> str:
    """A page's last line: the command that writes it."""
    return f"*Written by `python tools/{script}.py --out docs/{script}.md` from the files beside the weights.*"


def parser_of(description: str | None) -> argparse.ArgumentParser:
    """A command line that says where to write, and which weights to read of."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--weights", type=Path, default=weights_home(), help="the folder of the entries' folders")
    return parser


def write_page(text: Callable[[Path], str], description: str | None) -> None:
    """Write the page of a folder of weights to where the command line says."""
    options = parser_of(description).parse_args()
    options.out.write_text(text(options.weights))
