"""`samples_*.jsonl` of EleutherAI's lm-evaluation-harness: of multiple-choice tasks, the choices are the classes.

The logits of a sample are the log-likelihoods of its choices, and the softmax of these is what its model believes.
Prompts are long and numbers few: lines are read one after another, and only the numbers kept.
"""

from __future__ import annotations

import json
from array import array
from typing import TYPE_CHECKING, Any

import numpy as np

from lscli.errors import InputError
from lscli.io.array_request import ArrayRequest, Entry, choose
from lscli.io.formats.lm_eval_sample import UnfitError, choices_of, filter_of, label_of, likelihoods_of
from lscli.io.memory import MemoryArray
from lscli.text import printable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from lscli.io.files import RegularFile

_AGAIN = "write it with lm_eval --log_samples --output_path"
_LONGEST = 256 << 20  # of a line
_MAX_CHOICES = 1 << 16


class RaggedArray(MemoryArray):
    """Rows of different numbers of classes, padded with -inf: a masked class.

    Attributes:
        ragged: whether any row was padded.
    """

    ragged = True


def open_array(file: RegularFile, request: ArrayRequest) -> MemoryArray:
    """The log-likelihoods [N, K] of the choices, K the most that a sample has, or the labels [N].

    Raises:
        InputError: it is no such file, or not of a multiple-choice task.
    """
    samples = _Samples(file)
    key = choose(file.name, ["logits", "labels"], request, _AGAIN)
    if key == "labels":
        return MemoryArray(np.array(samples.labels, np.int64), file.name)
    rows = samples.rows()
    return (RaggedArray if samples.ragged else MemoryArray)(rows, file.name)


def contents(file: RegularFile) -> list[Entry]:
    """The log-likelihoods and the labels."""
    samples = _Samples(file)
    count = len(samples.labels)
    return [Entry("logits", (count, max(samples.counts)), "float64"), Entry("labels", (count,), "int64")]


class _Samples:
    """All samples of a file, as numbers."""

    def __init__(self, file: RegularFile) -> None:
        self.labels = array("q")
        self.counts = array("q")
        self._values = array("d")
        self._name = file.name
        self._seen: dict[int | str, int] = {}
        self._filter: str | None = None
        for number, line in _lines(file):
            try:
                self._add(number, _parsed(line))
            except UnfitError as error:
                raise InputError(f"line {number} {error}", error.hint or _AGAIN, where=file.name) from error
        file.check_unchanged()
        if not self.counts:
            raise InputError("holds no samples", _AGAIN, where=file.name)

    @property
    def ragged(self) -> bool:
        return len(set(self.counts)) > 1

    def rows(self) -> NDArray[np.float64]:
        """The log-likelihoods [N, K], -inf where a sample has no such choice."""
        counts = np.frombuffer(self.counts, np.int64)
        rows = np.full((len(counts), counts.max()), -np.inf)
        rows[np.arange(rows.shape[1]) < counts[:, np.newaxis]] = np.frombuffer(self._values)
        return rows

    def _add(self, number: int, sample: dict[str, Any]) -> None:
        self._check_once(number, sample)
        values = likelihoods_of(sample)
        choices = choices_of(sample, len(values))
        if choices is not None:
            values = values[: len(choices)]
        if len(values) < 2:
            raise UnfitError("has one response, so no choice", "only multiple-choice tasks have classes")
        if len(values) > _MAX_CHOICES:
            raise UnfitError(f"has {len(values)} choices, more than {_MAX_CHOICES}")
        self.labels.append(label_of(sample, values, choices))
        self.counts.append(len(values))
        self._values.extend(values)

    def _check_once(self, number: int, sample: dict[str, Any]) -> None:
        own = filter_of(sample)
        if self._filter is None:
            self._filter = own
        if own != self._filter:
            raise UnfitError(
                f"has filter {own!r}, earlier lines {self._filter!r}: samples would count twice",
                f"keep one: jq -c 'select(.filter == \"{printable(self._filter)}\")'",
            )
        if (doc := sample.get("doc_id")) is None:
            return
        doc = doc if isinstance(doc, int | str) else json.dumps(doc)
        if doc in self._seen:
            raise UnfitError(
                f"has the same doc_id as line {self._seen[doc]} ({doc!r})", "leave out one of the two runs"
            )
        self._seen[doc] = number


def _lines(file: RegularFile) -> Iterator[tuple[int, bytes]]:
    """The lines that are not blank, with their numbers from 1 on."""
    if file.size == 0:
        raise InputError("empty file", _AGAIN, where=file.name)
    with file.stream() as stream:
        number = 0
        while line := stream.readline(_LONGEST):
            number += 1
            if len(line) == _LONGEST:
                raise InputError(f"line {number} is longer than any sample", _AGAIN, where=file.name)
            if line.strip():
                yield number, line


def _parsed(line: bytes) -> dict[str, Any]:
    try:
        sample = json.loads(line.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        what = "ends early" if not line.endswith(b"\n") else "is no JSON"
        raise UnfitError(f"{what} ({error})", "copy the file again, or wait until its writer is done") from error
    if not isinstance(sample, dict):
        raise UnfitError(f"is a JSON {type(sample).__name__}, not an object", _AGAIN)
    return sample
