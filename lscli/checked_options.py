"""Classes whose fields are options, checked when they are made."""

from __future__ import annotations

import types
from collections.abc import Callable, Mapping
from itertools import islice
from typing import (
    TYPE_CHECKING,
    Any,
    Literal,
    NamedTuple,
    Self,
    TypeVar,
    Union,
    dataclass_transform,
    get_args,
    get_origin,
)

from lscli.errors import UsageError, real, truth, whole
from lscli.text import nearest, shown

if TYPE_CHECKING:
    from collections.abc import Sequence


Part = TypeVar("Part", bound="Options")

# The most values of an option that takes several.
_MOST_ITEMS = 10_000


class Option(NamedTuple):
    """The description of an option, without its name, type and default.

    Attributes:
        help: one sentence.
        group: the heading that it stands under in `--help`.
        metavar: the name of its value in `--help`; the allowed words unless given.
        short: a short flag.
        shown: whether `--help` shows the default, or a text to show instead.
        least, most: the bounds of a number.
        above, below: the bounds of a number that it must not reach.
        hint: the hint of the error about a number out of its bounds.
        several: whether it takes several values, separated by commas or by repeating the option. A field holds a text,
            a number, or a tuple of both.
        pairs: whether each of several values is `name=number`, which a mapping of names to numbers may give, too.
        also: a type, as `module.name`, whose values are taken as their text.
        file: whether its value names a file, which must not be the output.
        environment: its name in the environment and in pyproject.toml, if it is not the name of the option.
        words: words that complete a value if other values are allowed too.
        hidden: whether only Python functions have the option.
        unrecorded: whether the settings of a report omit it.
        typed: whether it is meant for one file, so that neither the environment nor pyproject.toml can set it.
        reasons: words that other questions allow and this one does not, each with the reason.
    """

    help: str = ""
    group: str | None = None
    metavar: str | None = None
    short: str = ""
    shown: bool | str = True
    least: float | None = None
    most: float | None = None
    above: float | None = None
    below: float | None = None
    hint: str = ""
    several: bool = False
    pairs: bool = False
    also: str = ""
    file: bool = False
    environment: str = ""
    words: tuple[str, ...] = ()
    hidden: bool = False
    unrecorded: bool = False
    typed: bool = False
    reasons: tuple[tuple[str, str], ...] = ()

    def allows(self, number: float) -> bool:
        """Whether a number is within the bounds; nan never is."""
        return (
            number == number
            and (self.least is None or number >= self.least)
            and (self.most is None or number <= self.most)
            and (self.above is None or number > self.above)
            and (self.below is None or number < self.below)
        )

    @property
    def bounds(self) -> str:
        """The bounds in words."""
        if self.above is not None and self.below is not None:
            return f"between {self.above:.10g} and {self.below:.10g}"
        if self.least is not None and self.most is not None:
            return f"from {self.least:.10g} to {self.most:.10g}"
        words = (("at least", self.least), ("at most", self.most), ("above", self.above), ("below", self.below))
        return " and ".join(f"{word} {bound:.10g}" for word, bound in words if bound is not None) or "a finite number"


class Declared(NamedTuple):
    """An option as a field declares it.

    Attributes:
        kind: the type without None, and the type of one of several values; None for values that are not checked here.
        optional: whether None is allowed.
    """

    name: str
    kind: Any
    optional: bool
    default: Any
    option: Option

    @property
    def flag(self) -> str:
        """The flag without its leading dashes, which is the name of the option in errors."""
        return self.name.replace("_", "-")

    @property
    def removed(self) -> bool:
        """Whether the field is of type None, which removes an option of a base class; its hint says why."""
        return self.kind is type(None)

    @property
    def environment(self) -> str:
        """The name in pyproject.toml, and in capital letters after `LSCLI_` in the environment."""
        return self.option.environment or self.name

    @property
    def choices(self) -> tuple[str, ...]:
        """The allowed words; empty if the option is not a choice."""
        return get_args(self.kind) if get_origin(self.kind) is Literal else ()

    def checked(self, value: Any) -> Any:
        """The value, converted to the type of the option.

        Raises:
            UsageError: the value has another type, is not an allowed word, or is out of bounds.
        """
        if value is None and self.optional:
            return None
        for word, reason in self.option.reasons:
            if isinstance(value, str) and value == word:
                raise UsageError(reason, self.option.hint, where=self.flag)
        if self.choices:
            return choice(value, self.choices, self.flag)
        if self.option.several:
            return _several(self, value)
        check = _CHECKS.get(self.kind)
        return value if check is None else check(self, value)


