"""A sweep says of every eps what a plain loop says, of every model, and no more than the numbers allow."""

from __future__ import annotations

import math
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import lscli
from lscli import SampleTable
from lscli.api.report_rows import group_rows
from lscli.api.sweep import METRICS
from lscli.intervals.bootstrap import Bootstrap, interval, resampled
from lscli.intervals.of_metrics import Resampling
from lscli.metrics.base import Settings
from lscli.metrics.selection import select
from lscli.report import Row
from tests import naive
from tests.api.sweeps import TARGETS, A, Array, B, K, Y, by_eps, losses, named, one, pair


@pytest.mark.parametrize("eps", [0.0, 0.05, 0.3, 0.8, 1.0])
def test_a_plain_loop_has_the_same_numbers(eps: float) -> None:
    found = lscli.sweep(A, Y, eps=[eps])
    p = naive.probabilities(A)
    on, off = 1 - eps + eps / K, eps / K
    sums = dict.fromkeys(("loss", "floor", "over", "under", "structure", "above"), 0.0)
    for row, label in zip(p, Y, strict=True):
        q = [on if k == label else off for k in range(K)]
        sums["loss"] -= sum(a * math.log(b) for a, b in zip(q, row, strict=True)) / len(Y)
        sums["floor"] -= sum(a * math.log(a) for a in q if a > 0) / len(Y)
        p_y, rest = row[label], [row[k] for k in range(K) if k != label]
        binary = on * math.log(on / p_y) + ((1 - on) * math.log((1 - on) / sum(rest)) if on < 1 else 0)
        sums["over" if p_y > on else "under"] += binary / len(Y)
        sums["above"] += (p_y > on) / len(Y)
        uniform = 1 / (K - 1)
        sums["structure"] += (1 - on) * sum(uniform * math.log(uniform * sum(rest) / r) for r in rest) / len(Y)
    excess = sums["loss"] - sums["floor"]
    assert sums["loss"] == pytest.approx(found["loss_smoothed"], rel=1e-12)
    assert sums["floor"] == pytest.approx(found["loss_floor"], rel=1e-12)
    assert excess == pytest.approx(found["loss_excess"], rel=1e-12)
    assert sums["over"] == pytest.approx(found["excess_overshoot"], rel=1e-9, abs=1e-14)
    assert sums["under"] == pytest.approx(found["excess_undershoot"], rel=1e-9, abs=1e-14)
    assert sums["structure"] == pytest.approx(found["excess_structure"], rel=1e-9, abs=1e-14)
    assert sums["above"] == pytest.approx(found["above_target"], abs=1e-14)
    gap = math.log(on / off) if off else math.inf
    assert gap == pytest.approx(found["logit_gap_optimal"], abs=1e-12)


@pytest.mark.parametrize("options", [*TARGETS, {"ci": True, "bootstrap": 20, "level": 0.8}], ids=named)
def test_a_sweep_of_one_model_is_what_evaluate_says(options: dict[str, Any]) -> None:
    weights, groups = np.arange(len(Y)) % 3, np.array(["x", "y"])[Y % 2]
    more = {**options, "weights": weights, "groups": groups, "ignore_index": 2, "eps": "0:1:0.25"}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # loss_prior is absent, and it is asked for by name here
        expected = lscli.evaluate(A, Y, metrics=METRICS, **more)
    found = lscli.sweep(A, Y, **more)
    assert repr(expected.rows) == repr(found.rows)
    assert {"", "x", "y"} == {row.group for row in found.rows}
    assert (options.get("smoothing") == "prior") == ("loss_prior" in found)


def test_the_loss_is_a_straight_line_in_eps() -> None:
    found = lscli.sweep(A, Y, eps="0:1:0.1")
    hard, uniform = found["loss_hard"], found["loss_uniform"]
    rows = by_eps(found, "loss_smoothed")
    assert 11 == len(rows)
    assert hard == rows[0.0].value
    assert uniform == rows[1.0].value
    for eps, row in rows.items():
        assert row.value == pytest.approx((1 - eps) * hard + eps * uniform, rel=1e-14)


def test_the_default_is_eleven_eps() -> None:
    assert [eps / 20 for eps in range(11)] == pytest.approx(list(by_eps(lscli.sweep(A, Y), "loss_excess")))


def test_eps_gap_has_the_least_mean_excess() -> None:
    found = lscli.sweep(B, Y, eps="0:1:0.001")
    excess = {eps: row.value for eps, row in by_eps(found, "loss_excess").items()}
    assert 0.01 < found["eps_gap"] < 0.9
    assert min(excess, key=lambda eps: excess[eps]) == pytest.approx(found["eps_gap"], abs=0.0011)


