"""The entries of the five reports, and what is found by name.  Reading this module costs no torch."""

from __future__ import annotations

import dataclasses
import fnmatch
from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import Any

from genzoo.errors import UnknownNameError, UsageError, brief
from genzoo.zoo import datasets, families, metrics
from genzoo.zoo.datasets import CIFAR10, MNIST, OLIVETTI, Dataset
from genzoo.zoo.families.conv import CLIPPED, CONV_VAE, DCGAN, PENALISED, Conv
from genzoo.zoo.families.flatconv import CONVGAN, FlatConv
from genzoo.zoo.families.lstm import LSTMGAN, Lstm
from genzoo.zoo.families.mlp import MLPGAN, MLPVAE, Mlp
from genzoo.zoo.family import Family
from genzoo.zoo.registry import DATASETS, ENTRIES, FAMILIES, find_entry_named, load_plugins, register
from genzoo.zoo.spec import Entry, Recipe

__all__ = [
    "ALIASES",
    "CIFAR10",
    "DATASETS",
    "ENTRIES",
    "FAMILIES",
    "MNIST",
    "OLIVETTI",
    "REPORTS",
    "aliases_of",
    "find_entry",
    "is_wildcard",
    "list_models",
    "nearest",
]

REPORTS: Mapping[str, str] = MappingProxyType(
    {
        "report 0": "which sets a GAN beside a VAE, both of fully connected nets, on MNIST",
        "report 1": "which trains a GAN and a VAE of fully connected nets on MNIST",
        "report 2": "which trains GANs and VAEs on MNIST, and a VAE on faces",
        "report 3": "which compares linear, convolutional, pooled and LSTM GANs on MNIST",
        "report 4": "which studies latent size and hidden layers of VAEs, DCGANs and WGANs on MNIST and CIFAR-10",
    }
)
"""The sources of the zoo's own entries, and what each of them does."""

_MNIST_CONV = Conv(channels=(32, 64, 128, 128), kernel=4)
# Report 4: "larger kernel size must be applied" for CIFAR-10 than for MNIST.
_CIFAR10_CONV = Conv(channels=(32, 64, 128), kernel=5)
_CIFAR10_VAE = Conv(channels=(32, 64, 128, 192), kernel=5)

_COMPLETES = "The entry completes {report}, which names WGAN-GP without running it."

_VAE = Recipe("vae", epochs=100, batch_size=100, lr=1e-3, beta1=0.9)
_GAN = Recipe("gan", epochs=200, batch_size=128, lr=2e-4)
# On MNIST 5e-5, the rate of its authors, was far slower; with constant rates it stood still after 3,000 steps.
# Trained biases end at the clip value, where with 3 layers on CIFAR-10 the discriminator's last is linear and sees no
# shapes.
# A step learns as much with two discriminator steps as with five, and takes half the time.
_WGAN = Recipe(
    "wgan", epochs=200, batch_size=64, lr=1e-3, discriminator_lr=1e-4, optimizer="rmsprop", beta2=0.99, n_critic=2,
    weight_clip=0.01, lr_schedule="linear", norm_bias=False,
)  # fmt: skip
# Its authors' 1e-4 is for runs of ten times the length, and a rate that falls makes one longer still.
_WGANGP = Recipe("wgangp", epochs=200, batch_size=64, lr=4e-4, beta1=0.0, beta2=0.9, n_critic=5, gp_weight=10.0)


