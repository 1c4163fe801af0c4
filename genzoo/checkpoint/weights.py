"""What checkpoint folders hold: configs and nets; the manifest, and where the catalog's folders lie.

A folder is data: it is checked in full before anything is allocated for it, and nothing in it is
ever executed.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from genzoo.checkpoint.files import sha256, write_text
from genzoo.checkpoint.folder import (
    CONFIG,
    CRITIC,
    GOLDEN,
    HISTORY,
    METRICS,
    MODEL,
    PROGRESS,
    SAMPLES,
    STATE,
    Folder,
    about_pickles,
)
from genzoo.checkpoint.strict import check, read_json, refuse_other_names
from genzoo.checkpoint.tensors import read_tensors
from genzoo.errors import BadCheckpointError, InvalidEntryError, brief, brief_list
from genzoo.version import __version__
from genzoo.zoo import catalog
from genzoo.zoo.registry import find_family, package_of
from genzoo.zoo.spec import FORMAT, Entry

if TYPE_CHECKING:
    import torch
    from torch import Tensor, nn

__all__ = [
    "CONFIG",
    "CRITIC",
    "GOLDEN",
    "GOLDEN_IMAGES",
    "HISTORY",
    "MANIFEST",
    "METRICS",
    "MIXTURE_COMPONENTS",
    "MODEL",
    "PROGRESS",
    "SAMPLES",
    "STATE",
    "Config",
    "Folder",
    "about_pickles",
    "is_here",
    "list_models",
    "load_net",
    "meta_nets",
    "mixture_shapes",
    "read_config",
    "read_golden",
    "read_manifest",
    "read_mixture",
    "versions_here",
    "weights_home",
    "write_config",
    "write_manifest",
]

MANIFEST = "manifest.json"
GOLDEN_IMAGES = 8
MIXTURE_COMPONENTS = 10
_MOST_PARAMETERS = 64_000_000
_HASH = re.compile("[0-9a-f]{64}")
_FIELDS = {"entry", "format", "parent", "training", "versions"}
_VERSION = re.compile(r"[0-9A-Za-z.+_-]{1,64}")


@dataclass(frozen=True)
class Config:
    """`config.json`: the entry, how it was trained, what it was fine-tuned from, and by which versions.

    `versions` holds those of `genzoo` and `torch` that ended the training; None where nobody recorded them.
    """

    entry: Entry
    training: Mapping[str, Any] = field(default_factory=dict)
    parent: Mapping[str, Any] | None = None
    versions: Mapping[str, str] | None = None

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values, as `read_config` takes them."""
        package = package_of(self.entry.family)
        return {
            "format": FORMAT,
            **({} if package is None else {"package": package}),
            "entry": self.entry.to_json(),
            "training": dict(self.training),
            "parent": None if self.parent is None else dict(self.parent),
            "versions": None if self.versions is None else dict(self.versions),
        }


@lru_cache(maxsize=1)
def weights_home() -> Path:
    """The folder of the catalog's weights: the installed package's, or the checkout's."""
    package = Path(__file__).resolve().parents[1]
    installed = package / "weights"
    return installed if installed.is_dir() else package.parent / "weights"


@lru_cache(maxsize=8)
def _manifest_at(path: Path, _changed: int) -> Mapping[str, Mapping[str, Any]]:
    try:
        manifest: Mapping[str, Mapping[str, Any]] = read_json(path)["entries"]
        for name, files in manifest.items():
            refuse_other_names(name)
            for file, facts in files.items():
                refuse_other_names(file)
                if type(facts["size"]) is not int or not _HASH.fullmatch(facts["sha256"]):
                    raise ValueError(f"{name}/{file} has no size or no hash")
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise BadCheckpointError(f"{path} is not a manifest ({error}): install genzoo anew.") from None
    return manifest


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
            for file in sorted(folder.iterdir(), key=lambda path: path.name)
            if not file.name.startswith(".")
        }
        for folder in sorted(folders, key=lambda path: path.parts)  # on Windows paths compare without regard to case
    }
    write_text(home / MANIFEST, json.dumps({"format": FORMAT, "entries": entries}, indent=1) + "\n")


