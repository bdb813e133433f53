"""Wrong usage is exit code 2 with one line and a hint; an unexpected error has a code of its own."""

from __future__ import annotations

import pytest

from lscli.checked_options import declared
from lscli.cli.main import COMMANDS
from tests.cli.inprocess import Run, assert_refused
from tests.command import LABELS, LOGITS


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["evla"], ["'evla'", "'eval'"]),
        (["frobnicate"], ["'frobnicate'", "--help"]),
        (["--verison"], ["--verison", "--version"]),
        (["eval"], ["LOGITS", "lscli eval --help"]),
        (["eval", LOGITS, LABELS, "another.npy"], ["another.npy"]),
        (["eval", LOGITS, LABELS, "--epss", "0.1"], ["--epss", "--eps"]),
        (["eval", LOGITS, LABELS, "--eps"], ["--eps"]),
        (["metrics", "x"], ["x", "lscli metrics --help"]),
    ],
)
def test_a_mistyped_command_line_is_refused_with_what_is_near(run: Run, arguments: list[str], words: list[str]) -> None:
    assert_refused(run(*arguments), 2, *words)


@pytest.mark.parametrize("eps", ["nan", "-0.1", "1.5", "x", "", "0.1,2", "1e400"])
def test_an_eps_outside_0_to_1_is_refused(run: Run, eps: str) -> None:
    assert_refused(run("eval", LOGITS, LABELS, f"--eps={eps}"), 2, "eps", "finite and in [0, 1]", "--eps 0.1")


@pytest.mark.parametrize(
    ("option", "value", "words"),
    [
        ("--metrics", "eec", ["unknown metric 'eec'", "'ece'"]),
        ("--metrics", "ece,los_hard", ["'los_hard'", "'loss_hard'"]),
        ("--metrics", "zzzzzz", ["'zzzzzz'", "lscli metrics"]),
        ("--metrics", "ece@0.1", ["ece takes no parameter"]),
        ("--metrics", "loss_smoothed@x", ["finite and in [0, 1]", "x"]),
        ("--metrics", ",", ["no metric"]),
        ("--format", "jsno", ["format: unknown value 'jsno'", "'json'"]),
        ("--format", "zzz", ["format: unknown value 'zzz'", "auto, table, csv, tsv, json, markdown, latex"]),
        ("--device", "cdua", ["unknown device 'cdua'", "'cuda'"]),
        ("--device", "zzz", ["unknown device 'zzz'", "mps"]),
        ("--device", "cuda:x", ["unknown device 'cuda:x'"]),
        ("--kernel", "nupmy", ["kernel: unknown value 'nupmy'", "'numpy'"]),
        ("--kernel", "zzz", ["kernel: unknown value 'zzz'", "auto, numpy or torch"]),
        ("--threads", "0", ["threads", "at least 1", "0"]),
        ("--threads", "-3", ["threads", "at least 1", "-3"]),
        ("--threads", "x", ["--threads", "'x' is not a whole number"]),
        ("--threads", "1.5", ["--threads", "'1.5' is not a whole number"]),
        ("--chunk-rows", "0", ["chunk-rows", "at least 1", "0"]),
        ("--chunk-rows", "many", ["--chunk-rows", "'many' is not a whole number"]),
        ("--ignore-index", "none", ["--ignore-index", "'none' is not a whole number"]),
        ("--nonfinite", "maybe", ["'maybe'", "nonfinite", "error or skip"]),
    ],
)
def test_a_value_that_an_option_does_not_take_is_refused(run: Run, option: str, value: str, words: list[str]) -> None:
    assert_refused(run("eval", LOGITS, LABELS, option, value), 2, *words)


def test_labels_may_not_be_left_out_of_an_npy_file(run: Run) -> None:
    assert_refused(run("eval", LOGITS), 2, "no labels were given", ".npz")


