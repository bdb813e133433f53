"""What top-k log-probabilities mean for an answer: what cannot be combined with them, and what they leave out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lscli.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lscli.io.topk import TopK
    from lscli.options import ReadingOptions, TargetOptions
    from lscli.scan.scan import Scan
    from lscli.scan.topk import Tail


def check_targets(options: TargetOptions) -> None:
    """Refuse targets whose losses need the log-probability of every class.

    Raises:
        UsageError: a prior or class weights were given.
    """
    for name in ("prior", "class_weights"):
        if getattr(options, name) is not None:
            flag = name.replace("_", "-")
            what = "needs the log-probabilities of all classes, not the top k"
            raise UsageError(what, f"leave out --{flag}", where=flag)


def kind(options: ReadingOptions) -> str:
    """What the values are. Logits without their normaliser leave no tail, so the default is log-probabilities."""
    return "probs" if options.kind == "probs" else "log-probs"


def described(topk: TopK, result: Scan | None) -> dict[str, Any]:
    """The further fields of the entry of top-k log-probabilities in the provenance of a report."""
    known: dict[str, Any] = {"shape": [topk.shape[0], topk.kept], "classes": topk.shape[1]}
    if result is not None and result.tail is not None:
        count = max(len(result.table), 1)
        known |= {"tail_mass": result.tail.mass, "labels_outside": result.tail.outside / count}
    return known


def notes(topk: TopK, tail: Tail, count: int) -> Iterator[str]:
    """A note on the probability that the k leave out, and on the labels that are not among them."""
    told = f"{topk.name}: the top {topk.kept} of {topk.shape[1]} classes leave out {_percent(tail.mass)} of the "
    told += (
        f"probability on average and the labels of {tail.outside} of {count} samples: what depends on these has bounds"
    )
    if tail.unknown:
        told += "; if the file has the labels' own log-probabilities, say --label-log-probs KEY"
    yield told


def _percent(share: float) -> str:
    return f"{100 * share:.3g} %"