def list_models(
    pattern: str | Iterable[str] = "*",
    family: str | None = None,
    dataset: str | None = None,
    *,
    pretrained: bool = False,
) -> list[str]:
    """Full names of the catalog that match a wildcard pattern (or are what an alias stands for).

    Args:
        pattern: one or several, as in a shell: `*`, `?`, `[...]`; an alias or a full name matches itself.
        family: only this family, e.g. `"dcgan"`.
        dataset: only this dataset, e.g. `"mnist"`.
        pretrained: only those that have weights, in this installation or not.

    Raises:
        UnknownNameError: for a family or dataset that does not exist.
    """
    names = catalog.list_models(pattern, family, dataset)
    return [name for name in names if name in read_manifest()] if pretrained else names


def is_here(name: str) -> bool:
    """Whether the weights of a full catalog name are on this machine."""
    return name in read_manifest() and (weights_home() / name / MODEL).is_file()


def read_config(folder: Folder) -> Config:
    """The folder's `config.json`, strictly.

    Raises:
        BadCheckpointError: naming what is wrong with it.
    """
    path = folder.file(CONFIG)
    try:
        value = read_json(path)
        check(isinstance(value, dict), "it must hold an object.")
        version, names = value.get("format"), sorted(value)
        known = type(version) is int and version == FORMAT
        check(known, f"its format is {brief(version)}, this genzoo reads {FORMAT}.")
        check(set(names) - {"package"} == _FIELDS, f"it has the fields {brief_list(names)}.")
        _check_package(value)
        check(isinstance(value["training"], dict), "its field training must be an object.")
        if value["parent"] is not None:
            _check_parent(value["parent"])
        if value["versions"] is not None:
            _check_versions(value["versions"])
        return Config(Entry.from_json(value["entry"]), value["training"], value["parent"], value["versions"])
    except (BadCheckpointError, InvalidEntryError) as error:
        raise BadCheckpointError(f"{path} is refused: {error}") from None
    except ValueError as error:
        raise BadCheckpointError(f"{path} is damaged ({error}): fetch or train it again.") from None


def _check_package(config: Mapping[str, Any]) -> None:
    """Raise `BadCheckpointError` for a family of a package that is not installed; its name is shown, and no more."""
    package, entry = config.get("package", ""), config["entry"]
    check(isinstance(package, str), "its package is no name.")
    family = entry.get("family") if isinstance(entry, dict) else None
    check(
        not package or find_family(family) is not None,
        f"its family {brief(family, 64)} comes with the package {brief(package, 64)}, which is not installed here: "
        "install that, if you trust its authors.",
    )


def _check_parent(parent: object) -> None:
    """Raise ValueError or `BadCheckpointError` unless a parent has a name, and files with their hashes."""
    check(isinstance(parent, dict) and sorted(parent) == ["name", "sha256"], "its field parent is not a model's.")
    assert isinstance(parent, dict)
    name, hashes = parent["name"], parent["sha256"]
    check(isinstance(name, str) and isinstance(hashes, dict), "its parent's name and hashes are of other types.")
    for text in (name, *hashes):
        refuse_other_names(text)
    check(all(isinstance(h, str) and _HASH.fullmatch(h) for h in hashes.values()), "its parent's hashes are none.")


def _check_versions(versions: object) -> None:
    """Raise `BadCheckpointError` unless versions are those of genzoo and torch."""
    check(isinstance(versions, dict) and sorted(versions) == ["genzoo", "torch"], "its field versions is none.")
    assert isinstance(versions, dict)
    right = all(isinstance(version, str) and _VERSION.fullmatch(version) for version in versions.values())
    check(right, f"its versions are {brief_list(versions.values())}.")


def versions_here() -> dict[str, str]:
    """The versions of genzoo and torch that run, as `config.json` records them."""
    import torch

    return {"genzoo": __version__, "torch": str(torch.__version__)}


