"""LaTeX: a `tabular` with the rules of booktabs, whose numbers siunitx aligns at their decimal points.

The command `input` puts it where the table goes, for example into a `table`. A value with a standard error is one
number, such as 0.9362 +- 0.0035, rounded to the digits of the error.
"""

from __future__ import annotations

import itertools
import math
import re
from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from lscli.decisions.comparison import Comparison
from lscli.render.numbers import cell, interval_title, p_value, remarks, short, with_error
from lscli.text import printable

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from lscli.decisions.comparison import ComparisonRow
    from lscli.listings import Listing
    from lscli.render.renderers import Screen
    from lscli.report import Report, Row

_PACKAGES = "% Needs \\usepackage{booktabs} and \\usepackage{siunitx}.\n"
# `\\` takes a bracket or a star that follows it as its argument, even on the next line; babel gives quotes a meaning.
_ESCAPES = {
    **{sign: f"\\{sign}" for sign in "{}$&#_%"},
    **{sign: f"{{{sign}}}" for sign in "[]*"},
    "\\": r"\textbackslash{}",
    "^": r"\textasciicircum{}",
    "~": r"\textasciitilde{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    "`": r"\textasciigrave{}",
    '"': r"\symbol{34}",
    # Two of these would be printed as one sign.
    **{sign: f"{sign}{{}}" for sign in "-',"},
}
_SPECIAL = re.compile(r"[\\{}$&#_%\[\]*^~<>|`\"]|([-',])(?=\1)")
_NUMBER = re.compile(r"(-?)(\d+)(?:\.(\d+))?(?: \\pm (\d+)(?:\.(\d+))?)?")
# The first rows decide the widths of the columns, because a long listing is not held in memory.
_FIRST = 1000
# How siunitx shows errors; and longer texts are broken into lines.
_ERRORS = {"separate-uncertainty": "true", "table-align-uncertainty": "false"}
_LONG, _BROKEN = 60, "p{8cm}"


class _Column(NamedTuple):
    """A column: its heading, of which siunitx may not take a digit for a number, and whether it is one of numbers."""

    heading: str
    number: bool = False


def report(answer: Report, screen: Screen) -> Iterator[str]:
    """A line for each metric, group by group; several models side by side."""
    sources = list(dict.fromkeys(row.source for row in answer.rows))
    groups = list(dict.fromkeys(row.group for row in answer.rows))
    intervals = any(not math.isnan(row.ci_low) for row in answer.rows)
    several = len(sources) > 1
    columns = [_Column("metric")]
    for source in sources:
        columns.append(_Column(source if several and not intervals else "value", number=True))
        columns += [_Column(interval_title(answer))] * intervals
    lines: list[list[str] | str] = []
    for group in groups:
        own = [row for row in answer.rows if row.group == group]
        if len(groups) > 1:
            lines.append(f"{escape(group) or 'all samples'}, {own[0].n:,} samples")
        for name, rows in _by_name(own).items():
            line = [escape(name)]
            for source in sources:
                line += _measured(rows.get(source), intervals=intervals)
            lines.append(line)
    yield _PACKAGES
    yield from (_comment(f"{entry['role']}: {entry['path']}, {entry['shape']}") for entry in answer.inputs)
    yield from _tabular(columns, lines, sources if several and intervals else ())
    yield from _conclusion(answer.conclusion)


def listing(answer: Listing, screen: Screen) -> Iterator[str]:
    """One table; several of a comparison of more than two models, or with numbers that belong to two models."""
    yield _PACKAGES
    if isinstance(answer, Comparison):
        yield from _comparison(answer)
    elif isinstance(answer.rows, Sequence) and answer.rows:
        yield from _known(answer)
    else:
        rows = iter(answer.cells())
        first = list(itertools.islice(rows, _FIRST))
        numbers = [_numeric(row[place] for row in first) for place in range(len(answer.columns))]
        columns = [_Column(name, number) for name, number in zip(answer.columns, numbers, strict=True)]
        yield from _tabular(columns, ([_text(value) for value in row] for row in itertools.chain(first, rows)))
    yield from _conclusion(answer.conclusion)


def escape(text: str) -> str:
    """Text that LaTeX prints as it is."""
    return _SPECIAL.sub(lambda found: _ESCAPES[found[0]], printable(text))


