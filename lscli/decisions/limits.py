"""Limits of metrics, as `--max ece=0.05` gives them, checked before any file is read."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

from lscli.checked_options import declared
from lscli.errors import UsageError
from lscli.metrics.catalogue import FAMILIES, METRICS
from lscli.metrics.of_pairs import OF_PAIRS
from lscli.metrics.selection import Choice, select
from lscli.options import LimitOptions
from lscli.text import shown

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from lscli.decisions.checked import Bound

# By how much a difference may be beyond its limit: 0.91 - 0.92 is -0.010000000000000009.
_ROUNDING = 1e-13
_BOUNDS: tuple[Bound, ...] = ("max", "min", "max-rise", "max-drop")
_OPTIONS = {each.flag: each for each in declared(LimitOptions)}


class Limit(NamedTuple):
    """A limit of a metric.

    Attributes:
        bound: the kind of the limit.
        name: the metric as it was typed, such as `risk_at_coverage@0.9`.
        choice: the metric.
        limit: the limit; at least 0 for a rise or a drop.
    """

    bound: Bound
    name: str
    choice: Choice
    limit: float

    @property
    def of_difference(self) -> bool:
        """Whether the difference to the baseline is limited, not the value."""
        return self.bound in ("max-rise", "max-drop")

    @property
    def upper(self) -> bool:
        """Whether large numbers are beyond the limit."""
        return self.bound in ("max", "max-rise")

    def keeps(self, number: float, scale: float = 0.0) -> bool:
        """Whether a value or a difference is within the limit, or at it; nan never is.

        Args:
            number: a value, or a difference to the baseline.
            scale: the size of the numbers whose difference it is, which rounding is relative to.
        """
        beyond = number - self.limit if self.upper else self._least - number
        return beyond <= (_ROUNDING * scale if math.isfinite(scale) else 0.0)

    @property
    def of_pair(self) -> bool:
        """Whether its metric belongs to the pair of the baseline and the model."""
        return self.choice.metric.id in OF_PAIRS

    @property
    def _least(self) -> float:
        return -self.limit if self.bound == "max-drop" else self.limit


def limits_of(options: LimitOptions, *, allow_negative_eps: bool = False) -> list[Limit]:
    """The limits that the options give, in the order of the options; one that is given twice counts once.

    Raises:
        UsageError: a limit has no number, or one that its metric never or always keeps; its metric is unknown, or a
            family; two limits contradict each other; there is none; or a baseline has no use, or is missing.
    """
    found: dict[tuple[Bound, str, float | None], Limit] = {}
    for bound in _BOUNDS:
        for limit in _parsed(bound, getattr(options, bound.replace("-", "_")), allow_negative_eps):
            key = (bound, *_key(limit))
            if key in found and found[key].limit != limit.limit:
                what = f"{limit.name} has two limits, {found[key].limit:.10g} and {limit.limit:.10g}"
                raise UsageError(what, "give it one", where=bound)
            found.setdefault(key, limit)
    limits = [*found.values()]
    _check_together(limits, options)
    return limits


def _key(limit: Limit) -> tuple[str, float | None]:
    return limit.choice.metric.id, limit.choice.argument


def _check_together(limits: Sequence[Limit], options: LimitOptions) -> None:
    """Check what no limit alone shows."""
    largest = {_key(limit): limit.limit for limit in limits if limit.bound == "max"}
    for limit in limits:
        most = largest.get(_key(limit), math.inf)
        if limit.bound == "min" and limit.limit > most:
            what = f"no {limit.name} is at least {limit.limit:.10g} and at most {most:.10g}"
            hint = (
                f"if they changed places, say --min {limit.name}={most:.10g} and --max {limit.name}={limit.limit:.10g}"
            )
            raise UsageError(what, hint, where="min")
    of_pair = next((limit for limit in limits if limit.of_pair), None)
    if of_pair is not None and of_pair.of_difference:
        what = f"{of_pair.name} itself compares with the baseline"
        hint = f"limit its value: --max {of_pair.name}={of_pair.limit:.10g} --baseline FILE"
        raise UsageError(what, hint, where=of_pair.bound)
    first = next((limit for limit in limits if limit.of_difference or limit.of_pair), None)
    if first is not None and options.baseline is None:
        raise UsageError("there is nothing to compare with", "add --baseline FILE", where=first.bound)
    if first is None and options.baseline is not None:
        hint = "add --max-rise or --max-drop, for example --max-rise loss_hard=0.01"
        raise UsageError("no limit compares with it", hint, where="baseline")
    if not limits and options.threshold is None:
        raise UsageError("there is no limit", "give one with --max or --min, for example --max ece=0.05")
    if options.strict:
        for limit in limits:
            if limit.choice.metric.interval == "none":
                what = f"{limit.name} never has an interval"
                raise UsageError(what, "leave --strict out, or this limit", where="strict")


def _parsed(bound: Bound, given: str | Sequence[str] | None, allow_negative_eps: bool) -> Iterator[Limit]:
    """The limits of one option. An empty word, as after a comma at the end, is none."""
    words = [word.strip() for part in ([given] if isinstance(given, str) else given or ()) for word in part.split(",")]
    example = _OPTIONS[bound].option.hint
    if given is not None and not any(words):
        raise UsageError("names no metric", example, where=bound)
    before = ""
    for word in filter(None, words):
        name, equals, text = (part.strip() for part in word.partition("="))
        if not equals:
            hint = f"write a point for the comma: {before}.{word}" if before and word.isdecimal() else example
            raise UsageError(f"{shown(word)} has no number", hint, where=bound)
        choice = _choice(name, bound, allow_negative_eps)
        yield Limit(bound, name, choice, _number(choice, name, text, bound))
        before = word


def _choice(name: str, bound: Bound, allow_negative_eps: bool) -> Choice:
    """The one metric of a name."""
    if name not in METRICS and (name in FAMILIES or name in ("default", "all")):
        one = FAMILIES[name].metrics[0].id if name in FAMILIES else "ece"
        raise UsageError(f"{name} is not one metric", f"name each, for example {one}", where=bound)
    if not name:
        raise UsageError("a number has no metric", _OPTIONS[bound].option.hint, where=bound)
    try:
        found = select([name], allow_negative_eps=allow_negative_eps)
    except UsageError as error:
        error.say(error.message, error.hint, error.where.replace("metrics", bound, 1))
        raise
    # One word may be the id of a metric and that of its family.
    return next(choice for choice in found if len(found) == 1 or choice.metric.id == name)


def _number(choice: Choice, name: str, text: str, bound: Bound) -> float:
    """The limit, which the metric can keep and can break."""
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        what = f"{name}={shown(text)[1:-1]} is not a finite number" if text else f"{name} has no number after ="
        raise UsageError(what, _OPTIONS[bound].option.hint, where=bound)
    least, most = choice.metric.within
    if bound in ("max-rise", "max-drop"):
        if number < 0:
            by = "rise" if bound == "max-rise" else "fall"
            raise UsageError(f"{name} has a limit below 0", f"give by how much it may {by}, from 0 on", where=bound)
        least, most = 0.0, most - least
    if least <= number <= most:
        return number
    kept = (number > most) == (bound != "min")
    said = f"{name}={number:.10g} is {'always' if kept else 'never'} kept"
    if most == 1 and 1 < number <= 100:
        raise UsageError(
            said, f"{name} is at most 1: write {name}={number / 100:.10g} for {number:.10g} %", where=bound
        )
    reach = f"at least {least:g}" if math.isinf(most) else f"from {least:g} to {most:g}"
    raise UsageError(said, f"{name} is {reach}", where=bound)
