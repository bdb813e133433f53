"""The members of one array along any axis, in any format and from memory, are those of files of their own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.numpy import save_file

import lscli
from lscli.io import ensemble_axis
from lscli.io.array_request import ArrayRequest
from lscli.io.files import RegularFile
from lscli.io.formats.npy import open_array
from tests import ensembles

X, Y = ensembles.members(24, 4), ensembles.labels(24, 4)
METRICS = "loss_hard,accuracy,expected_entropy,mutual_information"


def answers(logits: Any, labels: Any, **options: Any) -> list[float]:
    return [row.value for row in lscli.evaluate(logits, labels, metrics=METRICS, **options).rows]


EXPECTED = answers([*X], Y, ensemble=True)


def as_npy(folder: Path, x: Any) -> Path:
    np.save(folder / "x.npy", x)
    return folder / "x.npy"


def as_fortran(folder: Path, x: Any) -> Path:
    return as_npy(folder, np.asfortranarray(x))


def as_npz(folder: Path, x: Any) -> Path:
    np.savez(folder / "x.npz", logits=x)
    return folder / "x.npz"


def as_pt(folder: Path, x: Any) -> Path:
    torch.save({"logits": torch.from_numpy(np.ascontiguousarray(x))}, folder / "x.pt")
    return folder / "x.pt"


def as_safetensors(folder: Path, x: Any) -> Path:
    save_file({"logits": np.ascontiguousarray(x)}, folder / "x.safetensors")
    return folder / "x.safetensors"


def as_array(folder: Path, x: Any) -> Any:
    return x


def as_tensor(folder: Path, x: Any) -> Any:
    return torch.from_numpy(np.ascontiguousarray(x))


@pytest.mark.parametrize("axis", [0, 1, -2])
@pytest.mark.parametrize("saved", [as_npy, as_fortran, as_npz, as_pt, as_safetensors, as_array, as_tensor])
def test_every_source_and_axis(saved: Callable[[Path, Any], Any], axis: int, tmp_path: Path) -> None:
    source = saved(tmp_path, np.moveaxis(X, 0, axis % 3))
    assert EXPECTED == answers(source, Y, ensemble_axis=axis)
    assert EXPECTED == answers(source, Y, ensemble_axis=axis, chunk_rows=5, threads=3)


@pytest.mark.parametrize("large", [1, 1 << 20])
@pytest.mark.parametrize(
    ("shape", "axis", "labels", "options"),
    [
        ((6, 4, 4), 0, (6, 4), {"flatten": True}),
        ((6, 4, 4), 1, (6, 4), {"flatten": True}),
        ((6, 4, 4), 2, (6, 4), {"flatten": True}),
        ((6, 4, 4), 0, (6, 4), {"class_axis": 1}),
        ((6, 4, 4), 2, (6, 4), {"class_axis": 1}),
        ((24, 4), 2, (24,), {"class_axis": 0}),
        ((2, 3, 4, 4), 1, (2, 3, 4), {"class_axis": 1}),
        ((2, 3, 4, 4), 4, (2, 3, 4), {"class_axis": 1}),
    ],
)
@pytest.mark.parametrize("chunk_rows", [1, 5, 100])
def test_the_rest_is_read_as_without_the_axis(
    shape: Sequence[int],
    axis: int,
    labels: Sequence[int],
    options: dict[str, Any],
    chunk_rows: int,
    large: int,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(ensemble_axis, "_LARGE", large)
    x = X.reshape(3, *shape)
    if "class_axis" in options:
        x = np.moveaxis(x, -1, 1 + options["class_axis"])
    np.save(tmp_path / "x.npy", np.ascontiguousarray(np.moveaxis(x, 0, axis)))
    expected = [row.value for row in lscli.evaluate([*X], Y, ensemble=True, metrics=METRICS).rows]
    found = answers(
        tmp_path / "x.npy", Y.reshape(labels), ensemble_axis=axis, chunk_rows=chunk_rows, threads=2, **options
    )
    assert expected == found


def test_rows_may_be_read_in_any_order(tmp_path: Path) -> None:
    file = RegularFile(str(as_npy(tmp_path, np.moveaxis(X, 0, 1))))
    array = open_array(file, ArrayRequest("logits", "matrix"))
    for start, stop in ((0, 3), (0, 9), (2, 9), (5, 6), (0, 3)):
        for member, x in zip(ensemble_axis.split(array, 1), X, strict=True):
            found = member.read(start, stop, np.empty((stop - start, 4), np.float32))
            assert x[start:stop].tolist() == found.tolist()
    array.close()


@pytest.mark.parametrize("axis", [0, 1])
def test_shards_that_hold_all_members(axis: int, tmp_path: Path) -> None:
    for place, (rows, own) in enumerate(zip(np.split(X, [7, 15], axis=1), np.split(Y, [7, 15]), strict=True)):
        np.save(tmp_path / f"x-{place}.npy", np.moveaxis(rows, 0, axis))
        np.save(tmp_path / f"y-{place}.npy", own)
    assert EXPECTED == answers(tmp_path / "x-*.npy", tmp_path / "y-*.npy", ensemble_axis=axis)
    np.save(tmp_path / "x-1.npy", np.moveaxis(X[:2, 7:15], 0, axis))
    with pytest.raises(lscli.InputError, match=r"x-1.npy: has 2 members, .*x-0.npy has 3"):
        answers(tmp_path / "x-*.npy", tmp_path / "y-*.npy", ensemble_axis=axis)


def test_a_compressed_archive_holds_the_members_of_each_row_together(tmp_path: Path) -> None:
    np.savez_compressed(tmp_path / "x.npz", logits=np.moveaxis(X, 0, 1), labels=Y)
    assert EXPECTED == answers(tmp_path / "x.npz", None, ensemble_axis=1, chunk_rows=5, threads=3)
    np.savez_compressed(tmp_path / "x.npz", logits=X.reshape(3, 6, 4, 4).transpose(1, 0, 2, 3), labels=Y)
    with pytest.raises(lscli.InputError, match="can only be read forwards"):
        answers(tmp_path / "x.npz", None, ensemble_axis=1, flatten=True)


def test_the_columns_of_a_table_are_the_members_of_a_binary_classifier(tmp_path: Path) -> None:
    p = np.random.default_rng(3).random((20, 3))
    y = (p.mean(axis=1) > 0.4).astype(int)
    lines = ["a,b,c", *(",".join(map(repr, row)) for row in p.tolist())]
    (tmp_path / "p.csv").write_text("\n".join(lines) + "\n")
    report = lscli.evaluate(tmp_path / "p.csv", y, binary=True, kind="probs", ensemble_axis=1, metrics=METRICS)
    of_label = np.where(y == 1, p.mean(axis=1), 1 - p.mean(axis=1))
    assert pytest.approx(-np.log(of_label).mean(), rel=1e-13) == report["loss_hard"]


@pytest.mark.parametrize(
    ("shape", "axis", "kind", "says"),
    [
        ((1, 24, 4), 0, lscli.InputError, r"axis 0 of shape \(1, 24, 4\) has one member"),
        ((0, 24, 4), 0, lscli.InputError, r"axis 0 of shape \(0, 24, 4\) has no member"),
        ((3, 24, 4), 3, lscli.UsageError, "ensemble_axis: logits has shape .* and no axis 3"),
        ((3, 24, 4), -4, lscli.UsageError, "no axis -4"),
        ((24,), 0, lscli.UsageError, "no axis 0 besides that of the samples"),
        ((3, 24, 4), 2, lscli.InputError, r"the members of logits \(3, 24, 4\) are axis 0, not axis 2"),
        ((3, 23, 4), 0, lscli.InputError, "rows differ"),
    ],
)
def test_an_axis_that_holds_no_members(shape: Sequence[int], axis: int, kind: type[Exception], says: str) -> None:
    with pytest.raises(kind, match=says):
        answers(np.ones(shape, np.float32), Y, ensemble_axis=axis)


def test_an_axis_is_never_guessed() -> None:
    with pytest.raises(lscli.InputError, match="need logits of shape") as caught:
        answers(X, Y)
    assert "say ensemble_axis=0" in caught.value.hint
    with pytest.raises(lscli.InputError, match="need logits of shape") as caught:
        answers(X, Y[:23])
    assert "ensemble" not in caught.value.hint
