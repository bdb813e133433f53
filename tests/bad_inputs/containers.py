"""Bad inputs 44 to 60: archives, torch files, safetensors, Parquet."""

from __future__ import annotations

import json
import os
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from tests.bad_inputs.case import Case, as_logits, data
from tests.io.make import archive, saved, some_labels, some_logits

LOGITS, LABELS = some_logits(), some_labels()


def _bomb(path: Path) -> None:
    """Write 256 MiB of zeros into an archive of 256 KiB."""
    header = saved(np.zeros((1, 64), np.float32))[:128].replace(b"(1, 64), }     ", b"(1048576, 64), }")[:128]
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as target, target.open("logits.npy", "w") as member:
        member.write(header)
        for _ in range(256):
            member.write(bytes(1 << 20))


def _cut(make: Callable[[Path], object], at: int) -> Callable[[Path], object]:
    def cut(path: Path) -> None:
        make(path)
        path.write_bytes(path.read_bytes()[:at])

    return cut


def _wrong_checksum(compression: int) -> Callable[[Path], object]:
    def make(path: Path) -> None:
        content = bytearray(archive(path, compression, logits=LOGITS).read_bytes())
        content[content.index(b"PK\x01\x02") + 16] ^= 1
        path.write_bytes(content)

    return make


def _torch(what: Callable[[Any], Any], **options: Any) -> Callable[[Path], object]:
    """Return a function that saves what `what(torch)` returns."""

    def make(path: Path) -> None:
        import torch

        torch.save(what(torch), path, **options)

    return make


class _Evil:
    """An object that runs a command when it is unpickled."""

    def __init__(self, trace: str) -> None:
        self._trace = trace

    def __reduce__(self) -> tuple[Any, ...]:
        return os.system, (f"touch {self._trace}",)


def _evil(path: Path) -> None:
    import torch

    torch.save({"logits": _Evil(str(path.with_name("trace")))}, path)


def _safetensors(header: Any, body: bytes = bytes(72), length: int | None = None) -> Callable[[Path], object]:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return data(struct.pack("<Q", len(text) if length is None else length) + text + body)


def _tensor(shape: list[int], start: int, stop: int, dtype: str = "F32") -> dict[str, Any]:
    return {"dtype": dtype, "shape": shape, "data_offsets": [start, stop]}


_HEADER = {"logits": _tensor([6, 3], 0, 72)}


def _table(columns: Callable[[Any], dict[str, Any]]) -> Callable[[Path], object]:
    """Return a function that writes the columns that `columns(pyarrow)` returns to a Parquet file."""

    def make(path: Path) -> None:
        import pyarrow as pa
        from pyarrow import parquet

        parquet.write_table(pa.table(columns(pa)), path)

    return make


def _fixed(pa: Any, values: Any = LOGITS) -> Any:
    return pa.FixedSizeListArray.from_arrays(pa.array(values.ravel()), 3)


def _huge_header(path: Path) -> None:
    """Write a sparse file with a header of 101 MB."""
    with path.open("wb") as file:
        file.write(struct.pack("<Q", 101_000_000))
        file.truncate(8 + 101_000_000 + 72)


def _npz(name: str, make: Callable[[Path], object], says: str, hint: str = "", named: str = "x.npz") -> Case:
    return Case(name, as_logits("x.npz", make), says, hint, named=named)


def _pt(name: str, make: Callable[[Path], object], says: str, hint: str = "", named: str = "x.pt") -> Case:
    return Case(name, as_logits("x.pt", make), says, hint, named=named)


def _st(name: str, make: Callable[[Path], object]) -> Case:
    return Case(name, as_logits("x.safetensors", make), "corrupt safetensors", "again", named="x.safetensors")


def _pq(name: str, columns: Callable[[Any], dict[str, Any]], says: str, hint: str = "", *options: object) -> Case:
    return Case(name, as_logits("x.parquet", _table(columns), *options), says, hint, named="x.parquet")


def _deflated(path: Path) -> Path:
    return archive(path, zipfile.ZIP_DEFLATED, logits=LOGITS)


