"""Calls of the system that fail, the n-th of them that a run makes."""

from __future__ import annotations

import builtins
import io
import itertools
import os
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

# os.preadv and os.open are what files are read by, open and os.write what is written by, the rest is around them.
SYSTEM = ("preadv", "read", "open", "fstat", "stat", "dup", "fdopen", "listdir", "write", "fsync", "replace", "chmod")
MEMORY = ("empty", "zeros", "concatenate", "where")


class Faults:
    """While it is entered, the n-th call of those that are watched raises an error; from 0.

    Attributes:
        met: whether there was such a call.
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
        """One call: raises if it is the one."""
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
    """A file that is written to by halves."""

    def __init__(self, file: Any, mode: str, faults: Faults) -> None:
        super().__init__(file, mode)
        self._faults = faults

    def write(self, data: Any) -> int:
        self._faults.step()
        return super().write(memoryview(data)[: max(1, len(data) // 2)])
