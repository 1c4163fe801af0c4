"""Reports 0 to 2: a GAN beside a VAE, fully connected nets beside convolutional ones, and what time brings."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from genzoo.studies.declared.common import BATCH_SIZE, grid, variant
from genzoo.studies.study import OF_THE_OBJECTIVE, Setting, Study
from genzoo.zoo.spec import Entry

STEPS = 5000
_METRICS = ("frechet_distance", "sharpness", "class_balance", "coverage", "precision", "confidence")
# That of report 4's DCGANs on MNIST, for every GAN here.
_GAN: dict[str, Any] = {"lr": 2e-4, "beta1": 0.0, "real_label": 1.0, "lr_schedule": "constant"}
_EPOCH = 60_000 // BATCH_SIZE
_EPOCHS = {
    "report 1": {"mlpgan-mnist-z100-l3": (1, 5, 20, 40), "mlpvae-mnist-z2-l1": (1, 5, 25, 50, 100)},
    "report 2": {"mlpgan-mnist-z100-l4-leaky": (1, 5, 25, 45), "mlpvae-mnist-z2-l1-bn": (1, 5, 10, 30, 50)},
}


def _beside() -> Iterator[Study]:
    nets: dict[str, Mapping[str, str]] = {
        "report 0": {
            "GAN, fully connected": "mlpgan-mnist-z100-l4",
            "VAE, fully connected": "mlpvae-mnist-z2-l2",
            "GAN, convolutional": "dcgan-mnist-z100-l3",
            "VAE, convolutional": "vae-mnist-z20-l3",
        },
        "report 1": {"GAN": "mlpgan-mnist-z100-l3", "VAE": "mlpvae-mnist-z2-l1"},
        "report 2": {
            "GAN": "mlpgan-mnist-z100-l4-leaky",
            "VAE": "mlpvae-mnist-z2-l1-bn",
            "DCGAN": "dcgan-mnist-z100-l4-bn4",
        },
    }
    for report, names in nets.items():
        settings = grid(STEPS, ((value, _entry(name)) for value, name in names.items()))
        name = f"{report.replace(' ', '')}-gan-beside-vae"
        yield Study(name, report, "model", settings, (*OF_THE_OBJECTIVE, "arch", "latent_size"), _METRICS)


def _entry(name: str) -> Entry:
    return variant(name, recipe=None if "vae" in name else _GAN)


def _lengths() -> Iterator[Study]:
    """Studies of the number of epochs: each length is a run of its own."""
    for report, name, lengths in ((report, *each) for report, of_it in _EPOCHS.items() for each in of_it.items()):
        settings = tuple(Setting(str(n), _entry(name), n * _EPOCH) for n in lengths)
        metrics = ("frechet_distance", *(("elbo", "reconstruction_error") if "vae" in name else ()), *_METRICS[1:4])
        yield Study(f"{name}-epochs", report, "epochs", settings, differs=("steps",), metrics=metrics)


def studies() -> Iterator[Study]:
    """Models beside each other first."""
    yield from _beside()
    yield from _lengths()
