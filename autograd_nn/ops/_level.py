"""How tightly a piece of a formula holds together."""

from __future__ import annotations

from enum import IntEnum


class Level(IntEnum):
    """The levels, from what needs brackets inside every other formula (LOOSE) to what never needs them (ATOM)."""

    LOOSE = 0           # a mod b, and every sign that has no usual precedence
    SUM = 1             # a + b
    TIMES = 2           # a · b, with a sign
    PRODUCT = 3         # a b, without one
    PREFIX = 4          # sin a
    POWER = 5           # a²
    ATOM = 6            # a, f(a), |a|
