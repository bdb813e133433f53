"""Everyday names of metrics lead to the right id, and none of them is accepted."""

from __future__ import annotations

import importlib

import pytest

import lscli
from lscli.metrics.catalogue import FAMILIES, METRICS, find
from lscli.metrics.everyday_names import ELSEWHERE, NAMES, meant
from lscli.metrics.selection import select


@pytest.mark.parametrize(
    ("word", "metric_id"),
    [
        ("nll", "loss_hard"),
        ("ce", "loss_hard"),
        ("cross-entropy", "loss_hard"),
        ("Log Loss", "loss_hard"),
        ("PPL", "perplexity"),
        ("acc", "accuracy"),
        ("Accuracy", "accuracy"),
        ("top1", "accuracy"),
        ("acc@1", "accuracy"),
        ("top-1-acc", "accuracy"),
        ("top5", "top5_accuracy"),
        ("Acc@5", "top5_accuracy"),
        ("top_3_accuracy", "top3_accuracy"),
        ("ECE", "ece"),
        ("ECE@15", "ece"),
        ("MCE", "mce"),
        ("RMSCE", "rmsce"),
        ("ACE", "ece_equal_mass"),
        ("SCE", "classwise_ece"),
        ("cECE", "classwise_ece"),
        ("marginal ECE", "ece_marginal"),
        ("canonical_ece", "ece_canonical"),
        ("brier_score", "brier"),
        ("e-AURC", "eaurc"),
        ("entropy", "entropy_mean"),
        ("KL-div", "kl"),
        ("Confidence", "confidence"),
        ("DEFAULT", "default"),
    ],
)
def test_a_common_name_leads_to_the_id(word: str, metric_id: str) -> None:
    assert f"did you mean {metric_id!r}?" == meant(word)
    assert metric_id in FAMILIES or metric_id == "default" or find(metric_id) is not None


@pytest.mark.parametrize("word", ["f1", "AUROC", "mcc", "balanced-accuracy", "recall", "platt", "bits per byte"])
def test_what_lscli_lacks_is_said_with_its_place(word: str) -> None:
    assert meant(word)
    assert "did you mean" not in meant(word)


@pytest.mark.parametrize("word", ["", "zzz", "topsy", "top0", "top5_accurate"])
def test_any_other_word_has_no_hint_here(word: str) -> None:
    assert "" == meant(word)


def test_each_name_is_listed_once_and_is_no_id() -> None:
    names = [name for words in NAMES.values() for name in words.split()] + [*ELSEWHERE]
    assert len(names) == len({*names})
    assert set() == {*names} & {*METRICS, *FAMILIES, "default", "all"}
    assert set() == NAMES.keys() - METRICS.keys()
    assert [] == [name for name in names if not meant(name)]


def test_no_name_is_accepted() -> None:
    for name in [*(word for words in NAMES.values() for word in words.split()), *ELSEWHERE]:
        if find(name) is None:  # top1_accuracy is an id as well
            with pytest.raises(lscli.UsageError, match="unknown metric"):
                select(name)


def test_the_functions_of_other_libraries_exist() -> None:
    named = {word.rstrip(";") for text in ELSEWHERE.values() for word in text.split() if word.startswith("sklearn.")}
    assert len(named) > 5
    for function in named:
        module, _, name = function.rpartition(".")
        assert callable(getattr(importlib.import_module(module), name))