def _by_name(rows: Iterable[Row]) -> Mapping[str, Mapping[str, Row]]:
    """The rows of each metric with its params, by their source."""
    found: dict[str, dict[str, Row]] = {}
    seen: Counter[tuple[str, str]] = Counter()
    for row in rows:
        name = " ".join([row.metric, *remarks(row)])
        seen[row.source, name] += 1
        name += f" ({seen[row.source, name]})" if seen[row.source, name] > 1 else ""
        found.setdefault(name, {})[row.source] = row
    return found


def _measured(row: Row | None, *, intervals: bool) -> list[str]:
    """The value of a metric with its standard error, and its interval."""
    if row is None:
        return [""] * (1 + intervals)
    value, spread = with_error(row.value, row.stderr)
    return [f"{value} \\pm {spread}" if spread else _aligned(value), *[_interval(row.ci_low, row.ci_high)] * intervals]


def _known(answer: Listing) -> Iterator[str]:
    """The rows under their columns, without those that say nothing; the ends of an interval in one column."""
    names, typed, words = list(answer.columns), list(answer.cells()), list(answer.words())
    number = {name: _numeric(row[place] for row in typed) for place, name in enumerate(names)}
    cells = {name: [_text(row[place], number[name]) for row in words] for place, name in enumerate(names)}
    if len({*cells.get("source", ())}) == 1:
        yield _comment(f"source: {typed[0][names.index('source')]}")
        del cells["source"]
    for place, (low, high) in enumerate(itertools.pairwise(names)):
        if low.endswith("_low") and high == f"{low[:-4]}_high":
            cells[low] = [_interval(row[place], row[place + 1]) for row in typed]
            number[low] = False
            del cells[high]
    titles = {"ci_low": interval_title(answer)}
    shown = {name: texts for name, texts in cells.items() if any(texts)}
    columns = [_Column(titles.get(name, name.replace("_low", " interval")), number[name]) for name in shown]
    yield from _tabular(columns, map(list, zip(*shown.values(), strict=True)))


def _comparison(answer: Comparison) -> Iterator[str]:
    """Two models in one table; of several, their values side by side, then what differs from the baseline."""
    models = list(answer.models)
    metrics = [row for row in answer.rows if not row.of_the_pair]
    pairs = [row for row in answer.rows if row.of_the_pair]
    title = interval_title(answer)
    value = _Column("value", number=True)
    tested = [_Column("difference", number=True), _Column(title), _Column("p", number=True), _Column("verdict")]
    yield _comment(f"baseline: {models[0]}")
    if len(models) == 2:
        columns = [_Column("metric"), *(_Column(name, number=True) for name in models), *tested]
        lines = [(row.group, [*_values(row), *_tested(row)]) for row in metrics]
        yield from _tabular(columns, _grouped(lines))
    else:
        side: dict[tuple[str, str], list[str]] = {}
        for row in metrics:
            line = side.setdefault((row.group, row.name), [*_values(row)[:2], *[""] * (len(models) - 1)])
            line[1 + models.index(row.source)] = _values(row)[2]
        columns = [_Column("metric"), *(_Column(name, number=True) for name in models)]
        yield from _tabular(columns, _grouped((group, line) for (group, _), line in side.items()))
        lines = [(row.group, [escape(row.name), escape(row.source), *_tested(row)]) for row in metrics]
        yield from ("\n", *_tabular([_Column("metric"), _Column("model"), *tested], _grouped(lines)))
    if pairs:
        lines = [
            (row.group, [escape(row.name), escape(row.source), _values(row)[2], _interval(row.ci_low, row.ci_high)])
            for row in pairs
        ]
        yield from ("\n", *_tabular([_Column("metric"), _Column("model"), value, _Column(title)], _grouped(lines)))


def _values(row: ComparisonRow) -> list[str]:
    return [escape(row.name), _aligned(short(row.baseline)), _aligned(short(row.value))]


def _tested(row: ComparisonRow) -> list[str]:
    bounds = _interval(row.ci_low, row.ci_high)
    p = p_value(row.p_adjusted)
    return [_aligned(short(row.difference)), bounds, _aligned(p), escape(row.verdict)]


