"""The table of formats: every format is named where users look, and a file is what it is called."""

from __future__ import annotations

import pickle
import sys
import zlib
from fractions import Fraction
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pytest

import lscli
from lscli.errors import InputError, UsageError
from lscli.io.files import RegularFile
from lscli.io.format_table import BY_SUFFIX, FORMATS, format_by_content, format_of_text
from lscli.options import InputFormat
from tests.command import lscli as run
from tests.io.make import archive, figures, saved, some_labels, some_logits

X, Y = some_logits(), some_labels()


def written(folder: Path) -> dict[str, Path]:
    """A file of each format that is known by its first bytes."""
    import pyarrow as pa
    import torch
    from pyarrow import feather, parquet
    from safetensors.numpy import save_file

    table = pa.table({"a": X[:, 0], "b": X[:, 1], "label": Y})
    np.save(folder / "npy", X)
    (folder / "npy.npy").rename(folder / "npy")
    archive(folder / "npz", logits=X, labels=Y)
    save_file({"logits": X, "labels": Y}, folder / "safetensors")
    torch.save({"logits": torch.tensor(X), "labels": torch.tensor(Y)}, folder / "pt")
    parquet.write_table(table, folder / "parquet")
    feather.write_feather(table, folder / "arrow")
    return {name: folder / name for name in ("npy", "npz", "safetensors", "pt", "parquet", "arrow")}


def test_the_options_name_every_format() -> None:
    assert get_args(InputFormat) == tuple(FORMATS)
    text = " ".join(run("eval", "--help-all", env={"COLUMNS": "200"}).stdout.split())
    others = (".pth", ".feather", ".ndjson")  # of the same, and left out there
    assert [] == [suffix for suffix in BY_SUFFIX if suffix not in text and suffix not in others]


def test_a_format_is_known_by_its_first_bytes(tmp_path: Path) -> None:
    for name, path in written(tmp_path).items():
        file = RegularFile(str(path))
        assert name == format_by_content(file)
        file.close()


def test_a_file_under_another_suffix_is_told_its_own(tmp_path: Path) -> None:
    for name, path in written(tmp_path).items():
        for other in FORMATS:
            suffix = FORMATS[other].suffixes[0]
            wrong = path.with_name(f"x{suffix}")
            if name == other or {name, other} == {"npz", "pt"}:
                continue
            path.rename(wrong)
            with pytest.raises(InputError) as caught:
                lscli.evaluate(wrong, Y)
            assert f"input_format={name!r}" in caught.value.hint, (name, other)
            wrong.rename(path)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("0\n1\n", "csv"),
        ("label\n", "csv"),
        ("1.5,2\n", "csv"),
        ("1\t2\n", "tsv"),
        ('{"a": 1}\n', "jsonl"),
        ('{"a": 1, "resps": []}\n', "lm-eval"),
        ('[\n {"filtered_resps": []}]', "lm-eval"),
        ('{"a": ', "jsonl"),
        ("\x01\n", None),
        ("", None),
    ],
)
def test_text_is_known_by_its_first_line(tmp_path: Path, text: str, name: str | None) -> None:
    (tmp_path / "x").write_text(text)
    file = RegularFile(str(tmp_path / "x"))
    assert name == format_of_text(file)
    file.close()


def test_any_suffix_is_read_when_its_format_is_said(tmp_path: Path) -> None:
    (tmp_path / "x.dat").write_bytes(saved(X))
    assert figures(lscli.evaluate(X, Y)) == figures(lscli.evaluate(tmp_path / "x.dat", Y, input_format="npy"))
    with pytest.raises(InputError, match=r"unknown format '\.dat'"):
        lscli.evaluate(tmp_path / "x.dat", Y)


@pytest.mark.parametrize("suffix", [".pkl", ".pickle", ".joblib", ".PKL"])
def test_pickles_are_refused_by_name(tmp_path: Path, suffix: str) -> None:
    (tmp_path / f"x{suffix}").write_bytes(zlib.compress(pickle.dumps(X)))
    with pytest.raises(InputError, match="pickles are refused") as caught:
        lscli.evaluate(tmp_path / f"x{suffix}", Y)
    assert "np.savez" in caught.value.hint
    (tmp_path / f"x{suffix}").write_bytes(saved(X))
    with pytest.raises(InputError, match=r"a \.npy file, not a pickle") as caught:
        lscli.evaluate(tmp_path / f"x{suffix}", Y)
    assert "give it the suffix .npy" == caught.value.hint


@pytest.mark.parametrize("suffix", [".npy", ".npz", ".csv", ".tsv", ".jsonl", ".safetensors", ".bin", ""])
@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
@pytest.mark.parametrize(
    "value", [[1.0], {"logits": [[0.5] * 3] * 2000}, X, Fraction(1, 2)], ids=lambda value: type(value).__name__
)
def test_pickles_are_refused_by_content(tmp_path: Path, suffix: str, protocol: int, value: Any) -> None:
    (tmp_path / f"x{suffix}").write_bytes(pickle.dumps(value, protocol))
    for logits, labels in ((f"x{suffix}", Y), (X, f"x{suffix}")):
        paths = [tmp_path / each if isinstance(each, str) else each for each in (logits, labels)]
        with pytest.raises(InputError, match="pickle") as caught:
            lscli.evaluate(*paths)
        assert "refused" in str(caught.value)


@pytest.mark.parametrize(
    "data",
    [
        b"cat,dog\n0,1\n1,2.",
        b"(a),b\n1.5,2.\n2.5,2.",
        b"]\n1.",
        b"c\n0\n1.",
        b"(0.\n1.",
        b"\x80\x02\0\0\0\0\0\0{}",
        b"\x80",
        b"(",
    ],
)
def test_what_only_begins_like_a_pickle_is_none(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "x.csv").write_bytes(data)
    with pytest.raises(InputError) as caught:
        lscli.evaluate(X, tmp_path / "x.csv")
    assert "pickle" not in str(caught.value)


@pytest.mark.parametrize("suffix", [".parquet", ".arrow"])
def test_a_missing_package_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, suffix: str) -> None:
    path = tmp_path / f"x{suffix}"
    path.write_bytes(b"PAR1" if suffix == ".parquet" else b"ARROW1")
    for name in [name for name in sys.modules if name.split(".")[0] == "pyarrow"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setattr(sys, "meta_path", [_Without("pyarrow"), *sys.meta_path])
    with pytest.raises(UsageError, match="needs pyarrow, which is not installed") as caught:
        lscli.evaluate(path, Y)
    assert 'pip install "lscli-calibration[parquet]"' == caught.value.hint


class _Without:
    """Finds no package of this name."""

    def __init__(self, package: str) -> None:
        self._package = package

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> None:
        if name.split(".")[0] == self._package:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
