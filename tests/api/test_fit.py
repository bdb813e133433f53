"""Fits of temperatures against scipy, of groups, and on samples that they have not seen."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax

import lscli
from lscli.errors import InputError, UsageError
from lscli.kernels.value_hash import factors, folds, value_hash
from lscli.recalibrators.base import Fit, FitRows, Method
from lscli.recalibrators.calibrator import Calibrator
from lscli.recalibrators.methods import METHODS
from lscli.recalibrators.temperature import METHOD as TEMPERATURE
from tests.cli.inprocess import Run, assert_refused, records

Array = NDArray[Any]
N, K = 600, 4
RANDOM = np.random.default_rng(3)
X = (2 * RANDOM.standard_normal((N, K))).astype(np.float32)
_P = np.exp(log_softmax(X / 1.7, axis=1))
Y = (RANDOM.random((N, 1)) > _P.cumsum(axis=1)).sum(axis=1).clip(0, K - 1)
GROUP = np.where(np.arange(N) % 3, "a", "b")


def loss(x: Array, y: Array, t: float) -> float:
    """The textbook's mean nll."""
    return float(-log_softmax(x.astype(np.float64) / t, axis=1)[np.arange(len(y)), y].mean())


def best(x: Array, y: Array) -> float:
    """The temperature that scipy finds."""
    return float(
        minimize_scalar(lambda t: loss(x, y, t), bounds=(0.1, 10), method="bounded", options={"xatol": 1e-10}).x
    )


def temperature(calibrator: Calibrator | None) -> float:
    assert calibrator is not None
    return float(calibrator.parameters.temperature)


def test_a_fit_has_the_temperature_of_scipy_and_the_losses_before_and_after() -> None:
    found = lscli.fit(X, Y)
    t = best(X, Y)
    assert t == pytest.approx(temperature(found.calibrator), rel=1e-6)
    numbers = {(row.kind, row.name): row.value for row in found.rows}
    assert loss(X, Y, 1) == pytest.approx(numbers["fit", "loss_before"], rel=1e-9)
    assert loss(X, Y, t) == pytest.approx(numbers["fit", "loss_after"], rel=1e-9)
    assert (N, True) == (numbers["fit", "rows"], "temperature 1." in found.conclusion.lower())


def test_the_file_has_what_the_answer_has(run: Run, tmp_path: Path) -> None:
    paths = saved(tmp_path)
    rows = records(run("fit", *paths, "-o", tmp_path / "cal.json", "-f", "csv"))
    file = json.loads((tmp_path / "cal.json").read_text())
    answer = json.loads(run("fit", *paths, "-f", "json").out)
    assert file == answer["calibrator"]
    assert float(rows[0]["value"]) == file["parameters"]["temperature"]
    assert {"rows": N, "ignored": 0, "weight": N} == {key: file["fit"][key] for key in ("rows", "ignored", "weight")}
    assert {"parameter", "fit", "certificate"} == {row["kind"] for row in rows}


def saved(folder: Path) -> tuple[Path, Path]:
    np.save(folder / "x.npy", X)
    np.save(folder / "y.npy", Y)
    return folder / "x.npy", folder / "y.npy"


def test_the_bytes_do_not_depend_on_threads_and_chunks(run: Run, tmp_path: Path) -> None:
    paths = saved(tmp_path)
    texts = set()
    for number, words in enumerate([(), ("--threads", 1), ("--threads", 3, "--chunk-rows", 7)]):
        assert 0 == run("fit", *paths, "-o", tmp_path / f"{number}.json", *words).code
        texts.add((tmp_path / f"{number}.json").read_bytes())
    assert 1 == len(texts)


def test_a_weight_is_a_count_and_ignored_labels_are_left_out() -> None:
    weight = np.arange(N) % 3
    expected = lscli.fit(np.repeat(X, weight, axis=0), np.repeat(Y, weight))
    assert temperature(expected.calibrator) == pytest.approx(
        temperature(lscli.fit(X, Y, weights=weight).calibrator), rel=1e-9
    )
    ignored = np.where(np.arange(N) % 5, Y, -100)
    expected = lscli.fit(X[ignored >= 0], Y[ignored >= 0])
    found = lscli.fit(X, ignored)
    assert temperature(expected.calibrator) == pytest.approx(temperature(found.calibrator), rel=1e-9)
    assert found.calibrator is not None
    assert N // 5 == found.calibrator.fit["ignored"]


