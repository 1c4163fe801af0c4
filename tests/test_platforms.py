"""Windows' ways, with what Windows does put in place of this system's calls; and locks, of real processes."""

from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from genzoo import platforms
from genzoo.checkpoint.files import refuse_unwritable, whole_file, whole_folder, write_text
from genzoo.cli import _prepare_process
from genzoo.errors import GenzooError
from genzoo.platforms import ask_to_end, is_reserved, lock, start
from genzoo.train import train
from genzoo.zoo.catalog import ENTRIES

from .conftest import noise_images, plan

fcntl: Any = pytest.importorskip("fcntl")  # on Windows nothing need stand in for it
ROOT = Path(__file__).parents[1]


def _open(path: Path, flags: int, mode: int = 0o777) -> int:
    if os.path.isdir(path):
        raise PermissionError(13, "Permission denied", str(path))
    return os.open(path, flags, mode)


def _fsync(descriptor: int) -> None:
    if fcntl.fcntl(descriptor, fcntl.F_GETFL) & os.O_ACCMODE == os.O_RDONLY:
        raise OSError(9, "Bad file descriptor")
    os.fsync(descriptor)


def _locking(descriptor: int, mode: int, _: int) -> None:
    assert mode == 2
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise PermissionError(13, "Permission denied") from None


@pytest.fixture
def windows(monkeypatch: pytest.MonkeyPatch) -> None:
    """Folders cannot be opened, what is read cannot be written through, and locks are Microsoft's."""
    monkeypatch.setattr(platforms, "WINDOWS", True)
    monkeypatch.setattr(platforms, "os", SimpleNamespace(**vars(os) | {"open": _open, "fsync": _fsync}))
    monkeypatch.setitem(sys.modules, "msvcrt", SimpleNamespace(LK_NBLCK=2, locking=_locking))


@pytest.mark.usefixtures("windows")
def test_a_run_on_windows_leaves_what_it_leaves_elsewhere(tmp_path: Path, checkpoint: Path) -> None:
    name = "mlpvae-mnist-z2-l1"
    out = train(plan(name, tmp_path / "run"), noise_images(ENTRIES[name].dataset, 200))
    assert {path.name for path in out.iterdir()} == {path.name for path in checkpoint.iterdir()}
    assert (out / "model.safetensors").read_bytes() == (checkpoint / "model.safetensors").read_bytes()


@pytest.mark.usefixtures("windows")
def test_a_folder_on_windows_is_whole(tmp_path: Path) -> None:
    with whole_folder(tmp_path / "folder", overwrite=False) as part:
        write_text(part / "a.txt", "one\ntwo\n")
    assert [path.name for path in tmp_path.iterdir()] == ["folder"]
    assert (tmp_path / "folder" / "a.txt").read_bytes() == b"one\ntwo\n"


