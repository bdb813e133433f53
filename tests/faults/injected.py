"""Let the n-th system call or allocation of a run fail."""

from __future__ import annotations

import builtins
import io
import itertools
import os
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

# lscli reads files by os.open and os.preadv, and writes them by open and os.write.
SYSTEM = ("preadv", "read", "open", "fstat", "stat", "dup", "fdopen", "listdir", "write", "fsync", "replace", "chmod")
MEMORY = ("empty", "zeros", "concatenate", "where")


class Faults:
    """A context in which the n-th watched call raises an error, counted from 0.

    Attributes:
        met: whether that many calls were made.
    """

    def __init__(self, at: int, error: Callable[[], BaseException], *, memory: bool = False) -> None:
        self._at, self._error = at, error
        self._count = itertools.count()
        self._patch = pytest.MonkeyPatch()
        self._memory = memory
        self.met = False

    def __enter__(self) -> Faults:
        for module, names in ((np, MEMORY),) if self._memory else ((os, SYSTEM),):
            for name in names:
                self._patch.setattr(module, name, self._watched(getattr(module, name)))
        if not self._memory:
            self._patch.setattr(builtins, "open", self._open)
        return self

    def __exit__(self, *error: object) -> None:
        self._patch.undo()

    def step(self) -> None:
        """Count a call, and raise the error if its turn has come."""
        if next(self._count) == self._at:
            self.met = True
            raise self._error()

    def _watched(self, usual: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any, **options: Any) -> Any:
            self.step()
            return usual(*arguments, **options)

        return call

    def _open(self, file: Any, mode: str = "r", *arguments: Any, **options: Any) -> Any:
        self.step()
        if "b" not in mode or "r" in mode:
            return _OPEN(file, mode, *arguments, **options)
        return io.BufferedWriter(_Raw(file, mode.replace("b", ""), self), 256)  # so that there are many writes


_OPEN = open


class _Raw(io.FileIO):
    """A file whose writes are short: each takes half of the data."""

    def __init__(self, file: Any, mode: str, faults: Faults) -> None:
        super().__init__(file, mode)
        self._faults = faults

    def write(self, data: Any) -> int:
        self._faults.step()
        return super().write(memoryview(data)[: max(1, len(data) // 2)])
