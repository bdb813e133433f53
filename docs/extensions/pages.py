"""Pages of Markdown that are made while the site is built."""

from __future__ import annotations

import re
from pathlib import Path

DOCS = Path(__file__).parent.parent
ROOT = DOCS.parent
GENERATED = DOCS / "_generated"


def write(name: str, *parts: str) -> None:
    """Write a page under docs/_generated; one that stays the same is left as it is, so that it is not read again."""
    path, text = GENERATED / name, "\n\n".join(parts) + "\n"
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists() or path.read_text(encoding="utf-8") != text:
        path.write_text(text, encoding="utf-8")


# Code between backquotes, or a flag, which must not be broken after its dashes.
_CODE = re.compile(r"(`[^`]*`|(?<![\w-])--[a-z][a-z-]*)")


def plain(text: str) -> str:
    """A text in which no character is markup; flags, and what stands between backquotes, are code."""
    return "".join(
        f"`{part.strip('`')}`" if number % 2 else re.sub(r"([\\*_<>\[\]{}$|#~^])", r"\\\1", part)
        for number, part in enumerate(_CODE.split(text))
    )


def contents(names: list[str], *, hidden: bool = False) -> str:
    """A table of contents of these pages."""
    return "\n".join(["```{toctree}", *([":hidden:"] if hidden else [":maxdepth: 1"]), "", *names, "```"])
