"""The sum of exponentials of a row as torch's softmax adds it on a CPU, for `--compat` with libraries that call it.

Where 1 - c is near the rounding of float32, the order of the sum decides whether a confidence is 1.
"""

from __future__ import annotations

from typing import TypeVar

# A numpy array or a torch tensor.
Values = TypeVar("Values")

# The float32 numbers of a vector register with AVX-512.
_LANES = 16


def softmax_total(e: Values) -> Values:
    """The sums of exponentials e [n, K] in their own type, [n]; e is float32, or float64.

    Fewer classes than a register holds are added one after the other. Otherwise, the classes i, i + 16, i + 32, ...
    are, and then the halves, quarters, eighths and sixteenths of the sixteen sums (vec_reduce_all of ATen).
    """
    count = e.shape[1]  # type: ignore[attr-defined]
    lanes = min(count, _LANES)
    total = e[:, :lanes] + 0  # type: ignore[index]
    for start in range(lanes, count, lanes):
        part = e[:, start : start + lanes]  # type: ignore[index]
        total[:, : part.shape[1]] += part
    if count >= _LANES:
        while lanes > 1:
            lanes //= 2
            total = total[:, :lanes] + total[:, lanes : 2 * lanes]
        return total[:, 0]  # type: ignore[no-any-return]
    whole = total[:, 0] + 0
    for i in range(1, count):
        whole += total[:, i]
    return whole  # type: ignore[no-any-return]
