"""What holds for all tests here: genzoo is an installed one, and the loopback Hub is all there is of a network."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import genzoo

from ..hub_server import TOKEN, HubServer

_LOOPBACK = ("127.0.0.1", "::1", "localhost")
_attempts: list[str] = []


def _refuse_the_network(event: str, args: tuple[object, ...]) -> None:
    """An audit hook: raise for a connection, or for a look-up, that would leave this machine."""
    match event, args:
        case ("socket.connect" | "socket.sendto", (_, (str() as host, *_))):
            pass
        case ("socket.getaddrinfo" | "socket.gethostbyname", (str() | bytes() as name, *_)):
            host = name if isinstance(name, str) else name.decode(errors="replace")
        case _:
            return
    if host not in _LOOPBACK:
        _attempts.append(f"{event} {host}")
        raise PermissionError(f"{host} is not on this machine: these tests run without a network.")


@pytest.fixture(scope="session", autouse=True)
def _installed() -> None:
    """Refuse to run on a checkout, whose files would be there whatever the wheel holds."""
    package = Path(genzoo.__file__).parent
    if not (package / "weights").is_dir() or (package.parent / "pyproject.toml").exists():
        pytest.exit(f"{package} is no installed genzoo: run these tests as .ci/run does, with a built wheel.", 1)


@pytest.fixture(scope="session", autouse=True)
def loopback(_installed: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[HubServer]:
    """The Hub as the client sees it, which reads its settings once, when it is imported."""
    assert "huggingface_hub" not in sys.modules
    with HubServer() as server, pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.lower().endswith("_proxy") or name.startswith("HF_")]:
            patch.delenv(name)
        patch.setenv("HF_ENDPOINT", server.url)
        patch.setenv("HF_HOME", str(tmp_path_factory.mktemp("hf")))
        patch.setenv("HF_TOKEN", TOKEN)
        patch.setenv("HF_HUB_DISABLE_XET", "1")
        import huggingface_hub  # noqa: F401

        sys.addaudithook(_refuse_the_network)
        yield server


@pytest.fixture
def attempts() -> list[str]:
    """What has tried to leave this machine so far: an error may be caught on its way, a line here is not."""
    return _attempts


@pytest.fixture(autouse=True)
def _offline(attempts: list[str]) -> Iterator[None]:
    yield
    assert not attempts
