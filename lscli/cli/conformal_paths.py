"""Which of the paths of `lscli conformal` are logits, and which are labels."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lscli.errors import UsageError
from lscli.io.path_roles import is_keyed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lscli.options import ConformalOptions

Roles = tuple[str, str | None, str | None, str | None]


def calibration_and_test(paths: Sequence[str], options: ConformalOptions) -> Roles:
    """The logits and labels of the calibration samples, and of the test samples if there are any.

    Raises:
        UsageError: there are more than four paths.
    """
    del options
    if len(paths) > 4:
        hint = "give CAL_LOGITS CAL_LABELS, then TEST_LOGITS TEST_LABELS if there are test samples"
        raise UsageError(f"at most four paths are needed, got {len(paths)}", hint)
    own = is_keyed(paths[0])
    cal, rest = ((paths[0], None), paths[1:]) if own else ((paths[0], [*paths, None][1]), paths[2:])
    test_logits, test_labels = [*rest, None, None][:2]
    return (*cal, test_logits, test_labels)
