"""The reliability table: accuracy against confidence, bin by bin."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lscli.api import reading
from lscli.api.keywords import of_logits
from lscli.api.positive_class import notes_on_class, positive_class
from lscli.curves.binned_samples import BinnedSamples
from lscli.errors import UsageError
from lscli.intervals.clusters import notes_on_clusters
from lscli.listings import Bin, Bins
from lscli.metrics.base import OF_CLASS, Settings
from lscli.metrics.bins import rule_columns, rule_of
from lscli.options import BinsOptions

if TYPE_CHECKING:
    from lscli.api.confidences import Table
    from lscli.options import Data


@of_logits(BinsOptions)
def per_bin(logits: Data | Table, labels: Data | None, options: BinsOptions) -> Bins:
    """Compute the bins of ece: edges, count, mean confidence, accuracy, gap and the interval of the accuracy.

    Args:
        logits, labels: as in `lscli.evaluate`.

    Returns:
        A listing, one row per bin. An empty bin has a count of 0, and its other values are nan. The gap is
        confidence - accuracy; the interval is Wilson's or, with clusters, one on the scale of log odds. With a
        positive class, as with `binary`, confidence is the mean probability of that class and accuracy its share.

    Raises:
        LscliError: as `lscli.evaluate`.
    """
    if options.equal_mass and options.compat not in (None, "focal"):
        raise UsageError(
            f"{options.compat} has no bins of equal count", "leave --equal-mass or --compat out", where="compat"
        )
    number = positive_class(options)
    settings = Settings(bins=options.bins, bin_edges=options.bin_edges, compat=options.compat, positive_class=number)
    columns = rule_columns(settings) if number is None else OF_CLASS
    read = reading.read(logits, labels, columns, options, positive_class=number)
    settings = settings._replace(given=read.given)
    rows = [
        Bin(read.source, group, *cells)
        for group, table in read.tables.items()
        for cells in BinnedSamples.of(
            table if number is None else table.of_class(number), settings, equal_mass=options.equal_mass
        ).cells(options.level)
    ]
    used = {"bins": rule_of(settings).params["bins"], "positive_class": number}
    notes = [
        *notes_on_class(number, options.compat),
        *notes_on_clusters(read.all.clusters, read.clusters_by_group),
    ]
    answered = read.answered(options, used, notes)
    meaning = "" if number is None else f"Confidence is the mean probability of class {number}, and accuracy its share."
    return Bins(rows=rows, conclusion=" ".join(filter(None, [meaning, read.map_remark])), **answered)
