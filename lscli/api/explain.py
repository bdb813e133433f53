"""Which convention of label smoothing gives a loss that somebody printed."""

from __future__ import annotations

import math
from dataclasses import replace
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any, NamedTuple

from lscli.api import loss_targets, reading
from lscli.api.inputs import Inputs
from lscli.api.keywords import of_loss
from lscli.api.loss_targets import parse_eps
from lscli.errors import UsageError
from lscli.listings import CandidateRow, Candidates
from lscli.options import ExplainOptions, TargetOptions
from lscli.recipes import convention_sums
from lscli.recipes.catalogue import LOSSES, NONE, RECIPES, Recipe, formula
from lscli.recipes.convention_sums import Convention
from lscli.report import Setting
from lscli.scan.scan import scan

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from lscli.options import Data

# Amounts of smoothing that people use, each with how unusual it is.
USUAL = {
    **dict.fromkeys((0.0, 0.1), 0),
    **dict.fromkeys((0.05, 0.2), 1),
    **dict.fromkeys((0.01, 0.15, 0.3), 2),
    **dict.fromkeys((0.001, 0.005, 0.02, 0.03, 0.06, 0.08, 0.11, 0.12, 0.25, 0.4, 0.5), 3),
}
# Losses that differ by no more are one number, computed in two ways.
_EQUAL = 1e-12
# What a loss of float32 may be off.
_FLOAT32 = 1e-6
# So many others that give the same number are named.
_NAMED = 2


@of_loss(ExplainOptions)
def explain(value: str | float, logits: Data, labels: Data | None, options: ExplainOptions) -> Candidates:
    """Which convention reproduces a loss that some training log printed.

    Tried are the amounts of smoothing with the conventions of the targets and with the ways to make one number of all
    samples: sum or mean, over which samples, in which base, less the targets' entropy, with class weights. Losses
    without smoothing are always among them.

    Args:
        value: the loss as it was printed, text or a number: its digits say how exact it is.
        logits, labels: as in `lscli.evaluate`.

    Returns:
        A listing with a row a candidate, and a conclusion. Those that agree with all digits are equally near, and the
        most usual of them comes first; `difference` is the candidate's loss less the value.

    Raises:
        UsageError: a value that is no number, or an option out of its range.
        LscliError: as `lscli.evaluate`.
    """
    printed = Printed.of(value)
    usual = options.eps is None
    amounts = USUAL if options.eps is None else dict.fromkeys((0.0, *parse_eps(options.eps, allow_negative=False)), 0)
    read, found = _read(logits, labels, options)
    best = _ranked(_merged(_candidates(found, amounts)), printed)
    answered = read.answered(options, {"eps": sorted(amounts)})
    text = Setting(printed.text, "argument")
    return Candidates(
        rows=[candidate.row(printed) for candidate in best[: options.candidates]],
        value=printed.text,
        conclusion=_conclusion(best, printed, found[0], usual=usual),
        **{**answered, "settings": {"value": text, **answered["settings"]}},
    )


class Printed(NamedTuple):
    """A number as it was printed, and half a unit of its last digit."""

    text: str
    number: float
    half: float

    @classmethod
    def of(cls, value: Any) -> Printed:
        text = value.strip() if isinstance(value, str) else format(value)
        try:
            exact = Decimal(text)
            number = float(exact)
        except (InvalidOperation, ValueError, OverflowError):
            number = math.nan
        if not math.isfinite(number):
            hint = "the loss comes first, as it was printed: lscli explain 0.9935 LOGITS LABELS"
            raise UsageError(f"not a finite number: {text!r}", hint, where="value")
        return cls(text, number, 0.5 * 10.0 ** min(int(exact.as_tuple().exponent), 300))

    def beyond(self, loss: float) -> float:
        """How far a loss is from what would be printed so; 0 where it would."""
        distance = abs(loss - self.number)
        # A decimal halfway is none in binary, and sums are rounded.
        return 0.0 if distance <= self.half + _EQUAL * abs(self.number) else distance - self.half

    def near(self, loss: float) -> bool:
        """Whether float32 may be all that is between them."""
        return abs(loss - self.number) <= _FLOAT32 * abs(self.number)


class Candidate(NamedTuple):
    """A loss, and how it is computed.

    Attributes:
        loss: the number.
        eps: the amount of smoothing.
        smoothing: the convention, `none` at eps 0.
        recipe: how one number is made of all samples.
        order: by which of two that fit equally well the simpler one is first.
        who: who computes it so.
    """

    loss: float
    eps: float
    smoothing: str
    recipe: Recipe
    order: tuple[float, ...]
    who: str

    def row(self, printed: Printed) -> CandidateRow:
        """The candidate as a row of the listing."""
        text, difference = formula(self.recipe, self.smoothing), self.loss - printed.number
        return CandidateRow(difference, self.loss, self.eps, self.smoothing, self.recipe.name, text, self.who)

    @property
    def described(self) -> str:
        """It in words, to follow "the"."""
        if self.smoothing == NONE:
            return f"{self.recipe.name} without smoothing"
        return f"{self.recipe.name} of {self.smoothing} targets with eps {self.eps:g}"


