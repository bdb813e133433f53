"""`samples_*.jsonl` of EleutherAI's lm-evaluation-harness: the choices of a multiple-choice task are its classes.

The logits of a sample are the log-likelihoods of its choices; their softmax is the model's distribution over them.
Prompts are long and numbers few, so samples are read one by one and only the numbers are kept.

The accuracy that the harness saved with each sample is the truth: what is read here has to reproduce it, sample by
sample, or the file is refused. The harness predicts the first of the largest log-likelihoods (`np.argmax`); `acc` is
whether that is the right choice, `acc_norm` and `acc_bytes` are the same of log-likelihoods per character and per byte
(`process_results` in lm_eval/api/task.py).
"""

from __future__ import annotations

import json
import shlex
from array import array
from typing import TYPE_CHECKING, Any

import numpy as np

from lscli.errors import InputError
from lscli.io.array_request import ArrayRequest, Entry, choose
from lscli.io.formats.json_objects import JsonObjects, UnfitError
from lscli.io.formats.lm_eval_sample import UNKNOWN, accuracy_of, choices_of, labels_of, shared_space
from lscli.io.memory import MemoryArray
from lscli.io.ragged import RaggedRows
from lscli.text import shown

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from lscli.io.files import RegularFile
    from lscli.io.formats.lm_eval_sample import Choices
    from lscli.io.stored import StoredArray
    from lscli.options import ChoiceScore

    Floats = NDArray[np.float64]
    Integers = NDArray[np.int64]

_AGAIN = "write it with lm_eval --log_samples --output_path"
_LONGEST_NAME = 40
_SUM = "say --choice-score sum"

# The accuracy that the harness computes from each score of a choice.
_ACCURACY_OF: dict[ChoiceScore, str] = {"sum": "acc", "per-character": "acc_norm", "per-byte": "acc_bytes"}
_LENGTH_OF: dict[ChoiceScore, Callable[[str], int]] = {
    "per-character": len,
    "per-byte": lambda text: len(text.encode("utf-8", "surrogatepass")),
}


def open_array(file: RegularFile, request: ArrayRequest) -> StoredArray:
    """Read the scores of the choices [N, K], K the largest number of choices, or the labels [N].

    A score is a log-likelihood in nats, or that per character or byte, as `request.choice_score` says.

    Raises:
        InputError: the file has another form, is not of a multiple-choice task, or does not reproduce its own accuracy.
    """
    key = choose(file.name, ["logits", "labels"], request, _AGAIN)
    samples = _Samples(file, request.choice_score if key == "logits" else "sum")
    labels = samples.labels()
    if key == "labels":
        return MemoryArray(labels, file.name)
    return RaggedRows(samples.scores(labels), samples.counts, file.name)


def contents(file: RegularFile) -> list[Entry]:
    """List the log-likelihoods and the labels."""
    samples = _Samples(file, "sum")
    count = len(samples.labels())
    return [Entry("logits", (count, int(samples.counts.max())), "float64"), Entry("labels", (count,), "int64")]


