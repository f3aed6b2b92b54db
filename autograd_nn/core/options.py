"""Options, checked: each function gives its argument in the right type, or raises a UsageError that says what it takes.

The first argument is what the option is called in the message, as in "SGD: lr".
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Collection
from typing import Any

import numpy as np

from ..errors import DTypeError, UsageError

LARGEST = 2**31 - 1        # of a whole number: more elements of anything than a machine holds, and no int of 400 digits


def finite_number(name: str, x: Any) -> float:
    """x as a float, if it is a finite number.

    >>> finite_number("SGD: lr", 1), above_zero("SGD: lr", 0.5)
    (1.0, 0.5)
    >>> above_zero("SGD: lr", -1)
    Traceback (most recent call last):
        ...
    autograd_nn.errors.UsageError: SGD: lr must be a number > 0, not -1
    """
    return _number(name, x, math.isfinite, "a finite number")


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
    return within(name, x, 0, 1)


def within(name: str, x: Any, least: float, most: float = math.inf) -> float:
    """x as a float, if it is a finite number from `least` to `most`."""
    what = f"a number >= {least:g}" if most == math.inf else f"a number from {least:g} to {most:g}"
    return _number(name, x, lambda v: least <= v <= most and math.isfinite(v), what)


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
    """x as an int, if it is an integer from `least` to LARGEST.

    >>> whole_number("Linear: n_in", 3), whole_number("padding", 0, least=0)
    (3, 0)
    """
    try:
        whole = least - 1 if isinstance(x, bool) else operator.index(x)
    except TypeError:
        whole = least - 1
    if whole < least:
        raise UsageError(f"{name} must be an integer >= {least}, not {x!r:.60}")
    if whole > LARGEST:
        raise UsageError(f"{name} must be an integer <= {LARGEST}, and this is far larger")
    return whole


def choice(name: str, x: Any, known: Collection[str]) -> str:
    """x, if it is one of the known names.

    >>> choice("MSELoss: reduction", "mean", ("mean", "sum"))
    'mean'
    """
    if isinstance(x, str) and x in known:
        return x
    *first, last = (f'"{word}"' for word in known)
    raise UsageError(f"{name} must be {', '.join(first)}{' or ' * bool(first)}{last}, not {x!r:.60}")


def callable_or_none(name: str, x: Any, what: str) -> Callable[..., Any] | None:
    """x, if it is a function or None; `what` says which function, as in "a function of a shape"."""
    if x is None or callable(x):
        return x  # type: ignore[no-any-return]
    raise UsageError(f"{name} must be {what} or None, not {x!r:.60}")


def float_dtype(name: str, x: Any) -> np.dtype[Any]:
    """x as a dtype of floating point numbers; a DTypeError for another dtype."""
    try:
        found = np.dtype(x)
    except (TypeError, ValueError):
        raise UsageError(f"{name} must be a dtype such as float or np.float32, not {x!r:.60}") from None
    if found.kind != "f":
        raise DTypeError(f"{name} must be a dtype of floating point numbers, not {found}")
    return found  # type: ignore[no-any-return]


def _number(name: str, x: Any, fits: Callable[[float], bool], what: str) -> float:
    if isinstance(x, (int, float, np.integer, np.floating)) and not isinstance(x, bool):
        try:
            found = float(x)
        except OverflowError:                            # an int that no float can hold
            found = math.inf
        if fits(found):
            return found
    raise UsageError(f"{name} must be {what}, not {x!r:.60}")
