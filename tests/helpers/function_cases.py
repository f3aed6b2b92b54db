"""Composed functions on the cases of their registry."""

from __future__ import annotations

import numpy as np

from helpers.arrays import distinct


def inputs(shapes, seed):
    """Arrays without ties, away from 0."""
    rng = np.random.default_rng(seed)
    return [distinct(*s, rng=rng, low=0.55, high=2.05) for s in shapes]


def call(f, function, xs, params):
    return function(xs, **params) if f.listed else function(*xs, **params)
