"""One value per row from every format: the same codes, whatever the format and the type."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.feather as feather
import pyarrow.parquet as pq
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from safetensors.numpy import save_file

from lscli.errors import InputError, LscliError, UsageError
from lscli.io.row_values import RowFile, RowValues, of_array, of_given

SITES = ["b", "a", "b", "", "c,d", "a", "b"]
CODES = [0, 1, 0, 2, 3, 1, 0]
NUMBERS = [7, -1, 7, 3, 12, -1, 7]
TABLE = {"id": list(range(7)), "site": SITES, "fold": NUMBERS}


def read(path: Path, column: str | None = None, lengths: tuple[int, ...] = (7,), option: str = "") -> RowValues:
    with RowFile(str(path), "groups") as file:
        return file.values(column, lengths, option)


def of_lines(path: Path, *lines: str) -> Path:
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return path


def save_frame(path: Path) -> Path:
    frame, kind = pd.DataFrame(TABLE), path.suffix
    if kind in (".csv", ".txt"):
        frame.to_csv(path, index=False)
    elif kind == ".tsv":
        frame.to_csv(path, sep="\t", index=False)
    elif kind == ".parquet":
        pq.write_table(pa.table(TABLE), path, row_group_size=3)
    elif kind == ".arrow":
        with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_file(sink, pa.table(TABLE).schema) as writer:
            writer.write_table(pa.table(TABLE), max_chunksize=2)
    elif kind == ".feather":
        feather.write_feather(pa.table(TABLE), str(path), compression="lz4")
    elif kind == ".jsonl":
        of_lines(path, *(json.dumps(row) for row in frame.to_dict("records")))
    else:
        np.savez(path, **{name: np.array(values) for name, values in TABLE.items()})  # type: ignore[arg-type]
    return path


KINDS = ["csv", "txt", "tsv", "parquet", "arrow", "feather", "jsonl", "npz"]


@pytest.mark.parametrize("kind", KINDS)
def test_a_column_of_every_table(tmp_path: Path, kind: str) -> None:
    path = save_frame(tmp_path / f"meta.{kind}")
    for column, values in (("site", ["b", "a", "", "c,d"]), ("fold", [7, -1, 3, 12])):
        found = read(path, column)
        assert CODES == found.codes.tolist()
        assert list(map(str, values)) == list(map(str, found.values))
        assert f"{path}[{column}]" == found.name
    with RowFile(str(path), "groups") as file:
        assert list(TABLE) == list(file.names())


@pytest.mark.parametrize("kind", KINDS)
def test_a_column_that_is_not_there(tmp_path: Path, kind: str) -> None:
    path = save_frame(tmp_path / f"meta.{kind}")
    with pytest.raises(
        InputError, match=f"meta.{kind}: holds no array 'sites'|meta.{kind}: has no column 'sites'"
    ) as caught:
        read(path, "sites")
    assert "'site'" in caught.value.hint
    for option, kinds in (("--group-by", LscliError), ("", InputError)):
        with pytest.raises(kinds) as refused:
            read(path, option=option)
        assert (option or "groups") in refused.value.hint
        assert "id, site, fold" in refused.value.hint


SAVES: dict[str, Callable[[Path, Any], None]] = {
    "npy": lambda path, values: np.save(path, values),
    "npz": lambda path, values: np.savez_compressed(path, values),
    "csv": lambda path, values: np.savetxt(path, values, "%s"),
    "safetensors": lambda path, values: save_file({"anything": np.asarray(values)}, path),
    "pt": lambda path, values: torch.save(torch.tensor(np.asarray(values)), path),
    "parquet": lambda path, values: pq.write_table(pa.table({"anything": values}), path),
}


@pytest.mark.parametrize("kind", SAVES)
def test_the_only_array_or_column_needs_no_name(tmp_path: Path, kind: str) -> None:
    SAVES[kind](tmp_path / f"doc.{kind}", NUMBERS)
    found = read(tmp_path / f"doc.{kind}")
    assert CODES == found.codes.tolist()
    assert ["7", "-1", "3", "12"] == list(map(str, found.values))


@pytest.mark.parametrize(
    ("array", "values"),
    [
        (np.array(SITES), ["b", "a", "", "c,d"]),
        (np.array([b"b", b"a", b"b", b"\xff", b"c", b"a", b"b"]), ["b", "a", "\udcff", "c"]),
        (np.array(NUMBERS, np.int16), [7, -1, 3, 12]),
        (np.array([1.5, np.inf, 1.5, np.nan, -0.5, np.inf, 1.5]), ["1.5", "inf", "", "-0.5"]),
        (np.array(["2020-01-02", "2021", "2020-01-02", "NaT", "1999", "2021", "2020-01-02"], "M8[D]"), 4),
    ],
)
def test_arrays_of_every_type(tmp_path: Path, array: Any, values: Any) -> None:
    np.save(tmp_path / "doc.npy", array)
    for found in (read(tmp_path / "doc.npy"), of_array(array, "given"), of_given(array, "given")):
        assert CODES == found.codes.tolist()
        assert values in (list(found.values), len(found.values))


def test_text_that_is_not_unicode_is_refused(tmp_path: Path) -> None:
    np.save(tmp_path / "doc.npy", np.frombuffer(np.array([0x41, 0x110000], "<u4").tobytes(), "<U1"))
    with pytest.raises(InputError, match="holds text that is not Unicode"):
        read(tmp_path / "doc.npy")


def test_categories_of_which_a_batch_has_few_are_read_by_their_values(tmp_path: Path) -> None:
    column = pa.DictionaryArray.from_arrays(pa.array([5, 2, 5, None, 4, 2, 5], pa.int8()), pa.array(list("abcdef") * 9))
    pq.write_table(pa.table({"doc": column}), tmp_path / "doc.parquet")
    found = read(tmp_path / "doc.parquet", "doc")
    assert (CODES, ["f", "c", "", "e"]) == (found.codes.tolist(), list(found.values))


def test_the_shape_is_kept(tmp_path: Path) -> None:
    for array in (np.arange(6).reshape(2, 3) % 2, np.array([["a", "b", "a"], ["b", "a", "b"]])):
        np.save(tmp_path / "doc.npy", array)
        for found in (read(tmp_path / "doc.npy"), of_given(array, "given"), of_given(array.astype(object), "given")):
            assert [[0, 1, 0], [1, 0, 1]] == found.codes.tolist()


@pytest.mark.parametrize(
    "given_values",
    [
        SITES,
        tuple(SITES),
        pd.Series(SITES),
        pd.Series(SITES).astype("category"),
        pd.Series([None if site == "" else site for site in SITES]),
        pd.array([pd.NA if site == "" else site for site in SITES], dtype="string"),
        np.array([None if site == "" else site for site in SITES], object),
    ],
    ids=["list", "tuple", "series", "category", "None", "NA", "object"],
)
def test_whatever_a_caller_gives(given_values: Any) -> None:
    found = of_given(given_values, "clusters")
    assert CODES == found.codes.tolist()
    assert ["b", "a", "", "c,d"] == list(found.values)


def test_tensors_and_numbers_of_callers() -> None:
    for given_values in (torch.tensor(NUMBERS), NUMBERS, pd.Series(NUMBERS), np.array(NUMBERS)):
        found = of_given(given_values, "clusters")
        assert (CODES, [7, -1, 3, 12]) == (found.codes.tolist(), list(found.values))
    assert [""] == list(of_given([float("nan"), None, np.nan], "clusters").values)
    assert CODES == of_given(pd.DataFrame({"fold": NUMBERS}), "clusters").codes.tolist()


@pytest.mark.parametrize(
    "bad",
    [5, {"a": 1}, pd.DataFrame(TABLE), np.ma.masked_array([1, 2], [True, False]), np.zeros(3, complex), [10**5000]],
    ids=["number", "dict", "frame", "masked", "complex", "digits"],
)
def test_what_is_no_list_of_texts_or_numbers(bad: Any) -> None:
    with pytest.raises(InputError) as caught:
        of_given(bad, "clusters")
    assert "\n" not in str(caught.value)


def test_the_first_line_of_one_column_is_a_header_if_there_is_a_line_too_many(tmp_path: Path) -> None:
    path = tmp_path / "doc.csv"
    of_lines(path, *SITES[:3])
    assert ([0, 1, 0], ["b", "a"]) == (list(read(path, lengths=(3,)).codes), list(read(path, lengths=(3,)).values))
    assert ([0, 1], ["a", "b"]) == (list(read(path, lengths=(2,)).codes), list(read(path, lengths=(2,)).values))
    of_lines(path, *map(str, NUMBERS[:3]))  # a number is a value: the file is of another length
    assert [0, 1, 0] == read(path, lengths=(2,)).codes.tolist()
    np.savetxt(path, NUMBERS, "%d", header="doc")
    assert CODES == read(path).codes.tolist()
    of_lines(path, "doc", "a", "b")
    assert [0, 1] == read(path, "doc").codes.tolist()


def test_shards_are_read_one_after_another(tmp_path: Path) -> None:
    for number, part in enumerate((slice(0, 3), slice(3, 7))):
        np.save(tmp_path / f"doc-{number}.npy", np.array(SITES[part]))  # of other lengths of text
        of_lines(tmp_path / f"doc-{number}.csv", "doc", *(f'"{site}"' for site in SITES[part]))
    for kind in ("npy", "csv"):
        found = read(tmp_path / f"doc-*.{kind}")
        assert (CODES, ["b", "a", "", "c,d"]) == (found.codes.tolist(), list(found.values))
    os.link(tmp_path / "doc-0.npy", tmp_path / "doc-2.npy")
    with pytest.raises(InputError, match="is the same file as"):
        read(tmp_path / "doc-*.npy")


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("meta.csv", b"", "empty file"),
        ("meta.csv", b"site\na\n\nb\n", "row 1 is a blank line"),
        ("meta.csv", b"site,x\na,1\nb\n", "row 1 has 1 cells, the first line has 2"),
        ("meta.csv", b"x,site\n1,a\nb, c,2\n", "row 1 has 3 cells, the first line has 2"),
        ("meta.csv", b'site,x\n"a,1\n', "not a CSV file"),
        ("meta.csv", "site\na\n".encode("utf-16"), "UTF-16"),
        ("meta.jsonl", b'{"site": "a"}\n{"fold": 1}\n', "line 2 has no 'site'"),
        ("meta.jsonl", b'{"site": ["a"]}\n', "line 1 has no string or number in 'site'"),
        ("meta.jsonl", b'{"site": \n', "line 1 is not JSON"),
        ("meta.jsonl", b"", "empty file"),
        ("meta.pkl", b"\x80\x04K\x01.", "pickle"),
        ("meta.csv", b"\x80\x04K\x01.", "pickle"),
        ("meta.npy", b"\x93NUMPY", "truncated header"),
        ("meta.parquet", b"PAR1PAR1", "Parquet"),
        ("meta.arrow", b"ARROW1", "Arrow"),
        ("none.csv", None, "not found|no such file"),
    ],
)
def test_files_that_cannot_be_used(tmp_path: Path, name: str, content: bytes | None, says: str) -> None:
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(LscliError, match=f"(?i){says}") as caught:
        read(tmp_path / name, "site" if name != "meta.npy" else None)
    assert "\n" not in str(caught.value)
    assert not isinstance(caught.value, UsageError)


@pytest.mark.parametrize("kind", ["parquet", "arrow"])
def test_columns_of_tables_that_are_neither_texts_nor_numbers(tmp_path: Path, kind: str) -> None:
    path = tmp_path / f"meta.{kind}"
    columns = {
        "list": pa.array([[1], [2]]),
        "time": pa.array([1, 2], pa.timestamp("ns")),
        "struct": pa.array([{"a": 1}, {"a": 2}]),
        "text": pa.array(["a", None], pa.large_string()),
        "code": pa.array(["x", "y"]).dictionary_encode(),
        "category": pa.array([1.5, 0.5]).dictionary_encode(),
        "truth": pa.array([True, None]),
    }
    if kind == "parquet":
        pq.write_table(pa.table(columns), path)
    else:
        feather.write_feather(pa.table(columns), str(path), compression="uncompressed")
    for column in ("list", "time", "struct"):
        with pytest.raises(InputError, match=f"column '{column}' is .*, not one string or number per row"):
            read(path, column)
    assert ["a", ""] == list(read(path, "text").values)
    assert ["x", "y"] == list(read(path, "code").values)
    assert ["1.5", "0.5"] == list(read(path, "category").values)
    assert ["True", ""] == list(read(path, "truth").values)


def test_a_table_that_declares_more_rows_than_it_can_hold_is_refused(tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setattr("lscli.io.tables.arrow_table._RATIO_FROM", 1000)
    monkeypatch.setattr("lscli.io.tables.arrow_table._MAX_LABELS_RATIO", 10)
    pq.write_table(pa.table({"doc": np.zeros(10**5, np.int64)}), tmp_path / "meta.parquet")
    with pytest.raises(InputError, match="times the file"):
        read(tmp_path / "meta.parquet", "doc")


@given(st.lists(st.integers(-3, 3) | st.sampled_from(["", "a", "1", "1.0"]), max_size=30))
def test_codes_count_the_distinct_values_as_they_come(given_values: list[Any]) -> None:
    found = of_given(np.array(given_values, object), "clusters")
    assert given_values == [found.values[code] for code in found.codes]
    assert list(dict.fromkeys(given_values)) == list(found.values)
