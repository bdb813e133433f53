"""The settings of a report: every option with its value and origin, and nothing that is no setting."""

# Annotations are evaluated here: the fields carry their `Option`.
import os
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import pytest
import torch

import lscli
from lscli.api.settings import settings_of, shown
from lscli.checked_options import Option, Options, declared
from lscli.options import EvaluateOptions
from lscli.report import Setting


class Few(Options):
    """A number, something of any type, and what reports leave out."""

    count: Annotated[int, Option()] = 1
    share: Annotated[float, Option()] = 0.5
    data: Annotated[Any, Option()] = None
    progress: Annotated[Any, Option(unrecorded=True)] = None


def test_a_setting_is_a_default_or_an_argument() -> None:
    expected = {"count": Setting(3, "argument"), "share": Setting(0.5, "default"), "data": Setting(None, "default")}
    assert expected == settings_of(Few(count=3))


def test_an_argument_that_is_the_default_counts_as_one() -> None:
    assert Setting(1, "default") == settings_of(Few(count=1))["count"]


def test_what_was_used_stands_in_the_place_of_what_was_given() -> None:
    found = settings_of(Few(share=0.25), {"count": 7, "share": [0.25]})
    assert (Setting(7, "default"), Setting([0.25], "argument")) == (found["count"], found["share"])


def test_what_is_not_recorded_is_left_out() -> None:
    assert "progress" not in settings_of(Few(progress=print))


def test_arrays_are_compared_with_no_default() -> None:
    array = np.zeros(3)
    assert Setting("<ndarray>", "argument") == settings_of(Few(data=array))["data"]
    assert Setting([1, 2], "argument") == settings_of(Few(data=[1, 2]))["data"]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, None),
        ("x.npy", "x.npy"),
        (3, 3),
        (True, True),
        (0.5, 0.5),
        ([0.1, 0.2], [0.1, 0.2]),
        (Path("a") / "b", os.path.join("a", "b")),
        (b"x\xff.npy", "x\udcff.npy"),
        (np.eye(2), "<ndarray>"),
        (torch.ones(2), "<Tensor>"),
        ((1, 2), "<tuple>"),
    ],
    ids=repr,
)
def test_a_value_is_shown_as_text_number_or_type(value: Any, expected: object) -> None:
    assert expected == shown(value)


def test_a_report_has_every_option_of_its_question_in_order() -> None:
    report = lscli.evaluate(np.eye(3) * 4, [0, 1, 2], threads=1, weights=[1, 2, 1])
    recorded = [each.name for each in declared(EvaluateOptions) if not each.option.unrecorded]
    assert recorded == list(report.settings)
    changed = {name: setting.value for name, setting in report.settings.items() if setting.origin == "argument"}
    assert {"threads": 1, "weights": [1, 2, 1]} == changed
