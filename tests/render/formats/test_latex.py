r"""LaTeX tables: every line has the same cells, and no character of a name means anything.

No test runs LaTeX. What is checked is what it would stop at: a bare special character, a line of other cells, an
unequal number of braces, and text in a column that siunitx reads.
"""

from __future__ import annotations

import re

import numpy as np
import pytest

import lscli
from lscli.listings import Listing
from lscli.render.formats.latex import escape
from lscli.report import Report, Setting
from lscli.text import printable
from tests.command import LABELS, LOGITS
from tests.render.reports import LISTING, NAMES, ROWS, report, row, smoothed, text_of

MEANINGS = {
    r"\textbackslash{}": "\\",
    r"\textasciicircum{}": "^",
    r"\textasciitilde{}": "~",
    r"\textless{}": "<",
    r"\textgreater{}": ">",
    r"\textbar{}": "|",
    r"\textasciigrave{}": "`",
    r"\symbol{34}": '"',
    **{f"\\{sign}": sign for sign in "{}$&#_%"},
    **{f"{{{sign}}}": sign for sign in "[]*"},
    **{f"{sign}{{}}": sign for sign in "-',"},
}
_MEANING = re.compile("|".join(re.escape(each) for each in sorted(MEANINGS, key=len, reverse=True)))
_NUMBER = re.compile(r"|-?\d+(\.\d+)?( \\pm \d+(\.\d+)?)?|\{.*\}")


def shown(text: str) -> str:
    """What LaTeX prints for an escaped text; no character that means something may stand bare."""
    bare = _MEANING.sub("", text)
    assert set() == set('\\{}$&#_%[]*^~<>|`"') & set(bare), text
    return _MEANING.sub(lambda found: MEANINGS[found[0]], text)


def tables(text: str) -> list[list[list[str]]]:
    """The cells of each table; its lines end alike, its braces are equal, its columns of numbers hold numbers."""
    found = []
    for block in text.split("\\begin{tabular}{")[1:]:
        body, rest = block.split("\\end{tabular}")
        assert [] == [line for line in rest.splitlines() if line and line[0] != "%"]
        spec, *lines = body.splitlines()
        assert (["\\toprule"], ["\\bottomrule"]) == (lines[:1], lines[-1:])
        kinds = re.findall(r"S\[[^]]*\]|l|p\{[^}]*\}", spec)
        rows = [line for line in lines if line.endswith(" \\\\") and "\\multicolumn" not in line]
        cells = [line.removesuffix(" \\\\").split(" & ") for line in rows]
        assert [len(kinds)] * len(cells) == [len(line) for line in cells]
        for kind, *column in zip(kinds, *cells[1:], strict=True):
            assert [] == [text for text in column if kind[0] == "S" and not _NUMBER.fullmatch(text)]
        for line in lines:
            depth = re.sub(r"\\[{}]", "", line)
            assert depth.count("{") == depth.count("}"), line
        found.append(cells)
    assert text.startswith("% Needs \\usepackage{booktabs} and \\usepackage{siunitx}.\n")
    return found


@pytest.mark.parametrize("name", [*NAMES, "a--b,,c''d", '"x"', "100 % of #1 & $2_{3}^4~\\input{x}", "[x]", "*"])
def test_a_name_is_printed_as_it_is(name: str) -> None:
    assert printable(name) == shown(escape(name))
    (cells,) = tables(text_of(Report([row(source=name), row(source="b")]), "latex"))
    assert f"{{{escape(name)}}}" == cells[0][1]


@pytest.mark.parametrize("name", NAMES)
def test_a_group_has_its_heading_and_comments_stay_comments(name: str) -> None:
    text = text_of(report(name, [*ROWS, row(group=name, params={"x": name})]), "latex")
    assert f"\\multicolumn{{3}}{{l}}{{{escape(name)}, 5,000 samples}} \\\\\n" in text
    assert f"% logits: {printable(name)}, [5000, 10]\n" in text
    tables(text)


