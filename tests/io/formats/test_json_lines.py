"""JSON lines give the figures of their arrays; an object that has something else is named by its line."""

from __future__ import annotations

import gzip
import io
import json
import math
import subprocess
import sys
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import lscli
from lscli.errors import InputError, LscliWarning
from lscli.io import spool
from lscli.io.formats import json_lines
from lscli.io.open import open_inputs
from tests.io.make import descriptors, figures, some_labels, some_logits
from tests.io.table_files import refused

LOGITS, LABELS = some_logits(40, 5), some_labels(40, 5)
EXPECTED = figures(lscli.evaluate(LOGITS, LABELS))
NAMES = [f"logit_{k}" for k in range(5)]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "x.jsonl"


def written(path: Path, objects: Iterable[Any]) -> Path:
    path.write_text("".join(json.dumps(each) + "\n" for each in objects))
    return path


def rows(**more: Any) -> list[dict[str, Any]]:
    """Objects of logits and a label, each with further fields."""
    pairs = zip(LOGITS.tolist(), LABELS.tolist(), strict=True)
    return [{"logits": x, "label": y, **more} for x, y in pairs]


@pytest.mark.parametrize("block", [1, 12, 1 << 17])
@pytest.mark.parametrize("in_memory", [0, 300, 1 << 20])
def test_lines_give_the_figures_of_their_arrays(
    path: Path, monkeypatch: pytest.MonkeyPatch, block: int, in_memory: int
) -> None:
    monkeypatch.setattr(json_lines, "_BLOCK", block)
    monkeypatch.setattr(spool, "_IN_MEMORY", in_memory)
    before = descriptors()
    report = lscli.evaluate(written(path, rows()), chunk_rows=7)
    assert (EXPECTED, "float32", [40, 5]) == (figures(report), *(report.inputs[0][key] for key in ("dtype", "shape")))
    double = LOGITS.astype(float)
    double[30] /= 3
    objects = [{"logits": x, "labels": y} for x, y in zip(double.tolist(), LABELS.tolist(), strict=True)]
    report = lscli.evaluate(written(path, objects), chunk_rows=7, threads=3)
    assert (figures(lscli.evaluate(double, LABELS)), "float64") == (figures(report), report.inputs[0]["dtype"])
    del report
    assert before == descriptors()


@pytest.mark.parametrize("name", ["x.jsonl", "x.ndjson", "x.json", "x.JSONL"])
@pytest.mark.parametrize("form", ["lines", "CRLF", "BOM", "blank lines", "no last newline", "array", "indented array"])
def test_every_form_is_read(tmp_path: Path, name: str, form: str) -> None:
    lines = [json.dumps(each) for each in rows(id="a", text='\u2028 " \\ é')]
    texts = {
        "lines": "\n".join(lines) + "\n",
        "CRLF": "\r\n".join(lines) + "\r\n",
        "BOM": "\ufeff" + "\n".join(lines) + "\n",
        "blank lines": "\n \n" + "\n\n".join(lines) + "\n\n",
        "no last newline": "\n".join(lines),
        "array": f"[{', '.join(lines)}]",
        "indented array": json.dumps(rows(), indent=2),
    }
    (tmp_path / name).write_text(texts[form], encoding="utf-8", newline="")
    assert EXPECTED == figures(lscli.evaluate(tmp_path / name))


def test_a_data_frame_and_arrays_side_by_side(tmp_path: Path, path: Path) -> None:
    frame = pd.DataFrame(LOGITS.astype(float), columns=NAMES).assign(label=LABELS, id="a")
    frame.to_json(path, orient="records", lines=True, double_precision=15)
    report = lscli.evaluate(path, logits_key="logit_*")
    assert np.allclose(report["loss_hard"], lscli.evaluate(LOGITS, LABELS)["loss_hard"], rtol=1e-12)
    objects = [dict(zip(NAMES, row, strict=True)) for row in LOGITS.tolist()]
    labels = written(tmp_path / "y.jsonl", ({"label": y, "id": "x"} for y in LABELS.tolist()))
    assert EXPECTED == figures(lscli.evaluate(written(path, objects), labels))
    assert EXPECTED == figures(lscli.evaluate(path, LABELS, logits_key=",".join(NAMES)))
    opened, _ = open_inputs(path, LABELS)
    opened.close()
    assert NAMES == opened.columns


