"""CSV parses back to the numbers that went in, whatever the names are."""

from __future__ import annotations

import csv
import io

import pytest

from lscli.report import Report
from lscli.text import printable
from tests.render.reports import LISTING, NAMES, ROWS, THINGS, report, row, text_of

HEADER = "source,group,metric,value,stderr,ci_low,ci_high,n,params"


def parsed(answer: Report) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text_of(answer, "csv"), newline="")))


def test_the_header_is_an_interface() -> None:
    assert HEADER == text_of(report(), "csv").partition("\n")[0]
    assert f"{HEADER}\n" == text_of(report(rows=[]), "csv")


def test_a_row_is_a_line_that_ends_with_a_line_feed() -> None:
    text = text_of(report(), "csv")
    assert len(ROWS) + 1 == text.count("\n")
    assert "\r" not in text


@pytest.mark.parametrize("field", ["value", "stderr", "ci_low", "ci_high"])
def test_numbers_keep_every_digit_and_a_missing_one_is_empty(field: str) -> None:
    expected = [getattr(each, field) for each in ROWS]
    found = [each[field] for each in parsed(report())]
    assert ["" if number != number else number for number in expected] == [
        float(text) if text else "" for text in found
    ]


def test_what_is_infinite_says_so() -> None:
    values = {each["metric"]: each["value"] for each in parsed(report())}
    assert ("inf", "-inf", "") == (values["loss_uniform"], values["eps_gap"], values["ece"])


def test_other_fields_parse_back() -> None:
    rows = parsed(report())
    assert [each.metric for each in ROWS] == [each["metric"] for each in rows]
    assert ["eps=0.1", "eps=0.2", "bins=15"] == [each["params"] for each in rows if each["params"]]
    assert [str(each.n) for each in ROWS] == [each["n"] for each in rows]


@pytest.mark.parametrize("name", [name for name in NAMES if name[0] != "="])
def test_a_name_parses_back_with_its_control_characters_escaped(name: str) -> None:
    answer = report(name, [row(group=name, params={"eps": 0.1})])
    (only,) = parsed(answer)
    assert (printable(name), printable(name), "eps=0.1") == (only["source"], only["group"], only["params"])
    assert 2 == text_of(answer, "csv").count("\n")


@pytest.mark.parametrize("sign", "=+-@")
def test_a_name_that_a_spreadsheet_would_compute_is_text(sign: str) -> None:
    (only,) = parsed(report(f"{sign}cmd|' /C calc'!A0"))[:1]
    assert f"'{sign}cmd|' /C calc'!A0" == only["source"]


@pytest.mark.parametrize(
    "name",
    [
        "-2+3+cmd|' /C calc'!A0",
        "-1+1|x",
        "+1-1",
        "\uff1d1+1",
        "\uff0b1|x",
        "\uff20SUM(1)",
        " =1+1",
        "-1e5x",
        "-\u0663",
        "--1",
    ],
)
def test_what_only_begins_as_a_number_is_text(name: str) -> None:
    (only,) = parsed(report(name, [row(group=name)]))
    assert (f"'{name}", f"'{name}") == (only["source"], only["group"])


@pytest.mark.parametrize("name", ["-1", "+1", "-0.5", "-.5", "-1.", "-1e-5", "+2E+10", "-", "a=1", "1-2"])
def test_a_number_from_end_to_end_and_a_lone_dash_stay(name: str) -> None:
    (only,) = parsed(report(name, [row(group=name)]))
    assert (name, name) == (only["source"], only["group"])


def test_a_negative_number_is_a_number() -> None:
    (only,) = parsed(report(rows=[row(value=-0.5, group="-1")]))
    assert ("-0.5", "-1") == (only["value"], only["group"])


def test_a_listing_has_its_own_columns() -> None:
    text = text_of(LISTING, "csv")
    rows = list(csv.reader(io.StringIO(text)))
    assert list(LISTING.columns) == rows[0]
    assert [["true", "0.30000000000000004"], ["false", ""], ["true", "inf"]] == [line[1:3] for line in rows[1:4]]
    assert printable(THINGS[2].definition) == rows[3][3]
