"""Run lscli on a pseudo-terminal, or with the redirections of a shell."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import re
import struct
import subprocess
import sys
import termios
from collections.abc import Mapping, Sequence

from tests.command import command

_COLOR = re.compile("\x1b\\[[0-9;]*m")
_TOKEN = re.compile("\x1b\\[[0-9;?]*[A-Za-z]|[^\x1b]", re.DOTALL)


# The command line of a run that shows the progress bar from its first row on.
_WITH_BAR = """
import sys
from lscli.cli import progress
progress._PATIENCE = 0
from lscli.cli.main import main
sys.exit(main(sys.argv[1:]))
"""


def on_terminal(
    *arguments: object,
    width: int = 100,
    stderr_too: bool = False,
    bar: bool = False,
    env: Mapping[str, str] | None = None,
) -> tuple[int, str, str]:
    """The exit code, what the terminal got (CR LF as LF) and what a pipe on stderr got."""
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, width, 0, 0))
    base = {name: value for name, value in os.environ.items() if name not in ("COLUMNS", "LINES")}
    with subprocess.Popen(
        [sys.executable, "-c", _WITH_BAR, *map(str, arguments)] if bar else command(arguments),
        stdout=slave,
        stderr=slave if stderr_too else subprocess.PIPE,
        env={**base, "TERM": "xterm", **(env or {})},
    ) as process:
        os.close(slave)
        text = _read_all(master).decode().replace("\r\n", "\n")
        errors = process.stderr.read().decode() if process.stderr is not None else ""
        code = process.wait(120)
    return code, text, errors


def in_shell(redirection: str, arguments: Sequence[object], **env: str) -> subprocess.CompletedProcess[str]:
    """Run lscli with a shell's redirections, such as `>&-` for a closed stdout."""
    return subprocess.run(
        ["/bin/sh", "-c", f'exec "$@" {redirection}', "sh", *command(arguments)],
        capture_output=True,
        text=True,
        env={**os.environ, **env},
        timeout=120,
        check=False,
    )


def without_color(text: str) -> str:
    return _COLOR.sub("", text)


def displayed(text: str) -> list[str]:
    """The lines that a terminal shows at the end, where a progress bar was drawn and erased."""
    lines, row, column = [""], 0, 0
    for token in _TOKEN.findall(text):
        if token == "\n":
            row, column = row + 1, 0
            lines += [""] * (row == len(lines))
        elif token == "\r":
            column = 0
        elif token == "\x1b[2K":
            lines[row] = ""
        elif token[0] == "\x1b" and token[-1] == "A":
            row -= int(token[2:-1])
        elif token[0] != "\x1b":
            lines[row] = lines[row][:column].ljust(column) + token + lines[row][column + 1 :]
            column += 1
    while lines and not lines[-1]:
        lines.pop()
    return lines


def _read_all(fd: int) -> bytes:
    data = b""
    with contextlib.suppress(OSError), open(fd, "rb", buffering=0) as stream:  # EIO: the other side is gone
        while part := stream.read(65536):
            data += part
    return data
