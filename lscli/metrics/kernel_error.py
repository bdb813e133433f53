"""The squared kernel calibration error: whole distributions compared with the labels (Widmann et al. 2019).

A model is calibrated in the strong sense if, among the samples with the same K probabilities p, the labels follow p.
With the residuals d = e_y - p, h of two samples is exp(-|p - p'| / nu) (d . d'), and the error is the mean of h over
pairs of independent samples: 0 for a calibrated model, above 0 for any other. On calibrated models, estimates without
bias are below 0 about half of the time.

No digit depends on the order of the samples: they are first put in an order of their own (`_ordered`).
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from lscli.errors import InputError
from lscli.metrics.base import NOT_NEGATIVE, Metric, Settings, Value, independent

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from lscli.table import SampleTable

    Array = NDArray[Any]

# The most samples, counted by their weights, of pairs of all with all, and of an order.
MOST_QUADRATIC, MOST_ORDERED = 20_000, 1 << 24
# The distances whose median is taken: all pairs of so many samples that they take this many operations.
_OPERATIONS = 1_000_000_000
# Distances that are kept to choose their median from, and the cells of a histogram that narrows them down.
_KEPT, _CELLS = 1 << 22, 1 << 20
# The samples and the label sets of the distribution under calibration.
_NULL, _SETS = 1000, 999
# Rows of a block of pairs, and elements of a block of rows. They are fixed, so that no sum varies.
_BLOCK, _ELEMENTS = 512, 1 << 19
_SEED = 20191208


class _Classes(NamedTuple):
    """The order of the classes, by falling mean probability, so that no digit depends on their names.

    Attributes:
        order: [K], the class at each place.
        place: [K], the place of each class.
    """

    order: Array
    place: Array


class _Pairs(NamedTuple):
    """Sums of h over all pairs of different samples, where (i, j) and (j, i) are two.

    Attributes:
        number: the number of pairs.
        total: the sum of h.
        squares: the sum of h^2.
        rows: the sum over i of (sum over j of h_ij)^2.
        variance: the sum of the variances of h under calibration, given the predictions.
    """

    number: float
    total: float
    squares: float
    rows: float
    variance: float


def skce(table: SampleTable, settings: Settings) -> list[Value]:
    """The mean of h over all pairs, the estimator SKCE_uq; its variance is that of a U-statistic, without bias."""
    pairs, n = table.kept_weighted(_sums), table.total
    if not pairs.number:
        return [Value(math.nan)]
    stderr = math.nan
    if table.cluster is None and table.origin is None and n >= 4:
        # E h^2, E h_12 h_13 and (E h)^2 (Hoeffding 1948, section 5), the last over disjoint pairs.
        second = pairs.squares / pairs.number
        shared = (pairs.rows - pairs.squares) / (pairs.number * (n - 2))
        apart = (pairs.total**2 - 4 * pairs.rows + 2 * pairs.squares) / (pairs.number * (n - 2) * (n - 3))
        variance = (4 * (n - 2) * max(shared - apart, 0.0) + 2 * max(second - apart, 0.0)) / pairs.number
        stderr = math.sqrt(variance)
    return [Value(pairs.total / pairs.number, stderr, _params(table))]


def skce_linear(table: SampleTable, settings: Settings) -> list[Value]:
    """The mean of h over disjoint pairs, the estimator SKCE_ul; the pairs are independent."""
    found = table.kept_weighted(_linear)
    return [found if table.origin is None else found._replace(stderr=math.nan)]


def skce_p(table: SampleTable, settings: Settings) -> list[Value]:
    """The p-value of skce: labels are drawn from the predicted distributions, which is exact for up to 1,000 samples.

    Of more, the shape of the distribution is that of 1,000 of them, whose limit is the same, and the variance is exact.
    """
    pairs = table.kept_weighted(_sums)
    if not pairs.number:
        return [Value(math.nan)]
    drawn, spread = _under_calibration(table)
    # The labels may be among the drawn ones: sums that differ by rounding are equal.
    observed = pairs.total * (spread / math.sqrt(pairs.variance) if len(table.kept_weighted(_ordered)) > _NULL else 1)
    as_large = int(np.count_nonzero(drawn >= observed - 1e-9 * spread))
    return [Value((1 + as_large) / (1 + _SETS), params=_params(table))]


def skce_linear_p(table: SampleTable, settings: Settings) -> list[Value]:
    """The p-value of skce_linear by the normal distribution."""
    found = table.kept_weighted(_linear)
    if not found.stderr > 0:
        return [Value(math.nan)]
    # erfc keeps the digits of a small tail.
    return [Value(0.5 * math.erfc(found.value / found.stderr / math.sqrt(2)), params=found.params)]


def _linear(table: SampleTable) -> Value:
    order, nu = table.kept_weighted(_ordered), table.kept_weighted(_bandwidth)
    first, second = order[: len(order) // 2 * 2].reshape(-1, 2).T
    if table.cluster is not None:
        apart = table.cluster[first] != table.cluster[second]
        first, second = first[apart], second[apart]
    if not len(first):
        return Value(math.nan)
    h = np.empty(len(first))
    for rows in _blocks(len(first), table):
        p, q = (_probabilities(table, each[rows]) for each in (first, second))
        distance = 0.5 * np.add.reduce(np.abs(p - q), axis=1)
        d, e = (_residuals(table, x, each[rows]) for x, each in ((p, first), (q, second)))
        h[rows] = np.exp(-distance / nu) * np.einsum("ik,ik->i", d, e)
    mean = float(np.add.reduce(h)) / len(h)
    stderr = math.nan
    if table.cluster is None and len(h) > 1:
        stderr = math.sqrt(float(np.add.reduce(np.square(h - mean))) / (len(h) * (len(h) - 1)))
    return Value(mean, stderr, _params(table))


def _sums(table: SampleTable) -> _Pairs:
    order = table.kept_weighted(_ordered)
    n = len(order)
    if n > MOST_QUADRATIC:
        what = f"skce takes all pairs of at most {MOST_QUADRATIC:,} samples, and there are {n:,}"
        raise InputError(what, "name skce_linear and skce_linear_p instead", where="metrics")
    nu = table.kept_weighted(_bandwidth)
    p = _probabilities(table, order)
    d = _residuals(table, p.copy(), order)
    of_rows, count, squares, variance = np.zeros(n), 0, 0.0, 0.0
    for start in range(0, n, _BLOCK):
        a = slice(start, start + _BLOCK)
        for begin in range(start, n, _BLOCK):
            b = slice(begin, begin + _BLOCK)
            k = _kernel(p[a], p[b], nu)
            times = 1 if begin == start else 2
            if begin == start:
                np.fill_diagonal(k, 0.0)
            if table.cluster is not None:
                apart = table.cluster[order[a], None] != table.cluster[order[b]]
                k *= apart
                count += times * int(np.count_nonzero(apart))
            h = k * (d[a] @ d[b].T)
            of_rows[a] += np.add.reduce(h, axis=1)
            if times == 2:
                of_rows[b] += np.add.reduce(h, axis=0)
            squares += times * float(np.einsum("ij,ij->", h, h))
            if n > _NULL:
                variance += times * float(np.einsum("ij,ij,ij->", k, k, _trace(p[a], p[b])))
    count = n * (n - 1) if table.cluster is None else count
    # Var of the sum over (i, j) and (j, i), which are equal.
    return _Pairs(count, float(np.add.reduce(of_rows)), squares, float(np.add.reduce(np.square(of_rows))), 2 * variance)


def _under_calibration(table: SampleTable) -> tuple[Array, float]:
    """The sums of h over all pairs of the first samples, for label sets drawn from p, [_SETS]; their spread."""
    order, nu = table.kept_weighted(_ordered)[:_NULL], table.kept_weighted(_bandwidth)
    n = len(order)
    p = _probabilities(table, order)
    k = _kernel(p, p, nu)
    np.fill_diagonal(k, 0.0)
    smoothed = k @ p
    constant = float(np.einsum("ik,ik->", p, smoothed))
    # One ascending sequence for all rows, in which row i goes from i to i + 1.
    edges = np.cumsum(p, axis=1)
    edges[:, -1] = 1.0
    rows = np.arange(n)
    edges = (np.minimum(edges, 1.0) + rows[:, None]).ravel()
    random = np.random.Generator(np.random.SFC64(_SEED))
    drawn = np.empty(_SETS)
    classes = p.shape[1]
    for number in range(_SETS):
        place = np.searchsorted(edges, rows + random.random(n), side="right") - rows * classes
        label = np.clip(place, 0, classes - 1)
        same = float(np.einsum("ij,ij->", k, label[:, None] == label))
        drawn[number] = same - 2 * float(np.add.reduce(smoothed[rows, label])) + constant
    variance = 2 * float(np.einsum("ij,ij,ij->", k, k, _trace(p, p)))
    return drawn, math.sqrt(max(variance, 0.0))


def _kernel(p: Array, q: Array, nu: float) -> Array:
    """exp(-|p_i - q_j| / nu), [m, n]; |p - q| is the total variation, half the sum of the differences."""
    distance = _distances(p, q)
    np.multiply(distance, -1 / nu, out=distance)
    return np.exp(distance, out=distance)


def _distances(p: Array, q: Array) -> Array:
    from scipy.spatial.distance import cdist  # imported only for these metrics

    distance: Array = cdist(p, q, "cityblock")
    distance *= 0.5
    return distance


def _trace(p: Array, q: Array) -> Array:
    """E (d . d')^2 for labels that follow p and q, [m, n]: the trace of the product of both covariances."""
    both = p @ q.T
    trace: Array = both - np.square(p) @ q.T - p @ np.square(q).T + np.square(both)
    return np.maximum(trace, 0.0, out=trace)


def _bandwidth(table: SampleTable) -> float:
    """nu: the median distance of the predictions, the lower one of two; their mean if it is 0, and 1 if that is 0."""
    order = table.kept_weighted(_ordered)
    classes = table["differences"].shape[1]
    p = _probabilities(table, order[: max(2, math.isqrt(_OPERATIONS // classes))])
    n = len(p)
    rank = (n * (n - 1) // 2 - 1) // 2
    if n < 2:
        return 1.0
    low, width, below, inside = 0.0, 1.0, 0, n * (n - 1) // 2
    while inside > _KEPT and width > 1e-15:
        counts = np.zeros(_CELLS + 1, np.int64)
        for distance in _upper_distances(p):
            place = (distance[(distance >= low) & (distance <= low + width)] - low) * (_CELLS / width)
            counts += np.bincount(np.minimum(place.astype(np.intp), _CELLS), minlength=_CELLS + 1)
        up_to = below + np.cumsum(counts)
        cell = int(np.searchsorted(up_to, rank, side="right"))
        below, inside = int(up_to[cell] - counts[cell]), int(counts[cell])
        low, width = low + cell * (width / _CELLS), width / _CELLS
    if inside > _KEPT:
        return low + width / 2
    # A distance next to the edge of a cell may be rounded into its neighbour.
    margin = 4e-16
    near, under = [], 0
    for distance in _upper_distances(p):
        under += int(np.count_nonzero(distance < low - margin))
        near.append(distance[(distance >= low - margin) & (distance <= low + width + margin)])
    nu = float(np.partition(np.concatenate(near), rank - under)[rank - under])
    if nu > 0:
        return nu
    total = math.fsum(float(np.add.reduce(distance)) for distance in _upper_distances(p))
    return total / (n * (n - 1) / 2) or 1.0


def _upper_distances(p: Array) -> Iterator[Array]:
    """The distances of all pairs i < j, in blocks."""
    for start in range(0, len(p), _BLOCK):
        distance = _distances(p[start : start + _BLOCK], p[start:])
        yield distance[np.arange(len(distance))[:, None] < np.arange(distance.shape[1])]


def _ordered(table: SampleTable) -> Array:
    """The rows of all samples, each as often as its weight says, in an order that depends only on their values, [N].

    They are sorted by their logits and labels, and then mixed, so that neighbours have nothing to do with each other.

    Raises:
        InputError: there are too many samples.
    """
    z, label = table["differences"], table["label"]
    classes = table.kept_weighted(_classes)
    random = np.random.Generator(np.random.SFC64(_SEED))
    factors = random.integers(0, 1 << 63, z.shape[1] + 1, np.uint64) * np.uint64(2) + np.uint64(1)
    rounded, exact = np.empty(len(z), np.uint64), np.empty(len(z), np.uint64)
    for rows in _blocks(len(z), table):
        x = z[rows][:, classes.order].astype(np.float64)
        own = classes.place[label[rows]].astype(np.uint64) * factors[-1]
        # Kernels agree to a few digits on the logarithms of probabilities; other differences are equal bit for bit.
        whole = np.rint(np.maximum(x, -1e9) * 1e4).astype(np.int64).view(np.uint64)
        rounded[rows] = np.add.reduce(whole * factors[:-1], axis=1) + own
        bits = (x + 0.0).view(np.uint64)
        exact[rows] = np.add.reduce((bits ^ (bits >> np.uint64(29))) * factors[:-1], axis=1) + own
    order = np.lexsort((*_by_cluster(table, rounded), exact, rounded))
    if table.weight is not None:
        weight = table.weight[order]
        if table.total > MOST_ORDERED:
            what = f"the weights add up to {table.total:,.0f} samples, and skce takes at most {MOST_ORDERED:,}"
            raise InputError(what, "leave out the weights, or give smaller ones", where="weights")
        order = np.repeat(order, weight.astype(np.int64))
    return random.permutation(order)


def _by_cluster(table: SampleTable, rounded: Array) -> tuple[Array, ...]:
    """Keys that order equal rows of different clusters, the last first: by what the clusters hold, not their names."""
    if table.cluster is None:
        return ()
    sums = np.zeros(int(table.cluster.max()) + 1, np.uint64)
    np.add.at(sums, table.cluster, rounded if table.weight is None else rounded * table.weight.astype(np.uint64))
    return table.cluster, sums[table.cluster]


def _classes(table: SampleTable) -> _Classes:
    z = table["differences"]
    total = np.zeros((4, z.shape[1]))
    for rows in _blocks(len(z), table):
        p, label = _softmax(z[rows].astype(np.float64)), table["label"][rows]
        weight = np.ones(len(p)) if table.weight is None else table.weight[rows]
        total[:2] += weight @ p, weight @ (p * p)
        for number, x in ((2, weight), (3, weight * p[np.arange(len(p)), label])):
            total[number] += np.bincount(label, x, z.shape[1])
    # Rounded, because rounding must not decide.
    order = np.lexsort(-np.round(total[::-1] / max(table.total, 1.0), 12))
    place = np.empty(len(order), np.intp)
    place[order] = np.arange(len(order))
    return _Classes(order, place)


def _probabilities(table: SampleTable, rows: Array) -> Array:
    """p of these rows, [m, K], the classes in the order of `_classes`."""
    z = table["differences"][rows][:, table.kept_weighted(_classes).order]
    return _softmax(z.astype(np.float64))


def _softmax(z: Array) -> Array:
    p: Array = np.exp(z, out=z)
    p /= np.add.reduce(p, axis=1, keepdims=True)
    return p


def _residuals(table: SampleTable, p: Array, rows: Array) -> Array:
    """e_y - p of these rows, [m, K]; overwrites p."""
    np.negative(p, out=p)
    p[np.arange(len(p)), table.kept_weighted(_classes).place[table["label"][rows]]] += 1.0
    return p


def _blocks(count: int, table: SampleTable) -> Iterator[slice]:
    """Slices of rows, each of so few that K values of each stay small."""
    rows = max(1, _ELEMENTS // table["differences"].shape[1])
    return (slice(start, min(start + rows, count)) for start in range(0, count, rows))


def _params(table: SampleTable) -> dict[str, float]:
    return {"nu": table.kept_weighted(_bandwidth)}


def _uncounted(table: SampleTable, settings: Settings) -> str:
    if table.weight is not None and not (table.weight == np.rint(table.weight)).all():
        return "the weights are not whole numbers, which would say how often a row counts"
    return ""


def _no_test(table: SampleTable, settings: Settings) -> str:
    return independent(table, settings) or _uncounted(table, settings)


_COLUMNS = frozenset({"differences", "label"})
_H = "h = exp(-|p - p'| / nu) (e_y - p) . (e_y' - p'), with the total variation |p - p'| = 1/2 sum_k |p_k - p'_k|"
_NU = (
    "nu its median over all pairs of the first sqrt(10^9 / K) samples in an order that the values of the rows determine"
)
_OTHERS = "; pairs of samples in one cluster are left out"

METRICS = (
    Metric(
        "skce",
        "squared kernel calibration error, without bias, of all K probabilities: mean over all pairs of samples of "
        f"{_H}; {_NU}; at most {MOST_QUADRATIC:,} samples{_OTHERS}",
        _COLUMNS,
        skce,
        "squared kernel error",
        chosen_by="name",
        interval="normal",
        absent=_uncounted,
        within=NOT_NEGATIVE,
        better="lower",
    ),
    Metric(
        "skce_p",
        f"p-value of calibration by skce: (1 + the number of {_SETS} label sets, drawn from the p, with at least this "
        f"skce) / {_SETS + 1}; for more than {_NULL:,} samples, the shape of the distribution is that of {_NULL:,} and "
        "its standard deviation that of all; absent with clusters",
        _COLUMNS,
        skce_p,
        "p-value of calibration",
        chosen_by="name",
        interval="none",
        absent=_no_test,
    ),
    Metric(
        "skce_linear",
        "squared kernel calibration error, without bias, for any number of samples: mean of the h of skce over N/2 "
        f"pairs, each sample in one of them, which the values of the rows determine{_OTHERS}",
        _COLUMNS,
        skce_linear,
        "kernel error of N/2 pairs",
        chosen_by="name",
        interval="normal",
        absent=_uncounted,
        within=NOT_NEGATIVE,
        better="lower",
    ),
    Metric(
        "skce_linear_p",
        "p-value of calibration by skce_linear: 1 - Phi(skce_linear / its standard error); absent with clusters",
        _COLUMNS,
        skce_linear_p,
        "p-value by N/2 pairs",
        chosen_by="name",
        interval="none",
        absent=_no_test,
    ),
)
