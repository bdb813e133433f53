"""`lscli.ood`: what it takes, what it answers, and what it says about odd inputs."""

from __future__ import annotations

import math
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.special import logsumexp, softmax
from sklearn.metrics import average_precision_score, roc_auc_score

import lscli
from lscli.decisions.detection import Detection
from lscli.errors import InputError, LscliWarning, UsageError
from tests.api.input_kinds import KINDS, given_as, groups_of_equal, probabilities
from tests.calibrators import fitted_on, saved_as

RNG = np.random.default_rng(3)
ID = (3 * RNG.normal(size=(60, 4))).astype(np.float32)
OOD = RNG.normal(size=(40, 4)).astype(np.float32)
FAR = (0.1 * RNG.normal(size=(30, 4))).astype(np.float32)
FAST: dict[str, Any] = {"bootstrap": 10}


def values(found: Detection) -> list[float]:
    return [row.value for row in found.rows]


def auroc(inside: np.ndarray, outside: np.ndarray) -> float:
    """The share of pairs in which the ID sample has the larger score, ties halved."""
    return float(((inside[:, None] > outside) + 0.5 * (inside[:, None] == outside)).mean())


def textbook(x: np.ndarray) -> dict[str, np.ndarray]:
    x = x.astype(np.float64)
    p, ordered = softmax(x, axis=1), np.sort(softmax(x, axis=1), axis=1)
    return {
        "msp": p.max(axis=1),
        "max_logit": x.max(axis=1),
        "energy": logsumexp(x, axis=1),
        "entropy": (p * np.log(p)).sum(axis=1),
        "margin": ordered[:, -1] - ordered[:, -2],
    }


def test_every_score_is_that_of_the_textbook() -> None:
    found = lscli.ood(ID, OOD, **FAST)
    one, other = textbook(ID), textbook(OOD)
    assert list(one) == found.scores
    for score in one:
        assert auroc(one[score], other[score]) == pytest.approx(found.of(score).value, rel=1e-12)
    assert ["auroc", "aupr_in", "aupr_out", "fpr95"] == found.metrics
    assert ["ood"] == found.sources
    assert "1 OOD set; auroc: msp 0." in repr(found)
    assert len(found.rows) == len(found.to_frame())
    assert "AUROC" in found._repr_html_()


@pytest.mark.parametrize(
    ("given", "names"),
    [
        (OOD, ["ood"]),
        (OOD.tolist(), ["ood"]),
        ([*OOD], ["ood"]),
        ((OOD,), ["ood"]),
        ([OOD], ["ood"]),
        ({"near": OOD}, ["near"]),
        ([OOD, FAR], ["ood 1", "ood 2", "mean"]),
        ([OOD.tolist(), FAR.tolist()], ["ood 1", "ood 2", "mean"]),
        ({"near": OOD, "far": FAR}, ["near", "far", "mean"]),
    ],
)
def test_one_set_or_several(given: Any, names: list[str]) -> None:
    found = lscli.ood(ID, given, score="msp", **FAST)
    assert names == found.sources
    alone = [lscli.ood(ID, each, score="msp", **FAST).of("msp").value for each in (OOD, FAR)]
    of_sets = [found.of("msp", source=name).value for name in names if name != "mean"]
    assert alone[: len(of_sets)] == of_sets
    assert np.mean(of_sets) == pytest.approx(found.of("msp").value, rel=1e-15)


def test_a_torch_tensor_is_a_set() -> None:
    torch = pytest.importorskip("torch")
    expected = lscli.ood(ID, OOD, **FAST)
    assert values(expected) == values(lscli.ood(torch.from_numpy(ID), [torch.from_numpy(OOD)], **FAST))


def test_names_are_given() -> None:
    assert ["a", "b", "mean"] == lscli.ood(ID, [OOD, FAR], names=["a", "b"], **FAST).sources
    with pytest.raises(UsageError, match="has 1 names for 2 OOD sets"):
        lscli.ood(ID, [OOD, FAR], names="a", **FAST)
    with pytest.raises(UsageError, match="'mean' is what the mean"):
        lscli.ood(ID, {"mean": OOD, "b": FAR}, **FAST)
    assert ["mean"] == lscli.ood(ID, {"mean": OOD}, **FAST).sources


def test_a_row_is_found_or_what_is_there_is_said() -> None:
    found = lscli.ood(ID, {"near": OOD, "far": FAR}, score=["msp", "energy"], **FAST)
    row = found.of("energy", "fpr95", "far")
    assert ("far", "energy", "fpr95") == (row.source, row.score, row.metric)
    for asked, says in (
        (("mps",), "did you mean 'msp'"),
        (("msp", "auc"), "auroc"),
        (("msp", "auroc", "fat"), "did you mean 'far'"),
    ):
        with pytest.raises(KeyError, match=says):
            found.of(*asked)


