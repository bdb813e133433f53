"""Bad inputs 1 to 43, and 62 to 72 as `.npy` files, by their numbers in the list of bad inputs."""

from __future__ import annotations

import os
import pickle
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from tests.bad_inputs.case import Case, array, as_labels, as_logits, data
from tests.io.make import archive, forged, saved, some_labels, some_logits, with_header


class Bad(NamedTuple):
    """One bad file.

    Attributes:
        name: its number and what it is.
        make: writes it to a path.
        says: words of the error.
        hint: words of the hint.
        limited: see `Case`.
    """

    name: str
    make: Callable[[Path], object]
    says: str
    hint: str = ""
    limited: bool = False


def _logits(row: int, *values: float) -> Callable[[Path], object]:
    logits = some_logits()
    logits[row] = values
    return array(logits)


def _labels(row: int, value: int, dtype: Any = np.int64) -> Callable[[Path], object]:
    labels = some_labels().astype(dtype)
    labels[row] = value
    return array(labels)


def _header(**fields: str) -> Callable[[Path], object]:
    return data(forged(**fields))  # type: ignore[arg-type]


def _loop(path: Path) -> None:
    other = path.with_name("other.npy")
    path.symlink_to(other)
    other.symlink_to(path)


_SOUND = saved(some_logits())
_SIZE = len(_SOUND)

# Wrong as a file, whatever it is for.
_FILES = [
    Bad("1 empty file", data(b""), "empty file"),
    Bad("2 magic only", data(b"\x93NUMPY"), "truncated header"),
    Bad("2 magic and half a version", data(b"\x93NUMPY\x01"), "truncated header"),
    Bad("2 no header length", data(b"\x93NUMPY\x01\x00\x76"), "truncated header"),
    Bad("3 wrong magic", data(b"\x93NUMPZ" + _SOUND[6:]), "not a .npy file"),
    Bad("4 text", data(b"0.1,0.2,0.7\n"), "not a .npy file"),
    *(
        Bad(f"5 pickle of protocol {protocol}", data(pickle.dumps([1.0], protocol)), "pickles are refused")
        for protocol in range(2, pickle.HIGHEST_PROTOCOL + 1)
    ),
    Bad("6 version 9.0", data(with_header("{}", version=(9, 0))), "unsupported .npy version 9.0"),
    Bad("7 header cut off", data(_SOUND[:40]), "truncated header"),
    Bad(
        "8 header of 4 GiB in 14 bytes",
        data(b"\x93NUMPY\x02\x00\xff\xff\xff\xff{}"),
        "length exceeds the file",
        limited=True,
    ),
    Bad("9 header of 20 kB", data(forged(extra=" " * 20_000)), "header too long"),
    Bad("10 nested parentheses", data(with_header("(" * 9000)), "malformed header", limited=True),
    Bad("10 nested minus signs", data(with_header("-" * 9000 + "1")), "malformed header"),
    Bad("11 header with a call", _header(shape="__import__('os').getcwd()"), "malformed header"),
    Bad("11 header with arithmetic", _header(shape="(6 * 1, 3)"), "malformed header"),
    Bad("11 header that is no dictionary", data(with_header("['descr', 'shape']")), "malformed header"),
    Bad("11 header with a NUL", data(with_header(b"{'descr': '\0'}")), "malformed header"),
    Bad("11 header that is not UTF-8", data(with_header(b"{'\xff': 1}")), "malformed header"),
    Bad("11 header with a wrong escape", _header(extra=r"'\d': 1"), "malformed header"),
    Bad("12 no fortran_order", data(with_header("{'descr': '<f4', 'shape': (6, 3)}")), "malformed header"),
    Bad("12 a key too many", _header(extra="'order': 'C'"), "malformed header"),
    Bad("12 fortran_order is 1", _header(fortran="1"), "malformed header"),
    Bad("13 descr twice", _header(extra="'descr': '<f8'"), "malformed header"),
    Bad("14 16 GiB without data", data(forged(shape="(65536, 65536)", data=b"")), "declares 16 GiB", limited=True),
    Bad("15 dimension 2^64", _header(shape=f"({2**64}, 2)"), "shape too large"),
    Bad("16 product beyond int64", _header(shape=f"({2**40}, {2**40})"), "shape too large"),
    Bad("16 product beyond int64 beside a 0", _header(shape=f"(0, {2**40}, {2**40})"), "shape too large"),
    Bad("17 negative dimension", _header(shape="(-1, 5)"), "negative dimension"),
    Bad("18 dimension True", _header(shape="(True, 5)"), "malformed shape"),
    Bad("19 dimension 8.0", _header(shape="(8.0, 5)"), "malformed shape"),
    Bad("19 shape is a list", _header(shape="[6, 3]"), "malformed shape"),
    Bad("20 descr is a tuple of one", _header(descr="('|u1',)"), "unsupported dtype"),
    Bad("20 descr is an empty tuple", _header(descr="()"), "unsupported dtype"),
    Bad("21 <q99", _header(descr="'<q99'"), "unsupported dtype"),
    Bad("21 several fields in a string", _header(descr="'f4,f4'"), "unsupported dtype"),
    Bad("21 a lone surrogate", _header(descr=r"'\ud800'"), "unsupported dtype"),
    Bad("21 a deprecated name", data(forged(descr="'|a5'", data=bytes(90))), "dtype"),
    Bad("22 data 10 bytes short", data(_SOUND[:-10]), f"truncated: expected {_SIZE} bytes, found {_SIZE - 10}"),
    Bad("23 bytes after the data", data(_SOUND + b"junk"), f"trailing bytes: expected {_SIZE}", "--allow-trailing"),
    Bad("24 objects", array([[None, 1.0]], object), "object arrays are refused"),
    Bad("24 objects, spelled out", data(forged("'object'", "(6,)", bytes(48))), "object"),
    Bad("25 structured", array(np.zeros(6, "f4,f4")), "structured arrays"),
    Bad("38 zip", partial(archive, logits=some_logits()), "a zip archive, not a .npy file", ".npz"),
    Bad("39 folder", lambda path: path.mkdir(), "is a directory"),
    Bad("40 nothing there", lambda path: None, "not found"),
    Bad("40 symlink to nothing", lambda path: path.symlink_to("nowhere.npy"), "not found"),
    Bad("40 symlinks in a loop", _loop, "symlink loop"),
    Bad("40 symlink to itself", lambda path: path.symlink_to(path), "symlink loop"),
    Bad("41 FIFO", lambda path: os.mkfifo(path), "not a regular file", limited=True),
    Bad("42 /dev/zero", lambda path: path.symlink_to("/dev/zero"), "not a regular file", limited=True),
    Bad("42 /proc/self/mem", lambda path: path.symlink_to("/proc/self/mem"), "empty file"),
]

