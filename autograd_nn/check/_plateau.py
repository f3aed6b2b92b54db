"""Where f is constant just around x: a flat piece of the function, or a step of a staircase made by rounding?"""

from __future__ import annotations

import itertools
import math
from typing import NamedTuple

from ._samples import Samples

PARTS = 8
LEAST = 3              # steps that are flat: fewer may be an accident
ROUNDING = 1e-2         # beside max(1, |f|): steps of a staircase above this are no rounding, not even of bfloat16,
FINE = 2.0 ** 12        # and those below so many eps can be nothing else
NARROW = 0.375          # steps as narrow as eps**NARROW may come from adding x to a number of size eps**(NARROW - 1)


class Plateau(NamedTuple):
    """f is constant within `width` of x; `staircase`: this is one of many narrow steps, each this high at most."""

    width: float
    staircase: bool
    height: float

    def rounded(self, eps: float, size: float) -> bool:
        """Whether it may come from rounding: f is then no constant."""
        return self.staircase and (self.height <= ROUNDING * size or self.width <= eps ** NARROW)


def plateau(samples: Samples, steps: list[float]) -> Plateau | None:
    """The plateau around x, if f is constant on both sides for the smallest few of `steps` (which decrease)."""
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
        # Off the plateau a smooth function changes with every sample; a staircase has steps again.
        if beyond and 0.0 in beyond:
            stairs, height = True, max(height, *beyond)
    return Plateau(width, stairs, height)
