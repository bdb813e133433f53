"""The smoothed targets of the labels of a file, or of one label with its floor and optimal gap."""

from __future__ import annotations

import contextlib
import math
from typing import TYPE_CHECKING, Any

import numpy as np

from lscli._version import __version__
from lscli.api.label_rows import ClassNumbers, Rows
from lscli.api.loss_targets import parse_eps
from lscli.api.settings import settings_of
from lscli.class_numbers import check_counts_from_0
from lscli.errors import UsageError, warn, whole
from lscli.io.class_names import described as described_names
from lscli.io.class_names import open_class_names
from lscli.io.labels import Labels
from lscli.io.open import open_labels, open_numbers
from lscli.limits import check_memory
from lscli.listings import Matrix, OneLabel, SmoothedLabel, SmoothedLabels
from lscli.options import ReadingOptions, SmoothOneOptions, SmoothOptions
from lscli.report import Setting
from lscli.smoothing.checks import check_classes, check_goes_with_prior
from lscli.smoothing.conventions import CONVENTIONS
from lscli.smoothing.conversion import convert_eps
from lscli.smoothing.labels import make_targets, of_classes
from lscli.text import shown

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

    from lscli.options import Data, Smoothing
    from lscli.smoothing.targets import Targets

    Array = NDArray[Any]

# Bytes for each class that a row of targets takes with its header, as numbers and as text, measured.
_ROW = 256


def smoothed_rows(labels: Data, options: SmoothOptions) -> SmoothedLabels:
    """The smoothed targets of labels, `q0,q1,...`, one row per label, in the order of the file.

    Rows are computed while the listing is read, so memory is flat, and the listing can be read once. Class numbers are
    checked before the first row; an error in a row of [N, K] is raised after the rows before it.

    Args:
        labels: a path or an array: [N] class numbers, or [N, K] as `lscli.smooth_labels` takes them.
        options: `classes` may be left out for [N, K]; the prior `empirical` is the share of each class among the
            kept labels.

    Raises:
        UsageError: an eps out of its range, an unknown convention, or no number of classes.
        InputError: labels or a prior that cannot be used.
    """
    amount = _amount(options)
    if options.classes is not None:
        check_classes(options.classes)
    how = ReadingOptions(
        labels_key=options.labels_key,
        labels_column=options.labels_column,
        ignore_index=options.ignore_index,
        labels_from=options.labels_from,
        allow_trailing=options.allow_trailing,
        input_format=options.input_format,
    )
    names = open_class_names(options.class_names)
    opened = open_labels(labels, how, names, options.classes)
    if isinstance(opened, Labels):
        first, classes = options.labels_from, _known(options.classes if names is None else len(names.names))
        source: ClassNumbers | Rows = ClassNumbers(opened, classes, options.ignore_index, first)
    else:
        source = Rows(opened, options.classes, options.ignore_index)
    _check_room(source.num_classes)
    described = _input("labels", opened.name, opened.shape, opened.dtype, opened.size)
    if isinstance(opened, Labels) and opened.names_from:
        described |= {"dtype": opened.stored, "names": opened.names_from}
    with contextlib.ExitStack() as stack:
        stack.callback(source.close)
        if isinstance(source, Rows):
            check_counts_from_0(options.labels_from)
        prior = source.shares() if _is_empirical(options.prior) else options.prior
        targets, inputs = _targets(options.smoothing, prior, source.num_classes)
        stack.pop_all()
    notes = [*source.notes]
    for note in notes:
        warn(note)
    shape = (opened.shape[0], source.num_classes)
    return SmoothedLabels(
        rows=Matrix(shape, _with_progress(source.blocks(targets, amount), shape[0], options.progress)),
        inputs=[described, *([] if names is None else [described_names(names)]), *inputs],
        samples={"rows": shape[0]} if source.ignored is None else {"rows": shape[0], "ignored": source.ignored},
        settings=settings_of(options, {"classes": source.num_classes, "eps": amount}),
        versions=_versions(),
        warnings=notes,
    )


