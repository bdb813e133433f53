"""Read bytes as a user's file of one format, and compare the arrays with those of an independent reader."""

from __future__ import annotations

import contextlib
import math
import os
import tempfile
import zlib
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

import lscli
from lscli.errors import LscliError
from lscli.io.array_request import ArrayRequest
from lscli.io.files import RegularFile
from lscli.io.format_table import FORMATS, check_content
from lscli.io.memory import read_all
from lscli.io.stored import StoredArray
from lscli.io.texts import Texts
from lscli.text import printable, printed
from tests.fuzz import oracles, settings
from tests.fuzz.contract import WrongError, misspoken
from tests.io.make import figures

ALL_OF, SOME_ROWS = 1 << 20, 1 << 16
_LOGITS = ArrayRequest("logits", option="--logits-key")
_OF_TABLES = [
    ArrayRequest("logits", option="--logits-key"),
    ArrayRequest("labels", "integers", option="--labels-key"),
    ArrayRequest("weights", "numbers", "w"),
]
_REQUESTS = {
    "npy": [ArrayRequest("logits"), ArrayRequest("logits", allow_trailing=True, dtype="bfloat16")],
    "npz": [
        ArrayRequest("logits", option="--logits-key"),
        ArrayRequest("labels", "integers", option="--labels-key", shared=True),
    ],
    "safetensors": [
        ArrayRequest("logits", option="--logits-key"),
        ArrayRequest("labels", "integers", "labels", "--labels-key"),
    ],
    "pt": [
        ArrayRequest("logits", option="--logits-key"),
        ArrayRequest("labels", "integers", option="--labels-key", shared=True),
    ],
    "parquet": _OF_TABLES,
    "arrow": _OF_TABLES,
    "csv": [ArrayRequest("labels", "integers", option="--labels-key"), ArrayRequest("logits", option="--logits-key")],
    "jsonl": _OF_TABLES,
    "lm-eval": [ArrayRequest("logits", choice_score=score) for score in ("sum", "sum", "per-character", "per-byte")],
}
_SAVED = {"sum": "acc", "per-character": "acc_norm", "per-byte": "acc_bytes"}
_TABLES = ("parquet", "arrow", "jsonl")
# An evaluation takes a hundred times as long as reading a header.
ONE_IN = 64