def test_a_map_of_each_group_is_the_fit_of_its_samples() -> None:
    found = lscli.fit(X, Y, groups=GROUP, per_group=True)
    assert found.calibrator is not None
    for name in "ab":
        own = lscli.fit(X[name == GROUP], Y[name == GROUP]).calibrator
        of_group = found.calibrator.groups[name]
        assert temperature(own) == pytest.approx(temperature(of_group), rel=1e-9)
        assert own is not None
        assert own.data == of_group.data
    with pytest.warns(lscli.LscliWarning, match="was fitted on these samples.*: use other samples$"):
        report = lscli.evaluate(X, Y, calibrator=found.calibrator, groups=GROUP, metrics="loss_hard")
    losses = {row.group: row.value for row in report.rows}
    for name, of_group in found.calibrator.groups.items():
        chosen = name == GROUP
        assert loss(X[chosen], Y[chosen], temperature(of_group)) == pytest.approx(losses[name], rel=1e-6)
    assert losses[""] == pytest.approx(found.calibrator.fit["loss_after"], rel=1e-6)


def test_a_group_without_an_optimum_is_named() -> None:
    y = np.where(GROUP == "b", X.argmin(axis=1), Y)
    with pytest.raises(InputError, match=r"group 'b' has no map: no temperature is best"):
        lscli.fit(X, y, groups=GROUP, per_group=True)
    with pytest.raises(InputError, match=r"group 'b' has no map: no sample of it is kept"):
        lscli.fit(X, np.where(GROUP == "b", -100, Y), groups=GROUP, per_group=True)


def test_an_unknown_group_is_named() -> None:
    found = lscli.fit(X, Y, groups=GROUP, per_group=True)
    others = np.where(np.arange(N) == 5, "c", GROUP)
    with pytest.raises(InputError, match="has no map for the group 'c'"):
        lscli.evaluate(X, Y, calibrator=found.calibrator, groups=others)
    with pytest.raises(InputError, match="has no map for the group 'c'"):
        lscli.apply(found.calibrator, X, groups=others)


def test_cross_fitted_samples_are_mapped_by_the_fit_without_their_fold() -> None:
    rows = lscli.fit(X, Y, cross_fit=True, bootstrap=20).rows
    fold = folds(value_hash(X, factors(K)), 5)
    mapped = X.astype(np.float64)
    for number in range(5):
        mapped[fold == number] /= best(X[fold != number], Y[fold != number])
    found = {(row.method, row.name): row for row in rows if row.kind == "cross-fit"}
    assert loss(mapped, Y, 1) == pytest.approx(found["temperature", "loss_hard"].value, rel=1e-7)
    assert loss(X, Y, 1) == pytest.approx(found["none", "loss_hard"].value, rel=1e-7)
    report = lscli.evaluate(mapped, Y, metrics="loss_hard,brier,ece", ci=True, bootstrap=20)
    for row in report.rows:
        own = found["temperature", row.metric]
        assert [row.value, row.ci_low, row.ci_high] == pytest.approx([own.value, own.ci_low, own.ci_high], rel=1e-5)


def test_rows_of_a_cluster_are_in_one_fold(monkeypatch: pytest.MonkeyPatch) -> None:
    clusters = np.arange(N) // 4
    seen: list[Array] = []

    def spying(rows: FitRows) -> Fit:
        seen.append(rows.weight > 0)
        return TEMPERATURE.fit(rows)

    monkeypatch.setitem(METHODS, "temperature", TEMPERATURE._replace(fit=spying))
    lscli.fit(X, Y, clusters=clusters, cross_fit=True, bootstrap=20)
    whole, *parts = seen
    assert whole.all()
    assert 5 == len(parts)
    assert np.array_equal(np.full(N, 4), np.sum(parts, axis=0))  # each row is left out once
    for used in parts:
        assert (used.reshape(-1, 4).min(axis=1) == used.reshape(-1, 4).max(axis=1)).all()


def _worse(gain: float) -> Method:
    """A method that divides by the best temperature times a number."""

    def fit(rows: Any) -> Any:
        found = TEMPERATURE.fit(rows)
        return found._replace(parameters=found.parameters._replace(temperature=found.parameters.temperature * gain))

    return TEMPERATURE._replace(name=f"times {gain}", title=f"{gain} times the temperature", fit=fit)