CASES = [
    _npz("44 bomb", _bomb, "expands", "np.savez", "x.npz[logits]")._replace(limited=True),
    _npz("45 npz cut off", _cut(_deflated, -9), "corrupt archive"),
    _npz("45 npz cut in its data", _cut(_deflated, 100), "corrupt archive"),
    _npz("46 checksum of a packed member", _wrong_checksum(zipfile.ZIP_DEFLATED), "corrupt archive: Bad CRC-32"),
    _npz("46 checksum of a stored member", _wrong_checksum(zipfile.ZIP_STORED), "corrupt archive: the checksum"),
    _npz(
        "47 two arrays, none called logits",
        lambda path: archive(path, a=LOGITS, b=LOGITS),
        "none is called logits",
        "--logits-key: a, b",
    ),
    _pt("48 a command in the pickle", _evil, "its pickle could run code, and is refused", "torch.save"),
    Case("48 a bare pickle", as_logits("x.pt", data(b"\x80\x04]\x94.")), "never loaded", "torch.save", named="x.pt"),
    Case("48 .pkl", as_logits("x.pkl", data(b"\x80\x04]\x94.")), "pickles are refused", "np.savez", named="x.pkl"),
    Case(
        "49 .pt cut off",
        as_logits("x.pt", _cut(_torch(lambda torch: torch.zeros(6, 3)), -40)),
        "corrupt archive",
        "torch.save",
        named="x.pt",
    ),
    Case(
        "49 .pt cut in half",
        as_logits("x.pt", _cut(_torch(lambda torch: torch.zeros(6, 3)), 500)),
        "corrupt archive",
        "torch.save",
        named="x.pt",
    ),
    Case(
        "50 .pt of old torch",
        as_logits("x.pt", _torch(lambda torch: torch.zeros(6, 3), _use_new_zipfile_serialization=False)),
        "old form of torch",
        "torch.save(torch.load(path, weights_only=True), path)",
        named="x.pt",
    ),
    _pt(
        "51 dict without logits",
        _torch(lambda torch: {"a": torch.zeros(6, 3), "b": torch.zeros(6)}),
        "none is called logits",
        "--logits-key: a, b",
    ),
    _pt(
        "51 dict with logits that are none",
        _torch(lambda torch: {"logits": ["a"], "b": 1}),
        "a list, not a tensor",
        "torch.save",
        "x.pt[logits]",
    ),
    _pt(
        "52 sparse",
        _torch(lambda torch: torch.zeros(6, 3).to_sparse()),
        "a tensor of layout torch.sparse_coo",
        "to_dense",
    ),
    Case(
        "53 requires_grad",
        as_logits("x.pt", _torch(lambda torch: torch.tensor(LOGITS).requires_grad_())),
        code=0,
        same=(LOGITS, LABELS),
    ),
    _st("54 safetensors cut off", _safetensors(_HEADER, bytes(71))),
    _st("54 safetensors cut in its header", data(b"\x40\0\0\0\0\0\0\0{")),
    _st("55 header of 2^62 bytes", _safetensors(_HEADER, length=1 << 62)),
    _st("55 header of 2^64 - 1 bytes", _safetensors(_HEADER, length=(1 << 64) - 1)),
    _st("55 header of more than 100 MB", _huge_header)._replace(limited=True),
    _st("56 tensors that overlap", _safetensors({**_HEADER, "b": _tensor([9], 36, 72)})),
    _st("57 a hole between tensors", _safetensors({**_HEADER, "b": _tensor([1], 76, 80)}, bytes(80))),
    _st("58 shape overflows", _safetensors({"logits": _tensor([1 << 40, 1 << 40], 0, 72)})),
    _st("58 shape of another size", _safetensors({"logits": _tensor([6, 4], 0, 72)})),
    _st("59 bytes after the data", _safetensors(_HEADER, bytes(80))),
    _pq(
        "60 nulls in a list column",
        lambda pa: {"logits": pa.array([[1.0, 2.0, 3.0]] * 5 + [None], pa.list_(pa.float32(), 3))},
        "logits",
    ),
    _pq(
        "60 nulls in a class",
        lambda pa: {"a": pa.array([1.0] * 6), "b": pa.array([1.0] * 5 + [None]), "c": pa.array([2.0] * 6)},
        "'b'",
    ),
    _pq(
        "60 lists of variable size",
        lambda pa: {"logits": pa.array([*LOGITS.tolist()[:5], [1.0, 2.0]])},
        "lists of different lengths: 2 at row 5, 3 at row 0",
    ),
    _pq("61 no such column", lambda pa: {"logits": _fixed(pa)}, "'scores'", "logits", "--logits-key", "scores"),
    _pq("61 text among the logits", lambda pa: {"a": pa.array([1.0] * 6), "b": pa.array(["x"] * 6)}, "'b'"),
    _pq(
        "61 whole numbers for logits",
        lambda pa: {"logits": pa.array([[1, 2, 3]] * 6, pa.list_(pa.int64(), 3))},
        "logits",
    ),
    Case(
        "60 a table that is none",
        as_logits("x.parquet", data(b"PAR1 hello PAR1")),
        "corrupt Parquet file",
        named="x.parquet",
    ),
]
