"""Lines, bars and arrows in ASCII, for a stream that cannot show others.

Every character becomes one character, so that columns stay below one another; rich's own ASCII boxes would frame a
table, which makes it wider.
"""

from __future__ import annotations

import codecs

_LESS, _MORE = "\u258f\u258e\u258d", "\u258c\u258b\u258a\u2589"  # eighths of a block: below a half, and above
_SIGNS = str.maketrans(
    {
        "─": "-",
        "│": "|",
        "├": "[",
        "┤": "]",
        "█": "#",
        "▓": "+",
        "░": ":",
        "·": ".",
        "…": "~",
        "▸": ">",
        "▴": "^",
        **dict.fromkeys(_LESS, " "),
        **dict.fromkeys(_MORE, "#"),
    }
)


def only_ascii(encoding: str) -> bool:
    """Whether an encoding lacks some of these characters: whether it is none of Unicode."""
    return not codecs.lookup(encoding).name.startswith("utf")


def in_ascii(text: str) -> str:
    """The text with these characters in ASCII; other characters stay, and are escaped when they are encoded."""
    return text.replace("± ", "+-").translate(_SIGNS)
