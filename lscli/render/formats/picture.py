"""Pictures: the charts of answers that have one, as SVG, PDF or PNG."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lscli.curves.answers import chart_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lscli.listings import Listing
    from lscli.render.renderers import Screen
    from lscli.report import Report


def report(answer: Report, screen: Screen) -> Iterator[bytes]:
    """The picture of a report; see `listing`."""
    yield from _drawn(answer, screen)


def listing(answer: Listing, screen: Screen) -> Iterator[bytes]:
    """The picture of a chart, or of an answer that has one.

    Raises:
        UsageError: the answer has no chart, or matplotlib is not installed.
    """
    yield from _drawn(answer, screen)


def _drawn(answer: Report | Listing, screen: Screen) -> Iterator[bytes]:
    from lscli.render.plots.figure import picture

    yield picture(chart_of(answer), screen.format)
