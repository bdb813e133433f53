"""The answer of `check`: metrics against their limits."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

from lscli.listings import Listing

# The limits that the representation names.
_FEW = 6

Bound = Literal["max", "min", "max-rise", "max-drop"]


class CheckRow(NamedTuple):
    """A metric against a limit.

    Attributes:
        source: the name of the logits.
        group: the group of samples; empty for all samples.
        metric: its id, with the number after `@` as it was typed.
        value: of the logits; nan if it is not defined.
        ci_low, ci_high: the interval of what is limited: of the value, or of the difference to the baseline.
        bound: the kind of the limit.
        limit: the limit.
        passed: whether the value, or under `strict` its whole interval, is within the limit. Its column is `pass`.
        baseline: of the baseline; nan without one.
        difference: value - baseline.
    """

    source: str
    group: str
    metric: str
    value: float
    ci_low: float
    ci_high: float
    bound: Bound
    limit: float
    passed: bool
    baseline: float = math.nan
    difference: float = math.nan

    @property
    def relative(self) -> bool:
        """Whether the limit is one of the difference to the baseline."""
        return self.bound in ("max-rise", "max-drop")

    @property
    def verdict(self) -> Literal["pass", "FAIL"]:
        """`passed` in a word."""
        return "pass" if self.passed else "FAIL"

    @property
    def missing(self) -> bool:
        """Whether there is no value, or no baseline, that could be within the limit."""
        return math.isnan(self.difference if self.relative else self.value)


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class Checked(Listing):
    """Metrics against their limits, one `CheckRow` per limit and group."""

    rows: Sequence[CheckRow]
    name = "check"
    title = "Check"

    def __repr__(self) -> str:
        verdicts = ", ".join(f"{row.metric} {row.verdict}" for row in self.rows[:_FEW])
        return f"Checked({verdicts}{', ...' * (len(self.rows) > _FEW)})"

    @property
    def columns(self) -> Sequence[str]:
        return tuple("pass" if name == "passed" else name for name in CheckRow._fields)

    def words(self) -> Iterator[Sequence[Any]]:
        at = CheckRow._fields.index("passed")
        return ((*row[:at], row.verdict, *row[at + 1 :]) for row in self.rows)

    @property
    def passed(self) -> bool:
        """Whether every limit is kept."""
        return all(row.passed for row in self.rows)

    @property
    def failures(self) -> list[CheckRow]:
        """The limits that are not kept."""
        return [row for row in self.rows if not row.passed]
