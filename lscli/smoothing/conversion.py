"""One convention's eps as another's."""

from __future__ import annotations

from lscli.errors import UsageError
from lscli.smoothing.checks import check_classes, check_eps, check_smoothing
from lscli.smoothing.targets import uniform_eps


def convert_eps(eps: float, num_classes: int, source: str, target: str) -> float:
    """The eps of one convention that gives the same targets as that of another.

    `uniform` and `off-target` differ by a factor of K/(K-1), which may lead above 1, where there is no eps any more;
    `classy` has at least half of its targets on the label itself, so that a uniform eps above 1/2 is none of its own.

    Args:
        eps: in the convention `source`, in [0, 1].
        num_classes: K.
        source, target: `uniform`, `off-target` or `classy`.

    Raises:
        UsageError: an unknown convention, one with a prior, or an eps that `target` has no equal of.
    """
    for name in (source, target):
        check_smoothing(name)
        if name == "prior":
            raise UsageError("a prior has no equal among the others", "use uniform, off-target or classy")
    k, own = check_classes(num_classes), check_eps(eps)
    if source == target:
        return own
    found = _of_uniform(float(uniform_eps(own, source, k)), target, k)
    # A rounding above 1 is 1.
    if found > 1 + 1e-12:
        raise UsageError(
            f"no eps of {target} in [0, 1] gives the targets of {source} {own} with {k} classes", "take a smaller eps"
        )
    return min(found, 1.0)


def _of_uniform(e: float, target: str, k: int) -> float:
    if target == "off-target":
        return e * (k - 1) / k
    if target == "classy":
        return e / (1.0 - e) if e < 1 else float("inf")
    return e