def _reports_0_to_2() -> Iterable[Entry]:
    wide = (128, 256, 512, 1024)
    # Without momentum its digits' classes come out more evenly.
    yield Entry(
        MLPGAN, MNIST, 100, 4, Mlp(wide, (512, 256), "relu"),
        dataclasses.replace(_GAN, beta1=0.0, lr_schedule="linear"), source="report 0",
    )  # fmt: skip
    yield Entry(MLPVAE, MNIST, 2, 2, Mlp((256, 512), (512, 256), "relu"), _VAE, source="report 0")
    yield Entry(
        MLPGAN, MNIST, 100, 3, Mlp(wide[1:], wide[:0:-1], dropout=0.3),
        dataclasses.replace(_GAN, real_label=0.9), source="report 1",
    )  # fmt: skip
    # 784 x MSE + KL is the negative ELBO of a Gaussian likelihood of variance 1/2, up to a constant.
    yield Entry(
        MLPVAE, MNIST, 2, 1, Mlp((512,), (512,), "relu"),
        dataclasses.replace(_VAE, likelihood="gaussian", likelihood_sd=0.5**0.5), source="report 1",
    )  # fmt: skip
    yield Entry(MLPGAN, MNIST, 100, 4, Mlp(wide, (512, 256)), _GAN, tag="leaky", source="report 2")
    yield Entry(MLPVAE, MNIST, 2, 1, Mlp((400,), (400,), "relu", batch_norm=True), _VAE, tag="bn", source="report 2")
    yield Entry(
        CONV_VAE, OLIVETTI, 32, 4, Conv((32, 64, 128, 256, 256), kernel=4),
        dataclasses.replace(_VAE, epochs=3000, batch_size=50), source="report 2",
    )  # fmt: skip
    yield Entry(
        DCGAN, MNIST, 100, 4, Conv((64, 128, 256, 512), kernel=4, project=False),
        dataclasses.replace(_GAN, batch_size=100, beta1=0.0), tag="bn4", source="report 2",
    )  # fmt: skip


def _report_3() -> Iterable[Entry]:
    # At the report's 1e-4 and momentum of 0.9 it was still learning after twice the steps.
    linear = Recipe("gan", epochs=500, batch_size=256, lr=3e-4, beta1=0.0)
    yield Entry(
        MLPGAN, MNIST, 100, 2, Mlp((256, 512), (512, 256), "relu", dropout=0.5), linear,
        source="report 3",
    )  # fmt: skip
    # At the report's rates the discriminators win within 300 steps, and for good.
    faster = dataclasses.replace(
        linear, lr=1e-3, discriminator_lr=3e-4, beta1=0.5, real_label=0.9, max_grad_norm=5.0, lr_schedule="linear"
    )  # fmt: skip
    for tag, arch in (("s1", FlatConv()), ("s2", FlatConv(stride=2)), ("pool", FlatConv(pool=True))):
        yield Entry(CONVGAN, MNIST, 100, 2, arch, faster, tag=tag, source="report 3")
    # Steps count for more than images; with momentum the same steps bring far less.
    recurrent = dataclasses.replace(faster, batch_size=64, beta1=0.0)
    yield Entry(LSTMGAN, MNIST, 100, 2, Lstm(), recurrent, source="report 3")


def _dcgan_on_mnist(layers: int) -> Recipe:
    # With the momentum of 0.5 that DCGAN has, latents of 50 numbers and more circled among a few shapes.
    recipe = dataclasses.replace(_GAN, beta1=0.0)
    # That of 5 layers wins for good within a thousand steps, but not against real labels of 0.8.
    return dataclasses.replace(recipe, beta2=0.99, real_label=0.8) if layers == 5 else recipe


def _wgan_on_mnist(layers: int) -> Recipe:
    # Clipped weights bound a discriminator's slope by a power of its depth: at 0.01 one of 3 layers is too flat, and
    # at 0.03 one of 4 loses its generator.
    return dataclasses.replace(_WGAN, lr=2e-3, weight_clip=0.03 if layers == 3 else 0.01)


def _wgan_on_cifar10(layers: int) -> Recipe:
    changes: dict[int, dict[str, Any]] = {
        # 16,000 steps with batches of 256 bring it further than 45,000 with batches of 64.
        4: {"batch_size": 256, "epochs": 400},
        # 50,000 steps with batches of 128 bring it further than 80,000 with batches of 64, or 40,000 of 256.
        5: {"batch_size": 128, "epochs": 385},
        # At 1e-3 the generator throws so deep a discriminator from one end of its range to the other.
        6: {"lr": 5e-4, "discriminator_lr": 5e-5},
    }
    return dataclasses.replace(_WGAN, **changes.get(layers, {}))


