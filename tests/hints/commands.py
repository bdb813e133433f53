"""Options and commands: what does not go together, what is missing, what a command does not know."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from lscli.limits import MemoryLimit
from lscli.scan.chunk_size import _SPARE
from tests.hints.case import Hint, Make, agreement, right, typed
from tests.io.make import some_labels, some_logits

X, Y = some_logits(24, 3), some_labels(24, 3)
Z, BITS = some_logits(24, 1)[:, 0], some_labels(24, 2)
EVAL = ("eval", "x.npy", "y.npy")
RIGHT, BINARY = agreement(X, Y), agreement(Z, BITS)
SOFT = np.full((24, 3), 1 / 3)
DOCUMENTS = "doc,site\n" + "".join(f"{row},a\n" for row in range(24))


def written(name: str, text: str | bytes, make: Make) -> Make:
    """The same, beside a file of this text."""

    def arguments(folder: Path) -> Sequence[object]:
        (folder / name).write_bytes(text if isinstance(text, bytes) else text.encode())
        return make(folder)

    return arguments


def renamed(old: str, new: str, make: Make) -> Make:
    """The same, after a file got another name."""

    def arguments(folder: Path) -> Sequence[object]:
        (folder / old).rename(folder / new)
        return make(folder)

    return arguments


def packed(name: str, *words: object, **arrays: object) -> Make:
    """A `Make` of one archive of numpy; see `typed` for the words."""

    def arguments(folder: Path) -> Sequence[object]:
        np.savez_compressed(folder / name, **arrays)  # type: ignore[arg-type]
        return typed(*words)(folder)

    return arguments


def after(first: Make, then: Make) -> Make:
    """The files of the first, the command of the second."""
    return lambda folder: (first(folder), then(folder))[1]


FIRST = np.moveaxis(X.reshape(6, 4, 3), -1, 1)
WIDE = np.arange(400) % 200
QUESTIONS = "".join(
    json.dumps(
        {
            "doc_id": number,
            "target": target,
            "arguments": [["q", f" {choice}"] for choice in range(len(values))],
            "resps": [[[value, False]] for value in values],
            "filtered_resps": [[value, False] for value in values],
            "acc": acc,
        }
    )
    + "\n"
    for number, (values, target, acc) in enumerate(
        [([-1.5, -2.25], 0, 1.0), ([-1.25, -2.5, -0.5], 0, 0.0), ([-3.5, -0.75], 1, 1.0)]
    )
)


def models(folder: Path) -> Sequence[object]:
    """Two models in folders of their own, read as one."""
    for name, x in (("a", X), ("b", X + 1)):
        (folder / name).mkdir(exist_ok=True)
        typed(x=x, y=Y)(folder / name)
    return ["eval", folder / "*" / "x.npy", folder / "*" / "y.npy"]


def compared(folder: Path) -> Sequence[object]:
    """The same models in a comparison."""
    return ["compare", folder / "a" / "x.npy", folder / "b" / "x.npy", folder / "a" / "y.npy"]


BOTH = typed(*EVAL, x=X, y=Y)
MASKED = np.where((np.arange(24)[:, None] == 3) & (np.arange(3) == (Y[3] + 1) % 3), -np.inf, X)
NAN = np.where((np.arange(24)[:, None] == 3) & (np.arange(3) == 0), np.nan, X)
PICKLED = b"\x80\x04\x95\x0b\x00\x00\x00\x00\x00\x00\x00]\x94(\x8c\x01a\x94e."

CASES = [
    # Options that do not go together.
    Hint(
        "equal mass with the bins of a library",
        typed("bins", "x.npy", "y.npy", "--equal-mass", "--compat", "netcal", x=X, y=Y),
        "has no bins of equal count",
        "leave --equal-mass or --compat out",
        typed("bins", "x.npy", "y.npy", "--equal-mass"),
        prints="confidence",
        code=2,
    ),
    Hint(
        "a metric of all classes by class",
        typed("classes", "x.npy", "y.npy", "--metrics", "classwise_ece", x=X, y=Y),
        "is a metric of all classes together",
        "use lscli eval",
        typed(*EVAL, "--metrics", "classwise_ece"),
        prints="classwise_ece,",
        code=2,
    ),
    Hint(
        "another number of classes of rows",
        typed("smooth", "y.npy", "--classes", 4, y=np.eye(3)),
        "labels of 3 classes, not 4",
        "leave out --classes",
        typed("smooth", "y.npy"),
        prints="q0,q1,q2\n",
    ),
    Hint(
        "shares of rows without a class",
        typed("smooth", "y.npy", "--smoothing", "prior", "--prior", "empirical", y=np.zeros((4, 3))),
        "no row has a class",
        "give a prior: --prior FILE",
        typed("smooth", "y.npy", "--smoothing", "prior", "--prior", "p.npy", p=[0.5, 0.25, 0.25]),
        prints="q0,q1,q2\n",
    ),
    Hint(
        "a prior where each row has its own classes",
        typed(*EVAL, "--smoothing", "prior", "--prior", "empirical", "--masked-classes", "exclude", x=X, y=Y),
        "cannot be applied where each row has its own classes",
        "say --masked-classes keep or --masked-classes error",
        "--masked-classes keep",
        accuracy=RIGHT,
        code=2,
    ),
    Hint(
        "masked classes that are an error",
        typed(*EVAL, "--masked-classes", "error", x=MASKED, y=Y),
        "row 3 has a masked class (-inf)",
        "to leave such classes out of their row, say --masked-classes exclude",
        "--masked-classes exclude",
        accuracy=agreement(MASKED, Y),
    ),
    Hint(
        "a masked class in a soft label",
        typed(*EVAL, "--soft-labels", "--masked-classes", "exclude", x=MASKED, y=SOFT),
        "row 3 has a masked class (-inf) that is part of its soft label",
        "say --masked-classes keep, which makes the loss infinite",
        "--masked-classes keep",
        prints="loss_hard,inf",
    ),
    Hint(
        "a row with nan",
        typed(*EVAL, x=NAN, y=Y),
        "row 3 has nan",
        "look at the run that wrote it, or skip such rows with --nonfinite skip",
        "--nonfinite skip",
        accuracy=agreement(np.delete(X, 3, axis=0), np.delete(Y, 3)),
    ),
    Hint(
        "nothing but nan",
        typed(*EVAL, x=X * np.nan, y=Y),
        "row 0 has nan",
        "--nonfinite skip",
        "--nonfinite skip",
        again="no row is finite",
    ),
    Hint(
        "no eps",
        typed(*EVAL, "--eps", "", x=X, y=Y),
        "must be finite and in [0, 1], got ",
        "for example --eps 0.1",
        typed(*EVAL, "--eps", "0.1"),
        accuracy=RIGHT,
        code=2,
    ),
    Hint(
        "a range that is none",
        typed("sweep", "x.npy", "y.npy", "--eps", "0:1", x=X, y=Y),
        "not a range of eps: 0:1",
        "write start:stop:step, for example 0:0.5:0.05",
        typed("sweep", "x.npy", "y.npy", "--eps", "0:0.5:0.05"),
        accuracy=RIGHT,
        code=2,
    ),
    Hint(
        "an eps below 0",
        typed(*EVAL, "--eps", "-0.1", x=X, y=Y),
        "must be finite and in [0, 1], got -0.1",
        "for example --eps 0.1; --allow-negative-eps accepts an eps below 0",
        "--allow-negative-eps",
        accuracy=RIGHT,
        code=2,
    ),
    Hint(
        "a parameter below 0",
        typed(*EVAL, "-m", "loss_smoothed@-0.1", x=X, y=Y),
        "must be finite and in [0, 1], got -0.1",
        "for example loss_smoothed@0.1; --allow-negative-eps accepts an eps below 0",
        "--allow-negative-eps",
        prints="loss_smoothed,",
        code=2,
    ),
    Hint(
        "a positive class and the top label",
        typed(*EVAL, "--binary", "--positive-class", 1, "--top-label", x=Z, y=BITS),
        "cannot be combined with --top-label",
        "leave one of them out",
        typed(*EVAL, "--binary", "--positive-class", 1),
        accuracy=BINARY,
        code=2,
    ),
    Hint(
        "a positive class of soft labels",
        typed(*EVAL, "--soft-labels", "--positive-class", 1, x=X, y=SOFT),
        "soft labels have no calibration errors",
        "leave out --positive-class",
        typed(*EVAL, "--soft-labels"),
        prints="loss_hard,",
        code=2,
    ),
    Hint(
        "a positive class of three",
        typed(*EVAL, "--positive-class", 1, x=X, y=Y),
        "needs two classes, and these logits have 3",
        "leave out --positive-class; lscli classes has the calibration of each",
        typed(*EVAL),
        accuracy=RIGHT,
        code=2,
    ),
    Hint(
        "the calibration of each class",
        typed("bins", "x.npy", "y.npy", "--positive-class", 1, x=X, y=Y),
        "needs two classes, and these logits have 3",
        "lscli classes has the calibration of each",
        typed("classes", "x.npy", "y.npy"),
        prints="class,",
        code=2,
    ),
    Hint(
        "soft labels weighed by their label",
        typed(
            *(*EVAL, "--soft-labels", "--class-weights", "w.npy", "--weight-mode", "target-only"),
            x=X,
            y=SOFT,
            w=np.ones(3),
        ),
        "soft labels have several classes each",
        "say --weight-mode torch",
        "--weight-mode torch",
        prints="loss_hard,",
        code=2,
    ),
    Hint(
        "metrics that soft labels do not have",
        typed(*EVAL, "--soft-labels", "--metrics", "ece", x=X, y=SOFT),
        "not defined for soft labels: ece",
        "losses and Brier scores are: --metrics loss,brier",
        typed(*EVAL, "--soft-labels", "--metrics", "loss,brier"),
        prints="brier,",
        code=2,
    ),
    Hint(
        "soft labels by torch",
        typed(*EVAL, "--soft-labels", "--kernel", "torch", x=X, y=SOFT),
        "are computed by numpy on the CPU",
        "leave out --device and --kernel",
        typed(*EVAL, "--soft-labels"),
        prints="loss_hard,",
        code=2,
    ),
    Hint(
        "a first label of soft labels",
        typed(*EVAL, "--soft-labels", "--labels-from", 1, x=X, y=SOFT),
        "labels with one column per class do not count from a number",
        "leave out --labels-from",
        typed(*EVAL, "--soft-labels"),
        prints="loss_hard,",
        code=2,
    ),
    Hint(
        "a prior of another convention",
        typed(*EVAL, "--smoothing", "classy", "--prior", "p.npy", x=X, y=Y, p=[0.5, 0.25, 0.25]),
        "smoothing classy has no prior",
        "say --smoothing prior, or leave out --prior",
        "--smoothing prior",
        accuracy=RIGHT,
        code=2,
    ),
    Hint(
        "the convention prior without one",
        typed(*EVAL, "--smoothing", "prior", x=X, y=Y),
        "the convention prior needs a prior",
        "add --prior FILE or --prior empirical",
        "--prior empirical",
        accuracy=RIGHT,
        code=2,
    ),
    Hint(
        "a score of choices without choices",
        typed(*EVAL, "--choice-score", "per-byte", x=X, y=Y),
        "--choice-score is for the choices in samples",
        "leave out --choice-score",
        typed(*EVAL),
        accuracy=RIGHT,
        code=2,
    ),
    Hint(
        "every label is ignored",
        typed(*EVAL, "--ignore-index", 1, x=X, y=np.ones(24, int)),
        "all 24 samples are ignored (label 1)",
        "check --ignore-index",
        typed(*EVAL),
        accuracy=agreement(X, np.ones(24)),
    ),
    Hint(
        "every soft label is ignored",
        typed(*EVAL, "--soft-labels", "--ignore-index", "-1", x=X, y=np.full((24, 3), -1)),
        "all 24 samples are ignored (every row holds only -1)",
        "check --ignore-index",
        typed(*EVAL, "--soft-labels", y=SOFT),
        prints="loss_hard,",
    ),
    Hint(
        "elements that have a type",
        typed(*EVAL, "--dtype", "bfloat16", x=X, y=Y),
        "the elements are float32 already",
        "leave out --dtype",
        typed(*EVAL),
        accuracy=RIGHT,
        code=2,
    ),
    Hint(
        "elements without a type",
        typed(*EVAL, x=(X.view(np.uint32) >> 16).astype(np.uint16).view("V2"), y=Y),
        "2-byte values without a type",
        "say --dtype bfloat16",
        "--dtype bfloat16",
        accuracy=agreement((X.view(np.uint32) & 0xFFFF0000).view(np.float32), Y),
    ),
    Hint(
        "predictions for logits",
        typed(*EVAL, x=np.eye(3, dtype=bool)[Y], y=Y),
        "dtype bool is not numeric logits",
        "save the raw scores as float32, not predictions",
        typed(*EVAL, x=X),
        accuracy=RIGHT,
    ),
    Hint(
        "complex logits",
        typed(*EVAL, x=X + 0j, y=Y),
        "dtype complex64 is not numeric logits",
        "save real logits as float32",
        typed(*EVAL, x=X),
        accuracy=RIGHT,
    ),
    # Groups and weights.
    Hint(
        "a column without a file",
        typed(*EVAL, "--group-by", "site", x=X, y=Y),
        "no file is given for this column",
        "add --groups META.csv, one row per sample",
        written("meta.csv", "site\n" + "a\nb\n" * 12, typed(*EVAL, "--group-by", "site", "--groups", "meta.csv")),
        accuracy=RIGHT,
        code=2,
    ),
    Hint(
        "a file without a column",
        written("meta.csv", "id,site\n" + "1,a\n2,b\n" * 12, typed(*EVAL, "--groups", "meta.csv", x=X, y=Y)),
        "no column is named",
        "name one with --group-by COLUMN",
        typed(*EVAL, "--groups", "meta.csv", "--group-by", "site"),
        accuracy=RIGHT,
        code=2,
    ),
    Hint(
        "groups in one of several arrays",
        after(BOTH, packed("meta.npz", *EVAL, "--groups", "meta.npz", site=Y, fold=1 - Y)),
        "holds several arrays and none is called groups",
        "name one with --group-by: site, fold",
        typed(*EVAL, "--groups", "meta.npz", "--group-by", "fold"),
        accuracy=RIGHT,
    ),
    Hint(
        "clusters in a column of no file",
        typed(*EVAL, "--clusters", "doc", x=X, y=Y),
        "'doc' is not a file",
        "for a column of metadata, add --groups META.csv",
        written("meta.csv", DOCUMENTS, typed(*EVAL, "--clusters", "doc", "--groups", "meta.csv")),
        accuracy=RIGHT,
    ),
    Hint(
        "clusters in a table of several columns",
        written("meta.csv", DOCUMENTS, typed(*EVAL, "--clusters", "meta.csv", x=X, y=Y)),
        "clusters: no column is named",
        "name one with --groups FILE --clusters COLUMN: doc, site",
        typed(*EVAL, "--clusters", "doc", "--groups", "meta.csv"),
        accuracy=RIGHT,
        code=2,
    ),
    Hint(
        "clusters by an axis that is not there",
        typed(*EVAL, "--clusters", "first-axis", x=X, y=Y),
        "the samples have one axis",
        "name a file of one value per row, or a column of --groups",
        written("meta.csv", DOCUMENTS, typed(*EVAL, "--clusters", "doc", "--groups", "meta.csv")),
        accuracy=RIGHT,
        code=2,
    ),
    Hint(
        "groups in a pickle",
        written("meta.csv", PICKLED, typed(*EVAL, "--groups", "meta.csv", "--group-by", "site", x=X, y=Y)),
        "pickles are refused",
        "save it as text",
        written("meta.csv", "site\n" + "a\nb\n" * 12, typed(*EVAL, "--group-by", "site", "--groups", "meta.csv")),
        accuracy=RIGHT,
        never=("np.savez",),
    ),
    Hint(
        "class names in a pickle",
        written("n.txt", PICKLED, typed("classes", "x.npy", "y.npy", "--class-names", "n.txt", x=X, y=Y)),
        "pickles are refused",
        "save it as text",
        written("n.txt", "cat\ndog\nemu\n", typed("classes", "x.npy", "y.npy", "--class-names", "n.txt")),
        prints="emu",
        never=("np.savez",),
    ),
    Hint(
        "several weights",
        after(BOTH, packed("w.npz", *EVAL, "--weights", "w.npz", a=np.ones(24), b=np.ones(24))),
        "holds several arrays and none is called weights",
        "save one as 'weights': it holds a, b",
        packed("w.npz", *EVAL, "--weights", "w.npz", weights=np.ones(24)),
        accuracy=RIGHT,
    ),
    # Keys.
    Hint(
        "logits alone in an archive",
        after(BOTH, packed("a.npz", "eval", "a.npz", logits=X)),
        "holds no array 'labels'",
        "name the file of the labels after the logits",
        typed("eval", "a.npz", "y.npy"),
        accuracy=RIGHT,
        never=("--labels-key",),
    ),
    Hint(
        "labels under another key",
        packed("a.npz", "eval", "a.npz", logits=X, truth=Y),
        "holds no array 'labels'",
        "or their array with --labels-key: it holds logits, truth",
        typed("eval", "a.npz", "--labels-key", "truth"),
        accuracy=RIGHT,
    ),
    Hint(
        "no labels",
        typed("eval", "x.npy", x=X, y=Y),
        "no labels were given",
        "name them after the logits",
        typed(*EVAL),
        accuracy=RIGHT,
        code=2,
    ),
    *(
        Hint(
            f"rows of labels after a model, of {name}",
            typed("sweep", "x.npy", "y.npy", x=right([0, 1, 2, 0], 3), y=rows),
            "need labels of shape (N,), got (4, 3)",
            hint,
            typed("sweep", "x.npy", "y.npy", y=[0, 1, 2, 0]),
            accuracy=1.0,
            never=("name them after",),
        )
        for name, rows, hint in (
            ("0 and 1", np.eye(3, dtype=np.float32)[[0, 1, 2, 0]], "labels.argmax(axis=1)"),
            ("votes", np.array([[3, 1, 0], [1, 3, 0], [0, 1, 3], [3, 0, 0]]), "save one class number per sample"),
        )
    ),
    Hint(
        "models with labels in another order",
        after(
            packed("a.npz", logits=right([0, 1, 2, 0], 3), labels=np.array([0, 1, 2, 0])),
            packed("b.npz", "sweep", "a.npz", "b.npz", logits=right([1, 0, 2, 0], 3), labels=np.array([1, 0, 2, 0])),
        ),
        "its label of row 0 differs from that of",
        "it seems to have the samples in another order: save them in the order of",
        packed("b.npz", "sweep", "a.npz", "b.npz", logits=right([0, 1, 2, 0], 3), labels=np.array([0, 1, 2, 0])),
        accuracy=1.0,
        never=("as the last path",),
    ),
    # Formats.
    *(
        Hint(
            f"logits in {name}",
            after(BOTH, renamed("x.npy", name, typed("eval", name, "y.npy"))),
            "format",
            "if it is a .npy file, give it the suffix .npy or say --input-format npy",
            "--input-format npy",
            accuracy=RIGHT,
        )
        for name in ("x.bin", "x.txt")
    ),
    Hint(
        "labels of another suffix",
        after(BOTH, renamed("y.npy", "y.bin", typed("eval", "x.npy", "y.bin"))),
        "unknown format '.bin' for labels",
        "if it is a .npy file, give it the suffix .npy",
        renamed("y.bin", "y.npy", typed(*EVAL)),
        accuracy=RIGHT,
        never=("--input-format",),
    ),
    Hint(
        "labels in a text of another suffix",
        written("y.txt", "".join(f"{y}\n" for y in Y), typed("eval", "x.npy", "y.txt", x=X)),
        "unknown format '.txt' for labels",
        "if it is a CSV file, give it the suffix .csv",
        renamed("y.txt", "y.csv", typed("eval", "x.npy", "y.csv")),
        accuracy=RIGHT,
        never=("--input-format",),
    ),
    Hint(
        "logits in the suffix of another format",
        after(BOTH, renamed("x.npy", "x.csv", typed("eval", "x.csv", "y.npy"))),
        "a .npy file, not a CSV file",
        "if it is a .npy file, give it the suffix .npy or say --input-format npy",
        "--input-format npy",
        accuracy=RIGHT,
    ),
    Hint(
        "the wrong format said",
        typed(*EVAL, "--input-format", "csv", x=X, y=Y),
        "a .npy file, not a CSV file",
        "if it is a .npy file, say --input-format npy",
        "--input-format npy",
        accuracy=RIGHT,
    ),
    # Commands.
    Hint(
        "nothing to smooth",
        typed("smooth"),
        "no labels were given",
        "name a file of labels, or one label: --label 1 --classes 4",
        "--label 1 --classes 4",
        prints="q0,q1,q2,q3,",
        code=2,
    ),
    Hint(
        "labels and a label",
        typed("smooth", "y.npy", "--label", 1, "--classes", 4, y=Y),
        "LABELS and --label do not go together",
        "leave out one of them",
        typed("smooth", "y.npy", "--classes", 4),
        prints="q0,q1,q2,q3\n",
        code=2,
    ),
    Hint(
        "one label without the number of classes",
        typed("smooth", "--label", 1),
        "the number of classes is not known",
        "add --classes K",
        typed("smooth", "--label", 1, "--classes", 3),
        prints="q0,q1,q2,",
        code=2,
    ),
    Hint(
        "shares of one label",
        typed("smooth", "--label", 1, "--classes", 3, "--smoothing", "prior", "--prior", "empirical"),
        "there are no labels to count",
        "give LABELS instead of --label",
        typed("smooth", "y.npy", "--classes", 3, "--smoothing", "prior", "--prior", "empirical", y=Y),
        prints="q0,q1,q2\n",
        code=2,
    ),
    Hint(
        "several eps of one target",
        typed("smooth", "y.npy", "--classes", 3, "--eps", "0.1,0.2", y=Y),
        "smoothed targets have one eps, got 2",
        "for example --eps 0.1",
        typed("smooth", "y.npy", "--classes", 3, "--eps", "0.1"),
        prints="q0,q1,q2\n",
        code=2,
    ),
    Hint(
        "a loss that is none",
        typed("explain", "x.npy", "y.npy", x=X, y=Y),
        "not a finite number",
        "the loss comes first, as it was printed: lscli explain 0.9935 LOGITS LABELS",
        typed("explain", "0.9935", "x.npy", "y.npy"),
        prints="loss,",
        code=2,
    ),
    Hint(
        "an unknown option",
        typed(*EVAL, "--epsilon", "0.1", x=X, y=Y),
        "No such option",
        "see lscli eval --help-all",
        typed("eval", "--help-all"),
        prints="--bootstrap",
        code=2,
    ),
    Hint(
        "all of the help of no command",
        typed("--help-all"),
        "No such option: --help-all",
        "every command has it, as in lscli eval --help-all",
        typed("eval", "--help-all"),
        prints="--bootstrap",
        code=2,
    ),
    Hint(
        "a missing argument",
        typed("eval"),
        "Missing argument 'LOGITS'",
        "see lscli eval --help",
        typed("eval", "--help"),
        prints="LOGITS",
        never=("--help-all",),
        code=2,
    ),
    Hint(
        "an unknown command",
        typed("evaluate", "x.npy"),
        "No such command",
        "see lscli --help",
        typed("--help"),
        prints="eval",
        code=2,
    ),
    Hint(
        "no metric",
        typed(*EVAL, "--metrics", ",", x=X, y=Y),
        "no metric is named",
        "leave --metrics out for the default set",
        typed(*EVAL),
        accuracy=RIGHT,
        code=2,
    ),
    Hint(
        "an unknown metric",
        typed(*EVAL, "--metrics", "zzz", x=X, y=Y),
        "unknown metric 'zzz'",
        "see lscli metrics",
        typed("metrics"),
        prints="accuracy",
        code=2,
    ),
    Hint(
        "an array of a report",
        typed(*EVAL, "-f", "npy", x=X, y=Y),
        "this answer is not an array of numbers",
        "use -f csv, tsv, json, markdown, latex, table or parquet; lscli smooth LABELS gives an array",
        typed(*EVAL, "-f", "csv"),
        accuracy=RIGHT,
        code=2,
    ),
    Hint(
        "an output of no format",
        typed(*EVAL, "-f", "auto", "-o", "out.xyz", x=X, y=Y),
        "the suffix '.xyz' names no format",
        "or say -f",
        lambda folder: [*typed(*EVAL)(folder), "-o", folder / "out.csv"],
        again_code=0,
        code=2,
    ),
    Hint(
        "a device that is not there",
        typed(*EVAL, "--device", "cuda", x=X, y=Y),
        "device cuda is not available",
        "leave --device out to use the CPU",
        typed(*EVAL),
        accuracy=RIGHT,
        code=2,
        patches={"torch.cuda.device_count": lambda: 0},
    ),
    Hint(
        "numpy on a device",
        typed(*EVAL, "--device", "cuda", "--kernel", "numpy", x=X, y=Y),
        "the numpy kernel does not run on cuda",
        "leave --kernel out",
        typed(*EVAL, "--device", "cuda"),
        again="device cuda is not available",
        again_code=2,
        code=2,
        patches={"torch.cuda.device_count": lambda: 0},
    ),
    # Limits.
    Hint(
        "sums by class out of proportion",
        typed("classes", "x.npy", "y.npy", x=X, y=Y),
        "out of proportion to the logits",
        "use fewer --bins or groups, or leave out the metrics by class",
        typed("classes", "x.npy", "y.npy", "--bins", 5),
        prints="class,",
        code=2,
        patches={"lscli.api.inputs._MOST_SUMS": 48 * 3 * 5, "lscli.api.inputs._SUMS_PER_LOGITS": 0},
    ),
    Hint(
        "classes first that must be held",
        after(typed(y=Y.reshape(6, 4)), packed("x.npz", "eval", "x.npz", "y.npy", "--class-axis", 1, logits=FIRST)),
        "a file that can only be read forwards takes",
        "save it with the classes last: np.moveaxis(logits, 1, -1); then say --flatten instead of --class-axis",
        packed("x.npz", "eval", "x.npz", "y.npy", "--flatten", logits=np.moveaxis(FIRST, 1, -1)),
        accuracy=RIGHT,
        patches={"lscli.io.class_axis._MOST": 10},
    ),
    Hint(
        "transposed logits that must be held",
        after(
            typed(y=Y), packed("x.npz", "eval", "x.npz", "y.npy", "--class-axis", 0, logits=np.ascontiguousarray(X.T))
        ),
        "a file that can only be read forwards takes",
        "save it with the classes last: np.moveaxis(logits, 0, -1); then leave out --class-axis",
        packed("x.npz", "eval", "x.npz", "y.npy", logits=X),
        accuracy=RIGHT,
        patches={"lscli.io.class_axis._MOST": 10},
    ),
    Hint(
        "chunks that do not fit",
        typed(
            *EVAL, "--chunk-rows", 400, "--threads", 1, x=np.eye(200, dtype=np.float32)[np.arange(400) % 200], y=WIDE
        ),
        "of memory, limit",
        "use a smaller --chunk-rows, or give the container more memory",
        typed(*EVAL, "--chunk-rows", 4, "--threads", 1),
        accuracy=1.0,
        code=4,
        patches={"lscli.scan.chunk_size.memory_limit": lambda: MemoryLimit(_SPARE + 100_000, 1 << 40)},
    ),
    Hint(
        "more classes than memory",
        typed("smooth", "--label", 1, "--classes", 2**31 - 1),
        "a row of 2147483647 targets needs",
        "check --classes",
        typed("smooth", "--label", 1, "--classes", 3),
        prints="q0,q1,q2,",
        code=4,
        patches={"lscli.limits._machine": lambda: MemoryLimit(1 << 30, 1 << 30)},
    ),
    # Several files.
    *(
        Hint(
            f"files of several models: {does}",
            models,
            "",
            hint,
            follow,
            accuracy=RIGHT,
            code=2,
        )
        for does, hint, follow in (
            (
                "compared",
                "to compare models, say lscli compare",
                compared,
            ),
            ("pooled", "to read them as the samples of one model, say --pool", "--pool"),
        )
    ),
    Hint(
        "choices of questions by another axis",
        written("q.jsonl", QUESTIONS, typed("eval", "q.jsonl", "--class-axis", 0)),
        "is that of samples by choices",
        "leave out --class-axis",
        typed("eval", "q.jsonl"),
        accuracy=2 / 3,
    ),
    # Where the answer goes.
    Hint(
        "an output inside a file",
        lambda folder: [*BOTH(folder), "-o", folder / "x.npy" / "out.csv"],
        "cannot be written: Not a directory",
        "choose another place",
        lambda folder: [*typed(*EVAL)(folder), "-o", folder / "out.csv"],
        again_code=0,
        code=4,
    ),
    Hint(
        "a default of no option",
        BOTH,
        "[tool.lscli] has an unknown option 'zzz'",
        "see lscli eval --help-all for the options",
        typed("eval", "--help-all"),
        prints="--bootstrap",
        code=2,
        patches={"lscli.cli.defaults._lscli_table": lambda folder: ({"zzz": 1}, "pyproject.toml")},
    ),
]
