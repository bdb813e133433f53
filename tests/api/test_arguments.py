"""Arguments of a wrong type are errors of lscli that say what is right; numbers of other types are numbers."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch

import lscli
from lscli.errors import UsageError

X = np.random.default_rng(0).standard_normal((40, 5)).astype(np.float32)
Y = np.random.default_rng(1).integers(0, 5, 40)
any_: Any = lscli  # a type checker would refuse these calls


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"threads": "2"}, "threads: must be a whole number, got '2'"),
        ({"threads": True}, "threads: must be a whole number, got True"),
        ({"bins": 15.0}, "bins: must be a whole number, got 15.0"),
        ({"bootstrap": 10**30}, "bootstrap: must be from 2 to 1000000, got 10"),
        ({"level": "0.9"}, "level: must be a number, got '0.9'"),
        ({"level": 1j}, "level: must be a number, got 1j"),
        ({"level": np.array([0.5])}, "level: must be a number"),
        ({"level": np.complex64(0.5)}, "level: must be a number"),
        ({"level": np.ma.masked}, "level: must be a number"),
        ({"ci": 1}, "ci: must be true or false, got 1"),
        ({"ci": None}, "ci: must be true or false, got None"),
        ({"norm": None}, "norm: unknown value None"),
        ({"norm": ["l1"]}, r"norm: unknown value \['l1'\]"),
        ({"device": 5}, "device: must be text, got 5"),
        ({"labels_key": b"y"}, "labels_key: must be text, got b'y'"),
        ({"progress": 5}, "progress: must be a function, got 5"),
        ({"metrics": 5}, "metrics: must be text, got 5"),
        ({"metrics": [5]}, "metrics: must be text, got 5"),
        ({"metrics": {"ece": 1}}, "metrics: must be text, got {'ece': 1}"),
        ({"metrics": b"ece"}, "metrics: must be text, got b'ece'"),
        ({"eps": object()}, "eps: must be numbers or text, got <object"),
        ({"eps": True}, "eps: must be numbers or text, got True"),
        ({"eps": [0.1, None]}, "eps: must be numbers or text, got None"),
        ({"eps": [[0.1]]}, r"eps: must be numbers or text, got \[0.1\]"),
        ({"eps": iter(int, 1)}, "eps: has more than 10000 values"),
        ({"eps": "a"}, r"eps: must be finite and in \[0, 1\], got a"),
        ({"weights": object()}, "weights: object arrays are refused"),
        ({"groups": 5}, "groups: is not a list of values"),
        ({"smoothing": "prior", "prior": 5}, r"prior: priors of shape \(\) for 5 classes"),
    ],
)
def test_options_of_a_wrong_type(options: dict[str, Any], says: str) -> None:
    with pytest.raises(lscli.LscliError, match=f"^{says}") as caught:
        lscli.evaluate(X, Y, **options)
    assert caught.value.hint


LONG = 10**5000  # of more digits than Python writes


@pytest.mark.parametrize(
    ("question", "says"),
    [
        (lambda: any_.evaluate(X, Y, bins=LONG), "bins: must be"),
        (lambda: any_.evaluate(X, Y, eps=LONG), "eps: must be"),
        (lambda: any_.evaluate(X, Y, class_axis=LONG), "class_axis: logits of shape"),
        (lambda: any_.evaluate(X, Y, groups=[LONG] * 40), "groups: <int"),
        (lambda: any_.evaluate(X, Y, weights=[LONG] * 40), "weights: object arrays are refused"),
        (lambda: any_.evaluate(X, Y, metrics=f"top1{'0' * 5000}_accuracy"), "unknown metric"),
        (lambda: any_.evaluate(X, [LONG] * 40), "labels: "),
        (lambda: any_.per_class(X, Y, class_names=[LONG] * 5), "class_names: <int"),
        (lambda: any_.explain(LONG, X, Y), "value: not a finite number"),
        (lambda: any_.smooth_labels(Y, LONG, 0.1), "classes: must be"),
    ],
)
def test_a_number_of_too_many_digits_is_refused(question: Any, says: str) -> None:
    with pytest.raises(lscli.LscliError, match=says) as caught:
        question()
    assert caught.value.hint


@pytest.mark.parametrize(
    ("question", "says"),
    [
        (lambda: any_.evaluate(0.5, Y), r"logits: need logits of shape \(N, K\)"),
        (lambda: any_.evaluate("a\0b", Y), "the path has a NUL character"),
        (lambda: any_.evaluate([["a", "b"]], [0]), "logits: dtype str32 is not numeric"),
        (lambda: any_.evaluate(X.astype(complex), Y), "logits: dtype complex128 is not numeric"),
        (lambda: any_.evaluate(X, 5), r"labels: need labels of shape \(N,\)"),
        (lambda: any_.inspect(X), "path: must be a path, got ndarray"),
        (lambda: any_.measure(5), "table: must be a SampleTable, got int"),
        (lambda: any_.sweep(X, Y, others=5), "others: must be a list, got 5"),
        (lambda: any_.sweep(X, Y, others={"a": X}), "others: must be a list"),
        (lambda: any_.explain(None, X, Y), "value: not a finite number: 'None'"),
        (lambda: any_.per_class(X, Y, class_names=5), "class_names: is not a list of values"),
        (lambda: any_.per_class(X, Y, sort=5), "sort: must be text, got 5"),
        (lambda: any_.smooth_labels(Y, 2.5, 0.1), "classes: must be a whole number, got 2.5"),
        (lambda: any_.smooth_labels(Y, 10**12, 0.1), "classes: must be at most 2147483647"),
        (lambda: any_.smooth_labels(Y, 5, 0.1, ignore_index="a"), "ignore_index: must be a whole number"),
        (lambda: any_.smooth_labels(Y, 5, 0.1, allow_negative_eps="a"), "allow_negative_eps: must be true or false"),
        (lambda: any_.smooth_labels(Y, 5, True), r"eps: must be finite and in \[0, 1\], got True"),
        (lambda: any_.convert_eps(None, 5, "uniform", "classy"), "eps: must be finite"),
        (lambda: any_.convert_eps(0.1, 5, 7, "classy"), "smoothing: unknown value 7"),
        (lambda: any_.SampleTable.from_confidences(["0.5"], [1]), "confidence: not numbers"),
        (lambda: any_.SampleTable.from_confidences([np.nan], [1]), "confidence: a confidence is not in"),
        (lambda: any_.SampleTable.from_confidences([[0.5]], [[1]]), "confidence, correct and weight must be"),
        (lambda: any_.SampleTable.from_confidences([0.5], [1], weight=["a"]), "weight: not numbers"),
        (lambda: any_.nn.label_smoothing_cross_entropy(X, Y), "logits: must be a tensor, got ndarray"),
        (lambda: any_.nn.label_smoothing_cross_entropy(torch.tensor(X), Y), "target: must be a tensor, got ndarray"),
        (lambda: any_.LabelSmoothingCrossEntropy("a"), "eps: must be a finite number, got 'a'"),
        (lambda: any_.LabelSmoothingCrossEntropy(ignore_index=None), "ignore_index: must be a whole number"),
        (lambda: any_.LabelSmoothingCrossEntropy(allow_negative_eps="a"), "allow_negative_eps: must be true or false"),
        (lambda: any_.LabelSmoothingCrossEntropy(weight=[1.0]), "weight: must be a tensor"),
        (
            lambda: any_.LabelSmoothingCrossEntropy(weight=torch.ones(2, dtype=torch.complex64)),
            "weight: must be numbers",
        ),
    ],
)
def test_arguments_of_a_wrong_type(question: Any, says: str) -> None:
    with pytest.raises(lscli.LscliError, match=f"(^|: ){says}") as caught:
        question()
    assert caught.value.hint


@pytest.mark.parametrize(
    ("given", "same"),
    [
        ({"eps": "0.1,0.2"}, {"eps": [0.1, 0.2]}),
        ({"eps": ["0.1,0.2", 0.3]}, {"eps": [0.1, 0.2, 0.3]}),
        ({"eps": np.array([0.1, 0.2])}, {"eps": [0.1, 0.2]}),
        ({"eps": np.array(0.2)}, {"eps": 0.2}),
        ({"eps": torch.tensor([0.5, 0.25])}, {"eps": [0.5, 0.25]}),
        ({"eps": pd.Series([0.5, 0.25])}, {"eps": [0.5, 0.25]}),
        ({"eps": (each for each in [0.5, 0.25])}, {"eps": [0.5, 0.25]}),
        ({"eps": Decimal("0.2")}, {"eps": 0.2}),
        ({"eps": [Fraction(1, 5)]}, {"eps": 0.2}),
        ({"metrics": iter(["ece", "loss,brier"])}, {"metrics": "ece,loss,brier"}),
        ({"bins": np.int8(5)}, {"bins": 5}),
        (
            {"ci": np.True_, "level": Decimal("0.5"), "bootstrap": np.uint16(9)},
            {"ci": True, "level": 0.5, "bootstrap": 9},
        ),
        ({"norm": np.str_("l2")}, {"norm": "l2"}),
        ({"device": torch.device("cpu")}, {"device": "cpu"}),
        ({"groups": pd.Series(Y)}, {"groups": Y}),
        ({"weights": pd.Series(Y + 1)}, {"weights": Y + 1}),
    ],
)
def test_values_of_other_types_mean_the_same(given: dict[str, Any], same: dict[str, Any]) -> None:
    expected, found = lscli.evaluate(X, Y, **same), lscli.evaluate(X, Y, **given)
    assert [repr(row) for row in expected.rows] == [repr(row) for row in found.rows]
    for name in given.keys() - {"groups", "weights"}:
        assert expected.settings[name].value == found.settings[name].value


def test_data_frames_are_logits_and_their_columns_labels() -> None:
    assert lscli.evaluate(X, Y)["ece"] == lscli.evaluate(pd.DataFrame(X), pd.Series(Y))["ece"]


def test_python_says_which_function_was_called_wrongly() -> None:
    evaluate: Any = lscli.evaluate
    with pytest.raises(TypeError, match=r"^evaluate\(\) missing 1 required positional argument: 'logits'$"):
        evaluate()
    with pytest.raises(TypeError, match=r"^evaluate\(\) takes from 1 to 2 positional arguments but 3 were given$"):
        evaluate(X, Y, 0.1)
    with pytest.raises(TypeError, match=r"unexpected keyword argument 'esp': did you mean 'eps'\?"):
        evaluate(X, Y, esp=0.1)


def test_a_report_is_asked_for_a_metric_by_its_name() -> None:
    report: Any = lscli.evaluate(X, Y)
    for name in (5, None, "x", "ece@x"):
        with pytest.raises(KeyError, match=f"no {name} in this report; it has loss_hard"):
            report[name]
        assert name not in report


@pytest.mark.parametrize("options", [{}, {"worst": 3}, {"chunk_rows": 7}])
def test_samples_can_be_read_again(options: dict[str, Any]) -> None:
    listing = lscli.per_sample(X, Y, **options)
    first = listing.to_frame()
    assert first.equals(listing.to_frame())
    assert len(first) == len(list(listing.rows)) == options.get("worst", 40)


def test_samples_can_be_read_in_part_and_then_as_a_whole() -> None:
    listing = lscli.per_sample(X, Y)
    assert 0 == next(iter(listing.rows)).row
    assert 40 == len(listing.to_frame())


def test_what_cannot_be_written_is_described_by_its_type() -> None:
    class Odd:
        def __repr__(self) -> str:
            raise OSError("no repr")

    odd: Any = Odd()
    with pytest.raises(UsageError, match=r"^level: must be a number, got <Odd instance at"):
        lscli.evaluate(X, Y, level=odd)
    long: Any = ["x" * 1000] * 1000
    with pytest.raises(UsageError) as caught:
        lscli.evaluate(X, Y, threads=long)
    assert len(str(caught.value)) < 140
