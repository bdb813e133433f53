"""Labels of shape [N]: class numbers, or the ignore index."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from lscli.class_names import IGNORED
from lscli.class_numbers import ClassNumbers, class_numbers
from lscli.errors import InputError
from lscli.io.memory import read_all
from lscli.io.named_labels import NamedLabels
from lscli.io.odd_labels import not_integers, not_one_per_sample

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from lscli.io.logits import Logits
    from lscli.io.stored import StoredArray


_NUMBERS = NamedLabels(())


class NoLabels:
    """Stands in the place of labels for samples that have none; None in this place means labels beside the logits."""


NO_LABELS = NoLabels()


class Labels:
    """The labels of all samples, in memory.

    Args:
        array: [N]; read at once, then closed.
        logits: [N, K], for hints; None without logits.
        named: how they were read by name, if they were.

    Attributes:
        name: the path as typed, or the argument's name.
        shards: the files that a pattern named, in order; empty for a single file.
        values: [N] integers of any type, unchecked; if they were read by name, class numbers, -1 for ignored samples.
        names_from: where the names come from by which they were read; empty for numbers.
        class_names: [K], these names; empty for numbers.
        stored: the type in which they are stored.

    Raises:
        InputError: the array is not one-dimensional, or not of integers.
    """

    def __init__(self, array: StoredArray, logits: Logits | None = None, named: NamedLabels = _NUMBERS) -> None:
        self.name = array.name
        self.shape = array.shape
        self.shards = array.shards
        self._array = array
        self.values = self._integers(array, logits)
        self.names_from, self.class_names = named.source, named.names
        self.dtype = self.values.dtype.name
        self.stored = named.stored or self.dtype
        self.size = self.values.nbytes

    def checked(self, num_classes: int, ignore_index: int, labels_from: int = 0) -> ClassNumbers:
        """The labels as class numbers from 0 to K-1; see `class_numbers`.

        Raises:
            InputError: a label stands for no class, or all labels are ignored.
        """
        if self.names_from:
            found = ClassNumbers(self.values, int(np.count_nonzero(self.values == IGNORED)))
        else:
            found = class_numbers(self.values, num_classes, ignore_index, labels_from, self.name, self._array.located)
        if found.ignored == len(found.label):
            what = f"all {found.ignored} samples are ignored (label {ignore_index})"
            raise InputError(what, "check --ignore-index", where=self.name)
        return found

    def _integers(self, array: StoredArray, logits: Logits | None) -> NDArray[Any]:
        if len(self.shape) != 1:
            raise not_one_per_sample(array, () if logits is None else logits.shape)
        if array.element.lstrip("u").rstrip("0123456789") != "int":
            raise not_integers(array)
        if self.shape[0] == 0:
            raise InputError("no rows", "save one label per sample", where=self.name)
        return read_all(array)
