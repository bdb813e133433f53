"""Messages for unexpected errors: out of memory, a failed stream, or a bug."""

from __future__ import annotations

import errno
import re

from lscli.errors import ExitCode
from lscli.limits import memory_limit, ran_out
from lscli.text import said, sized


def explained(error: BaseException) -> tuple[str, str, int]:
    """The message, the hint and the exit code."""
    if ran_out(error):
        return _memory(error)
    if isinstance(error, OSError):
        many = error.errno in (errno.EMFILE, errno.ENFILE)
        hint = "raise the limit on open files (ulimit -n)" if many else "check the disk and your rights"
        return f"reading or writing failed: {error.strerror or error}", hint, ExitCode.READ_WRITE
    what = said(f"{type(error).__name__}: {error}")
    return f"a bug in lscli: {what}", "set LSCLI_DEBUG=1 and report what it shows", ExitCode.BUG


def _memory(error: BaseException) -> tuple[str, str, int]:
    facts = []
    if needed := re.search("Unable to allocate ([0-9.]+) ([A-Za-z]+)", str(error)):  # numpy's
        facts.append(f"needs {needed[1].rstrip('.')} {needed[2]} more")
    if limit := memory_limit():
        facts.append(f"limit {sized(limit.total)}")
    what = ": ".join(("memory ran out", *([", ".join(facts)] if facts else [])))
    return what, "raise the limit on memory, or use a smaller --chunk-rows or fewer --threads", ExitCode.READ_WRITE
