"""The answer of `compare`: metrics of models against those of the first one."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar, Literal, NamedTuple

from lscli.listings import Listing
from lscli.metrics.of_pairs import OF_PAIRS
from lscli.report import Row, row_objects
from lscli.text import listed, nearest

if TYPE_CHECKING:
    from collections.abc import Container

# Empty for a metric of which no value is better, and for a number that belongs to both models.
Verdict = Literal["better", "worse", "no difference shown", "equivalent", ""]


class ComparisonRow(NamedTuple):
    """A metric of a model and of the baseline.

    Attributes:
        source: the name of the model.
        group: the group of samples; empty for all samples.
        metric: its id.
        value: of the model; or, of a metric that belongs to both models such as kl, its value.
        baseline: of the first model; nan for a metric that belongs to both.
        difference: value - baseline.
        ci_low, ci_high: the interval of the difference, or of the value of a metric that belongs to both.
        p_value: of no difference.
        p_adjusted: p_value, adjusted for the number of models (Holm 1979).
        verdict: what p_adjusted says.
        params: the settings of the metric.
    """

    source: str
    group: str
    metric: str
    value: float
    baseline: float = math.nan
    difference: float = math.nan
    ci_low: float = math.nan
    ci_high: float = math.nan
    p_value: float = math.nan
    p_adjusted: float = math.nan
    verdict: Verdict = ""
    params: Mapping[str, Any] = MappingProxyType({})

    @property
    def named(self) -> str:
        """The params as text, `key=value` each."""
        return ";".join(f"{key}={value}" for key, value in self.params.items())

    @property
    def of_the_pair(self) -> bool:
        """Whether the metric belongs to both models, such as kl, so that it has no baseline."""
        return self.metric in OF_PAIRS

    @property
    def name(self) -> str:
        """The metric with its first param, such as `loss_smoothed@0.1`."""
        return self.as_row(0).name

    def as_row(self, n: float) -> Row:
        """The value of the model as a row of a report of n samples."""
        return Row(self.source, self.group, self.metric, self.value, math.nan, math.nan, math.nan, n, self.params)


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class Comparison(Listing):
    """Models against the first one, one `ComparisonRow` per metric, group and further model.

    Attributes:
        models: the names of the models, the baseline first.
        reports: the rows of a report of each model, without intervals, over the samples that all models keep.
    """

    rows: Sequence[ComparisonRow]
    models: Sequence[str] = ()
    reports: Sequence[Row] = field(default=())
    name = "compare"
    title = "Comparison"
    FIXED: ClassVar[tuple[str, ...]] = ComparisonRow._fields[:-1]

    def __repr__(self) -> str:
        counts = Counter(row.verdict for row in self.rows)
        said = ", ".join(f"{count} {verdict}" for verdict, count in counts.items() if verdict)
        return f"Comparison({len(self.models)} models, {len(self.rows)} differences{said and ': '}{said})"

    @property
    def columns(self) -> Sequence[str]:
        return (*self.FIXED, "params") if self.several else self.FIXED

    @property
    def several(self) -> bool:
        """Whether a metric has several values, which only their params tell apart, such as that of several eps."""
        return len({(row.source, row.group, row.metric) for row in self.rows}) < len(self.rows)

    def cells(self) -> Iterator[Sequence[Any]]:
        several = self.several
        return ((*row[:-1], *((row.named,) if several else ())) for row in self.rows)

    def described(self, schema: str) -> dict[str, Any]:
        """The object that `-f json` prints, without the rows: also the models, and the values of each."""
        return {**super().described(schema), "models": list(self.models), "reports": row_objects(self.reports)}

    def of(self, metric: str, group: str = "") -> list[ComparisonRow]:
        """The rows of a metric, one per further model; `loss_smoothed@0.1` is that of one eps.

        Raises:
            KeyError: the metric or the group is not there; the message lists what is.
        """
        found = [row for row in self.rows if row.group == group and metric in (row.metric, row.name)]
        if not found:
            known = list(dict.fromkeys(row.name for row in self.rows if row.group == group))
            groups = list(dict.fromkeys(row.group for row in self.rows))
            if group not in groups:
                raise KeyError(f"no group {group!r}; there are: {listed(groups)}")
            raise KeyError(f"no {metric!r}; {nearest(metric, known) or f'there are: {listed(known)}'}")
        return found

    def regressions(self, metrics: Container[str] | None = None) -> list[ComparisonRow]:
        """The rows whose verdict is `worse`, of all samples and of each group.

        Args:
            metrics: ids, or `id@number`, of the metrics that count; all unless given.
        """
        return [
            row
            for row in self.rows
            if row.verdict == "worse" and (metrics is None or row.metric in metrics or row.name in metrics)
        ]

    def ordered(self, models: Sequence[str]) -> Comparison:
        """The same with the further models in this order; the baseline stays the first of the models."""
        place = {name: at for at, name in enumerate(models)}
        groups = {name: at for at, name in enumerate(dict.fromkeys(row.group for row in self.reports))}
        return replace(
            self,
            rows=sorted(self.rows, key=lambda row: (groups.get(row.group, 0), place[row.source])),
            reports=sorted(self.reports, key=lambda row: (groups[row.group], place[row.source])),
            models=[*self.models[:1], *(name for name in models if name != self.models[0])],
        )


def values_alone(reports: Sequence[Row], models: Sequence[str]) -> list[ComparisonRow]:
    """The values and differences of the further models, without intervals, p-values and verdicts.

    Args:
        reports: the rows of a report of each model, of one group after the other.
        models: the names, the baseline first.
    """
    seen: Counter[tuple[str, str, str]] = Counter()
    of_first: dict[tuple[str, str, int], float] = {}
    found = []
    for row in reports:
        key = row.group, row.metric, seen[row.source, row.group, row.metric]
        seen[row.source, row.group, row.metric] += 1
        if row.source == models[0]:
            of_first[key] = row.value
            continue
        baseline = of_first.get(key, math.nan)
        same = row.value == baseline  # both may be infinite
        difference = 0.0 if same and math.isfinite(baseline) else row.value - baseline
        found.append(
            ComparisonRow(row.source, row.group, row.metric, row.value, baseline, difference, params=row.params)
        )
    return found
