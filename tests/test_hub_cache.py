"""The cache on this machine: shared by processes, filled again after a kill, full, or read-only."""

from __future__ import annotations

import importlib.metadata
import json
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

from genzoo.checkpoint.manifest import weights_home

from .hub_process import FETCH, environment, fetch, run
from .hub_server import HubServer

CONFIG = (weights_home() / "vae-mnist-z20-l3" / "config.json").read_bytes()
CLIENT = tuple(map(int, importlib.metadata.version("huggingface_hub").split(".")[:2]))
PIECE = 10 * 2**20  # what the client writes at a time


def start(*args: str, env: dict[str, str]) -> subprocess.Popen[str]:
    return subprocess.Popen([sys.executable, "-c", FETCH, *args], env=env, stdout=subprocess.PIPE, text=True)


def wait_until(condition: Callable[[], bool]) -> None:
    for _ in range(3000):
        if condition():
            return
        time.sleep(0.02)
    raise AssertionError("it never came to that")


def test_six_processes_download_once(hub: HubServer, home: Path) -> None:
    hub.repo("user/model", {"config.json": CONFIG, "model.safetensors": bytes(3_000_000)})
    all_there = threading.Event()
    first = hub.fault("/lfs/", method="GET", times=1, after=1000, hold=all_there)
    processes = [start("user/model", env=environment(hub, home)) for _ in range(6)]
    hub.wait_for("main/config.json", "HEAD", 6)
    assert first.holding.wait(60)
    all_there.set()
    paths = {process.communicate()[0] for process in processes}
    assert [process.returncode for process in processes] == [0] * 6
    assert len(paths) == 1
    assert Path(json.loads(paths.pop())["paths"][0]).read_bytes() == bytes(3_000_000)
    assert len([line for line in hub.requests(method="GET") if "cdn" in line]) == 1


def test_a_killed_download(hub: HubServer, home: Path) -> None:
    data = bytes(range(256)) * 85_000  # more than two pieces
    hub.repo("user/model", {"config.json": CONFIG, "model.safetensors": data})
    env = environment(hub, home)
    fault = hub.fault("/lfs/", method="GET", times=1, after=11_000_000, hold=threading.Event())
    process = start("user/model", env=env)
    assert fault.holding.wait(60)
    wait_until(lambda: any(path.stat().st_size == PIECE for path in home.rglob("*.incomplete")))
    process.kill()
    process.communicate()
    [found] = fetch("user/model", env=env)
    assert Path(found["paths"][0]).read_bytes() == data
    ranges = [one.headers.get("range") for one in hub.log if one.origin == "cdn" and one.method == "GET"]
    # The client has given up resuming what another process left behind.
    assert ranges in ([None, None], [None, f"bytes={PIECE}-"])
    assert CLIENT >= (1, 0) or ranges[1]


def test_a_broken_download_is_resumed(hub: HubServer, home: Path) -> None:
    data = bytes(range(256)) * 85_000
    hub.repo("user/model", {"config.json": CONFIG, "model.safetensors": data})
    hub.fault("/lfs/", method="GET", times=1, after=11_000_000)
    [found] = fetch("user/model", env=environment(hub, home))
    assert Path(found["paths"][0]).read_bytes() == data
    assert [one.headers.get("range") for one in hub.log if one.origin == "cdn" and one.method == "GET"] == [
        None,
        f"bytes={PIECE}-",
    ]


def mounted(script: str, disk: Path) -> tuple[str, ...]:
    """A command that runs a script, then `"$@"`, with a small disk of its own that is gone in the end."""
    disk.mkdir()
    return ("unshare", "-rm", "sh", "-c", f"mount -t tmpfs -o size=600k tmpfs {disk} && {script}", "sh")


def test_a_full_disk(hub: HubServer, tmp_path: Path, home: Path) -> None:
    hub.repo("user/model", {"config.json": CONFIG, "model.safetensors": bytes(2_000_000)})
    disk = tmp_path / "disk"
    env = environment(hub, home, HF_HUB_CACHE=str(disk))
    done = run(FETCH, "user/model", env=env, before=mounted('"$@"', disk))
    found = json.loads(done.stdout)
    assert found["error"] == "HubError"
    assert f"model.safetensors of user/model could not be written to {disk} (no space left on device)" in found["text"]
    assert "HF_HOME" in found["text"]


def test_a_cache_that_is_read_only(hub: HubServer, tmp_path: Path, home: Path) -> None:
    for name in ("user/model", "user/other"):
        hub.repo(name, {"config.json": CONFIG, "model.safetensors": name.encode()})
    disk = tmp_path / "disk"
    env = environment(hub, home, HF_HUB_CACHE=str(disk))
    before = mounted(f'"$@" user/model && mount -o remount,ro {disk} && "$@" user/model user/other', disk)
    done = run(FETCH, env=env, before=before)
    first, again, other = map(json.loads, done.stdout.splitlines())
    assert first == again
    assert "error" not in first
    assert f"could not be written to {disk} (read-only file system)" in other["text"]
