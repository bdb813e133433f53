"""Saved reports are read strictly: a file is a report, or one line says why not."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import lscli
from lscli.api.saved_reports import saved_values
from lscli.errors import InputError
from lscli.io.saved_report import SCHEMA, names_saved_answer, parsed_report
from lscli.report import SCHEMA as WRITTEN

ROW = {"source": "x.npy", "group": "", "metric": "ece", "value": 0.5, "ci_low": None, "ci_high": None, "params": ""}
GOOD: dict[str, Any] = {"schema": SCHEMA, "settings": {"bins": {"value": 15}}, "samples": {"rows": 3}, "rows": [ROW]}


def test_the_schema_is_the_one_that_is_written() -> None:
    assert WRITTEN == SCHEMA


def test_a_report_that_eval_wrote_has_its_values(tmp_path: Path) -> None:
    x = np.random.default_rng(0).normal(size=(50, 3)) + 2 * np.eye(3)[np.arange(50) % 3]
    report = lscli.evaluate(x, np.arange(50) % 3, eps=[0.1, 0.2], metrics=["default", "loss_smoothed"])
    (tmp_path / "old.json").write_text(json.dumps(report.to_dict()))
    found = saved_values(tmp_path / "old.json")
    assert {(row.group, row.metric, ";".join(row.settings)) for row in report.rows} == {*found}
    assert [row.value for row in report.rows if not math.isnan(row.value)] == [
        value for value in found.values() if not math.isnan(value)
    ]


def test_null_is_nan() -> None:
    found = parsed_report(json.dumps({**GOOD, "rows": [{**ROW, "value": None}]}), "x")
    assert math.isnan(found.rows[0].value)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("{", "line 1 is not valid JSON"),
        ("[]", "is a list, and a report is an object"),
        ('{"a": 1, "a": 2}', "has the key 'a' twice"),
        ('{"a": NaN}', "has NaN, which is no number"),
        ("[" * 100_000, "is nested too deeply for a report"),
        ("9" * 10_000, "has a number with too many digits"),
        (json.dumps({"rows": []}), "has no schema, so it is not a report"),
        (json.dumps({**GOOD, "schema": 1}), "the schema is a number, not a text"),
        (json.dumps({**GOOD, "schema": "lscli.report/2"}), "which a newer lscli wrote; this one reads lscli.report/1"),
        (json.dumps({**GOOD, "schema": "lscli.calibrator/1"}), "is a calibrator, not a report"),
        (json.dumps({**GOOD, "schema": "lscli.compare/1"}), "is a comparison, not a report"),
        (json.dumps({**GOOD, "schema": "lscli.wide/1"}), "is a report in the wide form"),
        (json.dumps({**GOOD, "schema": "other\x1b[2J"}), "has the schema 'other\\x1b[2J', not lscli.report/1"),
        (json.dumps({**GOOD, "rows": []}), "has no rows"),
        (json.dumps({**GOOD, "rows": 3}), "rows is a number, not a list"),
        (json.dumps({**GOOD, "rows": [3]}), "row 0 is a number, not an object"),
        (json.dumps({**GOOD, "rows": [ROW, ROW]}), "row 1 has 'ece' a second time"),
        (json.dumps({**GOOD, "rows": [ROW, {**ROW, "source": "y"}]}), "holds 2 models"),
        (json.dumps({**GOOD, "rows": [{**ROW, "value": "1"}]}), "row 0: value is a text, not a number"),
        (json.dumps({**GOOD, "rows": [{**ROW, "value": True}]}), "row 0: value is true or false, not a number"),
        (json.dumps({**GOOD, "rows": [{**ROW, "value": 10**400}]}), "row 0: value is beyond float64"),
        (json.dumps({**GOOD, "rows": [{**ROW, "metric": ""}]}), "row 0: metric is empty"),
        (json.dumps({**GOOD, "rows": [{"source": "x"}]}), "row 0: group is null, not a text"),
        (json.dumps({**GOOD, "samples": {"rows": -1}}), "samples: 'rows' is no count"),
        (json.dumps({**GOOD, "settings": {"bins": 3}}), "settings: 'bins' is a number, not an object"),
        (json.dumps({**GOOD, "settings": {"bins": {}}}), "settings: 'bins' has no value"),
    ],
    ids=lambda text: text[:40],
)
def test_a_wrong_file_is_one_line(text: str, says: str) -> None:
    with pytest.raises(InputError) as caught:
        parsed_report(text, "x.json")
    assert says in str(caught.value)
    assert str(caught.value).isprintable()
    assert caught.value.hint


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from([*ROW, *GOOD, "value"]), inner),
    max_leaves=12,
)


@given(st.dictionaries(st.sampled_from([*GOOD]), JSON), st.dictionaries(st.sampled_from([*ROW]), JSON))
def test_any_json_is_a_report_or_an_input_error(changed: dict[str, Any], row: dict[str, Any]) -> None:
    text = json.dumps({**GOOD, "rows": [{**ROW, **row}], **changed})
    try:
        parsed_report(text, "x")
    except InputError as error:
        assert str(error).isprintable()  # noqa: PT017  # most of these texts are reports


@given(st.text())
def test_any_text_is_an_input_error(text: str) -> None:
    with pytest.raises(InputError):
        parsed_report(text, "x")


def test_only_answers_of_lscli_in_json_are_named(tmp_path: Path) -> None:
    for name, text in (("a.json", json.dumps(GOOD)), ("b.json", '{"logits": [1, 2]}'), ("c.csv", json.dumps(GOOD))):
        (tmp_path / name).write_text(text)
    found = [names_saved_answer(tmp_path / name) for name in ("a.json", "b.json", "c.csv", "none.json")]
    assert [True, False, False, False] == found
