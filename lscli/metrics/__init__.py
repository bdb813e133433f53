"""The catalogue of metrics, a family a file, and the selection of some of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from lscli.errors import UsageError
from lscli.metrics import calibration, classwise, confidence, excess, loss, paired, proper, selective
from lscli.metrics import logit_statistics as traces
from lscli.metrics import smoothing_diagnosis as smoothing
from lscli.metrics.scores import SCORE_COLUMNS
from lscli.metrics.smoothed_losses import (
    floor_columns,
    gap_columns,
    hard_columns,
    one_label_columns,
    prior_columns,
    target_columns,
    uniform_columns,
)
from lscli.smoothing.checks import check_eps
from lscli.text import nearest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from lscli.metrics.base import Metric, Settings, Value
    from lscli.table import SampleTable


class Family(NamedTuple):
    """Metrics that answer one question."""

    title: str
    metrics: tuple[Metric, ...]


FAMILIES: dict[str, Family] = {
    "loss": Family("Loss", (*loss.METRICS, *excess.METRICS)),
    "confidence": Family("Accuracy and confidence", confidence.METRICS),
    "calibration": Family("Calibration", calibration.METRICS),
    "classwise": Family("Calibration of every class", classwise.METRICS),
    "proper": Family("Proper scores", proper.METRICS),
    "selective": Family("Ranking by confidence", selective.METRICS),
    "smoothing": Family("Smoothing diagnosis", (*smoothing.METRICS, *traces.METRICS)),
    "paired": Family("Against the first model", paired.METRICS),
}
METRICS: dict[str, Metric] = {metric.id: metric for family in FAMILIES.values() for metric in family.metrics}
_SETS = ("default", "all")
# Words among a metric's columns that stand for what the settings make of them.
PLACEHOLDERS: dict[str, Callable[[Settings], frozenset[str]]] = {
    "score": lambda settings: frozenset({SCORE_COLUMNS[settings.score]}),
    "hard": hard_columns,
    "uniform": uniform_columns,
    "prior": prior_columns,
    "targets": target_columns,
    "floor": floor_columns,
    "one_label": one_label_columns,
    "gap_of_targets": gap_columns,
    "paired": paired.paired_columns,
}


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
        """The columns that it reads with these settings."""
        wanted, settings = self.metric.columns, self.settings(settings)
        return (wanted - PLACEHOLDERS.keys()).union(
            *(PLACEHOLDERS[word](settings) for word in PLACEHOLDERS.keys() & wanted)
        )

    def values(self, table: SampleTable, settings: Settings) -> Sequence[Value]:
        """What the metric gives; nothing where the table lacks a column or the metric does not apply."""
        if not table.has(self.columns(settings)) or (self.metric.by_class and table.classes is None):
            return []
        return self.metric.compute(table, self.settings(settings))

    def settings(self, settings: Settings) -> Settings:
        """The settings, with its own argument."""
        if self.argument is None:
            return settings
        given: Any = (self.argument,) if self.metric.parameter == "eps" else self.argument
        return settings._replace(**{self.metric.parameter: given})


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


def select(names: str | Iterable[str], *, allow_negative_eps: bool = False) -> list[Choice]:
    """The metrics that ids, families, `default` and `all` name, in the catalogue's order.

    Args:
        names: comma-separated words, or several of them; `id@number` sets the metric's parameter.
        allow_negative_eps: whether an eps may be below 0.

    Raises:
        UsageError: an unknown word (the nearest ones are named), or a parameter that it does not take.
    """
    words = [w.strip() for part in ([names] if isinstance(names, str) else names) for w in part.split(",")]
    chosen: dict[tuple[str, float | None], Choice] = {}
    for word in filter(None, words):
        for choice in _choices(word, allow_negative_eps):
            key = choice.metric.id, choice.argument
            if key not in chosen or choice.named:
                chosen[key] = choice
    if not chosen:
        raise UsageError("no metric is named", "leave --metrics out for the default set")
    order = {metric_id: place for place, metric_id in enumerate(METRICS)}
    return sorted(chosen.values(), key=lambda choice: order.get(choice.metric.id, order["top5_accuracy"]))


def _choices(word: str, allow_negative_eps: bool) -> list[Choice]:
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
    if metric.parameter == "eps":
        amount = check_eps(argument, allow_negative=allow_negative_eps, before=f"{metric_id}@")
    else:
        parse = parse_rate if metric.parameter == "rho" else parse_share
        amount = parse(argument, metric.parameter, f"{metric_id}@")
    return [Choice(metric, amount, named=True)]


def parse_rate(text: object, name: str, before: str) -> float:
    """A share of labels that were drawn anew: at least 0, below 1; `before` is how the hint writes one.

    Raises:
        UsageError: it is none.
    """
    rate = parse_share(text, name, before)
    if rate == 1:
        raise UsageError("must be below 1, got 1", "of labels that are all drawn anew nothing is known", where=name)
    return rate


def parse_share(text: object, name: str, before: str) -> float:
    """A coverage, a risk or a share of labels: finite and in [0, 1]; `before` is how the hint writes one.

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
