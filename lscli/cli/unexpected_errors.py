"""Messages for unexpected errors: out of memory, a failed stream, or a bug."""

from __future__ import annotations

import errno
import os

from lscli.errors import ExitCode
from lscli.limits import memory_ran_out
from lscli.text import said

# Messages of the system, the dynamic loader and Python when memory runs out.
_NO_MEMORY = (os.strerror(errno.ENOMEM), "annot allocate memory", "failed to map segment", "can't start new thread")


def explained(error: BaseException) -> tuple[str, str, int]:
    """The message, the hint and the exit code."""
    if isinstance(error, MemoryError) or any(sign in str(error) for sign in _NO_MEMORY):
        refusal = memory_ran_out(error)
        return refusal.message, refusal.hint, refusal.exit_code
    if isinstance(error, OSError):
        many = error.errno in (errno.EMFILE, errno.ENFILE)
        hint = "raise the limit on open files (ulimit -n)" if many else "check the disk and your rights"
        return f"reading or writing failed: {error.strerror or error}", hint, ExitCode.READ_WRITE
    what = said(f"{type(error).__name__}: {error}")
    return f"a bug in lscli: {what}", "set LSCLI_DEBUG=1 and report what it shows", ExitCode.BUG
