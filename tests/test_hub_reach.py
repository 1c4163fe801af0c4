"""No way to the Hub: told at once, in one sentence, by commands that have not even imported torch."""

from __future__ import annotations

import contextlib
import errno
import json
import re
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from genzoo.checkpoint.manifest import weights_home
from genzoo.errors import HubError
from genzoo.hub import client, reach, refuse_out_of_reach
from genzoo.hub.failures import OutOfReachError

from .hub_process import FETCH, contents, environment, fetch, install, run
from .hub_server import HubServer

HERE, MISSING = "mlpgan-mnist-z100-l3", "vae-mnist-z10-l3"
NOWHERE = "http://nowhere.invalid"  # a name that no resolver ever knows, by RFC 6761
UNRESOLVED = r"(name or service not known|temporary failure in name resolution|no address associated with hostname)"

COMMANDS = """
import json, os, socket, sys, time
asked, slept = [], []
getaddrinfo = socket.getaddrinfo
socket.getaddrinfo = lambda *args, **options: asked.append(args[0]) or getaddrinfo(*args, **options)
time.sleep = slept.append
from genzoo.cli import main
for line in sys.argv[1:]:
    asked.clear(), slept.clear()
    try:
        main(line.split())
    except SystemExit as end:
        print("END", file=sys.stderr, flush=True)
        found = {"code": end.code, "asked": len(asked), "slept": slept, "torch": "torch" in sys.modules}
        print(json.dumps(found), flush=True)
"""
"""Runs commands one after the other in a process that counts how often it looks for the Hub, and waits."""

OF_AN_ENTRY = (
    rf"^Error: The weights of {MISSING} are not in this installation, and config\.json of genzoo/{MISSING} "
    r"could not be fetched from \S+ \({reason}\): install genzoo's whole wheel or run it from a checkout, "
    r"or set GENZOO_HUB_NAMESPACE to .*\.$"
)
OF_A_FOLDER = (
    r"^Error: There is no folder {path} here \(check its path\), and config\.json of .* \({reason}\): check the"
)
OF_PUBLISHING = r"^Error: user/x could not be published on \S+ \({reason}\): check the network\.$"
SENTENCES = {
    f"generate -m {MISSING} out.png": OF_AN_ENTRY,
    f"pull {MISSING}": OF_AN_ENTRY,
    f"evaluate {MISSING}": OF_AN_ENTRY,
    f"evaluate --compare {HERE} {MISSING}": OF_AN_ENTRY,
    f"finetune {MISSING} --dataset kmnist": OF_AN_ENTRY,
    f"card {MISSING}": OF_AN_ENTRY,
    f"publish {MISSING} --repo-id user/x --dry-run": OF_AN_ENTRY,
    f"publish {HERE} --repo-id user/x --dry-run": OF_PUBLISHING,
    "publish --all --namespace user": OF_PUBLISHING.replace("user/x", f"user/{HERE}"),
    "evaluate runs/mine": OF_A_FOLDER.replace("{path}", "runs/mine"),
    "generate -m user/repo out.png": OF_A_FOLDER.replace("{path}", "user/repo"),
    "info user/repo@v1": OF_A_FOLDER.replace("{path}", "user/repo@v1"),
}


