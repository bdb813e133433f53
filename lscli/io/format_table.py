"""The table of formats: of each its name, its suffixes, and the module that reads it.

A module has `open_array(file, request)`, the array that is asked for, and `contents(file)`, all arrays that there are.
It is imported, with what it needs, when a file of its format is opened.
"""

from __future__ import annotations

import os
from importlib import import_module
from typing import TYPE_CHECKING, Any, NamedTuple

from lscli.errors import InputError, UsageError
from lscli.text import nearest

if TYPE_CHECKING:
    from lscli.io.files import RegularFile


class Format(NamedTuple):
    """One way to write arrays down.

    Attributes:
        suffixes: of files in it, the usual one first.
        module: in `lscli.io`.
        called: what an error calls such a file.
        keyed: whether a file may hold several arrays by name, logits and labels among them.
        magic: what its files begin with, where that tells.
        needs: the package, and the extra of lscli that brings it, where it is no dependency.
    """

    suffixes: tuple[str, ...]
    module: str
    called: str
    keyed: bool = True
    magic: tuple[bytes, ...] = ()
    needs: tuple[str, str] | None = None

    def reader(self, where: str) -> Any:
        """The module.

        Raises:
            UsageError: a package that it needs is not installed.
        """
        if self.needs is not None:
            package, extra = self.needs
            try:
                import_module(package)
            except ModuleNotFoundError as error:
                what = f"{self.called} needs {package}, which is not installed"
                raise UsageError(what, f"pip install 'lscli-calibration[{extra}]'", where=where) from error
        return import_module(f"lscli.io.formats.{self.module}")


_PARQUET = ("pyarrow", "parquet")

FORMATS = {
    "npy": Format((".npy",), "npy", "a .npy file", False, (b"\x93NUMPY",)),
    "npz": Format((".npz",), "npz", "an .npz archive", True, (b"PK\x03\x04", b"PK\x05\x06")),
    "safetensors": Format((".safetensors",), "safetensors", "a .safetensors file"),
    "pt": Format((".pt", ".pth"), "pt", "a .pt file of torch", True, (b"PK\x03\x04", b"PK\x05\x06")),
    "parquet": Format((".parquet",), "parquet", "a Parquet file", True, (b"PAR1",), _PARQUET),
    "arrow": Format((".arrow", ".feather"), "arrow", "an Arrow file", True, (b"ARROW1",), _PARQUET),
    "csv": Format((".csv",), "csv", "a CSV file"),
    "tsv": Format((".tsv",), "tsv", "a TSV file"),
    "lm-eval": Format((".jsonl",), "lm_eval", "a samples file of lm-evaluation-harness"),
}
BY_SUFFIX = {suffix: name for name, own in FORMATS.items() for suffix in own.suffixes}
_PICKLES = (".pkl", ".pickle", ".p", ".joblib", ".dill")
_START, _LINE = 16, 4096


def format_of(path: str, role: str, named: str | None = None) -> str:
    """The name of a path's format: as it was named, or by its suffix.

    Raises:
        InputError: the suffix names none, or a pickle.
        UsageError: no format has that name.
    """
    if named is not None:
        return check_name(named)
    suffix = os.path.splitext(path)[1].lower()
    if suffix in _PICKLES:
        raise InputError(
            "pickles are refused: loading one runs whatever it says",
            "where you trust its writer, save the arrays: np.savez('x.npz', logits=logits, labels=labels)",
            where=path,
        )
    if suffix not in BY_SUFFIX:
        raise InputError(
            f"unknown format {suffix!r} for {role}"
            if suffix
            else f"a path without a suffix names no format for {role}",
            nearest(suffix, BY_SUFFIX) or f"save them as one of {', '.join(BY_SUFFIX)}, or say --input-format",
            where=path,
        )
    return BY_SUFFIX[suffix]


def check_name(name: str) -> str:
    """The name of a format.

    Raises:
        UsageError: there is none of that name.
    """
    if name not in FORMATS:
        hint = nearest(name, FORMATS) or f"one of {', '.join(FORMATS)}"
        raise UsageError(f"unknown format {name!r}", hint, where="input-format")
    return name


def format_by_content(file: RegularFile) -> str | None:
    """The name of the format that the first bytes tell; None where they do not."""
    start = file.read(_START, 0)
    if start.startswith(FORMATS["npz"].magic):
        return _archive_of(file)
    for name, own in FORMATS.items():
        if start.startswith(own.magic):
            return name
    if start[8:10] in (b'{"', b"{ ", b"{}") and int.from_bytes(start[:8], "little") < file.size:
        return "safetensors"
    return None


def format_of_text(file: RegularFile) -> str | None:
    """The name of the format that a file of text most likely has: of a column of labels, CSV."""
    line = file.read(_LINE, 0).partition(b"\n")[0]
    if not line or not line.decode("utf-8", "replace").replace("\t", " ").strip().isprintable():
        return None
    return "lm-eval" if line.startswith(b"{") else "tsv" if b"\t" in line else "csv"


def check_content(file: RegularFile, name: str) -> None:
    """Refuse a file that begins as one of another format does.

    Raises:
        InputError: it does.
    """
    found = format_by_content(file)
    zipped = ("npz", "pt")
    if found in (None, name) or (found in zipped and name in zipped):
        return
    called, suffix = FORMATS[found].called, FORMATS[found].suffixes[0]
    what = "a zip archive" if found in zipped else called
    raise InputError(
        f"{what}, not {FORMATS[name].called}",
        f"if it is {called}, give it the suffix {suffix} or say --input-format {found}",
        where=file.name,
    )


def _archive_of(file: RegularFile) -> str:
    """Whose archive it is: torch puts its pickle first."""
    return "pt" if b"/data.pkl" in file.read(256, 0) else "npz"
