"""Valid files from which mutations start: several types, shapes and versions of each format."""

from __future__ import annotations

import io
import json
import math
import warnings
import zipfile
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pyarrow import parquet

_TYPES = ("<f4", ">f4", "<f2", "<f8", "<i8", ">i2", "|i1", "|u1", "<u8", "|b1", "<c8", "|S3", "<U2", "|V2", "<M8[s]")
_SHAPES: tuple[tuple[int, ...], ...] = ((6, 3), (6,), (2, 2, 3), (), (0, 3), (1, 1))
_VERSIONS = ((1, 0), (2, 0), (3, 0))
COMPRESSIONS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA)

RECORDS = tuple(f"archive/{name}" for name in ("data/0", "data/1", "data.pkl", "byteorder", "version", "constants.pkl"))

# The type of a tensor, its shape and its number of bytes.
Tensor = tuple[str, list[int], int]


class Npy(NamedTuple):
    """The parts of an `.npy` file."""

    version: tuple[int, int]
    header: bytes
    data: bytes

    def joined(self, length: int | None = None) -> bytes:
        """The bytes of the file; `length` replaces the declared length of the header."""
        width = 2 if self.version == (1, 0) else 4
        size = (len(self.header) if length is None else length) % (1 << 8 * width)
        return b"\x93NUMPY" + bytes(self.version) + size.to_bytes(width, "little") + self.header + self.data


class Safetensors(NamedTuple):
    """The parts of a `.safetensors` file."""

    header: bytes
    data: bytes

    def joined(self, length: int | None = None) -> bytes:
        """The bytes of the file; `length` replaces the declared length of the header."""
        size = (len(self.header) if length is None else length) % (1 << 64)
        return size.to_bytes(8, "little") + self.header + self.data


def npy_files() -> list[Npy]:
    """`.npy` files as numpy writes them."""
    found = []
    for number, described in enumerate(_TYPES):
        for shape in _SHAPES[: 6 if number < 2 else 2]:
            raw = (np.arange(np.prod(shape, dtype=int) * np.dtype(described).itemsize) % 60).astype(np.uint8)
            array = np.frombuffer(raw.tobytes(), described).reshape(shape)
            found += [_npy(array, _VERSIONS[number % 3]), _npy(np.asfortranarray(array), _VERSIONS[number % 2])]
    return found


def npz_files() -> list[bytes]:
    """`.npz` archives of one array and of both, with and without compression."""
    logits = npy_files()[0].joined()
    labels = _npy(np.arange(6) % 3, (1, 0)).joined()
    return [
        zipped({"logits.npy": logits, "labels.npy": labels}, compression)
        for compression in (*COMPRESSIONS, COMPRESSIONS[0], COMPRESSIONS[1])
    ] + [zipped({"x.npy": logits}), zipped({"a/b": logits, "c": labels}), zipped({})]


def safetensors_files() -> list[Safetensors]:
    """`.safetensors` files as the library writes them."""
    both: dict[str, Tensor] = {"logits": ("F32", [6, 3], 72), "labels": ("I64", [6], 48)}
    kinds = [("F64", 8), ("F16", 2), ("BF16", 2), ("I32", 4), ("I16", 2), ("U8", 1), ("BOOL", 1), ("F8_E4M3", 1)]
    ones: list[dict[str, Tensor]] = [{"x": (kind, [2, 3], 6 * size)} for kind, size in kinds]
    ones += [{"s": ("F32", [], 4)}, {"n": ("F32", [0, 3], 0)}, {}]
    return [tensors(parts) for parts in (both, both, *ones)]


