"""Messages for unexpected errors: out of memory, a failed stream, or a bug."""

from __future__ import annotations

import errno

from lscli.errors import ExitCode
from lscli.limits import memory_ran_out, ran_out
from lscli.text import said


def explained(error: BaseException) -> tuple[str, str, int]:
    """The message, the hint and the exit code."""
    if ran_out(error):
        refusal = memory_ran_out(error)
        return refusal.message, refusal.hint, refusal.exit_code
    if isinstance(error, OSError):
        many = error.errno in (errno.EMFILE, errno.ENFILE)
        hint = "raise the limit on open files (ulimit -n)" if many else "check the disk and your rights"
        return f"reading or writing failed: {error.strerror or error}", hint, ExitCode.READ_WRITE
    what = said(f"{type(error).__name__}: {error}")
    return f"a bug in lscli: {what}", "set LSCLI_DEBUG=1 and report what it shows", ExitCode.BUG
