"""SHA-256 digests of published dataset files, and the check of those on this machine against them."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from genzoo.checkpoint.files import sha256, write_text
from genzoo.checkpoint.strict import read_json
from genzoo.errors import GenzooError

PUBLISHED: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        # Of the files that the published archives unpack to, whose MD5 torchvision knows (`MNIST.resources`).
        "MNIST": {
            "MNIST/raw/train-images-idx3-ubyte": "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
            "MNIST/raw/train-labels-idx1-ubyte": "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
            "MNIST/raw/t10k-images-idx3-ubyte": "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
            "MNIST/raw/t10k-labels-idx1-ubyte": "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
        },
        # Of the files whose MD5 torchvision has in `CIFAR10.train_list`, `test_list` and `meta`.
        "CIFAR10": {
            "cifar-10-batches-py/data_batch_1": "54636561a3ce25bd3e19253c6b0d8538147b0ae398331ac4a2d86c6d987368cd",
            "cifar-10-batches-py/data_batch_2": "766b2cef9fbc745cf056b3152224f7cf77163b330ea9a15f9392beb8b89bc5a8",
            "cifar-10-batches-py/data_batch_3": "0f00d98ebfb30b3ec0ad19f9756dc2630b89003e10525f5e148445e82aa6a1f9",
            "cifar-10-batches-py/data_batch_4": "3f7bb240661948b8f4d53e36ec720d8306f5668bd0071dcb4e6c947f78e9682b",
            "cifar-10-batches-py/data_batch_5": "d91802434d8376bbaeeadf58a737e3a1b12ac839077e931237e0dcd43adcb154",
            "cifar-10-batches-py/test_batch": "f53d8d457504f7cff4ea9e021afcf0e0ad8e24a91f3fc42091b8adef61157831",
            "cifar-10-batches-py/batches.meta": "f962466ef690d46b226450fb9aadc74ba4bc64a76aa526b5827fe4bc5c7125cb",
        },
    }
)
"""The SHA-256 of published files, by torchvision's name of the dataset and their path below the root."""

TRAINING_IMAGES: Mapping[str, str] = MappingProxyType(
    {
        "mnist": "741c988805d008ac6e4c904b69001ba184c24b2c540a4ef403f4c71b676cf757",
        "cifar10": "9d5c2eddadb0deff02c14c350c0385aab7b1d5ff1edfeb4997c8dc8644960111",
    }
)
"""The SHA-256 of the training images, (n, c, h, w) uint8, of datasets whose features ship with a feature net."""


@dataclass(frozen=True)
class WrongFile:
    """A file that is not the one that was published."""

    path: Path
    found: str
    published: str

    def __str__(self) -> str:
        return f"{self.path} is not the published file: its SHA-256 is {self.found}, not {self.published}"


def find_wrong_file(name: str, root: Path) -> WrongFile | None:
    """The first file of a dataset that is there and differs from the published one; None where none does.

    Digests are cached by path, size and time of change, so that a file is hashed once.

    Args:
        name: torchvision's, `MNIST` or `CIFAR10`; of other datasets no digests of unpacked files are known.
        root: the folder that holds the datasets.

    Raises:
        OSError: for a file that may not be read.
    """
    known = _read_cache()
    found: dict[str, list[object]] = {}
    wrong = None
    for path, published in ((root / file, digest) for file, digest in PUBLISHED.get(name, {}).items()):
        if wrong is None and path.is_file():
            status = path.stat()
            key, mark = str(path.resolve()), [status.st_size, status.st_mtime_ns]
            digest = known[key][2] if key in known and known[key][:2] == mark else sha256(path)
            found[key] = [*mark, digest]
            wrong = None if digest == published else WrongFile(path, str(digest), published)
    if any(known.get(key) != row for key, row in found.items()):
        _write_cache(known | found)
    return wrong


def _cache() -> Path:
    return Path.home() / ".cache" / "genzoo" / "hashed.json"


def _read_cache() -> dict[str, list[object]]:
    """Path -> size, time of change and SHA-256; empty without a cache, or where it is damaged."""
    try:
        rows = read_json(_cache())
        return {path: row for path, row in rows.items() if isinstance(row, list) and len(row) == 3}
    except (ValueError, AttributeError, RuntimeError):
        return {}


def _write_cache(rows: Mapping[str, list[object]]) -> None:
    # Where it cannot be written, all is hashed again next time.
    with contextlib.suppress(GenzooError, OSError, RuntimeError):
        _cache().parent.mkdir(parents=True, exist_ok=True)
        write_text(_cache(), json.dumps(rows) + "\n")
