"""`lscli ood`: files of every kind, its CSV, and what it refuses."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from safetensors.numpy import save_file

from tests.cli.inprocess import Run, assert_refused, records
from tests.command import lscli

RNG = np.random.default_rng(11)
ARRAYS = {"id": (3 * RNG.normal(size=(40, 3))).astype(np.float32), "ood": RNG.normal(size=(30, 3)).astype(np.float32)}
FAST = ("--bootstrap", "10", "-f", "csv")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """ID and OOD logits in every format, most with labels beside them."""
    monkeypatch.chdir(tmp_path)
    for name, x in ARRAYS.items():
        y = np.arange(len(x)) % 3
        table = pd.DataFrame(x, columns=[f"logit_{k}" for k in range(3)]).assign(label=y)
        np.save(f"{name}.npy", x)
        np.savez(f"{name}.npz", logits=x, labels=y)
        save_file({"logits": x, "labels": y}, f"{name}.safetensors")
        torch.save({"logits": torch.from_numpy(x), "labels": torch.from_numpy(y)}, f"{name}.pt")
        table.to_csv(f"{name}.csv", index=False)
        table.to_parquet(f"{name}.parquet", index=False)
        table.rename(columns={"label": "target"}).to_csv(f"{name}_target.csv", index=False)
        np.save(f"{name}-0.npy", x[:20])
        np.save(f"{name}-1.npy", x[20:])
        np.save(f"{name}_first.npy", x.T)
        np.save(f"{name}_members.npy", np.stack([x, x]))
    return tmp_path


@pytest.mark.parametrize(
    "words",
    [
        *([f"id.{suffix}", f"ood.{suffix}"] for suffix in ("npz", "safetensors", "pt", "csv", "parquet")),
        ["id.npz", "ood.csv"],
        ["id.npz", "ood.npz", "--logits-key", "logits"],
        ["id_target.csv", "ood_target.csv", "--labels-column", "target"],
        ["id_first.npy", "ood_first.npy", "--class-axis", "0"],
        ["id_members.npy", "ood_members.npy", "--ensemble-axis", "0", "--ensemble-of", "logits"],
        ["id-*.npy", "ood-*.npy", "-q"],
        ["id.npy", "ood.npy", "--threads", "3", "--chunk-rows", "7"],
    ],
    ids=" ".join,
)
def test_every_kind_of_file_gives_the_same_bytes(run: Run, folder: Path, words: list[str]) -> None:
    expected = run("ood", "id.npy", "ood.npy", "--names", "x", *FAST)
    found = run("ood", *words, "--names", "x", *FAST)
    assert (0, "", "") == (found.code, found.err, expected.err)
    assert expected.out == found.out


def test_the_csv_has_a_row_for_each_set_score_and_metric(run: Run, folder: Path) -> None:
    rows = records(run("ood", "id.npy", "ood.npy", "ood-0.npy", "--score", "msp,energy", "--recall", "0.9", *FAST))
    assert ["source", "group", "score", "metric", "value", "ci_low", "ci_high"] == list(rows[0])
    expected = [
        (source, "", score, metric)
        for source in ("ood.npy", "ood-0.npy", "mean")
        for score in ("msp", "energy")
        for metric in ("auroc", "aupr_in", "aupr_out", "fpr90")
    ]
    assert expected == [(row["source"], row["group"], row["score"], row["metric"]) for row in rows]
    assert all(float(row["ci_low"]) <= float(row["value"]) <= float(row["ci_high"]) for row in rows)


def test_names_are_given(run: Run, folder: Path) -> None:
    rows = records(run("ood", "id.npy", "ood.npy", "ood-0.npy", "--names", "near,far", *FAST))
    assert ["near", "far", "mean"] == list(dict.fromkeys(row["source"] for row in rows))


def test_standard_input_is_read_once(run: Run, folder: Path) -> None:
    expected = run("ood", "id.npy", "ood.npy", "--names", "x", *FAST).out
    with (folder / "id.npy").open("rb") as stdin:
        done = lscli("ood", "-", "ood.npy", "--names", "x", *FAST, stdin=stdin)
    assert (0, expected) == (done.returncode, done.stdout)
    assert_refused(run("ood", "-", "-"), 2, "standard input can be read only once")


def test_one_logit_per_sample(run: Run, folder: Path) -> None:
    for name, x in ARRAYS.items():
        np.save(f"{name}_z.npy", x[:, 0])
        np.save(f"{name}_two.npy", np.column_stack((np.zeros(len(x), np.float32), x[:, 0])))
    expected = run("ood", "id_two.npy", "ood_two.npy", "--names", "x", *FAST)
    assert expected.out == run("ood", "id_z.npy", "ood_z.npy", "--binary", "--names", "x", *FAST).out


def test_json_has_the_inputs_the_scores_and_the_conclusion(run: Run, folder: Path) -> None:
    answer = json.loads(run("ood", "id.npz", "ood.npz", "--score", "msp", "--bootstrap", "10", "-f", "json").out)
    assert [("logits", "id.npz[logits]"), ("ood", "ood.npz[logits]")] == [
        (each["role"], each["path"]) for each in answer["inputs"]
    ]
    assert "msp has an AUROC of" in answer["conclusion"]
    assert {"value": "msp", "from": "flag"} == answer["settings"]["score"]


def test_samples_in_the_wrong_order_are_named(run: Run, folder: Path) -> None:
    answer = run("ood", "ood.npy", "id.npy", *FAST)
    assert (0, 1) == (answer.code, len(answer.err.splitlines()))
    assert "id.npy: every score is larger for its samples than for those of ood.npy" in answer.err
    assert "" == run("ood", "id.npy", "id-1.npy", *FAST).err


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (["id.npy"], 2, ["Missing argument"]),
        (["id.npy", "none.npy"], 3, ["none.npy: not found"]),
        (["id.npy", "labels.npy"], 3, ["labels.npy", "if these are labels, leave them out"]),
        (["labels.npy", "ood.npy"], 3, ["labels.npy", "if these are labels, leave them out"]),
        (["id.npy", "wide.npy"], 3, ["wide.npy: has 4 classes, and id.npy has 3"]),
        (["id.npy", "empty.npy"], 3, ["empty.npy: no rows"]),
        (["id.npy", "nan.npy"], 3, ["nan.npy: row 0 has nan", "--nonfinite skip"]),
        (["id.npy", "confidences.csv"], 3, ["confidences.csv", "if these are confidences, give the logits instead"]),
        (["id.npy", "ood.npy", "--score", "mps"], 2, ["did you mean 'msp'"]),
        (["id.npy", "ood.npy", "--recall", "2"], 2, ["for example --recall 0.95"]),
        (
            ["id.npy", "ood.npy", "--labels-key", "y"],
            2,
            ["--labels-key is not an option of lscli ood", "scores read no labels: leave it out"],
        ),
        (
            ["id.npy", "ood.npy", "--weights", "y"],
            2,
            ["--weights is not an option of lscli ood", "each sample counts once: leave it out"],
        ),
        (["id.npy", "ood.npy", "--names", "a,b"], 2, ["has 2 names for 1 OOD file"]),
    ],
)
def test_what_cannot_be_measured_is_refused(
    run: Run, folder: Path, words: list[str], code: int, says: list[str]
) -> None:
    np.save("labels.npy", np.arange(40))
    np.save("wide.npy", np.zeros((5, 4)))
    np.save("empty.npy", np.zeros((0, 3)))
    np.save("nan.npy", np.full((5, 3), np.nan))
    Path("confidences.csv").write_text("confidence,correct\n0.5,1\n0.75,0\n0.9,1\n")
    assert_refused(run("ood", *words), code, *says)
