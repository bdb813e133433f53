"""Reports: one row per value of a metric, with their provenance."""

from __future__ import annotations

import itertools
import math
from collections import Counter
from dataclasses import dataclass, field, fields, replace
from typing import TYPE_CHECKING, Any, NamedTuple

from lscli.notebook import html_of
from lscli.text import rounded

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, KeysView, Mapping, Sequence

    import pandas as pd

SCHEMA = "lscli.report/1"
# The most rows that a notebook shows: all metrics of one group.
_MOST_ROWS = 100


class Row(NamedTuple):
    """One value of one metric. The fields are the columns of the CSV: later versions may add some, but remove none.

    Attributes:
        source: the name of the logits.
        group: the group of samples; empty for all samples.
        metric: the id of the metric.
        value: the number; nan if the data do not define it.
        stderr: its standard error; nan if it has none.
        ci_low, ci_high: its interval; nan if none was computed.
        n: the number of kept samples, counted by their weights.
        params: the parameters of the metric by name; the first is the one that may follow `@`.
    """

    source: str
    group: str
    metric: str
    value: float
    stderr: float
    ci_low: float
    ci_high: float
    n: int | float
    params: Mapping[str, Any]

    def cells(self) -> tuple[str | float, ...]:
        """The values under the columns of the CSV, params as `key=value;key=value`."""
        return (*self[:-1], ";".join(self.settings))

    @property
    def settings(self) -> list[str]:
        """The params as text, `key=value` each."""
        return [f"{key}={value}" for key, value in self.params.items()]

    @property
    def argument(self) -> Any:
        """The value of the first param, which is the one that follows `@`; None without params."""
        return next(iter(self.params.values()), None)

    @property
    def bound(self) -> str:
        """`lower` or `upper` if the value is a bound; else empty."""
        return str(self.params.get("bound", ""))

    @property
    def name(self) -> str:
        """The metric with its first param and its bound, such as `loss_smoothed@0.1@lower`."""
        words = [self.metric, *([] if self.argument is None else [str(self.argument)]), self.bound]
        return "@".join(dict.fromkeys(filter(None, words)))

    def has(self, argument: str) -> bool:
        """Whether an argument after `@` is the first param or the bound."""
        return not argument or self.bound == argument or _equal(self.argument, argument)


class Setting(NamedTuple):
    """The value of a setting, and its origin: flag, environment, pyproject, argument or default."""

    value: Any
    origin: str


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class Provenance:
    """The origin of the numbers in an answer.

    Attributes:
        inputs: role, path, shape, dtype and size in bytes of each input.
        samples: the number of rows, and how many of them are kept, ignored, skipped or have a masked class; and the
            number of clusters, if samples belong together.
        settings: each setting by name.
        versions: the versions of lscli and of the libraries that computed the numbers.
        warnings: what the user may not have intended.
    """

    inputs: Sequence[Mapping[str, Any]] = ()
    samples: Mapping[str, int] = field(default_factory=dict)
    settings: Mapping[str, Setting] = field(default_factory=dict)
    versions: Mapping[str, str] = field(default_factory=dict)
    warnings: Sequence[str] = ()

    def fields(self) -> dict[str, Any]:
        """The attributes by name, as keywords of an answer with this provenance."""
        return {f.name: getattr(self, f.name) for f in fields(Provenance)}

    def with_test(self, test: Provenance) -> Provenance:
        """This provenance with the inputs, the counts and the further warnings of test samples."""
        return replace(
            self,
            inputs=[*self.inputs, *({**each, "role": f"test {each['role']}"} for each in test.inputs)],
            samples={**self.samples, **{f"test_{name}": count for name, count in test.samples.items()}},
            warnings=[*self.warnings, *(note for note in test.warnings if note not in self.warnings)],
        )

    def warned(self) -> list[str]:
        """The warnings, as paragraphs."""
        return [f"Warning: {note}" for note in self.warnings]

    def described(self, schema: str) -> dict[str, Any]:
        """The object that `-f json` prints, without the rows."""
        return {
            "schema": schema,
            "lscli": self.versions.get("lscli", ""),
            "inputs": [dict(entry) for entry in self.inputs],
            "settings": {name: {"value": s.value, "from": s.origin} for name, s in self.settings.items()},
            "samples": dict(self.samples),
            "versions": dict(self.versions),
            "warnings": list(self.warnings),
        }


