"""The table of input formats: everything that differs between them, but for the code that reads them.

A new format is one line in `FORMATS`, a module in `lscli.io.formats` and its test. A reader has
`open_array(file, request)`, which opens the requested array, and `contents(file)`, which lists all arrays. Its module,
with the packages that it needs, is imported when a file of its format is opened; this one imports no numpy.
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
    """A file format.

    Attributes:
        suffixes: of its files, the usual one first.
        reader_name: the module in `lscli.io.formats`, and the object in it if that is the reader: `module.OBJECT`.
        called: a phrase for such a file in errors.
        keyed: whether a file may hold both logits and labels.
        magic: the first bytes of its files, if they identify the format.
        package: the package that reading needs and that is not a dependency of lscli, or None.
        table: whether a file is a table of columns.
    """

    suffixes: tuple[str, ...]
    reader_name: str
    called: str
    keyed: bool = True
    magic: tuple[bytes, ...] = ()
    package: str | None = None
    table: bool = False

    def reader(self, where: str) -> Any:
        """Import the reader; `where` is the file, for errors.

        Raises:
            UsageError: the package that it needs is not installed.
        """
        if self.package is not None:
            try:
                import_module(self.package)
            except ModuleNotFoundError as error:
                what = f"{self.called} needs {self.package}, which is not installed"
                raise UsageError(what, f"pip install {self.package}", where=where) from error
        module, _, name = self.reader_name.partition(".")
        found = import_module(f"lscli.io.formats.{module}")
        return getattr(found, name) if name else found


FORMATS = {
    "npy": Format((".npy",), "npy", "a .npy file", False, (b"\x93NUMPY",)),
    "npz": Format((".npz",), "npz", "an .npz archive", True, (b"PK\x03\x04", b"PK\x05\x06")),
    "safetensors": Format((".safetensors",), "safetensors", "a .safetensors file"),
    "pt": Format((".pt", ".pth"), "pt", "a .pt file of torch", True, (b"PK\x03\x04", b"PK\x05\x06")),
    "parquet": Format((".parquet",), "parquet", "a Parquet file", True, (b"PAR1",), "pyarrow", table=True),
    "arrow": Format((".arrow", ".feather"), "arrow", "an Arrow file", True, (b"ARROW1",), "pyarrow", table=True),
    "csv": Format((".csv",), "delimited.CSV", "a CSV file", table=True),
    "tsv": Format((".tsv",), "delimited.TSV", "a TSV file", table=True),
    "lm-eval": Format((".jsonl",), "lm_eval", "a samples file of lm-evaluation-harness"),
}
BY_SUFFIX = {suffix: name for name, own in FORMATS.items() for suffix in own.suffixes}
_PICKLES = (".pkl", ".pickle", ".p", ".joblib", ".dill")
_START, _LINE = 16, 4096


def format_of(path: str, role: str, named: str | None = None) -> str:
    """The name of the format of a path: `named` if given, else by the suffix.

    Args:
        path: the file.
        role: what the file is for, in errors.
        named: the format that was given (`--input-format`), or None.

    Raises:
        InputError: the suffix is unknown, or one of pickles.
    """
    if named is not None:
        return named
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


def format_by_content(file: RegularFile) -> str | None:
    """The name of the format that the first bytes identify, or None."""
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
    """The most likely format of a text file, or None if it is not text; a single column is CSV."""
    line = file.read(_LINE, 0).partition(b"\n")[0]
    if not line or not line.decode("utf-8", "replace").replace("\t", " ").strip().isprintable():
        return None
    return "lm-eval" if line.startswith(b"{") else "tsv" if b"\t" in line else "csv"


def check_content(file: RegularFile, name: str) -> None:
    """Refuse a file whose first bytes identify another format than `name`.

    Raises:
        InputError: they do.
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
    """Tell the zip archives of torch, which begin with a pickle, from those of numpy."""
    return "pt" if b"/data.pkl" in file.read(256, 0) else "npz"
