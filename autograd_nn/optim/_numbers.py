"""The numbers of an optimizer, checked: each function gives its argument in the right type, or raises UsageError."""

from __future__ import annotations

import math
import operator
from typing import Any

import numpy as np

from ..errors import UsageError


def above_zero(name: str, x: Any) -> float:
    """x as a float, if it is a finite number > 0."""
    return _number(name, x, lambda v: 0 < v < math.inf, "a number > 0")


def non_negative(name: str, x: Any) -> float:
    """x as a float, if it is a finite number >= 0."""
    return _number(name, x, lambda v: 0 <= v < math.inf, "a number >= 0")


def fraction(name: str, x: Any) -> float:
    """x as a float, if 0 <= x < 1."""
    return _number(name, x, lambda v: 0 <= v < 1, "a number from 0 up to, but not, 1")


def between_0_and_1(name: str, x: Any) -> float:
    """x as a float, if 0 <= x <= 1."""
    return _number(name, x, lambda v: 0 <= v <= 1, "a number from 0 to 1")


def two_fractions(name: str, x: Any) -> tuple[float, float]:
    """x as a pair of fractions."""
    if not isinstance(x, (tuple, list)) or len(x) != 2:
        raise UsageError(f"{name} must be two numbers, not {x!r:.60}")
    return fraction(f"{name}[0]", x[0]), fraction(f"{name}[1]", x[1])


def flag(name: str, x: Any) -> bool:
    """x as a bool, if it is one."""
    if isinstance(x, (bool, np.bool_)):
        return bool(x)
    raise UsageError(f"{name} must be True or False, not {x!r:.60}")


def whole_number(name: str, x: Any, least: int = 1) -> int:
    """x as an int, if it is an integer >= least."""
    try:
        whole = least - 1 if isinstance(x, bool) else operator.index(x)
    except TypeError:
        whole = least - 1
    if whole < least:
        raise UsageError(f"{name} must be an integer >= {least}, not {x!r:.60}")
    return whole


def _number(name: str, x: Any, fits: Any, what: str) -> float:
    if isinstance(x, (int, float, np.integer, np.floating)) and fits(x):
        try:
            return float(x)
        except OverflowError:                        # an integer beyond all floats
            pass
    raise UsageError(f"{name} must be {what}, not {x!r:.60}")
