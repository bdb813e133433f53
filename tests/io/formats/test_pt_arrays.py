"""Arrays in `.pt` files as validation loops collect them: batches, dicts in dicts, numpy arrays, lists of numbers."""

from __future__ import annotations

import shlex
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import lscli
from lscli.io.formats.crc import Pieces
from tests.io.formats.test_pt import CLASSES, EXPECTED, LABELS, LOGITS, TENSOR, crafted, refused, saved, text
from tests.io.make import figures


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "x.pt"


PAIR = {"logits": TENSOR, "labels": CLASSES}
BATCHES = [(TENSOR[:13], CLASSES[:13]), (TENSOR[13:14], CLASSES[13:14]), (TENSOR[14:], CLASSES[14:])]
LOGIT_BATCHES, LABEL_BATCHES = map(list, zip(*BATCHES, strict=True))


@pytest.mark.parametrize(
    ("value", "keys"),
    [
        ({"logits": LOGIT_BATCHES, "labels": LABEL_BATCHES}, ()),
        ({"logits": LOGIT_BATCHES, "labels": LABELS.tolist(), "lr": [0.1, 0.2], "epoch": 3, "arch": "x"}, ()),
        ({"logits": tuple(LOGIT_BATCHES), "labels": [part.tolist() for part in LABEL_BATCHES]}, ()),
        ({"logits": LOGIT_BATCHES, "labels": [*CLASSES]}, ()),
        ({"logits": LOGITS.tolist(), "labels": [*CLASSES.numpy()]}, ()),
        ({"logits": LOGITS, "labels": LABELS}, ()),
        ({"logits": np.asfortranarray(LOGITS), "labels": LABELS.astype(">i2")}, ()),
        ({"logits": [part.numpy() for part in LOGIT_BATCHES], "labels": CLASSES}, ()),
        ({"logits": [LOGIT_BATCHES[0].numpy(), *LOGIT_BATCHES[1:]], "labels": CLASSES}, ()),
        ([{"logits": x, "labels": y, "loss": 0.5} for x, y in BATCHES], ()),
        ([{"labels": y.tolist(), "logits": x, "n": k} for k, (x, y) in enumerate(BATCHES)], ()),
        ({"val": PAIR, "epoch": 3}, ()),
        ({"val": [{"logits": x, "labels": y} for x, y in BATCHES]}, ()),
        ({"a": {"b": {"logits": LOGIT_BATCHES}}, "labels": LABEL_BATCHES}, ()),
        (BATCHES, ("0", "1")),
        ([[x, y.tolist()] for x, y in BATCHES], ("0", "1")),
        ({"val": PAIR, "test": {"logits": -TENSOR, "labels": CLASSES}}, ("val/logits", "val/labels")),
        ({"val/logits": TENSOR, "val": {"y": CLASSES}, "x": {"logits": -TENSOR}}, ("val/logits", "val/y")),
        ({"x": [-TENSOR, TENSOR], "y": [LABELS.tolist()]}, ("x/1", "y")),
        ([-TENSOR, TENSOR, {"y": {7: CLASSES}}], ("1", "2/y/7")),
    ],
)
@pytest.mark.parametrize("protocol", [2, 4, 5])
def test_values_are_found_as_others_write_them(path: Path, value: Any, keys: Any, protocol: int) -> None:
    saved(path, value, pickle_protocol=protocol)
    options: dict[str, Any] = dict(zip(("logits_key", "labels_key"), keys, strict=False))
    for chunk_rows in (None, 5):
        assert EXPECTED == figures(lscli.evaluate(path, chunk_rows=chunk_rows, **options))


def test_a_number_too_large_for_a_label_is_refused(path: Path) -> None:
    refused(saved(path, {"logits": TENSOR, "labels": [2**70] * 40}), "too large for its type", labels=None)


def test_batches_without_names_are_one_array(path: Path) -> None:
    for value in (LOGIT_BATCHES, tuple(LOGIT_BATCHES), [part.numpy() for part in LOGIT_BATCHES], LOGITS):
        assert EXPECTED == figures(lscli.evaluate(saved(path, value), LABELS))
        assert [("40x5", "logits")] == [(row.shape, row.taken_for) for row in lscli.inspect(path).rows]
    expected = figures(lscli.evaluate(LOGITS[13:14], LABELS[13:14]))
    assert expected == figures(lscli.evaluate(saved(path, LOGIT_BATCHES), LABELS[13:14], logits_key="1"))


