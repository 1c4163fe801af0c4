"""Checkpoint folders: configs, safetensors, the manifest, and where the catalog's folders lie.

This is the one module that touches safetensors.  A folder is data: it is checked in full before
anything is allocated for it, and nothing in it is ever executed.
"""

from __future__ import annotations

import contextlib
import json
import os
import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from genzoo import catalog
from genzoo.errors import BadCheckpointError, UnknownNameError, WeightsNotFoundError
from genzoo.files import sha256, whole_file, write_text
from genzoo.spec import FORMAT, Entry, check

if TYPE_CHECKING:
    import torch
    from torch import Tensor, nn

CONFIG, MODEL, CRITIC = "config.json", "model.safetensors", "critic.safetensors"
METRICS, GOLDEN, MANIFEST = "metrics.json", "golden.safetensors", "manifest.json"
_MOST_PARAMETERS = 64_000_000
_MOST_CONFIG_BYTES = 1_000_000


@dataclass(frozen=True)
class Config:
    """`config.json`: the entry, how it was trained, and what it was fine-tuned from."""

    entry: Entry
    training: Mapping[str, Any] = field(default_factory=dict)
    parent: Mapping[str, Any] | None = None

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values, as `read_config` takes them."""
        return {
            "format": FORMAT,
            "entry": self.entry.to_json(),
            "training": dict(self.training),
            "parent": None if self.parent is None else dict(self.parent),
        }


@dataclass(frozen=True)
class Folder:
    """A checkpoint folder, with the sizes and hashes its files must have where a manifest says so."""

    path: Path
    pinned: Mapping[str, Mapping[str, Any]] | None = None

    def file(self, name: str) -> Path:
        """The path of one file, once it has been held against the manifest.

        Raises:
            WeightsNotFoundError: when the file exists, but not on this machine.
            BadCheckpointError: when the file is missing or is not the one in the manifest.
        """
        path = self.path / name
        if not path.is_file() and name in (self.pinned or {}):
            raise WeightsNotFoundError(
                f"{self.path} has no {name}, which an installed genzoo leaves out: run genzoo from a checkout."
            )
        if not path.is_file():
            raise BadCheckpointError(f"{self.path} has no {name}: it is not a whole checkpoint folder.")
        if self.pinned is not None:
            expected = self.pinned.get(name, {}).get("sha256", "none")
            if (found := sha256(path)) != expected:
                raise BadCheckpointError(
                    f"{path} is damaged or altered: its SHA-256 is {found}, the manifest's is {expected}; "
                    "install genzoo anew or check the file out again."
                )
        return path

    def has(self, name: str) -> bool:
        """Whether the folder holds a file of this name."""
        return (self.path / name).is_file()


@lru_cache(maxsize=1)
def weights_home() -> Path:
    """The folder of the catalog's weights: the installed package's, or the checkout's."""
    package = Path(__file__).resolve().parent
    installed = package / "weights"
    return installed if installed.is_dir() else package.parent / "weights"


@lru_cache(maxsize=8)
def _manifest_at(path: Path, _changed: int) -> Mapping[str, Mapping[str, Any]]:
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
        return {str(name): dict(files) for name, files in manifest["entries"].items()}
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise BadCheckpointError(f"{path} is not a manifest ({error}): install genzoo anew.") from None


def read_manifest() -> Mapping[str, Mapping[str, Any]]:
    """Every shipped file's size and SHA-256: entry's name (or `features/...`) -> file name -> {size, sha256}."""
    path = weights_home() / MANIFEST
    return _manifest_at(path, path.stat().st_mtime_ns) if path.is_file() else {}