class Target:
    """Reads inputs of one format.

    Args:
        kind: the format.
        folder: where its only file is; each input overwrites it.
        always: whether every input is evaluated too; otherwise one in `ONE_IN` is.
    """

    def __init__(self, kind: str, folder: str, *, always: bool = False) -> None:
        self.kind = kind
        self.always = always
        if kind == "pt":
            import torch  # noqa: F401  # before memory is limited
        self.path = os.path.join(folder, f"input{FORMATS[kind].suffixes[0]}")
        self._fd = os.open(self.path, os.O_RDWR | os.O_CREAT | getattr(os, "O_BINARY", 0))

    def __call__(self, data: bytes) -> None:
        """Read an input.

        Raises:
            LscliError: every request for it is refused.
            WrongError: it is read wrongly.
        """
        os.ftruncate(self._fd, 0)
        os.pwrite(self._fd, data, 0)
        requests, read = _REQUESTS[self.kind], self._read_choices if self.kind == "lm-eval" else self._read
        if not self.always:
            requests = requests[zlib.crc32(data) // ONE_IN % len(requests) :][:1]
        refusals = [refusal for request in requests if (refusal := _tried(partial(read, data, request)).refusal)]
        if self.always or zlib.crc32(data) % ONE_IN == 0:
            self._evaluate(data)
        if len(refusals) == len(requests):
            raise refusals[0]

    def close(self) -> None:
        os.close(self._fd)

    def _read(self, data: bytes, request: ArrayRequest) -> None:
        with contextlib.closing(RegularFile(self.path)) as file:
            check_content(file, self.kind)
            reader = FORMATS[self.kind].reader(self.path)
            listed, refusal = _tried(lambda: reader.contents(file))
            array = reader.open_array(file, request)
            key = array.name.removeprefix(self.path)[1:-1]
            shape, element = array.shape, array.element
            # A label without a value, which is refused later, may be listed as a blank line at the end.
            blank = isinstance(array, Texts) and not all(word.strip() for word in array.words)
            if refusal is None and request.dtype is None and self.kind not in _TABLES and not blank:
                _check_listed(listed, key, shape, element)
            values = _values(array)
        if values is not None and self.kind in _TABLES:
            _compare_table(values, oracles.table(self.kind, data))
        elif values is not None and self.kind == "csv" and request.wants == "matrix":
            _compare_columns(values, oracles.columns(data))
        elif values is not None:
            with contextlib.suppress(oracles.UnreadError):
                _compare(values, self._oracle(data), key, request.dtype)

    def _read_choices(self, data: bytes, request: ArrayRequest) -> None:
        """Compare the accuracy of each sample with the one that its file has."""
        reader = FORMATS[self.kind].reader(self.path)
        with contextlib.closing(RegularFile(self.path)) as file:
            array = reader.open_array(file, request)
            labels = read_all(reader.open_array(file, ArrayRequest("labels", "integers")))
            listed = [(entry.key, entry.shape) for entry in reader.contents(file)]
        if listed != [("logits", array.shape), ("labels", labels.shape)]:
            raise WrongError(f"read as {array.shape} and {labels.shape}, listed as {listed}")
        saved = oracles.saved_accuracies(data, _SAVED[request.choice_score])
        values = _values(array)
        if values is None:
            return
        right = values.argmax(axis=1) == labels
        if len(right) != len(saved) or any(own not in (None, bool(got)) for own, got in zip(saved, right, strict=True)):
            raise WrongError(f"{right.tolist()} are right, by the file {saved}")

    def _evaluate(self, data: bytes) -> None:
        """Compare the report of the file with that of the arrays that the oracle reads."""
        if self.kind in _TABLES:
            _tried(lambda: lscli.inspect(self.path))
        options: dict[str, Any] = {"threads": 1, "device": "cpu"}
        if self.kind == "csv":
            inputs: tuple[Any, ...] = (np.random.default_rng(0).standard_normal((6, 4)), self.path)
        elif self.kind == "npy":
            inputs = (self.path, np.arange(_rows(data)) % 3)
        else:
            inputs = (self.path,)
        report, refusal = _tried(lambda: lscli.evaluate(*inputs, **options))
        if refusal is not None or self.kind in _TABLES:
            return
        if self.kind == "lm-eval":
            saved = oracles.saved_accuracies(data, "acc")
            if None not in saved and not math.isclose(np.mean(np.array(saved, float)), report["accuracy"]):
                raise WrongError(f"accuracy {report['accuracy']}, by the file {saved}")
            return
        try:
            read = self._oracle(data)
        except oracles.UnreadError:
            return
        only = next(iter(read.values()))
        if self.kind == "csv":
            inputs = (inputs[0], only)
        elif self.kind == "npy":
            inputs = (only, inputs[1])
        elif any(tuple(found["shape"]) == () or found["dtype"] == "bfloat16" for found in report.inputs):
            return  # numpy has no such type
        else:
            inputs = (_called(read, "logits", only), _called(read, "labels"))
        expected = lscli.evaluate(*inputs, **options)
        if figures(expected) != figures(report):
            raise WrongError("the report differs from that of the arrays in memory")

    def _oracle(self, data: bytes) -> dict[str, NDArray[Any]]:
        try:
            return oracles.arrays(self.kind, data)
        except oracles.UnreadError:
            raise
        except Exception as error:
            raise WrongError("the oracle refuses what lscli reads") from error


def _called(read: dict[str, NDArray[Any]], name: str, default: NDArray[Any] | None = None) -> NDArray[Any] | None:
    """The array of this name, or else the one whose path ends in it, with the fewest steps."""
    named = [path for path, array in read.items() if path.rpartition("/")[2] == name and array.dtype != object]
    return read.get(name, read[min(named, key=lambda path: path.count("/"))] if named else default)


class _Tried(NamedTuple):
    value: Any
    refusal: LscliError | None


@contextlib.contextmanager
def opened(kind: str, *, always: bool = False) -> Iterator[Callable[[bytes], None]]:
    """A target with a folder of its own, in memory if the system has such folders."""
    if kind in settings.RUNS:
        with settings.opened(kind) as target:
            yield target
        return
    memory = "/dev/shm" if os.path.isdir("/dev/shm") else None
    with contextlib.ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(dir=memory))
        yield stack.enter_context(contextlib.closing(Target(kind, folder, always=always)))


