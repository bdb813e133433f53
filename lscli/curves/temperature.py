"""The mean nll against the temperature that divides the logits, with the best one."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

from lscli.curves.chart import Curve, Source
from lscli.curves.needed import check_needed
from lscli.errors import UsageError, warn
from lscli.metrics.base import mean

if TYPE_CHECKING:
    from lscli.metrics.base import Settings


class TemperaturePoint(NamedTuple):
    """A temperature T.

    Attributes:
        temperature: the logits are divided by it.
        loss: the mean nll of the samples.
    """

    temperature: float
    loss: float


def _compute(given: Source) -> tuple[list[TemperaturePoint], dict[str, float], str]:
    """The curve of a table.

    Raises:
        UsageError: the samples have no logits of all classes, or the models keep different rows.
    """
    table, found = given.table, given.table.tempered
    check_needed(table, "temperature", "logits of all classes", frozenset({"loss_hard"}))
    before = mean(table, table["loss_hard"]).value
    if found is None:
        raise UsageError(f"temperature has no curve: {table.lacks}", "draw --chart reliability", where="chart")
    points = [TemperaturePoint(*point) for point in found.curve]
    after = next((point.loss for point in points if point.temperature == found.temperature), math.nan)
    facts = {"temperature": found.temperature, "stderr": found.stderr, "loss": after, "before": before}
    if found.why:
        warn(found.why)
    return points, facts, found.why


def _columns(settings: Settings) -> frozenset[str]:
    return frozenset({"loss_hard"})


CURVE = Curve(TemperaturePoint, _columns, _compute, tempered="curve")
