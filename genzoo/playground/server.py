"""Serves the playground on this machine alone: one site, its paths and nothing else."""

from __future__ import annotations

import errno
import hashlib
import os
import sys
from collections.abc import Callable
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import unquote, urlsplit

from genzoo.errors import GenzooError, UsageError
from genzoo.playground.site import Site

ADDRESS = "127.0.0.1"
_NAMES = (ADDRESS, "localhost", "::1")
_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".mjs": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".wasm": "application/wasm",
    ".md": "text/plain; charset=utf-8",
    ".txt": "text/plain; charset=utf-8",
}
"""By the ends of names, since a machine's own table may lack some, or have others."""


class Server(ThreadingHTTPServer):
    """A server of one site; `url` is where it answers, once it is made."""

    daemon_threads = True
    allow_reuse_address = os.name == "posix"  # elsewhere it would let two servers have one port

    def __init__(self, site: Site, port: int = 0) -> None:
        """Take a port of this machine, a free one for 0.

        Raises:
            UsageError: for a port that another program has, or that only the system's own may take.
        """
        self.site = site
        try:
            super().__init__((ADDRESS, port), _Handler)
        except OSError as error:
            if error.errno not in (errno.EADDRINUSE, errno.EACCES):
                raise
            reason = (error.strerror or str(error)).lower()
            raise UsageError(f"Port {port} cannot be had ({reason}): name another, or none for a free one.") from None

    @property
    def url(self) -> str:
        """The page's address."""
        return f"http://{ADDRESS}:{self.server_port}/"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A browser that goes away while it is answered is no error."""
        if not isinstance(sys.exc_info()[1], (ConnectionError, TimeoutError)):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version, sys_version = "genzoo", ""
    timeout = 60  # seconds that a connection may idle
    server: Server

    def do_GET(self) -> None:
        self._answer()

    do_HEAD = do_GET  # noqa: N815

    def _answer(self) -> None:
        # A stranger's page may have its own name point here, and would then read what this one serves.
        if not _is_here(self.headers.get("Host")):
            self._say(HTTPStatus.MISDIRECTED_REQUEST, "This server answers to the names of this machine alone.")
            return
        path = unquote(urlsplit(self.path).path).removeprefix("/") or "index.html"
        if path not in self.server.site:
            self._say(HTTPStatus.NOT_FOUND, "There is no such file here: begin at the page itself.")
            return
        try:
            body = self.server.site[path]
        except GenzooError as error:
            self._say(HTTPStatus.INTERNAL_SERVER_ERROR, str(error))
            return
        etag = f'"{hashlib.sha256(body).hexdigest()}"'
        if self.headers.get("If-None-Match") == etag:
            self._send(HTTPStatus.NOT_MODIFIED, None, {"ETag": etag})
            return
        kind = _TYPES.get(PurePosixPath(path).suffix, "application/octet-stream")
        self._send(HTTPStatus.OK, body, {"Content-Type": kind, "ETag": etag})

    def _say(self, status: HTTPStatus, sentence: str) -> None:
        self._send(status, sentence.encode(), {"Content-Type": "text/plain; charset=utf-8"})

    def _send(self, status: HTTPStatus, body: bytes | None, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        if body is not None:
            self.send_header("Content-Length", str(len(body)))
        # It is looked at again each time: a run's files may be others by then.
        self.send_header("Cache-Control", "no-cache")
        self.send_header("X-Content-Type-Options", "nosniff")
        self.send_header("Cross-Origin-Resource-Policy", "same-origin")
        self.end_headers()
        if body is not None and self.command != "HEAD":
            self.wfile.write(body)

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """What `http.server` refuses by itself, other methods among it, in a sentence as well."""
        del message, explain
        status = HTTPStatus.METHOD_NOT_ALLOWED if code == HTTPStatus.NOT_IMPLEMENTED else HTTPStatus(code)
        self.close_connection = True
        self._send(
            status,
            f"{status.phrase}: this server gives its files by GET and HEAD.".encode(),
            {"Content-Type": "text/plain; charset=utf-8", "Allow": "GET, HEAD", "Connection": "close"},
        )

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Say nothing: the page says what goes wrong."""


def _is_here(host: str | None) -> bool:
    """Whether a request was sent to a name of this machine, by whatever port it was forwarded."""
    try:
        return urlsplit(f"//{host}").hostname in _NAMES
    except ValueError:
        return False


def serve(site: Site, port: int = 0, ready: Callable[[str], object] = lambda _: None) -> None:
    """Serve a site until Ctrl-C; `ready` is called with its address once it answers.

    Raises:
        UsageError: for a port that cannot be had.
    """
    with Server(site, port) as server:
        ready(server.url)
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            return
