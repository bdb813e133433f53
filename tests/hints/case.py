"""A hint that is followed: an input that is refused, what its hint says, and what comes of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from tests.io.make import saved

# Makes or changes the files in a folder and returns the arguments of lscli.
Make = Callable[[Path], Sequence[object]]


class Hint(NamedTuple):
    """A command that is refused, and its hint.

    Attributes:
        name: what is wrong.
        make: makes the files; see `Make`.
        says: words of the error.
        hint: words of the hint.
        follow: does what the hint says: words to append to the command, which must stand in the hint, or a `Make`. None
            if the hint names nothing that can be typed.
        accuracy: the first accuracy that the command then prints; None if it is refused again.
        again: words of the error and its hint if it is refused again.
        never: words that the hint must not have, since following them would give a wrong number.
        code: the exit code of the error.
    """

    name: str
    make: Make
    says: str
    hint: str
    follow: str | Make | None = None
    accuracy: float | None = None
    again: str = ""
    never: Sequence[str] = ()
    code: int = 3


def right(labels: Sequence[int], classes: int) -> np.ndarray:
    """Logits that predict these labels, [N, K]; a label outside 0 to K-1 is predicted as class 0."""
    x = np.zeros((len(labels), classes), np.float32)
    x[np.arange(len(labels)), [label if 0 <= label < classes else 0 for label in labels]] = 3
    return x


def arrays(x: Any, y: Any, *words: object, command: str = "eval") -> Make:
    """A `Make` that saves logits and labels."""

    def arguments(folder: Path) -> Sequence[object]:
        for name, values in (("x.npy", x), ("y.npy", y)):
            (folder / name).write_bytes(saved(np.asarray(values)))
        return [command, folder / "x.npy", folder / "y.npy", *words]

    return arguments
