"""Labels that are strings or booleans, as class numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from lscli.class_names import check_no_first_label, classes_by_name, integer_of, numbers_are_names
from lscli.io.memory import MemoryArray, read_all
from lscli.io.texts import Texts, texts_of, written

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lscli.class_names import ClassNames
    from lscli.io.stored import StoredArray


class NamedLabels(NamedTuple):
    """Labels of which some may be strings.

    Attributes:
        parts: the labels of each file, [N]. Those that were read by name are class numbers, -1 for an ignored sample;
            others are as they were, and integers that were written as text are integers.
        source: where the names come from; empty if the labels are not read by name.
        names: [K]; empty if the labels are not read by name.
        stored: the type of the labels in the files.
    """

    parts: Sequence[StoredArray]
    source: str = ""
    names: Sequence[str] = ()
    stored: str = ""


def read_by_name(
    parts: Sequence[StoredArray],
    num_classes: int,
    given: ClassNames | None,
    columns: ClassNames | None,
    ignore_index: int,
    labels_from: int,
) -> NamedLabels:
    """Find the classes of labels that are strings or booleans.

    Args:
        parts: the labels of each file.
        num_classes: K; 0 if it is not known.
        given: the names that the user gives, or None.
        columns: the columns of the table of logits, or None.
        ignore_index: the label of ignored samples.
        labels_from: the label of the first class.

    Raises:
        InputError: a label has no class; see `classes_by_name` and `numbers_are_names`.
        ReadWriteError: the labels cannot be read.
        UsageError: the labels are names, and `labels_from` is not 0.
    """
    texts = [None if len(part.shape) != 1 else texts_of(part) for part in parts]
    numeric = given is not None and any(integer_of(name) is not None for name in given.names)
    if not (numeric or any(texts)) or not all(
        text or _are_integers(part) for text, part in zip(texts, parts, strict=True)
    ):
        return NamedLabels(parts)
    read = [text or MemoryArray(read_all(part), part.name) for text, part in zip(texts, parts, strict=True)]
    labels = [each if isinstance(each, Texts) else written(read_all(each), each.name) for each in read]
    words = list(dict.fromkeys(word for part in labels for word in part.words))
    numbers = {word: integer_of(word) for word in words}
    found = [number for number in numbers.values() if number is not None]
    if len(found) == len(words):
        kept = sorted({*found} - {ignore_index})
        if given is None or not numbers_are_names(kept, num_classes, given, labels_from, parts[0].name):
            return NamedLabels([_integers(each) if isinstance(each, Texts) else each for each in read])
    check_no_first_label(labels_from)

    def located(word: str) -> tuple[str, int]:
        place, part = next((place, part) for place, part in enumerate(labels) if word in part.words)
        return parts[place].located(int(np.argmax(part.codes == part.words.index(word))))

    by_name = classes_by_name(words, num_classes, given, columns, ignore_index, located, labels[0].stored)
    classes = [np.array([by_name.classes[word] for word in part.words], np.int32) for part in labels]
    arrays = [MemoryArray(own[part.codes], part.name) for own, part in zip(classes, labels, strict=True)]
    return NamedLabels(arrays, by_name.source, by_name.names, labels[0].stored)


def _are_integers(part: StoredArray) -> bool:
    return len(part.shape) == 1 and part.element.lstrip("u").startswith("int")


def _integers(text: Texts) -> MemoryArray:
    """Integers that are written as strings."""
    return MemoryArray(np.array([integer_of(word) for word in text.words], np.int64)[text.codes], text.name)
