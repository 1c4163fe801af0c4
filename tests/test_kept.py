"""Arrays kept by digest: computed once, written whole, computed anew when they are damaged."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from genzoo.evaluate.kept import Arrays, digest_of, kept, kept_folder


class Squares:
    """Counts how often it is asked."""

    def __init__(self) -> None:
        self.asked = 0

    def __call__(self) -> Arrays:
        self.asked += 1
        return {"squares": np.arange(300.0) ** 2, "one": np.array(1)}


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache"


def files(cache: Path) -> list[Path]:
    return sorted(cache.rglob("*.*"))


def test_what_is_kept_is_not_computed_again(cache: Path) -> None:
    squares = Squares()
    first, second = (kept("squares", (np.arange(3), "a"), squares) for _ in range(2))
    assert squares.asked == 1
    assert first.keys() == second.keys()
    assert all(np.array_equal(first[name], second[name]) for name in first)
    assert [path.parent for path in files(cache)] == [kept_folder()]
    for other in (
        (np.arange(3), "b"),
        (np.arange(3.0), "a"),
        (np.arange(3).reshape(1, 3), "a"),
        (np.arange(1, 4), "a"),
    ):
        kept("squares", other, squares)
    kept("cubes", (np.arange(3), "a"), squares)
    assert squares.asked == 6
    assert len(files(cache)) == 6


def damages(whole: bytes) -> list[bytes]:
    middle = len(whole) // 2
    return [b"", whole[:middle], whole[:-30], whole[:middle] + bytes([whole[middle] ^ 1]) + whole[middle + 1 :], b"no"]


@pytest.mark.parametrize("which", range(5))
def test_what_is_damaged_is_computed_anew(cache: Path, which: int) -> None:
    squares = Squares()
    wanted = kept("squares", (), squares)
    (path,) = files(cache)
    path.write_bytes(damages(path.read_bytes())[which])
    again = kept("squares", (), squares)
    assert squares.asked == 2
    assert np.array_equal(again["squares"], wanted["squares"])
    kept("squares", (), squares)
    assert squares.asked == 2


def test_an_error_keeps_nothing(cache: Path) -> None:
    def fail() -> Arrays:
        raise KeyError("x")

    with pytest.raises(KeyError):
        kept("squares", (), fail)
    assert not files(cache)


def test_without_a_folder_to_write_to_it_is_computed(cache: Path) -> None:
    cache.write_text("a file stands where the folder would be")
    squares = Squares()
    for _ in range(2):
        assert kept("squares", (), squares)["one"] == 1
    assert squares.asked == 2


def test_objects_are_never_unpickled() -> None:
    asked = []

    def objects() -> Arrays:
        asked.append(1)
        return {"objects": np.array([{}])}

    for _ in range(2):
        kept("objects", (), objects)
    assert len(asked) == 2


def test_a_digest_tells_inputs_apart() -> None:
    assert digest_of([1, 23]) != digest_of([12, 3])
    assert digest_of([np.arange(6).reshape(2, 3).T]) == digest_of([np.arange(6).reshape(2, 3).T.copy()])


def test_without_a_home_nothing_is_kept(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def homeless() -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setattr(Path, "home", homeless)
    squares = Squares()
    for _ in range(2):
        assert kept("squares", (1,), squares)["one"] == 1
    assert squares.asked == 2
    assert files(cache) == []
