"""Classes whose fields are options, checked when they are made."""

from __future__ import annotations

import types
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

from lscli.errors import UsageError, whole
from lscli.text import nearest

if TYPE_CHECKING:
    from collections.abc import Sequence


Part = TypeVar("Part", bound="Options")


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
        several: whether it takes several values, separated by commas or by repeating the option.
        file: whether its value names a file, which must not be the output.
        environment: its name in the environment and in pyproject.toml, if it is not the name of the option.
        words: words that complete a value if other values are allowed too.
        hidden: whether only Python functions have the option.
        unrecorded: whether the settings of a report omit it.
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
    file: bool = False
    environment: str = ""
    words: tuple[str, ...] = ()
    hidden: bool = False
    unrecorded: bool = False

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
            return f"between {self.above:.12g} and {self.below:.12g}"
        if self.least is not None and self.most is not None:
            return f"from {self.least:.12g} to {self.most:.12g}"
        words = (("at least", self.least), ("at most", self.most), ("above", self.above), ("below", self.below))
        return " and ".join(f"{word} {bound:.12g}" for word, bound in words if bound is not None) or "a finite number"


class Declared(NamedTuple):
    """An option as a field declares it.

    Attributes:
        kind: the type without None; None for values that are not checked here.
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
        if self.choices:
            return choice(value, self.choices, self.flag)
        if self.kind is type(None):
            raise UsageError("is not an option of this command", self.option.hint, where=self.flag)
        if self.kind is bool:
            # numpy's bool is recognised without importing numpy.
            of_numpy = getattr(getattr(value, "dtype", None), "kind", "") == "b" and value.ndim == 0
            if not (isinstance(value, bool) or of_numpy):
                raise UsageError(f"must be true or false, got {value!r}", where=self.flag)
            return bool(value)
        if self.kind is str and not isinstance(value, str):
            raise UsageError(f"must be text, got {value!r}", where=self.flag)
        if self.kind in (int, float):
            number = whole(value, self.flag) if self.kind is int else _number(value, self)
            if not self.option.allows(number):
                raise UsageError(f"must be {self.option.bounds}, got {value}", self.option.hint, where=self.flag)
            return number
        return value


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
    raise UsageError(f"unknown value {value!r}", nearest(str(value), allowed) or words, where=where)


def _declared(name: str, annotation: Any, default: Any) -> Declared:
    kind, option = get_args(annotation)
    members = get_args(kind) if get_origin(kind) in (Union, types.UnionType) else (kind,)
    others = [member for member in members if member is not type(None)]
    one = others[0] if len(others) == 1 else type(None) if not others else None
    checked = one in (bool, int, float, str, type(None)) or get_origin(one) is Literal
    return Declared(name, one if checked else None, len(others) < len(members), default, option)


def _number(value: Any, option: Declared) -> float:
    try:
        if isinstance(value, str | bytes | bool):
            raise TypeError
        return float(value)
    except (TypeError, ValueError, OverflowError):
        raise UsageError(f"must be a number, got {value!r}", option.option.hint, where=option.flag) from None
