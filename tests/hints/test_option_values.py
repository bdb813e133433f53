"""The hint of an option whose value is refused names a value that is accepted."""

from __future__ import annotations

import re

import pytest

from lscli import options
from lscli.checked_options import Declared, Options, declared
from lscli.errors import UsageError

# Each option by its name, of the first class of options that has it.
OPTIONS: dict[str, Declared] = {
    each.name: each
    for kind in reversed(vars(options).values())
    if isinstance(kind, type) and issubclass(kind, Options)
    for each in declared(kind)
}
OUTSIDE = -(10**12)
BOUNDED = [
    each
    for each in OPTIONS.values()
    if each.kind in (int, float) and not each.option.several and not each.option.allows(OUTSIDE)
]


def test_there_are_options_with_bounds() -> None:
    assert {"bins", "level", "bootstrap", "seed", "threads", "labels_from"} <= {each.name for each in BOUNDED}


@pytest.mark.parametrize("each", BOUNDED, ids=lambda each: each.name)
def test_the_hint_of_an_option_names_a_value_that_it_takes(each: Declared) -> None:
    with pytest.raises(UsageError) as refused:
        each.checked(OUTSIDE)
    hint = refused.value.hint
    assert hint
    numbers = [float(number) for number in re.findall(r"-?\d+(?:\.\d+)?(?:e-?\d+)?", hint)]
    assert numbers or "leave it out" in hint or "--" in hint, hint
    for number in numbers:
        given = int(number) if each.kind is int else number
        assert given == each.checked(given)
