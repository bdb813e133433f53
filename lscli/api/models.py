"""Read several models on the same samples."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from lscli.api import reading
from lscli.intervals.pairs import in_common

if TYPE_CHECKING:
    from lscli.api.reading import Reading
    from lscli.metrics.bins import BinRule
    from lscli.options import CheckOptions, CompareOptions, Data
    from lscli.table import SampleTable


class Models(NamedTuple):
    """Models and their samples.

    Attributes:
        names: of the models, the baseline first.
        readings: of each model.
        tables: by group, the samples of each model, on the rows that all models keep.
    """

    names: list[str]
    readings: list[Reading]
    tables: dict[str, list[SampleTable]]


def read_models(
    models: Mapping[str, Data] | Sequence[Data],
    labels: Data | None,
    columns: frozenset[str],
    options: CompareOptions | CheckOptions,
    positive_class: int | None,
    *,
    rule: BinRule | None = None,
    tuple_rule: BinRule | None = None,
    tempered: bool = False,
) -> Models:
    """Read the same columns of each model, and the same sums."""
    named = models if isinstance(models, Mapping) else {}
    readings = [
        reading.read(
            each,
            labels,
            columns | {"row", "label"},
            options,
            rule=rule,
            tuple_rule=tuple_rule,
            against=options,
            positive_class=positive_class,
            tempered=tempered,
        )
        for each in (named.values() if isinstance(models, Mapping) else models)
    ]
    names = [*named] or [each.source for each in readings]
    tables = {}
    for group, first in readings[0].tables.items():
        own = [each.tables[group] for each in readings[1:]]
        for other in own:
            first, _ = in_common(first, other)
        tables[group] = [first, *(in_common(first, other)[1] for other in own)]
    return Models(names, readings, tables)
