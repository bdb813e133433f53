"""Whether a file is a calibrator, which no option or argument for logits and labels takes."""

from __future__ import annotations

import re
from codecs import BOM_UTF8
from typing import TYPE_CHECKING

from lscli.errors import InputError

if TYPE_CHECKING:
    from lscli.io.files import RegularFile

# The keys of the file are sorted, so that its schema and the versions end it.
_END = 4096
_SCHEMA = re.compile(rb'"schema"\s*:\s*"lscli\.calibrator/')


def is_calibrator(file: RegularFile) -> bool:
    """Whether a file says that it is a calibrator, of any version."""
    start = file.read(_END, 0)
    end = file.read(_END, max(0, file.size - _END))
    return start.removeprefix(BOM_UTF8).lstrip().startswith(b"{") and _SCHEMA.search(end) is not None


def check_no_calibrator(file: RegularFile) -> None:
    """Raise InputError if a file of logits or labels is a calibrator."""
    if is_calibrator(file):
        hint = "name it with --calibrator after the logits and labels; lscli inspect says what it is"
        raise InputError("is a calibrator, not logits or labels", hint, where=file.name)
