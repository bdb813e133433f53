"""In a step of GitHub Actions: annotations, and a table in the summary of the step.

The runner reads workflow commands from both streams of a step (src/Runner.Worker/Handlers/ScriptHandler.cs of
actions/runner). They go to stderr, so that stdout holds data alone.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from lscli.cli.stderr import say
from lscli.errors import warn

if TYPE_CHECKING:
    from collections.abc import Iterable

    from lscli.listings import Listing


def on_github() -> bool:
    """Whether this is a step of GitHub Actions."""
    return os.environ.get("GITHUB_ACTIONS") == "true"


def show_on_github(answer: Listing, annotations: Iterable[str]) -> None:
    """Print annotations and append the answer to the summary; a summary that cannot be written is a warning."""
    from lscli.render.formats.github import summary

    for line in annotations:
        say(line)
    path = os.environ.get("GITHUB_STEP_SUMMARY")
    if not path:
        return
    try:
        with open(path, "a", encoding="utf-8", errors="backslashreplace", newline="\n") as file:
            file.write(summary(answer))
    except (OSError, ValueError) as error:
        what = os.strerror(error.errno or 0) if isinstance(error, OSError) else "its name is not one of a file"
        warn(f"the summary of the step cannot be written: {what}")
