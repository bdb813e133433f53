"""Every value that an option does not take is refused with one line, a hint and exit code 2."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.inprocess import Run, assert_refused, save_more
from tests.command import LABELS, LOGITS

# Shared options are tested with `eval`, here and in test_usage.py; the other lists have a command's own options.
OF_EVAL = [
    ("--bins", "0", ["bins", "0"]),
    ("--bins", "-1", ["bins", "-1"]),
    ("--bins", "1000000000", ["bins", "1000000000"]),
    ("--bins", "99999999999999999999999", ["bins"]),
    ("--bins", "x", ["--bins", "'x' is not a whole number"]),
    ("--bins", "1.5", ["--bins", "'1.5' is not a whole number"]),
    ("--bin-edges", "rihgt", ["'rihgt'", "right"]),
    ("--bin-edges", "", ["''", "right"]),
    ("--norm", "l3", ["'l3'", "l1"]),
    ("--positive-class", "2", ["positive-class", "from 0 to 1, got 2"]),
    ("--positive-class", "yes", ["--positive-class", "'yes' is not a whole number"]),
    ("--positive-class", "1", ["positive-class", "needs two classes", "leave out --positive-class"]),
    ("--compat", "torchmetric", ["'torchmetric'", "'torchmetrics'"]),
    ("--compat", "zzz", ["'zzz'", "netcal"]),
    ("--score", "margni", ["'margni'", "margin"]),
    ("--score", "zzz", ["'zzz'", "max_logit_pnorm"]),
    ("--level", "nan", ["level", "nan"]),
    ("--level", "inf", ["level", "inf"]),
    ("--level", "0", ["level", "0"]),
    ("--level", "1", ["level", "1"]),
    ("--level", "2", ["level", "2"]),
    ("--level", "-0.5", ["level", "-0.5"]),
    ("--level", "x", ["--level", "'x' is not a number"]),
    ("--bootstrap", "1", ["bootstrap", "1"]),
    ("--bootstrap", "0", ["bootstrap", "0"]),
    ("--bootstrap", "-5", ["bootstrap", "-5"]),
    ("--bootstrap", "9" * 30, ["bootstrap", "from 2 to 1000000"]),
    ("--bootstrap", "many", ["--bootstrap", "'many' is not a whole number"]),
    ("--seed", "-1", ["seed", "-1"]),
    ("--seed", "x", ["--seed", "'x' is not a whole number"]),
    ("--metrics", "risk_at_coverage@2", ["risk_at_coverage", "2"]),
    ("--metrics", "risk_at_coverage@nan", ["nan"]),
    ("--sort", "ece", ["--sort"]),
    ("--worst", "3", ["--worst"]),
]
OF_BINS = [
    ("--bins", "0", ["bins", "0"]),
    ("--compat", "netcla", ["'netcla'", "'netcal'"]),
    ("--norm", "l1", ["--norm"]),
    ("--metrics", "ece", ["--metrics"]),
]
OF_CLASSES = [
    ("--sort", "supprt", ["'supprt'", "'support'"]),
    ("--sort", "zzz", ["'zzz'", "logit_gap"]),
    ("--sort", "source", ["'source'"]),
    ("--top", "0", ["top", "0"]),
    ("--top", "-2", ["top", "-2"]),
    ("--top", "x", ["--top", "'x' is not a whole number"]),
    ("--norm", "l0", ["'l0'", "l1"]),
    ("--bins", "0", ["bins", "0"]),
]
OF_SAMPLES = [
    ("--worst", "0", ["worst", "0"]),
    ("--worst", "-2", ["worst", "-2"]),
    ("--worst", "x", ["--worst", "'x' is not a whole number"]),
    ("--by", "los", ["'los'", "loss"]),
    ("--by", "zzz", ["'zzz'", "confidence"]),
    ("--bins", "3", ["--bins"]),
]
CASES = [
    (command, *case)
    for command, cases in (("eval", OF_EVAL), ("bins", OF_BINS), ("classes", OF_CLASSES), ("samples", OF_SAMPLES))
    for case in cases
]


@pytest.mark.parametrize(("command", "option", "value", "words"), CASES)
def test_a_value_that_an_option_does_not_take_is_refused(
    run: Run, command: str, option: str, value: str, words: list[str]
) -> None:
    assert_refused(run(command, LOGITS, LABELS, option, value), 2, *words)


@pytest.mark.parametrize("option", ["--bootstrap", "--seed", "--level"])
def test_a_bad_value_is_refused_with_intervals_too(run: Run, option: str) -> None:
    assert_refused(run("eval", LOGITS, LABELS, "--ci", option, "-1"), 2, option[2:])


def test_bins_of_equal_count_and_a_library_s_rule_are_refused_together(run: Run) -> None:
    assert_refused(run("bins", LOGITS, LABELS, "--equal-mass", "--compat", "netcal"), 2, "--equal-mass", "--compat")


@pytest.mark.parametrize("command", ["eval", "bins", "classes", "samples", "metrics"])
def test_the_suffix_of_the_output_decides(run: Run, tmp_path: Path, command: str) -> None:
    arguments = [command, *([] if command == "metrics" else save_more(tmp_path))]
    assert_refused(run(*arguments, "-o", tmp_path / "x.parqet"), 2, "'.parqet'", "'.parquet'")
    for suffix in (".csv", ".json", ".md", ".txt"):
        assert (0, "", "") == run(*arguments, "-o", tmp_path / f"x{suffix}")
        format_name = {".md": "markdown", ".txt": "table"}.get(suffix, suffix[1:])
        expected = run(*arguments, "-f", format_name).out
        if suffix != ".json":  # which says where its settings are from
            assert expected == (tmp_path / f"x{suffix}").read_text(encoding="utf-8")


@pytest.mark.parametrize("command", ["eval", "bins", "classes", "samples"])
def test_settings_come_from_the_environment_too(run: Run, monkeypatch: pytest.MonkeyPatch, command: str) -> None:
    monkeypatch.setenv("LSCLI_THREADS", "1")
    answer = run(command, LOGITS, LABELS, "-f", "json", "--chunk-rows", "500")
    assert (1, "environment") == answer.settings["threads"]
    assert (500, "flag") == answer.settings["chunk_rows"]
    assert ("error", "default") == answer.settings["nonfinite"]
