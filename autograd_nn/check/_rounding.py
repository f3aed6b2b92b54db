"""How much rounding there is in a function or its gradient: seen when the inputs move by a unit in the last place."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]
EPS = 2.0 ** -52
NEIGHBOURS = 5           # points around the inputs, units in the last place away
SPREAD = 16.0            # times the spread of the neighbours: two values that differ by less may be one, rounded


def eps_of(*arrays: Array) -> float:
    """The coarsest eps of some arrays' dtypes; float64's for what is no float.

    >>> eps_of(np.ones(2, np.float32), np.ones(2)) == 2.0 ** -23
    True
    """
    return max((float(np.finfo(a.dtype).eps) if a.dtype.kind == "f" else EPS for a in arrays), default=EPS)


def neighbours(start: Sequence[Array]) -> list[list[Array]]:
    """The same arrays, with every element moved by one or two units in the last place."""
    rng = np.random.default_rng(0)
    return [[np.asarray(s + s * (rng.choice([-2, -1, 1, 2], s.shape) * eps_of(s)), s.dtype) for s in start]
            for _ in range(NEIGHBOURS)]