def pt_files() -> list[bytes]:
    """`.pt` files as torch writes them."""
    import torch

    logits = torch.arange(18.0).reshape(6, 3) * 0.37
    labels = torch.arange(6) % 3
    wide = torch.cat([logits, logits + 1], dim=1)
    both: list[Any] = [{"logits": logits, "labels": labels}, {"labels": labels.int(), "logits": logits.double()}]
    both += [{"logits": wide[:, :3], "labels": labels.repeat_interleave(2)[::2]}, {"epoch": 3, **both[0], 7: wide}]
    ones = [logits, logits.bfloat16(), logits.half(), labels.to(torch.uint16), labels.bool(), torch.tensor(1.0)]
    others = [[logits, labels], torch.nn.Parameter(logits), logits.T, labels.expand(2, 6), torch.zeros(0, 3)]
    nested = {"val": both[0], "x": [1, 2.5, None, "a"], "y": (True, 2**70), "z": torch.Size([2])}
    batches = [(logits[:4], labels[:4]), (logits[4:], labels[4:])]
    lists: dict[str, list[Any]] = {"logits": [x for x, _ in batches], "labels": [y.tolist() for _, y in batches]}
    dicts = {"val": [{"logits": x, "labels": y, "loss": 0.5} for x, y in batches]}
    arrays = {"logits": logits.numpy(), "labels": labels.numpy(), "n": np.float32(2)}
    rows = {"logits": np.asfortranarray(logits.numpy()), "labels": labels.tolist(), "lr": [0.1]}
    joined: list[Any] = [batches, lists, lists["logits"], dicts, arrays, rows]
    found = [_torch(value) for value in (*both, *ones, *others, nested, torch.nn.Linear(3, 2).state_dict())]
    found += [_torch(value, protocol) for value in joined for protocol in (2, 5)]
    return [*found, _torch(both[0], 4), _torch(both[0], 5)]


def _torch(value: Any, protocol: int = 2) -> bytes:
    import torch

    stream = io.BytesIO()
    torch.save(value, stream, pickle_protocol=protocol)
    return stream.getvalue()


def csv_files() -> list[bytes]:
    """CSV files of labels and logits in common styles."""
    lines = [str(number % 4) for number in range(6)]
    bare = "\n".join(lines)
    table = "id,label\n" + "\n".join(f"a{number},{line}" for number, line in enumerate(lines))
    quoted = '"label"\n' + "\n".join(f'"{line}"' for line in lines) + "\n"
    named = 'name,label,"x ""y"""\n' + "\n".join(f'"b,\n{line}",{line},' for line in lines)
    logits = "\n".join(f"{number}.5,-1e{number},.25" for number in range(6))
    labelled = "a,label,b\n" + "\n".join(f"{line}.5,{line},-0.{line}" for line in lines)
    matrices = [logits, f"# a,b,c\n{logits}\n", labelled]
    texts = [bare, f"{bare}\n", f"label\n{bare}\n", "\ufeff" + bare, bare.replace("\n", "\r\n"), table, quoted, named]
    return [text.encode() for text in (*texts, *matrices, "-100\n255\n65536\n", "label\n" + "7\n" * 40)]


def samples_files() -> list[list[dict[str, Any]]]:
    """The samples of lm-evaluation-harness in several forms, each with the accuracies that the harness saves."""
    found = []
    for form, (texts, own) in enumerate(_TASKS):
        samples = []
        for row in range(5):
            values = [-((row * 7 + k * 5) % 11) - 0.5 for k in range(len(texts))]
            gold = row % len(texts)
            saved = {"acc": float(values.index(max(values)) == gold)}
            for name, lengths in (
                ("acc_norm", [len(t) for t in texts]),
                ("acc_bytes", [len(t.encode()) for t in texts]),
            ):
                scores = [value / length for value, length in zip(values, lengths, strict=True)]
                saved[name] = float(scores.index(max(scores)) == gold)
            requests = [[f"Q {row}", f" {text}"] for text in texts]
            responses: list[list[Any]] = [[value, False] for value in values]
            target: Any = gold if own == "number" else texts[gold] if own == "text" else "ABC"[gold]
            if form % 2:
                named = {f"gen_args_{k}": {"arg_0": one, "arg_1": two} for k, (one, two) in enumerate(requests)}
                texted = [[repr(value), "False"] for value in values]
                new = {"target": str(target), "arguments": named, "filtered_resps": texted, "filter": "none"}
                samples.append({"doc_id": row, **new, **saved})
            else:
                old = {"target": target, "arguments": requests, "resps": [[each] for each in responses]}
                samples.append({"doc_id": row, "doc": {"q": "?"}, **old, "filtered_resps": responses, **saved})
        found.append(samples)
    return found