def test_a_value_has_the_decimals_of_its_standard_error() -> None:
    (cells,) = tables(text_of(report(), "latex"))
    found = {name: value for name, value, *_ in cells[1:]}
    assert r"0.283 \pm 0.019" == found[r"loss\_hard"]
    assert r"1.853 \pm 0.017" == found[r"loss\_smoothed eps=0.1"]
    assert ("3.400", r"{$\infty$}", r"{$-\infty$}") == (
        found[r"loss\_smoothed eps=0.2"],
        found[r"loss\_uniform"],
        found[r"eps\_gap"],
    )
    assert ("", r"{\num{1.000e+10}}") == (found["ece"], found["gamma"])


def test_an_interval_has_two_ends_under_its_level() -> None:
    settings = {"level": Setting(0.9, "flag")}
    text = text_of(Report([row(ci_low=-0.25, ci_high=1 / 3)], settings=settings), "latex")
    (cells,) = tables(text)
    assert ["{metric}", "{value}", "{90 \\% interval}"] == cells[0]
    assert ["ece", "0.1000", r"[\num{-0.2500}, \num{0.3333}]"] == cells[1]


def test_models_stand_side_by_side() -> None:
    loss = row("loss_smoothed", 1.25, params={"eps": 0.1})
    text = text_of(Report([loss, loss._replace(source="b_c.npy", stderr=0.034)]), "latex")
    (cells,) = tables(text)
    assert [
        ["{metric}", "{logits.npy}", "{b\\_c.npy}"],
        ["loss\\_smoothed eps=0.1", "1.250", r"1.250 \pm 0.034"],
    ] == cells
    with_bounds = [each._replace(ci_low=0.0, ci_high=1.0) for each in (loss, loss._replace(source="b_c.npy"))]
    text = text_of(Report(with_bounds), "latex")
    assert "& \\multicolumn{2}{c}{logits.npy} & \\multicolumn{2}{c}{b\\_c.npy} \\\\\n" in text
    assert "\\cmidrule(lr){2-3} \\cmidrule(lr){4-5}\n" in text
    assert 5 == len(tables(text)[0][0])


def test_a_listing_of_any_kind_is_a_table() -> None:
    (cells,) = tables(text_of(LISTING, "latex"))
    assert ["{id}", "{kept}", "{value}", "{definition}"] == cells[0]
    assert ["one", "yes", "0.3000", r"mean of \textbar{}a - b\textbar{}, in {[}0, 1{]}"] == cells[1]
    (cells,) = tables(text_of(smoothed(np.array([[0.9, 0.1]])), "latex"))
    assert [["{q0}", "{q1}"], ["0.9000", "0.1000"]] == cells
    x, y = np.load(LOGITS)[:500], np.load(LABELS)[:500]
    answers: list[Listing] = [
        lscli.per_bin(x, y),
        lscli.per_class(x, y),
        lscli.per_sample(x, y),
        lscli.check(x, y, max="ece=0.05"),
        lscli.threshold(x, y, max_error=0.1),
        lscli.conformal(x, y),
        lscli.fit(x, y),
    ]
    for answer in answers:
        assert 1 == len(tables(text_of(answer, "latex"))), answer.name


@pytest.mark.parametrize(("further", "count"), [(1, 2), (3, 3)])
def test_a_comparison_has_a_table_of_values_and_one_of_changes(further: int, count: int) -> None:
    x, y = np.load(LOGITS)[:300], np.load(LABELS)[:300]
    answer = lscli.compare([x, *(x * (1 + place / 5) for place in range(1, further + 1))], y)
    found = tables(text_of(answer, "latex"))
    assert count == len(found)
    models = [f"{{{escape(name)}}}" for name in answer.models]
    assert ["{metric}", *models] == found[0][0][: len(models) + 1]
    assert "{difference}" in (found[0][0] if further == 1 else found[1][0])