def test_what_somebody_reads_is_replaced_a_moment_later(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(platforms, "WINDOWS", True)
    left, original = [2], Path.replace

    def refuse(self: Path, target: Path) -> Path:
        if left[0]:
            left[0] -= 1
            raise PermissionError(13, "Permission denied", str(target))
        return original(self, target)

    monkeypatch.setattr(Path, "replace", refuse)
    write_text(tmp_path / "a.txt", "new")
    assert (tmp_path / "a.txt").read_text() == "new"
    left[0] = 10**9
    monkeypatch.setattr(platforms, "_REPLACE_SECONDS", 0.1)
    with pytest.raises(GenzooError, match=r"a\.txt could not be written \(permission denied\)"):
        write_text(tmp_path / "a.txt", "newer")
    assert [path.name for path in tmp_path.iterdir()] == ["a.txt"]
    assert (tmp_path / "a.txt").read_text() == "new"


@pytest.mark.parametrize(
    "name", ["nul", "NUL.png", "con .txt", "Aux.tar.gz", "com1", "LPT9.npy", "a.", "a ", "a:b", "a?"]
)
def test_names_that_windows_keeps(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert not is_reserved(name)
    monkeypatch.setattr(platforms, "WINDOWS", True)
    assert is_reserved(name)
    for write in (whole_file, lambda path: whole_folder(path, overwrite=True)):
        with pytest.raises(GenzooError, match=r"Windows takes .* for something else"), write(tmp_path / name):
            pytest.fail("it was written")
    with pytest.raises(GenzooError, match="Windows takes"):
        refuse_unwritable(tmp_path / name)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "name", ["null", "console.png", "com10", "com", ".con", "auxiliary", "vae-mnist", "a b.c", "Ähre"]
)
def test_names_that_windows_leaves(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(platforms, "WINDOWS", True)
    assert not is_reserved(name)


def test_a_child_on_windows_is_asked_by_a_break(monkeypatch: pytest.MonkeyPatch) -> None:
    began: dict[str, Any] = {}
    sent: list[object] = []
    child = SimpleNamespace(send_signal=sent.append, terminate=lambda: pytest.fail("that ends it unsaved"))
    monkeypatch.setattr(platforms, "WINDOWS", True)
    monkeypatch.setattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0x200, raising=False)
    monkeypatch.setattr(signal, "CTRL_BREAK_EVENT", "break", raising=False)
    monkeypatch.setattr(subprocess, "Popen", lambda _, **options: began.update(options) or child)
    ask_to_end(start(["program"], stdout=subprocess.PIPE))
    assert began["creationflags"] == 0x200
    assert sent == ["break"]


def test_a_child_elsewhere_is_asked_by_sigterm() -> None:
    program = "import signal, sys; signal.signal(signal.SIGTERM, lambda *_: sys.exit(7)); print('on'); signal.pause()"
    with start([sys.executable, "-uc", program], stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == "on\n"
        ask_to_end(child)
        assert child.wait(timeout=60) == 7


def test_what_an_output_has_no_sign_for_is_escaped(monkeypatch: pytest.MonkeyPatch) -> None:
    written = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(written, encoding="cp1252"))
    before = {kind: signal.getsignal(kind) for kind in platforms.STOP_SIGNALS}
    try:
        _prepare_process()
    finally:
        for kind, handler in before.items():
            signal.signal(kind, handler)
    print("Fréchet distance ↓", flush=True)  # noqa: T201
    assert written.getvalue() == b"Fr\xe9chet distance \\u2193" + os.linesep.encode()


HOLD = """
import sys, time
from pathlib import Path
from genzoo.platforms import lock
with lock(Path(sys.argv[1])) as held:
    print(held, flush=True)
    time.sleep(600)
"""


def test_a_lock_ends_with_its_process(tmp_path: Path) -> None:
    path = tmp_path / ".lock"
    command = [sys.executable, "-c", HOLD, str(path)]
    env = os.environ | {"PYTHONPATH": str(ROOT)}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=env) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "True\n"
        with lock(path) as held:
            assert not held
        assert path.exists()
        holder.kill()
        holder.wait(timeout=60)
    assert path.exists()  # the file outlives it, the lock does not
    with lock(path) as held, lock(path) as twice:
        assert (held, twice) == (True, False)
    assert not path.exists()


def test_one_at_a_time_holds_a_lock_that_all_remove(tmp_path: Path) -> None:
    path, inside, most = tmp_path / ".lock", list[int](), list[int]()

    def compete(number: int) -> None:
        rounds = 0
        while rounds < 200:
            with lock(path) as held:
                if held:
                    inside.append(number)
                    most.append(len(inside))
                    time.sleep(0)
                    inside.remove(number)
                    rounds += 1

    threads = [threading.Thread(target=compete, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == [1] * 800


def test_a_file_system_without_locks_keeps_nobody_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise OSError(38, "Function not implemented")

    monkeypatch.setattr(fcntl, "flock", refuse)
    with lock(tmp_path / ".lock") as held:
        assert held