def test_a_device_that_is_not_there_is_refused(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("torch.cuda.device_count", lambda: 0)
    assert_refused(run("eval", LOGITS, LABELS, "--device", "cuda"), 2, "device cuda is not available", "CPU")


def test_a_device_beyond_the_last_is_refused_with_those_that_are_there(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("torch.cuda.device_count", lambda: 2)
    answer = run("eval", LOGITS, LABELS, "--device", "cuda:99")
    assert_refused(answer, 2, "device cuda:99 is not available", "cuda:0, cuda:1")


def test_a_kernel_that_does_not_run_on_the_device_is_refused(run: Run) -> None:
    answer = run("eval", LOGITS, LABELS, "--kernel", "numpy", "--device", "cuda")
    assert_refused(answer, 2, "the numpy kernel does not run on cuda", "--kernel")


def test_no_arguments_print_the_help_and_are_wrong_usage(run: Run) -> None:
    answer = run()
    text = answer.out + answer.err
    assert 2 == answer.code
    assert "Usage: lscli" in text
    assert "eval" in text
    assert "hint:" not in text


@pytest.mark.parametrize("name", ["nan\x1b[2J", "a\nb", "caf\udce9", "[/x]"])
def test_a_message_shows_what_was_typed_on_one_line_without_control_characters(run: Run, name: str) -> None:
    for option in ("--eps", "--metrics", "--format", "--device", "--nonfinite", "--threads"):
        answer = run("eval", LOGITS, LABELS, option, name)
        assert_refused(answer, 2)
        assert answer.err.replace("\n", "").isprintable()
    assert_refused(run("eval", name + ".npy", LABELS), 3, "not found")
    assert_refused(run("eval", LOGITS, LABELS, "--" + name), 2)
    assert_refused(run(name), 2)


def test_an_error_has_no_traceback_unless_it_is_asked_for(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "Traceback" not in run("eval", LOGITS, LABELS, "--eps", "2").err
    monkeypatch.setenv("LSCLI_DEBUG", "1")
    answer = run("eval", LOGITS, LABELS, "--eps", "2")
    assert (2, "") == (answer.code, answer.out)
    assert ["lscli: eps", "hint: for ", "Traceback "] == [line[:10] for line in answer.err.splitlines()[:3]]
    assert "check_eps" in answer.err


def test_a_traceback_has_no_control_characters(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LSCLI_DEBUG", "1")
    answer = run("eval", "\x1b[2J.npy", LABELS)
    assert "Traceback" in answer.err
    assert answer.err.replace("\n", "").isprintable()


def test_a_message_is_short_however_long_the_value_is(run: Run) -> None:
    for option in ("--eps", "--metrics", "--format", "--device", "--nonfinite", "--threads"):
        answer = run("eval", LOGITS, LABELS, option, "x" * 30_000)
        assert_refused(answer, 2)
        assert max(map(len, answer.err.splitlines())) < 2_000


@pytest.mark.parametrize("error", [RuntimeError("odd"), KeyError("odd"), SystemError("odd\nand long")])
def test_an_unexpected_exception_is_called_a_bug(run: Run, monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    _break_the_scan(monkeypatch, error)
    assert_refused(run("eval", LOGITS, LABELS), 70, "a bug in lscli", type(error).__name__, "odd", "LSCLI_DEBUG=1")


def test_a_bug_shows_its_traceback_when_it_is_asked_for(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    _break_the_scan(monkeypatch, RuntimeError("odd"))
    monkeypatch.setenv("LSCLI_DEBUG", "1")
    answer = run("eval", LOGITS, LABELS)
    assert 70 == answer.code
    assert "Traceback (most recent call last)" in answer.err


def test_memory_that_runs_out_is_no_bug(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    _break_the_scan(monkeypatch, MemoryError())
    assert_refused(run("eval", LOGITS, LABELS), 4, "memory ran out", "--chunk-rows")


def _break_the_scan(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    def broken(*arguments: object, **options: object) -> None:
        raise error

    monkeypatch.setattr("lscli.api.reading.scan", broken)


def test_an_option_that_a_question_removes_is_refused_with_the_reason(run: Run) -> None:
    """Its reason stands in the field of type None, which Python shows, too."""
    seen = set()
    for name, (function, *_) in COMMANDS.items():
        for each in (each for kind in getattr(function, "kinds", ()) for each in declared(kind)):
            if each.kind is type(None):
                what = f"--{each.flag} is not an option of lscli {name}"
                assert_refused(run(name, "x.npy", f"--{each.flag}", "y"), 2, what, f"hint: {each.option.hint}\n")
                seen.add((name, each.flag))
    assert {("threshold", "weights"), ("conformal", "device"), ("ood", "labels-key"), ("fit", "ci")} <= seen


def test_a_score_that_labels_choose_is_refused_with_the_reason(run: Run) -> None:
    answer = run("threshold", LOGITS, LABELS, "--max-error", "0.1", "--score", "max_logit_pnorm")
    assert_refused(answer, 2, "an exponent that labels choose", "use --score max_logit")
