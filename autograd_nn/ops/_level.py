"""How tightly a piece of a formula holds together."""

from __future__ import annotations

from enum import IntEnum


class Level(IntEnum):
    """From what needs brackets in every formula to what needs them in none."""

    LOOSE = 0           # a mod b, and every sign that has no usual precedence
    SUM = 1             # a + b
    TIMES = 2           # a · b, with a sign
    PRODUCT = 3         # a b, without one
    PREFIX = 4          # sin a
    POWER = 5           # a²
    ATOM = 6            # a, f(a), |a|
