"""Which of the paths of `lscli conformal` are logits, and which are labels."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lscli.api.models import has_labels
from lscli.errors import UsageError
from lscli.io.path_roles import roles_of
from lscli.io.paths import STDIN

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lscli.options import ConformalOptions

Roles = tuple[str, str | None, str | None, str | None]

_FORMS = "CAL_LOGITS CAL_LABELS, then TEST_LOGITS TEST_LABELS; a file that holds logits and labels stands for both"


def calibration_and_test(paths: Sequence[str], options: ConformalOptions) -> Roles:
    """The logits and labels of the calibration samples, and of the test samples if there are any.

    Of two or three paths, the second has the test samples if the first file holds logits and labels, and the second
    holds logits or is standard input. Otherwise the second path has the labels of the first; if it has not, the reader
    of labels says what is wrong.

    Raises:
        UsageError: there are more than four paths.
        InputError: a path names no file.
        ReadWriteError: a file cannot be read.
    """
    if len(paths) > 4:
        raise UsageError(f"at most four paths are needed, got {len(paths)}", f"give {_FORMS}")
    if len(paths) == 4:
        return (paths[0], paths[1], paths[2], paths[3])
    first, second, third = [*paths, None, None][:3]
    if first is None or second is None:
        return (paths[0], None, None, None)
    both = first != STDIN and has_labels(first, options)
    # Standard input has no header to look at.
    if both and (second == STDIN or roles_of([first, second], options).labels is None):
        return (first, None, second, third)
    return (first, second, third, None)
