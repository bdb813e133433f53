"""Classes of options: what each kind of field takes, what it refuses, and how classes combine."""

# Annotations are evaluated here: the fields carry their `Option`.
import math
import os
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
import pytest

from lscli.checked_options import Option, Options, choice, declared
from lscli.errors import UsageError
from lscli.text import shown


class Colours(Options):
    """A choice, and one that may be left out."""

    colour: Annotated[Literal["red", "green", "blue"], Option()] = "red"
    other_colour: Annotated[Literal["black"] | None, Option()] = None


class Flags(Options):
    """A flag."""

    loud: Annotated[bool, Option()] = False


class Numbers(Options):
    """Numbers with bounds that they may reach, that they may not, and without any."""

    count: Annotated[int | None, Option(least=1, hint="leave it out for all")] = None
    share: Annotated[float, Option(above=0, below=1, hint="for example 0.5")] = 0.5
    rate: Annotated[float | None, Option(least=0, below=1)] = None
    size: Annotated[int, Option(least=1, most=10)] = 5
    shift: Annotated[float, Option()] = 0.0
    place: Annotated[int, Option()] = 0


class Words(Options):
    """Text, and values that are checked where they are used."""

    name: Annotated[str, Option()] = "x"
    paths: Annotated[Any, Option(file=True)] = None
    others: Annotated[str | None, Option(file=True)] = None


class Everything(Words, Numbers, Flags, Colours):
    """All of them."""

    loud: Annotated[bool, Option()] = True
    last: Annotated[None, Option(hidden=True, hint="leave it out")] = None


def refused(hint: str = "", **options: Any) -> str:
    """The message with which these options are refused."""
    with pytest.raises(UsageError) as caught:
        Everything(**options)
    assert hint in caught.value.hint
    return str(caught.value)


@pytest.mark.parametrize("colour", ["red", "green", "blue"])
def test_a_choice_is_one_of_its_words(colour: Any) -> None:
    assert colour == Colours(colour=colour).colour


@pytest.mark.parametrize("colour", ["RED", "", " red", None, 1, b"red", ["red"], math.nan])
def test_any_other_value_is_refused(colour: Any) -> None:
    assert f"colour: unknown value {colour!r}" == refused(colour=colour)


def test_the_hint_is_the_nearest_word_or_all_words() -> None:
    refused("did you mean 'green'?", colour="gren")
    refused("use red, green or blue", colour="zzz")


def test_a_choice_of_one_word_that_may_be_left_out() -> None:
    assert "other-colour: unknown value 'white'" == refused("use black", other_colour="white")
    assert (None, "black") == (Colours(other_colour=None).other_colour, Colours(other_colour="black").other_colour)


def test_choice_returns_the_word_itself() -> None:
    assert "a" == choice("a", ("a", "b"), "letter")
    with pytest.raises(UsageError, match=r"^letter: unknown value 'zzz'\n") as caught:
        choice("zzz", ("a", "b"), "letter")
    assert "use a or b" == caught.value.hint


@pytest.mark.parametrize("value", [True, np.True_, np.array(True)])
def test_a_flag_is_a_bool_of_python_or_numpy(value: Any) -> None:
    assert Flags(loud=value).loud is True


@pytest.mark.parametrize(
    "value", [1, 0, "true", "", None, 1.0, np.int64(1), [], np.array([True]), np.array([True, False])]
)
def test_a_flag_is_nothing_else(value: Any) -> None:
    assert f"loud: must be true or false, got {value!r}" == refused(loud=value)


@pytest.mark.parametrize("value", [3, np.int64(3), np.uint8(3), np.array(3)])
def test_a_whole_number_is_an_int_of_python_or_numpy(value: Any) -> None:
    found = Numbers(count=value).count
    assert (3, int) == (found, type(found))


@pytest.mark.parametrize("value", [2.5, 2.0, "2", True, np.float64(2), [2], math.nan])
def test_a_whole_number_is_nothing_else(value: Any) -> None:
    assert f"count: must be a whole number, got {value!r}" == refused(count=value)


@pytest.mark.parametrize("value", [0.25, np.float32(0.25), np.float64(0.25), np.array(0.25)])
def test_a_number_is_a_float_of_python_or_numpy(value: Any) -> None:
    found = Numbers(share=value).share
    assert (0.25, float) == (found, type(found))


def test_a_number_may_be_whole() -> None:
    whole: Any = np.int64(3)
    found = Numbers(rate=0, shift=whole)
    assert (0.0, float, 3.0, float) == (found.rate, type(found.rate), found.shift, type(found.shift))


@pytest.mark.parametrize("value", ["0.5", b"0.5", True, None, [0.5, 0.6], object, 10**400])
def test_a_number_is_no_text_and_no_flag(value: Any) -> None:
    assert f"share: must be a number, got {shown(value)}" == refused("for example 0.5", share=value)


