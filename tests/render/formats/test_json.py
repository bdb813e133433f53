"""JSON is one object that any parser takes, with nan and infinities as null."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest

from lscli.listings import Listing
from lscli.report import Report, Row
from lscli.text import printable
from tests.render.reports import LISTING, NAMES, ROWS, THINGS, report, row, text_of


def parsed(answer: Report | Listing) -> Any:
    def refused(name: str) -> None:
        raise AssertionError(f"{name} is no JSON")

    return json.loads(text_of(answer, "json"), parse_constant=refused)


def test_a_report_has_the_keys_of_the_interface() -> None:
    answer = parsed(report())
    assert {"schema", "lscli", "inputs", "settings", "rows"} <= set(answer)
    assert ("lscli.report/1", "0.1.0") == (answer["schema"], answer["lscli"])


def test_inputs_and_settings_are_complete() -> None:
    answer = parsed(report())
    expected = {"role": "logits", "path": "logits.npy", "shape": [5000, 10], "dtype": "float32", "size": 200_128}
    assert expected == answer["inputs"][0]
    assert {"value": [0.1, 0.2], "from": "flag"} == answer["settings"]["eps"]
    assert {"value": None, "from": "default"} == answer["settings"]["threads"]
    assert {"rows": 5000, "kept": 4990, "ignored": 7, "skipped": 3, "masked": 0} == answer["samples"]


def test_rows_have_the_columns_of_the_csv_in_full_precision() -> None:
    rows = parsed(report())["rows"]
    assert [list(Row._fields)] * len(ROWS) == [list(each) for each in rows]
    finite = [
        {
            key: None if isinstance(cell, float) and not math.isfinite(cell) else cell
            for key, cell in zip(Row._fields, each.cells(), strict=True)
        }
        for each in ROWS
    ]
    assert finite == rows


def test_what_is_not_finite_is_null() -> None:
    values = {each["metric"]: each["value"] for each in parsed(report())["rows"]}
    assert [None, None, None] == [values[name] for name in ("ece", "loss_uniform", "eps_gap")]
    assert 1e10 == values["gamma"]


@pytest.mark.parametrize("name", NAMES)
def test_a_name_parses_back_with_its_control_characters_escaped(name: str) -> None:
    answer = parsed(report(name, [row(group=name)]))
    safe = printable(name)
    assert [safe] * 3 == [answer["inputs"][0]["path"], answer["rows"][0]["source"], answer["rows"][0]["group"]]
    assert f"{safe}: 3 of 5000 rows are not finite and are left out" == answer["warnings"][0]
    assert f"Over-confident: {safe} has an ece of 0.0341." == answer["conclusion"]


def test_an_empty_report_is_an_object_too() -> None:
    assert [] == parsed(Report([]))["rows"]


def test_a_listing_is_an_object_with_the_same_keys() -> None:
    answer = parsed(LISTING)
    assert {"schema", "lscli", "inputs", "settings", "rows"} <= set(answer)
    assert "lscli.listing/1" == answer["schema"]
    rows = answer["rows"]
    assert [list(LISTING.columns)] * 4 == [list(each) for each in rows]
    assert {"id": "one", "kept": True, "value": 0.1 + 0.2, "definition": "mean of |a - b|, in [0, 1]"} == rows[0]
    assert [None, None, -12345.678] == [each["value"] for each in rows[1:]]
    assert printable(THINGS[2].definition) == rows[2]["definition"]
