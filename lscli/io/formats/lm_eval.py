"""`samples_*.jsonl` of EleutherAI's lm-evaluation-harness: the choices of a multiple-choice task are its classes.

The logits of a sample are the log-likelihoods of its choices; their softmax is the model's distribution over them.
Prompts are long and numbers few, so samples are read one by one and only the numbers are kept.

The accuracy that the harness saved with each sample is the truth: what is read here has to reproduce it, sample by
sample, or the file is refused. The harness predicts the first of the largest log-likelihoods (`np.argmax`); `acc` is
whether that is the right choice, `acc_norm` and `acc_bytes` are the same of log-likelihoods per character and per byte
(`process_results` in lm_eval/api/task.py).
"""

from __future__ import annotations

import itertools
import json
import math
import re
import shlex
from array import array
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from lscli.errors import InputError
from lscli.io.array_request import ArrayRequest, Entry, choose
from lscli.io.formats.json_objects import JsonObjects, UnfitError, shortened
from lscli.io.memory import MemoryArray
from lscli.io.ragged import RaggedRows

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from lscli.io.files import RegularFile
    from lscli.io.stored import StoredArray
    from lscli.options import ChoiceScore

    Floats = NDArray[np.float64]
    Integers = NDArray[np.int64]

_AGAIN = "write it with lm_eval --log_samples --output_path"
_MAX_CHOICES = 1 << 16
_MAX_DIGITS = 9
_LONGEST_NAME = 40
_ONLY = "only multiple-choice tasks have classes"
_ONE = "only tasks with one right choice per question have labels; truthfulqa_mc1 is one, truthfulqa_mc2 is not"
_OTHER = (
    "other JSON lines are not read: save the arrays, np.savez('x.npz', logits=logits, labels=labels), or a table as "
    ".csv or .parquet"
)
_SUM = "say --choice-score sum"
_UNKNOWN = -1  # a sample without this accuracy
_NUMBER = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?([eE][+-]?[0-9]+)?|inf|nan)")

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


class _Choices(NamedTuple):
    """The choices of a sample: the log-likelihood of each, [K], and its text if the sample has requests."""

    values: list[float]
    texts: list[str] | None


class _Samples:
    """The log-likelihoods of all samples of a file, and what their targets may mean.

    Attributes:
        counts: the number of choices of each sample, [N].
    """

    def __init__(self, file: RegularFile, score: ChoiceScore) -> None:
        self._score = score
        self._objects = JsonObjects(file, _AGAIN)
        self._name = file.name
        self._filter: str | None = None
        self._seen: dict[object, int] = {}
        self._numbers, counts = array("q"), array("q")  # of the lines, and of the choices
        self._by_number, self._by_text = array("q"), array("q")
        self._values, self._lengths, self._shared = array("d"), array("d"), array("d")
        self._saved = {name: array("b") for name in ("acc", _ACCURACY_OF[score])}
        for number, sample in self._objects:
            try:
                self._check_once(number, sample)
                choices = _choices_of(sample)
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
        saved = any(accuracy != _UNKNOWN for accuracy in self._saved[name])
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
            raise UnfitError(f"has the filter {shortened(own)}, not a text")
        if self._filter is None:
            self._filter = own
        if own != self._filter:
            what = f"has filter {shortened(own)}, earlier ones {shortened(self._filter)}: samples would count twice"
            raise UnfitError(what, self._filtered(self._filter))
        doc = sample.get("doc_id")
        if not isinstance(doc, str | int | float):
            return
        if doc in self._seen:
            what = f"has the same doc_id as {self._objects.unit} {self._seen[doc]} ({shortened(doc)})"
            raise UnfitError(what, "leave out one of the two runs")
        self._seen[doc] = number

    def _filtered(self, name: str) -> str:
        if len(name) > _LONGEST_NAME:
            return "keep the samples of one filter"
        each = ".[] | " if self._objects.unit == "sample" else ""
        program = f'{each}select((.filter // "none") == {json.dumps(name)})'
        return f"keep one: jq -c {shlex.quote(program)}"

    def _add(self, sample: dict[str, Any], choices: _Choices) -> None:
        accuracy = {name: _accuracy_of(sample, name) for name in self._saved}
        by_number, by_text = _labels_of(sample, choices, accuracy["acc"])
        self._by_number.append(by_number)
        self._by_text.append(by_text)
        self._values.extend(choices.values)
        for name, value in accuracy.items():
            self._saved[name].append(value)
        if self._score != "sum":
            if choices.texts is None:
                raise UnfitError("has no arguments, so the lengths of its choices are unknown", _SUM)
            length = _LENGTH_OF[self._score]
            self._lengths.extend(map(length, choices.texts))
            self._shared.append(length(_shared_space(choices.texts)))

    def _compared(self, scores: Floats, labels: Integers, name: str) -> tuple[Integers, Integers]:
        """The samples of another accuracy than the saved one: those that equal scores explain, and all others."""
        best = np.maximum.reduceat(scores, self._starts)
        largest = scores == np.repeat(best, self.counts)
        places = np.flatnonzero(largest)
        predicted = places[np.searchsorted(places, self._starts)]
        right, saved = self._starts + labels, np.frombuffer(self._saved[name], np.int8)
        unlike = (saved != _UNKNOWN) & ((predicted == right) != (saved == 1))
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


