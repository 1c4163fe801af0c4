"""Several runs of `genzoo train`, one after the other or side by side, each in a process of its own."""

from __future__ import annotations

import contextlib
import os
import sys
import threading
from collections.abc import Iterator, Sequence
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
    """Child processes that train, at most `jobs` of them at a time."""

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
        with ThreadPoolExecutor(self.jobs) as pool, self._ending():
            runs = [pool.submit(self._one, name, out, arguments) for name in names]
            while wait(runs, timeout=1).not_done:
                pass  # on Windows Ctrl-C is heard between two waits, and not in one
            codes = [run.result() for run in runs]
        if failed := [name for name, code in zip(names, codes, strict=True) if code]:
            raise TrainingError(
                f"{len(failed)} of {len(names)} runs did not end well: {', '.join(failed)}; what each said is above, "
                "and --resume goes on with them."
            )

    def _one(self, name: str, out: Path, arguments: Sequence[str]) -> int:
        command = [sys.executable, "-m", "genzoo", "train", name, "--below", str(out), *arguments]
        with self._lock:
            if self._stopped:
                return 1
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
            with self._lock:
                self._stopped = True
                for child in self._running:
                    ask_to_end(child)
            raise