def test_the_order_of_samples_threads_and_chunks_change_nothing() -> None:
    expected = lscli.ood(ID, [OOD, FAR], threads=1, **FAST)
    order = RNG.permutation(len(ID))
    assert values(expected) == values(lscli.ood(ID[order], [OOD[::-1], FAR], **FAST))
    other = lscli.ood(ID, [OOD, FAR], threads=3, chunk_rows=7, **FAST)
    assert repr(list(expected.rows)) == repr(list(other.rows))  # nan equals nan as text


def test_a_score_is_measured_once_and_its_name_is_checked() -> None:
    assert ["energy", "msp"] == lscli.ood(ID, OOD, score="energy,msp,energy", **FAST).scores
    for score, says in (("mps", "did you mean 'msp'"), ("", "use msp, max_logit"), ([], "give one or more of msp")):
        with pytest.raises(UsageError, match="score") as caught:
            lscli.ood(ID, OOD, score=score, **FAST)
        assert says in caught.value.hint


@pytest.mark.parametrize(
    ("inside", "outside", "options"),
    [
        (softmax(ID, axis=1), softmax(OOD, axis=1), {"kind": "probs"}),
        (np.log(softmax(ID, axis=1)), np.log(softmax(OOD, axis=1)), {"kind": "log-probs"}),
        (np.log(softmax(ID.astype(np.float64), axis=1)), np.log(softmax(OOD.astype(np.float64), axis=1)), {}),
        (np.stack([ID, 2 * ID]), np.stack([OOD, 2 * OOD]), {"ensemble_axis": 0}),
    ],
)
def test_probabilities_have_no_energy(inside: Any, outside: Any, options: dict[str, Any]) -> None:
    with pytest.warns(LscliWarning, match="max_logit and energy need logits"):
        found = lscli.ood(inside, outside, **options, **FAST)
    assert ["msp", "entropy", "margin"] == found.scores
    with pytest.raises(UsageError, match="energy needs logits"):
        lscli.ood(inside, outside, score="energy", **options, **FAST)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert ["msp"] == lscli.ood(inside, outside, score="msp", **options, **FAST).scores


def test_samples_that_tell_nothing_are_named() -> None:
    constant = np.zeros((10, 3))
    with pytest.warns(LscliWarning) as caught:
        found = lscli.ood(constant, constant, score="msp,energy", **FAST)
    said = [str(each.message) for each in caught]
    assert "msp and energy are the same for all samples, ID and OOD" in said[0]
    assert "its samples are those of" in said[1]
    assert [0.5, 0.5] == [found.of(score).value for score in found.scores]


def test_classes_must_be_the_same() -> None:
    with pytest.raises(InputError, match="has 3 classes") as caught:
        lscli.ood(ID, {"near": OOD, "far": FAR[:, :3]}, **FAST)
    assert "far" == caught.value.where


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ([], "has no OOD samples"),
        ({}, "has no OOD samples"),
        (OOD[:0], "no rows"),
        (np.full((3, 4), np.nan), "row 0 has nan"),
        (np.arange(5), "refused as logits"),
        (None, "ood"),
        ([None, OOD], "ood 1"),
    ],
)
def test_bad_sets_are_refused(given: Any, says: str) -> None:
    with pytest.raises((InputError, UsageError), match=says) as caught:
        lscli.ood(ID, given, **FAST)
    assert "" != caught.value.hint


def test_one_ood_sample_is_enough() -> None:
    found = lscli.ood(ID, OOD[:1], score="msp", **FAST)
    assert auroc(textbook(ID)["msp"], textbook(OOD[:1])["msp"]) == pytest.approx(found.of("msp").value)


def test_rows_that_are_not_finite_are_left_out() -> None:
    spoilt = np.concatenate((OOD, np.full((2, 4), np.nan, np.float32)))
    with pytest.warns(LscliWarning, match="^ood: 2 of 42 rows are not finite"):
        found = lscli.ood(ID, spoilt, nonfinite="skip", **FAST)
    assert values(lscli.ood(ID, OOD, **FAST)) == values(found)


def test_masked_classes_are_no_labels() -> None:
    masked = ID.copy()
    masked[:, 0] = -np.inf
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        lscli.ood(masked, OOD, **FAST)
    with pytest.raises(InputError, match="row 0 has a masked class") as caught:
        lscli.ood(masked, OOD, masked_classes="error", **FAST)
    assert "row 0 has a masked class (-inf)" == caught.value.message
    with pytest.warns(LscliWarning, match=r"60 of 60 samples have a masked class \(-inf\): it is left out"):
        lscli.ood(masked, OOD, masked_classes="exclude", **FAST)


def test_tokens_have_no_intervals_unless_they_are_independent() -> None:
    tokens = ID.reshape(12, 5, 4), OOD.reshape(8, 5, 4)
    with pytest.warns(LscliWarning, match="clusters='?none"):
        found = lscli.ood(*tokens, flatten=True, **FAST)
    assert all(np.isnan(row.ci_low) for row in found.rows)
    expected = lscli.ood(ID, OOD, **FAST)
    assert values(expected) == values(found)
    same = lscli.ood(*tokens, flatten=True, clusters="none", **FAST)
    assert repr(list(expected.rows)) == repr(list(same.rows))
    with pytest.raises(UsageError, match="independent samples"):
        lscli.ood(ID, OOD, clusters=np.zeros(60), **FAST)


