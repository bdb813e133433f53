"""Answers as text: data in, text out. One file a format, imported when it is asked for."""

from __future__ import annotations

from importlib import import_module
from typing import NamedTuple

from lscli.report import Listing, Report

# Suffix of a file to format; every format is the module of that name, with `report` and `listing`.
SUFFIXES = {".csv": "csv", ".json": "json", ".md": "markdown", ".markdown": "markdown", ".txt": "table"}


class Screen(NamedTuple):
    """What the text is for: its width in columns, and whether it may be coloured."""

    width: int
    color: bool


def render(answer: Report | Listing, format: str, screen: Screen) -> str:  # noqa: A002
    """The answer as text, with a line feed at its end."""
    renderer = import_module(f"lscli.render.{format}")
    function = renderer.report if isinstance(answer, Report) else renderer.listing
    text: str = function(answer, screen)
    return text
