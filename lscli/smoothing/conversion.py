"""Convert the eps of one convention to another."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lscli.errors import UsageError
from lscli.in_python import of_python
from lscli.smoothing.checks import check_classes, check_share, check_smoothing

if TYPE_CHECKING:
    from lscli.options import Smoothing


@of_python
def convert_eps(eps: float, num_classes: int, source: Smoothing, target: Smoothing) -> float:
    """The eps of convention `target` that gives the same targets as `eps` of convention `source`.

    An eps of `off-target` is (K-1)/K times that of `uniform`, so that a conversion to `uniform` may lead above 1,
    where eps is not defined. `classy` keeps at least half of the target on the label, so that only an eps of
    `uniform` up to 1/2 can be converted to it.

    Args:
        eps: in the convention `source`, in [0, 1].
        num_classes: K.
        source, target: `uniform`, `off-target` or `classy`.

    Raises:
        UsageError: a convention is unknown or has a prior, eps or K is out of range, or no eps of `target` in [0, 1]
            gives these targets.

    Example:
        >>> import lscli
        >>> round(lscli.convert_eps(0.1, 10, "uniform", "off-target"), 4)
        0.09
    """
    conventions = [check_smoothing(name) for name in (source, target)]
    if any(convention.needs_prior for convention in conventions):
        raise UsageError("a prior cannot be converted", "use uniform, off-target or classy")
    k, own = check_classes(num_classes), check_share(eps, "eps=", "eps")
    if source == target:
        return own
    of_source, of_target = conventions
    found = of_target.eps_of(float(of_source.mixture_weight(own, k)), k)
    # An excess over 1 of up to 1e-12 is rounding.
    if found > 1 + 1e-12:
        raise UsageError(
            f"no eps of {target} in [0, 1] gives the targets of {source} {own} with {k} classes", "use a smaller eps"
        )
    return min(found, 1.0)
