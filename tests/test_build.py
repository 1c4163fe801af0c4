"""What the build hook puts into a wheel; .ci/run builds the wheels themselves and holds them against the checkout."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from typing import Any

import pytest

from genzoo.zoo.catalog import ALIASES, ENTRIES
from hatch_build import Weights

ROOT = Path(__file__).parents[1]


def included(root: Path = ROOT, version: str = "standard") -> dict[str, str]:
    """Files and what they are called in the wheel, both relative."""
    data: dict[str, Any] = {"force_include": {}}
    hook: Weights = Weights(str(root), {}, None, None, "", "wheel")  # type: ignore[arg-type]  # it looks at none of them
    hook.initialize(version, data)
    return {Path(path).relative_to(root).as_posix(): name for path, name in data["force_include"].items()}


@pytest.fixture(autouse=True)
def _as_in_a_process_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GENZOO_BUILD_SLIM", raising=False)
    monkeypatch.setattr(sys, "path", sys.path[:])  # the hook's own process ends with the build


def test_a_wheel_has_all_weights_and_cards() -> None:
    found = included()
    files = [path for folder in ("weights", "cards") for path in (ROOT / folder).rglob("*") if path.is_file()]
    assert set(found) == {path.relative_to(ROOT).as_posix() for path in files}
    assert all(name == f"genzoo/{path}" for path, name in found.items())


def test_a_slim_wheel_has_the_aliases_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = included()
    monkeypatch.setenv("GENZOO_BUILD_SLIM", "1")
    slim = included()
    entries = {path.split("/")[1] for path in slim} & set(ENTRIES)
    assert entries == set(ALIASES.values())
    assert {path for path in whole if path.split("/")[1] not in set(ENTRIES) - entries} == set(slim)
    assert sum((ROOT / path).stat().st_size for path in slim) < 100_000_000
    assert {f"weights/{name}/discriminator.safetensors" for name in entries if not ENTRIES[name].is_vae} <= set(slim)
    assert "weights/manifest.json" in slim  # of all entries
    monkeypatch.setenv("GENZOO_BUILD_SLIM", "0")
    assert included() == whole


def test_the_page_tells_how_many_there_are() -> None:
    page = (ROOT / "docs" / "install.md").read_text()
    assert f"| all {len(ENTRIES)} | the {len(set(ALIASES.values()))} that an alias stands for |" in page


def test_an_editable_install_reads_the_checkout() -> None:
    assert included(version="editable") == {}


def test_a_setting_that_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GENZOO_BUILD_SLIM", "yes")
    with pytest.raises(ValueError, match="GENZOO_BUILD_SLIM is 'yes': set it to 1"):
        included()


def test_a_checkout_that_is_not_whole(tmp_path: Path) -> None:
    lacking = "weights/vae-mnist-z10-l3/golden.safetensors"
    for name in [path for path in included() if path != lacking]:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    shutil.copy(ROOT / "weights" / "manifest.json", tmp_path / "weights")
    with pytest.raises(FileNotFoundError, match=rf"lacks 1 of the zoo's files, e\.g\. {lacking}: check"):
        included(tmp_path)
