"""Damage valid files; the number of a seed determines the result.

Random changes seldom get past the first check. Most mutations therefore keep the rest of the file consistent: they
change the text of a header and correct its length, or change a member and pack it again with the right checksum.
"""

from __future__ import annotations

import copy
import io
import json
import math
import pickletools
import re
import zipfile
from collections.abc import Callable
from functools import cache
from random import Random
from struct import calcsize
from typing import Any

import numpy as np

from tests.fuzz import settings, sound
from tests.fuzz.words import NUMBERS, PICKLE, QUOTED, WORDS

MAX_SIZE = 200_000
_NUMBER = re.compile(rb"\d+")
_WORD = re.compile(rb"""'[^'\n]*'|"[^"\n]*"|\w+""")
_DESCRS = ("<f4", ">f4", "<f2", "<f8", "<i8", ">i4", "|i1", "|u1", "<u4", "|b1", "|V2", "<c16", "|S1", "<U1", "<f16")
_TENSORS = (("F32", 4), ("F16", 2), ("BF16", 2), ("F64", 8), ("I64", 8), ("U8", 1), ("BOOL", 1), ("C64", 8), ("F4", 1))
_EDGES = (0, 1, 2, 8, 0x7F, 0x80, 0xFF, 0x7FFF, 0x8000, 0xFFFE, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF)
_FIELDS = ("doc_id", "target", "arguments", "resps", "filtered_resps", "filter", "acc", "acc_norm", "acc_bytes", "x")
_ODD: tuple[Any, ...] = (
    *(0, 1, -1, 2, 0.5, -0.5, 1e308, -1e308, 5e-324, math.nan, math.inf, -math.inf, 10**17, 10**30, 10**400),
    *(None, True, False, "", " ", "0", "1", "-1", "1.0", "True", "nan", "-inf", "1e999", "1_0", "\u0663", "A", "[0]"),
    *("[0, 1]", "x" * 5000, "\x1b[2J", "\ud800", "\u2028", "\0", [], {}, [[]], [0], [0, 1], [None] * 3, {"arg_1": ""}),
    *([-1.5, False], ["-2.5", "True"], ["Q", " x"], [-1.0] * 70_000, {"a": {"a": {"a": []}}}),
)
# The fields of a zip's records, as `struct` has them.
_RECORDS = {b"PK\3\4": "HHHHHLLLHH", b"PK\1\2": "HHHHHHLLLHHHHHLL", b"PK\5\6": "HHHHLLH"}


def mutated(kind: str, seed: int) -> bytes:
    """The input of a format that belongs to a seed."""
    return _MUTATIONS[kind](Random(seed))[:MAX_SIZE]


def _npy(rng: Random) -> bytes:
    how = rng.random()
    if how < 0.2:
        return _npy_that_fits(rng)
    base = rng.choice(_sound_npy())
    if how < 0.35:
        return _changed(rng, base.joined(), "npy")
    header = _changed(rng, base.header, "npy")
    data = base.data if rng.random() < 0.9 else _changed(rng, base.data, "npy")
    return base._replace(header=header, data=data).joined(_length(rng, len(header)))


def _npy_that_fits(rng: Random) -> bytes:
    """A header that is mostly valid, with about as much data as it declares."""
    descr = rng.choice(_DESCRS)
    shape = tuple(rng.choice((0, 1, 2, 3, 5)) for _ in range(rng.choice((0, 1, 1, 2, 2, 2, 2, 3, 5))))
    size = int(np.prod(shape, dtype=int)) * np.dtype(descr).itemsize
    keys = [("descr", repr(descr)), ("fortran_order", str(rng.random() < 0.3)), ("shape", repr(shape))]
    rng.shuffle(keys)
    header = "{" + ", ".join(f"'{key}': {value}" for key, value in keys)
    header += rng.choice(("}", ", }", "}\n", ", }  \n", "}#\n"))
    size = max(0, size + rng.choice((0, 0, 0, 0, 0, 0, -1, 1, 8)))
    return sound.Npy(rng.choice(((1, 0), (2, 0), (3, 0))), header.encode(), rng.randbytes(size)).joined()


