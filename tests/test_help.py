"""Help pages, what the shell completes, and tables that fit the terminal."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from click.shell_completion import ShellComplete
from click.testing import CliRunner

from genzoo.cli import _COMMANDS, _SECTIONS, main
from genzoo.zoo.catalog import ALIASES, ENTRIES

from .peak import on_posix


def commands(group: click.Group, *before: str) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    """Every command with the words that call it, those of groups, too."""
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        yield (*before, name), command
        if isinstance(command, click.Group):
            yield from commands(command, *before, name)


CARDS = Path(__file__).parents[1] / "cards"
EVERY = dict(commands(main))


def page(*words: str) -> str:
    done = CliRunner().invoke(main, [*words, "--help"], terminal_width=80, prog_name="genzoo")
    assert done.exit_code == 0, done.output
    return done.stdout


def test_every_command_stands_in_one_section() -> None:
    listed = [name for names in _SECTIONS.values() for name in names]
    assert sorted(listed) == sorted(_COMMANDS)
    sections = re.findall(r"^(\w.*):\n((?:  .*\n)+)", page(), re.MULTILINE)
    found = {title: tuple(re.findall(r"^  ([a-z-]+) ", lines, re.MULTILINE)) for title, lines in sections}
    assert {title: found[title] for title in _SECTIONS} == _SECTIONS


@pytest.mark.parametrize("words", [(), ("study",)], ids=["genzoo", "study"])
def test_no_summary_is_cut(words: tuple[str, ...]) -> None:
    text = page(*words)
    assert "..." not in text.split("Examples:")[0].replace("[ARGS]...", "")
    assert max(map(len, text.splitlines())) <= 80
    for name, command in EVERY.items():
        if name[:-1] == words:
            summary = command.get_short_help_str(limit=1000) if words else _COMMANDS[name[-1]][-1]
            assert " ".join(summary.split()) in " ".join(text.split())


@pytest.mark.parametrize("words", EVERY, ids=" ".join)
def test_every_command_explains_itself(words: tuple[str, ...]) -> None:
    text = page(*words)
    assert text.startswith(f"Usage: genzoo {' '.join(words)} ")
    for option in EVERY[words].params:
        if isinstance(option, click.Option) and not option.hidden:
            assert len(re.findall(rf"^  (-\w, )?{option.opts[-1]}\b(?!-)", text, re.MULTILINE)) == 1, option
    shown = re.findall(r"^    (genzoo .*)$", text.split("Examples:\n")[1], re.MULTILINE)
    assert shown
    for line in shown:
        called = shlex.split(line.partition(" > ")[0])[1:]
        name = tuple(called[:2]) if tuple(called[:2]) in EVERY else tuple(called[:1])
        EVERY[name].make_context(name[-1], called[len(name) :])  # which says what is wrong


def completed(*args: str) -> list[str]:
    """What the shell is told of the last of the words."""
    complete = ShellComplete(main, {}, "genzoo", "_GENZOO_COMPLETE")
    return [item.value for item in complete.get_completions([*args[:-1]], args[-1]) if item.type == "plain"]


def test_the_shell_completes_names() -> None:
    assert completed("info", "dcgan-mnist") == [name for name in (*ALIASES, *ENTRIES) if name.startswith("dcgan-mnist")]
    assert completed("generate", "-m", "lstm") == ["lstmgan-mnist", "lstmgan-mnist-z100-l2"]
    assert completed("tra") == ["traverse", "train", "train-features"]
    assert completed("study", "show", "vae-mnist-l") == ["vae-mnist-latent-size"]
    assert completed("train", "vae-mnist", "--precision", "b") == ["bf16"]
    assert completed("verify", "runs/") == []


def test_the_shell_is_answered_without_heavy_libraries() -> None:
    program = "import sys\nfrom genzoo.cli import main\ntry: main(prog_name='genzoo')\nfinally: print(*sys.modules)"
    env = {
        **os.environ,
        "_GENZOO_COMPLETE": "bash_complete",
        "COMP_WORDS": "genzoo generate -m vae-o",
        "COMP_CWORD": "3",
    }
    done = subprocess.run([sys.executable, "-c", program], env=env, capture_output=True, text=True, check=True)
    *found, modules = done.stdout.splitlines()
    assert found == ["plain,vae-olivetti", "plain,vae-olivetti-z32-l4"]
    assert not {*modules.split()} & {"torch", "numpy", "PIL", "onnxruntime", "huggingface_hub", "rich", "scipy"}


def on_a_terminal(columns: int, *args: str) -> str:
    """What a command of a genzoo with its cards, as a wheel is, shows on a terminal of so many columns."""
    program = f"import genzoo.cli.card\ngenzoo.cli.card._SHIPPED = {str(CARDS)!r}\ngenzoo.cli.main({args!r})"
    import fcntl
    import pty
    import struct
    import termios

    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    env = {key: value for key, value in os.environ.items() if key not in ("COLUMNS", "LINES")} | {"TERM": "xterm"}
    shown = b""
    with subprocess.Popen([sys.executable, "-c", program], stdout=theirs, env=env) as process:
        os.close(theirs)
        try:
            while part := os.read(ours, 65536):
                shown += part
        except OSError:  # the terminal is gone with its last writer
            pass
    os.close(ours)
    assert process.returncode == 0
    return re.sub(r"\x1b(\[[0-9;]*m|\]8;[^\\]*\x1b\\)", "", shown.decode()).replace("\r", "")


@on_posix
def test_tables_fit_a_terminal() -> None:
    shown = on_a_terminal(50, "list", "vae-*")
    lines = shown.splitlines()
    assert max(map(len, lines)) <= 50
    assert lines[0].split() == ["NAME", "ALIAS", "WEIGHTS"]
    assert lines[1].split() == ["SIZE", "FRECHET"]
    whole = CliRunner().invoke(main, ["list", "vae-*"]).stdout
    assert shown.split() == whole.split()  # where stdout is no terminal, nothing is moved


@on_posix
def test_a_card_on_a_terminal_is_a_page() -> None:
    shown = on_a_terminal(60, "card", "mlpvae-mnist")
    assert max(map(len, shown.splitlines())) <= 60
    title = re.search(r"\w\S*", shown)  # which older versions of rich draw a frame around
    assert title is not None
    assert title[0] == "mlpvae-mnist-z2-l2"
    assert "license: apache-2.0" not in shown
    assert "| --- |" not in shown
