"""What a bad input is: how it is made, how lscli is run on it, and what comes of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from tests.io.make import saved, some_labels, some_logits

# Makes the files in a folder, and gives the arguments of lscli.
Make = Callable[[Path], Sequence[object]]


class Case(NamedTuple):
    """One bad input, or one that is odd and legal.

    Attributes:
        name: its number in the list of bad inputs, and what it is.
        make: see `Make`. The output is added, unless `-o` is among the arguments.
        says: words of the first line on stderr; empty where there is none.
        hint: words of the second line.
        code: the exit code.
        named: the file that the line begins with, relative to the folder; empty where it names none.
        same: logits and labels in memory whose figures the answer has, where there is one.
        torch: whether torch has to be imported for it, whose time and memory are not lscli's.
        ordinary_user: whether the run has an ordinary user's rights to files, also where the tests are run by root.
    """

    name: str
    make: Make
    says: str = ""
    hint: str = ""
    code: int = 3
    named: str = ""
    same: tuple[Any, Any] | None = None
    torch: bool = False
    ordinary_user: bool = False


def sound(folder: Path) -> tuple[Path, Path]:
    """Logits and labels with nothing wrong in them."""
    logits, labels = folder / "logits.npy", folder / "labels.npy"
    np.save(logits, some_logits())
    np.save(labels, some_labels())
    return logits, labels


def as_logits(name: str, make: Callable[[Path], object], *options: object) -> Make:
    """Arguments that give a file of this name, made so, for logits."""

    def arguments(folder: Path) -> Sequence[object]:
        _, labels = sound(folder)
        make(folder / name)
        return ["eval", folder / name, labels, *options]

    return arguments


def as_labels(name: str, make: Callable[[Path], object], *options: object) -> Make:
    """Arguments that give a file of this name, made so, for labels."""

    def arguments(folder: Path) -> Sequence[object]:
        logits, _ = sound(folder)
        make(folder / name)
        return ["eval", logits, folder / name, *options]

    return arguments


def data(content: bytes) -> Callable[[Path], object]:
    """Makes a file of these bytes."""
    return lambda path: path.write_bytes(content)


def array(value: Any, dtype: Any = None) -> Callable[[Path], object]:
    """Makes an `.npy` file of this array."""
    return data(saved(np.asarray(value, dtype)))
