"""Show an answer on a terminal, with the view of its class."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lscli.decisions.checked import Checked
from lscli.decisions.comparison import Comparison
from lscli.decisions.threshold import Threshold
from lscli.listings import Bins, Candidates, Contents, Listing, LogitArray, MetricList, OneLabel, SmoothedLabels, Wide
from lscli.recalibrators.before_after import BeforeAfter
from lscli.recalibrators.fits import Fits
from lscli.render.terminal import (
    candidates,
    check,
    comparison,
    contents,
    diagram,
    fits,
    metric_list,
    recalibration,
    table,
    targets,
    threshold,
)
from lscli.render.terminal.report import report as report

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lscli.render.renderers import Screen


def listing(answer: Listing, screen: Screen) -> Iterator[str]:
    """The view of a listing, by its class."""
    match answer:
        case Bins():
            return diagram.bins(answer, screen)
        case Candidates():
            return candidates.candidates(answer, screen)
        case Checked():
            return check.checked(answer, screen)
        case Comparison():
            return comparison.comparison(answer, screen)
        case Wide() if len({row[0] for row in answer.rows}) > 1:
            return comparison.row_per_model(answer, screen)
        case Contents():
            return contents.contents(answer, screen)
        case Fits():
            return fits.fits(answer, screen)
        case MetricList():
            return metric_list.metric_list(answer, screen)
        case BeforeAfter():
            return recalibration.recalibration(answer, screen)
        case SmoothedLabels() | LogitArray():
            return targets.smoothed_labels(answer, screen)
        case OneLabel():
            return targets.one_label(answer, screen)
        case Threshold():
            return threshold.threshold(answer, screen)
        case _:
            return table.listing(answer, screen)
