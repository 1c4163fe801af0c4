"""Report 3: linear, convolutional, pooled and LSTM GANs on MNIST, and the sizes that it tried of each."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from genzoo.studies.declared.common import grid, variant
from genzoo.studies.study import Setting, Study
from genzoo.zoo.spec import Entry

REPORT = "report 3"
STEPS = 4000
_NETS = {
    "linear": "mlpgan-mnist-z100-l2",
    "stride 1": "convgan-mnist-z100-l2-s1",
    "stride 2": "convgan-mnist-z100-l2-s2",
    "pooled": "convgan-mnist-z100-l2-pool",
    "LSTM": "lstmgan-mnist-z100-l2",
}
# By the report's own rates the discriminators win; those of the zoo's convolutional entries train all five.
_TRAINS: dict[str, Any] = {
    "lr": 1e-3, "discriminator_lr": 3e-4, "beta1": 0.5, "real_label": 0.9, "max_grad_norm": 5.0,
    "lr_schedule": "linear",
}  # fmt: skip
# Its Table 1, and the momentum of TensorFlow's Adam; its losses flatten, or have begun to fall, by step 300.
_ITS_OWN: dict[str, Any] = {
    "batch_size": 256, "lr": 1e-4, "discriminator_lr": None, "beta1": 0.9, "real_label": 1.0, "max_grad_norm": 5.0,
    "lr_schedule": "constant",
}  # fmt: skip
# Its linear models alone were trained without clipped gradients.
_ITS_LINEAR = {**_ITS_OWN, "max_grad_norm": 0.0}
_ITS_STEPS = 1000


def _net(name: str, recipe: dict[str, Any] | None = None, **more: Any) -> Entry:
    return variant(_NETS[name], recipe=recipe or _TRAINS, **more)


def studies() -> Iterator[Study]:
    """Its five nets against each other, and then the sizes of each."""
    yield Study(
        "report3-nets", REPORT, "nets", grid(STEPS, ((name, _net(name)) for name in _NETS)),
        differs=("arch",),
        metrics=("frechet_distance", "sharpness", "coverage", "class_balance"),
    )  # fmt: skip
    yield Study(
        "report3-nets-own-recipe", REPORT, "nets", grid(_ITS_STEPS, map(_as_reported, _NETS)),
        differs=("arch", "max_grad_norm"),
        metrics=("frechet_distance", "sharpness", "coverage", "class_balance"),
    )  # fmt: skip
    for name in ("linear", "stride 1"):
        lengths = tuple(Setting(f"{n:,}", _net(name), n) for n in (1000, 2000, STEPS, 8000))
        yield Study(f"report3-{name.replace(' ', '')}-steps", REPORT, "steps", lengths, differs=("steps",))
    yield Study(
        "mlpgan-mnist-layer-sizes", REPORT, "layer sizes", grid(_ITS_STEPS, map(_linear, (64, 128, 256, 512, 1024))),
        differs=("generator", "discriminator"),
    )  # fmt: skip
    for stride in (1, 2):
        name = f"stride {stride}"
        kernels = ((f"{k} x {k}", _net(name, arch={"kernel": k}, tag=_tag(f"s{stride}", k, 3, "k"))) for k in (3, 5, 7))
        yield Study(
            f"convgan-mnist-s{stride}-filter", REPORT, f"filter, at stride {stride}", grid(STEPS, kernels),
            differs=("kernel",),
        )  # fmt: skip
    channels = ((c, _net("stride 2", arch={"channels": c}, tag=_tag("s2", c, 5, "w"))) for c in (5, 10, 20))
    yield Study(
        "convgan-mnist-s2-channels", REPORT, "channels, at stride 2", grid(STEPS, channels),
        differs=("channels",),
    )  # fmt: skip
    units = ((u, _net("LSTM", arch={"units": u}, tag=_tag("", u, 256, "u"))) for u in (64, 128, 256))
    yield Study("lstmgan-mnist-units", REPORT, "units", grid(STEPS, units), differs=("units",))


def _as_reported(name: str) -> tuple[str, Entry]:
    return name, _net(name, _ITS_LINEAR if name == "linear" else _ITS_OWN)


def _linear(narrow: int) -> tuple[str, Entry]:
    sizes = (narrow, 2 * narrow)
    arch = {"generator": sizes, "discriminator": sizes[::-1]}
    return f"{sizes[0]}, {sizes[1]}", _net("linear", _ITS_LINEAR, arch=arch, tag=_tag("", narrow, 256, "w"))


def _tag(tag: str, value: int, own: int, letter: str) -> str:
    """The entry's tag, and the value where it is not the entry's own."""
    return "-".join(filter(None, (tag, "" if value == own else f"{letter}{value}")))
