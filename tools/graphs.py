"""The graphs of every entry that has weights, beside these: written from the nets, signed, and taken into the manifest.

    python tools/graphs.py

The bytes follow from the weights' files, so that a second call changes nothing.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from genzoo.checkpoint.config import read_config
from genzoo.checkpoint.folder import Folder, sign
from genzoo.checkpoint.graphs.write import write_graphs
from genzoo.checkpoint.layout import CONFIG, GRAPHS
from genzoo.checkpoint.manifest import weights_home, write_manifest
from genzoo.zoo.catalog import ENTRIES


def write_all(home: Path) -> int:
    """Write the graphs of all folders below `home`, and their manifest; returns how many bytes the graphs take."""
    total = 0
    for folder in sorted(home / name for name in ENTRIES if (home / name / CONFIG).is_file()):
        write_graphs(folder, read_config(Folder(folder)).entry)
        sign(folder)
        total += sum((folder / name).stat().st_size for name in GRAPHS.values() if (folder / name).is_file())
    write_manifest(home)
    return total


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--weights", type=Path, default=weights_home(), help="The folder of weights.")
    print(f"{write_all(parser.parse_args().weights):,} bytes of graphs")  # noqa: T201
