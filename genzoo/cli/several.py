"""Several commands of genzoo, one after the other or side by side, each in a process of its own."""

from __future__ import annotations

import contextlib
import math
import os
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from pathlib import Path
from subprocess import PIPE, Popen

import click

from genzoo.errors import TrainingError, UnknownNameError
from genzoo.platforms import ask_to_end, start
from genzoo.zoo.catalog import is_wildcard, list_models


def expand(patterns: Sequence[str]) -> list[str]:
    """Full names of the catalog that names and wildcards stand for, each once.

    A single name is left as it is, for the command to say what is wrong with it; of several, an unknown one or a
    wildcard that matches nothing raises `UnknownNameError`.
    """
    if len(patterns) == 1 and not is_wildcard(patterns[0]):
        return list(patterns)
    names: dict[str, None] = {}
    for pattern in patterns:
        if not (found := list_models(pattern)):
            raise UnknownNameError(f"No model's name matches {pattern!r}: `genzoo list` shows every name.")
        names |= dict.fromkeys(found)
    return list(names)


def arguments_given(context: click.Context, without: Sequence[str]) -> list[str]:
    """The options that the command line gave, to be given again."""
    given: list[str] = []
    for parameter in context.command.params:
        name = parameter.name or ""
        from_user = context.get_parameter_source(name) is click.core.ParameterSource.COMMANDLINE
        if not isinstance(parameter, click.Option) or name in without or not from_user:
            continue
        value = context.params[name]
        flag = parameter.opts[-1]
        if parameter.is_flag:
            given.append(flag)
        else:
            given += [text for one in (value if parameter.multiple else [value]) for text in (flag, str(one))]
    return given


class Runs:
    """Child processes that run genzoo's commands, at most `jobs` of them at a time."""

    def __init__(self, jobs: int) -> None:
        self.jobs = jobs
        self._lock = threading.Lock()
        self._running: set[Popen[str]] = set()
        self._stopped = False

    def train(self, names: Sequence[str], out: Path, arguments: Sequence[str]) -> None:
        """Train every name into the folder of its run below `out`.

        Raises:
            TrainingError: naming the runs that broke down, once all others are done.
        """
        codes = self.carry_out({name: ["train", name, "--below", str(out), *arguments] for name in names})
        if failed := [name for name, code in codes.items() if code]:
            raise TrainingError(
                f"{len(failed)} of {len(names)} runs did not end well: {', '.join(failed)}; what each said is above, "
                "and --resume goes on with them."
            )

    def carry_out(self, commands: Mapping[str, Sequence[str]], minutes: float | None = None) -> dict[str, int | None]:
        """Carry out the arguments of genzoo's commands, each under the name that its lines are shown with.

        After `minutes` none is begun any more, and those at work are asked to end.

        Returns:
            The exit code of each; None of one that was not begun.
        """
        end = math.inf if minutes is None else time.monotonic() + 60 * minutes
        with ThreadPoolExecutor(self.jobs) as pool, self._ending():
            runs = [pool.submit(self._one, name, arguments) for name, arguments in commands.items()]
            while wait(runs, timeout=1).not_done:  # on Windows Ctrl-C is heard between two waits, and not in one
                if time.monotonic() > end:
                    self._stop()
                    end = math.inf
            return {name: run.result() for name, run in zip(commands, runs, strict=True)}

    def _stop(self) -> None:
        with self._lock:
            self._stopped = True
            for child in self._running:
                ask_to_end(child)

    def _one(self, name: str, arguments: Sequence[str]) -> int | None:
        command = [sys.executable, "-m", "genzoo", *arguments]
        with self._lock:
            if self._stopped:
                return None
            child = start(command, stderr=PIPE, stdout=PIPE, env=self._environment())
            self._running.add(child)
        with child:
            assert child.stderr is not None
            assert child.stdout is not None
            for line in child.stderr:
                click.echo(line if line.startswith(name) else f"{name}: {line}", nl=False, err=True)
            click.echo(child.stdout.read(), nl=False)
            code = child.wait()
        with self._lock:
            self._running.discard(child)
        return code

    def _environment(self) -> dict[str, str]:
        # Runs that share a core wait for one another at every parallel loop.
        threads = max(1, (os.cpu_count() or 1) // self.jobs)
        return {"OMP_NUM_THREADS": str(threads), **os.environ} if self.jobs > 1 else dict(os.environ)

    @contextlib.contextmanager
    def _ending(self) -> Iterator[None]:
        """Let a signal end the children as it ends their parent: each saves its state."""
        try:
            yield
        except BaseException:
            self._stop()
            raise