def _choices_of(sample: dict[str, Any]) -> _Choices:
    """The choices of a sample.

    Tasks that also score each choice without its question (`acc_mutual_info`) list every choice twice, first with the
    question; the second half is dropped.

    Raises:
        UnfitError: the sample is not of a multiple-choice task.
    """
    values = _likelihoods_of(sample)
    given = sample.get("arguments")
    texts = None
    if given is not None:
        pairs = [_pair(each) for each in (given.values() if isinstance(given, dict) else _list(given, "arguments"))]
        if len(pairs) != len(values):
            raise UnfitError(f"has {len(values)} responses to {len(pairs)} requests")
        texts = [text for _, text in pairs]
        half = len(pairs) // 2
        again = len(pairs) > 2 and texts[:half] == texts[half:]
        if again and not any(context for context, _ in pairs[half:]):
            values, texts = values[:half], texts[:half]
    if len(values) < 2:
        raise UnfitError("has only one response, so there is no choice", _ONLY)
    if len(values) > _MAX_CHOICES:
        raise UnfitError(f"has {len(values)} choices, more than {_MAX_CHOICES}")
    return _Choices(values, texts)


def _likelihoods_of(sample: dict[str, Any]) -> list[float]:
    """The log-likelihoods of a sample's responses.

    Raises:
        UnfitError: it has no responses, or they are not log-likelihoods.
    """
    if "filtered_resps" in sample:
        name, responses = "filtered_resps", sample["filtered_resps"]
    elif "resps" in sample:  # the older form: each request has a list of responses
        name = "resps"
        responses = [each[0] if _is_list(each, 1) else each for each in _list(sample["resps"], name)]
    else:
        named = ", ".join(shortened(key) for key in itertools.islice(sample, 6))
        has = f"has the fields {named}{', ...' * (len(sample) > 6)}" if sample else "has no fields"
        raise UnfitError(f"{has} and no 'filtered_resps', so it is not of lm-evaluation-harness", _OTHER)
    responses = _list(responses, name)
    if not responses:
        raise UnfitError("has no responses", _ONLY)
    return [_likelihood(response) for response in responses]


def _likelihood(response: Any) -> float:
    """The log-likelihood in a pair (log-likelihood, is_greedy), each of which may be a string."""
    if not (_is_list(response, 2) and response[1] in (True, False, "True", "False", "true", "false", "0", "1")):
        said = f"has the response {shortened(response)}, not (log-likelihood, is_greedy)"
        raise UnfitError(said, f"{_ONLY}; this is of another kind, such as generate_until")
    value = _float(response[0])
    if value is None:
        raise UnfitError(f"has {shortened(response[0])} for a log-likelihood")
    if math.isnan(value) or value == math.inf:
        raise UnfitError(f"has a choice of log-likelihood {value}", "look at the run that wrote it")
    return value


def _accuracy_of(sample: dict[str, Any], name: str) -> int:
    """1 or 0, as the harness saved it, or `_UNKNOWN` for a sample without it.

    Raises:
        UnfitError: it is another number, or none.
    """
    saved = sample.get(name)
    if saved is None:
        return _UNKNOWN
    value = {"True": 1.0, "False": 0.0}.get(saved) if isinstance(saved, str) else None
    value = float(saved) if isinstance(saved, bool) else _float(saved) if value is None else value
    if value in (0, 1):
        return int(value)
    if value is not None and 0 < value < 1:
        raise UnfitError(f"has {name} {shortened(saved)}, a fraction: several of its choices are right", _ONE)
    raise UnfitError(f"has {shortened(saved)} for {name}, not 0 or 1", "look at the run that wrote it")


