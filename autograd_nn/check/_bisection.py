"""From a direction that disagrees to the elements that make it so, by halving, with few evaluations."""

from __future__ import annotations

import heapq
import math
from collections.abc import Callable, Sequence
from itertools import pairwise

import numpy as np

from ._derivative import Derivative
from ._samples import MISSING
from ._subject import Array

MARGIN = 4.0                     # times the error of its measurement: a smaller residual counts as none
SIGNAL = 32.0                    # times the error of the steps: once what is looked for is larger, they serve

Line = Callable[[Array], Callable[[float], float]]
"""The function along a direction."""


def wrong_elements(line: Line, u: Array, products: Array, whole: Derivative, limit: int, budget: int) -> list[int]:
    """The elements for which numeric - analytic is not 0 along u, at most `limit`, the largest first.

    `products` are gradient times direction, element by element. Derivatives along parts of u add up
    to that along u, so a part is measured on the steps that proved right for the whole (against the
    value that the whole tableau gave), and only parts with a residual are halved again.
    """
    signal = abs(float(products.sum()) - whole.value)
    steps, error = _proven_steps(whole, signal)
    if not steps:
        return []

    def residual(part: Array) -> float:
        phi = or_nan(line(restricted(u, part)))
        quotients = [(phi(h) - phi(-h)) / (2 * h) for h in steps]
        return neville(steps, quotients) - float(products.ravel()[part].sum())
    return _halved(residual, u.size, signal, MARGIN * error, limit, budget // (4 * len(steps)))


def _halved(measure: Callable[[Array], float], size: int, whole: float, threshold: float, limit: int,
            splits: int) -> list[int]:
    """The single elements that are left when parts above the threshold are halved, largest first."""
    heap = [(-whole, 0, np.arange(size))]
    found: list[int] = []
    count = 0
    while heap and len(found) < limit and (splits > 0 or len(heap[0][2]) == 1):
        _, _, part = heapq.heappop(heap)
        if len(part) == 1:
            found.append(int(part[0]))
            continue
        splits -= 1
        for half in (part[:len(part) // 2], part[len(part) // 2:]):
            r = abs(measure(half))
            if not r <= threshold:                       # nan is to be looked into
                count += 1
                heapq.heappush(heap, (-r if math.isfinite(r) else -math.inf, count, half))
    return found


def _proven_steps(whole: Derivative, signal: float) -> tuple[list[float], float]:
    """The fewest successive steps whose extrapolation meets the derivative of the whole, and by how much it misses.

    A miss is taken with those of its neighbours, so that no step is chosen for a lucky hit.
    """
    curve = [s for s in whole.steps if math.isfinite(s.estimate)]
    best: tuple[list[float], float] = [], math.inf
    for n in (1, 2, 3, 4):
        misses = []
        for j in range(len(curve) - n + 1):
            part = curve[j:j + n]
            value = neville([s.h for s in part], [s.estimate for s in part])
            misses.append(abs(value - whole.value) + whole.bar)
        for j in range(1, len(misses) - 1):
            miss = max(misses[j - 1:j + 2])
            if miss < best[1]:
                best = [s.h for s in curve[j:j + n]], miss
        if best[1] * SIGNAL < signal:
            break
    return best


def neville(steps: Sequence[float], quotients: Sequence[float]) -> float:
    """Neville's scheme to step 0, for central quotients: errors in even powers of h."""
    row = list(quotients)
    for j in range(1, len(row)):
        row = [b + (b - a) / ((steps[i] / steps[i + j]) ** 2 - 1) for i, (a, b) in enumerate(pairwise(row))]
    return row[0]


def or_nan(phi: Callable[[float], float]) -> Callable[[float], float]:
    """The same, but nan where it has no value."""
    def value(t: float) -> float:
        try:
            return phi(t)
        except MISSING:
            return math.nan
    return value


def restricted(u: Array, part: Array) -> Array:
    """The direction through some of its elements alone."""
    v = np.zeros(u.size)
    v[part] = u.ravel()[part]
    return v.reshape(u.shape)
