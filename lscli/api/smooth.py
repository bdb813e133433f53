"""The smoothed targets themselves: of the labels of a file as they are read, or of one label with what they ask for."""

from __future__ import annotations

import contextlib
import math
import warnings
from typing import TYPE_CHECKING, Any

import numpy as np

from lscli._version import __version__
from lscli.api.label_rows import ClassNumbers, Rows
from lscli.errors import LscliWarning, UsageError, whole
from lscli.io.labels import Labels
from lscli.io.open import How, open_labels, open_numbers
from lscli.report import Listing, Matrix, Setting
from lscli.smoothing.checks import check_classes, check_eps, check_goes_with_prior, check_smoothing
from lscli.smoothing.conversion import convert_eps
from lscli.smoothing.labels import make_targets, of_classes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from numpy.typing import NDArray

    from lscli.smoothing.targets import Targets

    Array = NDArray[Any]

_DEFAULTS = {
    "label": None,
    "classes": None,
    "eps": 0.1,
    "smoothing": "uniform",
    "prior": None,
    "allow_negative_eps": False,
    "ignore_index": -100,
    "labels_key": None,
    "labels_column": None,
    "input_format": None,
    "allow_trailing": False,
}


def smoothed_rows(
    labels: Any,
    *,
    classes: int | None = None,
    eps: Any = 0.1,
    smoothing: str = "uniform",
    prior: Any = None,
    allow_negative_eps: bool = False,
    ignore_index: int = -100,
    labels_key: str | None = None,
    labels_column: str | None = None,
    input_format: str | None = None,
    allow_trailing: bool = False,
    progress: Callable[[int, int], None] | None = None,
) -> Listing:
    """The targets of labels, `q0,q1,...`, a row each, in the order of the file.

    The rows are computed as they are read from the listing, once: memory is flat. Class numbers are checked before the
    first row; an error in a row of [N, K] comes after the rows before it.

    Args:
        labels: a path or an array: [N] class numbers, or [N, K] as `lscli.smooth_labels` takes them.
        classes: K; may be left out for [N, K].
        eps, smoothing, allow_negative_eps, ignore_index: as in `lscli.smooth_labels`.
        prior: a path or an array, [K], or `empirical`: the share of each class among the labels that are kept.
        labels_key, labels_column, input_format, allow_trailing: how to read the labels.
        progress: is told how many rows of how many are done.

    Returns:
        A Listing whose rows are a Matrix.

    Raises:
        UsageError: an eps, a convention or a number of classes that there is none of.
        InputError: labels or a prior that cannot be used.
    """
    amount = _amount(eps, smoothing, prior, allow_negative_eps)
    if classes is not None:
        check_classes(classes)
    opened = open_labels(labels, How(None, labels_key, labels_column, allow_trailing, input_format))
    if isinstance(opened, Labels):
        source: ClassNumbers | Rows = ClassNumbers(opened, _known(classes), ignore_index)
    else:
        source = Rows(opened, classes, ignore_index)
    described = _input("labels", opened.name, opened.shape, opened.dtype, opened.size)
    with contextlib.ExitStack() as stack:
        stack.callback(source.close)
        targets, inputs = _targets(smoothing, source.shares() if _is_empirical(prior) else prior, source.num_classes)
        stack.pop_all()
    notes = [source.note] if source.note else []
    for note in notes:
        warnings.warn(note, LscliWarning, stacklevel=2)
    shape = (opened.shape[0], source.num_classes)
    return Listing(
        "Smoothed targets",
        _names(source.num_classes),
        Matrix(shape, _told(source.blocks(targets, amount), shape[0], progress)),
        "smooth",
        inputs=[described, *inputs],
        samples={"rows": shape[0]} if source.ignored is None else {"rows": shape[0], "ignored": source.ignored},
        settings=_settings(
            {
                "classes": classes,
                "eps": amount,
                "smoothing": smoothing,
                "prior": _shown(prior),
                "allow_negative_eps": allow_negative_eps,
                "ignore_index": ignore_index,
                "labels_key": labels_key,
                "labels_column": labels_column,
                "input_format": input_format,
                "allow_trailing": allow_trailing,
            },
            source.num_classes,
        ),
        versions=_versions(),
        warnings=notes,
    )