def _labels_of(sample: dict[str, Any], choices: _Choices, accuracy: int) -> tuple[int, int]:
    """The right choice if a target that may be a number or a text is the number, and if it is the text.

    Raises:
        UnfitError: `target` names no choice, or several.
    """
    target = sample.get("target")
    if isinstance(target, list) and len(target) == 1:
        target = target[0]
    if isinstance(target, str) and re.fullmatch(r"\[[0-9]+\]", target):  # the harness saves targets as text
        target = target[1:-1]
    if isinstance(target, list) or (isinstance(target, str) and re.fullmatch(r"\[[0-9]+(, [0-9]+)+\]", target)):
        raise UnfitError(f"has target {shortened(target)}: several of its choices are right", _ONE)
    count, texts = len(choices.values), [text.strip() for text in choices.texts or ()]
    alike = [place for place, text in enumerate(texts) if isinstance(target, str) and text == target.strip()]
    number = _number(target, count)
    if len(alike) > 1 and (len(alike) == count or (accuracy == _UNKNOWN and number != alike[0])):
        label = _by_accuracy(choices.values, accuracy)
        if label is None:
            what = f"has target {shortened(target)}, the text of several choices"
            raise UnfitError(what, "neither it nor acc says which of them is right")
        return label, label
    place = alike[0] if alike else None  # of several, the harness takes the first
    found = [label for label in (number, place, _letter(target, count)) if label is not None]
    if not found:
        said = "no target" if target is None else f"target {shortened(target)}, none of its {count} choices"
        raise UnfitError(f"has {said}", _ONLY)
    return found[0], found[0] if place is None else place


def _by_accuracy(values: list[float], accuracy: int) -> int | None:
    """The right choice where only the accuracy tells it, as in winogrande, whose questions differ and not the choices.

    It is the predicted one where the accuracy is 1, and of two choices the other one where it is 0.
    """
    predicted = values.index(max(values))
    if accuracy == 1:
        return predicted
    return 1 - predicted if accuracy == 0 and len(values) == 2 else None


def _list(value: Any, name: str) -> list[Any]:
    if not isinstance(value, list):
        raise UnfitError(f"has {shortened(value)} for {name!r}, not a list", _ONLY)
    return value


def _is_list(value: Any, length: int) -> bool:
    return isinstance(value, list) and len(value) == length


def _pair(arguments: Any) -> tuple[bool, str]:
    """Whether a request has a context, and the text of its choice."""
    if isinstance(arguments, dict):
        arguments = [arguments.get("arg_0"), arguments.get("arg_1")]
    if isinstance(arguments, list) and len(arguments) >= 2 and isinstance(arguments[1], str):
        context = arguments[0]  # a text, or the messages of a chat
        return bool(context.strip() if isinstance(context, str) else context), arguments[1]
    raise UnfitError(f"has the request {shortened(arguments)}, not (context, choice)", _ONLY)


def _float(value: Any) -> float | None:
    """A number, or the text of one as Python writes it; None for anything else."""
    if isinstance(value, str):
        return float(value) if _NUMBER.fullmatch(value) else None
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def _number(target: Any, count: int) -> int | None:
    if isinstance(target, str) and re.fullmatch(f"[0-9]{{1,{_MAX_DIGITS}}}", target.strip()):
        target = int(target)
    return target if isinstance(target, int) and not isinstance(target, bool) and 0 <= target < count else None


def _letter(target: Any, count: int) -> int | None:
    letter = target.strip().strip("().") if isinstance(target, str) else ""
    place = ord(letter) - ord("A") if len(letter) == 1 else -1
    return place if 0 <= place < min(count, 26) else None


def _shared_space(texts: list[str]) -> str:
    """The white space that all texts begin with."""
    first, last = min(texts), max(texts)  # what these two begin with, all begin with
    shared = itertools.takewhile(lambda pair: pair[0] == pair[1] and pair[0].isspace(), zip(first, last, strict=False))
    return "".join(space for space, _ in shared)
