"""Fitted maps as files."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from lscli.api.recalibration import load
from lscli.errors import ReadWriteError
from lscli.in_python import of_python
from lscli.io.output import write_atomically

if TYPE_CHECKING:
    from lscli.recalibrators.calibrator import Calibrator


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


@of_python
def save_calibrator(calibrator: Calibrator, path: str | os.PathLike[str]) -> None:
    """Write a fitted map to a file, completely or not at all.

    Raises:
        ReadWriteError: it cannot be written.
    """
    name = os.fsdecode(path)
    try:
        write_atomically(name, [calibrator.to_json().encode()])
    except OSError as error:
        raise ReadWriteError(f"cannot be written: {error.strerror}", where=name) from error