def _npz(rng: Random) -> bytes:
    if rng.random() < 0.35:
        names = rng.sample(("logits.npy", "labels.npy", "x.npy", "logits", "a/b.npy", ""), rng.choice((1, 1, 2, 3)))
        compression = rng.choice(sound.COMPRESSIONS[:2]) if rng.random() < 0.9 else rng.choice(sound.COMPRESSIONS)
        archive = sound.zipped({name: _npy(rng)[:20_000] for name in names}, compression)
        return archive if rng.random() < 0.7 else _changed_records(rng, archive)
    base = rng.choice(_sound_npz())
    return _changed(rng, base, "npz") if rng.random() < 0.3 else _changed_records(rng, base)


def _changed_records(rng: Random, archive: bytes) -> bytes:
    """Change some fields in the records of an archive."""
    data = bytearray(archive)
    places = [(match.start(), match.group()) for match in re.finditer(rb"PK(\x03\x04|\x01\x02|\x05\x06)", archive)]
    for _ in range(rng.choice((1, 1, 1, 2, 3))):
        place, signature = rng.choice(places)
        fields = _RECORDS[signature]
        number = rng.randrange(len(fields))
        start, width = place + 4 + calcsize(f"<{fields[:number]}"), calcsize(f"<{fields[number]}")
        here = slice(start, start + width)
        old = int.from_bytes(data[here], "little")
        flipped, other = old ^ 1 << rng.randrange(8 * width), rng.choice(places)[0]
        new = rng.choice((old + 1, old - 1, flipped, rng.choice(_EDGES), len(data) - old, other))
        data[here] = (new % (1 << 8 * width)).to_bytes(width, "little")
    if rng.random() < 0.1:
        return _changed(rng, bytes(data), "npz")
    return bytes(data)


def _safetensors(rng: Random) -> bytes:
    how = rng.random()
    if how < 0.3:
        base = _tensors_that_fit(rng)
        if rng.random() < 0.5:
            return base.joined()
    else:
        base = rng.choice(_sound_safetensors())
    if how > 0.9:
        return _changed(rng, base.joined(), "safetensors")
    header = _changed(rng, base.header, "safetensors")
    data = base.data if rng.random() < 0.9 else _changed(rng, base.data, "safetensors")
    return base._replace(header=header, data=data).joined(_length(rng, len(header)))


def _tensors_that_fit(rng: Random) -> sound.Safetensors:
    parts: dict[str, sound.Tensor] = {}
    if rng.random() < 0.3:  # both, and nothing wrong but perhaps their order
        rows, classes = rng.choice((1, 2, 5)), rng.choice((1, 2, 3, 5))
        kind, width = rng.choice(_TENSORS[:3])
        both = [("logits", (kind, [rows, classes], rows * classes * width)), ("labels", ("I64", [rows], rows * 8))]
        return sound.tensors(dict(rng.sample(both, 2)))
    for name in rng.sample(("logits", "labels", "x", "", "\x1b[2J", "a\nb", "\u00e9"), rng.choice((1, 1, 2, 3))):
        kind, width = rng.choice(_TENSORS)
        shape = [rng.choice((0, 1, 2, 3, 5)) for _ in range(rng.choice((0, 1, 2, 2, 3)))]
        parts[name] = (kind, shape, int(np.prod(shape, dtype=int)) * width)
    return sound.tensors(parts)


def _pt(rng: Random) -> bytes:
    base = rng.choice(_sound_pt())
    how = rng.random()
    if how < 0.15:
        return _changed(rng, base, "pt")
    if how < 0.3:
        return _changed_records(rng, base)
    with zipfile.ZipFile(io.BytesIO(base)) as archive:
        records = {name: archive.read(name) for name in archive.namelist()}
    if how < 0.8:  # the pickle, an instruction at a time
        records["archive/data.pkl"] = _changed_pickle(rng, records["archive/data.pkl"])
    else:
        for _ in range(rng.choice((1, 1, 2))):
            name = rng.choice(list(records))
            data = records.pop(name)
            if rng.random() < 0.8:
                other = rng.choice((name, name, *sound.RECORDS, *records))
                records[other] = data if other != name else _changed(rng, data, "pt")
    compression = sound.COMPRESSIONS[0] if rng.random() < 0.9 else rng.choice(sound.COMPRESSIONS)
    return sound.zipped(records, compression)


