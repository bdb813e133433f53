"""Strict JSON of files that may come from anyone."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

from lscli.text import printable, shown


def parsed_json(text: str, what: str) -> Any:
    """The value of a text in JSON.

    json alone reads NaN and keeps the last one of equal keys. A number beyond float64 is infinite here, too.

    Args:
        text: the JSON.
        what: the thing that the text should be, for messages: `a report`.

    Raises:
        ValueError: the text is not strict JSON; its message is one printable line.
    """

    def pairs(found: list[tuple[str, Any]]) -> dict[str, Any]:
        made = dict(found)
        if len(made) < len(found):
            (doubled, _), *_ = Counter(key for key, _ in found).most_common(1)
            raise _JsonError(f"has the key {shown(doubled)} twice")
        return made

    def constant(word: str) -> float:
        raise _JsonError(f"has {word}, which is no number")

    try:
        return json.loads(text, object_pairs_hook=pairs, parse_constant=constant)
    except _JsonError:
        raise
    except RecursionError:
        raise _JsonError(f"is nested too deeply for {what}") from None
    except json.JSONDecodeError as error:
        raise _JsonError(f"line {error.lineno} is not valid JSON: {printable(error.msg)}") from None
    except ValueError:  # a whole number of thousands of digits
        raise _JsonError("has a number with too many digits") from None


class _JsonError(ValueError):
    """What is wrong with a text, in words."""
