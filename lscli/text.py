"""Texts for messages: printable names, similar words, sizes."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

_MOST_NAMES = 12  # in a list for a hint
_LONGEST_NAME = 80  # characters of a name that a hint repeats
_LONGEST_PATH = 1000
_MOST_COMPARED = 2000  # names that a misspelt one is compared with


def printable(text: str) -> str:
    """Text with control characters and undecodable bytes written as escapes.

    A terminal obeys escape sequences in a file name (`ESC[2J` clears the screen), and a name that is not
    UTF-8 contains lone surrogates that cannot be encoded.
    """
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text)


def shown(value: object) -> str:
    """A value in an error, written as in Python: at most 80 printable characters on one line."""
    import reprlib  # imported only after an error

    short = reprlib.Repr()
    short.maxstring = short.maxother = short.maxlong = _LONGEST_NAME
    try:
        text = short.repr(value)
    except Exception:  # `repr` is code of the value's type, which may raise anything
        text = f"<{type(value).__name__}>"
    text = printable(" ".join(text.split()))
    return text if len(text) <= _LONGEST_NAME else f"{text[: _LONGEST_NAME - 3]}..."


def printed(name: str) -> str:
    """A name from a file in the name of an array: printable, and not as long as a file may make it."""
    return bounded(printable(name), 2 * _LONGEST_NAME)


def said(error: object) -> str:
    """The message of a library's error, in one printable line without a full stop."""
    return printable(" ".join(str(error).split())).rstrip(".")


def nearest(word: str, known: Iterable[str]) -> str:
    """`did you mean 'a' or 'b'?`, or an empty string if no known word is similar."""
    close = similar(word, known)
    return f"did you mean {' or '.join(map(_quoted, close))}?" if close else ""


def similar(word: str, known: Iterable[str]) -> list[str]:
    """The known words that are similar to a word, at most three, the most similar one first."""
    import difflib  # imported only after a typing error

    # Comparing takes a time that grows with the square of the lengths.
    short = (each for each in known if len(each) <= _LONGEST_NAME and each.isprintable())
    words = list(itertools.islice(short, _MOST_COMPARED)) if len(word) <= _LONGEST_NAME else []
    return difflib.get_close_matches(word, words, n=3, cutoff=0.6)


def typed(name: str) -> str:
    """A name as it is typed in a shell, for a hint; empty if it cannot be typed, or is too long to be."""
    return _as_typed(name, _LONGEST_NAME)


def typed_path(path: str) -> str:
    """The same for a path, which may be longer, since a command without it could not be copied."""
    return _as_typed(path, _LONGEST_PATH)


def _as_typed(text: str, longest: int) -> str:
    import shlex  # imported only after an error

    return shlex.quote(text) if text.isprintable() and len(text) <= longest else ""


def _quoted(word: str) -> str:
    """The word in quotes as a shell reads them, even if it needs none."""
    return f"'{word}'" if typed(word) == word else typed(word)


def escaped(text: str) -> str:
    """Text as a part of a pattern that matches it alone."""
    return "".join(f"[{c}]" if c in "*?[" else c for c in text)


def listed(names: Collection[str]) -> str:
    """The first names, as they are typed, for a hint."""
    first = [typed(name) or bounded(repr(name), _LONGEST_NAME) for name in itertools.islice(names, _MOST_NAMES)]
    return ", ".join(first) + (", ..." if len(names) > _MOST_NAMES else "")


def bounded(text: str, most: int) -> str:
    """Text of at most `most` characters: a longer one without its middle."""
    return text if len(text) <= most else f"{text[: most // 2 - 2]} ... {text[len(text) - most // 2 + 3 :]}"


def rounded(value: float, digits: int, *, signed: bool = False) -> str:
    """A number in a sentence, to this many significant digits: 0.0341, 170, 2.6e-07; from 1e9 on with an exponent."""
    text = f"{value:.{digits}g}"
    if "e+" in text and abs(float(text)) < 1e9:
        text = f"{float(text):.0f}"
    return f"+{text}" if signed and not text.startswith("-") else text


def percent(share: float, places: int = 1) -> str:
    """A share in percent with so many places after the point, such as `80.0 %`."""
    return f"{100 * share:.{places}f} %"


def sized(count: float) -> str:
    """A number of bytes in the largest fitting unit, such as `1.5 MiB`."""
    for unit, scale in (("TiB", 1 << 40), ("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)):
        if count >= scale:
            return f"{count / scale:.4g} {unit}"
    return f"{count:.0f} bytes"
