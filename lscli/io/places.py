"""Values as whole numbers from 0 on, in the order in which the values first occur."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray


class Places(dict[Any, int]):
    """The place of each value, given when it is first looked up."""

    def __missing__(self, value: Any) -> int:
        place = self[value] = len(self)
        return place

    def of(self, values: Iterable[Any]) -> NDArray[np.int32]:
        """The place of each value, [n]."""
        return np.fromiter(map(self.__getitem__, values), np.int32)


def places_in(values: NDArray[Any]) -> tuple[NDArray[np.intp], list[Any]]:
    """The place of each value of an array, in its shape, among the distinct values; and these, as values of Python."""
    distinct, first, inverse = np.unique(values.reshape(-1), return_index=True, return_inverse=True)
    order = np.argsort(first)
    place = np.empty(len(order), np.intp)
    place[order] = np.arange(len(order))
    return place[inverse].reshape(values.shape), distinct[order].tolist()