class _Samples:
    """The log-likelihoods of all samples of a file, and what their targets may mean.

    Attributes:
        counts: the number of choices of each sample, [N].
    """

    def __init__(self, file: RegularFile, score: ChoiceScore) -> None:
        self._score = score
        self._objects = JsonObjects(file, _AGAIN)
        self._filter: str | None = None
        self._seen: dict[object, int] = {}
        self._numbers, counts = array("q"), array("q")  # of the lines, and of the choices
        self._by_number, self._by_text = array("q"), array("q")
        self._values, self._lengths, self._shared = array("d"), array("d"), array("d")
        self._saved = {name: array("b") for name in ("acc", _ACCURACY_OF[score])}
        for number, sample in self._objects:
            try:
                self._check_once(number, sample)
                choices = choices_of(sample)
                self._add(sample, choices)
            except UnfitError as error:
                raise self._objects.error(number, error) from error
            self._numbers.append(number)
            counts.append(len(choices.values))
        if not counts:
            raise InputError("holds no samples", _AGAIN, where=file.name)
        self.counts = np.frombuffer(counts, np.int64)
        self._starts = np.cumsum(self.counts) - self.counts

    def labels(self) -> Integers:
        """The right choice of each sample, [N].

        A target such as "1" may be the number of one choice and the text of another. Of these two ways to read targets,
        the one is taken by which the whole file reproduces its `acc`.

        Raises:
            InputError: neither way does, or both do with different labels.
        """
        values = np.frombuffer(self._values)
        ways = [np.frombuffer(way, np.int64) for way in (self._by_number, self._by_text)]
        wrong = [self._compared(values, way, "acc")[1] for way in ways]
        right = [way for way, rows in zip(ways, wrong, strict=True) if not len(rows)]
        if not right:
            row = max(int(rows[0]) for rows in wrong)
            raise self._differs(row, next(w for w, rows in zip(ways, wrong, strict=True) if rows[0] == row), "acc")
        differ = np.flatnonzero(right[0] != right[-1])
        if len(differ):
            row = int(differ[0])
            what = f"has a target that is the number of choice {right[0][row]} and the text of choice {right[-1][row]}"
            raise self._error(row, f"{what}, counted from 0", "acc does not tell which: save the targets as numbers")
        return right[0]

    def scores(self, labels: Integers) -> Floats:
        """The scores of all choices, one sample after another, [sum of counts].

        Where choices with equal scores are the only reason that the saved accuracy is not reproduced, the last bit of
        the label's score is changed: this harness took another one of them than the first.

        Raises:
            InputError: the file does not reproduce its accuracy.
        """
        values, name = np.frombuffer(self._values), _ACCURACY_OF[self._score]
        if self._score == "sum":
            return self._settled(values.copy(), labels, name)
        # The text of a request begins with a delimiter, which is no part of the choice: mostly a space, but nothing
        # where choices begin with a space of their own. The saved accuracy tells these apart.
        lengths, shared = np.frombuffer(self._lengths), np.repeat(np.frombuffer(self._shared), self.counts)
        saved = any(accuracy != UNKNOWN for accuracy in self._saved[name])
        errors = []
        for divisor in (lengths - shared, lengths) if saved and shared.any() else (lengths - shared,):
            empty = np.flatnonzero(divisor == 0)
            if len(empty):
                row = int(np.searchsorted(self._starts, empty[0], side="right")) - 1
                errors.append(self._error(row, "has a choice without characters", _SUM))
                continue
            scores = values / divisor
            wrong = self._compared(scores, labels, name)[1]
            if not len(wrong):
                return self._settled(scores, labels, name)
            errors.append(self._differs(int(wrong[0]), labels, name))
        raise errors[0]

    def _check_once(self, number: int, sample: dict[str, Any]) -> None:
        own = sample.get("filter", "none")  # the filter that made the responses; older files have none
        if not isinstance(own, str):
            raise UnfitError(f"has the filter {shown(own)}, not a text")
        if self._filter is None:
            self._filter = own
        if own != self._filter:
            what = f"has filter {shown(own)}, earlier ones {shown(self._filter)}: samples would count twice"
            raise UnfitError(what, self._filtered(self._filter))
        doc = sample.get("doc_id")
        if not isinstance(doc, str | int | float):
            return
        if doc in self._seen:
            what = f"has the same doc_id as {self._objects.unit} {self._seen[doc]} ({shown(doc)})"
            raise UnfitError(what, "leave out one of the two runs")
        self._seen[doc] = number

    def _filtered(self, name: str) -> str:
        if len(name) > _LONGEST_NAME:
            return "keep the samples of one filter"
        each = ".[] | " if self._objects.unit == "sample" else ""
        program = f'{each}select((.filter // "none") == {json.dumps(name)})'
        return f"keep one: jq -c {shlex.quote(program)}"

    def _add(self, sample: dict[str, Any], choices: Choices) -> None:
        accuracy = {name: accuracy_of(sample, name) for name in self._saved}
        by_number, by_text = labels_of(sample, choices, accuracy["acc"])
        self._by_number.append(by_number)
        self._by_text.append(by_text)
        self._values.extend(choices.values)
        for name, value in accuracy.items():
            self._saved[name].append(value)
        if self._score != "sum":
            if choices.texts is None:
                raise UnfitError("has no arguments, so the lengths of its choices are unknown", _SUM)
            if len({*choices.texts}) == 1:  # the harness takes the lengths of what its questions differ in
                raise UnfitError("has choices in its questions, so the lengths of its choices are unknown", _SUM)
            length = _LENGTH_OF[self._score]
            self._lengths.extend(map(length, choices.texts))
            self._shared.append(length(shared_space(choices.texts)))

    def _compared(self, scores: Floats, labels: Integers, name: str) -> tuple[Integers, Integers]:
        """The samples of another accuracy than the saved one: those that equal scores explain, and all others."""
        best = np.maximum.reduceat(scores, self._starts)
        largest = scores == np.repeat(best, self.counts)
        places = np.flatnonzero(largest)
        predicted = places[np.searchsorted(places, self._starts)]
        right, saved = self._starts + labels, np.frombuffer(self._saved[name], np.int8)
        unlike = (saved != UNKNOWN) & ((predicted == right) != (saved == 1))
        count = np.add.reduceat(largest, self._starts, dtype=np.int64)
        explained = unlike & largest[right] & (count > 1) & (best > -np.inf)
        return np.flatnonzero(explained), np.flatnonzero(unlike & ~explained)

    def _settled(self, scores: Floats, labels: Integers, name: str) -> Floats:
        """The scores, with the label's moved by one bit where equal scores explain another saved accuracy."""
        rows = self._compared(scores, labels, name)[0]
        right = np.frombuffer(self._saved[name], np.int8)[rows] == 1
        places = self._starts[rows] + labels[rows]
        with np.errstate(over="ignore"):  # what lies below the least float is -inf
            scores[places] = np.nextafter(scores[places], np.where(right, np.inf, -np.inf))
        return scores

    def _differs(self, row: int, labels: Integers, name: str) -> InputError:
        saved = self._saved[name][row]
        target = f"its target, read as choice {labels[row]} (from 0)"
        what = f"has {name} {saved}, but its log-likelihoods and {target}, give {1 - saved}"
        return self._error(row, what, "its task scores or counts its choices in another way")

    def _error(self, row: int, what: str, hint: str) -> InputError:
        return self._objects.error(self._numbers[row], UnfitError(what, hint))
