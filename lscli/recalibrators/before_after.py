"""The answer of `recalibrate`: metrics of test samples before and after a map."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

from lscli.listings import Listing

if TYPE_CHECKING:
    from lscli.recalibrators.calibrator import Calibrator


class BeforeAfterRow(NamedTuple):
    """A metric before and after a map.

    Attributes:
        source: the name of the test logits.
        group: the group of samples; empty for all samples.
        metric: its id.
        before, after: its values.
        difference: after - before.
        ci_low, ci_high: the interval of the difference; nan if it has none.
        p_value: of no difference, from the same distribution as the interval.
        params: the settings of the metric.
    """

    source: str
    group: str
    metric: str
    before: float
    after: float
    difference: float
    ci_low: float
    ci_high: float
    p_value: float
    params: tuple[tuple[str, Any], ...] = ()

    @property
    def named(self) -> str:
        """The params as text, `key=value` each."""
        return ";".join(f"{key}={value}" for key, value in self.params)


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class BeforeAfter(Listing):
    """Metrics before and after a map, one `BeforeAfterRow` per metric and group.

    Attributes:
        calibrator: the map.
        fitted_on: the name of the logits that it was fitted on.
    """

    rows: Sequence[BeforeAfterRow]
    calibrator: Calibrator
    fitted_on: str
    name = "recalibrate"
    title = "Before and after"
    FIXED: ClassVar[tuple[str, ...]] = BeforeAfterRow._fields[:-1]

    @property
    def columns(self) -> Sequence[str]:
        return (*self.FIXED, "params") if self.several else self.FIXED

    @property
    def several(self) -> bool:
        """Whether a metric has several values, which only their params tell apart, such as that of several eps."""
        return len({(row.group, row.metric) for row in self.rows}) < len(self.rows)

    def cells(self) -> Iterator[Sequence[Any]]:
        several = self.several
        return ((*row[:-1], *((row.named,) if several else ())) for row in self.rows)

    def described(self, schema: str) -> dict[str, Any]:
        """The object that `-f json` prints, without the rows: with the calibrator as its file has it."""
        return {**super().described(schema), "calibrator": self.calibrator.to_dict()}