def _changed_pickle(rng: Random, data: bytes) -> bytes:
    """Leave out, repeat, replace, move or insert some instructions."""
    starts = [place for _, _, place in pickletools.genops(data)]
    parts = [data[start:stop] for start, stop in zip(starts, [*starts[1:], len(data)], strict=True)]
    for _ in range(rng.choice((1, 1, 1, 2, 2, 3, 6))):
        place, other = rng.randrange(len(parts)), rng.randrange(len(parts))
        how = rng.randrange(6)
        if how == 0:
            parts[place : place + rng.choice((1, 1, 2, 5))] = []
        elif how == 1:
            parts[place:place] = parts[other : other + rng.choice((1, 1, 3, 9))]
        elif how == 2:
            parts[place] = parts[other]
        elif how == 3:
            parts[place] = rng.choice(PICKLE)
        elif how == 4:
            parts.insert(place, rng.choice(PICKLE))
        elif len(parts[place]) > 1:
            parts[place] = _flip_a_bit(rng, parts[place], "pt")
        parts = parts or [b"."]
    return b"".join(parts)


def _csv(rng: Random) -> bytes:
    return _changed(rng, rng.choice(_sound_csv()), "csv")


def _objects(kind: str) -> Callable[[Random], bytes]:
    """Mutations of JSON objects, in lines or in an array: of their values, and of the text."""

    def mutate(rng: Random) -> bytes:
        samples = copy.deepcopy(rng.choice(_sound_samples() if kind == "lm-eval" else _sound_lines()))
        if rng.random() < 0.3:
            samples = [copy.deepcopy(rng.choice(samples)), *samples][: rng.choice((1, 2, 4, 6))]
        for _ in range(rng.choice((0, 1, 1, 1, 2, 3, 5))):
            _change_a_value(rng, samples)
        form = rng.random()
        if form < 0.7:
            text = "".join(json.dumps(each) + "\n" for each in samples)
        else:
            text = json.dumps(samples, indent=None if form < 0.85 else 1, ensure_ascii=form < 0.9)
        data = text.encode("utf-8", "surrogatepass")
        return data if rng.random() < 0.75 else _changed(rng, data, kind)

    return mutate


def _change_a_value(rng: Random, value: Any) -> None:
    """Replace, drop, repeat or move one value at any depth."""
    while isinstance(value, dict | list) and value:
        key = rng.choice(list(value) if isinstance(value, dict) else range(len(value)))
        inner = value[key]
        if not (isinstance(inner, dict | list) and inner) or rng.random() < 0.25:
            break
        value = inner
    else:
        return
    how = rng.random()
    if how < 0.15:
        del value[key]
    elif how < 0.25 and isinstance(value, list):
        value.insert(rng.randrange(len(value) + 1), copy.deepcopy(inner))
    elif how < 0.4:
        value[key] = copy.deepcopy(value[rng.choice(list(value) if isinstance(value, dict) else range(len(value)))])
    elif how < 0.6 and isinstance(inner, int | float | str):
        value[key] = rng.choice((str, repr, _halved, lambda own: [own], lambda own: {"x": own}))(inner)
    elif how < 0.7 and isinstance(value, dict):
        value[rng.choice(_FIELDS)] = copy.deepcopy(inner)
    else:
        value[key] = copy.deepcopy(rng.choice(_ODD))


