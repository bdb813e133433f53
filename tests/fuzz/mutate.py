"""Damage valid files; the number of a seed determines the result.

Random changes seldom get past the first check. Most mutations therefore keep the rest of the file consistent: they
change the text of a header and correct its length, or change a member and pack it again with the right checksum.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from random import Random
from struct import calcsize

import numpy as np

from tests.fuzz import sound
from tests.fuzz.words import NUMBERS, QUOTED, WORDS

MAX_SIZE = 200_000
_NUMBER = re.compile(rb"\d+")
_WORD = re.compile(rb"""'[^'\n]*'|"[^"\n]*"|\w+""")
_DESCRS = ("<f4", ">f4", "<f2", "<f8", "<i8", ">i4", "|i1", "|u1", "<u4", "|b1", "|V2", "<c16", "|S1", "<U1", "<f16")
_TENSORS = (("F32", 4), ("F16", 2), ("BF16", 2), ("F64", 8), ("I64", 8), ("U8", 1), ("BOOL", 1), ("C64", 8), ("F4", 1))
_EDGES = (0, 1, 2, 8, 0x7F, 0x80, 0xFF, 0x7FFF, 0x8000, 0xFFFE, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF)
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


def _csv(rng: Random) -> bytes:
    return _changed(rng, rng.choice(_sound_csv()), "csv")


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
_MUTATIONS: dict[str, Callable[[Random], bytes]] = {"npy": _npy, "npz": _npz, "safetensors": _safetensors, "csv": _csv}
_MUTATIONS |= {kind: _table(kind) for kind in ("parquet", "arrow")}
KINDS = tuple(_MUTATIONS)
_sound_npy, _sound_npz = cache(sound.npy_files), cache(sound.npz_files)
_sound_safetensors, _sound_csv = cache(sound.safetensors_files), cache(sound.csv_files)
_sound_tables = cache(sound.table_files)