def drawn_from(temperature: float, rows: int = 4000) -> tuple[Array, Array]:
    """Labels drawn from the softmax of logits, and these logits at another temperature."""
    random = np.random.default_rng(11)
    logits = 2 * random.normal(size=(rows, K))
    labels = (naive.probabilities(logits).cumsum(axis=1) > random.random((rows, 1))).argmax(axis=1)
    return logits / temperature, labels


@pytest.mark.parametrize("options", [{}, {"ci": True, "bootstrap": 200}, {"level": 0.8}], ids=["s.e.", "ci", "level"])
@pytest.mark.parametrize(
    ("temperature", "words"),
    [
        (2.0, "Under-confident: the smoothing balance +0."),
        (1.0, "Neither over- nor under-confident: the smoothing balance "),
        (0.5, "Over-confident: the smoothing balance -0."),
    ],
)
def test_the_verdict_is_the_truth(temperature: float, words: str, options: dict[str, Any]) -> None:
    found = lscli.sweep(*drawn_from(temperature), **options)
    assert found.conclusion.startswith(words)
    assert f"({100 * options.get('level', 0.95):g} % interval" in found.conclusion
    assert ("within noise" in found.conclusion) == (temperature == 1.0)


def test_the_verdict_needs_an_interval_without_0() -> None:
    logits, labels = drawn_from(1.1)
    assert lscli.sweep(logits[:60], labels[:60]).conclusion.startswith("Neither")
    assert lscli.sweep(logits, labels).conclusion.startswith("Under-confident")


def test_a_weight_of_two_is_the_sample_twice() -> None:
    weights = 1 + np.arange(len(Y)) % 2
    twice = np.repeat(np.arange(len(Y)), weights)
    weighed = lscli.sweep(A, Y, others=B, weights=weights)
    repeated = lscli.sweep(A[twice], Y[twice], others=B[twice])
    assert 2 * (8 * 11 + 17) + 12 == len(weighed.rows) == len(repeated.rows)
    for one_row, other in zip(weighed.rows, repeated.rows, strict=True):
        assert one_row.metric == other.metric
        assert one_row[3:5] == pytest.approx(other[3:5], rel=1e-9, abs=1e-13, nan_ok=True), one_row.metric
        assert one_row.n == other.n


def test_a_group_is_a_sweep_of_its_rows() -> None:
    groups = np.array(["x", "y", "z"])[np.arange(len(Y)) % 3]
    found = lscli.sweep(A, Y, others=B, groups=groups, ci=True, bootstrap=20)
    for name in "xyz":
        of_group = [row._replace(group="") for row in found.rows if row.group == name]
        alone = lscli.sweep(A[groups == name], Y[groups == name], others=B[groups == name], ci=True, bootstrap=20)
        assert repr(of_group) == repr(alone.rows)


def test_models_are_compared_on_the_rows_that_both_keep() -> None:
    a, b = A.copy(), B.copy()
    a[3, 0], b[[3, 8, 9], 1] = math.nan, math.nan
    with pytest.warns(lscli.LscliWarning) as caught:
        found = lscli.sweep(a, Y, others=[b, A], nonfinite="skip", groups=np.where(np.arange(400) < 10, "few", "many"))
    notes = [str(warning.message) for warning in caught]
    assert "logits (2): compared with logits on the 397 rows that both keep" in notes
    assert "logits (3): compared with logits on the 399 rows that both keep" in notes
    keep = np.delete(np.arange(400), [3, 8, 9])
    expected = lscli.sweep(A[keep], Y[keep], others=B[keep])
    assert [r[2:] for r in by_eps(expected, "loss_difference", "logits (2)").values()] == [
        r[2:] for r in by_eps(found, "loss_difference", "logits (2)").values()
    ]
    assert 7 == next(iter(by_eps(found, "loss_difference", "logits (2)", "few").values())).n
    assert 399 == found.rows[0].n


def test_models_without_a_row_in_common_are_refused() -> None:
    a, b = A[:2].copy(), B[:2].copy()
    a[0], b[1] = math.nan, math.nan
    with pytest.raises(lscli.InputError, match=r"logits \(2\): has no kept row in common with logits"):
        lscli.sweep(a, Y[:2], others=b, nonfinite="skip")