def _wgangp_on_mnist(layers: int) -> Recipe:
    # Two discriminator steps teach less a step than five here, but more in the same time.
    recipe = dataclasses.replace(_WGANGP, lr=1e-3, n_critic=2, lr_schedule="linear")
    # 5,000 steps with batches of 256 bring it as far as 28,000 with batches of 64.
    return dataclasses.replace(recipe, batch_size=256, epochs=400) if layers == 4 else recipe


def _conv_entry(family: Family, dataset: Dataset, z: int, layers: int, arch: Conv, recipe: Recipe) -> Entry:
    return Entry(
        family, dataset, z, layers, dataclasses.replace(arch, extra=layers - 3), recipe, source="report 4",
        origin=_COMPLETES if family is PENALISED else "",
    )  # fmt: skip


def _studies() -> Iterable[Entry]:
    """Report 4's two for each family and dataset: of the latent size, and of the hidden layers at one of them."""
    on_mnist, on_cifar10 = (10, 20, 50, 100, 200), (10, 20, 50, 100)
    gaussian = dataclasses.replace(_VAE, likelihood="gaussian", likelihood_sd=0.1)
    # Steps count for more than images.
    small_batches = dataclasses.replace(_GAN, batch_size=64, lr_schedule="linear")
    dropout = dataclasses.replace(_MNIST_CONV, dropout=0.3)
    studies: tuple[tuple[Family, Dataset, Conv, Callable[[int], Recipe], tuple[int, ...], int, int], ...] = (
        (CONV_VAE, MNIST, _MNIST_CONV, lambda _: _VAE, on_mnist, 20, 5),
        (CONV_VAE, CIFAR10, _CIFAR10_VAE, lambda _: gaussian, on_cifar10, 100, 5),
        (DCGAN, MNIST, dropout, _dcgan_on_mnist, on_mnist, 100, 5),
        (DCGAN, CIFAR10, _CIFAR10_CONV, lambda _: small_batches, on_cifar10, 100, 5),
        (CLIPPED, MNIST, _MNIST_CONV, _wgan_on_mnist, on_mnist, 100, 5),
        (CLIPPED, CIFAR10, _CIFAR10_CONV, _wgan_on_cifar10, on_cifar10, 100, 6),
    )
    for family, dataset, arch, recipe_of, latents, best_latent, deepest in studies:
        sizes = [(latent, 3) for latent in latents] + [(best_latent, layers) for layers in range(4, deepest + 1)]
        for latent, layers in sizes:
            yield _conv_entry(family, dataset, latent, layers, arch, recipe_of(layers))


def _report_4() -> Iterable[Entry]:
    yield from _studies()
    # Binarised digits make the likelihood one that can be held against published ones.
    binarised = dataclasses.replace(_VAE, binarize=True)
    yield dataclasses.replace(
        _conv_entry(CONV_VAE, MNIST, 20, 3, _MNIST_CONV, binarised), tag="binary",
        origin="The entry is genzoo's own: a VAE of {report}, trained on binarised digits.",
    )  # fmt: skip
    # With batch norm a discriminator judges batches, and soon tells nearly all of them: these nets have none there.
    without_norm = dataclasses.replace(_CIFAR10_CONV, discriminator_norm=False)
    r1 = dataclasses.replace(_GAN, batch_size=64, lr=4e-4, beta1=0.0, n_critic=5, r1_gamma=0.1)
    yield dataclasses.replace(
        _conv_entry(DCGAN, CIFAR10, 100, 4, without_norm, r1), tag="r1",
        origin="The entry is genzoo's own: a DCGAN of {report}, whose discriminator has a gradient penalty in place of "
        "batch norm.",
    )  # fmt: skip
    for layers in (3, 4):
        arch = dataclasses.replace(_MNIST_CONV, discriminator_norm=False)
        yield _conv_entry(PENALISED, MNIST, 100, layers, arch, _wgangp_on_mnist(layers))
    yield _conv_entry(PENALISED, CIFAR10, 100, 4, without_norm, _WGANGP)


