"""The file of a threshold: it comes back bit for bit, and what is not one is refused in one line."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

import lscli
from lscli.decisions.saved_threshold import KeptSamples, SavedThreshold
from lscli.decisions.threshold_file import parsed
from lscli.errors import InputError, UsageError
from lscli.options import ThresholdScore
from tests.command import LABELS, LOGITS

SOUND: dict[str, Any] = SavedThreshold(
    "msp",
    0.1,
    0.95,
    10,
    None,
    None,
    [KeptSamples("", None, 0.75, 100, 80, 0.09), KeptSamples("", 3, math.nan, 10, 0, math.nan)],
).to_dict()
ROW: dict[str, Any] = SOUND["thresholds"][0]
SHARES = st.floats(0, 1, exclude_min=True, exclude_max=True)


def text(**changes: Any) -> str:
    return json.dumps(SOUND | changes)


def row(**changes: Any) -> str:
    return text(thresholds=[ROW | changes])


def kept(group: str, number: int | None) -> st.SearchStrategy[KeptSamples]:
    counts = st.integers(0, 10**6).flatmap(lambda n: st.tuples(st.just(n), st.integers(0, n)))
    found = st.builds(
        lambda at, bound, size: KeptSamples(group, number, at, size[0], size[1], bound),
        st.floats(allow_nan=False, allow_infinity=False),
        st.floats(0, 1),
        counts,
    )
    return found | st.builds(lambda n: KeptSamples(group, number, math.nan, n, 0, math.nan), st.integers(0, 99))


SAVED = st.builds(
    lambda score, limit, confidence, map_, rows: SavedThreshold(score, limit, confidence, 5, map_[0], map_[1], [*rows]),
    st.sampled_from(get_args(ThresholdScore)),
    st.none() | SHARES,
    SHARES,
    st.sampled_from([(None, None), ("0123456789abcdef" * 2, None), (None, 1.7)]),
    st.tuples(kept("", None), kept("", 4), kept("a\n\u2028'\"é", None)),
)


@given(SAVED)
def test_a_threshold_comes_back_bit_for_bit(saved: SavedThreshold) -> None:
    found = parsed(saved.to_json(), "t.json")
    assert repr(saved) == repr(found)
    assert saved.to_json() == found.to_json()


def test_the_file_says_nothing_of_the_machine_or_the_time(tmp_path: Path) -> None:
    answer = lscli.threshold(LOGITS, LABELS, max_error=0.1)
    answer.save(tmp_path / "a.json")
    lscli.threshold(LOGITS, LABELS, max_error=0.1, threads=1, chunk_rows=7).save(tmp_path / "b.json")
    written = (tmp_path / "a.json").read_text()
    assert written == (tmp_path / "b.json").read_text() == answer.saved.to_json()
    assert "/" not in written.replace("lscli.saved-threshold/1", "")
    found = lscli.load_threshold(tmp_path / "a.json")
    assert (answer.threshold, answer.coverage, answer.bound) == (
        found.rows[0].threshold,
        found.rows[0].coverage,
        found.rows[0].bound,
    )


def test_nothing_is_saved_if_no_threshold_was_found(tmp_path: Path) -> None:
    answer = lscli.threshold(LOGITS, LABELS, max_error=1e-3)
    with pytest.raises(UsageError, match="no threshold was found"):
        answer.save(tmp_path / "a.json")
    assert [] == [*tmp_path.iterdir()]


def test_an_object_is_returned_as_it_is() -> None:
    answer = lscli.threshold(LOGITS, LABELS, max_error=0.1)
    assert answer.saved is lscli.load_threshold(answer) is lscli.load_threshold(answer.saved)  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="neither a path nor a threshold"):
        lscli.load_threshold(3)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("given", "what"),
    [
        ("[]", "is a list, and a threshold is an object"),
        ("3", "is a number"),
        ("{", "not valid JSON"),
        (text()[:-9], "not valid JSON"),
        ("{}", "has no schema"),
        ('{"schema": "lscli.calibrator/1"}', "is a calibrator, not a threshold"),
        ('{"schema": "lscli.report/1"}', "is a report, not a threshold"),
        ('{"schema": "lscli.threshold/1"}', "is the answer of lscli threshold"),
        (text(schema="lscli.saved-threshold/2"), "a newer lscli wrote"),
        (text(schema="lscli.saved-threshold/x"), "has the schema"),
        (text(schema=[1]), "has the schema"),
        (text(schema="\x1b[2J\n" * 999), "has the schema"),
        ('{"schema": 1, "schema": 2}', "twice"),
        (text(kind="x"), "has the kind"),
        (text(extra=1), "unknown key 'extra'"),
        (text(score="softmax"), "unknown score 'softmax'"),
        (text(score=["msp"]), "unknown score"),
        (text(score={"a": 1}), "unknown score"),
        (text(max_error="0.1"), "max_error must be a number, got a text"),
        (text(max_error=0), "max_error must be between 0 and 1"),
        (text(max_error=True), "max_error must be a number, got true or false"),
        (text(confidence=1), "confidence must be between 0 and 1"),
        (text(confidence=None), "confidence must be a number, got null"),
        (text(classes=-1), "classes must be from 0"),
        (text(classes=1e3), "classes must be a whole number"),
        (text(calibrator="0" * 31), "is no digest"),
        (text(calibrator=3), "is no digest"),
        (text(temperature=0), "temperature 0 is not above 0"),
        (text(temperature=1, calibrator="0" * 32), "both a calibrator and a temperature"),
        (text(version=3), "version must be a text"),
        (text(thresholds=[]), "thresholds must be a list of at least one"),
        (text(thresholds={}), "thresholds must be a list of at least one"),
        (text(thresholds=[3]), "threshold 0 is a number, not an object"),
        (text(thresholds=[{}]), "threshold 0: has no group"),
        (text(thresholds=[ROW, ROW]), "two thresholds of one group and class"),
        (row(more=1), "threshold 0: has the unknown key 'more'"),
        (row(group=1), "group must be a text"),
        (row(**{"class": 10}), "class must be from 0 to 9"),
        (row(**{"class": "3"}), "class must be a whole number"),
        (row(n=-1), "n must be from 0"),
        (row(kept=101), "kept must be from 0 to 100"),
        (row(coverage=0.5), "coverage is not kept / n"),
        (row(coverage=None), "coverage must be a number"),
        (row(bound=None), "threshold without a bound"),
        (row(bound=1.5), "bound must be from 0 to 1"),
        (row(threshold="x"), "threshold must be a number, got a text"),
        (row(threshold=10**400), "beyond float64"),
        (row().replace("0.75", "NaN"), "has NaN, which is no number"),
        (row().replace("0.75", "1e999"), "beyond float64"),
        (row().replace("0.75", "9" * 5000), "too many digits"),
        ("[" * 10**5, "nested too deeply"),
        (text(**{"\u202e\x00" * 500: 1}), "unknown key"),
    ],
)
def test_what_is_no_threshold_is_refused_in_one_line(given: str, what: str) -> None:
    with pytest.raises(InputError) as caught:
        parsed(given, "t.json")
    said = str(caught.value)
    assert what in said
    assert all(line.isprintable() and len(line) < 400 for line in said.splitlines())
    assert len(said.splitlines()) <= 2


@pytest.mark.parametrize("missing", [key for key in SOUND if key not in ("version", "schema")])
def test_each_key_is_needed(missing: str) -> None:
    with pytest.raises(InputError, match=f"has no {missing}"):
        parsed(json.dumps({key: value for key, value in SOUND.items() if key != missing}), "t.json")


@given(st.data())
def test_a_changed_file_is_read_or_refused(data: st.DataObject) -> None:
    sound = text()
    place = data.draw(st.integers(0, len(sound) - 1))
    changed = sound[:place] + data.draw(st.text(max_size=3)) + sound[place + data.draw(st.integers(0, 9)) :]
    try:
        found = parsed(changed, "t.json")
    except InputError:
        return
    assert all(0 <= each.kept <= each.n for each in found.rows)
