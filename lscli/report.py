"""The answer: tidy rows, and where they come from."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    import pandas as pd
    from numpy.typing import NDArray

SCHEMA = "lscli.report/1"


class Row(NamedTuple):
    """One value of one metric. The fields are the CSV's columns: more may follow, none goes.

    Attributes:
        source: the logits, as named.
        group: the group of samples, empty for all of them.
        metric: the metric's id.
        value: the number; nan where the data do not define it.
        stderr: its standard error; nan where it has none.
        ci_low, ci_high: its interval; nan where none was asked for.
        n: the kept samples, counted by their weights.
        params: what it was computed with, `key=value` joined by `;`.
    """

    source: str
    group: str
    metric: str
    value: float
    stderr: float
    ci_low: float
    ci_high: float
    n: int | float
    params: str


class Setting(NamedTuple):
    """A setting and where its value came from: flag, environment, pyproject, argument or default."""

    value: Any
    origin: str


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class Provenance:
    """Where numbers come from.

    Attributes:
        inputs: of each input its role, path, shape, dtype and size in bytes.
        samples: how many rows there were, and how many were kept, ignored and skipped, or have a masked class.
        settings: name to setting.
        versions: of lscli and of what computed the numbers.
        warnings: what may not be as it was meant.
    """

    inputs: Sequence[Mapping[str, Any]] = ()
    samples: Mapping[str, int] = field(default_factory=dict)
    settings: Mapping[str, Setting] = field(default_factory=dict)
    versions: Mapping[str, str] = field(default_factory=dict)
    warnings: Sequence[str] = ()

    def fields(self) -> dict[str, Any]:
        """The attributes by name, for an answer with this provenance."""
        return {f.name: getattr(self, f.name) for f in fields(Provenance)}

    def described(self, schema: str) -> dict[str, Any]:
        """The object that `-f json` prints, but for the rows."""
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

    `report["ece"]` is a value; `report["loss_smoothed@0.2"]` one of several. Where samples are in
    groups, these are the values of all samples; the groups' own are in the rows.

    Attributes:
        rows: the values, in the catalogue's order.
        conclusion: what the numbers say, in one sentence.
    """

    rows: Sequence[Row]
    conclusion: str = ""

    def __getitem__(self, name: str) -> float:
        """The value of a metric, `id` or `id@number`.

        Raises:
            KeyError: no row of that name, or several; the message lists what there is.
        """
        found = self._found(name)
        if len(found) == 1:
            return found[0].value
        if found:
            several = ", ".join(f"{row.metric}@{_first(row.params)}" for row in found)
            raise KeyError(f"{name} has {len(found)} values: {several}")
        raise KeyError(f"no {name} in this report; it has {', '.join(dict.fromkeys(row.metric for row in self.rows))}")

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and bool(self._found(name))

    def _found(self, name: str) -> list[Row]:
        metric, _, argument = name.partition("@")
        found = [row for row in self.rows if row.metric == metric and not row.group]
        return [row for row in found if not argument or _equal(_first(row.params), argument)]

    def to_frame(self) -> pd.DataFrame:
        """The rows as a pandas DataFrame with the CSV's columns; a missing number is NaN."""
        import pandas as pd

        return pd.DataFrame(list(self.rows), columns=list(Row._fields))

    def to_dict(self) -> dict[str, Any]:
        """The report as the object that `-f json` prints; nan and infinities are None."""
        return {
            **self.described(SCHEMA),
            "conclusion": self.conclusion,
            "rows": [{key: _finite(value) for key, value in row._asdict().items()} for row in self.rows],
        }

    def __repr__(self) -> str:
        shown = ", ".join(f"{row.metric}={row.value:.4g}" for row in self.rows[:4])
        rest = f", ... {len(self.rows)} rows" if len(self.rows) > 4 else ""
        return f"Report({shown}{rest})"

    def _repr_html_(self) -> str:
        frame = self.to_frame()
        empty = [name for name in ("group", "ci_low", "ci_high") if not frame[name].replace("", None).notna().any()]
        return str(frame.drop(columns=empty).to_html(index=False, na_rep="", float_format=lambda x: f"{x:.4g}"))


@dataclass(frozen=True, eq=False)
class Matrix:
    """The rows of a listing whose values are all float64, computed in blocks: tuples to whoever iterates over it.

    Attributes:
        shape: rows and columns of them all.
        blocks: [n, columns] each, in their order; those that stream can be read once.
    """

    shape: tuple[int, int]
    blocks: Iterable[NDArray[Any]]

    def __iter__(self) -> Iterator[tuple[float, ...]]:
        for block in self.blocks:
            yield from map(tuple, block.tolist())


@dataclass(frozen=True, eq=False, repr=False)
class Listing(Provenance):
    """A table of its own, that is no report of metrics.

    Attributes:
        title: what it lists.
        columns: their names, an interface.
        rows: one tuple a line, or a Matrix; those of a table that streams can be read once.
        name: the table's name in its schema.
        conclusion: what it says besides, in one sentence.
    """

    title: str
    columns: Sequence[str]
    rows: Iterable[Sequence[Any]]
    name: str = "listing"
    conclusion: str = ""

    def to_frame(self) -> pd.DataFrame:
        """The rows as a pandas DataFrame with the CSV's columns; a missing number is NaN."""
        import pandas as pd

        if isinstance(self.rows, Matrix):
            parts = [pd.DataFrame(block, columns=list(self.columns)) for block in self.rows.blocks]
            return pd.concat(parts, ignore_index=True)
        return pd.DataFrame(list(self.rows), columns=list(self.columns))


def _first(params: str) -> str:
    """The value of the first parameter, which is the one that follows an `@`."""
    return params.split(";")[0].partition("=")[2]


def _finite(value: Any) -> Any:
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _equal(text: str, argument: str) -> bool:
    try:
        return float(text) == float(argument)
    except ValueError:
        return text == argument
