"""Every bad input is one line that names it and a hint, an exit code, and nothing else anywhere."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest

import lscli
from lscli.cli.main import main
from tests.io.make import archive, figures, forged, saved, some_labels, some_logits


class Outcome(NamedTuple):
    """What a run came to."""

    code: int
    out: str
    err: str


class Place:
    """Sound files to go with a bad one, and a folder for the output."""

    def __init__(self, folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
        self._capfd = capfd
        self.folder = folder
        self.logits, self.labels = folder / "logits.npy", folder / "labels.npy"
        np.save(self.logits, some_logits())
        np.save(self.labels, some_labels())
        self._output = folder / "output"
        self._output.mkdir()

    def arguments(self, logits: object, labels: object) -> list[str]:
        return ["eval", str(logits), str(labels), "-o", str(self._output / "answer.csv")]

    def eval(self, logits: object, labels: object) -> Outcome:
        code = main(self.arguments(logits, labels))
        return Outcome(code, *self._capfd.readouterr())

    def assert_refused(self, result: Outcome, path: object, says: str, hint: str = "", code: int = 3) -> None:
        lines = result.err.splitlines()
        assert code == result.code, result.err
        assert lines[0].startswith(f"lscli: {path}: "), lines
        assert says in lines[0].removeprefix(f"lscli: {path}: ")
        assert 2 == len(lines), lines
        assert lines[1].startswith("hint: "), lines
        assert len(lines[1]) > len("hint: ")
        assert hint in lines[1]
        assert "Traceback" not in result.err
        assert "" == result.out
        assert [] == os.listdir(self._output)


@pytest.fixture
def place(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> Place:
    return Place(tmp_path, capfd)


def test_two_files_in_the_wrong_order_are_called_swapped(place: Place) -> None:
    result = place.eval(place.labels, place.logits)
    place.assert_refused(result, place.labels, "swapped", "the logits come first")


@pytest.mark.parametrize("role", ["logits", "labels"])
def test_a_nul_in_a_path_is_wrong_usage(place: Place, role: str) -> None:
    bad = "a\0b.npy"
    result = place.eval(*((bad, place.labels) if role == "logits" else (place.logits, bad)))
    place.assert_refused(result, r"a\x00b.npy", "NUL", code=2)


@pytest.mark.parametrize("role", ["logits", "labels"])
def test_an_empty_path_is_said_to_be_one(place: Place, role: str) -> None:
    result = place.eval(*(("", place.labels) if role == "logits" else (place.logits, "")))
    assert result.code in (2, 3)
    assert "path" in result.err.splitlines()[0]


def test_dev_zero_by_its_own_name_is_refused(place: Place) -> None:
    place.assert_refused(place.eval("/dev/zero", place.labels), "/dev/zero", "not a regular file")


def test_a_path_through_a_file_is_not_found(place: Place) -> None:
    path = place.logits / "x.npy"
    place.assert_refused(place.eval(path, place.labels), path, "not found")


def test_a_name_that_is_too_long_is_said_to_be(place: Place) -> None:
    path = place.folder / ("x" * 300 + ".npy")
    place.assert_refused(place.eval(path, place.labels), path, "the path is too long")


@pytest.mark.parametrize(("name", "hint"), [("x.npyy", "'.npy'"), ("x", ".npy, .npz"), ("x.xyz", ".npy, .npz")])
def test_an_unknown_suffix_names_those_that_are_known(place: Place, name: str, hint: str) -> None:
    path = place.folder / name
    path.write_bytes(b"\0\1\2")
    place.assert_refused(place.eval(path, place.labels), path, "format", hint)
    path.write_bytes(saved(some_logits()))
    place.assert_refused(place.eval(path, place.labels), path, "format", "the suffix .npy or say --input-format npy")


def test_a_name_is_printed_without_obeying_it(place: Place) -> None:
    path = place.folder / "\x1b[2J[red]\n.npy"
    path.touch()
    shown = str(place.folder / r"\x1b[2J[red]\n.npy")
    place.assert_refused(place.eval(path, place.labels), shown, "empty file")


@pytest.mark.parametrize("role", ["logits", "labels"])
@pytest.mark.parametrize("number", [errno.EACCES, errno.EPERM])
def test_permission_denied_is_exit_code_4(
    place: Place, monkeypatch: pytest.MonkeyPatch, role: str, number: int
) -> None:
    denied = str(getattr(place, role))
    real = os.open

    def refuse(path: Any, *arguments: Any, **options: Any) -> int:
        if path == denied:
            raise OSError(number, os.strerror(number), path)
        return real(path, *arguments, **options)

    monkeypatch.setattr(os, "open", refuse)
    place.assert_refused(place.eval(place.logits, place.labels), denied, "permission denied", code=4)


def test_a_header_is_not_executed(place: Place) -> None:
    trace = place.folder / "trace"
    place.logits.write_bytes(forged(shape=f"__import__('os').mkdir({str(trace)!r})"))
    place.assert_refused(place.eval(place.logits, place.labels), place.logits, "malformed header")
    assert not trace.exists()


@pytest.mark.parametrize("header", [{"shape": "(" + "1, " * 3000 + ")"}, {"descr": "'<q" + "9" * 9000 + "'"}])
def test_a_long_header_makes_no_long_line(place: Place, header: dict[str, Any]) -> None:
    place.logits.write_bytes(forged(**header, data=bytes(4)))
    result = place.eval(place.logits, place.labels)
    assert 3 == result.code
    assert len(result.err) < 1000


def test_the_first_bad_row_is_named_whatever_the_chunks(place: Place) -> None:
    logits = some_logits(50)
    logits[[17, 33], 1] = np.nan
    np.save(place.logits, logits)
    np.save(place.labels, some_labels(50))
    for rows in (1, 7, 100):
        with pytest.raises(lscli.InputError, match="row 17 has nan"):
            lscli.evaluate(place.logits, place.labels, chunk_rows=rows)


def test_rows_that_are_not_finite_are_left_out_when_asked(place: Place) -> None:
    logits = np.vstack([some_logits(), [[np.nan, 0, 0], [np.inf, 0, 0], [-np.inf] * 3]]).astype(np.float32)
    np.save(place.logits, logits)
    labels = np.append(some_labels(), [0, 1, 2])
    with pytest.warns(lscli.LscliWarning, match="3 of 9 rows are not finite and are left out"):
        report = lscli.evaluate(place.logits, labels, nonfinite="skip")
    assert figures(lscli.evaluate(some_logits(), some_labels())) == figures(report)
    assert 3 == report.samples["skipped"]


def test_a_class_that_is_masked_is_legal_and_counted(place: Place) -> None:
    logits = some_logits()
    logits[0, 1] = -np.inf
    np.save(place.logits, logits)
    with pytest.warns(lscli.LscliWarning, match=r"1 of 6 samples has a masked class \(-inf\)"):
        report = lscli.evaluate(place.logits, some_labels())
    assert np.isposinf(report["loss_uniform"])
    assert np.isfinite(report["loss_hard"])
    assert 1 == report.samples["masked"]


def test_bytes_after_the_data_are_passed_over_when_asked(place: Place) -> None:
    place.logits.write_bytes(saved(some_logits()) + b"junk")
    assert 0 == main(["eval", str(place.logits), str(place.labels), "--allow-trailing"])


def test_a_bad_row_of_an_ignored_sample_is_no_matter(place: Place) -> None:
    logits, labels = some_logits(), some_labels()
    logits[2], labels[2] = np.nan, -100
    keep = labels != -100
    assert figures(lscli.evaluate(logits[keep], labels[keep])) == figures(lscli.evaluate(logits, labels))


def test_an_archive_is_named_with_its_member(place: Place) -> None:
    path = archive(place.folder / "x.npz", logits=b"hello")
    place.assert_refused(place.eval(path, place.labels), f"{path}[logits]", "not a .npy file")