def _not_an_option(each: Declared, value: Any) -> Any:
    raise UsageError("is not an option of this function", each.option.hint, where=each.flag)


def _truth(each: Declared, value: Any) -> bool:
    return truth(value, each.flag)


def _text(each: Declared, value: Any) -> str:
    if f"{type(value).__module__}.{type(value).__name__}" == each.option.also:
        return str(value)
    if not isinstance(value, str):
        raise UsageError(f"must be text, got {shown(value)}", each.option.hint or "give a text", where=each.flag)
    return value


def _number(each: Declared, value: Any) -> float:
    if each.kind is int:
        number: float = whole(value, each.flag)
    else:
        try:
            number = real(value)
        except TypeError:
            raise UsageError(f"must be a number, got {shown(value)}", each.option.hint, where=each.flag) from None
    if not each.option.allows(number):
        raise UsageError(f"must be {each.option.bounds}, got {shown(value)}", each.option.hint, where=each.flag)
    return number


def _function(each: Declared, value: Any) -> Any:
    if not callable(value):
        raise UsageError(f"must be a function, got {shown(value)}", "give a function of two numbers", where=each.flag)
    return value


def _several(each: Declared, value: Any) -> Any:
    """A text or a number, or a tuple of both. What they mean is checked where they are used."""
    what = "text" if each.kind is str else "numbers or text"
    if isinstance(value, str):
        return tuple(value.split(",")) if "," in value else value
    if each.option.pairs and isinstance(value, Mapping):
        return tuple(f"{name}={_of_pair(number)}" for name, number in value.items())
    one = _one(each, value)
    if one is not None:
        return one
    found: list[Any] = []
    for given in items(value, each.flag, what, each.option.hint):
        one = _one(each, given)
        if one is None:
            raise UsageError(f"must be {what}, got {shown(given)}", each.option.hint, where=each.flag)
        found += one.split(",") if isinstance(one, str) else [one]
    return tuple(found)


def _of_pair(number: Any) -> str:
    """The number of a pair as text, or what it is instead, which is refused where pairs are read."""
    try:
        return repr(real(number))
    except TypeError:
        return number if isinstance(number, str) else shown(number)


def _one(each: Declared, value: Any) -> str | float | None:
    """One of several values; None if it is no text, and no number where numbers are allowed."""
    if isinstance(value, str) or each.kind is str:
        return value if isinstance(value, str) else None
    try:
        return real(value)
    except TypeError:
        return None


_CHECKS: Mapping[Any, Callable[[Declared, Any], Any]] = {
    type(None): _not_an_option,
    bool: _truth,
    str: _text,
    int: _number,
    float: _number,
    Callable: _function,
}


def items(value: Any, where: str, what: str = "a list", hint: str = "give a list of values") -> list[Any]:
    """The items of a list, an array, or whatever else has items in an order; `what` names them in errors.

    Raises:
        UsageError: the value has no items, or too many.
    """
    refusal = UsageError(f"must be {what}, got {shown(value)}", hint, where=where)
    if isinstance(value, str | bytes | bytearray | Mapping):
        raise refusal
    try:
        # The items of arrays and tensors are numbers of Python after `tolist`.
        each = value.tolist() if callable(getattr(value, "tolist", None)) else value
        each = each.__iter__()  # `iter` would also take whatever has only `__getitem__`, such as a table
    except Exception:  # both are code of the value's type, which may raise anything
        raise refusal from None
    found = list(islice(each, _MOST_ITEMS + 1))
    if len(found) > _MOST_ITEMS:
        raise UsageError(f"has more than {_MOST_ITEMS} values", "give fewer values", where=where)
    return found