@pytest.fixture(scope="module")
def slim(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An installation that has one entry of the catalog's."""
    return install(tmp_path_factory.mktemp("slim"), *(f"{HERE}/{name}" for name in contents(weights_home() / HERE)))


@pytest.mark.parametrize(("endpoint", "reason"), [(NOWHERE, UNRESOLVED), ("http://127.0.0.1:9", "connection refused")])
def test_nobody_is_asked_twice(endpoint: str, reason: str, slim: Path, home: Path) -> None:
    env = environment(None, home, PYTHONPATH=str(slim), HF_ENDPOINT=endpoint)
    done = run(COMMANDS, *SENTENCES, env=env)
    found = [json.loads(line) for line in done.stdout.splitlines()]
    # Were it not for the one sentence, what the client prints would stand here too.
    said = dict(zip(SENTENCES, done.stderr.split("END\n"), strict=False))
    for (command, pattern), one in zip(SENTENCES.items(), found, strict=True):
        assert one["code"] == 1, command
        assert said[command].count("\n") == 1, said[command]
        assert re.search(pattern.replace("{reason}", reason), said[command].strip()), said[command]
        assert one["asked"] <= 1, command
        assert (one["slept"], one["torch"]) == ([], False), command


def test_what_is_here_needs_no_hub(slim: Path, home: Path) -> None:
    env = environment(None, home, PYTHONPATH=str(slim), HF_ENDPOINT=NOWHERE)
    done = run(COMMANDS, f"pull {HERE}", f"verify {HERE}", f"info {HERE}", "list", env=env)
    ends = [json.loads(line) for line in done.stdout.splitlines() if line.startswith('{"code"')]
    assert [(end["code"], end["asked"]) for end in ends] == [(0, 0)] * 4, done.stderr


def test_the_way_is_tried_for_what_only_the_hub_has(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tried = []

    def probe() -> None:
        tried.append(True)
        raise reach.NoWayError(errno.EHOSTUNREACH, "No route to host")

    monkeypatch.setattr(reach, "probe", probe)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "user" / "mine").mkdir(parents=True)
    for source in (HERE, "mlpgan-mnist", "user/mine", "user", "zzz", "", str(tmp_path)):
        refuse_out_of_reach(source)
    assert not tried
    with pytest.raises(HubError, match=r"There is no folder user/other here .*no route"):
        refuse_out_of_reach("user/other")
    assert tried


def test_an_entry_that_nobody_has_published(hub: HubServer, slim: Path, home: Path, tmp_path: Path) -> None:
    env = environment(hub, home, PYTHONPATH=str(slim))
    found, other = fetch(MISSING, MISSING, env=env | {"GENZOO_HUB_NAMESPACE": "zoo"})
    assert found == other
    assert re.fullmatch(
        rf"The weights of {MISSING} are not in this installation, and there is no repository zoo/{MISSING} on \S+: "
        r"install genzoo's whole wheel or .* GENZOO_HUB_NAMESPACE to .*\.",
        found["text"],
    )
    assert len(hub.requests("config.json")) == 2
    part = install(tmp_path / "part", f"{HERE}/config.json", f"{HERE}/model.safetensors")
    [found] = fetch(f"{HERE} discriminator.safetensors", env=env | {"PYTHONPATH": str(part)})
    assert found["text"].startswith(f"Some files of {HERE} are not in this installation, and there is no repository ")
    [found] = fetch("runs/mine", env=env)
    assert found["text"].startswith("There is no folder runs/mine here (check its path), and there is no repository ")
    [found] = fetch(MISSING, env=env | {"HF_HUB_OFFLINE": "1"})
    assert re.search(r"not in this installation, and .* HF_HUB_OFFLINE keeps .*: install genzoo's whole", found["text"])


def test_a_busy_hub_is_asked_again_in_genzoos_own_words(hub: HubServer, slim: Path, home: Path) -> None:
    hub.repo(f"genzoo/{MISSING}", contents(weights_home() / MISSING))
    hub.fault("config.json", times=2, status=503)
    hub.fault("model.safetensors", times=2, status=429, headers={"Retry-After": "1"})
    listening = "import logging\nlogging.getLogger('genzoo').addHandler(logging.StreamHandler())\n"
    done = run(listening + FETCH, MISSING, env=environment(hub, home, PYTHONPATH=str(slim)))
    assert "paths" in json.loads(done.stdout)
    for name in ("config.json", "model.safetensors"):
        assert len(hub.requests(f"main/{name}", "HEAD") + hub.requests(f"{_commit(hub)}/{name}", "HEAD")) == 3
    own = rf"\S+ of genzoo/{MISSING} did not come, next try in \d+\.\d s"
    waits = [line for line in done.stderr.replace("\r", "\n").splitlines() if "%|" not in line and line.strip()]
    assert waits
    assert all(re.fullmatch(own, line) for line in waits), waits


def _commit(hub: HubServer) -> str:
    return hub.repos[f"genzoo/{MISSING}"].refs["main"]


@pytest.mark.parametrize("endpoint", ["http://127.0.0.1:99999", "http://[::1", "nowhere", "ftp://127.0.0.1", "http://"])
def test_an_endpoint_that_is_none(endpoint: str, slim: Path, home: Path) -> None:
    env = environment(None, home, PYTHONPATH=str(slim), HF_ENDPOINT=endpoint)
    done = run(COMMANDS, "info user/repo", f"pull {MISSING}", f"verify {MISSING}", env=env)
    sentence = "Error: HF_ENDPOINT is not an address: write it as in https://huggingface.co, or unset it.\nEND\n"
    assert done.stderr == 3 * sentence
    assert [json.loads(line)["asked"] for line in done.stdout.splitlines()] == [0, 0, 0]


@pytest.fixture
def _nothing_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reach, "_known", {})
    for name in ("http_proxy", "all_proxy", "no_proxy", "HTTP_PROXY", "ALL_PROXY", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def hole() -> Iterator[tuple[str, int]]:
    """An address at which no connection is ever taken or refused: whoever listens has as many waiting as it may."""
    with contextlib.ExitStack() as stack:
        listener = stack.enter_context(socket.socket())
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        for _ in range(4):
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(listener.getsockname())
        yield listener.getsockname()


@pytest.mark.usefixtures("_nothing_known")
def test_a_connection_that_hangs_is_given_up(
    hole: tuple[str, int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reach, "_PATIENCE", 0.3)
    monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", f"http://{hole[0]}:{hole[1]}")
    monkeypatch.setattr("time.sleep", lambda _: pytest.fail("it was tried again"))
    with pytest.raises(OutOfReachError, match=r"127\.0\.0\.1:\d+ \(connection timed out\): check the network"):
        client.fetch("user/repo", "config.json", "main", cache=tmp_path)
    assert not client.is_reachable()


@pytest.mark.usefixtures("_nothing_known")
def test_another_address_of_the_same_host_will_do(
    hub: HubServer, hole: tuple[str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    there = ("127.0.0.1", int(hub.url.rpartition(":")[2]))
    found: list[Any] = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", one) for one in (("127.0.0.1", 9), hole, there)]
    monkeypatch.setattr("socket.getaddrinfo", lambda *_, **__: list(found))
    monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", "https://some.host")
    reach.probe()
    found.pop()
    reach.probe()  # what was found a moment ago still stands
    reach._known.clear()
    monkeypatch.setattr(reach, "_PATIENCE", 0.3)
    with pytest.raises(reach.NoWayError, match="timed out"):
        reach.probe()


@pytest.mark.usefixtures("_nothing_known")
def test_a_proxy_is_the_way(hub: HubServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", NOWHERE)
    monkeypatch.setenv("http_proxy", hub.url)
    assert client.is_reachable()
    monkeypatch.setenv("no_proxy", "nowhere.invalid")
    assert not client.is_reachable()
    monkeypatch.delenv("no_proxy")
    monkeypatch.setenv("http_proxy", "127.0.0.1:9")
    assert not client.is_reachable()
