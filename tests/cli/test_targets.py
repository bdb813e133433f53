"""Conventions, priors, class weights, masked classes and noise: the options of `lscli eval` on the targets."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest
import torch
from torch.nn.functional import cross_entropy, log_softmax

from tests.cli.inprocess import Answer, Run, assert_refused, records, save_more, values

LOSSES = ["--metrics", "loss"]
WEIGHTS = [0.5, 1.0, 2.0, 0.0]
PRIOR = [0.4, 0.3, 0.2, 0.1]


@pytest.fixture
def pair(tmp_path: Path) -> tuple[str, str]:
    return save_more(tmp_path)


def saved(folder: Path, name: str, numbers: object, kind: str = "npy") -> str:
    path = str(folder / f"{name}.{kind}")
    if kind == "npy":
        np.save(path, numbers)  # type: ignore[arg-type]
    elif kind == "npz":
        np.savez(path, **{name: numbers})  # type: ignore[arg-type]
    else:
        Path(path).write_text("".join(f"{cell}\n" for cell in np.asarray(numbers).tolist()), encoding="utf-8")
    return path


def tensors(pair: tuple[str, str]) -> tuple[torch.Tensor, torch.Tensor]:
    return torch.from_numpy(np.load(pair[0])).double(), torch.from_numpy(np.load(pair[1]))


def params(answer: Answer) -> dict[str, str]:
    return {row["metric"]: row["params"] for row in records(answer)}


def test_each_convention_says_its_targets_and_its_name(run: Run, pair: tuple[str, str]) -> None:
    expected = {"uniform": (0.85, 0.05), "off-target": (0.8, 0.2 / 3), "classy": (1.05 / 1.2, 0.05 / 1.2)}
    for name, (on, off) in expected.items():
        answer = run("eval", *pair, *LOSSES, "--eps", "0.2", "--smoothing", name)
        found = values(answer)
        assert (on, off) == pytest.approx((found["target_on"], found["target_off"]))
        suffix = "" if name == "uniform" else f";smoothing={name}"
        assert f"eps=0.2{suffix}" == params(answer)["loss_smoothed"]
        assert "" == params(answer)["loss_hard"]


@pytest.mark.parametrize("kind", ["npy", "npz", "csv"])
def test_a_prior_from_a_file_is_mixed_in(run: Run, tmp_path: Path, pair: tuple[str, str], kind: str) -> None:
    options = ("--smoothing", "prior", "--prior", saved(tmp_path, "prior", PRIOR, kind), "--eps", "0.3")
    found = values(run("eval", *pair, *LOSSES, *options))
    x, y = tensors(pair)
    u = -(log_softmax(x, dim=1) @ torch.tensor(PRIOR, dtype=torch.float64)).mean()
    assert float(u) == pytest.approx(found["loss_prior"], rel=1e-12)
    assert float(0.7 * cross_entropy(x, y) + 0.3 * u) == pytest.approx(found["loss_smoothed"], rel=1e-12)
    on = 0.7 + 0.3 * np.array(PRIOR)[y]
    assert on.mean() == pytest.approx(found["target_on"])
    assert found["loss_excess"] == pytest.approx(
        found["excess_overshoot"] + found["excess_undershoot"] + found["excess_structure"]
    )


def test_the_empirical_prior_counts_the_labels_that_are_kept(run: Run, tmp_path: Path, pair: tuple[str, str]) -> None:
    y = np.load(pair[1])
    y[:10] = -100
    np.save(pair[1], y)
    share = np.bincount(y[10:], minlength=4) / 50
    by_hand = run("eval", *pair, "--smoothing", "prior", "--prior", saved(tmp_path, "prior", share), "--ci")
    assert by_hand.out == run("eval", *pair, "--smoothing", "prior", "--prior", "empirical", "--ci").out
    weight = saved(tmp_path, "w", np.arange(60.0))
    share = np.bincount(y[10:], np.arange(10.0, 60.0), 4) / np.arange(10, 60).sum()
    options = ("--smoothing", "prior", "--weights", weight, *LOSSES)
    by_hand = run("eval", *pair, *options, "--prior", saved(tmp_path, "prior", share))
    assert by_hand.out == run("eval", *pair, *options, "--prior", "empirical").out


@pytest.mark.parametrize("kind", ["npy", "npz", "csv"])
def test_class_weights_are_those_of_cross_entropy(run: Run, tmp_path: Path, pair: tuple[str, str], kind: str) -> None:
    weights = saved(tmp_path, "class_weights", WEIGHTS, kind)
    answer = run("eval", *pair, *LOSSES, "--eps", "0,0.1,1", "--class-weights", weights)
    x, y = tensors(pair)
    w = torch.tensor(WEIGHTS, dtype=torch.float64)
    rows = [row for row in records(answer) if row["metric"] == "loss_smoothed"]
    for row, eps in zip(rows, (0, 0.1, 1), strict=True):
        expected = float(cross_entropy(x, y, weight=w, label_smoothing=eps))
        assert expected == pytest.approx(float(row["value"]), rel=1e-12)
        assert f"eps={float(eps)};class_weights=torch" == row["params"]
    assert "class_weights=torch" == params(answer)["loss_hard"]
    assert not {row["metric"] for row in records(answer)} & {"excess_overshoot", "excess_structure"}
    assert all(float(row["value"]) >= 0 for row in records(answer) if row["metric"] == "loss_excess")


def test_weights_of_the_label_alone_weigh_the_samples(run: Run, tmp_path: Path, pair: tuple[str, str]) -> None:
    weights = saved(tmp_path, "class_weights", WEIGHTS)
    found = values(run("eval", *pair, *LOSSES, "--class-weights", weights, "--weight-mode", "target-only"))
    of_samples = saved(tmp_path, "w", np.array(WEIGHTS)[np.load(pair[1])])
    expected = values(run("eval", *pair, *LOSSES, "--weights", of_samples))
    assert expected == pytest.approx(found, rel=1e-12)


def test_class_weights_do_not_change_other_metrics(run: Run, tmp_path: Path, pair: tuple[str, str]) -> None:
    metrics = ["--metrics", "confidence,calibration,proper,selective,smoothing"]
    weighted = run("eval", *pair, *metrics, "--class-weights", saved(tmp_path, "class_weights", WEIGHTS))
    # These are losses at the temperature of the loss without class weights, and absent with them.
    losses = ("refinement_loss", "calibration_loss")
    expected = [each for each in records(run("eval", *pair, *metrics)) if each["metric"] not in losses]
    assert expected == records(weighted)


def masked(pair: tuple[str, str], rows: int = 60) -> None:
    """The last class masked in so many rows; it is no label there."""
    x, y = (np.load(path) for path in pair)
    y[:rows] = y[:rows] % 3
    x[:rows, 3] = -np.inf
    np.save(pair[0], x)
    np.save(pair[1], y)


def test_masked_classes_are_kept_and_said_to_be_infinite(run: Run, pair: tuple[str, str]) -> None:
    masked(pair, 7)
    answer = run("eval", *pair, *LOSSES, "--eps", "0,0.1")
    assert "7 of 60 samples have a masked class (-inf): their uniform loss and logit gap are infinite" in answer.err
    assert "loss_smoothed,inf,,,,60,eps=0.1" in answer.out
    assert "loss_uniform,inf" in answer.out


def test_excluded_classes_do_not_count(run: Run, tmp_path: Path, pair: tuple[str, str]) -> None:
    masked(pair)
    metrics = ("--metrics", "loss,smoothing", "--smoothing", "off-target")
    answer = run("eval", *pair, *metrics, "--masked-classes", "exclude")
    assert "60 of 60 samples have a masked class (-inf): it is left out of their row" in answer.err
    np.save(tmp_path / "three.npy", np.load(pair[0])[:, :3])
    expected = values(run("eval", tmp_path / "three.npy", pair[1], *metrics))
    assert expected == pytest.approx(values(answer._replace(err="")), rel=1e-12)


def test_masked_classes_can_be_refused(run: Run, pair: tuple[str, str]) -> None:
    masked(pair, 7)
    assert_refused(run("eval", *pair, "--masked-classes", "error"), 3, "row 0 has a masked class", "exclude")


def test_the_noise_rate_gives_one_more_loss(run: Run, pair: tuple[str, str]) -> None:
    answer = run("eval", *pair, "--noise-rate", "0.2")
    found = values(answer)
    expected = (found["loss_hard"] - 0.2 * found["loss_uniform"]) / 0.8
    assert expected == pytest.approx(found["loss_noise_corrected"], rel=1e-12)
    assert "rho=0.2" == params(answer)["loss_noise_corrected"]
    assert "loss_noise_corrected" not in values(run("eval", *pair))
    wide = run("eval", *pair, "--noise-rate", "0.2", "--wide").out
    assert "loss_noise_corrected@0.2" in wide.partition("\n")[0].split(",")


def test_a_negative_eps_has_a_loss_and_no_floor(run: Run, pair: tuple[str, str]) -> None:
    rows = records(run("eval", *pair, *LOSSES, "--eps=-0.25,0", "--allow-negative-eps"))
    found = {(row["metric"], row["params"]): float(row["value"]) for row in rows}
    hard, uniform = found["loss_hard", ""], found["loss_uniform", ""]
    assert 1.25 * hard - 0.25 * uniform == pytest.approx(found["loss_smoothed", "eps=-0.25"])
    assert ["loss_smoothed"] == [metric for metric, of in found if of == "eps=-0.25"]
    named = run("eval", *pair, "--metrics", "loss_floor", "--eps=-0.25", "--allow-negative-eps")
    assert "loss_floor is absent: targets of a negative eps are no distribution" in named.err


def test_a_range_of_eps_includes_its_ends(run: Run, pair: tuple[str, str]) -> None:
    rows = records(run("eval", *pair, "--metrics", "loss_smoothed", "--eps", "0:0.3:0.1,0.5"))
    assert ["eps=0.0", "eps=0.1", "eps=0.2", "eps=0.3", "eps=0.5"] == [row["params"] for row in rows]


def test_json_says_which_files_the_targets_are_from(run: Run, tmp_path: Path, pair: tuple[str, str]) -> None:
    path = saved(tmp_path, "prior", PRIOR)
    answer = run("eval", *pair, "--smoothing", "prior", "--prior", path, "-f", "json")
    document = json.loads(answer.out)
    entry = next(entry for entry in document["inputs"] if entry["role"] == "prior")
    assert {"role": "prior", "path": path, "shape": [4], "dtype": "float64", "size": 32} == entry
    assert (path, "flag") == answer.settings["prior"]


def test_the_prior_is_not_overwritten(run: Run, tmp_path: Path, pair: tuple[str, str]) -> None:
    for option, name in (("--prior", "prior"), ("--class-weights", "class_weights")):
        path = saved(tmp_path, name, [0.25] * 4)
        smoothing = ("--smoothing", "prior") if name == "prior" else ()
        answer = run("eval", *pair, *smoothing, option, path, "-o", path, "-f", "csv")
        assert_refused(answer, 2, "the output is one of the inputs")
        assert [0.25] * 4 == np.load(path).tolist()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--eps", "1.01"], ["eps", "[0, 1]", "1.01"]),
        (["--eps", "inf"], ["finite"]),
        (["--eps", ""], ["eps"]),
        (["--eps=-0.1"], ["--allow-negative-eps"]),
        (["--eps=-inf", "--allow-negative-eps"], ["finite"]),
        (["--metrics", "loss_smoothed@-0.1"], ["--allow-negative-eps"]),
        (["--eps", "0:1:0"], ["start:stop:step"]),
        (["--eps", "0:1"], ["start:stop:step"]),
        (["--eps", "0.5:0:0.1"], ["start:stop:step"]),
        (["--eps", "0:1:1e-9"], ["start:stop:step"]),
        (["--smoothing", "off_target"], ["off-target"]),
        (["--smoothing", "prior"], ["--prior empirical"]),
        (["--prior", "empirical"], ["--smoothing prior"]),
        (["--weight-mode", "label"], ["torch or target-only"]),
        (["--masked-classes", "drop"], ["keep, exclude or error"]),
        (["--noise-rate", "1"], ["at least 0 and below 1, got 1"]),
        (["--noise-rate", "-0.1"], ["at least 0 and below 1, got -0.1"]),
        (["--noise-rate", "nan"], ["at least 0 and below 1, got nan"]),
        (
            ["--smoothing", "prior", "--prior", "empirical", "--masked-classes", "exclude"],
            ["say --masked-classes keep or --masked-classes error"],
        ),
    ],
    ids=" ".join,
)
def test_wrong_usage_is_one_line(run: Run, pair: tuple[str, str], options: list[str], words: list[str]) -> None:
    assert_refused(run("eval", *pair, *options), 2, *words)


@pytest.mark.parametrize(
    ("option", "numbers", "words"),
    [
        ("prior", [0.5, 0.5], ["2 priors for 4 classes"]),
        ("prior", [0.4, 0.4, 0.1, 0.0], ["sums to 0.9"]),
        ("prior", [0.6, 0.6, -0.1, -0.1], ["class 2", "negative"]),
        ("prior", [math.nan, 0.4, 0.3, 0.3], ["class 0", "not finite"]),
        ("prior", [[0.25] * 4], ["(1, 4)"]),
        ("prior", ["a", "b", "c", "d"], ["not numbers"]),
        ("class_weights", [1.0, 1.0, 1.0], ["3 weights for 4 classes"]),
        ("class_weights", [1.0, -1.0, 1.0, 1.0], ["class 1", "negative"]),
        ("class_weights", [1.0, math.inf, 1.0, 1.0], ["class 1", "not finite"]),
        ("class_weights", [0.0, 0.0, 0.0, 0.0], ["no weight is above 0"]),
    ],
    ids=str,
)
def test_a_wrong_vector_is_refused_in_one_line(
    run: Run, tmp_path: Path, pair: tuple[str, str], option: str, numbers: object, words: list[str]
) -> None:
    path = saved(tmp_path, option, numbers)
    smoothing = ("--smoothing", "prior") if option == "prior" else ()
    answer = run("eval", *pair, *smoothing, f"--{option.replace('_', '-')}", path)
    assert_refused(answer, 3, path, *words)


def test_a_missing_prior_is_refused_in_one_line(run: Run, pair: tuple[str, str]) -> None:
    assert_refused(run("eval", *pair, "--smoothing", "prior", "--prior", "no.npy"), 3, "no.npy: not found")


def test_weights_of_classes_that_do_not_occur_are_refused(run: Run, tmp_path: Path, pair: tuple[str, str]) -> None:
    np.save(pair[1], np.load(pair[1]) % 3)
    path = saved(tmp_path, "class_weights", [0.0, 0.0, 0.0, 1.0])
    assert_refused(run("eval", *pair, "--class-weights", path), 3, "all classes that occur have weight 0")
