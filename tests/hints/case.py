"""A hint that is followed: an input that is refused, what its hint says, and what comes of it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np

from tests.io.make import saved

# Makes or changes the files in a folder and returns the arguments of lscli.
Make = Callable[[Path], Sequence[object]]


_FILE = re.compile(r"[\w*-]+\.(npy|npz|csv|tsv|txt|bin|parquet|jsonl|json)")
_NONE: Mapping[str, Any] = MappingProxyType({})


class Hint(NamedTuple):
    """A command that is refused, or answered with a warning, and its hint.

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
        code: the exit code of the error; 0 for a warning.
        prints: words that the command then prints, if it prints no accuracy.
        again_code: the exit code if it is refused again.
        patches: values of the product's and of libraries, by their names, while the command runs: a small limit.
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
    prints: str = ""
    again_code: int = 3
    patches: Mapping[str, Any] = _NONE


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


def typed(*words: object, **arrays: Any) -> Make:
    """A `Make` that saves each of the arrays as `NAME.npy`, and types these words; names of files get their folder."""

    def arguments(folder: Path) -> Sequence[object]:
        for name, values in arrays.items():
            (folder / f"{name}.npy").write_bytes(saved(np.asarray(values)))
        return [folder / word if isinstance(word, str) and _FILE.fullmatch(word) else word for word in words]

    return arguments


def agreement(logits: Any, labels: Any) -> float:
    """The accuracy of logits [..., K], or [N] of class 1 of two; the textbook's."""
    x = np.asarray(logits)
    predicted = x > 0 if x.ndim == np.ndim(labels) else x.argmax(axis=-1)
    return float((predicted == labels).mean())