@pytest.mark.parametrize(
    ("options", "bounds"),
    [
        ({"count": 0}, "at least 1"),
        ({"count": -(10**30)}, "at least 1"),
        ({"size": 0}, "from 1 to 10"),
        ({"size": 11}, "from 1 to 10"),
        ({"share": 0}, "between 0 and 1"),
        ({"share": 1}, "between 0 and 1"),
        ({"share": math.nan}, "between 0 and 1"),
        ({"share": math.inf}, "between 0 and 1"),
        ({"rate": -1e-300}, "at least 0 and below 1"),
        ({"rate": 1.0}, "at least 0 and below 1"),
        ({"rate": math.nan}, "at least 0 and below 1"),
        ({"shift": math.nan}, "a finite number"),
    ],
)
def test_a_number_out_of_its_bounds_is_refused_with_these(options: dict[str, Any], bounds: str) -> None:
    ((name, value),) = options.items()
    assert f"{name}: must be {bounds}, got {value}" == refused(**options)


def test_bounds_may_be_reached_if_they_belong_to_the_range() -> None:
    found = Numbers(count=1, size=10, rate=0, share=math.nextafter(1, 0), place=-(10**30))
    assert (1, 10, 0, 1 - 2**-53, -(10**30)) == (found.count, found.size, found.rate, found.share, found.place)
    assert 1 == Numbers(size=1).size


def test_the_hint_of_an_option_goes_with_its_bounds() -> None:
    refused("leave it out for all", count=0)
    refused("for example 0.5", share=2)


def test_text_is_text_alone() -> None:
    assert "" == Words(name="").name
    assert "name: must be text, got 3" == refused(name=3)
    assert "name: must be text, got None" == refused(name=None)


def test_none_leaves_out_what_may_be_left_out() -> None:
    found = Numbers(count=None, rate=None)
    assert (None, None) == (found.count, found.rate)
    assert "size: must be a whole number, got None" == refused(size=None)


def test_a_value_of_any_type_is_kept_as_it_is() -> None:
    array = np.eye(3)
    assert Words(paths=array).paths is array
    assert Words().paths is None


def test_an_option_that_a_question_does_not_have_is_refused() -> None:
    assert Everything(last=None).last is None
    assert "last: is not an option of this function" == refused("leave it out", last="x")


@pytest.mark.parametrize(("name", "hint"), [("colur", "'colour'"), ("sharee", "'share'"), ("zzz", "")])
def test_an_unknown_keyword_is_a_type_error_with_the_nearest(name: str, hint: str) -> None:
    with pytest.raises(TypeError) as caught:
        Everything(**{name: 1})  # type: ignore[arg-type]
    assert str(caught.value).startswith(f"unexpected keyword argument {name!r}")
    assert hint in str(caught.value)
    assert bool(hint) == ("did you mean" in str(caught.value))


def test_arguments_have_names() -> None:
    with pytest.raises(TypeError):
        Colours("red")  # type: ignore[call-arg]


def test_fields_of_the_last_base_come_first_and_a_field_keeps_its_place() -> None:
    expected = [
        *("colour", "other_colour", "loud"),
        *("count", "share", "rate", "size", "shift", "place"),
        *("name", "paths", "others", "last"),
    ]
    assert expected == [each.name for each in declared(Everything)]
    assert (True, False) == (Everything().loud, Flags().loud)
    assert declared(Everything) is declared(Everything)


def test_what_a_field_declares() -> None:
    found = {each.name: each for each in declared(Everything)}
    assert ("other-colour", ("black",), True, None) == (
        found["other_colour"].flag,
        found["other_colour"].choices,
        found["other_colour"].optional,
        found["other_colour"].default,
    )
    kinds = {"loud": bool, "count": int, "share": float, "name": str, "others": str, "last": type(None), "paths": None}
    assert kinds == {name: found[name].kind for name in kinds}
    assert {"colour", "loud", "share", "size", "shift", "place", "name"} == {
        name for name, each in found.items() if not each.optional and name not in ("paths", "last")
    }
    assert ("count", "own") == (
        found["count"].environment,
        found["count"]._replace(option=Option(environment="own")).environment,
    )


def test_options_are_frozen() -> None:
    options = Everything()
    with pytest.raises(AttributeError, match=r"use replaced\(colour=\.\.\.\)"):
        options.colour = "blue"  # type: ignore[misc]
    with pytest.raises(AttributeError):
        options.new = 1
    assert "red" == options.colour


def test_replaced_gives_checked_options_and_leaves_the_old_ones() -> None:
    options = Everything(colour="green", count=3)
    other = options.replaced(count=4, loud=False)
    assert ("green", 4, False) == (other.colour, other.count, other.loud)
    assert ("green", 3, True) == (options.colour, options.count, options.loud)
    assert Everything is type(other)
    with pytest.raises(UsageError, match="count: must be at least 1, got 0"):
        options.replaced(count=0)
    with pytest.raises(TypeError, match="'cuont'"):
        options.replaced(cuont=1)


def test_a_part_has_the_values_of_a_base_class_alone() -> None:
    part = Everything(count=3, colour="blue").part(Numbers)
    assert Numbers is type(part)
    assert (3, 0.5) == (part.count, part.share)
    assert not hasattr(part, "colour")


def test_files_are_the_paths_that_are_text() -> None:
    assert [] == Words().files()
    assert ["a.npy", "b.npy"] == Words(paths="a.npy", others="b.npy", name="c.npy").files()
    assert ["b.npy"] == Words(paths=np.eye(2), others="b.npy").files()
    assert [] == Words(paths=Path("a.npy") / os.curdir).files()
