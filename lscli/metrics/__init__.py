"""The catalogue of metrics, a family a file, and the selection of some of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from lscli.errors import UsageError
from lscli.metrics import calibration, classwise, confidence, loss, proper, selective, smoothing
from lscli.metrics.scores import SCORE_COLUMNS
from lscli.text import nearest

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from lscli.metrics.base import Metric, Settings, Value
    from lscli.samples import SampleTable


class Family(NamedTuple):
    """Metrics that answer one question."""

    title: str
    metrics: tuple[Metric, ...]


FAMILIES: dict[str, Family] = {
    "loss": Family("Loss", loss.METRICS),
    "confidence": Family("Accuracy and confidence", confidence.METRICS),
    "calibration": Family("Calibration", calibration.METRICS),
    "classwise": Family("Calibration of every class", classwise.METRICS),
    "proper": Family("Proper scores", proper.METRICS),
    "selective": Family("Ranking by confidence", selective.METRICS),
    "smoothing": Family("Smoothing diagnosis", smoothing.METRICS),
}
METRICS: dict[str, Metric] = {metric.id: metric for family in FAMILIES.values() for metric in family.metrics}
_SETS = ("default", "all")


class Choice(NamedTuple):
    """A metric that was asked for.

    Attributes:
        metric: the metric.
        argument: the number after `@`, or None.
        named: whether it was asked for by its id, so that its absence is worth a word.
    """

    metric: Metric
    argument: float | None = None
    named: bool = False

    @property
    def key(self) -> str:
        """The metric with its argument."""
        return f"{self.metric.id}@{self.argument}"

    def columns(self, settings: Settings) -> frozenset[str]:
        """The columns that it reads; what the selective metrics rank by is a setting."""
        wanted = self.metric.columns
        return wanted - {"score"} | {SCORE_COLUMNS[settings.score]} if "score" in wanted else wanted

    def values(self, table: SampleTable, settings: Settings) -> Sequence[Value]:
        """What the metric gives; nothing where the table lacks a column or the metric does not apply."""
        if not table.has(self.columns(settings)) or (self.metric.by_class and table.classes is None):
            return []
        if self.argument is not None:
            given: Any = (self.argument,) if self.metric.parameter == "eps" else self.argument
            settings = settings._replace(**{self.metric.parameter: given})
        return self.metric.compute(table, settings)


def find(metric_id: str) -> Metric | None:
    """The metric of that id, any `top<k>_accuracy` among them."""
    k = _top_k(metric_id)
    return METRICS.get(metric_id) or (confidence.top_k(k) if k else None)


def family_of(metric_id: str) -> str:
    """The family that a metric's id belongs to."""
    if _top_k(metric_id):
        return "confidence"
    return next(name for name, family in FAMILIES.items() if any(m.id == metric_id for m in family.metrics))


def _top_k(metric_id: str) -> int:
    """The k of `top<k>_accuracy`, 0 for any other id."""
    digits = metric_id.removeprefix("top").removesuffix("_accuracy")
    return int(digits) if digits.isdecimal() and metric_id == f"top{int(digits)}_accuracy" else 0


def select(names: str | Iterable[str]) -> list[Choice]:
    """The metrics that ids, families, `default` and `all` name, in the catalogue's order.

    Args:
        names: comma-separated words, or several of them; `id@number` sets the metric's parameter.

    Raises:
        UsageError: an unknown word (the nearest ones are named), or a parameter that it does not take.
    """
    words = [w.strip() for part in ([names] if isinstance(names, str) else names) for w in part.split(",")]
    chosen: dict[tuple[str, float | None], Choice] = {}
    for word in filter(None, words):
        for choice in _choices(word):
            key = choice.metric.id, choice.argument
            if key not in chosen or choice.named:
                chosen[key] = choice
    if not chosen:
        raise UsageError("no metric is named", "leave --metrics out for the default set")
    order = {metric_id: place for place, metric_id in enumerate(METRICS)}
    return sorted(chosen.values(), key=lambda choice: order.get(choice.metric.id, order["top5_accuracy"]))


def _choices(word: str) -> list[Choice]:
    if word == "default":
        return [Choice(metric) for metric in METRICS.values() if metric.default]
    if word == "all":
        return [Choice(metric) for metric in METRICS.values()]
    if word in FAMILIES:
        return [Choice(metric) for metric in FAMILIES[word].metrics]
    metric_id, at, argument = word.partition("@")
    metric = find(metric_id)
    if metric is None:
        known = [*METRICS, *FAMILIES, *_SETS]
        raise UsageError(f"unknown metric {metric_id!r}", nearest(metric_id, known) or "see lscli metrics")
    if not at:
        return [Choice(metric, named=True)]
    if not metric.parameter:
        raise UsageError(f"{metric_id} takes no parameter", f"write {metric_id} alone")
    return [Choice(metric, parse_share(argument, metric.parameter, f"{metric_id}@"), named=True)]


def parse_share(text: object, name: str, before: str) -> float:
    """An amount of smoothing, a coverage or a risk: finite and in [0, 1]; `before` is how the hint writes one.

    Raises:
        UsageError: it is none.
    """
    try:
        share = float(text)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        share = float("nan")
    if not 0 <= share <= 1:
        raise UsageError(f"must be finite and in [0, 1], got {text}", f"for example {before}0.1", where=name)
    return share