_LOGITS = [
    Bad("24 objects in Fortran order", data(forged("'object'", data=bytes(144), fortran="True")), "object"),
    Bad("26 strings", array([["a", "b"]] * 6), "is not numeric logits"),
    Bad("26 bytes", array([[b"a", b"b"]] * 6), "is not numeric logits"),
    Bad("27 complex", array(some_logits(), np.complex64), "dtype complex64 is not numeric logits"),
    Bad("28 datetime", array(np.zeros((6, 3), "M8[s]")), "dtype datetime64[s] is not numeric logits"),
    Bad("29 bool", array(np.ones((6, 3)), bool), "dtype bool is not numeric logits"),
    Bad("30 int8", array(np.ones((6, 3)), np.int8), "int8 values are refused"),
    Bad("30 uint64", array(np.ones((6, 3)), np.uint64), "uint64 values are refused"),
    Bad("31 float128", data(forged("'<f16'", data=bytes(288))), "dtype"),
    Bad("32 bfloat16 by ml_dtypes", data(forged("'<V2'", data=bytes(36))), "2-byte values without a type", "float32"),
    Bad("35 0-D", array(np.float32(1)), "need logits of shape (N, K), got ()"),
    Bad("35 1-D", array(np.ones(6, np.float32)), "need logits of shape (N, K), got (6,)"),
    Bad("35 3-D", array(np.ones((6, 3, 1), np.float32)), "need logits of shape (N, K), got (6, 3, 1)"),
    Bad("36 no rows", array(np.ones((0, 3), np.float32)), "no rows"),
    Bad("36 no rows in Fortran order", data(forged(shape="(0, 3)", data=b"", fortran="True")), "no rows"),
    Bad("37 no columns", array(np.ones((6, 0), np.float32)), "at least 2 classes"),
    Bad("37 one column", array(np.ones((6, 1), np.float32)), "at least 2 classes"),
    Bad("62 rows differ", array(some_logits(5)), "rows differ"),
    Bad("70 nan", _logits(4, 0.0, np.nan, 1.0), "row 4 has nan", "--nonfinite skip"),
    Bad("70 nan beside +inf", _logits(0, np.inf, np.nan, 1.0), "row 0 has nan", "--nonfinite skip"),
    Bad("71 +inf", _logits(5, 0.0, np.inf, 1.0), "row 5 has +inf", "--nonfinite skip"),
    Bad("72 nothing but -inf", _logits(2, -np.inf, -np.inf, -np.inf), "row 2 has nothing but -inf", "--nonfinite skip"),
]

