"""A setting comes from its flag, else from LSCLI_*, else from [tool.lscli], else it is built in."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.inprocess import Answer, Run, assert_refused, save_pair
from tests.command import LABELS, LOGITS

JSON = ["eval", LOGITS, LABELS, "-f", "json"]


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder, which is the working directory."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write(folder: Path, table: str) -> None:
    (folder / "pyproject.toml").write_text(f'[project]\nname = "other"\n\n[tool.lscli]\n{table}\n')


def smoothed(answer: Answer) -> list[str]:
    """The params of the rows of loss_smoothed."""
    assert (0, "") == (answer.code, answer.err)
    return [line.split(",")[-1] for line in answer.out.splitlines() if "loss_smoothed" in line]


def test_without_settings_the_built_in_defaults_are_used(run: Run, project: Path) -> None:
    settings = run(*JSON).settings
    assert {"default"} == {origin for _, origin in settings.values()}
    assert ([0.1], "default") == settings["eps"]
    assert ("default", -100, "error", None) == tuple(
        settings[name][0] for name in ("metrics", "ignore_index", "nonfinite", "threads")
    )


def test_a_flag_overrides_the_environment_which_overrides_the_project(
    run: Run, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert ([0.1], "default") == run(*JSON).settings["eps"]
    write(project, "eps = 0.2")
    assert ([0.2], "pyproject") == run(*JSON).settings["eps"]
    monkeypatch.setenv("LSCLI_EPS", "0.3")
    assert ([0.3], "environment") == run(*JSON).settings["eps"]
    assert ([0.4], "flag") == run(*JSON, "--eps", "0.4").settings["eps"]


def test_a_flag_with_the_default_value_is_recorded_as_a_flag(run: Run, project: Path) -> None:
    write(project, "eps = 0.2")
    assert ([0.1], "flag") == run(*JSON, "--eps", "0.1").settings["eps"]


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("threads", "1", 1),
        ("chunk_rows", "7", 7),
        ("ignore_index", "-1", -1),
        ("nonfinite", "skip", "skip"),
        ("metrics", "ece,loss_hard", "ece,loss_hard"),
        ("device", "cpu", "cpu"),
        ("kernel", "numpy", "numpy"),
        ("allow_trailing", "true", True),
    ],
)
def test_every_kind_of_setting_can_be_a_flag_a_variable_or_a_key(
    run: Run, project: Path, monkeypatch: pytest.MonkeyPatch, name: str, text: str, value: object
) -> None:
    quoted = text if isinstance(value, int) else f'"{text}"'
    flag = [f"--{name.replace('_', '-')}", *([] if value is True else [text])]
    assert (value, "flag") == run(*JSON, *flag).settings[name]
    write(project, f"{name} = {quoted}")
    assert (value, "pyproject") == run(*JSON).settings[name]
    write(project, "")
    monkeypatch.setenv(f"LSCLI_{name.upper()}", text)
    assert (value, "environment") == run(*JSON).settings[name]


def test_output_and_format_have_defaults_too(run: Run, project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(project, 'format = "json"')
    assert "{" == run("eval", LOGITS, LABELS).out[:1]
    monkeypatch.setenv("LSCLI_FORMAT", "csv")
    monkeypatch.setenv("LSCLI_OUTPUT", "out.txt")
    assert (0, "", "") == run("eval", LOGITS, LABELS)
    assert "source,group" == (project / "out.txt").read_text()[:12]


def test_the_nearest_project_file_above_is_used_alone(run: Run, project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    inner = project / "src" / "deep"
    inner.mkdir(parents=True)
    monkeypatch.chdir(inner)
    write(project, "eps = 0.2\nthreads = 1")
    assert ([0.2], "pyproject") == run(*JSON).settings["eps"]
    write(project / "src", "eps = 0.3")
    settings = run(*JSON).settings
    assert (([0.3], "pyproject"), (None, "default")) == (settings["eps"], settings["threads"])


@pytest.mark.parametrize(
    ("value", "expected"),
    [("0.2", [0.2]), ("[0.1, 0.2]", [0.1, 0.2]), ('"0.1,0.2"', [0.1, 0.2]), ("0", [0.0]), ("1", [1.0])],
)
def test_eps_in_a_project_is_a_number_or_a_list(run: Run, project: Path, value: str, expected: list[float]) -> None:
    write(project, f"eps = {value}")
    assert (expected, "pyproject") == run(*JSON).settings["eps"]


@pytest.mark.parametrize("key", ["chunk-rows", "chunk_rows"])
def test_a_key_has_dashes_or_underscores(run: Run, project: Path, key: str) -> None:
    write(project, f"{key} = 7")
    assert (7, "pyproject") == run(*JSON).settings["chunk_rows"]


def test_several_eps_come_by_comma_by_repetition_and_from_the_environment(
    run: Run, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    base = ["eval", LOGITS, LABELS]
    expected = ["eps=0.1", "eps=0.2", "eps=0.0"]
    assert expected == smoothed(run(*base, "--eps", "0.1,0.2,0"))
    assert expected == smoothed(run(*base, "--eps", "0.1", "--eps", "0.2", "--eps", "0"))
    assert expected == smoothed(run(*base, "--eps", "0.1,0.2", "--eps", "0"))
    for text in ("0.1,0.2,0", "0.1 0.2 0"):
        monkeypatch.setenv("LSCLI_EPS", text)
        assert expected == smoothed(run(*base))


def test_a_repeated_eps_counts_once(run: Run, project: Path) -> None:
    assert ["eps=0.1", "eps=0.2"] == smoothed(run("eval", LOGITS, LABELS, "--eps", "0.1,0.2,0.10"))


@pytest.mark.parametrize(
    ("key", "hint"), [("esp", "'eps'"), ("thread", "'threads'"), ("zzzzz", "lscli eval --help-all")]
)
def test_an_unknown_key_is_refused_with_the_nearest(run: Run, project: Path, key: str, hint: str) -> None:
    write(project, f"{key} = 1")
    for command in (JSON, ["metrics"]):
        assert_refused(run(*command), 2, str(project / "pyproject.toml"), repr(key), hint)


def test_a_key_of_one_command_is_ignored_by_another(run: Run, project: Path) -> None:
    write(project, 'eps = 0.2\nformat = "csv"')
    assert "id,family" == run("metrics").out[:9]


@pytest.mark.parametrize("text", ["[tool.lscli\n", "[tool.lscli]\neps = \n", "[tool.lscli]\neps = 1\neps = 2\n"])
def test_a_file_that_is_not_toml_is_refused(run: Run, project: Path, text: str) -> None:
    (project / "pyproject.toml").write_text(text)
    assert_refused(run(*JSON), 2, str(project / "pyproject.toml"), "not valid TOML")


def test_a_file_that_is_not_utf8_is_refused(run: Run, project: Path) -> None:
    (project / "pyproject.toml").write_bytes(b'[tool.lscli]\nmetrics = "\xff"\n')
    assert_refused(run(*JSON), 2, "not valid TOML")


@pytest.mark.parametrize("text", ["[tool]\nlscli = 3\n", "[[tool.lscli]]\neps = 0.1\n"])
def test_tool_lscli_must_be_a_table(run: Run, project: Path, text: str) -> None:
    (project / "pyproject.toml").write_text(text)
    assert_refused(run(*JSON), 2, "[tool.lscli] is not a table")


@pytest.mark.parametrize("text", ["", "[project]\nname = 'x'\n", "[tool.lscli]\n", "no toml, and no concern of ours"])
def test_a_project_without_settings_changes_nothing(run: Run, project: Path, text: str) -> None:
    (project / "pyproject.toml").write_text(text)
    assert {"default"} == {origin for _, origin in run(*JSON).settings.values()}


@pytest.mark.parametrize(
    ("table", "words"),
    [
        ("eps = 2", ["eps", "in [0, 1]"]),
        ("eps = nan", ["eps", "in [0, 1]"]),
        ('threads = "x"', ["threads", "'x'", "whole number"]),
        ("threads = 1.5", ["threads", "1.5", "whole number"]),
        ("threads = true", ["threads", "whole number"]),
        ('quiet = "maybe"', ["quiet", "'maybe'", "true or false"]),
        ('format = "jsno"', ["'jsno'", "'json'"]),
        ("nonfinite = 3", ["nonfinite", "error or skip"]),
        ("eps = {a = 0.1}", ["pyproject.toml: [tool.lscli] eps is a table", "or a list of these"]),
        ("eps = [[0.1]]", ["eps is a list"]),
        ("bins = [15]", ["bins is a list", "write a text, a number, true or false"]),
        ("bins = 1979-05-27", ["bins is a date"]),
        ("level = true", ["--level", "True is not a number"]),
        ("bins = " + "9" * 5000, ["not valid TOML"]),
        ("bins = " + "[" * 5000, ["not valid TOML"]),
        ("bins = 0x" + "f" * 5000, ["bins", "must be from"]),
        ("level = 0x" + "f" * 5000, ["--level", "is not a number"]),
        ("eps = 0x" + "f" * 5000, ["[tool.lscli] eps", "write a smaller number"]),
        ("metrics = ['ece', 0x" + "f" * 5000 + "]", ["[tool.lscli] metrics", "write a smaller number"]),
        ("weights = ['a']", ["weights is a list"]),
    ],
)
def test_a_wrong_value_in_a_project_is_refused(run: Run, project: Path, table: str, words: list[str]) -> None:
    write(project, table)
    assert_refused(run("eval", LOGITS, LABELS), 2, *words)


@pytest.mark.parametrize("arguments", [["--help"], ["--version"], ["eval", "--help"], ["eval", "--help-all"]])
def test_help_and_version_need_no_valid_project(run: Run, project: Path, arguments: list[str]) -> None:
    write(project, "esp = 1")
    assert 0 == run(*arguments).code


@pytest.mark.parametrize(
    ("text", "quiet"), [("1", True), ("true", True), ("on", True), ("YES", True), ("0", False), ("no", False)]
)
def test_a_flag_is_set_in_the_environment(
    run: Run, project: Path, monkeypatch: pytest.MonkeyPatch, text: str, quiet: bool
) -> None:
    pair = save_pair(project, probabilities=True)
    monkeypatch.setenv("LSCLI_QUIET", text)
    answer = run("eval", *pair)
    assert (0, quiet) == (answer.code, answer.err == "")


@pytest.mark.parametrize("value", ["true", '"yes"', "1"])
def test_a_flag_is_set_in_a_project(run: Run, project: Path, value: str) -> None:
    pair = save_pair(project, probabilities=True)
    write(project, f"quiet = {value}")
    assert (0, "") == (run("eval", *pair).code, run("eval", *pair).err)


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("LSCLI_QUIET", "maybe", ["--quiet", "'maybe' is not true or false"]),
        ("LSCLI_THREADS", "x", ["--threads", "'x' is not a whole number"]),
        ("LSCLI_EPS", "2", ["eps", "in [0, 1]"]),
        ("LSCLI_METRICS", "eec", ["'eec'", "'ece'"]),
    ],
)
def test_a_wrong_value_in_the_environment_is_refused(
    run: Run, project: Path, monkeypatch: pytest.MonkeyPatch, name: str, text: str, words: list[str]
) -> None:
    monkeypatch.setenv(name, text)
    assert_refused(run("eval", LOGITS, LABELS), 2, *words)


def test_an_empty_variable_is_ignored(run: Run, project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("EPS", "THREADS", "METRICS", "QUIET", "NONFINITE", "OUTPUT"):
        monkeypatch.setenv(f"LSCLI_{name}", "")
    answer = run(*JSON)
    assert (0, "") == (answer.code, answer.err)
    assert ([0.1], None) == (answer.settings["eps"][0], answer.settings["threads"][0])


def test_an_option_with_another_default_in_a_command_has_a_name_of_its_own(
    run: Run, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sweep = ("sweep", LOGITS, LABELS)
    write(project, 'eps = [0.2, 0.3]\nmetrics = "gamma"')
    assert 11 == len(smoothed(run(*sweep)))
    assert "q0,q1,q2" == run("smooth", LABELS, "--classes", 10).out[:8]
    assert "gamma" not in run("classes", LOGITS, LABELS).out.partition("\n")[0]
    write(project, 'sweep-eps = "0:0.1:0.05"\nclasses-metrics = "gamma"')
    assert ["eps=0.0", "eps=0.05", "eps=0.1"] == smoothed(run(*sweep))
    assert run("classes", LOGITS, LABELS).out.partition("\n")[0].endswith(",logit_gap,gamma")
    monkeypatch.setenv("LSCLI_SWEEP_EPS", "0.3")
    monkeypatch.setenv("LSCLI_EPS", "0.4")
    assert ["eps=0.3"] == smoothed(run(*sweep))
    assert ["eps=0.4"] == smoothed(run("eval", LOGITS, LABELS))