def test_masked_classes_make_no_nan_at_the_ends() -> None:
    a, b = A.copy(), B.copy()
    a[0, (Y[0] + 1) % K] = -math.inf
    with pytest.warns(lscli.LscliWarning, match="masked class"):
        found = lscli.sweep(a, Y, others=b, eps="0:1:0.5")
    values = [row.value for row in by_eps(found, "loss_difference", "logits (2)").values()]
    assert math.isfinite(values[0])
    assert [-math.inf, -math.inf] == values[1:]
    assert math.isnan(one(found, "loss_flip_eps").value)


def test_left_out_classes_have_targets_of_their_own_row() -> None:
    a, b = A.copy(), B.copy()
    a[:100, 0] = b[50:120, 1] = -math.inf
    keep = (Y != 0) & (Y != 1)
    a, b, y = a[keep], b[keep], Y[keep]
    with pytest.warns(lscli.LscliWarning, match="left out of their row"):
        found = lscli.sweep(a, y, others=b, masked_classes="exclude", smoothing="off-target", eps="0:1:0.25")
    models = [by_eps(found, "loss_smoothed", source) for source in ("logits", "logits (2)")]
    for eps, row in by_eps(found, "loss_difference", "logits (2)").items():
        assert models[1][eps].value - models[0][eps].value == pytest.approx(row.value, rel=1e-9)


@pytest.mark.parametrize("other", [B[:-1], B[:, :-1]], ids=["rows", "classes"])
def test_models_of_another_shape_are_refused(other: Array, tmp_path: Path) -> None:
    a, b = tmp_path / "a.npy", tmp_path / "b.npy"
    np.save(a, A)
    np.save(b, other)
    with pytest.raises(lscli.InputError) as caught:
        lscli.sweep(a, Y, others=[a, b])
    assert str(caught.value) == f"{b}: has logits of shape {other.shape}, {a} of {A.shape}"
    with pytest.raises(lscli.InputError, match="model 1: has logits of shape"):
        lscli.sweep(A, Y, others=other)


def test_archives_with_labels_of_their_own_must_have_the_same(tmp_path: Path) -> None:
    first, same, other, bare = (tmp_path / f"{name}.npz" for name in ("first", "same", "other", "bare"))
    np.savez(first, logits=A, labels=Y)
    np.savez_compressed(same, logits=B, labels=Y)
    np.savez(other, logits=B, labels=np.roll(Y, 1))
    np.savez(bare, logits=B)
    expected = [row[2:] for row in lscli.sweep(A, Y, others=B).rows]
    for second in (same, bare):
        assert repr(expected) == repr([row[2:] for row in lscli.sweep(first, others=second).rows])
    row = int((np.roll(Y, 1) != Y).argmax())
    with pytest.raises(lscli.InputError, match=rf"other.npz: its label of row {row} differs from that of .*first.npz"):
        lscli.sweep(first, others=[other])
    with pytest.raises(lscli.UsageError, match="no labels were given"):
        lscli.sweep(A, others=[other])


def test_models_may_be_lists_or_none_at_all() -> None:
    one_model = lscli.sweep(A, Y, others=None)
    assert one_model.rows == lscli.sweep(A.tolist(), Y.tolist()).rows
    assert lscli.sweep(A, Y, others=B).rows == lscli.sweep(A, Y, others=[B.tolist()]).rows
    with pytest.raises(lscli.InputError, match="is not an array"):
        lscli.sweep(A, Y, others=[[[1.0, 2.0], [3.0]]])


def test_one_model_has_no_difference() -> None:
    with pytest.warns(lscli.LscliWarning, match="loss_difference is absent"):
        assert [] == lscli.evaluate(A, Y, metrics="loss_difference,paired").rows
    assert not {"loss_difference", "loss_flip_eps"} & {row.metric for row in lscli.evaluate(A, Y, metrics="all").rows}


def test_what_the_report_says_of_where_it_is_from() -> None:
    found = lscli.sweep(A, Y, others=[B, A], eps="0:0.2:0.1", smoothing="prior", prior="empirical")
    assert ["logits", "labels", "logits", "logits"] == [entry["role"] for entry in found.inputs]
    assert ["logits", "logits (2)", "logits (3)"] == list(dict.fromkeys(row.source for row in found.rows))
    assert ([0.0, 0.1, 0.2], "argument") == found.settings["eps"]
    assert (0.95, "default") == found.settings["level"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        *(
            ({"eps": eps}, f"not a range of eps: {eps}")
            for eps in ("0:1:0", "0:1", "0.5:0:0.1", "0:1:x", "::", "0:1:-.1")
        ),
        ({"eps": -0.1}, "must be"),
        ({"eps": "-0.2:0.2:0.1"}, "must be"),
        ({"eps": []}, "no eps is given"),
        ({"smoothing": "prior"}, "needs a prior"),
        ({"level": 2}, "level"),
        ({"bootstrap": 0}, "bootstrap"),
        ({"group_by": "x"}, "no file is given for this column"),
    ],
)
def test_wrong_options_and_models_are_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(lscli.UsageError, match=message):
        lscli.sweep(A, Y, **options)


