"""Metrics over a range of eps: a matrix with eps down and metrics across, and the logit gaps against their optima."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

from rich.padding import Padding
from rich.text import Text

from lscli.intervals.normal import band
from lscli.render.numbers import error, interval, interval_title, short
from lscli.text import printable

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from lscli.render.renderers import Screen
    from lscli.report import Report, Row

    Curves = Mapping[str, Mapping[float, Row]]

# So many values of eps make a curve; fewer are rows among the others.
_LEAST = 3
_PAIRED, _FLIP = "loss_difference", "loss_flip_eps"
_GAPS = tuple(f"logit_gap_q{percent}" for percent in ("05", "25", "50", "75", "95"))
_BOUNDS = "interval of the excess"
# Columns in their order, on two lines where one is wider than its numbers.
_HEADINGS = {
    "loss_smoothed": "smoothed",
    "loss_floor": "floor",
    "loss_excess": "excess",
    _BOUNDS: "",
    "excess_overshoot": "over-\nshoot",
    "excess_undershoot": "under-\nshoot",
    "excess_structure": "structure",
    "logit_gap_optimal": "best\ngap",
    "above_target": "above\ntarget",
    "target_on": "target\non y",
    "target_off": "target\noff y",
}
# What a narrow screen does without, from the first on.
_FIRST_TO_GO = (
    *("target_off", "target_on", "logit_gap_optimal", "above_target", "excess_structure"),
    *("excess_undershoot", "excess_overshoot", _BOUNDS, "loss_floor"),
)
_MARK, _LONGEST = "▸", 72


class Column(NamedTuple):
    """A column of a matrix: its metric, the lines of its heading, and a cell for each eps."""

    metric: str
    heading: list[str]
    cells: list[str]

    @property
    def width(self) -> int:
        return 2 + max(map(len, (*self.heading, *self.cells)))


def curves(rows: Sequence[Row]) -> dict[str, dict[float, Row]]:
    """The row of each eps, for each metric that has several."""
    found: dict[str, dict[float, Row]] = {}
    for row in rows:
        if "eps" in row.params:
            found.setdefault(row.metric, {})[row.params["eps"]] = row
    return {metric: values for metric, values in found.items() if len(values) >= _LEAST}


def beside(rows: Sequence[Row]) -> list[Row]:
    """The rows that the drawings leave to a table."""
    drawn = {*curves(rows), _FLIP, *(_GAPS if _quantiles(rows) else ())}
    return [row for row in rows if row.metric not in drawn]


def matrix(answer: Report, rows: Sequence[Row], screen: Screen) -> list[Any]:
    """The curves of one model side by side, and its logit gaps."""
    found = {metric: values for metric, values in curves(rows).items() if metric != _PAIRED}
    if not found:
        return []
    all_eps = sorted({eps for values in found.values() for eps in values})
    least = _least(found)
    columns = [
        _eps_column(all_eps, least),
        *_columns(answer, found, all_eps),
    ]
    columns, hidden = _fitting(columns, screen.width - 2, [*_FIRST_TO_GO, *(c.metric for c in columns[:3:-1])])
    parts: list[Any] = [Text(""), *_told(found), *_laid_out(columns, [] if least is None else [all_eps.index(least)])]
    notes = [f"{_MARK} the least excess"] * (least is not None)
    notes += [f"not shown here, but in -f csv: {', '.join(hidden)}"] * bool(hidden)
    parts.extend(_indented(Text(note, style="dim")) for note in notes)
    return [*parts, *_gap_plot(rows, found, least, screen)]


def paired(answer: Report, rows: Sequence[Row], screen: Screen) -> list[Any]:
    """The difference to the first model at each eps, and where the ranking flips; nothing for the first itself."""
    found, (flip, *_) = curves(rows).get(_PAIRED, {}), [*(row for row in rows if row.metric == _FLIP), None]
    parts: list[Any] = []
    if found:
        all_eps = sorted(found)
        values = [found[eps] for eps in all_eps]
        columns = [
            _eps_column(all_eps, None),
            Column(_PAIRED, ["difference"], [short(row.value) for row in values]),
            Column("s.e.", ["± s.e."], [error(row.stderr) for row in values]),
            Column("", [interval_title(answer)], [interval(row.ci_low, row.ci_high) for row in values]),
            Column("", ["loss is"], [_sign(row, answer) for row in values]),
        ]
        columns, _ = _fitting([column for column in columns if any(column.cells)], screen.width - 2, ["s.e."])
        title = f"Smoothed loss less that of {printable(answer.rows[0].source)}, on the same samples"
        parts += [_indented(Text(title, style="bold cyan")), *_laid_out(columns, [])]
    if flip is not None:
        parts.append(_flip(flip, answer))
    return [*parts, Text("")] if parts else []


def _columns(answer: Report, found: Curves, all_eps: Sequence[float]) -> list[Column]:
    names = [*(name for name in _HEADINGS if name in found or name == _BOUNDS), *(found.keys() - _HEADINGS.keys())]
    columns = []
    for name in names:
        values = found.get("loss_excess" if name == _BOUNDS else name, {})
        cells = [values.get(eps) for eps in all_eps]
        if name == _BOUNDS:
            texts = ["" if row is None else interval(row.ci_low, row.ci_high) for row in cells]
            heading = ["excess,", interval_title(answer)]
        else:
            texts = ["" if row is None else short(row.value) for row in cells]
            heading = _HEADINGS.get(name, name).split("\n")
        if any(texts):
            columns.append(Column(name, heading, texts))
    return columns


def _fitting(columns: Sequence[Column], room: int, first_to_go: Sequence[str]) -> tuple[list[Column], list[str]]:
    """The columns that fit, and the metrics of those that do not."""
    hidden = set[str]()

    def needed() -> int:
        return sum(column.width for column in columns if column.metric not in hidden)

    for name in first_to_go:
        if needed() > room:
            hidden.add(name)
    # A narrow column may fit in the place of a wide one that went after it.
    for name in reversed(first_to_go):
        hidden.discard(name)
        if needed() > room:
            hidden.add(name)
    kept = [column for column in columns if column.metric not in hidden]
    return kept, [column.metric for column in columns if column.metric in hidden]


def _eps_column(all_eps: Sequence[float], marked: float | None) -> Column:
    """As many decimals for all: 0.00, 0.05, 0.10."""
    plain = [f"{eps:g}" for eps in all_eps]
    digits = max(len(word.partition(".")[2]) for word in plain)
    if not any("e" in word for word in plain):
        plain = [f"{eps:.{digits}f}" for eps in all_eps]
    return Column(
        "", ["eps"], [f"{_MARK if eps == marked else ' '} {w}" for eps, w in zip(all_eps, plain, strict=True)]
    )


def _indented(text: Text) -> Padding:
    """A line of words, which may be wrapped."""
    return Padding(text, (0, 0, 0, 2))


def _laid_out(columns: Sequence[Column], marked: Sequence[int]) -> list[Text]:
    height = max(len(column.heading) for column in columns)
    lines = []
    for place in range(height):
        above = [[""] * (height - len(column.heading)) + column.heading for column in columns]
        words = (lines_of[place].rjust(c.width) for lines_of, c in zip(above, columns, strict=True))
        lines.append(Text(f"  {''.join(words)}".rstrip(), style="dim"))
    lines.append(Text(f"  {'─' * sum(column.width for column in columns)}", style="dim"))
    for place in range(len(columns[0].cells)):
        line = "".join(column.cells[place].rjust(column.width) for column in columns)
        lines.append(Text(f"  {line}".rstrip(), style="bold green" if place in marked else ""))
    return lines


def _told(found: Curves) -> list[Text]:
    """What all of it was computed with, besides eps."""
    params = [param for values in found.values() for row in values.values() for param in row.settings[1:]]
    return [Text(f"  {' '.join(dict.fromkeys(params))}", style="dim")] if params else []


def _least(found: Curves) -> float | None:
    """The eps of the smallest finite excess."""
    finite = {eps: row.value for eps, row in found.get("loss_excess", {}).items() if math.isfinite(row.value)}
    return min(finite, key=lambda eps: finite[eps], default=None)


def _quantiles(rows: Sequence[Row]) -> list[float]:
    """Five quantiles of the logit gap where all are there, of rows that have a curve."""
    values = {row.metric: row.value for row in rows}
    found = [values.get(name, math.nan) for name in _GAPS]
    return found if all(map(math.isfinite, found)) and curves(rows) else []


def _gap_plot(rows: Sequence[Row], found: Curves, least: float | None, screen: Screen) -> list[Any]:
    """Where the logit gaps lie, over those that each eps asks for: a line to 5 and 95 %, a bar to 25 and 75 %."""
    quantiles = _quantiles(rows)
    if not quantiles:
        return []
    optima = {eps: row.value for eps, row in found.get("logit_gap_optimal", {}).items() if math.isfinite(row.value)}
    low, high = min(*quantiles, *optima.values()), max(*quantiles, *optima.values())
    length = max(20, min(_LONGEST, screen.width - len(short(low)) - len(short(high)) - 6))

    def place(gap: float) -> int:
        return round((gap - low) / (high - low or 1.0) * (length - 1))

    q05, q25, q50, q75, q95 = map(place, quantiles)
    bar = ["─" if q05 <= at <= q95 else " " for at in range(length)]
    bar[q25 : q75 + 1] = "█" * (q75 + 1 - q25)
    bar[q05], bar[q95], bar[q50] = ("├" if q05 < q25 else bar[q05]), ("┤" if q95 > q75 else bar[q95]), "│"
    indent = " " * (len(short(low)) + 3)
    parts: list[Any] = [
        Text(""),
        _indented(_moments(rows)),
        Text(f"  {short(low)} {''.join(bar)} {short(high)}"),
    ]
    ticks = {place(gap): eps for eps, gap in optima.items()}
    if ticks:
        marks, names = [" "] * length, [" "] * length
        for at in ticks:
            marks[at] = "▴"
        for at in sorted(ticks, key=lambda at: (ticks[at] != least, at)):
            _write(names, at, f"{ticks[at]:g}")
        parts.append(Text(f"{indent}{''.join(marks).rstrip()}", style="dim"))
        parts.append(Text(f"{indent}{''.join(names).rstrip()}  <- eps", style="dim"))
    return parts


def _moments(rows: Sequence[Row]) -> Text:
    values = {row.metric: short(row.value) for row in rows}
    words = [f"{word} {values[name]}" for word, name in _MOMENTS if values.get(name)]
    title = (f"Logit gap: {', '.join(words)}", "bold cyan")
    return Text.assemble(title, ("  ─ 5 to 95 %, █ 25 to 75 %, │ median", "dim"))


_MOMENTS = (("mean", "logit_gap_mean"), ("s.d.", "logit_gap_sd"))


def _write(line: list[str], at: int, word: str) -> None:
    """Put a word into a line with its middle at a place, unless another one is there."""
    start = max(0, min(at - len(word) // 2, len(line) - len(word)))
    around = line[max(0, start - 1) : start + len(word) + 1]
    if set(around) == {" "}:
        line[start : start + len(word)] = word


def _sign(row: Row, answer: Report) -> str:
    """Whether the loss is smaller or larger than the first's, where its interval says so."""
    setting = answer.settings.get("level")
    low, high = band(row, setting.value if setting else 0.95)
    return "smaller" if high < 0 else "larger" if low > 0 else ""


def _flip(row: Row, answer: Report) -> Padding:
    if math.isnan(row.value):
        return _indented(Text("The ranking of the two is the same at every eps between 0 and 1."))
    bounds = "" if math.isnan(row.ci_low) else f", {interval_title(answer)} {interval(row.ci_low, row.ci_high)}"
    spread = f" ± {error(row.stderr)}" if error(row.stderr) else ""
    return _indented(Text.assemble("The ranking flips at eps ", (short(row.value), "bold"), f"{spread}{bounds}"))
