"""`--wide`, `--no-header` and `--ci`: what a log and a reader of intervals need."""

from __future__ import annotations

import csv
import io
import math
from pathlib import Path

import pytest

from tests.cli.inprocess import Run, column, records, save_more
from tests.command import LABELS, LOGITS

SAMPLE = ["eval", LOGITS, LABELS]
SOME = ["--metrics", "accuracy,ece,loss_smoothed,risk_at_coverage@0.9", "--eps", "0.1,0.2"]
INTERVALS = ["--ci", "--bootstrap", "30"]


def test_wide_has_one_row_per_source_and_one_column_per_metric(run: Run) -> None:
    tidy = records(run(*SAMPLE, *SOME))
    answer = run(*SAMPLE, *SOME, "--wide")
    (line,) = records(answer)
    names = ["accuracy", "ece", "loss_smoothed@0.1", "loss_smoothed@0.2", "risk_at_coverage@0.9"]
    assert {"source": LOGITS, "group": "", "n": "5000"}.items() <= line.items()
    assert {"source", "group", "n", *names} == set(line)
    assert sorted(row["value"] for row in tidy) == sorted(line[name] for name in names)


def test_wide_with_intervals_has_two_more_columns_each(run: Run) -> None:
    tidy = records(run(*SAMPLE, "--metrics", "accuracy,loss_smoothed", *INTERVALS))
    (line,) = records(run(*SAMPLE, "--metrics", "accuracy,loss_smoothed", *INTERVALS, "--wide"))
    for row, name in zip(tidy, ("accuracy", "loss_smoothed@0.1"), strict=True):
        assert [row["value"], row["ci_low"], row["ci_high"]] == [
            line[name + end] for end in ("", "_ci_low", "_ci_high")
        ]


def test_wide_has_one_row_per_group(run: Run, tmp_path: Path) -> None:
    pair = save_more(tmp_path)
    (tmp_path / "m.csv").write_text("g\n" + "a\nb\n" * 30)
    options = ["--groups", tmp_path / "m.csv", "--group-by", "g"]
    rows = records(run("eval", *pair, *options, "--wide"))
    assert [("", "60"), ("a", "30"), ("b", "30")] == [(row["group"], row["n"]) for row in rows]
    tidy = records(run("eval", *pair, *options))
    assert [row["value"] for row in tidy if row["metric"] == "ece"] == [row["ece"] for row in rows]


@pytest.mark.parametrize("format_name", ["json", "table", "markdown"])
def test_wide_in_other_formats(run: Run, format_name: str) -> None:
    answer = run(*SAMPLE, "--metrics", "accuracy,ece", "--wide", "-f", format_name)
    assert (0, "", True) == (answer.code, answer.err, "accuracy" in answer.out)


@pytest.mark.parametrize(
    "arguments",
    [SAMPLE, [*SAMPLE, "--wide"], ["bins", LOGITS, LABELS], ["samples", LOGITS, LABELS, "--worst", "3"], ["metrics"]],
    ids=["eval", "wide", "bins", "samples", "metrics"],
)
def test_no_header_leaves_out_the_first_line_alone(run: Run, arguments: list[str]) -> None:
    whole, bare = run(*arguments), run(*arguments, "--no-header")
    assert (0, "", whole.out.partition("\n")[2]) == (bare.code, bare.err, bare.out)
    for format_name in ("json", "table", "markdown"):
        with_header, without = (run(*arguments, *more, "-f", format_name) for more in ([], ["--no-header"]))
        if format_name != "json":  # which says how it was called
            assert with_header == without


def test_an_appended_log_parses(run: Run, tmp_path: Path) -> None:
    log = ""
    for k, eps in enumerate(("0.1", "0.2", "0.3")):
        log += run(*SAMPLE, "--eps", eps, "--metrics", "ece,accuracy", "--wide", *["--no-header"] * (k > 0)).out
    rows = list(csv.DictReader(io.StringIO(log)))
    assert ([LOGITS] * 3, 1) == ([row["source"] for row in rows], len({row["ece"] for row in rows}))


def test_intervals_fill_their_columns(run: Run) -> None:
    rows = records(run(*SAMPLE, *INTERVALS))
    low, value, high = (column(rows, name) for name in ("ci_low", "value", "ci_high"))
    without = [row["metric"] for row, a, b in zip(rows, low, high, strict=True) if math.isnan(a) or math.isnan(b)]
    assert ["target_on", "target_off", "loss_floor", "ece_null", "ece_p"] == without
    assert [] == [row["metric"] for row, a, b in zip(rows, low, high, strict=True) if a > b]
    means = [k for k, row in enumerate(rows) if row["stderr"]]
    assert [] == [rows[k]["metric"] for k in means if not low[k] <= value[k] <= high[k]]
    plain = records(run(*SAMPLE))
    assert [row["value"] for row in plain] == [row["value"] for row in rows if row["metric"] != "ece_p"]
    assert {""} == {row[name] for row in plain for name in ("ci_low", "ci_high")}


@pytest.mark.parametrize("metrics", ["default", "smece,ece_equal_mass,aurc,classwise_ece"])
def test_threads_change_no_byte(run: Run, metrics: str) -> None:
    options = [*SAMPLE, "--metrics", metrics, *INTERVALS]
    one, three = (run(*options, "--threads", threads) for threads in ("1", "3"))
    assert (0, one) == (one.code, three)


def test_the_seed_decides_the_resamples(run: Run) -> None:
    one, same, other = (run(*SAMPLE, *INTERVALS, "--metrics", "ece", "--seed", seed).out for seed in "001")
    assert one == same
    assert one != other


def test_a_higher_level_gives_wider_intervals(run: Run) -> None:
    widths = []
    for level in ("0.5", "0.9", "0.99"):
        (row,) = records(run(*SAMPLE, *INTERVALS, "--metrics", "accuracy", "--level", level))
        widths.append(float(row["ci_high"]) - float(row["ci_low"]))
    assert sorted(widths) == widths


@pytest.mark.parametrize(("level", "title"), [([], "95 % interval"), (["--level", "0.9"], "90 % interval")])
def test_tables_have_a_column_for_intervals_headed_by_the_level(run: Run, level: list[str], title: str) -> None:
    options = [*SAMPLE, *INTERVALS, "--metrics", "accuracy", *level]
    table = run(*options, "-f", "table").out.splitlines()
    (heading,) = [line for line in table if title in line]
    (line,) = [line for line in table if line.startswith("    accuracy ")]
    assert ["metric", "value", "±", "s.e.", *title.split()] == heading.split()
    assert ".." == line.split()[4]
    markdown = run(*options, "-f", "markdown").out.splitlines()
    assert f"| metric | params | value | s.e. | {title} |" in markdown
    assert title not in run(*SAMPLE, "-f", "table").out