def test_a_negative_eps_has_a_loss_and_no_floor() -> None:
    found = lscli.sweep(A, Y, others=B, eps="-0.2:0.2:0.2", allow_negative_eps=True)
    assert [-0.2, 0, 0.2] == list(by_eps(found, "loss_smoothed"))
    assert [0, 0.2] == list(by_eps(found, "loss_floor")) == list(by_eps(found, "above_target"))
    difference = by_eps(found, "loss_difference", "logits (2)")[-0.2].value
    values = [by_eps(found, "loss_smoothed", source)[-0.2].value for source in ("logits", "logits (2)")]
    assert values[1] - values[0] == pytest.approx(difference, rel=1e-9)


@pytest.mark.parametrize("options", TARGETS, ids=named)
def test_the_difference_is_paired(options: dict[str, Any]) -> None:
    found = lscli.sweep(A, Y, others=[B], eps="0:1:0.25", **options)
    rows = by_eps(found, "loss_difference", "logits (2)")
    assert [0, 0.25, 0.5, 0.75, 1] == list(rows)
    for eps, row in rows.items():
        (other, by), (first, _) = losses(B, eps, options), losses(A, eps, options)
        each = (other - first) - by * (other - first).sum() / by.sum()
        stderr = math.sqrt((each**2).sum() / (len(Y) * (len(Y) - 1))) / by.mean()
        assert ((other - first).sum() / by.sum(), stderr) == pytest.approx((row.value, row.stderr), rel=1e-9)
        models = [by_eps(found, "loss_smoothed", source)[eps].value for source in ("logits", "logits (2)")]
        assert models[1] - models[0] == pytest.approx(row.value, rel=1e-9)


@pytest.mark.parametrize("options", TARGETS, ids=named)
def test_the_ranking_flips_where_a_search_finds_that_it_does(options: dict[str, Any]) -> None:
    flip = one(lscli.sweep(A, Y, others=B, eps=0.1, **options), "loss_flip_eps")
    low, high = 0.0, 1.0

    def difference(eps: float) -> float:
        return float((losses(B, eps, options)[0] - losses(A, eps, options)[0]).sum())

    assert difference(low) > 0 > difference(high)
    for _ in range(40):
        middle = (low + high) / 2
        low, high = (middle, high) if difference(middle) > 0 else (low, middle)
    assert low == pytest.approx(flip.value, rel=1e-9)
    assert 0 < flip.stderr < 0.1


def test_the_standard_error_of_the_flip_is_the_spread_of_flips() -> None:
    flips = []
    for seed in range(200):
        a, b, y = pair(seed=seed)
        flips.append(one(lscli.sweep(a, y, others=b, eps=0.1, smoothing="classy"), "loss_flip_eps"))
    assert np.std([row.value for row in flips]) == pytest.approx(np.mean([row.stderr for row in flips]), rel=0.15)


def test_a_model_that_is_better_everywhere_has_no_flip() -> None:
    worse = B + 1.5 * np.random.default_rng(1).normal(size=B.shape)
    found = lscli.sweep(worse, Y, others=B, ci=True, bootstrap=50, eps="0:0.2:0.1")
    flip = one(found, "loss_flip_eps")
    assert all(math.isnan(value) for value in flip[3:7])
    assert found.conclusion.endswith("logits (2) has the smaller loss at every eps of the sweep.")


def test_a_model_against_itself_is_no_different_in_any_resample() -> None:
    found = lscli.sweep(A, Y, others=[A], ci=True, bootstrap=30)
    rows = by_eps(found, "loss_difference", "logits (2)").values()
    assert {(0.0, 0.0, 0.0, 0.0)} == {(row.value, row.stderr, row.ci_low, row.ci_high) for row in rows}
    assert math.isnan(one(found, "loss_flip_eps").value)
    assert "Between logits and logits (2) no difference in loss is beyond noise" in found.conclusion


