"""Columns are called confidences only if both their names and their values are plain."""

from __future__ import annotations

from typing import Any

import pytest

from lscli.io.cells import Cells
from lscli.io.tables.confidence_columns import guess

CONF, OK, PRED, LABEL = [0.5, 0.25, 1.0], [1, 0, 1], ["a", "b", "a"], ["a", "a", "b"]


def words(table: dict[str, list[Any]], confidence: str | None = None) -> str:
    def read(name: str, cells: Cells) -> None:
        cells.add(table[name], "t.csv", 0)

    found = guess(list(table), read, confidence)
    return "" if found is None else " ".join(found.words)


@pytest.mark.parametrize(
    ("table", "expected"),
    [
        ({"conf": CONF, "ok": OK}, "--confidence conf --correct ok"),
        ({"id": [3, 4, 5], "Max-Prob": CONF, "Is Correct": OK}, "--confidence Max-Prob --correct 'Is Correct'"),
        ({"score": CONF, "conf": CONF, "acc": OK}, "--confidence conf --correct acc"),
        ({"conf": CONF, "pred": PRED, "label": LABEL}, "--confidence conf --predicted pred"),
        ({"conf": CONF, "pred": PRED, "y_true": LABEL}, "--confidence conf --predicted pred --labels-column y_true"),
        ({"conf": CONF, "pred": PRED, "label": LABEL, "ok": OK}, "--confidence conf --correct ok"),
        ({"conf": CONF, "pred": PRED, "label": LABEL, "ok": ["x", "y", "z"]}, "--confidence conf --predicted pred"),
        ({"conf": [50, 25, 99], "ok": OK}, "--confidence conf --confidence-scale 100 --correct ok"),
        # The names alone are not enough,
        ({"score": [50, 25, 99], "ok": OK}, ""),
        ({"conf": [5, 2, 9], "ok": OK}, ""),  # which may be ratings
        ({"conf": [50, 25, 101], "ok": OK}, ""),
        ({"conf": [0.5, None, 1.0], "ok": OK}, ""),
        ({"conf": ["a", "b", "c"], "ok": OK}, ""),
        ({"conf": [], "ok": []}, ""),
        ({"conf": CONF, "ok": [0, 1, 2]}, ""),
        ({"conf": CONF, "ok": [0, 1, None]}, ""),
        ({"conf": CONF, "pred": [1, 2, 3], "label": LABEL}, ""),
        ({"conf": CONF, "pred": ["a", None, "b"], "label": LABEL}, ""),
        # and neither are the values.
        ({"c": CONF, "ok": OK}, ""),
        ({"conf": CONF, "k": OK}, ""),
        ({"score": CONF, "prob": CONF, "ok": OK}, ""),
        ({"conf": CONF, "ok": OK, "hit": OK}, ""),
        ({"conf": CONF, "pred": PRED}, ""),
        ({"conf": CONF, "ok": OK, "z0": CONF, "z1": CONF}, ""),
        ({"conf\n": CONF, "ok": OK}, ""),
        ({}, ""),
    ],
    ids=str,
)
def test_the_guess(table: dict[str, list[Any]], expected: str) -> None:
    assert expected == words(table)


def test_a_confidence_that_is_known_needs_no_name() -> None:
    assert "--confidence z7 --correct ok" == words({"z7": CONF, "z8": CONF, "ok": OK}, "z7")