def smoothed_label(
    label: int,
    *,
    classes: int | None = None,
    eps: Any = 0.1,
    smoothing: str = "uniform",
    prior: Any = None,
    allow_negative_eps: bool = False,
) -> Listing:
    """The targets of one label, and what they ask of logits: one row `q0,q1,...,floor,optimal_gap`.

    The floor is the entropy of the targets in nats, which no loss against them goes below; the optimal gap is how far
    the label's logit is above the mean of the others where the loss is that low. A negative eps has neither.

    Args:
        label: from 0 to K-1.
        classes, eps, smoothing, prior, allow_negative_eps: as in `smoothed_rows`; there are no labels that a prior
            could be counted from.

    Returns:
        A Listing, whose conclusion says which eps of the other conventions gives the same targets.

    Raises:
        UsageError: a label, an eps, a convention or a number of classes that there is none of.
        InputError: a prior that cannot be used.
    """
    amount = _amount(eps, smoothing, prior, allow_negative_eps)
    k, y = _known(classes), whole(label, "label")
    if not 0 <= y < k:
        raise UsageError(f"must be from 0 to {k - 1}, got {y}", "labels count from 0", where="label")
    if _is_empirical(prior):
        raise UsageError("there are no labels to count", "give LABELS instead of --label", where="prior")
    targets, inputs = _targets(smoothing, prior, k)
    row = of_classes(np.array([y]), targets, amount, k)[0].tolist()
    # Below 0 the targets are no distribution.
    asked = (targets.entropy(amount, k), targets.optimal_gap(amount, k)) if amount >= 0 else (math.nan, math.nan)
    floor, gap = (float(np.broadcast_to(of_label, k)[y]) for of_label in asked)
    given = {"label": y, "classes": k, "eps": amount, "smoothing": smoothing, "prior": _shown(prior)}
    return Listing(
        f"Smoothed targets of label {y}: {k:,} classes, {smoothing}, eps {amount:g}",
        [*_names(k), "floor", "optimal_gap"],
        [(*row, floor, gap)],
        "smooth_label",
        _equals(amount, smoothing, k),
        inputs=inputs,
        settings=_settings({**given, "allow_negative_eps": allow_negative_eps}, k),
        versions=_versions(),
    )


def _amount(eps: Any, smoothing: str, prior: Any, allow_negative: bool) -> float:
    """The eps, where it and the convention can be, before anything is read."""
    check_smoothing(smoothing)
    check_goes_with_prior(smoothing, given=prior is not None)
    return check_eps(eps, allow_negative=allow_negative)


def _known(classes: int | None) -> int:
    if classes is None:
        raise UsageError("the number of classes is not known", "add --classes K", where="classes")
    return check_classes(classes)


def _is_empirical(prior: Any) -> bool:
    return isinstance(prior, str) and prior == "empirical"


def _targets(smoothing: str, prior: Any, num_classes: int) -> tuple[Targets, list[dict[str, Any]]]:
    """The convention, and the prior's file as an input where it has one."""
    if prior is None:
        return make_targets(smoothing, None, num_classes), []
    name, values = open_numbers(prior, "prior", "prior")
    targets = make_targets(smoothing, values, num_classes, name)
    # What was counted or handed over is no file.
    of_file = _input("prior", name, values.shape, values.dtype.name, values.nbytes)
    return targets, [of_file] if isinstance(prior, str) else []


def _input(role: str, path: str, shape: tuple[int, ...], dtype: str, size: int) -> dict[str, Any]:
    return {"role": role, "path": path, "shape": list(shape), "dtype": dtype, "size": size}


def _told(blocks: Iterator[Array], rows: int, progress: Callable[[int, int], None] | None) -> Iterator[Array]:
    done = 0
    for block in blocks:
        yield block
        done += len(block)
        if progress is not None:
            progress(done, rows)


def _equals(eps: float, smoothing: str, num_classes: int) -> str:
    """Which eps of the other conventions gives the same targets, in one sentence; empty where there is none."""
    found = []
    for other in ("uniform", "off-target", "classy"):
        if eps >= 0 and smoothing != other:
            try:
                found.append(f"{other} with eps {convert_eps(eps, num_classes, smoothing, other):.12g}")
            except UsageError:
                continue
    return f"The same targets: {' and '.join(found)}." if found else ""


def _names(num_classes: int) -> Sequence[str]:
    return [f"q{place}" for place in range(num_classes)]


def _shown(prior: Any) -> Any:
    return prior if prior is None or isinstance(prior, str) else f"<{type(prior).__name__}>"


def _settings(given: dict[str, Any], num_classes: int) -> dict[str, Setting]:
    settings = {
        name: Setting(value, "default" if value == _DEFAULTS[name] else "argument") for name, value in given.items()
    }
    settings["classes"] = settings["classes"]._replace(value=num_classes)
    return settings


def _versions() -> dict[str, str]:
    return {"lscli": __version__, "numpy": np.__version__}
