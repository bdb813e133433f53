"""lscli on a pseudo-terminal, and with other odd streams."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import re
import struct
import subprocess
import termios
from collections.abc import Mapping, Sequence

from tests.command import command

_COLOR = re.compile("\x1b\\[[0-9;]*m")


def on_terminal(
    *arguments: object, width: int = 100, stderr_too: bool = False, env: Mapping[str, str] | None = None
) -> tuple[int, str, str]:
    """The exit code, what the terminal got (CR LF as LF) and what a pipe on stderr got."""
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, width, 0, 0))
    base = {name: value for name, value in os.environ.items() if name not in ("COLUMNS", "LINES")}
    with subprocess.Popen(
        command(arguments),
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


def _read_all(fd: int) -> bytes:
    data = b""
    with contextlib.suppress(OSError), open(fd, "rb", buffering=0) as stream:  # EIO: the other side is gone
        while part := stream.read(65536):
            data += part
    return data
