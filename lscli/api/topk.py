"""What top-k log-probabilities mean for an answer: what cannot be combined with them, and what they leave out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lscli.errors import UsageError
from lscli.table import bound

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lscli.io.topk import TopK
    from lscli.options import ReadingOptions, TargetOptions
    from lscli.scan.scan import Scan


def check_targets(options: TargetOptions) -> None:
    """Refuse targets whose losses need the log-probability of every class.

    Raises:
        UsageError: a prior or class weights were given.
    """
    what = "needs the log-probabilities of all classes, not the top k"
    if options.prior is not None:
        raise UsageError(what, "leave out --prior", where="prior")
    if options.class_weights is not None:
        raise UsageError(what, "leave out --class-weights", where="class-weights")


def kind(options: ReadingOptions) -> str:
    """The kind of the values. Logits do not show the probability outside the top k, so log-probs is the default."""
    return "probs" if options.kind == "probs" else "log-probs"


def described(topk: TopK, result: Scan | None) -> dict[str, Any]:
    """The further fields of the entry of top-k log-probabilities in the provenance of a report."""
    known: dict[str, Any] = {"shape": [topk.shape[0], topk.kept], "classes": topk.shape[1]}
    if result is not None and result.tail is not None:
        count = max(len(result.table), 1)
        known |= {"tail_mass": result.tail.mass, "labels_outside": result.tail.outside / count}
    return known


def notes(topk: TopK, result: Scan) -> Iterator[str]:
    """A warning if losses are unknown: the label is not among the top k, and its log-probability is not given.

    It is given only if the answer depends on them.
    """
    bounded = any(bound(name, "lower") in result.table.columns for name in _OF_LABEL)
    if bounded and result.tail is not None and result.tail.unknown:
        yield (
            f"{topk.name}: the labels of {result.tail.unknown} of {len(result.table)} samples are not among the top "
            f"{topk.kept}, and their losses are not known: if the file has the labels' own log-probabilities, say "
            "--label-log-probs KEY"
        )


_OF_LABEL = ("loss_hard", "label_prob", "log_not_label")


def remark(topk: TopK, result: Scan) -> str:
    """A sentence on what the k leave out, for the conclusion of a report."""
    if result.tail is None:
        return ""
    rest = f"{100 * result.tail.mass:.3g} % of the probability on average"
    labels = f"the labels of {result.tail.outside:,} of {len(result.table):,} samples"
    bounded = any("@" in name for name in result.table.columns)
    end = ": metrics that depend on these have bounds" if bounded else ""
    return f"The top {topk.kept} of {topk.shape[1]:,} classes leave out {rest} and {labels}{end}."