def test_batches_of_tokens_are_flattened(path: Path) -> None:
    x, y = TENSOR.reshape(10, 4, 5), CLASSES.reshape(10, 4)
    saved(path, {"logits": [x[:3], x[3:]], "labels": [y[:3], y[3:]]})
    assert EXPECTED == figures(lscli.evaluate(path, flatten=True, clusters="none"))
    moved = x.movedim(-1, 1)
    saved(path, {"logits": [moved[:3], moved[3:]], "labels": [y[:3], y[3:]]})
    assert EXPECTED == figures(lscli.evaluate(path, class_axis=1, clusters="none"))
    saved(path, {"logits": [TENSOR[:20].T, TENSOR[20:].T], "labels": CLASSES})
    error = refused(path, "its batches do not divide into rows", labels=LABELS[:20], class_axis=0)
    assert "torch.cat(logits, dim=1)" in error.hint


def test_the_command_of_inspect_reads_what_it_lists(path: Path) -> None:
    other = {"logits": -TENSOR, "labels": CLASSES.flip(0)}
    for value in ({"val": PAIR, "test": other}, {"runs": [other, other], "val": PAIR}, {"x": BATCHES}, BATCHES):
        rows = lscli.inspect(saved(path, value)).rows
        commands = {row.key: row.command for row in rows if row.taken_for == "logits"}
        assert commands
        for key, command in commands.items():
            words = shlex.split(command)
            options: dict[str, Any] = {words[k][2:].replace("-", "_"): words[k + 1] for k in range(3, len(words), 2)}
            assert key == options["logits_key"]
            if key in ("val/logits", "x/0", "0"):
                assert EXPECTED == figures(lscli.evaluate(path, **options))


def test_batches_that_share_a_storage_are_checked_once(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    saved(path, {"logits": [TENSOR[k : k + 2] for k in range(0, 40, 2)], "labels": CLASSES})
    calls: list[int] = []
    total = Pieces.total

    def counted(*own: Any) -> int:
        calls.append(1)
        return total(*own)

    monkeypatch.setattr(Pieces, "total", counted)
    assert EXPECTED == figures(lscli.evaluate(path))
    assert len(calls) < 10
    for at in range(path.stat().st_size):
        if LOGITS.tobytes()[:8] == path.read_bytes()[at : at + 8]:
            break
    data = bytearray(path.read_bytes())
    data[at + 500] ^= 1
    path.write_bytes(data)
    refused(path, "the checksum of its data is wrong")


def test_references_to_one_value_are_bounded(path: Path) -> None:
    tensor = torch.zeros(1000, 100)
    saved(path, {"logits": [tensor] * 400, "labels": [torch.zeros(1000, dtype=torch.int64)] * 400})
    refused(path, "its 400 batches refer to more values than the file")
    row = [0.5] * 4000
    saved(path, {"logits": [row] * 4000, "labels": CLASSES})
    refused(path, "its 4000 lists refer to more values than the file")


LIST = b"](" + b"K\1" * 10_000 + b"eq\0"
REFERENCES = LIST + b"](" + b"h\0" * 50_000 + b"eq\1"


@pytest.mark.parametrize(
    "value",
    [
        REFERENCES,
        REFERENCES + b"}(" + b"".join(text(f"{k}") + b"h\1" for k in range(3000)) + b"u",
        b"}(" + b"".join(text(f"{k}") + b"N" for k in range(3000)) + b"uq\0](" + b"h\0" * 10_000 + b"e",
    ],
    ids=["a list of one list", "a dict of one list of lists", "a list of one dict"],
)
def test_many_references_to_long_values_take_no_time(path: Path, value: bytes) -> None:
    crafted(path, b"\x80\x02" + value + b".")
    start = time.process_time()
    refused(path, "batches refer to more values|several arrays|a list, not a tensor|holds no array|holds one")
    assert lscli.inspect(path).rows
    assert time.process_time() - start < 10  # 1 s
