"""What GitHub Actions shows of a check or a comparison: annotations, and a table for the summary of the step.

The escapes are those of workflow commands: docs.github.com/actions/reference/workflow-commands-for-github-actions.
"""

from __future__ import annotations

import html
import math
import re
from typing import TYPE_CHECKING

from lscli.errors import UsageError
from lscli.render.numbers import short
from lscli.text import bounded, printable

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from lscli.decisions.checked import Checked, CheckRow
    from lscli.decisions.comparison import ComparisonRow
    from lscli.listings import Listing
    from lscli.render.renderers import Screen

_LONGEST = 200
# Markdown reads these characters even between the tags of HTML.
_MARKDOWN = re.compile(r"[\\`*_\[\]|~@#!]")


def listing(answer: Listing, screen: Screen) -> Iterator[str]:
    """An annotation for each limit that is not kept, and a notice for each that is."""
    from lscli.decisions.checked import Checked

    if not isinstance(answer, Checked):
        raise UsageError("this answer is no check of limits", "use -f csv")
    for row in answer.rows:
        yield annotation("notice" if row.passed else "error", f"lscli check: {row.metric}", said(row)) + "\n"


def failures(answer: Checked) -> list[str]:
    """An annotation for each limit that is not kept."""
    return [annotation("error", f"lscli check: {row.metric}", said(row)) for row in answer.failures]


def regressions(rows: Iterable[ComparisonRow]) -> list[str]:
    """An annotation for each of these rows, which are worse than the baseline."""
    return [
        annotation(
            "error",
            f"lscli compare: {row.metric}",
            f"{_of(row.metric, row.source, row.group)} is worse: {short(row.value)}, baseline {short(row.baseline)}",
        )
        for row in rows
    ]


def said(row: CheckRow) -> str:
    """A limit and its verdict in one sentence."""
    what = _of(row.metric, row.source, row.group)
    change = row.bound in ("max-rise", "max-drop")
    value = f"changes by {short(row.difference)}" if change else f"is {short(row.value)}"
    interval = "" if math.isnan(row.ci_low) else f" [{short(row.ci_low)}, {short(row.ci_high)}]"
    return f"{what} {value}{interval}, limit {row.bound} {row.limit:.10g}: {'kept' if row.passed else 'not kept'}"


def _of(metric: str, source: str, group: str) -> str:
    where = f"{source}, group {group}" if group else source
    return bounded(printable(f"{metric} of {where}"), _LONGEST)


def annotation(kind: str, title: str, message: str) -> str:
    """A workflow command, which GitHub shows beside the step."""
    name = _data(bounded(printable(title), _LONGEST)).replace(":", "%3A").replace(",", "%2C")
    return f"::{kind} title={name}::{_data(message)}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def summary(answer: Listing) -> str:
    """A table in Markdown, in whose cells no name can be read as Markdown or HTML."""
    lines: list[Sequence[str]] = [answer.columns, ["---"] * len(answer.columns)]
    lines += [[_cell(value) for value in row] for row in answer.cells()]
    table = "".join(f"| {' | '.join(line)} |\n" for line in lines)
    sentence = f"{_escaped(answer.conclusion)}\n\n" if answer.conclusion else ""
    return f"### {answer.title}\n\n{sentence}{table}\n"


def _cell(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "**no**"
    if isinstance(value, float):
        return "" if math.isnan(value) else short(value)
    return _escaped(bounded(str(value), _LONGEST))


def _escaped(text: str) -> str:
    text = html.escape(printable(text))
    return _MARKDOWN.sub(lambda found: f"&#{ord(found[0])};", text.replace("&#x27;", "'"))
