"""Fit a map of logits to logits, or compare all methods on samples that the fits have not seen."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from lscli._version import __version__
from lscli.api.cross_fit import fold_of
from lscli.api.fit_rows import checked_rows
from lscli.api.inputs import Inputs
from lscli.api.keywords import of_logits
from lscli.api.loss_targets import parse_eps
from lscli.api.reading import doubts
from lscli.api.settings import settings_of
from lscli.checked_options import declared
from lscli.errors import InputError, UsageError, warn
from lscli.options import FitOptions, ReadingOptions
from lscli.recalibrators.calibrator import Calibrator
from lscli.recalibrators.fits import RAW, FitRow, Fits
from lscli.recalibrators.methods import METHODS
from lscli.text import rounded, shown

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from numpy.typing import NDArray

    from lscli.api.fit_rows import CheckedRows
    from lscli.options import Data, FitWordsOptions
    from lscli.recalibrators.base import Fit, FitRows
    from lscli.recalibrators.fits import Kind

    Array = NDArray[Any]


def smoothing(options: FitWordsOptions) -> float:
    """The amount of smoothing in the loss that a temperature minimises; 0 for the hard loss.

    Raises:
        UsageError: `eps` is not one number from 0 to below 1.
    """
    if options.objective == "loss_hard":
        return 0.0
    (eps, *more) = parse_eps(options.eps, allow_negative=True)
    if more or not 0 <= eps < 1:
        raise UsageError("takes one amount from 0 to below 1 here", "0.1 is usual", where="eps")
    return eps


class Fitted(NamedTuple):
    """A calibrator, with what its file does not say."""

    calibrator: Calibrator
    fit: Fit


@of_logits(FitOptions)
def fit(logits: Data, labels: Data | None, options: FitOptions) -> Fits:
    """Fit a map of logits to logits that makes their probabilities better calibrated, such as a temperature.

    Args:
        logits, labels: as in `lscli.evaluate`, of samples that the classifier was not trained on.

    Returns:
        A listing with the parameters, the losses before and after, and the certificate of the fit. Its `calibrator` is
        what `lscli.evaluate(..., calibrator=...)` and `lscli.apply` take; `calibrator.save("cal.json")` keeps it. With
        `method="all"`, each method is measured on samples that its fit has not seen, the best one first, and
        `calibrator` is the best one; None if the logits as they are do better.

    Raises:
        UsageError: options that cannot be combined, or a package that is missing.
        InputError: there is no optimum; or as `lscli.evaluate`.
        ReadWriteError: a file that cannot be read.

    Example:
        >>> import lscli
        >>> fits = lscli.fit("sample_data/logits.npy", "sample_data/labels.npy")
        >>> round(fits.calibrator.parameters.temperature, 4)
        1.7647
    """
    _check(options)
    eps = smoothing(options)
    with Inputs(logits, labels, _reading(options)) as opened:
        checked = checked_rows(opened, eps)
        maker = _Maker(opened, checked, options)
        if options.method == "all":
            made = maker.all()
        elif options.per_group:
            made = maker.by_group()
        else:
            made = maker.one()
        provenance = opened.provenance(checked.result)
        notes = [*provenance.warnings, *doubts(opened, checked.tables[""])]
        used = {"eps": list(parse_eps(options.eps, allow_negative=True)), **opened.used(checked.result)}
    for note in notes:
        warn(note)
    return Fits(
        rows=made.rows,
        calibrator=made.calibrator,
        method=options.method,
        refused=made.refused,
        conclusion=made.conclusion,
        **{**provenance.fields(), "settings": settings_of(options, used), "warnings": notes},
    )


def fitted(method: str, checked: CheckedRows, rows: FitRows | None = None) -> Calibrator:
    """The calibrator of a method.

    Args:
        method: a name of `METHODS`.
        checked: the rows.
        rows: the same rows with other weights, such as those of a group.

    Raises:
        InputError: there is no optimum.
        UsageError: the rows have a smoothed loss, which only a temperature minimises.
    """
    return fit_of(method, checked, rows).calibrator


def fit_of(method: str, checked: CheckedRows, rows: FitRows | None = None) -> Fitted:
    """As `fitted`, with the standard errors and notes of the fit."""
    own = checked if rows is None else checked._replace(rows=rows)
    most = METHODS[method].most_classes
    if most is not None and own.rows.classes > most:
        what = f"has {own.rows.classes} classes, and {method} is for at most {most}"
        raise InputError(what, "fit another method", where=own.rows.name)
    if own.rows.eps and method != "temperature":
        raise UsageError(f"{method} minimises no smoothed loss", "only temperature does", where="objective")
    found = METHODS[method].fit(own.rows)
    counted = int(np.count_nonzero(own.rows.weight))
    described: dict[str, Any] = {
        "rows": counted,
        "weight": own.rows.total,
        "loss": f"nll of labels smoothed by {own.rows.eps!r}" if own.rows.eps else METHODS[method].minimises,
        "loss_before": found.before,
        "loss_after": found.after,
    }
    if rows is None:  # the rows of other groups are not ignored
        described["ignored"] = len(own.rows.weight) - counted
    described |= {f"stderr_{name}": value for name, value in found.stderr.items()}
    versions = {"lscli": __version__, "numpy": np.__version__}
    certificate = {name: _plain(value) for name, value in found.certificate.items()}
    calibrator = Calibrator(method, own.rows.classes, found.parameters, described, certificate, own.data, versions)
    return Fitted(calibrator, found)


def _plain(value: Any) -> Any:
    """A number of numpy as one of Python."""
    return value.tolist() if hasattr(value, "tolist") else value


def _check(options: FitOptions) -> None:
    """Raise UsageError for options that do not go together."""
    if options.per_group and options.method == "all":
        what = "--method all compares the methods on all samples"
        raise UsageError(what, "name one method, or leave out --per-group", where="per-group")
    if options.per_group and options.groups is None:
        hint = "add --groups FILE, with --group-by COLUMN for a table"
        raise UsageError("there are no groups", hint, where="per-group")
    if options.per_group and options.cross_fit:
        what = "cannot be combined with --cross-fit"
        raise UsageError(what, "leave out --cross-fit, or fit the samples of one group alone", where="per-group")


def _reading(options: FitOptions) -> ReadingOptions:
    """How to read the samples; a flag of a fit has the name of an option of reading."""
    names = {each.name for each in declared(ReadingOptions)} - {"calibrator", "temperature", "cross_fit"}
    return ReadingOptions(**{name: getattr(options, name) for name in names})


class _Made(NamedTuple):
    """What was fitted, before its provenance is known."""

    rows: list[FitRow]
    calibrator: Calibrator | None
    conclusion: str
    refused: Mapping[str, str] = {}


class _Maker(NamedTuple):
    """Fits maps on rows that were checked."""

    opened: Inputs
    checked: CheckedRows
    options: FitOptions

    @property
    def source(self) -> str:
        return self.opened.source

    def one(self) -> _Made:
        """One map of all samples."""
        if len(self.opened.rows.names) > 1:
            hint = "add --per-group for a map of each group, or leave out --groups and --group-by"
            raise UsageError("one map is fitted for all groups", hint, where="groups")
        method = self.options.method
        found = fit_of(method, self.checked)
        rows = [*fit_rows(self.source, "", found)]
        if self.options.cross_fit:
            from lscli.api.method_comparison import cross_fit_rows  # imported only where metrics are computed

            fold = fold_of(self.checked, self.opened.rows)
            for each in (RAW, method):
                rows += cross_fit_rows(each, self.opened, self.checked, fold, self.options)
        return _Made(rows, found.calibrator, sentence(found))

    def by_group(self) -> _Made:
        """One map for each group that has an optimum."""
        made: dict[str, Fitted] = {}
        refused = {}
        weights = self.opened.rows.weights_by_group()
        next(weights)
        kept = self.checked.rows.weight > 0
        for name, own in zip(self.opened.rows.names[1:], weights, strict=True):
            weight = np.where(kept, own, 0.0)
            called = f"{self.checked.rows.name}, group {shown(name)}"
            if not weight.any():
                refused[name] = "no sample of it is kept"
                continue
            try:
                made[name] = fit_of(self.options.method, self.checked, self.checked.rows.weighted(weight, called))
            except InputError as error:
                refused[name] = error.message
        if refused:
            (name, why), *others = refused.items()
            more = f"; {len(others)} other group{'s' * (len(others) > 1)} neither" if others else ""
            hint = "leave its samples out, or join it with another group"
            raise InputError(f"group {shown(name)} has no map: {why}{more}", hint, where=self.checked.rows.name)
        calibrator = self._joined(made)
        rows = [row for name, found in made.items() for row in fit_rows(self.source, name, found)]
        before, after = calibrator.fit["loss_before"], calibrator.fit["loss_after"]
        title = METHODS[self.options.method].title
        said = (
            f"{title[0].upper()}{title[1:]}, a map for each of {len(made)} groups. On the samples of the fit, the "
            f"{calibrator.fit['loss']} {_change(before, after)}."
        )
        return _Made(rows, calibrator, said)

    def _joined(self, made: Mapping[str, Fitted]) -> Calibrator:
        """The maps of all groups as one calibrator; its losses are means over all samples."""
        own = [found.calibrator.fit for found in made.values()]
        weight = math.fsum(each["weight"] for each in own)
        counted = sum(each["rows"] for each in own)
        described = {
            "rows": counted,
            "weight": weight,
            "ignored": len(self.checked.rows.weight) - int(np.count_nonzero(self.checked.rows.weight)),
            "loss": own[0]["loss"],
            **{
                name: math.fsum(each["weight"] * each[name] for each in own) / weight
                for name in ("loss_before", "loss_after")
            },
        }
        first = next(iter(made.values())).calibrator
        maps = {name: found.calibrator for name, found in made.items()}
        return Calibrator(first.method, first.classes, None, described, {}, self.checked.data, first.versions, maps)

    def all(self) -> _Made:
        """Every method that applies, measured on samples that its fit has not seen."""
        from lscli.api.method_comparison import compared

        found = compared(self.opened, self.checked, self.options, lambda method: fit_of(method, self.checked))
        rows: list[FitRow] = []
        for method in found.order:
            rows += found.rows[method]
            if method != RAW:
                rows += fit_rows(self.source, "", found.fits[method])
        rows += [_row(self.source, "", method, "refused", why) for method, why in found.refused.items()]
        best = found.order[0]
        if best == RAW:
            said = "No method has a lower cross-fitted loss than the logits as they are, so there is no map to keep."
            return _Made(rows, None, said, found.refused)
        losses = {method: rows[0].value for method, rows in found.rows.items()}
        title = METHODS[best].title
        said = (
            f"Best by cross-fitted loss: {best} ({title}), {rounded(losses[best], 4)}; the logits as they are have "
            f"{rounded(losses[RAW], 4)}."
        )
        return _Made(rows, found.fits[best].calibrator, said, found.refused)


def fit_rows(source: str, group: str, found: Fitted) -> Iterator[FitRow]:
    """The numbers of a fit; parameters that are arrays stand only in its file, and in the object of JSON."""
    method, made = found.calibrator.method, found.fit
    for name, value in made.parameters._asdict().items():
        if np.ndim(value) == 0:
            yield _row(source, group, method, "parameter", name, value, made.stderr.get(name, math.nan))
    for name in ("loss_before", "loss_after", "rows", "weight"):
        yield _row(source, group, method, "fit", name, found.calibrator.fit[name])
    for name, value in found.calibrator.certificate.items():
        yield _row(source, group, method, "certificate", name, value)
    for note in made.notes:
        yield _row(source, group, method, "note", note)


def _row(
    source: str, group: str, method: str, kind: Kind, name: str, value: float = math.nan, stderr: float = math.nan
) -> FitRow:
    return FitRow(source, group, method, kind, name, value, stderr, math.nan, math.nan)


def sentence(found: Fitted) -> str:
    """What a fit did, in one sentence."""
    made, method = found.fit, METHODS[found.calibrator.method]
    numbers = [
        f"{name} {rounded(value, 4)}" + (f" (standard error {rounded(error, 2)})" if error else "")
        for name, value in made.parameters._asdict().items()
        for error in (made.stderr.get(name, 0.0),)
        if np.ndim(value) == 0 and name != "uniform"
    ]
    said = f": {', '.join(numbers)}" if numbers else ""
    changed = f"{found.calibrator.fit['loss']} {_change(made.before, made.after)}"
    return f"{method.title[0].upper()}{method.title[1:]}{said}. On the samples of the fit, the {changed}."


def _change(before: float, after: float) -> str:
    """What a loss does. A map of the confidence need not contain the logits as they are, so that it may rise."""
    shown = rounded(before, 4), rounded(after, 4)
    verb = "falls" if after < before else "rises"
    return f"stays at {shown[0]}" if shown[0] == shown[1] else f"{verb} from {shown[0]} to {shown[1]}"
