"""Top-k log-probabilities in files: every format gives the same figures, and what is missing is said."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch
from numpy.typing import NDArray
from safetensors.numpy import save_file

import lscli
from lscli.errors import InputError, LscliError, UsageError
from lscli.io.open import open_inputs
from lscli.io.topk import TopK
from lscli.options import ReadingOptions
from tests.io.make import saved
from tests.topk import kept

Array = NDArray[Any]
pytestmark = pytest.mark.filterwarnings("ignore:.* are not among the top", "ignore:.* absent")

N, K, TOP = 40, 12, 4
RANDOM = np.random.default_rng(2)
X = 2 * RANDOM.normal(size=(N, K))
Y = RANDOM.integers(0, K, N)
KEPT = kept(X, Y, TOP)
ARRAYS: dict[str, Any] = {
    "logits": KEPT.values.astype(np.float32),
    "ids": KEPT.classes.astype(np.int32),
    "labels": Y,
    "own": KEPT.own.astype(np.float32),
}
OPTIONS: dict[str, Any] = {"topk_classes": "ids", "classes": K, "label_log_probs": "own"}


def figures(path: Any, labels: Any = None, **options: Any) -> list[tuple[str, float]]:
    return [(row.name, row.value) for row in lscli.evaluate(path, labels, **{**OPTIONS, **options}).rows]


EXPECTED = figures(ARRAYS["logits"], Y, topk_classes=ARRAYS["ids"], label_log_probs=ARRAYS["own"])


def lists(array: Array) -> Any:
    return pa.FixedSizeListArray.from_arrays(pa.array(array.ravel()), array.shape[1])


TABLE = pa.table({"logits": lists(ARRAYS["logits"]), "ids": lists(ARRAYS["ids"]), "label": Y, "own": ARRAYS["own"]})


def arrow(path: Path) -> None:
    with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_file(sink, TABLE.schema) as writer:
        writer.write_table(TABLE, max_chunksize=7)


SAVED: dict[str, Callable[[Path], None]] = {
    "x.npz": lambda path: np.savez(path, **ARRAYS),
    "packed.npz": lambda path: np.savez_compressed(path, **ARRAYS),
    "x.safetensors": lambda path: save_file(ARRAYS, path),
    "x.pt": lambda path: torch.save({name: torch.from_numpy(array) for name, array in ARRAYS.items()}, path),
    "x.parquet": lambda path: pq.write_table(TABLE, path, row_group_size=9),
    "x.arrow": arrow,
}


@pytest.mark.parametrize("name", SAVED)
def test_every_format_gives_the_same_figures(name: str, tmp_path: Path) -> None:
    SAVED[name](tmp_path / name)
    assert EXPECTED == figures(tmp_path / name)
    np.save(tmp_path / "y.npy", Y)
    assert EXPECTED == figures(tmp_path / name, tmp_path / "y.npy", chunk_rows=3)


def test_columns_of_a_table_are_named_by_patterns(tmp_path: Path) -> None:
    frame = pd.DataFrame(ARRAYS["logits"]).add_prefix("lp_")
    frame = frame.join(pd.DataFrame(ARRAYS["ids"]).add_prefix("id_")).assign(label=Y, own=ARRAYS["own"])
    frame.to_csv(tmp_path / "x.csv", index=False)
    frame.to_parquet(tmp_path / "x.parquet", index=False)
    keys = {"logits_key": "lp_*", "topk_classes": "id_*"}
    assert EXPECTED == figures(tmp_path / "x.parquet", **keys)
    assert [name for name, _ in EXPECTED] == [name for name, _ in figures(tmp_path / "x.csv", **keys)]


def test_shards_are_one_file(tmp_path: Path) -> None:
    for number, rows in enumerate((slice(0, 13), slice(13, 14), slice(14, N))):
        np.savez(tmp_path / f"x-{number}.npz", **{name: array[rows] for name, array in ARRAYS.items()})
    assert EXPECTED == figures(tmp_path / "x-*.npz")
    bad = {**ARRAYS, "ids": np.full_like(ARRAYS["ids"], 3)}
    np.savez(tmp_path / "x-1.npz", **{name: array[13:15] for name, array in bad.items()})
    with pytest.raises(InputError, match="row 0 has class 3 twice") as refused:
        figures(tmp_path / "x-*.npz", pool=True)
    assert "x-1.npz" in refused.value.where


def test_no_bit_depends_on_the_chunks() -> None:
    options = {"topk_classes": ARRAYS["ids"], "label_log_probs": ARRAYS["own"]}
    for chunk_rows in (1, 2, 7, 1000):
        assert EXPECTED == figures(ARRAYS["logits"], Y, chunk_rows=chunk_rows, **options)


def test_tokens_of_sequences_are_flattened(tmp_path: Path) -> None:
    shape = (8, 5)
    folded = {name: array.reshape(*shape, *array.shape[1:]) for name, array in ARRAYS.items()}
    np.savez(tmp_path / "x.npz", **folded)
    assert EXPECTED == figures(tmp_path / "x.npz", flatten=True)
    np.savez(tmp_path / "t.npz", **{**folded, "ids": folded["ids"].transpose(1, 0, 2)})
    with pytest.raises(InputError, match=r"class numbers \(5, 8, 4\) do not fit log-probabilities \(8, 5, 4\)"):
        figures(tmp_path / "t.npz", flatten=True)


@pytest.mark.parametrize(
    ("change", "options", "says", "hint"),
    [
        ({}, {"topk_classes": "id"}, "holds no array 'id'", "did you mean"),
        ({}, {"label_log_probs": "owm"}, "holds no array 'owm'", "did you mean"),
        ({}, {"topk_classes": "own"}, "do not fit", "one class number for each"),
        ({"logits": None}, {}, "holds several arrays", "logits_key"),
        ({"ids": ARRAYS["ids"].astype(bool)}, {}, "class numbers are bool, not integers", "int32"),
        ({"ids": ARRAYS["ids"] + 0.5}, {}, "row 0 has a class number that is not whole", "int32"),
        ({"logits": ARRAYS["ids"]}, {}, "int32 values are refused as logits", "float32"),
        (
            {"logits": ARRAYS["logits"][:, :0], "ids": ARRAYS["ids"][:, :0]},
            {},
            "need log-probabilities of shape",
            "k largest",
        ),
        ({"own": ARRAYS["own"][:7]}, {}, "rows differ", "one value per row"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_a_file_lacks_is_said(change: Any, options: Any, says: str, hint: str, tmp_path: Path) -> None:
    arrays = {name: array for name, array in {**ARRAYS, **change}.items() if array is not None}
    arrays |= {"other": ARRAYS["logits"]} if "logits" not in arrays else {}
    np.savez(tmp_path / "x.npz", **arrays)
    with pytest.raises(LscliError) as refused:
        figures(tmp_path / "x.npz", **options)
    assert says in str(refused.value)
    assert hint in refused.value.hint


def test_a_file_of_one_array_is_not_enough(tmp_path: Path) -> None:
    (tmp_path / "x.npy").write_bytes(saved(ARRAYS["logits"]))
    with pytest.raises(UsageError, match="holds no class numbers") as refused:
        figures(tmp_path / "x.npy", Y)
    assert "np.savez('topk.npz'" in refused.value.hint
    # The class numbers may be an array in memory.
    assert EXPECTED == figures(tmp_path / "x.npy", Y, topk_classes=ARRAYS["ids"], label_log_probs=ARRAYS["own"])


def test_a_closed_input_leaves_no_file_open(tmp_path: Path) -> None:
    np.savez(tmp_path / "x.npz", **ARRAYS)
    before = len(os.listdir("/proc/self/fd"))
    opened, _ = open_inputs(tmp_path / "x.npz", options=ReadingOptions(**OPTIONS))
    assert before < len(os.listdir("/proc/self/fd"))
    assert isinstance(opened, TopK)
    assert ((N, K), TOP, True) == (opened.shape, opened.kept, opened.has_own)
    with contextlib.closing(opened):
        values, classes, own = opened.rows(3, 5)
    np.testing.assert_array_equal(ARRAYS["logits"][3:5].astype(float), values)
    np.testing.assert_array_equal(ARRAYS["ids"][3:5], classes)
    assert own is not None
    assert before == len(os.listdir("/proc/self/fd"))
