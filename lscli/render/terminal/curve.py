"""Metrics over a range of eps: one row per eps, one column per metric, and a drawing of the logit gaps."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

from rich import box
from rich.cells import cell_len
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from lscli.intervals.clusters import quantile
from lscli.intervals.normal import band
from lscli.render.numbers import error, interval, interval_title, short
from lscli.render.terminal.table import fitting, not_shown
from lscli.report import by_metric, least_excess
from lscli.text import printable

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rich.console import RenderableType

    from lscli.render.renderers import Screen
    from lscli.report import Report, Row

    Curves = Mapping[str, Mapping[float, Row]]

# A metric with at least this many values of eps is a curve; one with fewer stays in the table of metrics.
_LEAST = 3
_DIFFERENCE, _FLIP = "loss_difference", "loss_flip_eps"
_GAPS = tuple(f"logit_gap_q{percent}" for percent in ("05", "25", "50", "75", "95"))
_MOMENTS = (("mean", "logit_gap_mean"), ("s.d.", "logit_gap_sd"))
_BOUNDS = "interval of the excess"
# The columns in their order; a heading that is wider than the numbers is broken.
_HEADINGS = {
    "loss_smoothed": "smoothed",
    "loss_floor": "floor",
    "loss_excess": "excess",
    _BOUNDS: "excess,\n",  # the level of the interval follows
    "excess_overshoot": "over-\nshoot",
    "excess_undershoot": "under-\nshoot",
    "excess_structure": "structure",
    "logit_gap_optimal": "best\ngap",
    "above_target": "above\ntarget",
    "target_on": "target\non y",
    "target_off": "target\noff y",
}
# The columns that a narrow screen leaves out, the least important first.
_FIRST_TO_GO = (
    *("target_off", "target_on", "logit_gap_optimal", "above_target", "excess_structure"),
    *("excess_undershoot", "excess_overshoot", _BOUNDS, "loss_floor"),
)
_MARK, _LONGEST = "▸", 72


class _Column(NamedTuple):
    heading: str
    cells: Sequence[str]


def curves(rows: Sequence[Row]) -> dict[str, dict[float, Row]]:
    """The rows by eps, for each metric that has enough of them. Bounds are no curve."""
    found: dict[str, dict[float, Row]] = {}
    for row in rows:
        if "eps" in row.params and not row.bound:
            found.setdefault(row.metric, {})[row.params["eps"]] = row
    return {metric: values for metric, values in found.items() if len(values) >= _LEAST}


def undrawn(rows: Sequence[Row]) -> list[Row]:
    """The rows that no drawing of this file shows."""
    drawn = {*curves(rows), _FLIP, *(_GAPS if _quantiles(rows) else ())}
    return [row for row in rows if row.metric not in drawn]


def matrix(answer: Report, rows: Sequence[Row], screen: Screen) -> list[RenderableType]:
    """The curves of one model side by side, and its logit gaps; empty without curves."""
    found = {metric: values for metric, values in curves(rows).items() if metric != _DIFFERENCE}
    if not found:
        return []
    all_eps = sorted({eps for values in found.values() for eps in values})
    least = least_excess(found.get("loss_excess", {}).values())
    marked = None if least is None else all_eps.index(least.params["eps"])
    columns = _columns(answer, found, all_eps, marked)
    shown = _fitting(columns, screen, [*_FIRST_TO_GO, *list(columns)[:0:-1]])
    hidden = [name for name in columns if name not in shown]
    notes = [Text(f"{_MARK} the least excess", style="dim")] * (least is not None)
    notes += [not_shown(hidden)] if hidden else []
    return [
        Text(""),
        *_other_params(found),
        _table(shown, marked),
        *map(_indented, notes),
        *_gap_plot(rows, found, least, screen),
    ]


def differences(answer: Report, rows: Sequence[Row], screen: Screen) -> list[RenderableType]:
    """The difference in loss to the first model at each eps, and where the ranking flips; empty for the first model."""
    values = sorted(curves(rows).get(_DIFFERENCE, {}).items())
    flip = by_metric(rows).get(_FLIP)
    parts: list[RenderableType] = []
    if values:
        columns = {
            "eps": _eps_column([eps for eps, _ in values]),
            "difference": _Column("difference", [short(row.value) for _, row in values]),
            "s.e.": _Column("± s.e.", [error(row.stderr) for _, row in values]),
            "interval": _Column(interval_title(answer), [interval(row.ci_low, row.ci_high) for _, row in values]),
            "sign": _Column("loss is", [_sign(row, answer) for _, row in values]),
        }
        columns = {name: column for name, column in columns.items() if any(column.cells)}
        title = "Smoothed loss less that of {}, on the same samples"
        first = printable(answer.rows[0].source)
        title = title.format(first if cell_len(first) + len(title) <= screen.width else "the first model")
        parts += [_indented(Text(title, style="bold")), _table(_fitting(columns, screen, ["s.e."]))]
    if flip is not None:
        parts.append(_flip(flip, answer))
    return [*parts, Text("")] if parts else []


def _columns(answer: Report, found: Curves, all_eps: Sequence[float], marked: int | None) -> dict[str, _Column]:
    """All columns that have a number, by metric."""
    columns = {"eps": _eps_column(all_eps, marked)}
    for name in [*_HEADINGS, *(name for name in found if name not in _HEADINGS)]:
        values = found.get("loss_excess" if name == _BOUNDS else name, {})
        rows = [values.get(eps) for eps in all_eps]
        heading = _HEADINGS.get(name, name)
        if name == _BOUNDS:
            cells = ["" if row is None else interval(row.ci_low, row.ci_high) for row in rows]
            heading += interval_title(answer)
        else:
            cells = ["" if row is None else short(row.value) for row in rows]
        if any(cells):
            columns[name] = _Column(heading, cells)
    return columns


def _eps_column(all_eps: Sequence[float], marked: int | None = None) -> _Column:
    """All eps with the same number of decimals: 0.00, 0.05, 0.10."""
    words = [f"{eps:g}" for eps in all_eps]
    if not any("e" in word for word in words):
        decimals = max(len(word.partition(".")[2]) for word in words)
        words = [f"{eps:.{decimals}f}" for eps in all_eps]
    return _Column("eps", [f" {_MARK if place == marked else ' '} {word}" for place, word in enumerate(words)])


def _fitting(columns: Mapping[str, _Column], screen: Screen, first_to_go: Sequence[str]) -> dict[str, _Column]:
    """The columns that fit on the screen. The margin takes two characters, and the first column one character less."""
    widths = {name: max(map(len, (*column.heading.split("\n"), *column.cells))) + 2 for name, column in columns.items()}
    return {name: columns[name] for name in fitting(widths, screen.width - 1, first_to_go)}


def _table(columns: Mapping[str, _Column], marked: int | None = None) -> Padding:
    """The columns side by side, with one row marked."""
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, padding=(0, 0, 0, 1), header_style="dim", border_style="dim")
    for column in columns.values():
        table.add_column(column.heading, justify="right", no_wrap=True)
    for place, cells in enumerate(zip(*(column.cells for column in columns.values()), strict=True)):
        table.add_row(*cells, style="bold green" if place == marked else None)
    return _indented(table)


def _indented(part: RenderableType) -> Padding:
    return Padding(part, (0, 0, 0, 2))


def _other_params(found: Curves) -> list[Padding]:
    """One line with the params that follow eps, such as the smoothing convention."""
    params = [param for values in found.values() for row in values.values() for param in row.settings[1:]]
    return [_indented(Text(" ".join(dict.fromkeys(params)), style="dim"))] if params else []


def _quantiles(rows: Sequence[Row]) -> list[float]:
    """Five quantiles of the logit gap; empty if one is missing, or if there are no curves to draw them under."""
    found = by_metric(rows)
    values = [found[name].value for name in _GAPS if name in found and math.isfinite(found[name].value)]
    return values if len(values) == len(_GAPS) and curves(rows) else []


def _gap_plot(rows: Sequence[Row], found: Curves, least: Row | None, screen: Screen) -> list[RenderableType]:
    """The distribution of the logit gaps, and under it the gap that is optimal at each eps.

    A line goes from the 5 % to the 95 % quantile, a bar from the 25 % to the 75 % quantile.
    """
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
    if q05 < q25:
        bar[q05] = "├"
    if q95 > q75:
        bar[q95] = "┤"
    bar[q50] = "│"
    line = Text(f"  {short(low)} {''.join(bar)} {short(high)}")
    parts: list[RenderableType] = [Text(""), _indented(_moments(rows, screen)), line]
    ticks = {place(gap): eps for eps, gap in optima.items()}
    if ticks:
        marks, names = [" "] * length, [" "] * length
        for at in ticks:
            marks[at] = "▴"
        best = None if least is None else least.params["eps"]
        for at in sorted(ticks, key=lambda at: (ticks[at] != best, at)):
            _write(names, at, f"{ticks[at]:g}")
        indent = " " * (len(short(low)) + 3)
        parts.append(Text(f"{indent}{''.join(marks).rstrip()}", style="dim"))
        parts.append(Text(f"{indent}{''.join(names).rstrip()}  <- eps", style="dim"))
    return parts


def _moments(rows: Sequence[Row], screen: Screen) -> Text:
    found = by_metric(rows)
    values = {word: short(found[name].value) for word, name in _MOMENTS if name in found}
    words = [f"{word} {value}" for word, value in values.items() if value]
    title = Text(f"Logit gap: {', '.join(words)}", style="bold")
    legend = Text("─ 5 to 95 %, █ 25 to 75 %, │ median", style="not bold dim")
    beside = title.cell_len + 2 + legend.cell_len <= screen.width - 2
    return title.append("  " if beside else "\n").append_text(legend)


def _write(line: list[str], at: int, word: str) -> None:
    """Write a word into a line, centred at a place, unless it would touch another word."""
    start = max(0, min(at - len(word) // 2, len(line) - len(word)))
    around = line[max(0, start - 1) : start + len(word) + 1]
    if set(around) == {" "}:
        line[start : start + len(word)] = word


def _sign(row: Row, answer: Report) -> str:
    """Whether the loss is smaller or larger than that of the first model; empty if 0 is in the interval."""
    setting = answer.settings.get("level")
    level = setting.value if setting else 0.95
    low, high = band(row, quantile(level, answer.samples.get("clusters", 0)))
    return "smaller" if high < 0 else "larger" if low > 0 else ""


def _flip(row: Row, answer: Report) -> Padding:
    if math.isnan(row.value):
        return _indented(Text("The ranking of the two is the same at every eps between 0 and 1."))
    bounds = "" if math.isnan(row.ci_low) else f", {interval_title(answer)} {interval(row.ci_low, row.ci_high)}"
    spread = f" ± {error(row.stderr)}" if error(row.stderr) else ""
    return _indented(Text.assemble("The ranking flips at eps ", (short(row.value), "bold"), f"{spread}{bounds}"))
