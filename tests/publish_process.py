"""A process that publishes, told what to do line by line, so that a test can look at the server in between."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .hub_process import environment
from .hub_server import READ_TOKEN, TOKEN, HubServer

_PROGRAM = """
import contextlib, gc, io, json, os, sys, time, traceback
gc.disable()  # so that no progress bar is closed by chance
sleep = time.sleep
time.sleep = lambda seconds: sleep(min(seconds, 0.01))  # what is waited for does not come sooner or later here
import genzoo
from genzoo.cli import main

def command(*args):
    try:
        main(args)
    except SystemExit as end:
        return end.code or 0

def push(source, repo, **options):
    try:
        return genzoo.load(source).push_to_hub(repo, **options)
    except genzoo.GenzooError:
        return traceback.format_exc()

for line in sys.stdin:
    asked = json.loads(line)
    os.environ["HF_TOKEN"] = asked["token"]
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        result = globals()[asked["what"]](*asked["args"], **asked["options"])
    print(json.dumps({"result": result, "out": out.getvalue(), "err": err.getvalue()}), flush=True)
"""


@dataclass(frozen=True)
class Done:
    """What came of it: the exit code, or what a function gave, and what was printed."""

    result: Any
    out: str
    err: str

    @property
    def sentence(self) -> str:
        """What the user was told at last, by a command that failed in one sentence."""
        assert self.result in (1, 2), self
        assert "Traceback" not in self.err
        last = self.err.splitlines()[-1]
        assert last.startswith("Error: ")
        return last.removeprefix("Error: ")

    @property
    def pinned(self) -> list[str]:
        """What the lines load that a command which went well printed."""
        assert self.result == 0, self.err
        lines = self.out.splitlines()
        assert all(line.startswith('genzoo.load("') and line.endswith('")') for line in lines)
        return [line.split('"')[1] for line in lines]


class Publisher:
    """The process; a context manager.  No token may show in anything it prints or leaves behind."""

    def __init__(self, hub: HubServer, home: Path, **env: str) -> None:
        self.home = home
        self._log = (home / "stderr.txt").open("w+")
        self._process = subprocess.Popen(
            [sys.executable, "-c", _PROGRAM],
            env=environment(hub, home, **env),
            cwd=home,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            text=True,
        )

    def __enter__(self) -> Publisher:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.communicate()
        self._log.close()
        for path in self.home.rglob("*"):
            if path.is_file():
                assert not shows_token(path.read_bytes().decode("latin-1")), path

    def __call__(self, *args: object, token: str = TOKEN) -> Done:
        """Run `genzoo publish` with these arguments."""
        return self._ask("command", ["publish", *map(str, args)], token, {})

    def push(self, source: object, repo: str, *, env_token: str = TOKEN, **options: Any) -> Done:
        """`load(source).push_to_hub(repo, ...)`: what it gives, or the traceback of its error."""
        return self._ask("push", [str(source), repo], env_token, options)

    def _ask(self, what: str, args: list[str], env_token: str, options: dict[str, Any]) -> Done:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        asked = {"what": what, "args": args, "token": env_token, "options": options}
        print(json.dumps(asked), file=self._process.stdin, flush=True)
        line = self._process.stdout.readline()
        assert line, Path(self._log.name).read_text()
        assert not shows_token(line), line
        return Done(**json.loads(line))

    def meanwhile(self, *args: object) -> tuple[threading.Thread, list[Done]]:
        """Run it beside the test; its end is in the list once the thread has ended."""
        found: list[Done] = []
        thread = threading.Thread(target=lambda: found.append(self(*args)))
        thread.start()
        return thread, found


def shows_token(text: str) -> bool:
    return any(token in text for token in (TOKEN, READ_TOKEN, "hf_WrongToken"))
