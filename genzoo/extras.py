"""The libraries that sampling does without, which an extra of genzoo's brings, and those of a whole installation."""

from __future__ import annotations

import importlib.util
import sys

from genzoo.errors import MissingLibraryError

TRAIN = {
    "matplotlib": "matplotlib",
    "sklearn": "scikit-learn",
    "scipy": "scipy",
    "torchvision": "torchvision",
}
"""The extra `train`, for training and studies: modules, and the packages that have them."""


_PLAIN = {"huggingface_hub": "huggingface-hub", "jinja2": "jinja2", "torch": "torch"}
"""Dependencies of genzoo that sampling on the CPU does without, so that an installation may lack them."""


def refuse_missing(what: str, *modules: str) -> None:
    """Raise `MissingLibraryError` unless these modules of the extra `train` are installed; none is imported.

    Whoever needs one calls this first, so that nothing heavy is done before it is found missing.
    """
    if missing := [TRAIN[module] for module in modules if not _is_there(module)]:
        names = " and ".join(filter(None, [", ".join(missing[:-1]), missing[-1]]))
        raise MissingLibraryError(
            f"{what} needs {names}, which {'are' if len(missing) > 1 else 'is'} not installed: "
            "pip install 'genzoo[train]', or '.[train]' in a checkout."
        )


def refuse_without_torch() -> None:
    """Raise `MissingLibraryError` where models of the engine "torch" cannot be."""
    if not _is_there("torch"):
        raise MissingLibraryError(
            "engine='torch' needs torch, which is not installed: pip install torch, or load with engine='onnx'."
        )


def about_missing(error: ImportError) -> str | None:
    """A sentence for the import of a dependency that a light installation lacks; None for any other."""
    package = _PLAIN.get((error.name or "").partition(".")[0])
    return package and (
        f"This needs {package}, which this light installation of genzoo lacks: pip install {package}, or install "
        "genzoo with its dependencies."
    )


def _is_there(module: str) -> bool:
    if module in sys.modules:
        return sys.modules[module] is not None  # which means that its import fails
    return importlib.util.find_spec(module) is not None
