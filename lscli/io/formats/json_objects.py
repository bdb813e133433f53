"""JSON objects of a file, one by one: one a line, or the elements of one array."""

from __future__ import annotations

import codecs
import json
import re
from collections import Counter
from typing import TYPE_CHECKING, Any, BinaryIO

from lscli.errors import InputError
from lscli.text import said, shown, sized

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lscli.io.files import RegularFile

# A line becomes Python objects of up to 27 times its size.
_LONGEST = 16 << 20
_PIECE = 1 << 18
_DIGITS = 18  # of an integer that fits into 64 bits
_WHITE = re.compile(r"[ \t\n\r]*")
_CUT = "copy the file again, or wait until its writer is done"


class UnfitError(ValueError):
    """An object that cannot be used: what is wrong with it, and a hint."""

    def __init__(self, what: str, hint: str = "") -> None:
        super().__init__(what)
        self.hint = hint


class Stated(float):
    """A number that was written as NaN, Infinity or -Infinity, rather than one beyond float64."""


# How an answer begins that lscli wrote as JSON.
_ANSWER = re.compile(rb'\{\s*"schema"\s*:\s*"lscli\.')


class JsonObjects:
    """The objects of a file, read one by one.

    Args:
        file: JSON lines, or one JSON array, which may be spread over many lines.
        again: how to write such a file, for hints.

    Attributes:
        unit: what is counted: `line`, or `sample` of an array.
    """

    def __init__(self, file: RegularFile, again: str) -> None:
        self._file = file
        self._again = again
        if file.size == 0:
            raise InputError("empty file", again, where=file.name)
        start = file.read(_PIECE, 0).removeprefix(codecs.BOM_UTF8).lstrip()
        if _ANSWER.match(start):
            hint = "name the logits or the labels themselves; lscli compare takes reports"
            raise InputError("is an answer of lscli, not a file of samples", hint, where=file.name)
        self.unit = "sample" if start.startswith(b"[") else "line"

    def __iter__(self) -> Iterator[tuple[int, dict[str, Any]]]:
        """Each object, with its number from 1.

        Raises:
            InputError: the file is no such JSON.
        """
        with self._file.stream() as stream:
            for number, value in _lines(stream) if self.unit == "line" else _elements(_Window(stream)):
                if isinstance(value, UnfitError):
                    raise self.error(number, value)
                if not isinstance(value, dict):
                    raise self.error(number, UnfitError(f"is a JSON {_named(value)}, not an object"))
                yield number, value
        self._file.check_unchanged()

    def error(self, number: int, error: UnfitError) -> InputError:
        """The error of an object, which names its place in the file."""
        return InputError(f"{self.unit} {number} {error}", error.hint or self._again, where=self._file.name)


def _lines(stream: BinaryIO) -> Iterator[tuple[int, Any]]:
    """The value of each line that is not blank, or what is wrong with it."""
    number = 0
    while line := stream.readline(_LONGEST + 1):
        number += 1
        if len(line) > _LONGEST:
            yield number, _too_long()
        elif line.strip():
            yield number, _parsed(line)


def _parsed(line: bytes) -> Any:
    try:
        return _DECODER.decode(line.decode("utf-8-sig"))
    except UnfitError as error:
        return error
    except (ValueError, RecursionError) as error:
        return _no_json(error, cut=not line.endswith(b"\n"))


class _Window:
    """The text of a stream from a position on, decoded as it is read.

    Attributes:
        text: what is held of it.
        at: the position in `text`; what is before it is dropped when more is read.
        ended: whether `text` reaches to the end of the stream.
    """

    def __init__(self, stream: BinaryIO) -> None:
        self.text = ""
        self.at = 0
        self.ended = False
        self._stream = stream
        self._decoder = codecs.getincrementaldecoder("utf-8-sig")()

    @property
    def size(self) -> int:
        return len(self.text) - self.at

    def grow(self) -> None:
        """Read as much again as is held, so that an element that is parsed anew each time takes linear time."""
        wanted = max(_PIECE, self.size)
        data = self._stream.read(wanted)
        self.ended = len(data) < wanted
        self.text = self.text[self.at :] + self._decoder.decode(data, final=self.ended)
        self.at = 0

    def mark(self) -> str:
        """The next character that is not white space; empty at the end."""
        while True:
            self.at = _WHITE.match(self.text, self.at).end()  # type: ignore[union-attr]  # it matches anything
            if self.size or self.ended:
                return self.text[self.at : self.at + 1]
            self.grow()

    def value(self) -> Any:
        """The JSON value that begins here."""
        while True:
            try:
                value, self.at = _DECODER.raw_decode(self.text, self.at)
            except json.JSONDecodeError:
                if self.ended:
                    raise
                if self.size > _LONGEST:
                    raise _too_long() from None
                self.grow()
            else:
                return value


def _elements(window: _Window) -> Iterator[tuple[int, Any]]:
    """The elements of an array, or what is wrong with one."""
    number = 0
    try:
        window.mark()
        window.at += 1
        if window.mark() != "]":
            while True:
                number += 1
                window.mark()
                yield number, window.value()
                if window.mark() != ",":
                    break
                window.at += 1
        if window.mark() != "]":
            raise json.JSONDecodeError("Expecting ',' or ']'", window.text, window.at)
        window.at += 1
        if window.mark():
            raise UnfitError("is the last of the array, but the file goes on after it", "keep one array in a file")
    except UnfitError as error:
        yield max(1, number), error
    except json.JSONDecodeError as error:
        text = window.text.rstrip()
        yield max(1, number), _no_json(error, cut=window.ended and (error.pos >= len(text) or not text.endswith("]")))
    except (ValueError, RecursionError) as error:
        yield max(1, number), _no_json(error, cut="unexpected end" in str(error))


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object whose keys differ: Python would keep the last of equal ones, other readers the first."""
    made = dict(pairs)
    if len(made) != len(pairs):
        twice = Counter(key for key, _ in pairs).most_common(1)[0][0]
        raise UnfitError(f"has the key {shown(twice)} twice in one object", "leave out one of the two")
    return made


def _integer(digits: str) -> int | float:
    """An integer, or a float for one of many digits, whose conversion takes quadratic time."""
    return int(digits) if len(digits) <= _DIGITS else float(digits)


_DECODER = json.JSONDecoder(object_pairs_hook=_once, parse_int=_integer, parse_constant=Stated)


def _too_long() -> UnfitError:
    return UnfitError(f"is longer than {sized(_LONGEST)}, more than any sample")


def _no_json(error: Exception, *, cut: bool) -> UnfitError:
    what = "ends early" if cut else "is not JSON"
    if isinstance(error, json.JSONDecodeError):
        why = f"{error.msg} at character {error.pos}"
    else:
        why = "nested too deeply" if isinstance(error, RecursionError) else said(error)
    return UnfitError(f"{what} ({why})", _CUT if cut else "")


def _named(value: Any) -> str:
    return {list: "array", str: "text", bool: "boolean", type(None): "null"}.get(type(value), "number")
