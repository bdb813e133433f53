"""JUnit XML, which GitLab, Jenkins and others show: a test case for each limit of a check."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from xml.sax.saxutils import quoteattr

from lscli.errors import UsageError
from lscli.render.formats.github import said
from lscli.text import bounded, printable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lscli.listings import Listing
    from lscli.render.renderers import Screen

# What XML 1.0 cannot hold, even as a reference. `printable` has escaped the control characters.
_NOT_IN_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_LONGEST = 200


def listing(answer: Listing, screen: Screen) -> Iterator[str]:
    """One suite, a test case per limit and group."""
    from lscli.decisions.checked import Checked

    if not isinstance(answer, Checked):
        raise UsageError("this answer is no check of limits", "use -f csv")
    count, failed = len(answer.rows), len(answer.failures)
    yield '<?xml version="1.0" encoding="UTF-8"?>\n'
    yield f'<testsuites tests="{count}" failures="{failed}">\n'
    yield f'  <testsuite name="lscli check" tests="{count}" failures="{failed}" errors="0" skipped="0">\n'
    for row in answer.rows:
        group = f" of group {row.group}" if row.group else ""
        names = f"name={_quoted(f'{row.bound} {row.metric}={row.limit:g}{group}')} classname={_quoted(row.source)}"
        if row.passed:
            yield f"    <testcase {names}/>\n"
        else:
            yield f"    <testcase {names}>\n      <failure message={_quoted(said(row))}/>\n    </testcase>\n"
    yield "  </testsuite>\n</testsuites>\n"


def _quoted(text: str) -> str:
    return quoteattr(_NOT_IN_XML.sub("?", bounded(printable(text), 2 * _LONGEST)))
