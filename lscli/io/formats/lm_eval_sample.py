"""One sample of lm-evaluation-harness: its choices, its saved accuracy, and which choice its target names."""

from __future__ import annotations

import itertools
import math
import re
from typing import Any, NamedTuple

from lscli.io.formats.json_objects import UnfitError
from lscli.text import shown

_MAX_CHOICES = 1 << 16
_MAX_DIGITS = 9
_ONLY = "only multiple-choice tasks have classes"
_ONE = "only tasks with one right choice per question have labels; truthfulqa_mc1 is one, truthfulqa_mc2 is not"
_OTHER = "every sample needs its responses; for JSON lines with logits and labels, say --input-format jsonl"
UNKNOWN = -1  # a sample without this accuracy
_NUMBER = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?([eE][+-]?[0-9]+)?|inf|nan)")


class Choices(NamedTuple):
    """The choices of a sample: the log-likelihood of each, [K], and its text if the sample has requests."""

    values: list[float]
    texts: list[str] | None


def choices_of(sample: dict[str, Any]) -> Choices:
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
    return Choices(values, texts)


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
        named = ", ".join(shown(key) for key in itertools.islice(sample, 6))
        has = f"has the fields {named}{', ...' * (len(sample) > 6)}" if sample else "has no fields"
        raise UnfitError(f"{has} and no 'filtered_resps', so it is not of lm-evaluation-harness", _OTHER)
    responses = _list(responses, name)
    if not responses:
        raise UnfitError("has no responses", _ONLY)
    return [_likelihood(response) for response in responses]


def _likelihood(response: Any) -> float:
    """The log-likelihood in a pair (log-likelihood, is_greedy), each of which may be a string."""
    if not (_is_list(response, 2) and response[1] in (True, False, "True", "False", "true", "false", "0", "1")):
        said = f"has the response {shown(response)}, not (log-likelihood, is_greedy)"
        raise UnfitError(said, f"{_ONLY}; this is of another kind, such as generate_until")
    value = _float(response[0])
    if value is None:
        raise UnfitError(f"has {shown(response[0])} for a log-likelihood")
    if math.isnan(value) or value == math.inf:
        raise UnfitError(f"has a choice of log-likelihood {value}", "look at the run that wrote it")
    return value


def accuracy_of(sample: dict[str, Any], name: str) -> int:
    """1 or 0, as the harness saved it, or `UNKNOWN` for a sample without it.

    Raises:
        UnfitError: it is another number, or none.
    """
    saved = sample.get(name)
    if saved is None:
        return UNKNOWN
    value = {"True": 1.0, "False": 0.0}.get(saved) if isinstance(saved, str) else None
    value = float(saved) if isinstance(saved, bool) else _float(saved) if value is None else value
    if value in (0, 1):
        return int(value)
    if value is not None and 0 < value < 1:
        raise UnfitError(f"has {name} {shown(saved)}, a fraction: several of its choices are right", _ONE)
    raise UnfitError(f"has {shown(saved)} for {name}, not 0 or 1", "look at the run that wrote it")


def labels_of(sample: dict[str, Any], choices: Choices, accuracy: int) -> tuple[int, int]:
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
        raise UnfitError(f"has target {shown(target)}: several of its choices are right", _ONE)
    count, texts = len(choices.values), [text.strip() for text in choices.texts or ()]
    alike = [place for place, text in enumerate(texts) if isinstance(target, str) and text == target.strip()]
    number = _number(target, count)
    if len(alike) > 1 and (len(alike) == count or (accuracy == UNKNOWN and number != alike[0])):
        label = _by_accuracy(choices.values, accuracy)
        if label is None:
            what = f"has target {shown(target)}, the text of several choices"
            raise UnfitError(what, "neither it nor acc says which of them is right")
        return label, label
    place = alike[0] if alike else None  # of several, the harness takes the first
    found = [label for label in (number, place, _letter(target, count)) if label is not None]
    if not found:
        said = "no target" if target is None else f"target {shown(target)}, none of its {count} choices"
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
        raise UnfitError(f"has {shown(value)} for {name!r}, not a list", _ONLY)
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
    raise UnfitError(f"has the request {shown(arguments)}, not (context, choice)", _ONLY)


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


def shared_space(texts: list[str]) -> str:
    """The white space that all strings begin with."""
    first, last = min(texts), max(texts)  # what these two begin with, all begin with
    shared = itertools.takewhile(lambda pair: pair[0] == pair[1] and pair[0].isspace(), zip(first, last, strict=False))
    return "".join(space for space, _ in shared)
