"""Tables of logits and labels, in the files that pyarrow writes."""

from __future__ import annotations

import random
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from numpy.typing import NDArray
from pyarrow import parquet

import lscli
from lscli.errors import InputError, LscliWarning, ReadWriteError
from tests.io.make import some_labels, some_logits

LOGITS, LABELS = some_logits(40, 5), some_labels(40, 5)
LAYOUTS = ("lists", "lists of any length", "columns")
# How a file is written, by what its name ends with.
KINDS = (".parquet", ".arrow", ".stream.arrow", ".packed.arrow", ".packed.stream.arrow", ".feather")


def table(layout: str, logits: NDArray[Any] = LOGITS, **more: Any) -> pa.Table:
    """Logits as lists, of a fixed length by their type or not, or as columns `logit_0` and so on; and other columns."""
    classes = logits.shape[1]
    if layout == "lists":
        own = {"logits": pa.FixedSizeListArray.from_arrays(pa.array(logits.ravel()), classes)}
    elif layout == "lists of any length":
        own = {"logits": pa.array(list(logits))}
    else:
        own = {f"logit_{place}": pa.array(np.ascontiguousarray(logits[:, place])) for place in range(classes)}
    return pa.table({**own, **(more or {"label": LABELS})})


def save(path: Path, value: pa.Table, rows: int = 13, **options: Any) -> Path:
    """A file by the kind that its name ends with, in batches of so many rows."""
    name = path.name
    if name.endswith(".parquet"):
        parquet.write_table(value, path, row_group_size=rows, **options)
        return path
    packed = ".packed" in name or name.endswith(".feather")
    settings = pa.ipc.IpcWriteOptions(compression="lz4" if packed else None)
    new = pa.ipc.new_stream if ".stream" in name else pa.ipc.new_file
    with pa.OSFile(str(path), "wb") as sink, new(sink, value.schema, options=settings) as writer:
        writer.write_table(value, max_chunksize=rows)
    return path


def refused(path: Path, says: str, **options: Any) -> lscli.LscliError:
    """The error, in one line, of the file as logits and labels."""
    with pytest.raises(InputError, match=says) as caught:
        lscli.evaluate(path, **options)
    assert caught.value.where.startswith(str(path))
    assert caught.value.hint
    assert "\n" not in str(caught.value)
    return caught.value


def damaged(data: bytes, flips: int) -> Iterator[bytes]:
    """The same bytes cut off at every 50th, and with some of them others."""
    for size in range(0, len(data), 50):
        yield data[:size]
    chance = random.Random(3)
    for _ in range(flips):
        spoilt = bytearray(data)
        for _ in range(chance.choice((1, 1, 4))):
            # Most of what can be damaged is at the end, where footers are.
            place = chance.randrange(len(data))
            if chance.random() < 0.5:
                place = len(data) - 1 - min(len(data) - 1, int(chance.expovariate(1 / 400)))
            spoilt[place] = chance.choice((0, 127, 128, 255, spoilt[place] ^ 1 << chance.randrange(8)))
        yield bytes(spoilt)


def outcomes(path: Path, data: bytes, flips: int) -> set[str]:
    """What comes of damaged files: names of errors, or `read`. Another exception is a bug, and passes through."""
    found = set()
    for spoilt in damaged(data, flips):
        path.write_bytes(spoilt)
        found.add(_outcome(path))
    return found


def _outcome(path: Path) -> str:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", LscliWarning)
            lscli.evaluate(path, metrics="accuracy", nonfinite="skip", threads=1)
    except (InputError, ReadWriteError) as error:
        return type(error).__name__ if "\n" not in str(error) else str(error)
    return "read"