@pytest.mark.parametrize("key", ["output.logits", "output/logits"])
def test_a_path_leads_into_objects(path: Path, key: str) -> None:
    objects = [
        {"output": {"logits": each["logits"], "more": [0.5] * 3}, "meta": {"y": each["label"]}} for each in rows()
    ]
    written(path, objects)
    options: dict[str, Any] = {"logits_key": key, "labels_key": f"meta{key[6]}y"}
    assert EXPECTED == figures(lscli.evaluate(path, **options))
    assert EXPECTED == figures(lscli.evaluate(path, logits_key=key, labels_column="meta.y"))
    listed = {row.key: row for row in lscli.inspect(path).rows}
    assert ["output.logits", "output.more", "meta.y"] == list(listed)
    words = listed["output.logits"].command.split()
    assert ["lscli", "eval", str(path), "--logits-key", "output.logits", "--labels-key", "meta.y"] == words


def test_a_field_of_this_very_name_comes_first(path: Path) -> None:
    objects = [
        {"a": {"x": [0.5] * 5}, "a.x": each["logits"], "a/x": [1.5] * 5, "label": each["label"]} for each in rows()
    ]
    assert EXPECTED == figures(lscli.evaluate(written(path, objects), logits_key="a.x"))
    expected = figures(lscli.evaluate(np.full((40, 5), 1.5), LABELS))
    assert expected == figures(lscli.evaluate(path, logits_key="a/x"))


def test_the_only_list_is_the_logits(path: Path) -> None:
    objects = [{"id": k, "scores": each["logits"], "label": each["label"]} for k, each in enumerate(rows())]
    assert EXPECTED == figures(lscli.evaluate(written(path, objects)))
    written(path, ({**each, "other": [0.5]} for each in objects))
    assert "name one with logits_key: scores, other" == refused(path, "several columns of lists").hint
    assert EXPECTED == figures(lscli.evaluate(path, logits_key="scores"))


def test_whole_numbers_among_logits_are_numbers(path: Path) -> None:
    logits = np.round(LOGITS * 2) + np.where(np.arange(5) == 2, 0.5, 0)
    objects = [
        {"logits": [int(x) if x == int(x) else x for x in row], "label": y}
        for row, y in zip(logits.tolist(), LABELS.tolist(), strict=True)
    ]
    assert figures(lscli.evaluate(logits, LABELS)) == figures(lscli.evaluate(written(path, objects)))
    objects = [{"logits": [int(x) for x in row], "label": 0} for row in logits.tolist()]
    refused(written(path, objects), "column 'logits' is int64: integer logits are refused")


def test_a_null_at_first_does_not_hide_the_type(path: Path) -> None:
    objects = [{"logits": x["logits"], "y": None if k < 2 else x["label"]} for k, x in enumerate(rows())]
    refused(written(path, objects), "line 1 has None in 'y', not an integer label", labels_key="y")
    assert EXPECTED == figures(lscli.evaluate(path, LABELS))


def test_nan_and_infinity_are_numbers(path: Path) -> None:
    logits = LOGITS.copy()
    logits[3, 1], logits[4, 2], logits[4, 0] = np.nan, np.inf, -np.inf
    objects = [{"logits": row, "label": y} for row, y in zip(logits.tolist(), LABELS.tolist(), strict=True)]
    refused(written(path, objects), "row 3 has nan")
    with pytest.warns(LscliWarning, match="2 of 40 rows are not finite"):
        report = lscli.evaluate(path, nonfinite="skip")
    kept = ~np.isin(np.arange(40), [3, 4])
    assert figures(lscli.evaluate(logits[kept], LABELS[kept])) == figures(report)


