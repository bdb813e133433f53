"""An HTML document as its elements and their texts."""

from __future__ import annotations

from html.parser import HTMLParser
from typing import NamedTuple

_VOID = ("meta", "br")
_APART = ("td", "th", "dt", "dd", "caption", "p", "li")


class Element(NamedTuple):
    """An element: its tag, its attributes, and the text inside of it."""

    tag: str
    attributes: dict[str, str]
    texts: list[str]

    @property
    def text(self) -> str:
        return " ".join("".join(self.texts).split())


class Document(HTMLParser):
    """The elements of a page, in their order; `open_at_the_end` should be empty."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.elements: list[Element] = []
        self.open_at_the_end: list[Element] = []
        self.declarations: list[str] = []
        self.feed(page)
        self.close()

    def handle_decl(self, decl: str) -> None:
        self.declarations.append(decl)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append(Element(tag, {name: value or "" for name, value in attrs}, []))
        if tag not in _VOID:
            self.open_at_the_end.append(self.elements[-1])

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append(Element(tag, {name: value or "" for name, value in attrs}, []))

    def handle_endtag(self, tag: str) -> None:
        assert self.open_at_the_end[-1].tag == tag
        self.open_at_the_end.pop()
        if tag in _APART:
            self.handle_data(" ")

    def handle_data(self, data: str) -> None:
        for element in self.open_at_the_end:
            element.texts.append(data)

    def of(self, tag: str) -> list[Element]:
        """The elements with a tag."""
        return [element for element in self.elements if element.tag == tag]
