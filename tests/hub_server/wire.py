"""Requests, replies, and what goes wrong between them, over HTTP with kept connections."""

from __future__ import annotations

import contextlib
import os
import re
import socket
import struct
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit


@dataclass
class Fault:
    """Something that goes wrong with requests.

    Attributes:
        path: a pattern that is searched in the request's path.
        method: of the request; any by default.
        times: how often it goes wrong.
        status: answered instead, with `headers`.
        after: the number of body bytes sent before the rest of the fault.
        reset: the connection is reset then, or else closed.
        flip: the body byte, of what is sent and of what came, whose lowest bit is flipped; the rest is as it should be.
        hold: the server stops sending then, until this is set, and sends the rest; `holding` tells that it has.
        ignore_range: the whole body is sent whatever was asked for.
    """

    path: str
    method: str | None = None
    times: int = 1_000_000
    status: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    after: int | None = None
    reset: bool = False
    flip: int | None = None
    hold: threading.Event | None = None
    holding: threading.Event = field(default_factory=threading.Event)
    ignore_range: bool = False


@dataclass(frozen=True)
class Request:
    """A request as the log keeps it; `origin` is `hub` or `cdn`."""

    origin: str
    method: str
    path: str
    query: Mapping[str, list[str]]
    headers: Mapping[str, str]
    body: bytes = b""

    @property
    def token(self) -> str | None:
        return self.headers.get("authorization", "").removeprefix("Bearer ") or None


@dataclass(frozen=True)
class Reply:
    """What is answered; `file` makes ranges of the body possible."""

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    file: bool = False


def flipped(body: bytes, place: int) -> bytes:
    """A body with the lowest bit of one byte flipped."""
    return bytes(byte ^ (i == place) for i, byte in enumerate(body))


class Origin:
    """One address that serves requests; a context manager.

    Args:
        name: of the origin, for the log.
        answer: gives the reply to a request, which it may log, and the fault to commit, if any.
    """

    def __init__(self, name: str, answer: Callable[[Request], tuple[Reply, Fault | None]]) -> None:
        class Handler(_Handler):
            origin, reply_to = name, staticmethod(answer)

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> Origin:
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()


class _Handler(BaseHTTPRequestHandler):
    """HTTP with kept connections, as the Hub has it."""

    protocol_version = "HTTP/1.1"
    origin: str
    reply_to: Callable[[Request], tuple[Reply, Fault | None]]

    def _serve(self) -> None:
        url = urlsplit(self.path)
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        headers = {name.lower(): value for name, value in self.headers.items()}
        request = Request(self.origin, self.command, url.path, parse_qs(url.query), headers, body)
        with contextlib.suppress(ConnectionError):
            self._send(request, *self.reply_to(request))

    do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = _serve  # noqa: N815

    def log_message(self, *_: object) -> None:
        """Nothing: the log is the server's."""

    def _send(self, request: Request, reply: Reply, fault: Fault | None) -> None:
        body, status, headers = reply.body, reply.status, dict(reply.headers)
        if fault and fault.flip is not None:
            body = flipped(body, fault.flip)
        if reply.file:
            headers["Accept-Ranges"] = "bytes"
            asked = re.fullmatch(r"bytes=(\d+)-", request.headers.get("range", ""))
            if asked and not (fault and fault.ignore_range):
                first = int(asked[1])
                if first >= len(body):
                    body, status, headers["Content-Range"] = b"", 416, f"bytes */{len(body)}"
                else:
                    headers["Content-Range"] = f"bytes {first}-{len(body) - 1}/{len(body)}"
                    body, status = body[first:], 206
        if fault and fault.reset and not fault.after:
            self._reset()
            return
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if request.method != "HEAD":
            self._send_body(body, fault)

    def _send_body(self, body: bytes, fault: Fault | None) -> None:
        if fault is None or fault.after is None:
            self.wfile.write(body)
            return
        self.wfile.write(body[: fault.after])
        self.wfile.flush()
        if fault.hold:
            fault.holding.set()
            fault.hold.wait()
            self.wfile.write(body[fault.after :])
            return
        if fault.reset:
            self._reset()
        self.close_connection = True

    def _reset(self) -> None:
        # Closed with no time to linger, and past the handler's own farewell, a connection is reset.
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        os.close(self.connection.detach())
        self.close_connection = True
