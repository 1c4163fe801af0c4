"""Hold a whole wheel and a slim one against the checkout: `check_wheels.py WHOLE SLIM`, run from its root."""

from __future__ import annotations

import hashlib
import sys
import zipfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))
from genzoo.zoo.catalog import ALIASES, ENTRIES

PARTS = {"weights": "weights", "cards": "cards", "playground/page": "genzoo/playground/page"}
"""Folders of the installed package, and where they lie in the checkout."""
SLIM_BYTES = 100_000_000
"""What package indexes allow a file to have."""


def data_of(wheel: Path) -> dict[str, str]:
    """The SHA-256 of what a wheel holds besides Python."""
    with zipfile.ZipFile(wheel) as archive:
        names = [name for name in archive.namelist() if name.startswith(tuple(f"genzoo/{part}/" for part in PARTS))]
        assert len(names) == len(set(names)), f"{wheel} holds a file twice"
        return {name.removeprefix("genzoo/"): hashlib.sha256(archive.read(name)).hexdigest() for name in names}


def data_here() -> dict[str, str]:
    """The same of the checkout."""
    paths = {path: part for part, folder in PARTS.items() for path in Path(folder).rglob("*") if path.is_file()}
    return {
        f"{part}/{path.relative_to(PARTS[part]).as_posix()}": hashlib.sha256(path.read_bytes()).hexdigest()
        for path, part in paths.items()
    }


def main(whole: Path, slim: Path) -> None:
    """Print both sizes, or fail with what differs."""
    expected = data_here()
    assert data_of(whole) == expected, sorted(set(data_of(whole).items()) ^ set(expected.items()))
    left_out = tuple(f"weights/{name}/" for name in ENTRIES if name not in ALIASES.values())
    kept = {name: digest for name, digest in expected.items() if not name.startswith(left_out)}
    assert data_of(slim) == kept, sorted(set(data_of(slim).items()) ^ set(kept.items()))
    assert slim.stat().st_size < SLIM_BYTES, f"{slim} has {slim.stat().st_size:,} bytes"
    for kind, wheel in (("whole", whole), ("slim", slim)):
        print(f"{kind}: {wheel.stat().st_size:,} bytes")


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