def _grouped(lines: Iterable[tuple[str, list[str]]]) -> list[list[str] | str]:
    """The lines, those of each group under its name if there are several groups."""
    found = list(lines)
    several = len({group for group, _ in found}) > 1
    grouped: list[list[str] | str] = []
    for group, own in itertools.groupby(found, key=lambda line: line[0]):
        grouped += [escape(group) or "all samples"] * several
        grouped += [line for _, line in own]
    return grouped


def _tabular(columns: Sequence[_Column], lines: Iterable[list[str] | str], above: Sequence[str] = ()) -> Iterator[str]:
    """The table; a line that is a text is the heading of the next ones, and `above` has one for equal parts."""
    rest = iter(lines)
    first = list(itertools.islice(rest, _FIRST))
    cells = [[line[place] for line in first if not isinstance(line, str)] for place in range(len(columns))]
    specs = [_spec(column, texts) for column, texts in zip(columns, cells, strict=True)]
    yield f"\\begin{{tabular}}{{{' '.join(specs)}}}\n\\toprule\n"
    if above:
        span = (len(columns) - 1) // len(above)
        yield (
            " & ".join(["", *(f"\\multicolumn{{{span}}}{{c}}{{{escape(name)}}}" for name in above)]).strip() + " \\\\\n"
        )
        starts = range(2, len(columns), span)
        yield " ".join(f"\\cmidrule(lr){{{start}-{start + span - 1}}}" for start in starts) + "\n"
    yield _line([f"{{{escape(column.heading)}}}" for column in columns]) + "\\midrule\n"
    for place, line in enumerate(itertools.chain(first, rest)):
        if isinstance(line, str):
            yield "\\midrule\n" * (place > 0) + f"\\multicolumn{{{len(columns)}}}{{l}}{{{line}}} \\\\\n"
        else:
            yield _line(line)
    yield "\\bottomrule\n\\end{tabular}\n"


def _line(cells: Sequence[str]) -> str:
    return f"{' & '.join(cells)} \\\\\n"


def _spec(column: _Column, cells: Sequence[str]) -> str:
    """The type of a column: of numbers, one with room for the most digits on either side of the point."""
    if not column.number:
        return _BROKEN if any(len(text) > _LONG for text in cells) else "l"
    found = [number for number in map(_NUMBER.fullmatch, cells) if number is not None]
    if not found:
        return "l"
    sign = "-" * any(number[1] for number in found)
    whole, decimals = (max(len(number[place] or "") for number in found) for place in (2, 3))
    error = max(len(number[5] or number[4] or "") for number in found)
    form = f"{sign}{whole}.{decimals}" + f"({error})" * (error > 0)
    # The signs of errors stand right behind the values; below one another they would touch them.
    more = "".join(f", {key}={value}" for key, value in _ERRORS.items()) if error else ""
    return f"S[table-format={form}{more}]"


def _numeric(values: Iterable[object]) -> bool:
    """Whether these are numbers, some of which may be missing."""
    found = [value for value in values if value is not None and value != "" and value == value]
    return bool(found) and all(isinstance(value, int | float) and not isinstance(value, bool) for value in found)


def _text(value: object, number: bool = True) -> str:
    """A cell of a listing; of a column of numbers, one that is a word stands in braces."""
    if isinstance(value, float):
        return _aligned(short(value))
    text = cell(value)
    return _aligned(text) if number and not isinstance(value, bool) else escape(text)


def _aligned(text: str) -> str:
    """A number for a column of numbers: in braces, which siunitx does not look into, if it has no decimal point."""
    return text if not text or _NUMBER.fullmatch(text) else f"{{{_alone(text)}}}"


def _alone(text: str) -> str:
    """A number in a text."""
    if "inf" in text:
        return "$-\\infty$" if text.startswith("-") else "$\\infty$"
    less, _, number = text.rpartition("< ")
    try:
        float(number)
    except ValueError:
        return escape(text)
    return f"{'$<$ ' if less or text.startswith('<') else ''}\\num{{{number}}}"


def _interval(low: float, high: float) -> str:
    return "" if math.isnan(low) else f"[{_alone(short(low))}, {_alone(short(high))}]"


def _comment(text: str) -> str:
    return f"% {printable(text)}\n"


def _conclusion(text: str) -> Iterator[str]:
    if text:
        yield _comment(" ".join(text.split("\n")))
