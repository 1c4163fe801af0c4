"""Nets of a checkpoint folder: built without memory, checked against their file, and given its values."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from genzoo.checkpoint.folder import Folder
from genzoo.checkpoint.graphs.headers import read_header
from genzoo.checkpoint.layout import DISCRIMINATOR, GOLDEN, MODEL
from genzoo.checkpoint.tensors import read_arrays, read_tensors
from genzoo.errors import BadCheckpointError, InvalidEntryError, UsageError
from genzoo.zoo.fields import check
from genzoo.zoo.spec import Entry

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import torch
    from torch import Tensor, nn

GOLDEN_IMAGES = 8
MIXTURE_COMPONENTS = 10
_MIXTURE = "mixture."
_MOST_PARAMETERS = 64_000_000


def name_in_file(name: str) -> str:
    """The name of a tensor of the nets, `net.rest`, in its safetensors file.

    A discriminator's had its name there before its file had its own: another would change the bytes of every one.
    """
    return name.replace("discriminator.", "critic.", 1) if name.startswith("discriminator.") else name


def read_weights(
    entry: Entry,
    folder: Folder,
    file: str,
    dtype: torch.dtype,
    device: torch.device,
    empty: Mapping[str, nn.Module] | None = None,
) -> dict[str, nn.Module]:
    """The nets of a file of weights by name, in evaluation mode.

    `model.safetensors` holds the `generator` and a VAE's `encoder`, `discriminator.safetensors` the `discriminator`.
    Those of `empty`, as `empty_nets` gives them, are filled, where they have been built for another file already.

    Raises:
        BadCheckpointError: when the file's tensors are not those of the entry.
        HubError: for a file on the Hub that cannot be fetched.
    """
    empty = empty_nets(entry, folder) if empty is None else empty
    nets = {name: net for name, net in empty.items() if (name == "discriminator") == (file == DISCRIMINATOR)}
    shapes = {key: {name: value.shape for name, value in net.state_dict().items()} for key, net in nets.items()}
    expected = {name_in_file(f"{key}.{name}"): shape for key, named in shapes.items() for name, shape in named.items()}
    mixture = mixture_shapes(entry) if file == MODEL else {}
    tensors = read_tensors(folder.file(file), expected | mixture, trusted=folder.pinned is not None)
    for key, net in nets.items():
        net.load_state_dict(
            {name: _own(tensors[name_in_file(f"{key}.{name}")], dtype, device) for name in shapes[key]}, assign=True
        )
        net.eval().requires_grad_(False)
    return nets


def load_nets(entry: Entry, folder: Folder, dtype: torch.dtype, device: torch.device) -> dict[str, nn.Module]:
    """All nets of a checkpoint folder by name: `generator`, and a VAE's `encoder` or else `discriminator`.

    Raises:
        BadCheckpointError: when the folder's tensors are not those of the entry.
        HubError: for a file on the Hub that cannot be fetched.
    """
    files = (MODEL,) if entry.is_vae else (MODEL, DISCRIMINATOR)
    empty = empty_nets(entry, folder)
    return {
        name: net for file in files for name, net in read_weights(*(entry, folder, file, dtype, device, empty)).items()
    }


def empty_nets(entry: Entry, folder: Folder) -> Mapping[str, nn.Module]:
    """The nets of a folder's entry by name, without memory, for `read_weights`; raises `BadCheckpointError`."""
    try:
        return dict(meta_nets(entry).items())
    except InvalidEntryError as error:
        raise BadCheckpointError(f"{folder.path} is refused: {error}") from None


def read_mixture(folder: Folder, entry: Entry) -> dict[str, npt.NDArray[np.float32]]:
    """A VAE's second prior: `weights` (k,), `means` (k, z) and `covariances` (k, z, z); empty for other families.

    Raises:
        BadCheckpointError: when the folder's tensors are not those of the entry.
        HubError: for a file on the Hub that cannot be fetched.
    """
    shapes = mixture_shapes(entry)
    arrays = read_arrays(folder.file(MODEL), shapes, among_others=True) if shapes else {}
    return {name.removeprefix(_MIXTURE): array for name, array in arrays.items()}


def read_latent_weight(folder: Folder, entry: Entry) -> npt.NDArray[np.float32]:
    """The generator's weight that a latent meets first, as a matrix: (features, z), without torch.

    Raises:
        UsageError: where the architecture names no such weight.
        BadCheckpointError: for a file that is damaged.
        HubError: for a file on the Hub that cannot be fetched.
    """
    place, path = entry.arch.latent_weight(entry.dataset.shape[1]), folder.file(MODEL)
    name = f"generator.{place.name}"
    try:
        stored = read_header(path).get(name)
    except (OSError, ValueError) as error:
        raise BadCheckpointError(f"{path} is damaged ({error}): fetch or train it again.") from None
    z_axis = {2: 1, 4: 0}.get(len(stored.shape)) if stored else None
    if stored is None or z_axis is None or stored.shape[z_axis] != entry.latent_size:
        raise UsageError(
            f"{entry.name} has no weight generator.{place.name} that a latent meets: have `latent_weight` of its "
            f"architecture, {entry.arch.kind}, name the one that it has."
        )
    weight = read_arrays(path, {name: stored.shape}, among_others=True)[name]
    return weight if z_axis else weight[:, :, place.taps, place.taps].reshape(len(weight), -1).T


def mixture_shapes(entry: Entry) -> dict[str, tuple[int, ...]]:
    """Shapes of the tensors `mixture.*` that make a VAE's second prior, by name; empty for other families."""
    if not entry.is_vae:
        return {}
    k, z = MIXTURE_COMPONENTS, entry.latent_size
    sizes = {"weights": (k,), "means": (k, z), "covariances": (k, z, z)}
    return {f"{_MIXTURE}{name}": size for name, size in sizes.items()}


def read_golden(folder: Folder, entry: Entry) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    """The golden latents, (8, z), and the images, (8, c, h, w), that they must give to within a grey level.

    Raises:
        BadCheckpointError: when the folder has none, or they are not of the entry's shapes.
    """
    latents, images = (GOLDEN_IMAGES, entry.latent_size), (GOLDEN_IMAGES, *entry.dataset.shape)
    arrays = read_arrays(folder.file(GOLDEN), {"latents": latents, "images": images})
    return arrays["latents"], arrays["images"]


def _own(tensor: Tensor, dtype: torch.dtype, device: torch.device) -> Tensor:
    # A copy in any case: Windows replaces no file that is mapped, and elsewhere its changes would be the net's.
    return tensor.to(device, dtype if tensor.is_floating_point() else tensor.dtype, copy=True)


def meta_nets(entry: Entry) -> nn.ModuleDict:
    """The entry's nets on the meta device, without memory.

    Raises:
        InvalidEntryError: for more parameters, or larger maps, than any small model has.
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
