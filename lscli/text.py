"""Texts for messages: printable names, similar words, sizes."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


# The most characters of a value in an error.
_LONGEST = 80


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
    short.maxstring = short.maxother = short.maxlong = _LONGEST
    try:
        text = short.repr(value)
    except Exception:  # `repr` is code of the value's type, which may raise anything
        text = f"<{type(value).__name__}>"
    text = printable(" ".join(text.split()))
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 3]}..."


def shortened(text: str, most: int = 600) -> str:
    """The text, without its middle if it is longer than `most`: a name or a value in it may be of any length."""
    half = most // 2
    return text if len(text) <= most else f"{text[:half]} ... {text[-half:]}"


def said(error: object) -> str:
    """The message of a library's error, in one printable line without a full stop."""
    return printable(" ".join(str(error).split())).rstrip(".")


def nearest(word: str, known: Iterable[str]) -> str:
    """`did you mean 'a' or 'b'?`, or an empty string if no known word is similar."""
    import difflib  # imported only after a typing error

    close = difflib.get_close_matches(word, list(known), n=3, cutoff=0.6)
    return f"did you mean {' or '.join(map(repr, close))}?" if close else ""


def sized(count: float) -> str:
    """A number of bytes in the largest fitting unit, such as `1.5 MiB`."""
    for unit, scale in (("TiB", 1 << 40), ("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)):
        if count >= scale:
            return f"{count / scale:.4g} {unit}"
    return f"{count:.0f} bytes"
