"""Show an answer on a terminal, with the view of its class."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lscli.decisions.checked import Checked
from lscli.decisions.comparison import Comparison
from lscli.decisions.conformal import Conformal
from lscli.decisions.detection import Detection
from lscli.decisions.threshold import Threshold
from lscli.listings import Bins, Candidates, Contents, Listing, LogitArray, MetricList, OneLabel, SmoothedLabels, Wide
from lscli.recalibrators.before_after import BeforeAfter
from lscli.recalibrators.fits import Fits
from lscli.render.terminal import (
    candidates,
    check,
    comparison,
    conformal,
    contents,
    detection,
    diagram,
    fits,
    metric_list,
    recalibration,
    table,
    targets,
    threshold,
)
from lscli.render.terminal import report as of_metrics
from lscli.render.terminal.ascii import in_ascii, only_ascii

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lscli.render.renderers import Screen
    from lscli.report import Report


def report(answer: Report, screen: Screen) -> Iterator[str]:
    """The view of a report."""
    return _shown(of_metrics.report(answer, screen), screen)


def listing(answer: Listing, screen: Screen) -> Iterator[str]:
    """The view of a listing, by its class."""
    return _shown(_listing(answer, screen), screen)


def _shown(pieces: Iterator[str], screen: Screen) -> Iterator[str]:
    return map(in_ascii, pieces) if only_ascii(screen.encoding) else pieces


def _listing(answer: Listing, screen: Screen) -> Iterator[str]:
    match answer:
        case Bins():
            return diagram.bins(answer, screen)
        case Candidates():
            return candidates.candidates(answer, screen)
        case Checked():
            return check.checked(answer, screen)
        case Conformal():
            return conformal.conformal(answer, screen)
        case Comparison():
            return comparison.comparison(answer, screen)
        case Wide() if len({row[0] for row in answer.rows}) > 1:
            return comparison.row_per_model(answer, screen)
        case Detection():
            return detection.detection(answer, screen)
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
