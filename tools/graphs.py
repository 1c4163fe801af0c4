"""The graphs of every entry that has weights, beside these: written from the nets, signed, and taken into the manifest.

Golden images of an earlier version get the golden outputs of the encoder or discriminator beside them.

    python tools/graphs.py

The bytes follow from the weights' files, so that a second call changes nothing.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from genzoo.checkpoint.folder import Folder, sign
from genzoo.checkpoint.graphs.write import write_graphs
from genzoo.checkpoint.layout import CONFIG, GRAPHS
from genzoo.checkpoint.manifest import weights_home, write_manifest
from genzoo.sampling.golden import complete_golden
from genzoo.sampling.model import Model
from genzoo.zoo.catalog import ENTRIES


def write_all(home: Path) -> int:
    """Write the graphs of all folders below `home`, and their manifest; returns how many bytes the graphs take."""
    total = 0
    for folder in sorted(home / name for name in ENTRIES if (home / name / CONFIG).is_file()):
        model = Model.of_folder(Folder(folder))
        write_graphs(folder, model.entry)
        complete_golden(folder, model)
        sign(folder)
        total += sum((folder / name).stat().st_size for name in GRAPHS.values() if (folder / name).is_file())
    write_manifest(home)
    return total


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--weights", type=Path, default=weights_home(), help="The folder of weights.")
    print(f"{write_all(parser.parse_args().weights):,} bytes of graphs")  # noqa: T201
