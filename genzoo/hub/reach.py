"""Tests the connection to the Hub before its client is used.

Where nobody answers, the client tries again for half a minute, and for minutes where packets are lost on the way.
What this needs of the standard library is imported in functions, since `import genzoo` comes by here.
"""

from __future__ import annotations

import contextlib
import errno
import os
import time

_PATIENCE = 5.0
"""Seconds for a connection, where nothing answers."""
_STAGGER = 0.25
"""Seconds until the next of a host's addresses is tried beside those before it, as RFC 8305 has it."""
_FRESH = {True: 60.0, False: 1.0}
"""Seconds that an answer stands, by whether the Hub was reached."""
_PORTS = {"https": 443, "socks5": 1080, "socks5h": 1080}
_ON_ITS_WAY = (errno.EINPROGRESS, errno.EWOULDBLOCK)
_NO_WAY = (errno.ENETDOWN, errno.ENETUNREACH, errno.EHOSTUNREACH, errno.ETIMEDOUT)


class NoWayError(OSError):
    """A server's name is not resolved, or nobody answers; `strerror` is the system's."""


_known: dict[tuple[str, int], tuple[float, str | None]] = {}
"""Host and port -> the time of the last attempt, and the system's words for its failure, or None."""


def probe() -> None:
    """Connect to the server that files come from, or to the proxy on the way there, and hang up.

    Raises:
        NoWayError: when that does not succeed.
    """
    if (stop := _first_stop()) is None:
        return
    then, reason = _known.get(stop, (float("-inf"), None))
    if time.monotonic() - then > _FRESH[reason is None]:
        try:
            _connect(*stop)
            reason = None
        except OSError as error:
            reason = error.strerror or type(error).__name__
        except UnicodeError:  # for the client to refuse, as what is no address
            return
        _known[stop] = time.monotonic(), reason
    if reason is not None:
        raise NoWayError(errno.EHOSTUNREACH, reason)


def is_no_way(error: BaseException) -> bool:
    """Whether an exception means that nobody was reached: then the next attempt a moment later ends the same way."""
    import socket

    return isinstance(error, NoWayError | socket.gaierror | ConnectionRefusedError) or (
        isinstance(error, OSError) and error.errno in _NO_WAY
    )


def _first_stop() -> tuple[str, int] | None:
    """The host and the port that a request goes to first; None for addresses that the client is to refuse."""
    import urllib.request
    from urllib.parse import urlsplit

    from huggingface_hub import constants

    try:
        url = urlsplit(constants.ENDPOINT)
        proxies = urllib.request.getproxies()
        proxy = proxies.get(url.scheme) or proxies.get("all")
        if proxy and url.hostname and not urllib.request.proxy_bypass(url.hostname):
            url = urlsplit(proxy if "//" in proxy else f"http://{proxy}")
        return (url.hostname, url.port or _PORTS.get(url.scheme, 80)) if url.hostname else None
    except ValueError:
        return None


def _connect(host: str, port: int) -> None:
    """Return once one of a host's addresses has answered; they are tried in turn, and then side by side."""
    import selectors
    import socket

    end, failed = time.monotonic() + _PATIENCE, errno.EHOSTUNREACH
    addresses = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    with contextlib.ExitStack() as begun, selectors.DefaultSelector() as waiting:
        while addresses or waiting.get_map():
            if addresses:
                family, kind, protocol, _, address = addresses.pop(0)
                try:
                    one = begun.enter_context(socket.socket(family, kind, protocol))
                except OSError as error:  # IPv6, say, where the system has none
                    failed = error.errno or failed
                    continue
                one.setblocking(False)
                if (code := one.connect_ex(address)) == 0:
                    return
                if code not in _ON_ITS_WAY:
                    failed = code
                    continue
                waiting.register(one, selectors.EVENT_WRITE, one)
            if (rest := end - time.monotonic()) <= 0:
                failed = errno.ETIMEDOUT
                break
            for key, _ in waiting.select(min(rest, _STAGGER) if addresses else rest):
                if (code := key.data.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)) == 0:
                    return
                failed = code
                waiting.unregister(key.fileobj)
    raise OSError(failed, os.strerror(failed))
