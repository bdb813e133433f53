"""One line on stderr."""

from __future__ import annotations

import sys

from lscli.cli.progress import without_bar
from lscli.text import printable


def say(line: str) -> None:
    """Write a line, with control characters as escapes."""
    try:
        with without_bar():
            sys.stderr.write(printable(line) + "\n")
            sys.stderr.flush()
    except (OSError, ValueError, AttributeError):
        return  # stderr is closed; the exit code still reports the failure
