"""One line of a samples file: the log-likelihoods of its choices, their texts, and which of them is right."""

from __future__ import annotations

import math
import re
from typing import Any

_ONLY = "only multiple-choice tasks have classes"
_MAX_DIGITS = 9


class UnfitError(ValueError):
    """Why a line cannot be used, and what to do about it."""

    def __init__(self, what: str, hint: str = "") -> None:
        super().__init__(what)
        self.hint = hint


def filter_of(sample: dict[str, Any]) -> str:
    """The name of the filter that made the responses; older files have none."""
    return str(sample.get("filter", "none"))


def likelihoods_of(sample: dict[str, Any]) -> list[float]:
    """The log-likelihoods of a sample's responses.

    Raises:
        UnfitError: it has none.
    """
    if "filtered_resps" in sample:
        name, responses = "filtered_resps", sample["filtered_resps"]
    elif "resps" in sample:  # as it was before filters: each request has a list of responses
        name = "resps"
        responses = [each[0] if _is_list(each, 1) else each for each in _list(sample["resps"], name)]
    else:
        raise UnfitError("has no 'filtered_resps' and no 'resps'")
    responses = _list(responses, name)
    if not responses:
        raise UnfitError("has no responses", _ONLY)
    return [_likelihood(response) for response in responses]


def choices_of(sample: dict[str, Any], count: int) -> list[str] | None:
    """The texts of the choices; None where the sample does not say.

    Tasks that also ask for the likelihood of each choice without its question (`acc_mutual_info`) have every choice
    twice; the first ones are those with it.

    Args:
        sample: the line.
        count: how many responses it has.

    Raises:
        UnfitError: there are other numbers of both.
    """
    given = sample.get("arguments")
    if given is None:
        return None
    pairs = [_pair(each) for each in (given.values() if isinstance(given, dict) else _list(given, "arguments"))]
    if len(pairs) != count:
        raise UnfitError(f"has {count} responses to {len(pairs)} requests")
    half = count // 2
    again = count > 2 and count % 2 == 0 and [text for _, text in pairs[:half]] == [text for _, text in pairs[half:]]
    if again and not any(context.strip() for context, _ in pairs[half:]):
        pairs = pairs[:half]
    return [text for _, text in pairs]


def label_of(sample: dict[str, Any], values: list[float], choices: list[str] | None) -> int:
    """The number of the right choice: `target` counts it, or is its text, or its letter.

    Raises:
        UnfitError: it is none of these, or the sample's own accuracy says otherwise.
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
        raise UnfitError(f"has {said}", _ONLY)
    _check_accuracy(sample, values, label)
    return label


def _list(value: Any, name: str) -> list[Any]:
    if not isinstance(value, list):
        raise UnfitError(f"has {_shortened(value)} for {name!r}, not a list", _ONLY)
    return value


def _is_list(value: Any, length: int) -> bool:
    return isinstance(value, list) and len(value) == length


def _likelihood(response: Any) -> float:
    """The first of (log-likelihood, is_greedy), each of which may have been made a string."""
    if not (_is_list(response, 2) and str(response[1]) in ("True", "False", "true", "false", "0", "1")):
        said = f"has the response {_shortened(response)}, not (log-likelihood, is_greedy)"
        raise UnfitError(said, f"{_ONLY}; this is of another kind, such as generate_until")
    try:
        if isinstance(response[0], bool):
            raise TypeError
        value = float(response[0])
    except (ValueError, TypeError, OverflowError) as error:
        raise UnfitError(f"has {_shortened(response[0])} for a log-likelihood") from error
    if math.isnan(value) or value == math.inf:
        raise UnfitError(f"has a choice of log-likelihood {value}", "look at the run that wrote it")
    return value


def _pair(arguments: Any) -> tuple[str, str]:
    """The context and the text of a request."""
    if isinstance(arguments, dict):
        arguments = [arguments.get("arg_0"), arguments.get("arg_1")]
    if isinstance(arguments, list) and len(arguments) >= 2 and all(isinstance(each, str) for each in arguments[:2]):
        return arguments[0], arguments[1]
    raise UnfitError(f"has the request {_shortened(arguments)}, not (context, choice)", _ONLY)


def _number(target: Any, count: int) -> int | None:
    if isinstance(target, str) and target.strip().isdecimal() and len(target.strip()) <= _MAX_DIGITS:
        target = int(target)
    return target if isinstance(target, int) and not isinstance(target, bool) and 0 <= target < count else None


def _place(target: str, choices: list[str]) -> int | None:
    texts = [choice.strip() for choice in choices]
    if texts.count(target.strip()) > 1:
        raise UnfitError(
            f"has target {_shortened(target)}, the text of several choices",
            "the file does not say which of them is right",
        )
    return texts.index(target.strip()) if target.strip() in texts else None


def _letter(target: str, count: int) -> int | None:
    letter = target.strip().strip("().")
    place = ord(letter) - ord("A") if len(letter) == 1 else -1
    return place if 0 <= place < min(count, 26) else None


def _check_accuracy(sample: dict[str, Any], values: list[float], label: int) -> None:
    """Compare with what the harness made of it: a label that is read wrongly shows there."""
    accuracy = sample.get("acc")
    if isinstance(accuracy, bool | int | float) and accuracy in (0, 1):
        best = max(values)
        right = values.index(best) == label
        if right != bool(accuracy) and values.count(best) == 1:
            raise UnfitError(
                f"has target {_shortened(sample.get('target'))}, read as choice {label}, but acc {accuracy}",
                "its task counts its choices in another way",
            )


def _shortened(value: Any) -> str:
    text = ascii(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
