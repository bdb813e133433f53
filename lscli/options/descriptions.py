"""What several options share: the headings of `--help`, and descriptions of options that several questions have."""

# No `from __future__ import annotations` here: the `Option` of a field is read from its annotation.

from lscli.checked_options import Option

# The name of a value that is a pair of a name and a number.
PAIRS = "METRIC=NUMBER"
READING, CONFIDENCES, SPEED, OUTPUT = "Reading", "Without logits", "Speed", "Output"
WEIGHTS, SMOOTHING, RECALIBRATION = "Weights and groups", "Label smoothing", "Recalibration"
CALIBRATION, INTERVALS = "Calibration", "Intervals"


def file_option(help: str, group: str, metavar: str = "FILE") -> Option:  # noqa: A002
    """An option that names a file, or takes its values."""
    return Option(help, group, metavar, shown=False, file=True)


BEST = "leave it out for the best value"
EPS = Option(
    "Amount of label smoothing in [0, 1]. Give several with commas, by repeating the option, or as start:stop:step.",
    metavar="EPS",
    several=True,
    hint="for example --eps 0.1",
)
METRICS = Option(
    "Metrics to show, in this order: ids, families, 'default' or 'all', with commas or by repeating the option. id@0.2 "
    "sets the parameter of a metric. See lscli metrics.",
    metavar="NAMES",
    short="-m",
    several=True,
    hint="leave --metrics out for the default set",
)
PRIOR = file_option(
    "The distribution that --smoothing prior mixes in: one number per class, or empirical for that of the labels.",
    SMOOTHING,
    "FILE|empirical",
)
IGNORE_INDEX = Option("Leave out samples with this label.", READING, "LABEL")
LABELS_FROM = Option(
    "The label of the first class, such as 1 for labels 1 to K. Answers always count classes from 0.",
    READING,
    "LABEL",
    least=-(10**9),
    most=10**9,
    hint="0 is usual, or 1",
)
LABELS_KEY = Option("The array or column that holds the labels.", READING, "KEY", shown="labels, or the only one")
LABELS_COLUMN = Option(
    "The column of a table that holds the labels, by name or number.",
    READING,
    "COLUMN",
    shown="label, labels or the only one",
)
INPUT_FORMAT = Option(
    "The format of the first file or of standard input, regardless of its suffix.",
    READING,
    "FORMAT",
    shown="by the suffix, or the first bytes",
)
CLASS_NAMES = file_option(
    "The names of the classes in the order of the columns of the logits: a file with one per line, or the names with "
    "commas, such as no,yes. Labels may be these names.",
    READING,
)
ALLOW_TRAILING = Option("Ignore bytes after the data of an .npy file.", READING)
PROGRESS = Option(
    "A function that is called with the number of rows that are done, and of all rows.", hidden=True, unrecorded=True
)
NO_CLUSTERS = Option(hidden=True, hint="clusters only change standard errors, and there are none here: leave it out")
ALWAYS = Option(hidden=True, unrecorded=True, hint="there are always intervals: leave it out")
NO_MAP = Option(hidden=True, unrecorded=True, hint="lscli eval takes it")


# Groups of options that several questions share.
NO_COUNTS = Option(
    hidden=True,
    unrecorded=True,
    hint="the guarantee counts each sample once: leave it out",
)
NO_CROSS_FIT = Option(
    hidden=True, unrecorded=True, hint="a guarantee needs one map, fitted on other samples: use --calibrator"
)
GUARANTEE = "Guarantee"