def write_config(folder: Path, config: Config) -> None:
    """Write `config.json` in one step."""
    write_text(folder / CONFIG, json.dumps(config.to_json(), indent=2, allow_nan=False) + "\n")


def load_net(entry: Entry, folder: Folder, net: str, dtype: torch.dtype, device: torch.device) -> nn.Module:
    """One net of a checkpoint folder: `generator`, `encoder` or `critic`, in evaluation mode.

    Built on the meta device, so that nothing is allocated or initialised before the tensors are assigned.

    Raises:
        BadCheckpointError: when the folder's tensors are not those of the entry.
    """
    try:
        nets = meta_nets(entry)
    except InvalidEntryError as error:
        raise BadCheckpointError(f"{folder.path} is refused: {error}") from None
    shapes = {
        f"{key}.{name}": tensor.shape
        for key, module in nets.items()
        for name, tensor in module.state_dict().items()
        if (key == "critic") == (net == "critic")
    }
    shapes |= mixture_shapes(entry)
    tensors = read_tensors(folder.file(CRITIC if net == "critic" else MODEL), shapes, trusted=folder.pinned is not None)
    module = nets[net]
    state = {
        name: _as(tensors[f"{net}.{name}"], dtype, device) for name in module.state_dict()
    }  # fmt: skip
    module.load_state_dict(state, assign=True)
    return module.eval().requires_grad_(False)


def mixture_shapes(entry: Entry) -> dict[str, torch.Size]:
    """The tensors of a VAE's second prior, a mixture of Gaussians over its latents; none for other families."""
    import torch

    if not entry.is_vae:
        return {}
    k, z = MIXTURE_COMPONENTS, entry.latent_size
    sizes = {"weights": (k,), "means": (k, z), "covariances": (k, z, z)}
    return {f"mixture.{name}": torch.Size(size) for name, size in sizes.items()}


def read_mixture(folder: Folder) -> dict[str, Tensor]:
    """A VAE's mixture: `weights` (k,), `means` (k, z), `covariances` (k, z, z), float32.

    Raises:
        BadCheckpointError: when the folder's tensors are not those of a VAE.
    """
    tensors = read_tensors(folder.file(MODEL), trusted=folder.pinned is not None)
    try:
        return {name: tensors[f"mixture.{name}"].float().clone() for name in ("weights", "means", "covariances")}
    except KeyError:
        raise BadCheckpointError(f"{folder.path} has no mixture over its latents: train it anew.") from None


def read_golden(folder: Folder, entry: Entry) -> tuple[Tensor, Tensor]:
    """The latents, (8, z), and the images, (8, c, h, w), that they must give to within a grey level.

    Raises:
        BadCheckpointError: when the folder has none, or they are not of the entry's shapes.
    """
    import torch

    latents = torch.Size((GOLDEN_IMAGES, entry.latent_size))
    images = torch.Size((GOLDEN_IMAGES, *entry.dataset.shape))
    tensors = read_tensors(folder.file(GOLDEN), {"latents": latents, "images": images})
    return tensors["latents"].float().clone(), tensors["images"].float().clone()


def _as(tensor: Tensor, dtype: torch.dtype, device: torch.device) -> Tensor:
    # A copy in any case: Windows replaces no file that is mapped, and elsewhere its changes would be the net's.
    return tensor.to(device, dtype if tensor.is_floating_point() else tensor.dtype, copy=True)


def meta_nets(entry: Entry) -> nn.ModuleDict:
    """The entry's nets without memory, after a check that they are of a sane size.

    Raises:
        InvalidEntryError: for more parameters, or larger maps, than any small model has.
    """
    import torch

    from genzoo.nets import build, count_parameters

    with torch.device("meta"):
        nets = build(entry)
    parameters = count_parameters(nets)
    if parameters > _MOST_PARAMETERS:
        raise InvalidEntryError(
            f"{entry.name} would have {parameters:,} parameters, genzoo's limit is {_MOST_PARAMETERS:,}."
        )
    return nets
