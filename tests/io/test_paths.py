"""What a path stands for: itself, or the shards of a pattern in their order, paired with those of the labels."""

from __future__ import annotations

from pathlib import Path

import pytest

from lscli.errors import InputError
from lscli.io.paths import alike, expanded, files_of, natural, pairs, parts_that_differ


def touched(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()


@pytest.mark.parametrize("name", ["plain.npy", "a*.npy", "[0-9].npy", "?.npy", "x[", "*"])
def test_a_path_that_exists_is_taken_as_it_is(tmp_path: Path, name: str) -> None:
    touched(tmp_path, name, "a1.npy", "2.npy", "b.npy")
    assert expanded(str(tmp_path / name)) is None
    assert [str(tmp_path / name)] == files_of(str(tmp_path / name))


def test_a_dangling_link_exists(tmp_path: Path) -> None:
    (tmp_path / "a*.npy").symlink_to("nowhere")
    touched(tmp_path, "a1.npy")
    assert expanded(str(tmp_path / "a*.npy")) is None


def test_runs_of_digits_are_numbers(tmp_path: Path) -> None:
    touched(tmp_path, "x-10.npy", "x-9.npy", "x-2.npy", "x-010b.npy", "y.npy", "x-.npy", "x-a.npy")
    found = expanded(str(tmp_path / "x-*.npy")) or []
    assert ["x-2.npy", "x-9.npy", "x-10.npy", "x-010b.npy", "x-.npy", "x-a.npy"] == [Path(path).name for path in found]


def test_folders_are_ordered_too(tmp_path: Path) -> None:
    touched(tmp_path, "run10/x.npy", "run9/x.npy", "run9/deep/x.npy")
    found = expanded(str(tmp_path / "**" / "x.npy")) or []
    assert ["run9/deep/x.npy", "run9/x.npy", "run10/x.npy"] == [str(Path(p).relative_to(tmp_path)) for p in found]


def test_a_pattern_without_a_file_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no file matches") as caught:
        expanded(str(tmp_path / "x-*.npy"))
    assert str(tmp_path / "x-*.npy") == caught.value.where
    assert [str(tmp_path / "x-*.npy")] == files_of(str(tmp_path / "x-*.npy"))


def test_brackets_in_the_name_of_no_file_are_no_pattern(tmp_path: Path) -> None:
    assert expanded(str(tmp_path / "x[1].npy")) is None
    touched(tmp_path, "x1.npy")
    assert [str(tmp_path / "x1.npy")] == expanded(str(tmp_path / "x[1].npy"))


def test_equal_numbers_have_one_order() -> None:
    assert ["x-01", "x-1", "x-02"] == sorted(["x-1", "x-02", "x-01"], key=natural)


@pytest.mark.parametrize(
    ("names", "parts"),
    [
        (["a.npy"], [""]),
        (["x-1.npy", "x-2.npy"], ["1", "2"]),
        (["x-10.npy", "x-20.npy"], ["10", "20"]),
        (["x-10.npy", "x-11.npy"], ["10", "11"]),
        (["x-1.npy", "x-12.npy"], ["1", "12"]),
        (["a/val/x.npy", "a/test/x.npy"], ["val", "test"]),
        (["x.npy", "x-2.npy"], ["", "-2"]),
        (["x2.npy", "x2-2.npy"], ["", "-2"]),
    ],
)
def test_what_differs_is_left_and_no_number_is_cut(names: list[str], parts: list[str]) -> None:
    assert parts == parts_that_differ(names)


def test_shards_are_paired_by_what_differs_in_their_names() -> None:
    logits, labels = ["p-2.npy", "p-10.npy"], ["out/y_10.csv", "out/y_02.csv"]
    assert ["out/y_02.csv", "out/y_10.csv"] == pairs(logits, labels, "y")


def test_equal_numbers_are_told_apart_where_both_are_there() -> None:
    logits, labels = ["x-1", "x-01", "x-2"], ["y-01", "y-1", "y-2"]
    assert ["y-1", "y-01", "y-2"] == pairs(logits, labels, "y-*")
    with pytest.raises(InputError, match="without a partner: x-01, y-001"):
        pairs(["x-1", "x-01"], ["y-1", "y-001"], "y-*")


@pytest.mark.parametrize(
    ("logits", "labels", "alone"),
    [
        (["x-1", "x-2"], ["y-1", "y-3"], ["x-2", "y-3"]),
        (["x-1", "x-2", "x-3"], ["y-1", "y-2"], ["x-3"]),
        (["x-10", "x-20"], ["y-1", "y-2"], ["x-10", "x-20", "y-1", "y-2"]),
        (["x-1"], ["y-1", "y-2"], ["x-1", "y-1", "y-2"]),
    ],
)
def test_shards_without_a_partner_are_listed(logits: list[str], labels: list[str], alone: list[str]) -> None:
    with pytest.raises(InputError, match="without a partner") as caught:
        pairs(logits, labels, "y-*")
    assert "y-*" == caught.value.where
    assert f"shards without a partner: {', '.join(alone)}" == caught.value.message


def test_names_are_alike_that_differ_in_their_numbers() -> None:
    assert alike("x-1.npy", "x-10.npy")
    assert not alike("x-1.npy", "x-1.npy")
    assert not alike("x-1.npy", "y-2.npy")