register(*families.records(), *datasets.RECORDS, *metrics.RECORDS)
register(*_reports_0_to_2(), *_report_3(), *_report_4())

_CHOSEN = MappingProxyType(
    {
        "mlpgan-mnist": "mlpgan-mnist-z100-l3",
        "mlpvae-mnist": "mlpvae-mnist-z2-l2",
        "convgan-mnist": "convgan-mnist-z100-l2-s1",
        "lstmgan-mnist": "lstmgan-mnist-z100-l2",
        "dcgan-mnist": "dcgan-mnist-z100-l4",
        "wgan-mnist": "wgan-mnist-z100-l4",
        "wgangp-mnist": "wgangp-mnist-z100-l4",
        "vae-mnist": "vae-mnist-z20-l5",
        "vae-olivetti": "vae-olivetti-z32-l4",
        "dcgan-cifar10": "dcgan-cifar10-z100-l4-r1",
        "wgan-cifar10": "wgan-cifar10-z100-l5",
        "wgangp-cifar10": "wgangp-cifar10-z100-l4",
        "vae-cifar10": "vae-cifar10-z100-l3",
    }
)


def _aliases() -> Mapping[str, str]:
    """Those that were chosen, and one for an entry that is the only one of its family on its dataset."""
    names: dict[str, list[str]] = {}
    for name, entry in ENTRIES.items():
        names.setdefault(f"{entry.family}-{entry.dataset.name}", []).append(name)
    single = {alias: found[0] for alias, found in names.items() if len(found) == 1}
    return MappingProxyType({**_CHOSEN, **single})


ALIASES: Mapping[str, str] = _aliases()
"""`<family>-<dataset>` to the entry it stands for; changed only with a release."""


def nearest(name: str, known: Iterable[str], otherwise: str = "`genzoo list` shows every name.") -> str:
    """The known names most like `name`, as the end of a sentence; `otherwise` where none is."""
    import difflib

    lower, names = name.lower(), list(known)
    close = [lower] if lower in names else difflib.get_close_matches(lower, names, n=4, cutoff=0.5)
    return f"did you mean {', '.join(close)}?" if close else otherwise


def find_entry(name: str) -> Entry:
    """The catalog's entry of a full name or an alias.

    Raises:
        UnknownNameError: with the nearest names.
    """
    entry = find_entry_named(ALIASES.get(name, name))
    if entry is None:
        raise UnknownNameError(f"No model is called {brief(name)}: {nearest(name, [*ALIASES, *ENTRIES])}")
    return entry


def is_wildcard(text: str) -> bool:
    """Whether a pattern as of `list_models` may stand for several names."""
    return bool(set(text) & set("*?["))


def list_models(pattern: str | Iterable[str] = "*", family: str | None = None, dataset: str | None = None) -> list[str]:
    """Full names of the catalog; arguments and errors are those of `genzoo.list_models`."""
    load_plugins()
    drawn = {entry.dataset.name for entry in ENTRIES.values()}
    for what, value, known in (("family", family, FAMILIES), ("dataset", dataset, sorted(drawn))):
        if value is not None and value not in known:
            every = f"the catalog has {', '.join(known)}."
            raise UnknownNameError(f"There is no {what} {value!r}: {nearest(value, known, every)}")
    patterns = [ALIASES.get(one, one) for one in _texts(pattern)]
    return [
        name
        for name, entry in ENTRIES.items()
        if any(fnmatch.fnmatchcase(name, one) for one in patterns)
        and family in (None, entry.family.name)
        and dataset in (None, entry.dataset.name)
    ]


def _texts(pattern: object) -> list[str]:
    texts = [pattern] if isinstance(pattern, str) or not isinstance(pattern, Iterable) else pattern
    found: list[str] = []
    for text in texts:
        if not isinstance(text, str):
            raise UsageError(f"A pattern is text, such as 'dcgan-*', not {brief(text)}.")
        found.append(text)
    return found


def aliases_of(name: str) -> list[str]:
    """The aliases that stand for the entry of this full name."""
    return [alias for alias, full in ALIASES.items() if full == name]
