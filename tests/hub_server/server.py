"""The server: its repositories, its two origins, who may read what, and the table of routes."""

from __future__ import annotations

import dataclasses
import json
import re
import threading
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from .state import Repo
from .wire import Fault, Origin, Reply, Request, flipped

TOKEN, READ_TOKEN = "hf_RightTokenOfTheTests", "hf_ReadTokenOfTheTests"
USER = "user"  # the one whose tokens these are
NAME = r"(?P<name>[^/]+/[^/]+)"
KIND = "(?:models|spaces)"  # which have their names in common here


def json_reply(value: object, status: int = 200) -> Reply:
    return Reply(status, json.dumps(value).encode(), {"Content-Type": "application/json"})


def error_reply(status: int, code: str, message: str, **headers: str) -> Reply:
    return Reply(
        status, json.dumps({"error": message}).encode(), {"X-Error-Code": code, "X-Error-Message": message} | headers
    )


class HubServer:
    """Both origins, and all they know; a context manager."""

    def __init__(self) -> None:
        self.repos: dict[str, Repo] = {}
        self.faults: list[Fault] = []
        self.log: list[Request] = []
        self.lock = threading.Condition()
        self.lfs: dict[str, bytes] = {}
        self.uploads: dict[str, bytes] = {}
        self.xet_store: Path | None = None
        self._hub, self._cdn = (Origin(name, self._serve) for name in ("hub", "cdn"))
        # Some clients tell origins apart by the host's name alone.
        self.url, self.cdn_url = self._hub.url, self._cdn.url.replace("127.0.0.1", "localhost")

    def __enter__(self) -> HubServer:
        with ExitStack() as stack:
            stack.enter_context(self._hub)
            stack.enter_context(self._cdn)
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        for fault in self.faults:
            if fault.hold:
                fault.hold.set()
        self._stack.close()

    def _serve(self, request: Request) -> tuple[Reply, Fault | None]:
        with self.lock:
            self.log.append(request)
            self.lock.notify_all()
        fault = self._take_fault(request)
        if fault and fault.status:
            return Reply(fault.status, b"{}", fault.headers), None
        if fault and fault.flip is not None and request.body:
            request = dataclasses.replace(request, body=flipped(request.body, fault.flip))
        return self._answer(request), fault

    def repo(self, name: str, files: Mapping[str, bytes], *, private: bool = False, gated: bool = False) -> Repo:
        """A new repository with one commit."""
        repo = self.repos[name] = Repo(name, private, gated)
        repo.commit(files)
        return repo

    def fault(self, path: str, **what: Any) -> Fault:
        """Let requests go wrong from now on; the last one given counts."""
        fault = Fault(path, **what)
        with self.lock:
            self.faults.insert(0, fault)
        return fault

    def requests(self, path: str = "", method: str | None = None) -> list[str]:
        """The requests so far whose path ends so, each as `GET hub /path`."""
        with self.lock:
            return self._requests(path, method)

    def _requests(self, path: str, method: str | None) -> list[str]:
        return [
            f"{one.method} {one.origin} {one.path}"
            for one in self.log
            if one.path.endswith(path) and method in (None, one.method)
        ]

    def wait_for(self, path: str, method: str, count: int) -> None:
        """Return once so many requests whose path ends so have come."""
        with self.lock:
            assert self.lock.wait_for(lambda: len(self._requests(path, method)) >= count, 120)

    def _take_fault(self, request: Request) -> Fault | None:
        with self.lock:
            for fault in self.faults:
                if fault.times and fault.method in (None, request.method) and re.search(fault.path, request.path):
                    fault.times -= 1
                    return fault
        return None

    def _answer(self, request: Request) -> Reply:
        for method, origin, pattern, route in ROUTES:
            match = re.fullmatch(pattern, request.path)
            if match and request.method in method.split("|") and request.origin == origin:
                return route(self, request, **match.groupdict())
        return error_reply(404, "", f"{request.method} {request.path} is not spoken here")

    def refusal(self, request: Request, name: str, revision: str | None = None) -> Reply | None:
        """The reply to whoever may not have a repository, or asks for a revision it lacks; None for others."""
        if request.token not in (None, TOKEN, READ_TOKEN):
            # The token is quoted back, which no message may pass on.
            body = json.dumps({"error": f"Bad token {request.token}"}).encode()
            return Reply(401, body, {"X-Error-Message": "Invalid credentials in Authorization header"})
        repo = self.repos.get(name)
        if repo is None or (repo.private and request.token is None):
            return error_reply(404 if request.token else 401, "RepoNotFound", f"Repository not found, {request.token}")
        if repo.gated:
            return error_reply(403 if request.token else 401, "GatedRepo", f"Access to model {name} is restricted.")
        if revision is not None and repo.find(unquote(revision)) is None:
            return error_reply(404, "RevisionNotFound", f"Invalid rev id: {revision}")
        return None

    def write_refusal(self, request: Request, name: str) -> Reply | None:
        """The reply to whoever may not write to a repository, or make it; None for others."""
        if request.token is None:
            return error_reply(401, "", "Invalid username or password.")
        known = name in self.repos or request.token not in (TOKEN, READ_TOKEN)
        if known and (refusal := self.refusal(request, name)):
            return refusal
        if request.token == READ_TOKEN or name.split("/")[0] != USER:
            return error_reply(403, "", f"You don't have the rights to write here with {request.token}")
        return None


Route = Callable[..., Reply]
ROUTES: list[tuple[str, str, str, Route]] = []
"""Methods, origin, pattern and function; the first that fits answers."""


def route(methods: str, pattern: str, origin: str = "hub") -> Callable[[Route], Route]:
    def add(function: Route) -> Route:
        ROUTES.append((methods, origin, pattern, function))
        return function

    return add
