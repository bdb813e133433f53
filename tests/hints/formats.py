"""Arrays in files that are not read as they are: `.npy`, archives, tensors, samples of lm-evaluation-harness."""

from __future__ import annotations

import json
import pickle
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from tests.hints.case import Hint, Make, arrays, right
from tests.io.make import archive, saved, with_header

X, Y = right([0, 1, 2, 0], 3), np.array([0, 1, 2, 1])
T, L = torch.from_numpy(X), torch.from_numpy(Y)
TWICE = [T[:2], T[2:]], [L[:2], L[2:]]
PAIR = {"logits": T, "labels": L}
SAVE = "torch.save({'logits': logits, 'labels': labels}, path)"
JOIN = "torch.save({'logits': torch.cat(logits), 'labels': torch.cat(labels)}, path)"
NPY = "np.save(path, array)"


def file(name: str, data: bytes, *words: object) -> Make:
    """A `Make` of a file of logits with these bytes, and of labels."""

    def arguments(folder: Path) -> Sequence[object]:
        (folder / name).write_bytes(data)
        (folder / "y.npy").write_bytes(saved(Y))
        return ["eval", folder / name, folder / "y.npy", *words]

    return arguments


def called(name: str, other: str) -> Make:
    """The file of logits under another name, as the hint says."""
    return lambda folder: ["eval", (folder / name).rename(folder / other)]


def pt(make: Callable[[], Any] | dict[str, Any], *words: object, **options: Any) -> Make:
    """A `Make` of what `torch.save` saves; a function makes what warns."""

    def arguments(folder: Path) -> Sequence[object]:
        torch.save(make() if callable(make) else make, folder / "x.pt", **options)
        return ["eval", folder / "x.pt", *words]

    return arguments


def one(tensor: Callable[[], Any]) -> Make:
    """A `Make` of these logits, and of the labels."""
    return pt(lambda: {"logits": tensor(), "labels": L})


LINES = [json.dumps({"logits": row, "label": label}) for row, label in zip(X.tolist(), Y.tolist(), strict=True)]


def jsonl(*lines: str, words: Sequence[object] = ()) -> Make:
    """A `Make` of JSON lines."""

    def arguments(folder: Path) -> Sequence[object]:
        (folder / "x.jsonl").write_text("".join(f"{line}\n" for line in lines))
        return ["eval", folder / "x.jsonl", *words]

    return arguments


def dumped(folder: Path) -> Sequence[object]:
    """JSON lines, written as the hint says."""
    with (folder / "x.jsonl").open("w") as file:
        for row, label in zip(X, Y, strict=True):
            print(json.dumps({"logits": row.tolist(), "label": int(label)}), file=file)
    return ["eval", folder / "x.jsonl"]


def npz(**members: Any) -> Make:
    """A `Make` of an archive with these members."""
    return lambda folder: ["eval", archive(folder / "x.npz", **members)]


def _compressed(folder: Path) -> Sequence[object]:
    np.savez_compressed(folder / "x.npz", logits=np.tile(X, (1000, 1)), labels=np.tile(Y, 1000))
    return ["eval", folder / "x.npz"]


def _uncompressed(folder: Path) -> Sequence[object]:
    with np.load(folder / "x.npz") as held:
        np.savez(folder / "y.npz", **held)
    return ["eval", folder / "y.npz"]


def _torch_as_npz(folder: Path) -> Sequence[object]:
    torch.save(PAIR, folder / "x.npz")
    return ["eval", folder / "x.npz"]


def _saved_anew(folder: Path) -> Sequence[object]:
    path = folder / "x.pt"
    torch.save(torch.load(path, weights_only=True), path)
    return ["eval", path]


def _without_checksums(folder: Path) -> Sequence[object]:
    torch.serialization.set_crc32_options(False)
    try:
        return pt(PAIR)(folder)
    finally:
        torch.serialization.set_crc32_options(True)


def _expanded() -> torch.Tensor:
    return T[:1].expand(4, 3)


def samples(*words: object, filters: Sequence[str] = (), array: bool = False, **fields: Any) -> Make:
    """A `Make` of a file of lm-evaluation-harness."""

    def arguments(folder: Path) -> Sequence[object]:
        own = [{"filter": name} for name in filters] or [{}]
        lines = [
            {
                "doc_id": number,
                "target": str(label),
                "filtered_resps": [[str(value), "False"] for value in row.tolist()],
                **each,
                **fields,
            }
            for each in own
            for number, (row, label) in enumerate(zip(X, Y, strict=True))
        ]
        text = json.dumps(lines) if array else "".join(json.dumps(line) + "\n" for line in lines)
        (folder / "x.jsonl").write_text(text)
        return ["eval", folder / "x.jsonl", *words]

    return arguments


