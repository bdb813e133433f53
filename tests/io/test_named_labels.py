"""Labels that are strings or booleans, from every format: the same figures as with class numbers."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.feather as feather
import pyarrow.parquet as parquet
import pytest
import torch
from safetensors.numpy import save_file

import lscli
from lscli.errors import InputError, UsageError
from lscli.io.path_roles import PathRoles, assign_roles
from tests.command import lscli as run
from tests.io.make import figures, saved, some_labels, some_logits

NAMES = ("emu", "b\u00e4r", "cat")  # in no order of an alphabet
LOGITS, LABELS = some_logits(30), some_labels(30)
WORDS = np.array(NAMES)[LABELS]
EXPECTED = figures(lscli.evaluate(LOGITS, LABELS, metrics="all"))
COLUMNS = [f"logit_{name}_x" for name in NAMES]
FRAME = pd.DataFrame(LOGITS, columns=COLUMNS)
LABELLED = FRAME.assign(label=WORDS)
CATEGORIES = FRAME.assign(label=pd.Categorical(WORDS, categories=["zebra", *sorted(NAMES)]))


@pytest.fixture
def names(tmp_path: Path) -> Path:
    path = tmp_path / "names.txt"
    path.write_text("\n".join(NAMES), encoding="utf-8")
    return path


def lines(*cells: str) -> Callable[[Path], Any]:
    return lambda path: path.write_text("\n".join([*cells, *WORDS]) + "\n", encoding="utf-8")


FILES: dict[str, Callable[[Path], Any]] = {
    "y.npy": lambda path: path.write_bytes(saved(WORDS)),
    "big-endian.npy": lambda path: path.write_bytes(saved(WORDS.astype(">U9"))),
    "bytes.npy": lambda path: path.write_bytes(saved(np.array([word.encode() for word in WORDS]))),
    "y.npz": lambda path: np.savez_compressed(path, labels=WORDS),
    "y.csv": lines(),
    "header.csv": lines("label"),
    "called.csv": lines("species"),
    "y.tsv": lines("label"),
    "quotes.csv": lambda path: path.write_text("".join(f'"{word} "\r\n' for word in WORDS), encoding="utf-8"),
    "y.parquet": lambda path: parquet.write_table(pa.table({"species": WORDS.tolist()}), path),
    "large.parquet": lambda path: parquet.write_table(pa.table({"y": pa.array(WORDS, pa.large_string())}), path),
    "categories.parquet": lambda path: CATEGORIES[["label"]].to_parquet(path),
    "y.arrow": lambda path: feather.write_feather(LABELLED[["label"]], path, compression="uncompressed"),
    "categories.arrow": lambda path: feather.write_feather(CATEGORIES[["label"]], path, compression="uncompressed"),
    "categories.feather": lambda path: feather.write_feather(CATEGORIES[["label"]], path),
}


@pytest.mark.parametrize("name", FILES)
def test_labels_are_read_by_the_names_of_the_classes(tmp_path: Path, names: Path, name: str) -> None:
    FILES[name](tmp_path / name)
    report = lscli.evaluate(LOGITS, tmp_path / name, class_names=names, metrics="all")
    assert EXPECTED == figures(report)
    assert (str(names), [30]) == (report.inputs[1]["names"], report.inputs[1]["shape"])


TABLES: dict[str, Callable[[Path], Any]] = {
    "x.csv": lambda path: LABELLED.astype(dict.fromkeys(COLUMNS, float)).to_csv(path, index=False),
    "x.parquet": LABELLED.to_parquet,
    "categories.parquet": CATEGORIES.to_parquet,
    "x.arrow": lambda path: feather.write_feather(LABELLED, path, compression="uncompressed"),
    "categories.feather": lambda path: feather.write_feather(CATEGORIES, path),
}


@pytest.mark.parametrize("name", TABLES)
def test_labels_are_read_by_the_columns_of_the_logits(tmp_path: Path, names: Path, name: str) -> None:
    path = tmp_path / name
    TABLES[name](path)
    report = lscli.evaluate(path, metrics="all")
    assert EXPECTED == figures(report)
    assert f"the columns of {path}" == report.inputs[1]["names"]
    assert EXPECTED == figures(lscli.evaluate(path, class_names=names, metrics="all"))
    assert list(NAMES) == [row.name for row in lscli.per_class(path).rows]


def test_labels_in_memory_are_read_by_the_columns_of_a_data_frame() -> None:
    report = lscli.evaluate(FRAME, LABELLED["label"], metrics="all")
    assert EXPECTED == figures(report)
    assert "the columns of logits" == report.inputs[1]["names"]


def test_the_names_that_are_given_come_before_those_of_the_columns() -> None:
    swapped = dict(zip(NAMES, (NAMES[1], NAMES[0], NAMES[2]), strict=True))
    report = lscli.evaluate(FRAME, [swapped[word] for word in WORDS], class_names=[*swapped.values()], metrics="all")
    assert EXPECTED == figures(report)


@pytest.mark.parametrize(
    "question",
    [
        lscli.sweep,
        lscli.per_class,
        lscli.per_bin,
        lscli.per_sample,
        lambda x, y, **options: lscli.explain(1.2, x, y, **options),
    ],
)
def test_every_question_reads_names(question: Callable[..., Any]) -> None:
    expected = question(LOGITS, LABELS, class_names=NAMES)
    assert repr([*expected.rows]) == repr([*question(LOGITS, WORDS, class_names=NAMES).rows])


def test_names_in_shards(tmp_path: Path, names: Path) -> None:
    for number, part in enumerate(np.split(np.arange(30), [4, 17])):
        (tmp_path / f"x-{number}.npy").write_bytes(saved(LOGITS[part]))
        (tmp_path / f"y-{number}.csv").write_text("\n".join(WORDS[part]), encoding="utf-8")
    pattern = (str(tmp_path / "x-*.npy"), str(tmp_path / "y-*.csv"))
    assert EXPECTED == figures(lscli.evaluate(*pattern, class_names=names, metrics="all"))
    (tmp_path / "y-1.csv").write_text("\n".join([*WORDS[4:9], "cart", *WORDS[10:17]]), encoding="utf-8")
    with pytest.raises(InputError, match=r"y-1.csv: row 5: 'cart' is not the name of a class") as caught:
        lscli.evaluate(*pattern, class_names=names)
    assert caught.value.hint.startswith("did you mean 'cat'?")


def test_shards_whose_columns_differ_name_no_classes(tmp_path: Path) -> None:
    frame = FRAME.astype(float)
    frame[:20].to_csv(tmp_path / "x-0.csv", index=False)
    frame[20:].rename(columns={COLUMNS[1]: "other"}).to_csv(tmp_path / "x-1.csv", index=False)
    with pytest.raises(InputError, match=f"row 0 holds '{NAMES[0]}'"):
        lscli.evaluate(tmp_path / "x-*.csv", WORDS)
    assert EXPECTED == figures(lscli.evaluate(tmp_path / "x-*.csv", WORDS, class_names=NAMES, metrics="all"))
    frame[20:][COLUMNS[::-1]].to_csv(tmp_path / "x-1.csv", index=False)
    with pytest.raises(InputError, match="shard 1 has its columns in another order, such as 'logit_cat_x'"):
        lscli.evaluate(tmp_path / "x-*.csv", LABELS)
    frame[20:].to_csv(tmp_path / "x-1.csv", index=False)
    assert EXPECTED == figures(lscli.evaluate(tmp_path / "x-*.csv", WORDS, metrics="all"))


def test_names_of_tokens() -> None:
    tokens, words = LOGITS.reshape(5, 6, 3), WORDS.reshape(5, 6)
    assert EXPECTED == figures(
        lscli.evaluate(tokens, words, class_names=NAMES, flatten=True, clusters="none", metrics="all")
    )


@pytest.mark.filterwarnings("ignore:.* is absent for group .* without fold")
def test_names_weights_groups_and_the_ignore_index() -> None:
    options: dict[str, Any] = {"weights": np.arange(30) % 3, "metrics": "all", "groups": list("ab") * 15}
    left_out = np.where(np.arange(30) % 5 == 2, -100, LABELS)
    words = ["-100" if label < 0 else NAMES[label] for label in left_out]
    expected = lscli.evaluate(LOGITS, left_out, **options)
    report = lscli.evaluate(LOGITS, words, class_names=NAMES, **options)
    assert figures(expected) == figures(report)
    assert (30, 24, 6) == tuple(report.samples[name] for name in ("rows", "kept", "ignored"))
    # The number of a class is no label here.
    assert EXPECTED == figures(lscli.evaluate(LOGITS, WORDS, class_names=NAMES, ignore_index=1, metrics="all"))


def test_nothing_but_ignored_labels_is_an_error() -> None:
    with pytest.raises(InputError, match="all 2 samples are ignored"):
        lscli.evaluate(LOGITS[:2], ["-100", "-100"], class_names=NAMES)


@pytest.mark.parametrize("labels", [["0", "2", "1"], np.array(["0", "2", "1"]), np.array([b"0", b"2", b"1"])])
def test_numbers_in_text_are_class_numbers(labels: Any) -> None:
    expected = figures(lscli.evaluate(LOGITS[:3], [0, 2, 1]))
    assert expected == figures(lscli.evaluate(LOGITS[:3], labels))
    assert expected == figures(lscli.evaluate(LOGITS[:3], labels, class_names=NAMES))
    assert expected == figures(lscli.evaluate(LOGITS[:3], [1, 3, 2], class_names=["1", "2", "3"], labels_from=1))


@pytest.mark.parametrize("labels", [["2019", "2021", "2020"], [2019, 2021, 2020], np.array([2019, 2021, 2020], "u2")])
def test_numbers_that_are_names(labels: Any) -> None:
    report = lscli.evaluate(LOGITS[:3], labels, class_names=["2019", "2020", "2021"])
    assert figures(lscli.evaluate(LOGITS[:3], [0, 2, 1])) == figures(report)
    assert "class_names" == report.inputs[1]["names"]
    report = lscli.evaluate(LOGITS[:2], [2019, -100], class_names=["2019", "2020", "2021"])
    assert figures(lscli.evaluate(LOGITS[:2], [0, -100])) == figures(report)
    with pytest.raises(InputError, match="row 1: '2022' is not the name of a class in class_names"):
        lscli.evaluate(LOGITS[:2], [2019, 2022], class_names=["2019", "2020", "2021"])


def test_numbers_and_names_are_names(tmp_path: Path) -> None:
    for number, text in enumerate(("7\n7\n", "up\n7\n")):
        (tmp_path / f"x-{number}.npy").write_bytes(saved(LOGITS[2 * number : 2 * number + 2]))
        (tmp_path / f"y-{number}.csv").write_text("label\n" + text)
    report = lscli.evaluate(tmp_path / "x-*.npy", tmp_path / "y-*.csv", class_names=["up", "7", "z"], pool=True)
    assert figures(lscli.evaluate(LOGITS[:4], [1, 1, 0, 1])) == figures(report)


@pytest.mark.parametrize("count", [2, 4])
@pytest.mark.parametrize("labels", [LABELS, WORDS, np.eye(3)[LABELS]], ids=["numbers", "names", "soft"])
def test_there_is_one_name_for_each_class(labels: Any, count: int) -> None:
    with pytest.raises(InputError, match=f"class_names: {count} names for 3 classes"):
        lscli.evaluate(
            LOGITS, labels, class_names=["cat", "emu", "b\u00e4r", "x"][:count], soft_labels=labels.ndim == 2
        )


def test_two_classes_of_one_name_are_refused_only_if_labels_are_names() -> None:
    same = ["crane", "emu", "crane"]
    with pytest.raises(InputError, match="class_names: classes 0 and 2 are both called 'crane'"):
        lscli.evaluate(LOGITS, WORDS, class_names=same)
    assert same == [row.name for row in lscli.per_class(LOGITS, LABELS, class_names=same).rows]


def test_the_command_reads_names_from_standard_input(tmp_path: Path, names: Path) -> None:
    (tmp_path / "x.npy").write_bytes(saved(LOGITS))
    piped = "\n".join(WORDS).encode()
    done = run("eval", tmp_path / "x.npy", "-", "--class-names", names, "-f", "table", input=piped, text=False)
    assert (0, b"") == (done.returncode, done.stderr)
    assert b"labels by name" in done.stdout


def test_a_first_line_that_is_a_name_is_a_label(tmp_path: Path) -> None:
    path = tmp_path / "y.csv"
    path.write_text("emu\ncat\ncat\n")
    expected = figures(lscli.evaluate(LOGITS[:3], [0, 2, 2]))
    assert expected == figures(lscli.evaluate(LOGITS[:3], path, class_names=NAMES))
    path.write_text("cat\nemu\ncat\n")  # also without the names, because it occurs again
    assert figures(lscli.evaluate(LOGITS[:3], [2, 0, 2])) == figures(lscli.evaluate(FRAME[:3], path))
    path.write_text("id,animal\n1,emu\n2,cat\n3,cat\n")
    assert expected == figures(lscli.evaluate(LOGITS[:3], path, labels_column="animal", class_names=NAMES))
    path.write_text("emu\nemu\ncat\ncat\n")
    assert expected == figures(lscli.evaluate(LOGITS[:3], path, labels_column="emu", class_names=NAMES))


def test_a_first_line_that_seems_to_be_a_header_is_named(tmp_path: Path) -> None:
    path = tmp_path / "y.csv"
    path.write_text("emu\ncat\ncat\n")
    with pytest.raises(InputError, match="its first line, 'emu', is taken for the name of the column") as caught:
        lscli.evaluate(FRAME[:3], path)
    assert "if it is a label, write a line above it: label" == caught.value.hint
    path.write_text("label\nemu\ncat\ncat\n")
    assert figures(lscli.evaluate(LOGITS[:3], [0, 2, 2])) == figures(lscli.evaluate(FRAME[:3], path))
    path.write_text("label\ncat\ncat\n")
    with pytest.raises(InputError, match="rows differ: logits has 3, the labels have 2"):
        lscli.evaluate(FRAME[:3], path)


BOOL = LABELS[:20] > 0
TWO = LOGITS[:20, :2]
TRUTHS: dict[str, Callable[[Path], Any]] = {
    "y.npy": lambda path: path.write_bytes(saved(BOOL)),
    "y.npz": lambda path: np.savez(path, labels=BOOL),
    "y.safetensors": lambda path: save_file({"labels": BOOL}, path),
    "y.pt": lambda path: torch.save({"labels": torch.tensor(BOOL)}, path),
    "y.parquet": lambda path: parquet.write_table(pa.table({"y": BOOL}), path),
    "y.arrow": lambda path: feather.write_feather(pa.table({"y": BOOL}), path, compression="uncompressed"),
    "pandas.csv": lambda path: pd.DataFrame({"y": BOOL}).to_csv(path, index=False),
    "json.csv": lambda path: path.write_text("\n".join(str(each).lower() for each in BOOL)),
}


@pytest.mark.parametrize("name", TRUTHS)
def test_truth_values_are_two_classes(tmp_path: Path, name: str) -> None:
    TRUTHS[name](tmp_path / name)
    expected = figures(lscli.evaluate(TWO, BOOL.astype(int), metrics="all"))
    report = lscli.evaluate(TWO, tmp_path / name, metrics="all")
    assert expected == figures(report)
    assert "False and True" == report.inputs[1]["names"]
    z = TWO[:, 1]
    binary = lscli.evaluate(z, tmp_path / name, binary=True, metrics="all")
    assert figures(lscli.evaluate(z, BOOL.astype(int), binary=True, metrics="all")) == figures(binary)
    swept = lscli.sweep(z, tmp_path / name, binary=True)
    assert figures(lscli.sweep(z, BOOL.astype(int), binary=True)) == figures(swept)
    with pytest.raises(InputError, match=r"not integer labels \(bool\)"):
        lscli.evaluate(LOGITS[:20], tmp_path / name)


@pytest.mark.parametrize("name", ["y.npz", "y.parquet", "y.npy"])
def test_the_command_tells_truth_values_from_a_second_model(tmp_path: Path, name: str) -> None:
    (tmp_path / "z.npy").write_bytes(saved(TWO[:, 1]))
    TRUTHS[name](tmp_path / name)
    paths = [str(tmp_path / "z.npy"), str(tmp_path / name)]
    assert PathRoles(paths[0], paths[1], []) == assign_roles(paths, binary=True)


@pytest.mark.parametrize("labels", [BOOL, BOOL.tolist(), torch.tensor(BOOL), pd.Series(BOOL)])
def test_truth_values_in_memory(labels: Any) -> None:
    expected = figures(lscli.evaluate(TWO, BOOL.astype(int)))
    assert expected == figures(lscli.evaluate(TWO, labels))
    # The names say which class is the first.
    flipped = figures(lscli.evaluate(TWO, 1 - BOOL.astype(int)))
    assert flipped == figures(lscli.evaluate(TWO, labels, class_names=["True", "False"]))
    assert flipped == figures(lscli.evaluate(pd.DataFrame(TWO, columns=["p_true", "p_false"]), labels))
    assert expected == figures(lscli.evaluate(TWO, labels, class_names=["healthy", "ill"]))


def test_truth_values_do_not_count_from_a_number() -> None:
    with pytest.raises(UsageError, match="is only for labels that are numbers"):
        lscli.evaluate(TWO, BOOL, labels_from=1)


@pytest.mark.parametrize("name", ["null.parquet", "null.arrow", "category.parquet"])
def test_a_null_is_named(tmp_path: Path, name: str) -> None:
    values = pa.array(["cat", "emu", None, "cat"])
    table = pa.table({"y": values.dictionary_encode() if name.startswith("category") else values})
    (feather.write_feather if name.endswith("arrow") else parquet.write_table)(table, tmp_path / name)
    with pytest.raises(InputError, match="column 'y' has a null at row 2"):
        lscli.evaluate(LOGITS[:4], tmp_path / name, class_names=NAMES)


def test_a_null_among_the_categories_is_named(tmp_path: Path) -> None:
    column = pa.DictionaryArray.from_arrays(pa.array([0, 2, 1, 0], pa.int8()), pa.array(["cat", None, "emu"]))
    with (
        pa.OSFile(str(tmp_path / "y.arrow"), "wb") as sink,
        pa.ipc.new_file(sink, pa.schema([("y", column.type)])) as own,
    ):
        own.write_table(pa.table({"y": column}))
    with pytest.raises(InputError, match="column 'y' has a null at row 2"):
        lscli.evaluate(LOGITS[:4], tmp_path / "y.arrow", class_names=NAMES)


def test_categories_of_numbers_are_class_numbers(tmp_path: Path) -> None:
    pd.DataFrame({"y": pd.Categorical(LABELS, categories=[2, 1, 0])}).to_feather(tmp_path / "y.feather")
    assert EXPECTED == figures(lscli.evaluate(LOGITS, tmp_path / "y.feather", metrics="all"))
