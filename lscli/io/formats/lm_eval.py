"""`samples_*.jsonl` of EleutherAI's lm-evaluation-harness: the choices of a multiple-choice task are its classes.

The logits of a sample are the log-likelihoods of its choices; their softmax is the model's distribution over them.
Prompts are long and numbers few, so lines are read one by one and only the numbers are kept.
"""

from __future__ import annotations

import json
import math
import re
from array import array
from typing import TYPE_CHECKING, Any

import numpy as np

from lscli.errors import InputError
from lscli.io.array_request import ArrayRequest, Entry, choose
from lscli.io.memory import MemoryArray
from lscli.text import printable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from lscli.io.files import RegularFile

_AGAIN = "write it with lm_eval --log_samples --output_path"
_LONGEST = 256 << 20  # of a line
_MAX_CHOICES = 1 << 16
_ONLY = "only multiple-choice tasks have classes"
_MAX_DIGITS = 9


class _UnfitError(ValueError):
    """A line that cannot be used, and a hint."""

    def __init__(self, what: str, hint: str = "") -> None:
        super().__init__(what)
        self.hint = hint


def open_array(file: RegularFile, request: ArrayRequest) -> MemoryArray:
    """Read the log-likelihoods [N, K] in nats, K the largest number of choices, or the labels [N].

    Raises:
        InputError: the file has another form, or is not of a multiple-choice task.
    """
    samples = _Samples(file)
    key = choose(file.name, ["logits", "labels"], request, _AGAIN)
    if key == "labels":
        return MemoryArray(np.array(samples.labels, np.int64), file.name)
    opened = MemoryArray(samples.rows(), file.name)
    opened.ragged = len(set(samples.counts)) > 1
    return opened


def contents(file: RegularFile) -> list[Entry]:
    """List the log-likelihoods and the labels."""
    samples = _Samples(file)
    count = len(samples.labels)
    return [Entry("logits", (count, max(samples.counts)), "float64"), Entry("labels", (count,), "int64")]


class _Samples:
    """The log-likelihoods and labels of all samples of a file."""

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
            except _UnfitError as error:
                raise InputError(f"line {number} {error}", error.hint or _AGAIN, where=file.name) from error
        file.check_unchanged()
        if not self.counts:
            raise InputError("holds no samples", _AGAIN, where=file.name)

    def rows(self) -> NDArray[np.float64]:
        """The log-likelihoods [N, K], -inf for choices that a sample does not have."""
        counts = np.frombuffer(self.counts, np.int64)
        rows = np.full((len(counts), counts.max()), -np.inf)
        rows[np.arange(rows.shape[1]) < counts[:, np.newaxis]] = np.frombuffer(self._values)
        return rows

    def _add(self, number: int, sample: dict[str, Any]) -> None:
        self._check_once(number, sample)
        values = _likelihoods_of(sample)
        choices = _choices_of(sample, len(values))
        if choices is not None:
            values = values[: len(choices)]
        if len(values) < 2:
            raise _UnfitError("has only one response, so there is no choice", _ONLY)
        if len(values) > _MAX_CHOICES:
            raise _UnfitError(f"has {len(values)} choices, more than {_MAX_CHOICES}")
        self.labels.append(_label_of(sample, values, choices))
        self.counts.append(len(values))
        self._values.extend(values)

    def _check_once(self, number: int, sample: dict[str, Any]) -> None:
        own = str(sample.get("filter", "none"))  # the filter that made the responses; older files have none
        if self._filter is None:
            self._filter = own
        if own != self._filter:
            raise _UnfitError(
                f"has filter {own!r}, earlier lines {self._filter!r}: samples would count twice",
                f"keep one: jq -c 'select(.filter == \"{printable(self._filter)}\")'",
            )
        if (doc := sample.get("doc_id")) is None:
            return
        doc = doc if isinstance(doc, int | str) else json.dumps(doc)
        if doc in self._seen:
            what = f"has the same doc_id as line {self._seen[doc]} ({doc!r})"
            raise _UnfitError(what, "leave out one of the two runs")
        self._seen[doc] = number


def _lines(file: RegularFile) -> Iterator[tuple[int, bytes]]:
    """The lines that are not blank, with their numbers from 1."""
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
        what = "ends early" if not line.endswith(b"\n") else "is not JSON"
        raise _UnfitError(f"{what} ({error})", "copy the file again, or wait until its writer is done") from error
    if not isinstance(sample, dict):
        raise _UnfitError(f"is a JSON {type(sample).__name__}, not an object", _AGAIN)
    return sample


def _likelihoods_of(sample: dict[str, Any]) -> list[float]:
    """The log-likelihoods of a sample's responses.

    Raises:
        _UnfitError: it has no responses, or they are not log-likelihoods.
    """
    if "filtered_resps" in sample:
        name, responses = "filtered_resps", sample["filtered_resps"]
    elif "resps" in sample:  # the older form: each request has a list of responses
        name = "resps"
        responses = [each[0] if _is_list(each, 1) else each for each in _list(sample["resps"], name)]
    else:
        raise _UnfitError("has no 'filtered_resps' and no 'resps'")
    responses = _list(responses, name)
    if not responses:
        raise _UnfitError("has no responses", _ONLY)
    return [_likelihood(response) for response in responses]