def _tried(call: Callable[[], Any]) -> _Tried:
    """Return the result of a call, or its error, whose text has to be right.

    The error has no traceback: its frames would keep their arrays alive until the next collection.
    """
    try:
        return _Tried(call(), None)
    except LscliError as error:
        if misspoken(error):
            raise
        error.__cause__ = error.__context__ = None
        return _Tried(None, error.with_traceback(None))


def _rows(data: bytes) -> int:
    """Number of rows of an `.npy` file, or a guess."""
    with contextlib.suppress(Exception):
        return min(1000, len(oracles.arrays("npy", data)[""]))
    return 6


def _same(name: str, key: str) -> bool:
    """Whether a key in an error is this name."""
    return key in (printable(name), printed(name))


def _check_listed(listed: Any, key: str, shape: tuple[int, ...], element: str) -> None:
    as_read = any(_same(entry.key or "", key) and (entry.shape, entry.element) == (shape, element) for entry in listed)
    # The listing of a text file knows its number of rows, not its type, nor that its first line is no header.
    rows = (shape[:1], (shape[0] - 1,)) if element == "text" else (shape[:1],)
    if not as_read and not all(entry.element == "text" and entry.shape[:1] in rows for entry in listed):
        raise WrongError(f"read as {shape} of {element}, listed as {listed}")


def _values(array: StoredArray) -> NDArray[Any] | None:
    """Return all values of a small array; read the first rows of a large one, and return None."""
    if isinstance(array, Texts):
        return np.array(array.words, np.str_)[array.codes] if array.words else np.empty(0, np.str_)
    size = int(np.prod(array.shape, dtype=object)) * array.dtype.itemsize
    if size <= ALL_OF:
        return read_all(array)
    with contextlib.closing(array):
        row = size // array.shape[0]
        rows = min(array.shape[0], SOME_ROWS // row)
        if rows:
            array.read(0, rows, np.empty((rows, *array.shape[1:]), array.dtype.newbyteorder("=")))
    return None


def _compare(values: NDArray[Any], expected: dict[str, NDArray[Any]], key: str, dtype: str | None) -> None:
    named = [array for name, array in expected.items() if _same(name, key)]
    if not named:
        raise WrongError(f"the oracle has no {key!r} but {list(expected)}")
    other = named[0]
    if dtype is not None and other.dtype.kind == "V":
        other = oracles.bfloat16(other)
    if other.dtype.hasobject:
        raise WrongError(f"the oracle refuses what lscli reads: {other}")
    other = other.astype(other.dtype.newbyteorder("="), copy=False)
    found = (values.shape, values.dtype, values.tobytes())
    if found != (other.shape, other.dtype, other.tobytes()):
        raise WrongError(f"{values.dtype} {values.shape}: {values}, by the oracle {other.dtype} {other.shape}: {other}")


def _compare_table(values: NDArray[Any], expected: dict[str, NDArray[Any]] | None) -> None:
    """A matrix has to be a column of lists, or to have the columns of the file in their order."""
    if expected is None:
        return
    if any(_are_equal(values, other) for other in expected.values()):
        return
    _compare_columns(values if values.ndim == 2 else values[:, None], [x for x in expected.values() if x.ndim == 1])


def _compare_columns(values: NDArray[Any], expected: list[NDArray[Any]]) -> None:
    """Each column that lscli takes for logits has to be a column of the file, in the same order."""
    left = iter(expected)
    for column in values.T:
        if not any(_are_equal(column, other) for other in left):
            raise WrongError(f"a column that is none of the file's: {column}")


def _are_equal(values: NDArray[Any], other: NDArray[Any]) -> bool:
    return np.array_equal(values, other, equal_nan=values.dtype.kind == other.dtype.kind == "f")
