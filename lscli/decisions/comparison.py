"""The answer of `compare`: metrics of models against those of the first one."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar, Literal, NamedTuple

from lscli.listings import Listing

if TYPE_CHECKING:
    from lscli.report import Row

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
