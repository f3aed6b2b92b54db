"""Where f is constant close to x: is the function flat there, or is this a stair that rounding made?"""

from __future__ import annotations

import itertools
import math
from typing import NamedTuple

from ._samples import Samples

PARTS = 8               # samples in one width of the plateau, beyond its edge: more of them see narrower stairs
LEAST = 3               # steps over which f is flat: fewer may be an accident
ROUNDING = 1e-2         # height of a stair beside max(1, |f|): rounding makes no higher one, not even in bfloat16
FINE = 2.0 ** 12        # height of a stair in eps * max(1, |f|): a lower one can only be made by rounding
# Exponent of eps, the width of a stair: a narrower one may come from adding x to a number of size eps**(NARROW - 1).
NARROW = 0.375


class Plateau(NamedTuple):
    """f is constant within `width` of x. `staircase`: this is one of many stairs, and none is higher than `height`."""

    width: float
    staircase: bool
    height: float

    def rounded(self, eps: float, size: float) -> bool:
        """Whether rounding may have made it. Then f is not constant: it only looks so."""
        return self.staircase and (self.height <= ROUNDING * size or self.width <= eps ** NARROW)


def plateau(samples: Samples, steps: list[float]) -> Plateau | None:
    """The plateau around x, if there is one: over the smallest of `steps` (which decrease) f does not change."""
    x, f0 = samples.x, samples.centre

    def flat(h: float) -> bool:
        return samples.at(x + h) == f0 == samples.at(x - h)

    inner = list(itertools.takewhile(flat, reversed(steps)))
    if len(inner) < LEAST:
        return None
    width = inner[-1]
    edge = min((h for h in steps if h > width), default=width)
    while edge > 2 * width:
        middle = width * math.sqrt(edge / width)
        width, edge = (middle, edge) if flat(middle) else (width, middle)
    height, stairs = 0.0, False
    for direction in (1.0, -1.0):
        values = [samples.at(x + direction * width * (1 + j / PARTS)) for j in range(3 * PARTS)]
        changes = [abs(b - a) for a, b in itertools.pairwise(values)]
        beyond = changes[next((i for i, c in enumerate(changes) if c), len(changes)):]
        # Beyond the plateau a smooth function changes from sample to sample. A staircase is flat again.
        if beyond and 0.0 in beyond:
            stairs, height = True, max(height, *beyond)
    return Plateau(width, stairs, height)