def write_manifest(home: Path) -> None:
    """Write the manifest of the folders below `home`: every entry's, and every feature net's."""
    folders = [folder for folder in home.iterdir() if folder.name in catalog.ENTRIES]
    folders += (home / "features").glob("*") if (home / "features").is_dir() else []
    entries = {
        folder.relative_to(home).as_posix(): {
            file.name: {"size": file.stat().st_size, "sha256": sha256(file)}
            for file in sorted(folder.iterdir())
            if not file.name.startswith(".")
        }
        for folder in sorted(folders)
    }
    write_text(home / MANIFEST, json.dumps({"format": FORMAT, "entries": entries}, indent=1) + "\n")


def is_here(name: str) -> bool:
    """Whether the weights of a full catalog name are on this machine."""
    return name in read_manifest() and (weights_home() / name / MODEL).is_file()


def find_folder(source: str | os.PathLike[str]) -> Folder:
    """The checkpoint folder of a full name, an alias, or a path.

    Raises:
        UnknownNameError: for what is neither a name nor a folder.
        WeightsNotFoundError: for an entry whose weights are not on this machine.
    """
    name = catalog.ALIASES.get(str(source), str(source))
    if name in catalog.ENTRIES:
        if not is_here(name):
            raise WeightsNotFoundError(
                f"The weights of {name} are not on this machine: train them with `genzoo train {name}` "
                "and load the folder it makes."
            )
        return Folder(weights_home() / name, read_manifest()[name])
    path = Path(source)
    if str(source) and path.is_dir():
        return Folder(path)
    known = catalog.nearest(str(source), [*catalog.ALIASES, *catalog.ENTRIES])
    raise UnknownNameError(f"{str(source)!r} is neither a model's name nor a folder: {known}")


def read_config(folder: Folder) -> Config:
    """The folder's `config.json`, strictly.

    Raises:
        BadCheckpointError: naming what is wrong with it.
    """
    path = folder.file(CONFIG)
    try:
        check(path.stat().st_size <= _MOST_CONFIG_BYTES, f"it is larger than {_MOST_CONFIG_BYTES} bytes.")
        value = json.loads(path.read_text(encoding="utf-8"))
        check(isinstance(value, dict), "it must hold an object.")
        check(value.get("format") == FORMAT, f"its format is {value.get('format')!r}, this genzoo reads {FORMAT}.")
        check(set(value) == {"format", "entry", "training", "parent"}, f"it has the fields {sorted(value)}.")
        check(isinstance(value["training"], dict), "its field training must be an object.")
        check(isinstance(value["parent"], dict | None), "its field parent must be an object or null.")
        return Config(Entry.from_json(value["entry"]), value["training"], value["parent"])
    except (ValueError, RecursionError, OverflowError) as error:
        raise BadCheckpointError(f"{path} is not JSON that genzoo can read ({error}).") from None
    except BadCheckpointError as error:
        raise BadCheckpointError(f"{path} is refused: {error}") from None


def write_config(folder: Path, config: Config) -> None:
    """Write `config.json` in one step."""
    write_text(folder / CONFIG, json.dumps(config.to_json(), indent=2) + "\n")


def write_tensors(path: Path, tensors: Mapping[str, Tensor]) -> None:
    """Write a safetensors file in one step, readable by whom the umask allows."""
    from safetensors.torch import save_file

    with whole_file(path) as part:
        # A single key of metadata keeps the bytes the same from run to run.
        with _errors_of_safetensors(part):
            save_file(
                {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}, part, {"format": "pt"}
            )
        umask = os.umask(0)
        os.umask(umask)
        part.chmod(0o666 & ~umask)


@contextlib.contextmanager
def _errors_of_safetensors(path: Path) -> Iterator[None]:
    from safetensors import SafetensorError

    try:
        yield
    except SafetensorError as error:
        # The library reports the system's errors as text; a full disk must stay recognisable.
        raise OSError(None, str(error), str(path)) from error


