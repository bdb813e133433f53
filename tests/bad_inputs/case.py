"""A bad input: how to make it, the arguments of lscli, and the expected answer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from tests.io.make import saved, some_labels, some_logits

# Makes the files in a folder and returns the arguments of lscli.
Make = Callable[[Path], Sequence[object]]


class Case(NamedTuple):
    """One bad input, or one that is odd and legal.

    Attributes:
        name: its number in the list of bad inputs, and what it is.
        make: see `Make`. An output is added to its arguments if they have none.
        says: words of the first line on stderr; empty if nothing is written there.
        hint: words of the second line.
        code: the exit code.
        named: the file that the first line begins with, relative to the folder; empty if it names none.
        same: logits and labels in memory that give the same report, for a legal input.
        limited: whether it needs a process of its own, since the danger is that it takes time, memory or rights.
    """

    name: str
    make: Make
    says: str = ""
    hint: str = ""
    code: int = 3
    named: str = ""
    same: tuple[Any, Any] | None = None
    limited: bool = False


def sound(folder: Path) -> tuple[Path, Path]:
    """Save valid logits and labels; return the two paths."""
    logits, labels = folder / "logits.npy", folder / "labels.npy"
    np.save(logits, some_logits())
    np.save(labels, some_labels())
    return logits, labels


def as_logits(name: str, make: Callable[[Path], object], *options: object) -> Make:
    """Return a `Make` that passes a file of this name as logits; `make` writes it."""

    def arguments(folder: Path) -> Sequence[object]:
        _, labels = sound(folder)
        make(folder / name)
        return ["eval", folder / name, labels, *options]

    return arguments


def as_labels(name: str, make: Callable[[Path], object], *options: object) -> Make:
    """Return a `Make` that passes a file of this name as labels; `make` writes it."""

    def arguments(folder: Path) -> Sequence[object]:
        logits, _ = sound(folder)
        make(folder / name)
        return ["eval", logits, folder / name, *options]

    return arguments


def data(content: bytes) -> Callable[[Path], object]:
    """Return a function that writes these bytes to a path."""
    return lambda path: path.write_bytes(content)


def array(value: Any, dtype: Any = None) -> Callable[[Path], object]:
    """Return a function that writes this array to an `.npy` file."""
    return data(saved(np.asarray(value, dtype)))
