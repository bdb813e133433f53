"""The files of an ensemble, and its arrays in memory: which are read, with which labels, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import ml_dtypes
import numpy as np
import pandas as pd
import pytest
import torch

import lscli
from tests import ensembles

X, Y = ensembles.members(24, 4), ensembles.labels(24, 4)
METRICS = "loss_hard,accuracy,expected_entropy,mutual_information"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for place, x in enumerate(X):
        np.save(f"x-{place}.npy", x)
        np.savez_compressed(f"own-{place}.npz", logits=x, labels=Y)
        np.save(f"y-{place}.npy", Y)
    return tmp_path


def answer(logits: Any, labels: Any = None, **options: Any) -> lscli.Report:
    return lscli.evaluate(logits, labels, ensemble=True, metrics=METRICS, **options)


def numbers(report: lscli.Report) -> list[float]:
    return [row.value for row in report.rows]


def refused(kind: type[lscli.LscliError], says: str, logits: Any, labels: Any = None, /, **options: Any) -> str:
    with pytest.raises(kind, match=says) as caught:
        answer(logits, labels, **options)
    return caught.value.hint


def test_every_way_to_name_the_members_gives_the_textbook_s_numbers() -> None:
    p = np.exp(ensembles.log_mean(X)).astype(float)
    entropy, information = ensembles.disagreement(X)
    own = -np.log(p[np.arange(24), Y]).mean(), (p.argmax(axis=1) == Y).mean()
    expected = pytest.approx([*own, float(entropy.mean()), float(information.mean())], rel=1e-13)
    names = [f"x-{place}.npy" for place in range(3)]
    for logits, labels in (
        ("x-*.npy", Y),
        ("x-*.npy", "y-0.npy"),
        ("x-*.npy", "y-*.npy"),
        ("x-*.npy", "y-0.np?"),
        ("own-*.npz", None),
        (names, Y),
        (tuple(map(Path, names)), "y-0.npy"),
        ([*X], Y),
        ([torch.from_numpy(x) for x in X], Y),
        ([X[0].tolist(), "x-1.npy", torch.from_numpy(X[2])], Y),
        (["own-0.npz", "own-1.npz", "own-2.npz"], None),
    ):
        assert expected == numbers(answer(logits, labels))


def test_the_mean_of_logits() -> None:
    mean = X.astype(float).mean(axis=0)
    expected = lscli.evaluate(mean, Y, metrics="loss_hard,accuracy")
    found = answer("x-*.npy", "y-0.npy", ensemble_of="logits")
    assert pytest.approx(numbers(expected), rel=1e-13) == numbers(found)[:2]
    # How much the members disagree is a matter of their probabilities.
    assert numbers(answer("x-*.npy", Y))[2:] == numbers(found)[2:]


@pytest.mark.parametrize("of", ["probs", "logits"])
def test_probabilities_and_their_logarithms(of: str) -> None:
    log_p = ensembles.log_probabilities(X).astype(float)
    expected = pytest.approx(numbers(answer([*log_p], Y, ensemble_of=of)), rel=1e-12)
    assert expected == numbers(answer([*log_p], Y, ensemble_of=of, kind="log-probs"))
    assert expected == numbers(answer([*np.exp(log_p)], Y, ensemble_of=of, kind="probs"))


@pytest.mark.parametrize("kind", ["logits", "probs"])
def test_binary_members(kind: str) -> None:
    z = X[:, :, 0].astype(float)
    p = 1 / (1 + np.exp(-z))
    y = Y % 2
    values = [*(z if kind == "logits" else p)]
    mean = p.mean(axis=0)
    expected = -np.log(np.where(y == 1, mean, 1 - mean)).mean()
    found = answer(values, y, binary=True, kind=kind)
    assert pytest.approx(expected, rel=1e-12) == found["loss_hard"]
    logit = z.mean(axis=0)
    expected = np.log1p(np.exp(np.where(y == 1, -logit, logit))).mean()
    found = answer(values, y, binary=True, kind=kind, ensemble_of="logits")
    assert pytest.approx(expected, rel=1e-12) == found["loss_hard"]


def test_the_types_of_the_members_may_differ() -> None:
    types: tuple[Any, ...] = (np.float16, ml_dtypes.bfloat16, np.float64)
    members = [x.astype(each) for x, each in zip(X, types, strict=True)]
    expected = numbers(answer([x.astype(np.float64) for x in members], Y))
    report = answer(members, Y)
    assert expected == numbers(report)
    assert "float16, bfloat16, float64" == report.inputs[0]["dtype"]
    np.save("h-0.npy", members[0])
    np.save("h-1.npy", members[1])
    with pytest.raises(lscli.InputError, match=r"h-1.npy: 2-byte values without a type"):
        answer("h-*.npy", Y)


@pytest.mark.parametrize("others", ["float32", "float64"])
def test_one_member_of_float64_gives_rows_of_float64(others: str) -> None:
    x = ensembles.members(30, 200, 3, "float64")
    members = [x[0], *x[1:].astype(others)]
    p = np.exp(ensembles.log_mean(np.stack(members).astype(float)))
    expected = float(-np.log(p[:, 3]).mean())
    assert pytest.approx(expected, rel=1e-12) == answer(members, np.full(30, 3))["loss_hard"]


def test_the_members_of_a_list_may_have_shards(folder: Path) -> None:
    for place, (x, y) in enumerate(zip(np.split(X, [10], axis=1), np.split(Y, [10]), strict=True)):
        np.save(f"a{place}.npy", x[0])
        np.save(f"b{place}.npy", x[1])
        np.save(f"l{place}.npy", y)
    expected = numbers(answer([*X[:2]], Y))
    assert expected == numbers(answer(["a?.npy", "b?.npy"], "l?.npy"))
    assert expected == numbers(answer(["a?.npy", X[1]], Y))


def test_the_report_names_the_members() -> None:
    entry = answer("x-*.npy", Y).inputs[0]
    assert ["x-0.npy", "x-1.npy", "x-2.npy"] == entry["members"]
    assert ("x-*.npy", [24, 4], X.nbytes) == (entry["path"], entry["shape"], entry["size"])
    assert "x-0.npy, ..., x-2.npy" == answer([f"x-{i}.npy" for i in range(3)], Y).rows[0].source
    report = answer([*X], Y, ensemble_of="logits")
    assert ["logits[0]", "logits[1]", "logits[2]"] == report.inputs[0]["members"]
    assert ("logits", "logits") == (report.rows[0].source, report.settings["ensemble_of"].value)


@pytest.mark.parametrize(
    ("save", "says"),
    [
        (X[1, :23], r"x-1.npy: has logits of shape \(23, 4\), x-0.npy of \(24, 4\)"),
        (X[1, :, :3], r"x-1.npy: has logits of shape \(24, 3\), x-0.npy of \(24, 4\)"),
        (X[:2, :12].reshape(2, 12, 4), r"x-1.npy: has logits of shape \(2, 12, 4\), x-0.npy of \(24, 4\)"),
        (X[1].astype(int), "x-1.npy: int64 values are refused as logits"),
    ],
)
def test_a_member_of_another_shape_or_type(save: Any, says: str) -> None:
    np.save("x-1.npy", save)
    refused(lscli.InputError, says, "x-*.npy", Y)


def test_shards_of_another_number_of_rows() -> None:
    for name, rows in (("a0", 10), ("a1", 14), ("b0", 10), ("b1", 13)):
        np.save(f"{name}.npy", X[0, :rows])
    refused(lscli.InputError, r"has logits of shape \(23, 4\), a\?.npy of \(24, 4\)", ["a?.npy", "b?.npy"], Y)


def test_classes_in_another_order() -> None:
    for name, header in (("c-0", "a,b,c,d"), ("c-1", "a,b,d,c")):
        np.savetxt(f"{name}.csv", X[0], delimiter=",", header=header, comments="")
    hint = refused(lscli.InputError, "c-1.csv: its columns differ from those of c-0.csv", "c-*.csv", Y)
    assert "the same classes in the same order" in hint


def test_labels_that_differ() -> None:
    other = Y.copy()
    other[[5, 9]] = (other[[5, 9]] + 1) % 4
    np.savez("own-2.npz", logits=X[2], labels=other)
    says = rf"own-2.npz\[logits\]: row 5 has label {other[5]}, but {Y[5]} in own-0.npz\[logits\]"
    assert "must have the same samples" in refused(lscli.InputError, says, "own-*.npz")
    np.savez("own-2.npz", logits=X[2], labels=Y[::-1])
    assert "the same order" in refused(lscli.InputError, "row .* has label .*, but", "own-*.npz")
    np.save("y-2.npy", Y[:20])
    says = r"x-2.npy: has labels of shape \(20,\), x-0.npy of \(24,\)"
    refused(lscli.InputError, says, "x-*.npy", "y-*.npy")
    (Path("y-1.npy")).unlink()
    refused(lscli.InputError, "shards without a partner: x-1.npy", "x-*.npy", "y-*.npy")


NAMES = ["ant", "bee", "cow", "doe"]


def texts(labels: Any) -> list[str]:
    return [NAMES[each] for each in labels]


def save_lines(path: str, x: Any, labels: Any) -> None:
    """Write JSON lines of logits and labels."""
    rows = zip(x.tolist(), labels, strict=True)
    Path(path).write_text("".join(json.dumps({"logits": row, "label": label}) + "\n" for row, label in rows))


def save_csv(path: str, x: Any, labels: Any) -> None:
    """Write a table with a column per class."""
    frame = pd.DataFrame(x.astype(float), columns=[f"logit_{name}" for name in NAMES])
    frame.assign(label=labels).to_csv(path, index=False)


def test_each_member_s_file_has_labels_that_are_names() -> None:
    for place, x in enumerate(X):
        save_lines(f"n-{place}.jsonl", x, texts(Y))
        save_csv(f"n-{place}.csv", x, texts(Y))
        words = np.array(texts(Y), f"U{9 + place}")  # a type of its own for each member
        np.savez(f"n-{place}.npz", logits=x, labels=words)
        for shard in range(2):
            np.savez(f"{place}-{shard}.npz", logits=x[shard * 12 :][:12], labels=words[shard * 12 :][:12])
    expected = numbers(answer([*X], Y))
    assert expected == numbers(answer("n-*.jsonl", class_names=NAMES))
    assert expected == numbers(answer("n-*.npz", class_names=NAMES))
    assert expected == numbers(answer(["0-*.npz", "1-*.npz", "2-*.npz"], class_names=NAMES))
    assert pytest.approx(expected, rel=1e-12) == numbers(answer("n-*.csv"))
    assert expected == numbers(answer("x-*.npy", "n-*.csv", class_names=NAMES, labels_column="label"))


@pytest.mark.parametrize("of_torch", [False, True])
def test_the_lower_bound_is_that_of_each_member(of_torch: bool) -> None:
    p = np.array([[[0.98, 0.02], [0.5, 0.5]], [[0.6, 0.4], [0.01, 0.99]]])
    members = [torch.from_numpy(each) if of_torch else each for each in p]
    found = lscli.evaluate(members, [1, 0], ensemble=True, kind="probs", min_prob=0.1, metrics="loss_hard")
    expected = -np.log(np.clip(p, 0.1, 0.9).mean(axis=0)[[0, 1], [1, 0]]).mean()
    assert pytest.approx(expected, rel=1e-12) == found["loss_hard"]


@pytest.mark.filterwarnings("ignore::lscli.LscliWarning")
@pytest.mark.parametrize("kind", ["logits", "log-probs", "probs"])
def test_logits_of_no_common_class_have_no_mean(kind: Any) -> None:
    p = np.array([[[0.5, 0.5, 0], [1, 0, 0]], [[0.5, 0.5, 0], [0, 1, 0]]])
    with np.errstate(divide="ignore"):
        members = [*(p if kind == "probs" else np.log(p))]
    refused(lscli.InputError, "row 1 has no class that is open", members, [0, 1], kind=kind, ensemble_of="logits")
    kept = answer(members, [0, 1], kind=kind, ensemble_of="logits", nonfinite="skip")
    assert (1, 1) == (kept.samples["kept"], kept.samples["skipped"])
    assert 2 == answer(members, [0, 1], kind=kind).samples["kept"]
    # A row that cannot be used in a member is the fault of this one.
    members[1][1] = np.nan
    refused(lscli.InputError, r"^logits\[1\]: row 1 has nan", members, [0, 1], kind=kind, ensemble_of="logits")


def test_labels_that_are_names_differ() -> None:
    other = texts(Y)
    other[5] = next(name for name in NAMES if name != other[5])
    for place, labels in enumerate([texts(Y), other, Y]):
        save_csv(f"n-{place}.csv", X[place], labels)
    says = f"^n-1.csv: row 5 has label '{other[5]}', but '{texts(Y)[5]}' in n-0.csv"
    assert "same samples" in refused(lscli.InputError, says, "n-[01].csv")
    save_csv("n-1.csv", X[1], texts(Y)[::-1])
    assert "same order" in refused(lscli.InputError, "has label", "n-[01].csv")
    # Names and numbers cannot be compared, but one file of labels is enough.
    hint = refused(lscli.InputError, f"has label '{Y[0]}', but '{texts(Y)[0]}' in n-0.csv", "n-[02].csv")
    assert "one file of labels" in hint
    assert 4 == len(answer("n-[02].csv", "y-0.npy"))


def test_members_that_are_data_frames_have_the_same_columns() -> None:
    frames = [pd.DataFrame(x, columns=NAMES) for x in X]
    assert numbers(answer([*X], Y)) == numbers(answer(frames, texts(Y)))
    says = r"^logits\[1\]: its columns differ from those of logits\[0\]"
    refused(lscli.InputError, says, [frames[0], frames[1][NAMES[::-1]]], Y)


def test_soft_labels_are_those_of_all_members() -> None:
    q = np.random.default_rng(5).dirichlet(np.ones(4), 24)
    found = lscli.evaluate("x-*.npy", q, ensemble=True, soft_labels=True, metrics="loss_hard,mutual_information")
    expected = -(q * ensembles.log_mean(X)).sum(axis=1).mean()
    assert pytest.approx(float(expected), rel=1e-12) == found["loss_hard"]
    assert numbers(answer("x-*.npy", Y))[3] == found["mutual_information"]
    for place in range(3):
        np.savez(f"soft-{place}.npz", logits=X[place], labels=q)
    with pytest.raises(lscli.UsageError, match="an ensemble needs one file of soft labels"):
        lscli.evaluate("soft-*.npz", ensemble=True, soft_labels=True)


def test_a_file_that_occurs_twice() -> None:
    Path("x-9.npy").symlink_to("x-1.npy")
    refused(lscli.InputError, "x-9.npy: is the same file as x-1.npy", "x-*.npy", Y)
    refused(lscli.InputError, "is the same file as x-0.npy", ["x-0.npy", "./x-0.npy"], Y)


def test_what_is_no_ensemble() -> None:
    assert "ensemble_axis=AXIS" in refused(lscli.UsageError, "is one file, and an ensemble", "x-0.npy", Y)
    refused(lscli.UsageError, "matches one file, x-0.npy", "x-0.np*", Y)
    refused(lscli.InputError, "no file matches the pattern", "z-*.npy", Y)
    refused(lscli.UsageError, "is one array, and an ensemble has several", X, Y)
    refused(lscli.UsageError, "a list of 1 is not an ensemble", [X[0]], Y)
    refused(lscli.UsageError, "a list of 0 is not an ensemble", [], Y)
    refused(lscli.UsageError, "standard input is one file", "-", Y)
    refused(lscli.UsageError, "standard input cannot be a member", ["x-0.npy", "-"], Y)
    refused(lscli.UsageError, "cannot be combined with ensemble_axis", "x-*.npy", Y, ensemble_axis=0)
    refused(lscli.UsageError, "cannot be combined with pool=True", "x-*.npy", Y, pool=True)
    refused(lscli.UsageError, "no labels were given", [*X])
    for options in ({"ensemble_of": "logits"}, {"score": "mutual_information"}):
        with pytest.raises(lscli.UsageError, match=r"needs an ensemble|needs several members"):
            lscli.evaluate(X[0], Y, **options)  # type: ignore[arg-type]