@dataclass_transform(kw_only_default=True, frozen_default=True, eq_default=False)
class Options:
    """A base of classes whose fields are options: `name: Annotated[type, Option(...)] = default`.

    To a type checker they are frozen dataclasses with keywords alone. Classes combine by inheritance; the fields of a
    base come before one's own, and of several bases the last one comes first.

    Raises:
        TypeError: a keyword is not a field.
        UsageError: a value of another type, a word that is not allowed, or a number out of its bounds.
    """

    def __init__(self, **given: Any) -> None:
        for each in declared(type(self)):
            given_value = given.pop(each.name, each.default)
            value = given_value if given_value is each.default else each.checked(given_value)
            object.__setattr__(self, each.name, value)
        if given:
            name, *_ = given
            hint = nearest(name, [each.name for each in declared(type(self))])
            raise TypeError(f"unexpected keyword argument {name!r}{hint and ': ' + hint}")

    def __setattr__(self, name: str, value: Any) -> None:
        raise AttributeError(f"options cannot be changed: use replaced({name}=...)")

    def replaced(self, **changes: Any) -> Self:
        """The same options with some values replaced."""
        return type(self)(**{each.name: getattr(self, each.name) for each in declared(type(self))} | changes)

    def takes(self, name: str) -> bool:
        """Whether this question has an option; a field of type None removes it."""
        return any(each.name == name and not each.removed for each in declared(type(self)))

    def part(self, kind: type[Part]) -> Part:
        """Only the options of a base class."""
        return kind(**{each.name: getattr(self, each.name) for each in declared(kind)})

    def files(self) -> list[str]:
        """The files that the options name."""
        values = [getattr(self, each.name) for each in declared(type(self)) if each.option.file]
        return [value for value in values if isinstance(value, str)]


# Kept for each class, because many classes share the fields of a base, and start-up time counts.
_DECLARED: dict[type, tuple[Declared, ...]] = {}
_OWN: dict[type, dict[str, Declared]] = {}


def declared(options: type) -> tuple[Declared, ...]:
    """The options of a class, in order."""
    if options not in _DECLARED:
        found: dict[str, Declared] = {}
        for base in reversed(options.__mro__):
            if base not in _OWN:
                annotations = getattr(base, "__annotations__", {})
                _OWN[base] = {name: _declared(name, kind, getattr(base, name)) for name, kind in annotations.items()}
            found |= _OWN[base]
        _DECLARED[options] = tuple(found.values())
    return _DECLARED[options]


def choice(value: object, allowed: Sequence[str], where: str) -> str:
    """The value, if it is one of the allowed words.

    Raises:
        UsageError: it is not. The hint names similar words, or all allowed words.
    """
    if isinstance(value, str) and value in allowed:
        return value
    words = f"use {', '.join(allowed[:-1])} or {allowed[-1]}" if len(allowed) > 1 else f"use {allowed[0]}"
    near = nearest(value, allowed) if isinstance(value, str) else ""
    raise UsageError(f"unknown value {shown(value)}", near or words, where=where)


def _declared(name: str, annotation: Any, default: Any) -> Declared:
    kind, option = get_args(annotation)
    members = get_args(kind) if get_origin(kind) in (Union, types.UnionType) else (kind,)
    others = [member for member in members if member is not type(None)]
    one = others[0] if len(others) == 1 or (option.several and others) else type(None) if not others else None
    one = Callable if get_origin(one) is Callable else one
    checked = one in _CHECKS or get_origin(one) is Literal
    return Declared(name, one if checked else None, len(others) < len(members), default, option)
