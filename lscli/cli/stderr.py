"""One line on stderr."""

from __future__ import annotations

import sys

from lscli.text import printable


def say(line: str) -> None:
    """Write a line, with control characters as escapes."""
    try:
        sys.stderr.write(printable(line) + "\n")
        sys.stderr.flush()
    except (OSError, ValueError, AttributeError):
        return  # stderr is closed; the exit code still reports the failure