def test_a_temperature_is_applied_and_said() -> None:
    found = lscli.ood(ID, OOD, temperature=4, **FAST)
    one, other = textbook(ID / 4), textbook(OOD / 4)
    assert auroc(one["energy"], other["energy"]) == pytest.approx(found.of("energy").value, rel=1e-12)
    assert found.of("energy").value != lscli.ood(ID, OOD, **FAST).of("energy").value
    assert "divided by T = 4" in found.conclusion


def test_a_calibrator_that_was_fitted_on_these_samples_is_named(tmp_path: Path) -> None:
    labels = RNG.integers(0, 4, len(ID))
    path = saved_as(tmp_path / "c.json", fitted_on(ID, labels))
    with pytest.warns(LscliWarning, match="samples that the calibrator was fitted on") as caught:
        found = lscli.ood(ID, OOD, calibrator=path, **FAST)
    assert "cross_fit" not in str(caught[0].message)
    assert "recalibrated by" in found.conclusion


def test_the_provenance_has_all_files_and_no_labels(tmp_path: Path) -> None:
    np.savez(tmp_path / "id.npz", logits=ID, labels=np.zeros(60, np.int64))
    np.savez(tmp_path / "ood.npz", logits=OOD, labels=np.zeros(40, np.int64))
    found = lscli.ood(str(tmp_path / "id.npz"), str(tmp_path / "ood.npz"), **FAST)
    assert ["logits", "ood"] == [entry["role"] for entry in found.inputs]
    assert [] == found.warnings


def test_no_note_is_about_labels() -> None:
    # All predictions are class 1, and one column is whole: labels that were made up would look odd beside them.
    x = np.column_stack((np.zeros(50), 5 + RNG.normal(size=50), RNG.normal(size=50)))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert [] == lscli.ood(x, x + RNG.normal(size=x.shape) * [0, 1, 1], **FAST).warnings


def test_values_in_memory_are_called_by_their_arguments() -> None:
    spoilt = np.concatenate((ID, np.full((1, 4), np.nan, np.float32)))
    with pytest.warns(LscliWarning, match="^id_logits: 1 of 61 rows are not finite"):
        lscli.ood(spoilt, OOD, nonfinite="skip", **FAST)
    with pytest.raises(InputError, match=r"^id_logits: row 60 has nan"):
        lscli.ood(spoilt, OOD, **FAST)
    with pytest.warns(LscliWarning, match="^ood: every score is larger for its samples than for those of id_logits"):
        lscli.ood(FAR, ID, **FAST)


def test_samples_are_in_the_wrong_order_only_if_every_score_says_so() -> None:
    with pytest.warns(LscliWarning, match="ID samples come first"):
        lscli.ood(OOD, ID, score="msp,margin", **FAST)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = lscli.ood(OOD + 100, ID, **FAST)  # the constant changes the largest logit and the energy alone
        lscli.ood(ID[:30], ID[30:], **FAST)
    assert found.of("msp").ci_high < 0.5 < found.of("energy").ci_low


@pytest.mark.filterwarnings("ignore::lscli.LscliWarning")
@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_input_has_the_measures_of_its_plain_logits(kind: str) -> None:
    inside, outside = given_as(kind, 1, 120), given_as(kind, 2, 80)
    options = {"nonfinite": "skip"} if kind == "left-out" else {**inside.options}
    x, y = inside.plain, outside.plain
    if kind == "left-out":  # labels are not read, so that only the row that is not finite is left out
        x, y = (np.asarray(each.logits, np.float64)[np.arange(len(each.logits)) != 5] for each in (inside, outside))
    found = lscli.ood(inside.logits, outside.logits, recall=0.9, **options, **FAST)
    p = probabilities(np.concatenate((x, y)))
    ordered = np.sort(p, axis=1)
    scores = {
        "msp": ordered[:, -1],
        "max_logit": np.concatenate((x, y)).max(axis=1),
        "energy": logsumexp(np.concatenate((x, y)), axis=1),
        "entropy": np.where(p > 0, p * np.log(np.where(p > 0, p, 1)), 0).sum(axis=1),
        "margin": ordered[:, -1] - ordered[:, -2],
    }
    if kind in ("probs", "probs16", "log-probs", "zeros", "ensemble", "binary-probs", "binary-pairs"):
        del scores["max_logit"], scores["energy"]
    assert [*scores] == found.scores
    is_id = np.arange(len(p)) < len(x)
    for score, values_of in scores.items():
        value = groups_of_equal(values_of)
        least = np.sort(value[is_id])[::-1][math.ceil(round(0.9 * len(x), 9)) - 1]
        expected = (
            roc_auc_score(is_id, value),
            average_precision_score(is_id, value),
            average_precision_score(~is_id, -value),
            (value[~is_id] >= least).mean(),
        )
        assert expected == pytest.approx([row.value for row in found.rows if row.score == score], rel=1e-12)