@pytest.mark.parametrize(
    ("row", "says"),
    [
        ('{"logits": [1.5, 2, 3, 4], "label": 1}', "has 4 numbers in 'logits', but the first object has 5"),
        ('{"logits": [1.5, 2, 3, 4, 5, 6], "label": 1}', "has 6 numbers in 'logits', but the first object has 5"),
        ('{"logits": [1.5, 2, null, 4, 5], "label": 1}', "has None in 'logits', not a number"),
        ('{"logits": [1.5, 2, true, 4, 5], "label": 1}', "has True in 'logits', not a number"),
        ('{"logits": [1.5, 2, "3", 4, 5], "label": 1}', "has '3' in 'logits', not a number"),
        ('{"logits": [1.5, 2, [3], 4, 5], "label": 1}', r"has \[3\] in 'logits', not a number"),
        ('{"logits": null, "label": 1}', "has None in 'logits', not a list"),
        ('{"logits": 1.5, "label": 1}', "has 1.5 in 'logits', not a list"),
        ('{"label": 1}', "has no 'logits'"),
        ('{"logits": [1.5, 2, 3, 4, 5]}', "has no 'label'"),
        ('{"logits": [1.5, 2, 3, 4, 5], "label": null}', "has None in 'label', not an integer label"),
        ('{"logits": [1.5, 2, 3, 4, 5], "label": true}', "has True in 'label', not an integer label"),
        ('{"logits": [1.5, 2, 3, 4, 5], "label": 1.0}', "has 1.0 in 'label', not an integer label"),
        ('{"logits": [1.5, 2, 3, 4, 5], "label": "cat"}', "has 'cat' in 'label', not an integer label"),
        ('{"logits": [1.5, 2, 3, 4, 5], "label": 99999999999999999999}', "in 'label', not an integer label"),
        ('{"logits": [1e999, 2, 3, 4, 5], "label": 1}', "has a number beyond float64"),
        ('{"logits": [1e999, Infinity, 3, 4, 5], "label": 1}', "has a number beyond float64"),
        ('{"logits": [1' + "0" * 400 + ', 2, 3, 4, 5], "label": 1}', "has a number beyond float64"),
        ('{"logits": [1.5, 2, 3, 4, 5], "label": 1, "label": 2}', "has the key 'label' twice in one object"),
        ('{"logits": [1.5, 2, 3, 4, 5], "label": 1', "is not JSON"),
        ('[1.5, 2, 3, 4, 5]', "is a JSON array, not an object"),
        ('{"a": ' + "[" * 100_000, "nested too deeply"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("block", [1, 1 << 17])
def test_an_object_with_something_else_is_named(
    path: Path, monkeypatch: pytest.MonkeyPatch, row: str, says: str, block: int
) -> None:
    monkeypatch.setattr(json_lines, "_BLOCK", block)
    lines = [json.dumps(each) for each in rows()]
    path.write_text("\n".join([*lines[:20], "", row, *lines[20:]]) + "\n")
    error = refused(path, "line 22 .*" + says)
    assert len(str(error)) < len(str(path)) + 400


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "empty file"),
        ("\n\n", "holds no objects with fields"),
        ("{}\n", "holds no objects with fields"),
        ('{"logits": [], "label": 1}\n', r"column 'logits' is list<>, not numbers"),
        ('{"logits": [[1.5, 2.5]], "label": 1}\n', "column 'logits' has lists of lists"),
        ('{"logits": ["a"], "label": 1}\n', "column 'logits' is list<text>, not numbers"),
        ('{"logits": "abc", "label": 1}\n', "column 'logits' is text, not numbers"),
        ('{"logits": [1.5, 2.5], "label": "cat"}\n', r"\[label\]: row 0: 'cat' is not an integer label"),
        ('{"logits": [1.5, 2.5], "label": null}\n', "column 'label' is null, not class numbers or names"),
        ('{"logits": [1.5, 2.5], "y": 1}\n', "has no column 'labels' or 'label'"),
        ('{"logits": [1.5], "label": 0}\n', "need at least 2 classes"),
        ('{"logits": [1.5, 2.5], "lab', r"line 1 ends early"),
        ("x" * (17 << 20), "line 1 is longer than 16 MiB"),
    ],
)
def test_a_file_of_something_else_is_refused(path: Path, text: str, says: str) -> None:
    path.write_text(text)
    refused(path, says)


def test_a_file_cut_anywhere_is_refused(path: Path) -> None:
    data = written(path, rows()[:3]).read_bytes()
    whole = {at for at in range(len(data) + 1) if data[at - 1 : at + 1] in (b"}\n", b"}") or data[at - 1 : at] == b"\n"}
    for size in range(0, len(data), 3):
        path.write_bytes(data[:size])
        if size not in whole:
            refused(path, r"line \d ends early|empty file")


def test_standard_input_is_recognised(path: Path) -> None:
    data = written(path, rows()).read_bytes()
    for more in ((), ("--input-format", "jsonl")):
        command = [sys.executable, "-m", "lscli", "eval", "-", "--metrics", "accuracy", "-f", "json", *more]
        answer = subprocess.run(command, input=data, capture_output=True, check=True)
        assert lscli.evaluate(path)["accuracy"] == json.loads(answer.stdout)["rows"][0]["value"]


def test_a_compressed_file_is_told_from_text(path: Path) -> None:
    stream = io.BytesIO()
    with gzip.open(stream, "wb") as target:
        target.write(written(path, rows()).read_bytes())
    path.write_bytes(stream.getvalue())
    refused(path, "line 1 is not JSON")