def json_lines() -> list[list[dict[str, Any]]]:
    """Objects of logits and labels: lists, one field per class, and objects in objects."""
    logits, labels = (np.arange(18).reshape(6, 3) * 0.37).tolist(), [0, 1, 2, 0, 1, 2]
    pairs = list(zip(logits, labels, strict=True))
    lists = [{"id": f"a{y}", "logits": x, "label": y, "w": y / 2} for x, y in pairs]
    fields = [{**{f"logit_{k}": value for k, value in enumerate(x)}, "labels": y} for x, y in pairs]
    inner = [{"x": {"logits": [math.inf, *x[1:]], "n": None}, "label": y} for x, y in pairs]
    return [lists, lists[:1], fields, inner]


# The choices of some tasks, and what their targets are.
_TASKS = [
    (["yes", "no"], "number"),
    (["one", "two", "three!"], "number"),
    (["1", "0"], "text"),
    (["h\u00e9las", "\u4e0d", "yes it is"], "text"),
    (["x", "x"], "number"),
    (["long answer", "a", "bb"], "letter"),
]


def table_files(kind: str) -> list[bytes]:
    """Parquet or Arrow files of logits and labels: lists of two kinds or a column per class, in several layouts."""
    logits, labels = np.arange(18, dtype=np.float32).reshape(6, 3) / 4, np.arange(6) % 3
    lists = pa.table({"logits": pa.FixedSizeListArray.from_arrays(pa.array(logits.ravel()), 3), "label": labels})
    free = pa.table({"logits": [*logits], "label": labels})
    columns = pa.table({f"logit_{place}": logits[:, place] for place in range(3)} | {"label": labels, "w": labels / 2})
    parts: list[dict[str, Any]] = [{"rows": 6}, {"rows": 2}, {"rows": 6, "packed": True}, {"rows": 4, "other": True}]
    return [
        (_parquet if kind == "parquet" else _arrow)(own, **part) for own in (lists, columns, free) for part in parts
    ]


def _parquet(table: pa.Table, rows: int, packed: bool = False, other: bool = False) -> bytes:
    stream = io.BytesIO()
    kept: dict[str, Any] = {"write_page_index": True, "write_page_checksum": True} if other else {}
    parquet.write_table(table, stream, row_group_size=rows, compression="zstd" if packed else "none", **kept)
    return stream.getvalue()


def _arrow(table: pa.Table, rows: int, packed: bool = False, other: bool = False) -> bytes:
    sink = pa.BufferOutputStream()
    options = pa.ipc.IpcWriteOptions(compression="lz4" if packed else None)
    with (pa.ipc.new_stream if other else pa.ipc.new_file)(sink, table.schema, options=options) as writer:
        writer.write_table(table, max_chunksize=rows)
    return bytes(sink.getvalue().to_pybytes())


def zipped(members: dict[str, bytes], compression: int = zipfile.ZIP_STORED) -> bytes:
    """An archive whose bytes do not depend on the time."""
    stream = io.BytesIO()
    with warnings.catch_warnings(), zipfile.ZipFile(stream, "w") as archive:
        warnings.simplefilter("ignore")  # a name occurs twice
        for name, data in members.items():
            entry = zipfile.ZipInfo(name)
            entry.compress_type = compression
            archive.writestr(entry, data)
    return stream.getvalue()


def tensors(parts: dict[str, Tensor]) -> Safetensors:
    """A file of tensors, each with its type, shape and number of bytes."""
    header: dict[str, dict[str, Any]] = {"__metadata__": {"format": "pt"}} if len(parts) == 2 else {}
    start = 0
    for name, (kind, shape, size) in parts.items():
        header[name] = {"dtype": kind, "shape": shape, "data_offsets": [start, start + size]}
        start += size
    text = json.dumps(header, separators=(",", ":")).encode()
    data = bytes(number % 60 for number in range(start))
    if "labels" in parts and parts["labels"][0] == "I64":
        labels = (np.arange(parts["labels"][2] // 8) % 3).astype("<i8").tobytes()
        begin, stop = header["labels"]["data_offsets"]
        data = data[:begin] + labels + data[stop:]
    return Safetensors(text + b" " * (-len(text) % 8), data)


def _npy(array: NDArray[Any], version: tuple[int, int]) -> Npy:
    stream = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the version is newer than needed
        np.lib.format.write_array(stream, array, version)
    written, width = stream.getvalue(), 2 if version == (1, 0) else 4
    stop = 8 + width + int.from_bytes(written[8 : 8 + width], "little")
    return Npy(version, written[8 + width : stop], written[stop:])
