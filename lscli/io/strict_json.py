"""Strict JSON of files that may come from anyone."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Container
from typing import TYPE_CHECKING, Any

from lscli.errors import InputError
from lscli.io.format_table import FORMATS, format_by_content
from lscli.text import printable, shown, sized

if TYPE_CHECKING:
    from lscli.io.files import RegularFile

# What a type of JSON is called.
NAMED = {dict: "an object", list: "a list", str: "a text", bool: "true or false", type(None): "null"}


class WrongError(ValueError):
    """What is wrong with a file, in words, and a hint; an empty one is that of its kind of file."""

    def __init__(self, what: str, hint: str = "") -> None:
        super().__init__(what)
        self.hint = hint


def called(value: object) -> str:
    """What a value of JSON is called."""
    return NAMED.get(type(value), "a number")


def text_of(file: RegularFile, what: str, most: int, again: str, hint: str, texts: Container[str] = ()) -> str:
    """The text of a file in UTF-8, which is not checked further.

    Args:
        file: the file.
        what: the thing that it should be: `report`.
        most: the most bytes of any.
        again: the hint for an empty file.
        hint: the hint for a file of another kind.
        texts: formats that JSON may be taken for by its first bytes.

    Raises:
        InputError: the file is empty, too large, of another format, or not UTF-8.
        ReadWriteError: it cannot be read.
    """
    if file.size == 0:
        raise InputError("empty file", again, where=file.name)
    found = format_by_content(file)
    if found is not None and found not in texts:
        raise InputError(f"is {FORMATS[found].called}, not a {what}", hint, where=file.name)
    if file.size > most:
        raise InputError(f"has {sized(file.size)}, more than the {sized(most)} of any {what}", hint, where=file.name)
    data = file.read(most, 0)
    file.check_unchanged()
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise InputError("is not a text in UTF-8", hint, where=file.name) from None


def parsed_json(text: str, what: str) -> Any:
    """The value of a text in JSON.

    json alone reads NaN and keeps the last one of equal keys. A number beyond float64 is infinite here, too.

    Args:
        text: the JSON.
        what: the thing that the text should be, for messages: `a report`.

    Raises:
        WrongError: the text is not strict JSON; its message is one printable line.
    """

    def pairs(found: list[tuple[str, Any]]) -> dict[str, Any]:
        made = dict(found)
        if len(made) < len(found):
            (doubled, _), *_ = Counter(key for key, _ in found).most_common(1)
            raise WrongError(f"has the key {shown(doubled)} twice")
        return made

    def constant(word: str) -> float:
        raise WrongError(f"has {word}, which is no number")

    try:
        return json.loads(text, object_pairs_hook=pairs, parse_constant=constant)
    except WrongError:
        raise
    except RecursionError:
        raise WrongError(f"is nested too deeply for {what}") from None
    except json.JSONDecodeError as error:
        raise WrongError(f"line {error.lineno} is not valid JSON: {printable(error.msg)}") from None
    except ValueError:  # a whole number of thousands of digits
        raise WrongError("has a number with too many digits") from None