def smoothed_label(label: int, options: SmoothOneOptions) -> OneLabel:
    """The smoothed targets of one label with their floor and optimal gap: one row `q0,q1,...,floor,optimal_gap`.

    The floor is the entropy of the targets in nats, the lower bound of any loss against them. The optimal gap is the
    label's logit minus the mean of the other logits where the loss reaches its floor. A negative eps has neither.

    Args:
        label: one of K numbers from `labels_from` on.
        options: as for `smoothed_rows`, but without an empirical prior, because there are no labels to count.

    Returns:
        A listing, whose conclusion says which eps of the other conventions gives the same targets.

    Raises:
        UsageError: a label or an eps out of its range, or no number of classes.
        InputError: a prior that cannot be used.
    """
    amount = _amount(options)
    k, first, given = _known(options.classes), options.labels_from, whole(label, "label")
    y = given - first
    if not 0 <= y < k:
        what = f"must be from {first} to {first + k - 1}, got {shown(given)}"
        raise UsageError(what, f"labels count from {first}", where="label")
    if _is_empirical(options.prior):
        raise UsageError("there are no labels to count", "give LABELS instead of --label", where="prior")
    _check_room(k)
    targets, inputs = _targets(options.smoothing, options.prior, k)
    row = of_classes(np.array([y]), targets, amount, k)[0].tolist()
    # Below 0 the targets are no distribution.
    asked = (targets.entropy(amount, k), targets.optimal_gap(amount, k)) if amount >= 0 else (math.nan, math.nan)
    floor, gap = (float(np.broadcast_to(of_label, k)[y]) for of_label in asked)
    settings = settings_of(options, {"classes": k, "eps": amount})
    return OneLabel(
        rows=[SmoothedLabel(row, floor, gap)],
        label=given,
        smoothing=options.smoothing,
        eps=amount,
        conclusion=_equals(amount, options.smoothing, k),
        inputs=inputs,
        settings={"label": Setting(given, "argument"), **settings},
        versions=_versions(),
    )


def _amount(options: SmoothOneOptions) -> float:
    """The eps, checked with the convention before anything is read."""
    check_goes_with_prior(options.smoothing, given=options.prior is not None)
    amounts = parse_eps(options.eps, allow_negative=options.allow_negative_eps)
    if len(amounts) != 1:
        raise UsageError(f"smoothed targets have one eps, got {len(amounts)}", "for example --eps 0.1", where="eps")
    return amounts[0]


def _known(classes: int | None) -> int:
    if classes is None:
        raise UsageError("the number of classes is not known", "add --classes K", where="classes")
    return check_classes(classes)


def _check_room(num_classes: int) -> None:
    """Refuse a number of classes of which not even one row fits into memory."""
    check_memory(_ROW * num_classes, f"a row of {num_classes} targets", "check --classes", "classes")


def _is_empirical(prior: Any) -> bool:
    return isinstance(prior, str) and prior == "empirical"


def _targets(smoothing: str, prior: Any, num_classes: int) -> tuple[Targets, list[dict[str, Any]]]:
    """The targets, and the file of the prior as an input if there is one."""
    if prior is None:
        return make_targets(smoothing, None, num_classes), []
    name, values, element = open_numbers(prior, "prior", "prior")
    targets = make_targets(smoothing, values, num_classes, name)
    # A prior that was counted, or given as an array, has no file.
    of_file = _input("prior", name, values.shape, element, values.nbytes)
    return targets, [of_file] if isinstance(prior, str) else []


def _input(role: str, path: str, shape: tuple[int, ...], dtype: str, size: int) -> dict[str, Any]:
    return {"role": role, "path": path, "shape": list(shape), "dtype": dtype, "size": size}


def _with_progress(blocks: Iterator[Array], rows: int, progress: Callable[[int, int], None] | None) -> Iterator[Array]:
    done = 0
    for block in blocks:
        yield block
        done += len(block)
        if progress is not None:
            progress(done, rows)


def _equals(eps: float, smoothing: Smoothing, num_classes: int) -> str:
    """A sentence that says which eps of the other conventions gives the same targets; empty if none does."""
    found = []
    for other in (convention.name for convention in CONVENTIONS.values()):
        if eps >= 0 and smoothing != other:
            try:
                found.append(f"{other} with eps {convert_eps(eps, num_classes, smoothing, other):.12g}")
            except UsageError:
                continue
    return f"The same targets: {' and '.join(found)}." if found else ""


def _versions() -> dict[str, str]:
    return {"lscli": __version__, "numpy": np.__version__}
