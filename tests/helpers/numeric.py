"""Numerical derivatives for the tests."""

from __future__ import annotations

import numpy as np


def central(f, h):
    """f'(0) by a central difference of width 2h."""
    return (f(h) - f(-h)) / (2 * h)


def slope(f, h=2e-3):
    """f'(0) by central differences on h, h/2, h/4, extrapolated twice (Richardson): right to ten digits or so."""
    a, b, c = central(f, h), central(f, h / 2), central(f, h / 4)
    ab, bc = b + (b - a) / 3, c + (c - b) / 3
    return bc + (bc - ab) / 15


def on_a_line(f, *xs):
    """f along a random direction through the arrays xs, as a function of an array t, and t = 0: what a checker takes.

    A partial derivative that is wrong makes this one wrong, whichever it is, and one check is enough.
    """
    rng = np.random.default_rng(0)
    directions = [rng.normal(size=np.shape(x)) for x in xs]
    return lambda t: f(*[x + t.sum() * d for x, d in zip(xs, directions)]), np.zeros(1)


def differences(f, x, h=1e-6):
    """The gradient of a number f(x) by the elements of an array x, each by a central difference."""
    x = np.array(x, dtype=float)
    found = np.zeros(x.shape)
    for index in np.ndindex(x.shape):
        def moved(t, index=index):
            y = x.copy()
            y[index] += t
            return f(y)
        found[index] = central(moved, h)
    return found
