"""Logits [N, K], of known shape and type before a value is read."""

from __future__ import annotations

import contextlib
import copy
import threading
from typing import TYPE_CHECKING, Any

import numpy as np

from lscli.errors import InputError
from lscli.io.members import Members
from lscli.io.memory import TensorArray
from lscli.io.stored import STORAGE, Checked
from lscli.io.tensor_members import Disagreement, MeanTensor
from lscli.io.views import Binary, Computed, Floats, LogOf

if TYPE_CHECKING:
    from collections.abc import Sequence
    from contextlib import AbstractContextManager

    from numpy.typing import NDArray

    from lscli.io.stored import StoredArray
    from lscli.options import Kind


# The element type of bfloat16 in `.npy` files.
UNTYPED, UNTYPED_BYTES = "void16", "2-byte values without a type, as ml_dtypes saves bfloat16"


class Logits(Checked):
    """A matrix of logits, read by chunks of rows.

    Args:
        array: [N, K]; closed with this object.
        kind: `logits`; or `log-probs` or `probs`: then `array` holds log probabilities, and rows must sum to 1.
        samples: the shape of the samples before they became rows; (N,) by default.
        entries: of samples that had several axes, the entries of the first and the samples of each, file by file.

    Attributes:
        name: the path as typed, or the argument's name.
        shards: the files that a pattern named, in order; empty for a single file.
        columns: the names of the columns of a table, one for each class; empty if they have none.
        member_names: the members of an ensemble, in order; empty for other logits.
        shape: (N, K), N >= 1 and K >= 2.
        samples, entries: as given.
        dtype: the type of the values as read: `float16`, `bfloat16`, `float32` or `float64`.
        stored: the type of the values in the file, which differs from `dtype` if they are converted on reading.
        ragged: whether rows with fewer classes are padded with -inf.
        log_likelihoods: whether the format says that the values are log-likelihoods, whatever they look like.
        sequential: whether rows should be read in order, by one reader at a time.
        read_lock: held while the next rows are chosen and read; a lock only if `sequential`.
        size: bytes of data.
        first: the number in the array of the first row; not 0 for a part.

    Raises:
        InputError: the array is not such a matrix.
    """

    def __init__(
        self,
        array: StoredArray,
        kind: Kind = "logits",
        samples: tuple[int, ...] | None = None,
        entries: Sequence[tuple[int, int]] = (),
    ) -> None:
        self._source: StoredArray = array
        self.name = array.name
        self.kind = kind
        self.shards = array.shards
        self.columns = array.columns
        self.dtype = _element_type(array)
        self.stored: str = getattr(array, "stored", self.dtype)
        self.member_names = array.member_names
        self.sequential = array.sequential
        self.ragged = array.ragged
        self.log_likelihoods = array.log_likelihoods
        self.read_lock: AbstractContextManager[Any] = threading.Lock() if array.sequential else contextlib.nullcontext()
        self.shape = self._matrix_shape(array.shape)
        self.samples = samples or self.shape[:1]
        self.entries = entries
        self.storage = np.dtype(STORAGE[self.dtype])
        self.first = 0

    @property
    def size(self) -> int:
        if self.members is not None:
            return sum(each.size for each in self.members.members)
        return self.shape[0] * self.shape[1] * self.storage.itemsize

    @property
    def members(self) -> Members | None:
        """The members of an ensemble, whose mean these logits are; None for other logits."""
        return self._source if isinstance(self._source, Members) else None

    @property
    def tensor(self) -> Any:
        """The tensor on a device that holds the logits, or None if the host reads them."""
        if not isinstance(self._source, TensorArray):
            return None
        return self._source.tensor[self.first : self.first + self.shape[0]]

    def stated_probabilities(self) -> NDArray[np.float64] | None:
        """The probabilities as they are stored; None for another kind of values.

        They are [N, 2], or [N] of class 1, if there are two classes; otherwise the largest of each row, [N]. The array
        is filled while the rows are read.
        """
        if self.kind != "probs":
            return None
        largest = self.shape[1] > 2
        if isinstance(self._source, TensorArray) and self._source.stated is not None:
            stated = self._source.stated
            return np.asarray((stated.amax(dim=-1) if largest else stated).cpu(), np.float64)
        return self._source.keep_stated(largest=largest) if isinstance(self._source, Computed) else None

    def stated_rows(self, start: int, stop: int) -> NDArray[np.float64] | None:
        """The probabilities of rows `start` to `stop` as they are stored, [n, K], copied; None for other values."""
        source = self._source
        if self.kind != "probs":
            return None
        if isinstance(source, TensorArray) and source.stated is not None:
            stored = np.asarray(source.stated[start:stop].cpu(), np.float64).copy()
        elif isinstance(source, LogOf | Binary):
            stored = source.floats(self.first + start, self.first + stop).astype(np.float64)
        else:
            return None
        if stored.shape == (stop - start, self.shape[1]):
            return stored
        return np.stack((1.0 - stored.reshape(-1), stored.reshape(-1)), axis=1)

    def from_device(self, start: int, stop: int) -> NDArray[np.float64] | None:
        """Rows `start` to `stop` of a tensor on a device, copied to the host; None if the host reads them."""
        tensor = self.tensor
        return None if tensor is None else np.asarray(tensor[start:stop].cpu().double()).copy()

    def keep_disagreement(self) -> Disagreement | None:
        """How much the members of an ensemble disagree about each sample of the whole array; None for other logits.

        It is filled while the rows are read.
        """
        return self._source.keep_disagreement() if isinstance(self._source, Members | MeanTensor) else None

    def is_of_usable_members(self, row: int) -> bool:
        """Whether these are an ensemble, each member of which can be used in a row; known once it is read."""
        return isinstance(self._source, Members | MeanTensor) and bool(self._source.faults[self.first + row] < 0)

    def located(self, row: int) -> tuple[str, int]:
        """The file that holds a row, and the row's number in it."""
        return self._source.located(self.first + row)

    def part(self, start: int, stop: int) -> Logits:
        """Rows `start` to `stop`; the array is shared and closed with the whole."""
        part = copy.copy(self)
        part.first = self.first + start
        part.shape = (stop - start, self.shape[1])
        return part

    def read(self, start: int, stop: int, out: NDArray[Any]) -> NDArray[Any]:
        """Rows `start` to `stop`, C-contiguous and of type `storage`: a view, or `out` filled."""
        return self._source.read(self.first + start, self.first + stop, out)

    def as_stored(self, count: int) -> NDArray[np.float64] | None:
        """The first rows before any logarithm is taken, [count, K], or [count, 1] of a binary classifier.

        None if they lie on a device.
        """
        if isinstance(self._source, TensorArray):
            return None
        if self.members is not None:
            return self.members.as_stored(count)
        computed = self._source if isinstance(self._source, Computed) else Floats(self._source)
        return computed.floats(0, count).reshape(count, -1).astype(np.float64)

    def given(self, row: int) -> NDArray[Any] | None:
        """The stored values of a row whose values are converted as they are read; None for others, or on a device."""
        with self.read_lock:
            return self._source.given(self.first + row)

    def _matrix_shape(self, shape: tuple[int, ...]) -> tuple[int, int]:
        if len(shape) != 2:
            hint = self._binary_hint() if len(shape) == 1 else "save one row per sample, one column per class"
            raise InputError(f"need logits of shape (N, K), got {shape}", hint, where=self.name)
        rows, classes = shape
        if rows == 0:
            raise InputError("no rows", "save the logits of at least one sample", where=self.name)
        if classes < 2:
            hint = self._binary_hint() if classes else "save one column per class"
            raise InputError(f"need at least 2 classes, got shape {shape}", hint, where=self.name)
        return rows, classes

    def _binary_hint(self) -> str:
        """The hint for one value per sample, which may be a logit or, by the first values, a probability."""
        if self.kind == "logits" and not isinstance(self._source, TensorArray) and self._source.shape[0] > 0:
            first = Floats(self._source).floats(0, min(_ROWS, self._source.shape[0]))
            if ((first >= 0) & (first <= 1)).all():
                return "if these are the probabilities of class 1 of two classes, say --binary --kind probs"
        return "if there are two classes, with one logit per sample, say --binary"


_ROWS = 64  # the first rows that are looked at


def _element_type(array: StoredArray) -> str:
    name = array.element
    if name in STORAGE:
        return name
    if name == UNTYPED:
        raise InputError(UNTYPED_BYTES, "say --dtype bfloat16, or save them as float32", where=array.name)
    if name.lstrip("u").startswith("int"):
        hint = "save the raw scores as float32, not predictions"
        raise InputError(f"{name} values are refused as logits", hint, where=array.name)
    hint = "save the raw scores as float32, not predictions" if name == "bool" else "save real logits as float32"
    raise InputError(f"dtype {name} is not numeric logits", hint, where=array.name)
