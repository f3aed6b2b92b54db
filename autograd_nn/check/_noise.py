"""How much f trembles: its noise, measured on f itself."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

from ._rounding import EPS
from ._samples import Samples

POINTS = 8                              # samples in a window: more of them measure the noise better, and cost more
DEGREE = 3                              # of the polynomial that stands for the smooth part of f in a window
GOLDEN = (math.sqrt(5.0) - 1.0) / 2.0
# Points of a window, parts of its width. Between even ones rounding errors are often all alike, and unseen.
NODES = sorted(k * GOLDEN % 1.0 for k in range(1, POINTS + 1))
# What is left of samples at the nodes when the best polynomial is taken away, in orthonormal coordinates.
RESIDUAL = np.linalg.qr(np.vander(NODES, DEGREE + 1), mode="complete")[0][:, DEGREE + 1:].T
MANY = 4                                # windows: of this many or more, the one with the least noise is not believed
STEEP = 30.0                            # ratio of the noise in two windows: above it f may be a staircase with slopes
STEEPEST = 4                            # intervals that are halved at a time when a jump is looked for
HALVINGS = 60                           # halvings at most in that search: more of them see smaller jumps
LEAST_HALVINGS = 4                      # halvings that the last half of the search must have, or there is no jump
LEAST = 5e-324                          # the smallest number of float64
BESIDE = 64.0                           # distance of a window beside its width, to tell noise from the shape of f
NO_NOISE = 64.0                         # ratio by which residuals fall there at least, where f is smooth
PROPORTION = 0.1                        # 8 times the noise, beside |f|: what trembles more is f itself


class Noise(NamedTuple):
    """The standard deviation of the noise of f near x, and the size of f there.

    Of larger values the noise is `proportion` times their size, where it was seen to grow so.
    """

    deviation: float = 0.0
    size: float = 0.0
    proportion: float = 0.0

    def at(self, size: float) -> float:
        """A bound on the noise of a sample of this size."""
        return max(4.0 * self.deviation, 4.0 * self.proportion * size, EPS * size, LEAST)


def window_noise(values: list[float]) -> float:
    """The standard deviation of the noise in samples of a smooth function at the `NODES` of a window.

    The smooth part is a polynomial of degree 3, as it is in a difference table of order 4. Source:
    R. W. Hamming, Introduction to Applied Numerical Analysis, 1971; J. J. Moré and S. M. Wild,
    Estimating Computational Noise, SIAM J. Sci. Comput. 33, 2011.

    >>> window_noise([x ** 3 - x for x in NODES]) < 1e-15
    True
    """
    size = max(map(abs, values)) or 1.0             # their squares might overflow
    rest = RESIDUAL @ [v / size - values[0] / size for v in values]
    return math.sqrt(float(rest @ rest) / len(rest)) * size


def noise(samples: Samples, width: float, side: float) -> Noise | None:
    """The noise of f in a window of this width, right of x (`side` 1) or left of it (-1), without x itself.

    A kink or a jump at x is no noise. None where a value is missing, or where all are equal: then f
    is constant there, or the window lies on a single step of a staircase that hidden rounding
    makes, and that says nothing of the noise.
    """
    values = [samples.at(samples.x + side * width * node) for node in NODES]
    if len(set(values)) == 1 or any(map(math.isnan, values)):
        return None
    return Noise(window_noise(values), max(map(abs, values)))


def noise_of_both_sides(samples: Samples, widths: list[float]) -> Noise | None:
    """On each side of x the noise that all windows allow; of the two sides the larger."""
    sides = []
    for side in (1.0, -1.0):
        found = together(noise(samples, width, side) for width in widths)
        if found is not None and found.proportion and self_similar(samples, side * widths[len(widths) // 2], found):
            found = found._replace(proportion=0.0)
        sides.append(found)
    return max((n for n in sides if n is not None), default=None)


def self_similar(samples: Samples, width: float, found: Noise) -> bool:
    """Whether what seems to be noise in proportion to f is f itself, as of |x|^1.1 around 0.

    All windows that begin at x then see the same shape; a narrow one beside x sees a smooth function.
    """
    values = [samples.at(samples.x + width * (1.0 + node / BESIDE)) for node in NODES]
    return not any(map(math.isnan, values)) and \
        window_noise(values) < found.proportion * max(map(abs, values)) / NO_NOISE


def together(windows: Iterable[Noise | None]) -> Noise | None:
    """The least noise of some windows: the truncation of a smooth f shrinks with the window, and noise stays.

    Of many windows it is the least but one, for rounding errors may be all alike in one by accident.

    Noise in proportion to f shrinks with f instead, by the same factor in every window; then it is
    taken for what it is.
    """
    known = sorted(n for n in windows if n is not None)
    if not known:
        return None
    least = known[1 if len(known) >= MANY else 0]
    ratios = sorted(n.deviation / n.size for n in known)
    sizes = [n.size for n in known]
    proportional = (max(sizes) > 16 * min(sizes) and ratios[len(ratios) // 2] < 8 * ratios[0] < PROPORTION)
    return least._replace(proportion=ratios[0]) if proportional else least


def hidden_steps(samples: Samples, widths: list[float], least: float) -> float:
    """The noise of a staircase whose steps are not flat, so that the smallest windows see a smooth function; or 0.

    The noise in larger windows is then above `least`, and comes from jumps: halving an interval
    does not make them smaller, as it does what a continuous f does there. Jumps on one side alone
    are a property of f.
    """
    heights = []
    for side in (1.0, -1.0):
        for width in widths:
            found = noise(samples, width, side)
            if found is not None and found.deviation > STEEP * max(least, EPS * found.size) and \
                    has_jump(samples, side * width, found.deviation):
                heights.append(found.deviation)
                break
        else:
            return 0.0
    return max(heights)


def has_jump(samples: Samples, width: float, height: float) -> bool:
    """Whether f jumps by more than `height` somewhere in a window.

    Of the intervals between its points the steepest few are halved, and of these again: on a
    staircase with tilted steps the greatest change of all may be that along a step. It goes on down to neighbouring
    floats, for a ripple is a jump to all that is wider.
    """
    points = sorted(samples.x + width * node for node in NODES)
    intervals = list(itertools.pairwise(points))
    heights: list[float] = []
    slope = (samples.at(points[-1]) - samples.at(points[0])) / (points[-1] - points[0])

    def change(interval: tuple[float, float]) -> float:
        a, b = interval
        size = abs(samples.at(b) - samples.at(a) - slope * (b - a))      # a jump may be against the slope
        return size if size == size else 0.0

    while len(heights) < HALVINGS:
        steepest = sorted(intervals, key=change)[-STEEPEST:]
        intervals = [half for a, b in steepest for half in itertools.pairwise(sorted({a, (a + b) / 2, b}))]
        if set(intervals) == set(steepest):
            break
        heights.append(max(map(change, intervals)))
        if not heights[-1] > height:
            return False
    half = len(heights) // 2
    return half >= LEAST_HALVINGS and heights[-1] > 0.5 * heights[half]