def _one_filter(array: bool) -> Make:
    """What the program of the hint keeps; jq is not needed to know it."""

    def arguments(folder: Path) -> Sequence[object]:
        text = (folder / "x.jsonl").read_text()
        held = json.loads(text) if array else [json.loads(line) for line in text.splitlines()]
        kept = [json.dumps(sample) for sample in held if sample.get("filter", "none") == "none"]
        (folder / "x.jsonl").write_text("\n".join(kept) + "\n")
        return ["eval", folder / "x.jsonl"]

    return arguments


CASES = [
    Hint("an empty .npy", file("x.npy", b""), "empty file", f"save the array again: {NPY}", arrays(X, Y), 0.75),
    Hint("a text called .npy", file("x.npy", b"1,2,3\n"), "not a .npy file", NPY, arrays(X, Y), 0.75),
    Hint(
        "a header of .npy that is too long",
        file("x.npy", with_header(" " * 20000)),
        "header too long",
        f"save it as a plain array: {NPY}",
        arrays(X, Y),
        0.75,
    ),
    Hint(
        "a later version of .npy",
        file("x.npy", saved(X)[:6] + b"\x09\x00" + saved(X)[8:]),
        "unsupported .npy version 9.0",
        f"save the array again: {NPY}",
        arrays(X, Y),
        0.75,
    ),
    Hint(
        "an object array of logits",
        file("x.npy", with_header("{'descr': '|O', 'fortran_order': False, 'shape': (4, 3), }")),
        "object arrays are refused: they hold pickles",
        "save numbers: np.save(path, np.array(x, np.float32))",
        arrays(np.array(X.astype(object), np.float32), Y),
        0.75,
    ),
    Hint(
        "bytes after an array",
        file("x.npy", saved(X) + b"more"),
        "trailing bytes",
        "save the array again, or ignore them with --allow-trailing",
        "--allow-trailing",
        0.75,
    ),
    Hint(
        "a large array in Fortran order",
        arrays(np.asfortranarray(X), Y),
        "Fortran order, and larger than 1 GiB",
        "save it in C order: np.save(path, np.ascontiguousarray(array))",
        arrays(np.ascontiguousarray(np.asfortranarray(X)), Y),
        0.75,
        patches={"lscli.io.formats.npy.MAX_FORTRAN": 1},
    ),
    Hint(
        "a type of elements that have one",
        arrays(X, Y, "--dtype", "bfloat16"),
        "the elements are float32 already",
        "leave out --dtype",
        arrays(X, Y),
        0.75,
        code=2,
    ),
    Hint(
        "a pickle in an archive",
        npz(logits=pickle.dumps(1), labels=saved(Y)),
        "a pickle, which is refused and never loaded",
        f"save the array itself: {NPY}",
        arrays(X, Y),
        0.75,
    ),
    Hint(
        "an archive that expands too far",
        _compressed,
        "-fold, as malicious archives do",
        "if you trust it, save it again with np.savez, uncompressed",
        _uncompressed,
        0.75,
        patches={"lscli.io.formats.zip_archive._RATIO_FROM": 1, "lscli.io.formats.zip_archive._MAX_RATIO": 2},
    ),
    Hint(
        "a file of torch called .npz",
        _torch_as_npz,
        "a .pt file of torch, not an .npz archive",
        "give it the suffix .pt or say --input-format pt",
        "--input-format pt",
        0.75,
        never=("data.pkl",),
    ),
    Hint(
        "an archive of numpy called .pt",
        lambda folder: ["eval", archive(folder / "x.pt", logits=X, labels=Y)],
        "a zip archive that torch did not write",
        "if it is an .npz archive, give it the suffix .npz",
        called("x.pt", "x.npz"),
        0.75,
    ),
    Hint(
        "the old form of torch",
        pt(PAIR, _use_new_zipfile_serialization=False),
        "a .pt file in the old form of torch",
        "save it again: torch.save(torch.load(path, weights_only=True), path)",
        _saved_anew,
        0.75,
    ),
    Hint(
        "no checksums",
        _without_checksums,
        "was saved without checksums",
        "call torch.serialization.set_crc32_options(True) before you save it",
        pt(PAIR),
        0.75,
    ),
    Hint(
        "nothing in a .pt file",
        pt({}),
        "holds no array",
        f"save tensors: {SAVE}",
        pt(PAIR),
        0.75,
    ),
    Hint(
        "two arrays called logits",
        pt({"val": PAIR, "test": {**PAIR}}),
        "holds 2 arrays called logits",
        "name one with --logits-key: val/logits, test/logits",
        lambda folder: ["eval", folder / "x.pt", *("--logits-key", "val/logits", "--labels-key", "val/labels")],
        0.75,
    ),
    Hint(
        "the key of a dict of arrays",
        pt({"val": PAIR}, "--logits-key", "val"),
        "'val' is a dict of arrays",
        "name an array in it with --logits-key: val/logits, val/labels",
        lambda folder: ["eval", folder / "x.pt", "--logits-key", "val/logits"],
        0.75,
    ),
    Hint(
        "a dict of arrays in the place of the labels",
        pt({"logits": T, "labels": {"y": L}}),
        "'labels' is a dict of arrays",
        "name an array in it with --labels-key: labels/y",
        lambda folder: ["eval", folder / "x.pt", "--labels-key", "labels/y"],
        0.75,
    ),
    Hint(
        "a row for each item of a list",
        pt({"logits": [*T], "labels": L}),
        "a list of 4 arrays of shape (3,), which may be rows or parts of one row",
        "stack rows: torch.save({'logits': torch.stack(logits), 'labels': labels}, path)",
        pt({"logits": torch.stack([*T]), "labels": L}),
        0.75,
    ),
    Hint(
        "batches of classes by samples",
        lambda folder: [
            *pt({"logits": [torch.zeros(2, 6), torch.zeros(2, 6)], "labels": torch.zeros(6).long()})(folder),
            *("--class-axis", "0"),
        ],
        "its batches do not divide into rows of (4, 6)",
        "join them into one array: torch.cat(logits, dim=1)",
        pt({"logits": T, "labels": L}),
        0.75,
    ),
    Hint(
        "an array of objects in a .pt file",
        pt({"logits": X.astype(object), "labels": Y}),
        "a numpy array of dtype 'O8', not of numbers",
        "save it as numbers: array.astype('float32')",
        pt({"logits": X.astype(object).astype("float32"), "labels": Y}),
        0.75,
    ),
    *(
        Hint(
            f"{name}, and several keys",
            pt(value),
            says,
            hint,
            pt(PAIR),
            0.75,
            never=("--logits-key",),
        )
        for name, value, says, hint in (
            ("nothing but numbers", {"lr": 0.1, "epoch": 5}, "a dict, not a tensor", f"save tensors: {SAVE}"),
        )
    ),
    Hint(
        "a number for logits",
        pt({"logits": 5, "labels": L}),
        "an int, not a tensor",
        f"save tensors: {SAVE}",
        pt(PAIR),
        0.75,
    ),
    Hint(
        "a tensor and no labels",
        pt(lambda: T),
        "holds one tensor, and no labels",
        "name the file of the labels",
        lambda folder: ["eval", folder / "x.pt", arrays(X, Y)(folder)[2]],
        0.75,
    ),
    Hint(
        "float8",
        one(lambda: T.to(torch.float8_e4m3fn)),
        "a tensor of dtype torch.float8_e4m3fn",
        "save tensor.float()",
        one(lambda: T.to(torch.float8_e4m3fn).float()),
        0.75,
    ),
    Hint(
        "a sparse tensor",
        one(T.to_sparse),
        "a tensor of layout torch.sparse_coo",
        "save tensor.to_dense()",
        one(lambda: T.to_sparse().to_dense()),
        0.75,
    ),
    Hint(
        "a quantized tensor in a file",
        one(lambda: torch.quantize_per_tensor(T, 0.5, 0, torch.qint8)),
        "a quantized tensor",
        "save tensor.dequantize()",
        one(lambda: torch.quantize_per_tensor(T, 0.5, 0, torch.qint8).dequantize()),
        0.75,
    ),
    *(
        Hint(
            f"a nested tensor in a file, {layout}",
            one(lambda layout=layout: torch.nested.nested_tensor([*T], layout=layout)),  # type: ignore[misc]
            "a nested tensor, whose rows differ in length",
            "save logits.to_padded_tensor(-torch.inf) and labels.to_padded_tensor(-100)",
            one(lambda layout=layout: torch.nested.nested_tensor([*T], layout=layout).to_padded_tensor(-torch.inf)),  # type: ignore[misc]
            0.75,
        )
        for layout in (torch.strided, torch.jagged)
    ),
    Hint(
        "labels as a nested tensor",
        pt(
            lambda: {"logits": torch.stack([*TWICE[0]]), "labels": torch.nested.nested_tensor([L[:2], L[2:3]])},
            "--flatten",
        ),
        "a nested tensor, whose rows differ in length",
        "labels.to_padded_tensor(-100)",
        pt(
            lambda: {
                "logits": torch.stack([*TWICE[0]]),
                "labels": torch.nested.nested_tensor([L[:2], L[2:3]]).to_padded_tensor(-100),
            },
            "--flatten",
        ),
        1.0,
    ),
    Hint(
        "an expanded tensor",
        one(_expanded),
        "its elements are used more than once, as after expand",
        "save tensor.clone()",
        one(lambda: _expanded().clone()),
        0.25,
        patches={"lscli.io.formats.pt.BLOCK": 1},
    ),
    Hint(
        "a large tensor whose rows do not lie together",
        one(lambda: T.T.contiguous().T),
        "its rows do not lie together",
        "save it in order: torch.save(tensor.contiguous(), path)",
        one(lambda: T.T.contiguous().T.contiguous()),
        0.75,
        patches={"lscli.io.formats.pt.MAX_FORTRAN": 1},
    ),
    *(
        Hint(
            f"complex values left to be {mark}",
            one(lambda view=view: view(T.to(torch.complex64))),  # type: ignore[misc]
            f"a tensor that was left to be {mark}",
            f"save tensor.{resolve}()",
            one(lambda view=view, resolve=resolve: getattr(view(T.to(torch.complex64)), resolve)()),  # type: ignore[misc]
            again="dtype complex64 is not numeric logits",
        )
        for mark, view, resolve in (
            ("conjugated", torch.conj, "resolve_conj"),
            ("negated", torch._neg_view, "resolve_neg"),
        )
    ),
    Hint(
        "no JSON",
        file("x.jsonl", b"cat 1.5\n", "--input-format", "lm-eval"),
        "line 1 is not JSON",
        "write it with lm_eval --log_samples --output_path",
        samples(),
        0.75,
        never=("copy",),
    ),
    Hint(
        "choices whose lengths are unknown",
        samples("--choice-score", "per-byte"),
        "has no arguments, so the lengths of its choices are unknown",
        "say --choice-score sum",
        "--choice-score sum",
        0.75,
    ),
    *(
        Hint(
            f"samples of two filters in {'an array' if array else 'lines'}",
            samples(filters=("none", "it's"), array=array),
            "samples would count twice",
            f'keep one: jq -c \'{".[] | " if array else ""}select((.filter // "none") == "none")\'',
            _one_filter(array),
            0.75,
        )
        for array in (False, True)
    ),
    Hint(
        "JSON lines of something else",
        jsonl(*LINES[:3], "[0.5, 1.5, 2.5]"),
        "line 4 is a JSON array, not an object",
        'write one object a line: json.dumps({"logits": row.tolist(), "label": int(label)})',
        dumped,
        0.75,
    ),
    Hint(
        "an object without a label",
        jsonl(*LINES, '{"logits": [0.5, 1.5, 2.5]}'),
        "line 5 has no 'label'",
        "every object needs the same fields: leave out rows without one, in every input",
        jsonl(*LINES),
        0.75,
    ),
    Hint(
        "objects with another number of classes",
        jsonl(*LINES, '{"logits": [0.5, 1.5], "label": 1}'),
        "line 5 has 2 numbers in 'logits', but the first object has 3",
        "a row needs one number per class: leave such rows out of every input",
        jsonl(*LINES),
        0.75,
    ),
    Hint(
        "JSON lines that are said to be samples",
        jsonl(*LINES, words=("--input-format", "lm-eval")),
        "and no 'filtered_resps'",
        "for JSON lines with logits and labels, say --input-format jsonl",
        lambda folder: ["eval", folder / "x.jsonl", "--input-format", "jsonl"],
        0.75,
    ),
    Hint(
        "two lists in JSON lines",
        jsonl(*(line.replace("{", '{"other": [0.5, 1.5], ').replace("logits", "scores") for line in LINES)),
        "has several columns of lists and none is called logits",
        "name one with --logits-key: other, scores",
        lambda folder: ["eval", folder / "x.jsonl", "--logits-key", "scores"],
        0.75,
    ),
]
