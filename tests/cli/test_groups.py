"""`--groups` and `--group-by`: the rows of all samples, then those of each group, as if it were a file of its own."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import lscli
from tests.cli.inprocess import Answer, Run, assert_refused, records, save_more

METRICS = ["--metrics", "default,classwise_ece,smece", "--bins", "5"]
CELLS = [str((k * 7) % 3) for k in range(60)]


@pytest.fixture
def pair(tmp_path: Path) -> tuple[str, str]:
    return save_more(tmp_path)


def by(folder: Path, cells: Sequence[str], column: str = "g") -> list[str]:
    """The two options, with a file of these cells."""
    path = folder / "meta.csv"
    path.write_text(f"id,{column}\n" + "".join(f"{k},{cell}\n" for k, cell in enumerate(cells)), encoding="utf-8")
    return ["--groups", str(path), "--group-by", column]


def groups(answer: Answer) -> list[str]:
    return list(dict.fromkeys(row["group"] for row in records(answer)))


@pytest.mark.parametrize("more", [[], ["--ci", "--bootstrap", "40"], ["--weights"]], ids=["plain", "ci", "weights"])
def test_a_group_is_what_a_file_of_its_rows_gives(
    run: Run, tmp_path: Path, pair: tuple[str, str], more: list[str]
) -> None:
    weights = np.arange(60) % 5 + 0.5
    np.save(tmp_path / "w.npy", weights)
    weighing = "--weights" in more
    options = [*METRICS, *([*more, tmp_path / "w.npy"] if weighing else more)]
    rows = records(run("eval", *pair, *options, *by(tmp_path, CELLS)))
    alone = records(run("eval", *pair, *options))
    assert ["", "0", "1", "2"] == list(dict.fromkeys(row["group"] for row in rows))
    assert alone == [row for row in rows if not row["group"]]
    for group in "012":
        chosen = np.array([cell == group for cell in CELLS])
        for name, path in (("xx", pair[0]), ("yy", pair[1])):
            np.save(tmp_path / f"{name}.npy", np.load(path)[chosen])
        np.save(tmp_path / "w.npy", weights[chosen])
        expected = records(run("eval", tmp_path / "xx.npy", tmp_path / "yy.npy", *options))
        found = [row for row in rows if row["group"] == group]
        for one, other in zip(expected, found, strict=True):
            assert (one["metric"], one["n"], one["params"]) == (other["metric"], other["n"], other["params"])
            for field in ("value", "stderr", "ci_low", "ci_high"):
                assert float(one[field] or "nan") == pytest.approx(
                    float(other[field] or "nan"), rel=1e-9, abs=1e-12, nan_ok=True
                ), (group, one["metric"], field)
        np.save(tmp_path / "w.npy", weights)


@pytest.mark.parametrize("command", ["bins", "classes"])
def test_a_group_of_a_table_is_what_a_file_of_its_rows_gives(
    run: Run, tmp_path: Path, pair: tuple[str, str], command: str
) -> None:
    rows = records(run(command, *pair, *by(tmp_path, CELLS)))
    chosen = np.array([cell == "1" for cell in CELLS])
    np.save(tmp_path / "xx.npy", np.load(pair[0])[chosen])
    np.save(tmp_path / "yy.npy", np.load(pair[1])[chosen])
    expected = records(run(command, tmp_path / "xx.npy", tmp_path / "yy.npy"))
    found = [row for row in rows if row["group"] == "1"]
    for one, other in zip(expected, found, strict=True):
        for key in one.keys() - {"source", "group", "name"}:
            assert float(one[key] or "nan") == pytest.approx(float(other[key] or "nan"), rel=1e-9, nan_ok=True), key


def test_numbers_come_in_their_order_before_words(run: Run, tmp_path: Path, pair: tuple[str, str]) -> None:
    cells = ["b", "10", "9", "-1", "2.5", "a"] * 10
    expected = ["", "-1", "2.5", "9", "10", "a", "b"]
    assert expected == groups(run("eval", *pair, "--metrics", "accuracy", *by(tmp_path, cells)))


def test_control_characters_in_names_are_escaped(run: Run, tmp_path: Path, pair: tuple[str, str]) -> None:
    cells = ["[red]a[/red]", "", '"b,c"', "d\x1b[2J", "a|b", "日本語"] * 10
    shown = {"[red]a[/red]", "(empty)", "b,c", "d\\x1b[2J", "a|b", "日本語"}
    options = [*pair, "--metrics", "accuracy", *by(tmp_path, cells)]
    assert shown == set(groups(run("eval", *options))[1:])
    for format_name in ("table", "json", "markdown"):
        answer = run("eval", *options, "-f", format_name)
        assert (0, "") == (answer.code, answer.err)
        assert "" == "".join(c for c in answer.out if c != "\n" and not c.isprintable())
        assert [] == [name for name in ("red", "(empty)", "b,c", "日本語") if name not in answer.out]


def test_a_group_whose_rows_are_all_ignored_is_absent(run: Run, tmp_path: Path, pair: tuple[str, str]) -> None:
    y = np.load(pair[1])
    y[[cell == "1" for cell in CELLS]] = -100
    np.save(pair[1], y)
    for command in ("eval", "bins", "classes"):
        assert ["", "0", "2"] == groups(run(command, *pair, *by(tmp_path, CELLS)))


def test_markdown_has_a_column_of_groups(run: Run, tmp_path: Path, pair: tuple[str, str]) -> None:
    options = ["--metrics", "ece", "--ci", "--bootstrap", "20", "-f", "markdown"]
    answer = run("eval", *pair, *options, *by(tmp_path, CELLS))
    lines = [line for line in answer.out.splitlines() if line[:1] == "|"]
    assert "| group | metric | params | value | s.e. | 95 % interval |" == lines[0]
    assert ["", "0", "1", "2"] == [line.split("|")[1].strip() for line in lines[2:]]


@pytest.mark.parametrize("rows", [0, 59, 61])
@pytest.mark.parametrize("command", ["eval", "bins", "classes", "samples"])
def test_another_number_of_rows_is_refused(
    run: Run, tmp_path: Path, pair: tuple[str, str], command: str, rows: int
) -> None:
    options = by(tmp_path, ["a"] * rows)
    assert_refused(run(command, *pair, *options), 3, options[1])


def test_an_unknown_column_is_refused_with_the_nearest(run: Run, tmp_path: Path, pair: tuple[str, str]) -> None:
    options = by(tmp_path, CELLS, "camera")
    assert_refused(run("eval", *pair, *options[:3], "camrea"), 3, options[1], "'camrea'", "'camera'")


def test_one_of_the_two_options_alone_is_refused(run: Run, tmp_path: Path, pair: tuple[str, str]) -> None:
    options = by(tmp_path, CELLS)
    assert_refused(run("eval", *pair, *options[:2]), 2, "groups", "--group-by")
    assert_refused(run("eval", *pair, *options[2:]), 2, "group-by", "--groups")


def test_a_missing_file_is_refused(run: Run, tmp_path: Path, pair: tuple[str, str]) -> None:
    assert_refused(run("eval", *pair, "--groups", tmp_path / "no.csv", "--group-by", "g"), 3, "no.csv")


def test_the_metadata_is_not_overwritten(run: Run, tmp_path: Path, pair: tuple[str, str]) -> None:
    options = by(tmp_path, CELLS)
    assert_refused(run("eval", *pair, *options, "-o", options[1]), 2, "the output is one of the inputs")


@pytest.mark.parametrize("make", [dict, pd.DataFrame, lambda table: pd.DataFrame(table).to_records()])
def test_metadata_in_memory(tmp_path: Path, pair: tuple[str, str], make: Any) -> None:
    sites, docs = ["ba"[row % 2] for row in range(len(CELLS))], [f"d{row // 3}" for row in range(len(CELLS))]
    expected = lscli.evaluate(*pair, groups=sites, clusters=docs)
    found = lscli.evaluate(*pair, groups=make({"site": sites, "doc": docs, 7: docs}), group_by="site", clusters="doc")
    assert repr(expected.rows) == repr(found.rows)
    assert "groups[doc]" == found.inputs[-1]["path"]


def test_metadata_in_memory_without_the_column(pair: tuple[str, str]) -> None:
    table = {"site": CELLS, "doc": CELLS}
    with pytest.raises(lscli.InputError, match="groups: has no column 'sit'") as caught:
        lscli.evaluate(*pair, groups=table, group_by="sit")
    assert "did you mean 'site'?" == caught.value.hint
    with pytest.raises(lscli.UsageError, match="no column is named"):
        lscli.evaluate(*pair, groups=table)
    with pytest.raises(lscli.InputError, match="'dog' is neither a column of groups nor a file"):
        lscli.evaluate(*pair, groups=table, clusters="dog")


def test_the_python_function_takes_names_of_groups(run: Run, tmp_path: Path, pair: tuple[str, str]) -> None:
    rows = records(run("eval", *pair, *by(tmp_path, CELLS)))
    for given in (CELLS, np.array(CELLS), [int(cell) for cell in CELLS]):
        report = lscli.evaluate(*pair, groups=given)
        assert [(row["group"], row["metric"], row["n"]) for row in rows] == [
            (row.group, row.metric, str(row.n)) for row in report.rows
        ]