def test_the_band_is_that_of_the_losses_on_the_same_resamples() -> None:
    options: dict[str, Any] = {"ci": True, "bootstrap": 200, "eps": [0, 0.3, 1], "seed": 5}
    found = by_eps(lscli.sweep(A, Y, others=B, **options), "loss_difference", "logits (2)")
    each = {eps: losses(B, eps, {})[0] - losses(A, eps, {})[0] for eps in found}
    table = SampleTable({str(eps): x for eps, x in each.items()})
    drawn = resampled(
        table,
        lambda resample: [float((resample.weight * x).sum() / len(x)) for x in each.values()],
        Bootstrap(200, 5),
        2,
    )
    for values, (eps, row) in zip(drawn.T, found.items(), strict=True):
        assert interval(0.0, values, 0.95) == pytest.approx((row.ci_low, row.ci_high), rel=1e-9), eps
        assert row.ci_low < row.value < row.ci_high


def flip_of(hard: Array, spread: Array) -> Row:
    table = SampleTable({"row": np.arange(len(hard)), "hard_difference": hard, "spread_difference": spread})
    (found,) = group_rows("", "", table, select("loss_flip_eps"), Settings(), Resampling(Bootstrap(300), 2, None))
    return found


def test_the_interval_of_the_flip_is_open_where_resamples_do_not_flip() -> None:
    noise = np.random.default_rng(0).normal(size=50)
    noise -= noise.mean()
    early = flip_of(noise + 0.1, noise - 1)
    assert early.value == pytest.approx(0.1 / 1.1)
    assert (0.0, True) == (early.ci_low, 0.15 < early.ci_high < 0.6)
    late = flip_of(noise - 1, noise + 0.1)
    assert late.value == pytest.approx(1 / 1.1)
    assert (True, 1.0) == (0.4 < late.ci_low < 0.85, late.ci_high)
    clear = flip_of(noise + 1, noise - 1)
    assert clear.value == pytest.approx(0.5)
    assert 0.3 < clear.ci_low < 0.5 < clear.ci_high < 0.7


@pytest.mark.filterwarnings("ignore:.*soft labels have losses")
@pytest.mark.parametrize("options", [{}, {"class_weights": np.arange(1.0, K + 1)}, {"smoothing": "off-target"}])
def test_soft_labels_have_the_losses_of_evaluate_and_their_differences(options: dict[str, Any]) -> None:
    q = np.random.default_rng(2).dirichlet(np.full(K, 0.3), len(Y))
    q[3] = -100
    eps = [0.0, 0.2, 1.0]
    found = lscli.sweep(A, q, others=[B], soft_labels=True, eps=eps, ci=True, bootstrap=40, **options)
    own = {}
    for source, model in (("logits", A), ("logits (2)", B)):
        metrics = "loss_hard,loss_uniform,loss_smoothed,loss_floor,loss_excess"
        expected = lscli.evaluate(model, q, soft_labels=True, eps=eps, metrics=metrics, **options)
        rows = [row for row in found.rows if row.source == source and not row.metric.startswith("loss_difference")]
        values = [(row.metric, row.value, row.params) for row in rows if row.metric != "loss_flip_eps"]
        assert [(row.metric, row.value, row.params) for row in expected.rows] == values
        own[source] = {row.params["eps"]: row.value for row in rows if row.metric == "loss_smoothed"}
    for amount, row in by_eps(found, "loss_difference", "logits (2)").items():
        assert own["logits (2)"][amount] - own["logits"][amount] == pytest.approx(row.value, rel=1e-10)
        assert row.ci_low < row.value < row.ci_high
    assert "has the least excess" in found.conclusion


def test_models_are_compared_on_soft_labels_that_are_given(tmp_path: Path) -> None:
    q = np.full((len(Y), K), 1 / K)
    for name, model in (("a", A), ("b", B)):
        np.savez(tmp_path / f"{name}.npz", logits=model, labels=q)
    with pytest.raises(lscli.UsageError, match="compared with the same soft labels, which are missing"):
        lscli.sweep(tmp_path / "a.npz", others=[tmp_path / "b.npz"], soft_labels=True)
    with pytest.warns(lscli.LscliWarning, match="left out: excess_overshoot, .*accuracy"):
        report = lscli.sweep(tmp_path / "a.npz", soft_labels=True)
    assert {str(tmp_path / "a.npz")} == {row.source for row in report.rows}
    with pytest.raises(lscli.UsageError, match="target-only weighs a sample by its label"):
        lscli.sweep(A, q, soft_labels=True, class_weights=np.ones(K), weight_mode="target-only")