def test_weights_and_binary_logits_are_fields(tmp_path: Path, path: Path) -> None:
    weights = np.arange(40) % 3 + 1.5
    expected = figures(lscli.evaluate(LOGITS, LABELS, weights=weights))
    file = written(tmp_path / "w.jsonl", ({"weight": w, "id": 1} for w in weights.tolist()))
    assert expected == figures(lscli.evaluate(written(path, rows()), weights=file))
    written(path, ({"z": x, "label": y % 2} for x, y in zip(LOGITS[:, 0].tolist(), LABELS.tolist(), strict=True)))
    expected = figures(lscli.evaluate(LOGITS[:, 0], LABELS % 2, binary=True))
    assert expected == figures(lscli.evaluate(path, binary=True))


def test_groups_are_a_field(tmp_path: Path, path: Path) -> None:
    values = [["a", 1, None, True][k % 4] for k in range(40)]
    file = written(tmp_path / "meta.jsonl", ({"meta": {"x": value}} for value in values))
    report = lscli.evaluate(written(path, rows()), groups=file, group_by="meta/x")
    expected = lscli.evaluate(LOGITS, LABELS, groups=["a", "1", "", "True"] * 10)
    assert figures(expected) == figures(report)
    assert {"", "a", "1", "(empty)", "True"} == {row.group for row in report.rows}
    with pytest.raises(InputError, match="has no column 'y'"):
        lscli.evaluate(path, groups=file, group_by="y")


def test_soft_labels_are_lists(path: Path) -> None:
    soft = np.abs(LOGITS.astype(float)) / np.abs(LOGITS.astype(float)).sum(1, keepdims=True)
    written(path, ({"logits": x, "labels": y} for x, y in zip(LOGITS.tolist(), soft.tolist(), strict=True)))
    expected = figures(lscli.evaluate(LOGITS, soft, soft_labels=True, metrics="loss_hard"))
    assert expected == figures(lscli.evaluate(path, soft_labels=True, metrics="loss_hard"))


def test_shards_are_one_array(tmp_path: Path) -> None:
    objects = rows()
    written(tmp_path / "a-0.jsonl", objects[:13])
    written(tmp_path / "a-1.jsonl", objects[13:])
    assert EXPECTED == figures(lscli.evaluate(tmp_path / "a-*.jsonl"))


def test_a_label_that_was_read_on_the_way_is_not_read_again(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written(path, rows())
    monkeypatch.setattr(json_lines._Lines, "each", lambda *_: pytest.fail("read again"))
    assert EXPECTED == figures(lscli.evaluate(path))


def test_a_file_that_changes_is_an_error(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written(path, rows())
    taken = json_lines._Values.taken

    def longer(*own: Any) -> Any:
        with path.open("a") as file:
            file.write("\n")
        return taken(*own)

    monkeypatch.setattr(json_lines._Values, "taken", longer)
    refused(path, "changed while reading")


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(values=st.lists(st.lists(st.floats(), min_size=3, max_size=3), min_size=1, max_size=6))
def test_any_floats_are_read_as_python_reads_them(path: Path, values: list[list[float]]) -> None:
    values[0][0] = 0.5
    written(path, ({"logits": row, "label": 0} for row in values))
    logits, labels = open_inputs(path)
    try:
        out = np.empty((len(values), 3), logits.storage)
        read = logits.read(0, len(values), out).astype(float)
    finally:
        logits.close()
    assert np.array_equal(np.array(values), read, equal_nan=True)
    assert [0] * len(values) == labels.values.tolist()


def test_time_is_linear_and_a_row_takes_microseconds(path: Path) -> None:
    row = json.dumps({"logits": [round(math.sin(k), 6) for k in range(10)], "label": 1}) + "\n"
    path.write_text(row * 20_000)
    start = time.process_time()
    open_inputs(path)[0].close()
    assert time.process_time() - start < 4  # 0.2 s


def test_memory_is_that_of_a_block(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import tracemalloc

    monkeypatch.setattr(spool, "_IN_MEMORY", 1 << 20)
    row = json.dumps({"logits": [round(math.sin(k), 6) for k in range(1000)], "label": 1}) + "\n"
    path.write_text(row * 3000)  # 24 MB as float64
    tracemalloc.start()
    try:
        open_inputs(path)[0].close()
        assert tracemalloc.get_traced_memory()[1] < 12e6
    finally:
        tracemalloc.stop()


def test_a_full_temporary_folder_is_an_error(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> Any:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(spool, "_IN_MEMORY", 0)
    monkeypatch.setattr("tempfile.TemporaryFile", full)
    with pytest.raises(lscli.LscliError, match="cannot be written to a temporary file: No space left") as caught:
        lscli.evaluate(written(path, rows()))
    assert not isinstance(caught.value, InputError)
