"""Bad inputs 79 to 82, and unnumbered ones about names: the command line, the output, file names."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

from tests.bad_inputs.case import Case, sound
from tests.io.make import saved, some_labels, some_logits

LOGITS, LABELS = some_logits(), some_labels()


def _with(*options: object) -> Callable[[Path], Sequence[object]]:
    return lambda folder: ["eval", *sound(folder), *options]


def _onto_itself(link: Callable[[Path, Path], object] | None, which: int) -> Callable[[Path], Sequence[object]]:
    def arguments(folder: Path) -> Sequence[object]:
        pair = sound(folder)
        target = pair[which]
        if link is not None:
            link(target, folder / "alias.csv")
            target = folder / "alias.csv"
        return ["eval", *pair, "-f", "csv", "-o", target]

    return arguments


def _onto_a_shard(folder: Path) -> Sequence[object]:
    (folder / "x-1.npy").write_bytes(saved(LOGITS))
    return ["eval", folder / "x-*.npy", sound(folder)[1], "-f", "csv", "-o", folder / "x-1.npy"]


def _to_a_link(folder: Path) -> Sequence[object]:
    (folder / "link.csv").symlink_to(folder / "target.csv")
    return ["eval", *sound(folder), "-o", folder / "link.csv"]


def _named(name: str | bytes, content: bytes = b"") -> Callable[[Path], Sequence[object]]:
    """Return a `Make` that passes a file with an unusual name as logits."""

    def arguments(folder: Path) -> Sequence[object]:
        path = os.path.join(os.fsencode(folder), name if isinstance(name, bytes) else name.encode())
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as file:
            file.write(content)
        return ["eval", os.fsdecode(path), sound(folder)[1]]

    return arguments


_SOUND = saved(LOGITS)
_ANSWER = (LOGITS, LABELS)


def _copies(folder: Path, *names: str) -> list[Path]:
    """Copies of the logits, and of the labels for names with a y."""
    logits, labels = sound(folder)
    return [Path(shutil.copy(labels if "y" in name[0] else logits, folder / name)) for name in names]


CASES = [
    Case("79 --eps nan", _with("--eps", "nan"), "must be finite and in [0, 1]", code=2),
    Case("80 --bins 0", _with("--bins", "0"), "bins", code=2),
    Case("80 --bins 1000000000", _with("--bins", "1000000000"), "bins", code=2),
    Case("80 --device cuda:99", _with("--device", "cuda:99"), "device cuda:99 is not available", code=2),
    Case(
        "80 a pattern that the shell replaced",
        lambda folder: ["eval", *_copies(folder, "x-1.npy", "x-2.npy", "y-1.npy", "y-2.npy")],
        "unexpected extra argument",
        "to compare models, say lscli compare",
        code=2,
    ),
    Case(
        "81 the output is the logits",
        _onto_itself(None, 0),
        "the output is one of the inputs",
        code=2,
        named="logits.npy",
    ),
    Case(
        "81 the output is the labels",
        _onto_itself(None, 1),
        "the output is one of the inputs",
        code=2,
        named="labels.npy",
    ),
    Case(
        "81 by a symlink",
        _onto_itself(lambda one, two: two.symlink_to(one), 0),
        "the output is one of the inputs",
        code=2,
        named="alias.csv",
    ),
    Case(
        "81 by a hard link",
        _onto_itself(lambda one, two: os.link(one, two), 0),
        "the output is one of the inputs",
        code=2,
        named="alias.csv",
    ),
    Case("81 the output is a shard", _onto_a_shard, "the output is one of the inputs", code=2, named="x-1.npy"),
    Case("82 the output is a symlink", _to_a_link, code=0),
    Case("E markup in the name", _named("x[/x].npy", _SOUND), code=0, same=_ANSWER),
    Case("E markup in the name of a bad file", _named("x[/x].npy"), "x[/x].npy: empty file"),
    Case(
        "E escapes in the name of a bad file",
        _named("x\x1b[2J\x1b]0;y\x07.npy"),
        r"x\x1b[2J\x1b]0;y\x07.npy: empty file",
    ),
    Case("E escapes in the name", _named("x\x1b[2J.npy", _SOUND), code=0, same=_ANSWER),
    Case("E a name that is not UTF-8", _named(b"caf\xe9.npy", _SOUND), code=0, same=_ANSWER),
    Case("E a name that is not UTF-8 of a bad file", _named(b"caf\xe9.npy"), r"caf\udce9.npy: empty file"),
    Case("E a formula for a name", _named("=1+1.npy", _SOUND), code=0, same=_ANSWER),
    Case("E a pattern for a name", _named("x*[0-9]?.npy", _SOUND), code=0, same=_ANSWER),
    Case(
        "E a very long name",
        lambda folder: ["eval", folder / ("x" * 300 + ".npy"), sound(folder)[1]],
        "the path is too long",
    ),
]
