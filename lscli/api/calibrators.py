"""Calibrators from files, or as they are given."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lscli.errors import UsageError
from lscli.in_python import of_python
from lscli.io.argument import is_path
from lscli.recalibrators.calibrator import Calibrator

if TYPE_CHECKING:
    import os


@of_python
def load_calibrator(path: str | os.PathLike[str]) -> Calibrator:
    """The fitted map of a file that `lscli fit` wrote; a calibrator is returned as it is.

    Nothing in the file is executed.

    Raises:
        InputError: the file is not that of a calibrator.
        ReadWriteError: the file cannot be read.
        UsageError: the argument is neither a path nor a calibrator.
    """
    return load(path)


def load(given: Any) -> Calibrator:
    """As `load_calibrator`, with errors in the words of the command line."""
    if isinstance(given, Calibrator):
        return given
    if not is_path(given):
        raise UsageError("is neither a path nor a calibrator", "give its file, or the object", where="calibrator")
    return Calibrator.load(given)
