"""Which class a label names, by the names of the user or of columns: against every way to cut the names of columns."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from os.path import commonprefix

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lscli.class_names import ClassNames, classes_by_name, integer_of, numbers_are_names
from lscli.errors import InputError, UsageError

COLUMNS = "the columns of x.csv"


def read(
    words: Sequence[str], columns: Sequence[str] = (), names: Sequence[str] = (), ignore_index: int = -100
) -> dict[str, int]:
    """The classes of labels, by the names of columns or of the user."""
    given_names = ClassNames("names.txt", names) if names else None
    of_columns = ClassNames(COLUMNS, columns) if columns else None
    count = len(names or columns)
    found = classes_by_name(words, count, given_names, of_columns, ignore_index, lambda word: ("y", 7), "text")
    return dict(found.classes)


def every_cut(words: Sequence[str], columns: Sequence[str]) -> list[list[int]]:
    """The classes of the labels in each way to leave out a shared beginning and a shared end."""
    shared, shared_end = len(commonprefix(columns)), len(commonprefix([name[::-1] for name in columns]))  # noqa: RUF071
    found = []
    for begin in range(shared + 1):
        for end in range(shared_end + 1):
            if all(len(name) > begin + end for name in columns):
                names = [name[begin : len(name) - end] for name in columns]
                if all(word in names for word in words):
                    found.append([names.index(word) for word in words])
    return found


PARTS = st.text("ab_", max_size=4)


@settings(max_examples=300, deadline=None)
@given(st.lists(st.text("abc", min_size=1, max_size=4), min_size=2, max_size=5, unique=True), PARTS, PARTS, st.data())
def test_labels_are_what_is_left_of_the_columns(names: list[str], begin: str, end: str, data: st.DataObject) -> None:
    columns = [begin + name + end for name in names]
    words = data.draw(st.lists(st.sampled_from(names), min_size=1, unique=True))
    expected = every_cut(words, columns)
    assert [names.index(word) for word in words] in expected
    if any(each != expected[0] for each in expected):
        with pytest.raises(InputError, match="in more than one way"):
            read(words, columns)
    else:
        assert dict(zip(words, expected[0], strict=True)) == read(words, columns)


@pytest.mark.parametrize(
    ("columns", "words", "classes"),
    [
        (["Logit_A", "Logit_B"], ["B", "A"], [1, 0]),
        (["A", "B", "C"], ["C"], [2]),
        (["Logit_A", "Logit_B"], ["Logit_B"], [1]),
        (["p(cat)", "p(car)"], ["car", "cat"], [1, 0]),
        (["cat_logit", "dog_logit"], ["dog"], [1]),
        (["p_caf\u00e9", "p_t\u00e9"], ["cafe\u0301"], [0]),  # composed and decomposed
        (["New York", " Rome "], ["Rome", "New York "], [1, 0]),
        (["Logit_True", "Logit_False"], ["false", "TRUE"], [1, 0]),
        (["A", "B"], ["A", "-100"], [0, -1]),
    ],
)
def test_a_label_is_a_column(columns: list[str], words: list[str], classes: list[int]) -> None:
    assert dict(zip(words, classes, strict=True)) == read(words, columns)


def test_the_name_of_a_class_may_be_the_ignore_index() -> None:
    assert {"-100": 0, "B": 1} == read(["-100", "B"], names=["-100", "B"])


def test_labels_that_are_columns_in_two_ways_are_refused() -> None:
    assert [[1], [0]] == every_cut(["ab"], ["aab", "ab", "ac"])
    with pytest.raises(InputError, match="in more than one way"):
        read(["ab"], ["aab", "ab", "ac"])


def test_labels_that_are_no_columns_are_refused() -> None:
    with pytest.raises(InputError, match="row 7: 'cat' is not an integer label"):
        read(["cat", "dog"], ["Logit_A", "Logit_B"])
    with pytest.raises(InputError, match="row 7: 'A' is not an integer label"):  # one of three by accident
        read(["A", "x", "y"], ["Logit_A", "Logit_B", "Logit_C"])
    with pytest.raises(InputError, match=r"row 7: 'unknown' is not the name of a class in the columns of x.csv"):
        read(["A", "unknown"], ["Logit_A", "Logit_B"])


def test_columns_of_any_length_are_compared_at_once() -> None:
    columns = ["a" * 100_000 + name for name in ("cat", "dog")]
    with pytest.raises(InputError, match="is not an integer label"):
        read(["cat", "dog"], columns)
    assert {columns[1]: 1} == read([columns[1]], columns)


def test_names_in_any_normal_form_are_one_name() -> None:
    names = ["\u00e9", "ae"]
    assert {unicodedata.normalize("NFD", "\u00e9"): 0, "ae": 1} == read(["e\u0301", "ae"], names=names)
    with pytest.raises(InputError, match="classes 0 and 1 are both called"):
        read(["ae"], names=["\u00e9", "e\u0301", "ae"])


@pytest.mark.parametrize(("names", "classes"), [(["false", "true"], (0, 1)), (["True", "False"], (1, 0)), ([], (0, 1))])
def test_truth_values_are_the_classes_that_are_called_so(names: list[str], classes: tuple[int, int]) -> None:
    columns = [] if names else ["no", "yes"]
    assert {"FALSE": classes[0], "True": classes[1]} == read(["FALSE", "True"], columns, names)


def test_truth_values_of_more_than_two_classes_are_refused() -> None:
    with pytest.raises(InputError, match=r"not integer labels \(bool\)") as caught:
        read(["true", "false"], ["A", "B", "C"])
    assert "have 3" in caught.value.hint


@pytest.mark.parametrize(
    ("word", "hint"), [("emus", "did you mean 'emu'?"), ("x", "the names are cat, emu"), ("", "every")]
)
def test_a_label_that_is_no_name_is_shown_with_the_nearest(word: str, hint: str) -> None:
    with pytest.raises(InputError, match=r"row 7: .* is not the name of a class in names.txt") as caught:
        read(["cat", word], names=["cat", "emu"], ignore_index=-1)
    assert caught.value.hint.startswith(hint)
    assert "write -1, the ignore index, as its label" in caught.value.hint


def test_an_empty_label_is_no_class_without_a_name() -> None:
    assert {"cat": 2} == read(["cat"], names=["", "", "cat"])
    with pytest.raises(InputError, match=r"row 7: ' ' is not the name of a class in names.txt"):
        read([" ", "cat"], names=["", "dog", "cat"])


def test_a_label_in_an_error_is_short_and_printable() -> None:
    with pytest.raises(InputError) as caught:
        read(["\x1b[2J" + "x" * 10_000], names=["cat", "dog"])
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 200


@pytest.mark.parametrize(
    ("text", "number"),
    [(" 7 ", 7), ("-1", -1), ("+3", 3), ("007", 7), ("1_0", None), ("\u0663", None), ("1.0", None), ("", None)],
)
def test_integers_are_those_that_other_programs_read(text: str, number: int | None) -> None:
    assert number == integer_of(text)
    assert integer_of(str(2**63)) is integer_of("9" * 5000) is None


@pytest.mark.parametrize(
    ("found", "names", "labels_from", "expected"),
    [
        ([2019, 2020], ["2019", "2020"], 0, True),
        ([0, 1], ["0", "1"], 0, True),  # both readings agree
        ([0, 1], ["cat", "dog"], 0, False),
        ([0, 1], ["1", "2"], 0, False),  # 0 is no name
        ([1, 2], ["1", "2"], 0, True),  # 2 is no class number
        ([1, 2], ["01", "02"], 0, True),
        ([1, 2], ["1", "2", "3"], 1, False),  # the user says that they are numbers
        ([2018], ["2019", "2020"], 0, False),
        ([2018, 2019], ["2019", "2020"], 0, True),  # 2018 is an error
        ([0, 2], ["1", "cat"], 0, False),  # 2 is an error
        ([], ["0", "1"], 0, False),
    ],
)
def test_numbers_are_names_if_they_cannot_be_class_numbers(
    found: list[int], names: list[str], labels_from: int, expected: bool
) -> None:
    assert expected is numbers_are_names(found, len(names), ClassNames("n", names), labels_from, "y")


def test_numbers_that_may_be_both_are_refused() -> None:
    with pytest.raises(InputError, match="label 1 may be class 1, or the class 0 of this name in n"):
        numbers_are_names([1, 2], 3, ClassNames("n", ["1", "2", "3"]), 0, "y")


def test_names_do_not_count_from_a_number() -> None:
    import lscli

    with pytest.raises(UsageError, match="labels_from: is only for labels that are numbers"):
        lscli.evaluate([[0.0, 1.0]], ["a"], class_names=["a", "b"], labels_from=1)