def _read(logits: Data, labels: Data | None, options: ExplainOptions) -> tuple[reading.Reading, Sequence[Convention]]:
    """The samples under every convention, the uniform one first."""
    prior = options.prior
    if isinstance(prior, str) and prior == loss_targets.EMPIRICAL:
        prior = None  # which is tried anyway
    wanted = TargetOptions(
        smoothing="uniform" if prior is None else "prior", prior=prior, class_weights=options.class_weights
    )
    loss_targets.declared_targets(wanted, options.masked_classes)
    with Inputs(logits, labels, options) as opened:
        given, files = opened.targets(wanted)
        # Where masked classes are left out, each row would have a prior of its own.
        counted = TargetOptions(smoothing="prior", prior=loss_targets.EMPIRICAL)
        empirical = None if opened.masked_classes == "exclude" else opened.targets(counted).targets
        tried = convention_sums.spreads(given, empirical)
        how = reading.scan_options(opened)
        extra = convention_sums.vectors(tried, opened.logits.shape[1])
        result = scan(opened.logits, opened.label, {*convention_sums.COLUMNS, *opened.columns}, vectors=extra, **how)
        left_out = convention_sums.ignored(opened, result.table, {**how, "progress": None})
        table = opened.tables(result.table)[""]
    provenance = opened.provenance(result)
    provenance = replace(provenance, inputs=[*provenance.inputs, *files])
    classes = opened.logits.shape[1]
    found = reading.Reading(opened.source, {"": table}, classes, provenance, opened.used(result), given)
    return found, [Convention(name, each, table, left_out) for name, each in tried.items()]


def _candidates(found: Sequence[Convention], amounts: dict[float, int]) -> Iterator[Candidate]:
    """Everything that gives a finite number; without smoothing there is one convention."""
    places = list(LOSSES)
    for convention in found:
        for eps, unusual in amounts.items():
            if eps == 0 and convention is not found[0]:
                continue
            smoothing = convention.smoothing if eps else NONE
            place = places.index(smoothing)
            sums = convention.sums(eps)
            for number, recipe in enumerate(RECIPES):
                loss = recipe.compute(sums) if smoothing in recipe.who else math.nan
                if math.isfinite(loss):
                    order = (recipe.unusual + max(place - 1, 0) + unusual, number, place, eps)
                    yield Candidate(loss, eps, smoothing, recipe, order, recipe.who[smoothing])


def _merged(candidates: Iterable[Candidate]) -> Iterator[Candidate]:
    """One candidate a number, the simplest; the others are named with it."""
    group: list[Candidate] = []
    for candidate in sorted(candidates, key=lambda each: (each.loss, each.order)):
        if group and not math.isclose(candidate.loss, group[0].loss, rel_tol=_EQUAL):
            yield _one(group)
            group = []
        group.append(candidate)
    if group:
        yield _one(group)


def _one(group: list[Candidate]) -> Candidate:
    simplest, *others = sorted(group, key=lambda each: each.order)
    same = [f"the {other.described} ({_first(other.who)})" for other in others[:_NAMED]]
    if len(others) > _NAMED:
        same.append(f"{len(others) - _NAMED} more")
    return simplest._replace(who="; also ".join([simplest.who, *same]))


def _ranked(candidates: Iterable[Candidate], printed: Printed) -> list[Candidate]:
    return sorted(candidates, key=lambda each: (printed.beyond(each.loss), each.order))


def _conclusion(best: Sequence[Candidate], printed: Printed, uniform: Convention, *, usual: bool) -> str:
    """How many candidates fit, and the first of them; or how far off the nearest is, and which eps would do."""
    if not best:
        return "No candidate is a finite number."
    fit = sum(printed.beyond(candidate.loss) == 0 for candidate in best)
    first = f"the {best[0].described} ({_first(best[0].who)})"
    if fit > 1:
        return f"{fit} candidates give {printed.text} to its last digit; the simplest is {first}."
    if fit:
        return f"One candidate gives {printed.text} to its last digit: {first}."
    off = f"{abs(best[0].loss - printed.number):.2g} off"
    if printed.near(best[0].loss):
        return f"One candidate gives {printed.text} as far as float32 goes: {first}, {off}."
    solved = _solved(printed.number, uniform)
    would = "" if math.isnan(solved) else f"; the mean over kept samples of uniform targets with eps {solved:.4g} would"
    which = "of the usual ones" if usual else "with such an eps"
    return f"None {which} gives {printed.text}: the nearest is {first}, {off}{would}."


def _solved(number: float, uniform: Convention) -> float:
    """The eps whose mean uniform loss is this number, which it is linear in; nan where none in [0, 1] is."""
    sums = uniform.sums(0.0)
    rise = (sums.spread - sums.hard) / sums.kept
    if not math.isfinite(rise) or rise == 0:
        return math.nan
    eps = (number - sums.hard / sums.kept) / rise
    return eps if 0 <= eps <= 1 else math.nan


def _first(who: str) -> str:
    """The first name of a list."""
    return who.replace(";", ",").replace(":", ",").split(",")[0]