def read_tensors(
    path: Path, expected: Mapping[str, torch.Size] | None = None, *, trusted: bool = False
) -> dict[str, Tensor]:
    """The tensors of a safetensors file, mapped, once names and shapes are found to be right.

    Args:
        path: the file.
        expected: the shape of every tensor that must be there; None takes what is there.
        trusted: the file's hash is known, so that its values need no look.

    Raises:
        BadCheckpointError: for a file that is damaged, incomplete, or not what was expected.
    """
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="pt") as file:
            shapes = {name: tuple(file.get_slice(name).get_shape()) for name in file.keys()}  # noqa: SIM118
            if expected is not None:
                _compare(path, shapes, expected)
            tensors = {name: file.get_tensor(name) for name in shapes}
    except (SafetensorError, OSError, ValueError) as error:
        raise BadCheckpointError(f"{path} is damaged ({error}): fetch or train it again.") from None
    for name, tensor in tensors.items():
        if not trusted and tensor.is_floating_point() and not tensor.isfinite().all():
            raise BadCheckpointError(f"{path} is refused: its tensor {name} has values that are not finite.")
    return tensors


def _compare(path: Path, found: Mapping[str, tuple[int, ...]], expected: Mapping[str, torch.Size]) -> None:
    missing, unknown = sorted(set(expected) - set(found)), sorted(set(found) - set(expected))
    misshapen = [
        f"{name} {list(found[name])} for {list(expected[name])}"
        for name in sorted(set(found) & set(expected))
        if found[name] != tuple(expected[name])
    ]
    if missing or unknown or misshapen:
        raise BadCheckpointError(
            f"{path} does not fit its config.json: missing {missing}, unknown {unknown}, misshapen {misshapen}."
        )


def load_net(entry: Entry, folder: Folder, net: str, dtype: torch.dtype, device: torch.device) -> nn.Module:
    """One net of a checkpoint folder: `generator`, `encoder` or `critic`, in evaluation mode.

    Built on the meta device, so that nothing is allocated or initialised before the tensors are assigned.

    Raises:
        BadCheckpointError: when the folder's tensors are not those of the entry.
    """
    try:
        nets = meta_nets(entry)
    except BadCheckpointError as error:
        raise BadCheckpointError(f"{folder.path} is refused: {error}") from None
    shapes = {
        f"{key}.{name}": tensor.shape
        for key, module in nets.items()
        for name, tensor in module.state_dict().items()
        if (key == "critic") == (net == "critic")
    }
    tensors = read_tensors(folder.file(CRITIC if net == "critic" else MODEL), shapes, trusted=folder.pinned is not None)
    module = nets[net]
    state = {
        name: _as(tensors[f"{net}.{name}"], dtype, device) for name in module.state_dict()
    }  # fmt: skip
    module.load_state_dict(state, assign=True)
    return module.eval().requires_grad_(False)


def _as(tensor: Tensor, dtype: torch.dtype, device: torch.device) -> Tensor:
    return tensor.to(device, dtype if tensor.is_floating_point() else tensor.dtype)


def meta_nets(entry: Entry) -> nn.ModuleDict:
    """The entry's nets without memory, after a check that they are of a sane size.

    Raises:
        BadCheckpointError: for more parameters than any small model has.
    """
    import torch

    from genzoo.nets import build, count_parameters

    with torch.device("meta"):
        nets = build(entry)
    parameters = count_parameters(nets)
    check(
        parameters <= _MOST_PARAMETERS,
        f"{entry.name} would have {parameters:,} parameters, genzoo's limit is {_MOST_PARAMETERS:,}.",
    )
    return nets


def safetensors_header(name: str, shape: tuple[int, ...]) -> bytes:
    """The first bytes of a safetensors file of one uint8 tensor, for writers that stream its values."""
    size = 1
    for side in shape:
        size *= side
    header = json.dumps({name: {"dtype": "U8", "shape": list(shape), "data_offsets": [0, size]}})
    padded = header + " " * (-len(header) % 8)
    return struct.pack("<Q", len(padded)) + padded.encode("ascii")