def _halved(value: Any) -> Any:
    return value[: len(value) // 2] if isinstance(value, str) else value // 2 if isinstance(value, int) else value / 2


def _table(kind: str) -> Callable[[Random], bytes]:
    """Mutations of a table: of its bytes, mostly near the end where the footer is, or two files joined."""

    def mutate(rng: Random) -> bytes:
        base = rng.choice(_sound_tables(kind))
        how = rng.random()
        if how < 0.1:
            other = rng.choice(_sound_tables(kind))
            return base[: rng.choice((len(base), _place(rng, base)))] + other
        if how < 0.4:
            return _changed(rng, base, kind)
        data = bytearray(base)
        for _ in range(rng.choice((1, 1, 1, 2, 4))):
            place = min(len(data) - 1, int(rng.expovariate(1 / 400)) if how < 0.9 else rng.randrange(len(data)))
            place = len(data) - 1 - place
            data[place] = rng.choice((0, 1, 127, 128, 255, data[place] ^ 1 << rng.randrange(8)))
        return bytes(data)

    return mutate


def _length(rng: Random, length: int) -> int:
    """The length of a header as a file says it: mostly right."""
    how = rng.random()
    if how < 0.85:
        return length
    if how < 0.93:
        return length + rng.randrange(-9, 10)
    return rng.choice((*_EDGES, 10_001, 100_000_001, 1 << 62, (1 << 64) - 1))


def _changed(rng: Random, data: bytes, kind: str) -> bytes:
    for _ in range(rng.choice((1, 1, 1, 1, 2, 2, 3, 5))):
        data = rng.choice(_CHANGES)(rng, data, kind)
    return data


def _place(rng: Random, data: bytes) -> int:
    return rng.randrange(len(data) + 1)


def _span(rng: Random, data: bytes) -> tuple[int, int]:
    start = _place(rng, data)
    return start, min(len(data), start + rng.choice((1, 1, 2, 3, 4, 8, 20, 100)))


def _flip_a_bit(rng: Random, data: bytes, kind: str) -> bytes:
    place = _place(rng, data)
    return data[:place] + bytes(byte ^ 1 << rng.randrange(8) for byte in data[place : place + 1]) + data[place + 1 :]


def _set_a_byte(rng: Random, data: bytes, kind: str) -> bytes:
    place = _place(rng, data)
    return data[:place] + bytes([rng.choice((0, 0xFF, 0x80, 0x20, 0x0A, rng.randrange(256)))]) + data[place + 1 :]


def _delete(rng: Random, data: bytes, kind: str) -> bytes:
    start, stop = _span(rng, data)
    return data[:start] + data[stop:]


def _repeat(rng: Random, data: bytes, kind: str) -> bytes:
    start, stop = _span(rng, data)
    return data[:stop] + data[start:stop] * rng.choice((1, 1, 1, 2, 9, 50)) + data[stop:]


def _move(rng: Random, data: bytes, kind: str) -> bytes:
    start, stop = _span(rng, data)
    rest = data[:start] + data[stop:]
    place = _place(rng, rest)
    return rest[:place] + data[start:stop] + rest[place:]


def _cut_off(rng: Random, data: bytes, kind: str) -> bytes:
    return data[: _place(rng, data)]


def _insert_a_word(rng: Random, data: bytes, kind: str) -> bytes:
    place = _place(rng, data)
    return data[:place] + rng.choice(WORDS[kind]) + data[place:]


def _overwrite_with_a_word(rng: Random, data: bytes, kind: str) -> bytes:
    start, stop = _span(rng, data)
    return data[:start] + rng.choice(WORDS[kind]) + data[stop:]


def _replace_a_number(rng: Random, data: bytes, kind: str) -> bytes:
    return _replaced(rng, data, _NUMBER, rng.choice(NUMBERS).encode())


def _replace_a_word(rng: Random, data: bytes, kind: str) -> bytes:
    words = QUOTED[kind] if QUOTED[kind] and rng.random() < 0.5 else WORDS[kind]
    return _replaced(rng, data, _WORD, rng.choice(words))


def _repeat_a_word(rng: Random, data: bytes, kind: str) -> bytes:
    words = _WORD.findall(data)
    return _replaced(rng, data, _WORD, rng.choice(words)) if words else data


def _replaced(rng: Random, data: bytes, pattern: re.Pattern[bytes], word: bytes) -> bytes:
    found = list(pattern.finditer(data))
    if not found:
        return data
    match = rng.choice(found)
    return data[: match.start()] + word + data[match.end() :]


_CHANGES: tuple[Callable[[Random, bytes, str], bytes], ...] = (
    *(_flip_a_bit, _set_a_byte, _delete, _repeat, _move, _cut_off),
    *(_insert_a_word, _overwrite_with_a_word, _replace_a_number, _replace_a_word) * 2,
    _repeat_a_word,
)
_MUTATIONS: dict[str, Callable[[Random], bytes]] = {
    "npy": _npy,
    "npz": _npz,
    "safetensors": _safetensors,
    "pt": _pt,
    "parquet": _table("parquet"),
    "arrow": _table("arrow"),
    "csv": _csv,
    "lm-eval": _objects("lm-eval"),
    "jsonl": _objects("jsonl"),
}
KINDS = tuple(_MUTATIONS)
_MUTATIONS |= {"options": settings.command_line, "pyproject": settings.project}
_sound_npy, _sound_npz = cache(sound.npy_files), cache(sound.npz_files)
_sound_samples, _sound_lines = cache(sound.samples_files), cache(sound.json_lines)
_sound_safetensors, _sound_csv = cache(sound.safetensors_files), cache(sound.csv_files)
_sound_pt = cache(sound.pt_files)
_sound_tables = cache(sound.table_files)
