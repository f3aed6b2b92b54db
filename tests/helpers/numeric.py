"""Numerical derivatives for the tests: slow, and right to ten digits or so."""

from __future__ import annotations


def slope(f, h=2e-3):
    """f'(0) by central differences on h, h/2, h/4, extrapolated twice (Richardson)."""
    a, b, c = ((f(s) - f(-s)) / (2 * s) for s in (h, h / 2, h / 4))
    ab, bc = b + (b - a) / 3, c + (c - b) / 3
    return bc + (bc - ab) / 15