def _choices_of(sample: dict[str, Any], count: int) -> list[str] | None:
    """The texts of the choices, or None if the sample has none.

    Tasks that also score each choice without its question (`acc_mutual_info`) list every choice twice, first with the
    question; the second half is dropped.

    Args:
        sample: the line.
        count: the number of responses.

    Raises:
        _UnfitError: the numbers of responses and requests differ.
    """
    given = sample.get("arguments")
    if given is None:
        return None
    pairs = [_pair(each) for each in (given.values() if isinstance(given, dict) else _list(given, "arguments"))]
    if len(pairs) != count:
        raise _UnfitError(f"has {count} responses to {len(pairs)} requests")
    half = count // 2
    again = count > 2 and count % 2 == 0 and [text for _, text in pairs[:half]] == [text for _, text in pairs[half:]]
    if again and not any(context.strip() for context, _ in pairs[half:]):
        pairs = pairs[:half]
    return [text for _, text in pairs]


def _label_of(sample: dict[str, Any], values: list[float], choices: list[str] | None) -> int:
    """The number of the right choice, from its number, text or letter in `target`.

    Raises:
        _UnfitError: `target` is none of these, or contradicts the accuracy that the harness computed.
    """
    target = sample.get("target")
    if isinstance(target, list) and len(target) == 1:
        target = target[0]
    if isinstance(target, str) and re.fullmatch(r"\[[0-9]+\]", target):  # the harness saves targets as text
        target = target[1:-1]
    label = _number(target, len(values))
    if label is None and isinstance(target, str):
        label = _place(target, choices) if choices is not None else None
        if label is None:
            label = _letter(target, len(values))
    if label is None:
        said = "no target" if target is None else f"target {_shortened(target)}, none of its {len(values)} choices"
        raise _UnfitError(f"has {said}", _ONLY)
    _check_accuracy(sample, values, label)
    return label


def _list(value: Any, name: str) -> list[Any]:
    if not isinstance(value, list):
        raise _UnfitError(f"has {_shortened(value)} for {name!r}, not a list", _ONLY)
    return value


def _is_list(value: Any, length: int) -> bool:
    return isinstance(value, list) and len(value) == length


def _likelihood(response: Any) -> float:
    """The log-likelihood in a pair (log-likelihood, is_greedy), each of which may be a string."""
    if not (_is_list(response, 2) and str(response[1]) in ("True", "False", "true", "false", "0", "1")):
        said = f"has the response {_shortened(response)}, not (log-likelihood, is_greedy)"
        raise _UnfitError(said, f"{_ONLY}; this is of another kind, such as generate_until")
    try:
        if isinstance(response[0], bool):
            raise TypeError
        value = float(response[0])
    except (ValueError, TypeError, OverflowError) as error:
        raise _UnfitError(f"has {_shortened(response[0])} for a log-likelihood") from error
    if math.isnan(value) or value == math.inf:
        raise _UnfitError(f"has a choice of log-likelihood {value}", "look at the run that wrote it")
    return value


def _pair(arguments: Any) -> tuple[str, str]:
    """The context and the text of the choice in a request."""
    if isinstance(arguments, dict):
        arguments = [arguments.get("arg_0"), arguments.get("arg_1")]
    if isinstance(arguments, list) and len(arguments) >= 2 and all(isinstance(each, str) for each in arguments[:2]):
        return arguments[0], arguments[1]
    raise _UnfitError(f"has the request {_shortened(arguments)}, not (context, choice)", _ONLY)


def _number(target: Any, count: int) -> int | None:
    if isinstance(target, str) and target.strip().isdecimal() and len(target.strip()) <= _MAX_DIGITS:
        target = int(target)
    return target if isinstance(target, int) and not isinstance(target, bool) and 0 <= target < count else None


def _place(target: str, choices: list[str]) -> int | None:
    texts = [choice.strip() for choice in choices]
    if texts.count(target.strip()) > 1:
        what = f"has target {_shortened(target)}, the text of several choices"
        raise _UnfitError(what, "the file does not say which of them is right")
    return texts.index(target.strip()) if target.strip() in texts else None


def _letter(target: str, count: int) -> int | None:
    letter = target.strip().strip("().")
    place = ord(letter) - ord("A") if len(letter) == 1 else -1
    return place if 0 <= place < min(count, 26) else None


def _check_accuracy(sample: dict[str, Any], values: list[float], label: int) -> None:
    """Compare the label with the accuracy that the harness computed, which shows a label read wrongly."""
    accuracy = sample.get("acc")
    if isinstance(accuracy, bool | int | float) and accuracy in (0, 1):
        best = max(values)
        right = values.index(best) == label
        if right != bool(accuracy) and values.count(best) == 1:
            raise _UnfitError(
                f"has target {_shortened(sample.get('target'))}, read as choice {label}, but acc {accuracy}",
                "its task counts its choices in another way",
            )


def _shortened(value: Any) -> str:
    text = ascii(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
