"""Tables for notebooks: bounded, escaped, and well-formed."""

from __future__ import annotations

import math
from html.parser import HTMLParser

import pytest

from lscli.notebook import html_of, text_of


class Nested(HTMLParser):
    """The tags that are open, the deepest last, and whether each was closed in turn."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: set[str] = set()

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.open.append(tag)
        self.seen.add(tag)

    def handle_endtag(self, tag: str) -> None:
        assert tag == self.open.pop()


@pytest.mark.parametrize("name", ["x", "<script>alert(1)</script>", "a & b", '"quoted"', "\x1b[2J\n", "</td></table>"])
def test_a_text_cannot_write_into_the_page(name: str) -> None:
    page = html_of(name, [name, "b"], [(name, 1.5), ("y", math.nan)], 2, [name, ""])
    parser = Nested()
    parser.feed(page)
    assert [] == parser.open
    assert {"p", "b", "table", "thead", "tbody", "tr", "th", "td"} == parser.seen
    assert "\x1b" not in page


@pytest.mark.parametrize(
    ("rows", "said"), [(20, ""), (21, "<p>... 1 more row</p>"), (1020, "<p>... 1,000 more rows</p>")]
)
def test_what_is_left_out_is_counted(rows: int, said: str) -> None:
    page = html_of("", ["a"], ([number] for number in range(rows)), rows, [])
    assert min(rows, 20) == page.count("<td>")
    assert said in page
    assert bool(said) == ("more" in page)


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.123456, "0.1235"), (21945.9, "21950"), (math.nan, ""), (math.inf, "inf"), (True, "yes"), (False, ""), (7, "7")],
)
def test_a_cell_is_short(value: object, text: str) -> None:
    assert text == text_of(value)
    assert 200 >= len(text_of("x" * 1000))