def test_all_methods_are_compared_and_the_best_one_is_kept(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in set(METHODS) - {"temperature"}:
        monkeypatch.delitem(METHODS, name)
    for name, method in (
        ("far", _worse(9.0)),
        ("near", _worse(1.05)),
        ("small", TEMPERATURE._replace(most_classes=3)),
        ("odd", TEMPERATURE._replace(fit=lambda rows: (_ for _ in ()).throw(UsageError("needs a package")))),
    ):
        monkeypatch.setitem(METHODS, name, method)
    paths = saved(tmp_path)
    answer = run("fit", *paths, "--method", "all", "-o", tmp_path / "cal.json", "--bootstrap", 20)
    rows = records(answer)
    losses = {
        row["method"]: float(row["value"]) for row in rows if (row["kind"], row["name"]) == ("cross-fit", "loss_hard")
    }
    assert ["temperature", "near", "none", "far"] == [*losses]
    assert sorted(losses.values()) == [*losses.values()]
    refused = {row["method"]: row["name"] for row in rows if row["kind"] == "refused"}
    assert ["small", "odd"] == [*refused]
    assert ("needs a package", True) == (refused["odd"], "at most 3" in refused["small"])
    kept = Calibrator.load(tmp_path / "cal.json")
    assert lscli.fit(X, Y).calibrator is not None
    assert ("temperature", temperature(lscli.fit(X, Y).calibrator)) == (kept.method, temperature(kept))
    shown = run("fit", *paths, "--method", "all", "-f", "table", "--bootstrap", 20)
    assert (0, True, True) == (
        shown.code,
        "Best by cross-fitted loss: temperature" in shown.out,
        "odd is not fitted" in shown.out,
    )


def test_nothing_is_written_if_the_logits_as_they_are_do_best(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(METHODS, "temperature", _worse(9.0))
    for name in set(METHODS) - {"temperature"}:
        monkeypatch.delitem(METHODS, name)
    paths = saved(tmp_path)
    answer = run("fit", *paths, "--method", "all", "-o", tmp_path / "cal.json", "--bootstrap", 20)
    assert (0, False) == (answer.code, (tmp_path / "cal.json").exists())
    assert "cal.json is not written: no method does better than the logits as they are" in answer.err
    assert lscli.fit(X, Y, method="all", bootstrap=20).calibrator is None


@pytest.mark.parametrize("answer", [lscli.fit, lambda *given, **more: lscli.recalibrate(*given, *given, **more)])
def test_an_unknown_method_is_refused(answer: Any) -> None:
    with pytest.raises(UsageError, match="unknown value 'bets'") as caught:
        answer(X, Y, method="bets")
    assert "did you mean 'ets' or 'beta'?" == caught.value.hint


def test_an_amount_below_0_is_refused_without_an_option_that_a_fit_has_not() -> None:
    for eps in (-0.1, 1.0, (0.0, 0.1)):
        with pytest.raises(UsageError, match="takes one amount from 0 to below 1 here") as caught:
            lscli.fit(X, Y, objective="loss_smoothed", eps=eps)
        assert "0.1 is usual" == caught.value.hint
    assert best(X, Y) == pytest.approx(temperature(lscli.fit(X, Y, eps=-0.1).calibrator), rel=1e-6)


def test_a_fit_without_an_optimum_writes_nothing(run: Run, tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", X)
    np.save(tmp_path / "y.npy", X.argmin(axis=1))
    answer = run("fit", tmp_path / "x.npy", tmp_path / "y.npy", "-o", tmp_path / "cal.json")
    assert_refused(answer, 3, "no temperature is best")
    assert not (tmp_path / "cal.json").exists()


def test_the_calibrator_is_not_written_over_an_input(run: Run, tmp_path: Path) -> None:
    paths = saved(tmp_path)
    (tmp_path / "w.json").symlink_to(tmp_path / "y.npy")
    assert_refused(run("fit", *paths, "-o", tmp_path / "w.json"), 2, "the output is one of the inputs")
    assert_refused(run("fit", *paths, "-o", tmp_path), 2, "the output is a directory")
    assert_refused(run("fit", *paths, "-o", tmp_path / "no" / "cal.json"), 4, "cannot be written: No such file")


@pytest.mark.parametrize("words", [[], ["--per-group", "--groups", "g.csv"], ["--cross-fit", "--bootstrap", "20"]])
def test_the_table_names_parameters_and_losses(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: list[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    saved(tmp_path)
    (tmp_path / "g.csv").write_text("site\n" + "".join(f"{name}\n" for name in GROUP))
    answer = run("fit", "x.npy", "y.npy", *words, "-f", "table")
    assert (0, "") == (answer.code, answer.err)
    assert "temperature" in answer.out
    assert ("± temperature" if "--per-group" in words else "standard error") in answer.out
    assert ("cross-fitted" in answer.out) == ("--cross-fit" in words)


def test_a_loss_that_rises_is_said_to_rise() -> None:
    # beta starts from the confidence after a temperature, so the logits as they are need not be among its maps.
    random = np.random.default_rng(193)
    z = 2 * random.standard_normal((40, 4))
    y = np.array([random.choice(4, p=p) for p in np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)])
    found = lscli.fit(z, y, method="beta")
    assert found.calibrator is not None
    before, after = (found.calibrator.fit[f"loss_{name}"] for name in ("before", "after"))
    assert before < after
    assert f"the binary nll rises from {before:.4f} to {after:.4f}." in found.conclusion
