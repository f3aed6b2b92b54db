"""Numerical derivatives for the tests: slow, and right to ten digits or so."""

from __future__ import annotations

import numpy as np


def slope(f, h=2e-3):
    """f'(0) by central differences on h, h/2, h/4, extrapolated twice (Richardson)."""
    a, b, c = ((f(s) - f(-s)) / (2 * s) for s in (h, h / 2, h / 4))
    ab, bc = b + (b - a) / 3, c + (c - b) / 3
    return bc + (bc - ab) / 15


def on_a_line(f, *xs):
    """f along a random direction through the arrays xs, as a function of an array t, and t = 0: what a checker takes.

    A partial derivative that is wrong makes this one wrong, whichever it is, and one check is enough.
    """
    rng = np.random.default_rng(0)
    directions = [rng.normal(size=np.shape(x)) for x in xs]
    return lambda t: f(*[x + t.sum() * d for x, d in zip(xs, directions)]), np.zeros(1)
