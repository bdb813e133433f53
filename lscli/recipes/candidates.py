"""Candidates for a printed loss: every recipe with every convention and eps, ranked by their distance to it."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING

from lscli.errors import UsageError
from lscli.recipes.catalogue import LOSSES, NONE, RECIPES, Recipe
from lscli.text import rounded, shown

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from lscli.recipes.convention_sums import ConventionSums

# The eps that are tried by default, each with a rank: the higher, the more unusual.
USUAL = {
    **dict.fromkeys((0.0, 0.1), 0),
    **dict.fromkeys((0.05, 0.2), 1),
    **dict.fromkeys((0.01, 0.15, 0.3), 2),
    **dict.fromkeys((0.001, 0.005, 0.02, 0.03, 0.06, 0.08, 0.11, 0.12, 0.25, 0.4, 0.5), 3),
}
# Losses with a relative difference up to this are one number that was computed in two ways.
_EQUAL = 1e-12
# The relative error that a loss computed in float32 may have.
_FLOAT32 = 1e-6
# The most other candidates with the same loss that a candidate names.
_NAMED = 2
# How many times as large or as small as a number the losses are whose density counts for it: together a decade.
_AROUND = math.sqrt(10)
# From so many expected matches by chance on, no candidate is named. Of losses that no recipe gives, none of 200 with 2
# digits is then given one, 4 with 3 and 13 with 4 (tests/recipes/chance.py).
_TOO_MANY = 0.1


@dataclass(frozen=True)
class Printed:
    """A loss as it was printed.

    Attributes:
        text: the digits.
        number: their value.
        half_unit: half a unit of the last digit, the rounding error of the text.
        digits: the number of digits from the first that is not 0 to the last; 0 for a number of zeros.
    """

    text: str
    number: float
    half_unit: float
    digits: int

    @classmethod
    def of(cls, value: object) -> Printed:
        """The printed loss that a text or a number is.

        Raises:
            UsageError: the value is not a finite number.
        """
        try:
            text = value.strip() if isinstance(value, str) else format(value)
        except Exception:  # `format` is code of the value's type, which may raise anything
            text = shown(value)
        try:
            exact = Decimal(text)
            number = float(exact)
        except (InvalidOperation, ValueError, OverflowError):
            number = math.nan
        if not math.isfinite(number):
            hint = "the loss comes first, as it was printed: lscli explain 0.9935 LOGITS LABELS"
            raise UsageError(f"not a finite number: {shown(text)}", hint, where="value")
        _, digits, exponent = exact.as_tuple()
        return cls(text, number, 0.5 * 10.0 ** min(int(exponent), 300), len(digits) if any(digits) else 0)

    def distance(self, loss: float) -> float:
        """The distance of a loss from the range that rounds to the printed digits; 0 inside the range."""
        distance = abs(loss - self.number)
        # float64 has no exact half unit, and sums are rounded.
        return 0.0 if distance <= self.half_unit + _EQUAL * abs(self.number) else distance - self.half_unit


@dataclass(frozen=True)
class Candidate:
    """A loss, and how it is computed.

    Attributes:
        eps: 0 without smoothing.
        smoothing: a name of `LOSSES`: the convention, or `none` at eps 0.
        recipe: the function from the losses of all samples to the loss.
        order: the sort key of candidates that fit equally well, the most usual first.
        who: the libraries that compute this loss, and other candidates that give it.
    """

    loss: float
    eps: float
    smoothing: str
    recipe: Recipe
    order: tuple[float, ...]
    who: str

    @property
    def formula(self) -> str:
        return self.recipe.formula.replace("{L}", LOSSES[self.smoothing])

    @property
    def described(self) -> str:
        """The candidate as a noun phrase that follows "the"."""
        if self.smoothing == NONE:
            return f"{self.recipe.name} without smoothing"
        return f"{self.recipe.name} of {self.smoothing} targets with eps {self.eps:g}"


def ranked(conventions: Sequence[ConventionSums], amounts: Mapping[float, int], printed: Printed) -> list[Candidate]:
    """All candidates with a finite loss, the best first.

    Candidates that round to the printed digits fit equally well, and the most usual among them comes first.

    Args:
        conventions: the conventions to try, `uniform` first.
        amounts: the eps to try, each with a rank: the higher, the more unusual.
        printed: the loss to explain.
    """
    merged = _merged(_candidates(conventions, amounts))
    return sorted(merged, key=lambda each: (printed.distance(each.loss), each.order))


def _candidates(conventions: Sequence[ConventionSums], amounts: Mapping[float, int]) -> Iterator[Candidate]:
    """Every recipe that gives a finite number. At eps 0 all conventions are equal, so that only the first is tried."""
    places = list(LOSSES)
    for convention in conventions:
        for eps, unusual in amounts.items():
            if eps == 0 and convention is not conventions[0]:
                continue
            smoothing = convention.name if eps else NONE
            place = places.index(smoothing)
            sums = convention.at(eps)
            for number, recipe in enumerate(RECIPES):
                loss = recipe.compute(sums) if smoothing in recipe.who else math.nan
                if math.isfinite(loss):
                    order = (recipe.unusual + max(place - 1, 0) + unusual, number, place, eps)
                    yield Candidate(loss, eps, smoothing, recipe, order, recipe.who[smoothing])


def _merged(candidates: Iterable[Candidate]) -> list[Candidate]:
    """The most usual candidate of each loss, which names the others."""
    groups: list[list[Candidate]] = []
    for candidate in sorted(candidates, key=lambda each: (each.loss, each.order)):
        if not groups or not math.isclose(candidate.loss, groups[-1][0].loss, rel_tol=_EQUAL):
            groups.append([])
        groups[-1].append(candidate)
    return [_most_usual(same) for same in groups]


def _most_usual(same: list[Candidate]) -> Candidate:
    first, *others = sorted(same, key=lambda each: each.order)
    named = [f"the {other.described} ({_first(other.who)})" for other in others[:_NAMED]]
    if len(others) > _NAMED:
        named.append(f"{len(others) - _NAMED} more")
    return replace(first, who="; also ".join([first.who, *named]))


def matches_by_chance(candidates: Sequence[Candidate], printed: Printed) -> float:
    """How many candidates would give a number like this to its last digit if it had nothing to do with them.

    The losses of the candidates within a decade around the number are taken as evenly spread on the scale of
    logarithms: their number times the share of the decade that rounds to the printed digits.
    """
    low, high = abs(printed.number) - printed.half_unit, abs(printed.number) + printed.half_unit
    if low <= 0:
        return float(sum(abs(candidate.loss) <= high for candidate in candidates))
    near = sum(1 / _AROUND < abs(candidate.loss / printed.number) < _AROUND for candidate in candidates)
    return near * math.log(high / low) / (2 * math.log(_AROUND))


def conclusion(best: Sequence[Candidate], printed: Printed, uniform: ConventionSums, *, usual: bool) -> str:
    """One sentence: the number of candidates that fit and the first, or the nearest and an eps that would fit.

    If the number has so few digits that candidates fit by chance, the sentence names none of them.

    Args:
        best: the candidates, best first.
        printed: the loss to explain.
        uniform: the sums of the convention `uniform`.
        usual: the eps were the usual ones, not given ones.
    """
    if not best:
        return "No candidate is a finite number."
    fit = sum(printed.distance(candidate.loss) == 0 for candidate in best)
    first = f"the {best[0].described} ({_first(best[0].who)})"
    chance = matches_by_chance(best, printed)
    if fit and chance >= _TOO_MANY:
        what = "One candidate gives" if fit == 1 else f"{fit} candidates give"
        digits = "1 digit" if printed.digits == 1 else f"{printed.digits} digits"
        expected = f"about {rounded(chance, 1 if chance < 10 else 2)} would give any number of {digits} near it"
        return f"{what} {printed.text} to its last digit, but {expected} by chance: give more digits of the loss."
    if fit > 1:
        return f"{fit} candidates give {printed.text} to its last digit; the simplest is {first}."
    if fit:
        return f"One candidate gives {printed.text} to its last digit: {first}."
    error = abs(best[0].loss - printed.number)
    off = f"{rounded(error, 2)} off"
    if error <= _FLOAT32 * abs(printed.number):
        return f"One candidate gives {printed.text} as far as float32 goes: {first}, {off}."
    solved = _solved(printed.number, uniform)
    would = "" if solved is None else f"; the mean over kept samples of uniform targets with eps {solved:.4g} would"
    which = "of the usual ones" if usual else "with such an eps"
    return f"None {which} gives {printed.text}: the nearest is {first}, {off}{would}."


def _solved(number: float, uniform: ConventionSums) -> float | None:
    """The eps in [0, 1] at which the mean loss of `uniform`, which is linear in eps, is this number; else None."""
    sums = uniform.at(0.0)
    rise = (sums.spread - sums.hard) / sums.kept
    if not math.isfinite(rise) or rise == 0:
        return None
    eps = (number - sums.hard / sums.kept) / rise
    return eps if 0 <= eps <= 1 else None


def _first(who: str) -> str:
    """The first name of a list of libraries."""
    return who.replace(";", ",").replace(":", ",").split(",")[0]