@dataclass(frozen=True, eq=False, repr=False)
class Report(Provenance):
    """Metrics of one or more sources, with their provenance.

    `report["ece"]` is a value; `report["loss_smoothed@0.2"]` is one of several. If a value is known only within bounds,
    they are `report["entropy_mean@lower"]` and `report["entropy_mean@upper"]`. With groups, these are the values of all
    samples; `rows` also has the values of each group. A report can be read like a dict: it iterates over the names of
    its values, and `dict(report)` has them all.

    Attributes:
        rows: the values, in the order in which the metrics were named; those of a family are in the catalogue's order.
        conclusion: a sentence about the numbers.
    """

    rows: Sequence[Row]
    conclusion: str = ""

    def __getitem__(self, name: str) -> float:
        """The value of a metric, `id` or `id@number`, or one of its bounds.

        Raises:
            KeyError: the report has no row of that name, or several; the message lists what it has.
        """
        found = self._found(name)
        if len(found) == 1:
            return found[0].value
        if found:
            several = ", ".join(row.name for row in found)
            raise KeyError(f"{name} has {len(found)} values: {several}")
        raise KeyError(f"no {name} in this report; it has {', '.join(dict.fromkeys(row.metric for row in self.rows))}")

    def __contains__(self, name: object) -> bool:
        """Whether the report has a value of this name, or several, of which `@` and a number select one."""
        return bool(self._found(name))

    def __iter__(self) -> Iterator[str]:
        """The names of the values of all samples, in order: `id`, or `id@number` where a metric has several.

        Values of groups, and of the several models of a sweep, have no name of their own and are left out; `rows` has
        them all.
        """
        return (
            name for name, count in Counter(_names([row for row in self.rows if not row.group])).items() if count == 1
        )

    def __len__(self) -> int:
        """The number of names."""
        return sum(1 for _ in self)

    def keys(self) -> KeysView[str]:
        """The names of the values, as `dict(report)` takes them."""
        return dict.fromkeys(self, None).keys()

    def values(self) -> list[float]:
        """The values in the order of their names."""
        return [self[name] for name in self]

    def items(self) -> list[tuple[str, float]]:
        """The names with their values."""
        return [(name, self[name]) for name in self]

    def get(self, name: str, default: float | None = None) -> float | None:
        """The value of this name, or a default if the report has none."""
        found = self._found(name)
        return found[0].value if len(found) == 1 else default

    def _found(self, name: object) -> list[Row]:
        if not isinstance(name, str):
            return []
        metric, *arguments = name.split("@")
        found = [row for row in self.rows if row.metric == metric and not row.group]
        return [row for row in found if all(row.has(argument) for argument in arguments)]

    def to_frame(self) -> pd.DataFrame:
        """The rows as a pandas DataFrame with the columns of the CSV; a missing number is NaN."""
        import pandas as pd

        return pd.DataFrame([row.cells() for row in self.rows], columns=list(Row._fields))

    def to_dict(self) -> dict[str, Any]:
        """The report as the object that `-f json` prints; nan and infinities are None."""
        return {
            **self.described(SCHEMA),
            "conclusion": self.conclusion,
            "rows": row_objects(self.rows),
        }

    def __repr__(self) -> str:
        named = zip(_names(self.rows), self.rows, strict=True)
        shown = ", ".join(f"{name}={rounded(row.value, 4)}" for name, row in itertools.islice(named, 4))
        rest = f", ... {len(self.rows)} rows" if len(self.rows) > 4 else ""
        return f"Report({shown}{rest})"

    def _repr_html_(self) -> str:
        rows = [row.cells() for row in self.rows]
        empty = {"group", "ci_low", "ci_high"}
        columns = [
            place
            for place, name in enumerate(Row._fields)
            if name not in empty or any(row[place] != "" and row[place] == row[place] for row in rows)
        ]
        names = [Row._fields[place] for place in columns]
        shown = ([row[place] for place in columns] for row in rows)
        return html_of("", names, shown, len(rows), [self.conclusion, *self.warned()], _MOST_ROWS)


def _names(rows: Sequence[Row]) -> list[str]:
    """The name of each row: its metric, with the argument and the bound where the rows have several of the metric."""
    several = Counter(row.metric for row in rows)
    return [row.name if row.bound or several[row.metric] > 1 else row.metric for row in rows]


def by_metric(rows: Sequence[Row]) -> dict[str, Row]:
    """The first row of each metric."""
    return {row.metric: row for row in reversed(rows)}


def rows_by_source(rows: Sequence[Row]) -> Iterator[tuple[str, list[Row]]]:
    """Each source with its rows, in the order of the rows."""
    for source in dict.fromkeys(row.source for row in rows):
        yield source, [row for row in rows if row.source == source]


def least_excess(rows: Iterable[Row]) -> Row | None:
    """The row with the smallest finite `loss_excess`; the first one of equals."""
    found = [row for row in rows if row.metric == "loss_excess" and math.isfinite(row.value)]
    return min(found, key=lambda row: row.value, default=None)


def row_objects(rows: Iterable[Row]) -> list[dict[str, Any]]:
    """The rows as `-f json` prints them; nan and infinities are None."""
    return [{key: _finite(value) for key, value in zip(Row._fields, row.cells(), strict=True)} for row in rows]


def _finite(value: Any) -> Any:
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _equal(value: Any, argument: str) -> bool:
    try:
        return float(value) == float(argument)
    except (TypeError, ValueError):
        return str(value) == argument