_LABELS = [
    Bad("26 strings", array(["a"] * 6), "not integer labels"),
    Bad("28 datetime", array(np.zeros(6, "M8[s]")), "not integer labels"),
    Bad("35 0-D", array(np.int64(1)), "need labels of shape (N,), got ()"),
    Bad("36 no rows", array(np.ones(0, np.int64)), "no rows"),
    Bad("62 rows differ", array(some_labels(7)), "rows differ"),
    Bad("63 label K", _labels(3, 3), "label out of range at row 3 (value 3"),
    Bad("63 label K in uint8", _labels(3, 3, np.uint8), "label out of range at row 3 (value 3"),
    Bad("64 label -1", _labels(5, -1), "label out of range at row 5 (value -1"),
    Bad("65 nothing but -100", array([-100] * 6), "all 6 samples are ignored", "--ignore-index"),
    Bad("66 float labels", array([1.5] * 6), "not integer labels (float64)"),
    Bad("66 whole float labels", array([1.0] * 6), "not integer labels (float64)"),
    Bad("67 uint64 beyond 2^63", _labels(1, 2**63 + 1, np.uint64), f"at row 1 (value {2**63 + 1}"),
    Bad("68 one-hot", array(np.eye(3)[some_labels()]), "need labels of shape (N,), got (6, 3)", "argmax"),
    Bad("68 integer one-hot", array(np.eye(3, dtype=int)[some_labels()]), "got (6, 3)", "argmax"),
    Bad("68 one column", array(some_labels().reshape(6, 1)), "need labels of shape (N,), got (6, 1)", "ravel"),
    Bad("69 bool", array([True] * 6), "not integer labels (bool)"),
]


def _case(bad: Bad, role: str) -> Case:
    make = (as_logits if role == "logits" else as_labels)("bad.npy", bad.make)
    # Of two files with different numbers of rows, the labels are named.
    named = "labels.npy" if bad.says == "rows differ" and role == "logits" else "bad.npy"
    return Case(f"{bad.name}, {role}", make, bad.says, bad.hint, named=named, limited=bad.limited)


def _fortran_of_two_gigabytes(path: Path) -> None:
    """Write a sparse file."""
    header = forged(shape="(524288, 1024)", fortran="True", data=b"")
    with path.open("wb") as file:
        file.write(header)
        file.truncate(len(header) + (2 << 30))


def _locked(path: Path) -> None:
    path.write_bytes(_SOUND)
    path.chmod(0)


_BIG_ENDIAN, _FORTRAN = some_logits().astype(">f4"), np.asfortranarray(some_logits())
_SAME = (some_logits(), some_labels())

CASES = [
    *(_case(bad, "logits") for bad in _FILES + _LOGITS),
    *(_case(bad, "labels") for bad in [bad._replace(limited=False) for bad in _FILES] + _LABELS),
    Case("33 big-endian", as_logits("x.npy", data(saved(_BIG_ENDIAN))), code=0, same=_SAME),
    Case("34 Fortran order", as_logits("x.npy", data(saved(_FORTRAN))), code=0, same=_SAME),
    Case(
        "34 Fortran order of more than 1 GiB",
        as_logits("x.npy", _fortran_of_two_gigabytes),
        "Fortran order, and larger",
        "np.ascontiguousarray",
        named="x.npy",
        limited=True,
    ),
    Case("43 permission denied", as_logits("x.npy", _locked), "permission denied", code=4, named="x.npy", limited=True),
]
