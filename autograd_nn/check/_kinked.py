"""Which elements lie at kinks: they are set aside, so that the others can be judged along a direction."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np

from ._bisection import Line, or_nan, restricted
from ._derivative import Derivative
from ._subject import Array

STEPS = [2.0 ** -k for k in range(4, 46, 3)]
MARGIN = 4.0                     # a part is kinked if its one-sided quotients differ by so many errors ...
LEAST = 1e-7                     # ... and by so much of what they do along the whole direction
CALM = 1e-3                      # of the slopes around: what quotients may differ by where the whole has no finite kink
SLACK = 1e-2                     # a gradient so much of its kink outside of the one-sided quotients is looked into


@dataclass
class Kinked:
    """Elements at kinks; those of them with a suspicious gradient, the worst first; those not told apart in time."""

    found: list[int] = field(default_factory=list)
    suspects: list[int] = field(default_factory=list)
    unseen: list[int] = field(default_factory=list)
    evaluations: int = 0


def kinked_elements(line: Line, u: Array, x: Array, products: Array, whole: Derivative, eps: float,
                    budget: int) -> Kinked:
    """The elements along which left and right derivatives differ, by halving; `whole` is the derivative along u.

    Elements are taken in the order of their values, for those at a kink are often alike: zeros, or the ends
    of a range. `products` are gradient times direction, element by element.
    """
    phi = or_nan(line(u))
    centre = phi(0.0)
    h, threshold = _step(phi, centre, whole, eps)
    odd = not math.isfinite(whole.left.value - whole.right.value)       # a jump up has the same slope on both sides
    done = Kinked()

    def quotients(part: Array, h: float, u: Array = u) -> tuple[float, float]:
        done.evaluations += 2
        phi = or_nan(line(restricted(u, part)))
        return (centre - phi(-h)) / h, (phi(h) - centre) / h

    def roughness(part: Array) -> float:
        left, right = quotients(part, h)
        gap = abs(right - left)
        if gap <= threshold and odd:
            gap = max(abs(a - b) for a, b in zip((left, right), quotients(part, h / 8)))
            if gap <= threshold and len(part) > 1:                  # jumps up and down of the same height cancel out
                a, b = quotients(part, h, np.abs(u))
                gap = max(abs(a - b), abs(a - quotients(part, h / 8, np.abs(u))[0]))
        if len(part) == 1 and not gap <= threshold:
            ends = [q for q in (left, right, 0.0 if odd else math.nan) if math.isfinite(q)]
            product = float(products.ravel()[part[0]])
            excess = max(min(ends, default=product) - product, product - max(ends, default=product))
            if excess > threshold + (0.0 if odd else SLACK * gap):
                excesses[int(part[0])] = excess
        return gap

    excesses: dict[int, float] = {}
    order = np.argsort(x, axis=None, kind="stable")
    stack = [order[u.ravel()[order] != 0]]
    if len(stack[0]) == 1:
        roughness(stack[0])
    while stack:
        part = stack.pop()
        if len(part) == 1:
            done.found.append(int(part[0]))
        elif done.evaluations >= budget:
            done.unseen += part.tolist()
        else:
            middle = len(part) // 2
            stack += [half for half in (part[middle:], part[:middle]) if not roughness(half) <= threshold]     # nan: no
    done.suspects = sorted(excesses, key=lambda k: -excesses[k])
    return done


def _step(phi: Callable[[float], float], centre: float, whole: Derivative, eps: float) -> tuple[float, float]:
    """A small step at which the kinks of the whole are seen as they are, and what is no kink at that step."""
    jump = whole.right.value - whole.left.value
    if math.isfinite(jump):
        seen = [(phi(h) - 2 * centre + phi(-h)) / h for h in STEPS]
        missed = [abs(j - jump) if math.isfinite(j) else math.inf for j in seen]
        error, h = min((max(pair), h) for pair, h in zip(pairwise(missed), STEPS[1:]))
        if error < abs(jump) / 2:
            return h, max(MARGIN * error, LEAST * abs(jump))
    h = eps ** 0.42
    return h, max(MARGIN * 16 * eps * abs(centre) / h, CALM * (whole.slope if math.isfinite(whole.slope) else 0.0))
