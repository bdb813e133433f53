"""Markdown tables keep their columns, and show names as they are."""

from __future__ import annotations

import re

import pytest

from lscli.report import Report, Setting
from lscli.text import printable
from tests.render.reports import LISTING, NAMES, ROWS, report, row, text_of

_SPECIAL = set("\\`*_{}[]<>#|~")


def columns(line: str) -> int:
    """The number of cells of a line, an escaped bar being none."""
    return len(re.findall(r"(?<!\\)(?:\\\\)*\|", line)) - 1


def table(text: str) -> list[str]:
    return [line for line in text.splitlines() if line.startswith("|")]


def shown(text: str) -> str:
    """The text as a reader of Markdown sees it; no character that means something may stand bare."""
    bare = re.sub(r"(?<=\w)_(?=\w)", "", re.sub(r"\\(.)", ".", text))
    assert set() == _SPECIAL & set(bare), text
    return re.sub(r"\\(.)", r"\1", text)


@pytest.mark.parametrize("name", NAMES)
def test_every_line_of_the_table_has_the_same_columns(name: str) -> None:
    lines = table(text_of(report(name, [*ROWS, row(group=name, params={"x": name})]), "markdown"))
    assert "| group | metric | params | value | s.e. | interval |" == lines[0]
    assert "| --- | --- | --- | --- | --- | --- |" == lines[1]
    assert [6] * (len(ROWS) + 3) == [columns(line) for line in lines]


def test_a_cell_has_four_digits_and_a_missing_number_is_empty() -> None:
    lines = table(text_of(report(), "markdown"))
    assert "| `loss_hard` |  | 0.2828 | 0.019 |  |" in lines
    assert "| `loss_uniform` |  | inf |  |  |" in lines
    assert "| `eps_gap` |  | -inf |  |  |" in lines
    assert "| `ece` | bins=15 |  |  |  |" in lines
    assert "| `loss_smoothed` | eps=0.2 | 3.400 | 1.0e-12 |  |" in lines


@pytest.mark.parametrize("name", NAMES)
def test_a_name_is_shown_as_it_is(name: str) -> None:
    text = text_of(report(name), "markdown")
    first, second = text.splitlines()[:2]
    assert f"- logits: {printable(name)}, [5000, 10]" == f"- logits: {shown(first[10:-12])}, [5000, 10]"
    assert "- labels: labels.npy, [5000]" == second
    assert f"Over-confident: {printable(name)} has an ece of 0.0341." == shown(text.splitlines()[-1])


def test_an_entity_in_a_name_is_shown_as_it_is() -> None:
    """A reader of Markdown sees `&amp;` as `&` unless one of its characters is escaped."""
    text = text_of(report("a&amp;b.npy"), "markdown")
    assert "" == "".join(re.findall(r"(?<!\\)&\w+;", text))


def test_a_table_stands_between_blank_lines() -> None:
    lines = text_of(report(), "markdown").splitlines()
    start, stop = lines.index("| metric | params | value | s.e. | interval |"), len(lines) - 1
    assert ["", ""] == [lines[start - 1], lines[stop - 1]]
    assert "|" == lines[stop - 2][0]


def test_a_report_without_inputs_and_conclusion_is_a_table_alone() -> None:
    lines = text_of(Report(ROWS), "markdown").splitlines()
    assert len(ROWS) + 2 == len(lines)
    assert "| metric | params | value | s.e. | interval |" == lines[0]


def test_a_report_without_groups_or_intervals_has_no_column_for_them() -> None:
    lines = text_of(Report([row(value=0.5)]), "markdown").splitlines()
    assert ["| metric | params | value | s.e. |", "| --- | --- | --- | --- |", "| `ece` |  | 0.5000 |  |"] == lines


def test_an_interval_is_headed_by_its_level() -> None:
    settings = {"level": Setting(0.9, "flag")}
    lines = text_of(Report([row(group="a", ci_low=0.25, ci_high=1 / 3)], settings=settings), "markdown").splitlines()
    assert "| group | metric | params | value | s.e. | 90 % interval |" == lines[0]
    assert "| a | `ece` |  | 0.1000 |  | 0.2500 .. 0.3333 |" == lines[2]


def test_a_listing_is_one_table() -> None:
    lines = text_of(LISTING, "markdown").splitlines()
    assert "| id | kept | value | definition |" == lines[0]
    assert [4] * 6 == [columns(line) for line in lines]
    assert "| one | yes | 0.3000 | mean of \\|a - b\\|, in \\[0, 1\\] |" == lines[2]


def test_the_models_are_named_if_there_are_several() -> None:
    loss = row("loss_smoothed", 1.25, params={"eps": 0.1})
    lines = text_of(Report([loss, loss._replace(source="b|c.npy", stderr=0.034)]), "markdown").splitlines()
    assert "| source | metric | params | value | s.e. |" == lines[0]
    assert "| logits.npy | `loss_smoothed` | eps=0.1 | 1.250 |  |" == lines[2]
    assert "| b\\|c.npy | `loss_smoothed` | eps=0.1 | 1.250 | 0.034 |" == lines[3]
